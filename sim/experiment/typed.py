"""Changes that were typed, on a command line or in a file, where forgotten units are told from meant ones."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from sim.errors import ParameterError, warn_caller
from sim.experiment.change import changed
from sim.experiment.intervention import PLASMA, own_name
from sim.experiment.scenario_data import ScenarioData
from sim.experiment.targets import TIMES, target
from sim.experiment.values.file_tables import dotted_values
from sim.experiment.values.relative import relative
from sim.parameters import Parameter
from sim.parameters.slips import slip
from sim.space import shapes
from sim.space.maps.lying import LENGTHS

S = TypeVar("S", bound=ScenarioData)


def typed(base: S, values: Mapping[str, Any]) -> S:
    """`changed` for what was typed on a command line or in a file.

    A plain number outside its range, or of seconds or metres that nobody means, is refused there; with
    its unit it is taken, and warned of. Nothing beyond a million times its upper bound is taken.
    """
    with warnings.catch_warnings(record=True) as said_of_ranges:
        warnings.simplefilter("always")
        made = changed(base, values)
    for name, value in values.items():
        refuse_slip(made, name, value)
    for warning in said_of_ranges:
        warn_caller(str(warning.message), warning.category)
    return made


def refuse_slip(made: ScenarioData, name: str, value: Any) -> None:
    """Refuse a value that `typed` would refuse: a level or a bound of an axis in a file."""
    said = _slip(made, name, value)
    if said:
        raise ParameterError(said)


def _slip(made: ScenarioData, name: str, value: Any) -> str:
    if name == "interventions":
        return next((s for i in value for s in _slips_of(made, i) if s), "")
    if name == "regions":
        return next((s for row in value for s in _slips_of_shape(row) if s), "")
    if name == "random_fields":
        lengths = (row.get("correlation_length") for row in value if isinstance(row, Mapping))
        return next((s for v in lengths if (s := slip("random field: correlation_length", v, "m"))), "")
    if name == "maps":
        rows = (row for row in value if isinstance(row, Mapping))
        lengths = (v for row in rows for v in (*row.get("centre", ()), *(row.get(n) for n in LENGTHS)))
        return next((s for v in lengths if (s := slip("map: place", v, "m"))), "")
    if name == "domain" and not isinstance(value, str):
        lengths = (row.get("length") if isinstance(row, Mapping) else row[0] for row in value)
        return next((s for a in lengths if (s := slip("domain: length", a, "m"))), "")
    if name == "courses":
        return next((s for c in value for s in _slips_of_course(made, c) if s), "")
    if isinstance(value, Parameter | Mapping) or relative(value, name) is not None:
        return ""
    t = target(made, name)
    if t.kind not in ("parameter", "duration", "intervention", "initial", "region", "random_field"):
        return ""
    if value is None or not t.unit or value == t.own or (isinstance(value, str) and value.isidentifier()):
        return ""
    return slip(name, value, t.unit, t.parameter)


def _slips_of_shape(table: Any) -> Iterator[str]:
    """Slips in the table of a shape, and of the shapes that it is made of."""
    if not isinstance(table, Mapping):
        return
    for key in shapes.LENGTHS:
        given = table.get(key)
        for value in given if isinstance(given, list) else [given]:
            yield slip(f"{table.get('shape', 'shape')}: {key}", value, "m")
    for inner in table.get("of", ()):
        yield from _slips_of_shape(inner)


def _slips_of(made: ScenarioData, row: Any) -> Iterator[str]:
    """Slips in the table of an intervention."""
    if not isinstance(row, Mapping):
        return
    for time in TIMES:
        yield slip(f"interventions: {time}", row.get(time), "s")
    for part, known in (("boundary", f"{PLASMA}."), ("parameters", "")):
        for name, value in dotted_values(row.get(part) or {}, part).items():
            p = made.parameters.get(f"{known}{name}")
            if p is not None and value != own_name(part, name) and relative(value, name) is None:
                yield slip(f"{part}.{name}", value, p.unit, p)


def _slips_of_course(made: ScenarioData, row: Any) -> Iterator[str]:
    """Slips in the table of a course."""
    if not isinstance(row, Mapping) or not isinstance(row.get("of"), str):
        return
    for time in row.get("times", ()):
        yield slip("courses: times", time, "s")
    p = made.parameters.get(row["of"])
    for value in row.get("values", ()) if p is not None else ():
        if value != row["of"] and relative(value, row["of"]) is None:
            yield slip(f"courses: {row['of']}", value, p.unit, p)
