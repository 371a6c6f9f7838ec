"""A scenario as a file that sim.scenario(path) reads back as an equal one."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sim.errors import ScenarioError, UnitError, listing, shown
from sim.experiment.intervention import PARTS, Intervention, unit_of_part
from sim.experiment.models import unlike_library
from sim.experiment.scenario_data import ScenarioData
from sim.experiment.timing.course import Course
from sim.experiment.timing.moments import at_end
from sim.experiment.values.given import as_given
from sim.files import write_text
from sim.model.words.naming import parameter_words
from sim.parameters import Parameter
from sim.parameters.slips import LONG
from sim.space import shapes
from sim.space.maps.measured_map import MeasuredMap
from sim.units import convert, from_unit, si_unit

TIMES = (("year", 31557600.0), ("day", 86400.0), ("hour", 3600.0), ("min", 60.0))


def save_scenario(s: ScenarioData, path: Path) -> Path:
    """Write the file, whole or not at all; returns its path."""
    if path.suffix != ".toml":
        raise ScenarioError(f"{path} is no name of a scenario file; let it end in .toml: '{path}.toml'.")
    if not path.parent.is_dir():
        raise ScenarioError(f"there is no folder {path.parent} to write {path.name} to; make it first.")
    return write_text(path, scenario_text(s, path))


def scenario_text(s: ScenarioData, path: Path | None = None) -> str:
    """The text of the file.

    path: where it will be, which pictures are told from; None: anywhere, so that it holds their pixels
    """
    unlike = unlike_library(s.model, s.constants, s.growth_law, s.parts)
    if unlike:
        raise ScenarioError(
            f"{s.name} cannot be written to a file: its model has {listing(unlike, 4)}, and a file names the "
            "library's model only. Keep the Python that makes the model, save "
            "scenario.with_model(sim.library.model()), and give the model to what you read: "
            "sim.scenario(path).with_model(model)."
        )
    head: dict[str, Any] = {"name": "" if path is not None and s.name == path.stem else s.name}
    head |= {key: getattr(s, key) for key in ("title", "notes", "expected", "geometry", "outer")}
    head |= {
        "duration": exact_time(s.duration),
        "constants": s.constants,
        "growth_law": s.growth_law,
        "parts": list(s.parts),
    }
    lines = [
        f"{key} = {_value(value, lines=True)}" for key, value in head.items() if value or key == "growth_law"
    ]
    rows: dict[str, list[dict[str, Any]]] = {
        "layers": [{"name": n, "cells": c} for n, c in s.layers],
        "domain": [{"length": exact_length(a), "cells": c} for a, c in s.domain],
        "regions": [{"name": n, **shape_table(shape, path)} for n, shape in s.regions],
        "random_fields": [
            {k: v for k, v in f.table().items() if v != ""}
            | {"correlation_length": exact_length(f.correlation_length)}
            for f in s.random_fields
        ],
    }
    folder = path.parent if path else Path()
    rows["maps"] = [_from_folder(map_table(m, path is not None), folder) for m in s.maps]
    for key, tables in rows.items():
        if tables:
            lines.append(f"{key} = [{_listed(tables)}]")
    if s.stochastic is not None:
        chance = {k: v for k, v in s.stochastic.table().items() if v is not None}
        chance |= {} if s.stochastic.interval is None else {"interval": exact_time(s.stochastic.interval)}
        lines.append(f"stochastic = {_value(chance)}")
    if s.initial:
        initial = {n: v if isinstance(v, str) else as_given(v) for n, v in s.initial.items()}
        lines += ["", "[initial]", *(f"{_key(n)} = {_value(v)}" for n, v in initial.items())]
    lines += _parameters(s)
    for course in s.courses:
        lines += ["", "[[courses]]", *(f"{k} = {_value(v)}" for k, v in course_table(s, course).items())]
    for cut in s.interventions:
        table = intervention_table(s, cut) | ({"beyond": True} if at_end(cut.at, s.duration) else {})
        lines += ["", "[[interventions]]", *(f"{k} = {_value(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def intervention_table(s: ScenarioData, cut: Intervention) -> dict[str, Any]:
    """All of an intervention as a table of a file: numbers exact, with their units."""
    table = cut.table() | {"at": exact_time(cut.at)}
    if cut.until is not None:
        table["until"] = exact_time(cut.until)
    for part in PARTS:  # a plain number beyond its range would be taken for a slip
        if part in table:
            table[part] = {n: _with_unit(s, part, n, v) for n, v in table[part].items()}
    return table


def course_table(s: ScenarioData, course: Course) -> dict[str, Any]:
    """All of a course as a table of a file: numbers exact, with their units."""
    unit = si_unit(s.parameter(course.of).unit)
    table = course.table()
    plain = [v if isinstance(v, str) or unit == "1" else f"{float(v)!r} {unit}" for v in table["values"]]
    return table | {"times": [exact_time(t) for t in course.times], "values": plain}


def _with_unit(s: ScenarioData, part: str, name: str, value: float | str) -> float | str:
    """A plain number of an intervention with its unit, where it has one."""
    units = {n: p.unit for n, p in s.parameters.items()}
    if part == "state":
        units = {x.name: x.unit for x in s.model.species}
    unit = unit_of_part(part, name) or si_unit(units.get(name, "1"))
    return value if isinstance(value, str) or unit == "1" else f"{float(value)!r} {unit}"


def _parameters(s: ScenarioData) -> Iterator[str]:
    """The scenario's own parameters, those of a layer or process together."""
    groups: dict[str, list[str]] = {}
    for name, p in s.parameters.items():
        if p == s.model.parameters.get(name):
            continue
        try:
            s.new_parameter(name, p)
        except ScenarioError as error:
            raise ScenarioError(f"{s.name} cannot be written to a file: {error}") from None
        group, _, rest = name.partition(".")
        entry = parameter_entry(name, p, parameter_words(s.model, name))
        groups.setdefault(group, []).append(f"{_key(rest)} = {_value(entry)}")
    for group, rows in groups.items():
        yield from ("", f"[parameters.{_key(group)}]", *rows)


def parameter_entry(name: str, p: Parameter, said: str = "") -> dict[str, Any]:
    """All of a parameter; `si` too where the value is rounded. said: how it is described anyway"""
    found: dict[str, Any] = {"value": p.value, "unit": p.unit}
    if p.range != (None, None):
        found["range"] = [-math.inf if p.low is None else p.low, math.inf if p.high is None else p.high]
    texts = {"source": p.source, "confidence": p.confidence, "note": p.note, "description": p.description}
    for key, text in texts.items():
        if not isinstance(text, str):
            raise ScenarioError(f"{name}: {key} = {shown(text)} is not text, which a file needs.")
        if text and (key, text) != ("description", said):
            found[key] = text
    return found if from_unit(p.value, p.unit) == p.si else found | {"si": p.si}


def map_table(m: MeasuredMap, by_path: bool) -> dict[str, Any]:
    """The table of a map, lengths with their unit: the path of its file, or its voxels."""
    return _with_metres(m.table(by_path))


def shape_table(shape: shapes.Shape, path: Path | None) -> dict[str, Any]:
    """The table of a shape; a picture is told from the folder of the file, its pixels where there is none."""
    if path is None:
        return _with_metres(shapes.to_table(shapes.standalone(shape)))
    return _with_metres(_from_folder(shapes.to_table(shape), path.parent))


def _with_metres(table: dict[str, Any]) -> dict[str, Any]:
    """The table with lengths that a reader would take for a slip written with their unit."""
    found = dict(table)
    for key, value in table.items():
        if key == "of" and isinstance(value, list):
            found[key] = [_with_metres(inner) for inner in value]
        elif key in shapes.LENGTHS:
            found[key] = [exact_length(v) for v in value] if isinstance(value, list) else exact_length(value)
    return found


def exact_length(metres: float) -> float | str:
    return metres if abs(metres) <= LONG else f"{metres!r} m"


def _from_folder(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    if isinstance(table.get("of"), list):
        return table | {"of": [_from_folder(inner, folder) for inner in table["of"]]}
    if "path" in table and not os.path.isabs(table["path"]):
        return table | {"path": os.path.relpath(os.path.abspath(table["path"]), folder)}
    return table


def exact_time(seconds: float) -> float | str:
    """ "30 day" where that is exactly the number, else seconds."""
    for unit, size in TIMES:
        text = f"{seconds / size:.12g} {unit}"
        if seconds >= size and "e" not in text.partition(" ")[0]:
            try:
                if convert(text, "s") == seconds:
                    return text
            except UnitError:
                continue
    return f"{seconds!r} s" if seconds else 0.0


def _listed(tables: list[dict[str, Any]]) -> str:
    """Tables of a list: one on its line, several a line each."""
    rows = [_value(t) for t in tables]
    return rows[0] if len(rows) == 1 else "\n" + "".join(f"    {r},\n" for r in rows)


def _value(value: Any, lines: bool = False) -> str:
    """TOML of a value, a table within braces. lines: text of several lines stays so."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(k)} = {_value(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(v) for v in value) + "]"
    return _pair("k", value, lines and isinstance(value, str) and "\r" not in value).removeprefix("k = ")


def _key(name: str) -> str:
    return _pair(name, True, False).removesuffix(" = true")


def _pair(key: str, value: Any, lines: bool) -> str:
    import tomli_w

    return tomli_w.dumps({key: value}, multiline_strings=lines).rstrip("\n")
