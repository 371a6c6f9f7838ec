"""A scenario as Python: a named one, and what differs from it; one without a base as a whole."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

from sim.errors import HapsimError, ScenarioError, listing
from sim.experiment.as_python.literals import Call, source_of
from sim.experiment.catalogue import scenario, scenarios
from sim.experiment.intervention import Intervention
from sim.experiment.models import CONSTANTS, standard_model, unlike_library
from sim.experiment.saving import (
    course_table,
    exact_length,
    exact_time,
    intervention_table,
    map_table,
    parameter_entry,
    shape_table,
)
from sim.experiment.scenario import Scenario
from sim.experiment.targets import TEXTS
from sim.experiment.timing.course import Course
from sim.experiment.values.given import as_given
from sim.model.library import GROWTH_LAWS
from sim.model.words.naming import parameter_words
from sim.parameters import Parameter

MADE = {"sim.Intervention": Intervention, "sim.Course": Course}  # what a script calls
WORDS = (*TEXTS, "geometry", "outer", "constants", "growth_law")


def scenario_source(s: Scenario) -> Call:
    """The expression that makes the scenario. Raises ScenarioError for a model of one's own."""
    unlike = unlike_library(s.model, s.constants, s.growth_law, s.parts)
    if unlike:
        raise ScenarioError(
            f"{s.name} cannot be written as a script: its model has {listing(unlike, 4)}. Keep the "
            "Python that makes the model."
        )
    found = _whole(s)
    short = _from_named(s)
    return found if short is None or len(source_of(short)) > len(source_of(found)) else short


def _from_named(s: Scenario) -> Call | None:
    """A named scenario and what differs from it: that of the same name, or the one with most in common."""
    base = scenario(s.name) if s.name in scenarios() else _nearest(s)
    start, call = base, Call("sim.scenario", {}, (base.name,))
    painted = [(n, shape) for n, shape in s.regions if n in dict(base.layers)]
    if painted and len(painted) < len(base.layers):  # layers that have become regions
        if s.geometry != base.geometry:
            turned = _made(base, {"geometry": s.geometry})
            if turned is None:
                return None
            start, call = turned, Call(f"{source_of(call)}.changed", {}, ({"geometry": s.geometry},))
        for name, shape in painted:
            start = start.with_region(name, shape)
            made = Call("sim.shapes.from_table", {}, (shape_table(shape, None),))
            call = Call(f"{source_of(call)}.with_region", {}, (name, made))
    found = changes(start, s)
    return None if found is None else Call(f"{source_of(call)}.changed", {}, (found,)) if found else call


def _nearest(s: Scenario) -> Scenario:
    """The named scenario that shares most of its own parameters."""
    own = {n: p for n, p in s.parameters.items() if s.model.parameters.get(n) != p}

    def shared(base: Scenario) -> int:
        return sum(base.parameters.get(n) == p for n, p in own.items())

    return max(map(scenario, scenarios()), key=shared)


def changes(base: Scenario, s: Scenario) -> dict[str, Any] | None:
    """What `base.changed` needs to be this scenario, exactly; None where that cannot be said so."""
    found: dict[str, Any] = {k: getattr(s, k) for k in WORDS if getattr(s, k) != getattr(base, k)}
    if s.duration != base.duration:
        found["duration"] = exact_time(s.duration)
    if s.parts != base.parts:
        found["parts"] = list(s.parts)
    new, old = _rows(s), _rows(base)
    cells: dict[str, int] = {}
    for key, value in new.items():
        if key == "layers" and [n for n, _ in s.layers] == [n for n, _ in base.layers]:
            cells = {
                f"{n}.cells": c for (n, c), row in zip(s.layers, base.layers, strict=True) if row[1] != c
            }
        elif value != old[key]:
            found[key] = value
    then, now = _initial(base), _initial(s)
    initial = {n: now.get(n) for n in dict.fromkeys((*then, *now)) if then.get(n) != now.get(n)}
    if initial:
        found["initial"] = initial
    found |= cells
    start = _made(base, found)
    if start is None:
        return None
    differing = {n: p for n, p in s.parameters.items() if start.parameters.get(n) != p}
    written: dict[str, Any] = {n: _short(p) for n, p in differing.items()}
    made = _made(base, found | written)
    for name, p in differing.items():
        if made is None or made.parameters.get(name) != p:
            written[name] = parameter_entry(name, p, parameter_words(s.model, name))
    found |= written
    return found if _made(base, found) == s else None


def _made(base: Scenario, values: Mapping[str, Any]) -> Scenario | None:
    """`base` with these values as the script will make it; None where it will not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # those of the run said it all
            return base.changed({k: _plain(v) for k, v in values.items()})
    except HapsimError:
        return None


def _plain(value: Any) -> Any:
    """A value with the interventions and courses that its calls stand for."""
    if isinstance(value, Call):
        return MADE[value.function](**value.arguments)
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _short(p: Parameter) -> float | str:
    """A number with its unit."""
    return p.value if p.unit == "1" else f"{p.value!r} {p.unit}"


def _rows(s: Scenario) -> dict[str, Any]:
    """What a scenario holds several of, as plain data."""
    chance = {} if s.stochastic is None else {k: v for k, v in s.stochastic.table().items() if v is not None}
    if "interval" in chance:
        chance["interval"] = exact_time(chance["interval"])
    return {
        "layers": [(n, c) for n, c in s.layers],
        "domain": [(exact_length(a), c) for a, c in s.domain],
        "regions": [{"name": n, **shape_table(shape, None)} for n, shape in s.regions],
        "random_fields": [
            {k: v for k, v in f.table().items() if v != ""}
            | {"correlation_length": exact_length(f.correlation_length)}
            for f in s.random_fields
        ],
        "maps": [map_table(m, False) for m in s.maps],
        "stochastic": chance or None,
        "interventions": [Call("sim.Intervention", intervention_table(s, i)) for i in s.interventions],
        "courses": [Call("sim.Course", course_table(s, c)) for c in s.courses],
    }


def _initial(s: Scenario) -> dict[str, float | str]:
    return {n: v if isinstance(v, str) else as_given(v) for n, v in s.initial.items()}


def _whole(s: Scenario) -> Call:
    """A scenario with all that it holds."""
    words: dict[str, Any] = {} if s.constants == CONSTANTS else {"constants": s.constants}
    words |= {} if s.growth_law in ("", GROWTH_LAWS[0]) else {"growth_law": s.growth_law}
    model = standard_model(s.constants, s.growth_law, s.parts)
    usual = {**dict.fromkeys(TEXTS, ""), "constants": CONSTANTS, "growth_law": GROWTH_LAWS[0]}
    said: dict[str, Any] = {k: getattr(s, k) for k in WORDS if getattr(s, k) != usual.get(k)}
    del said["name"]
    if s.parts:
        words["parts"] = said["parts"] = list(s.parts)
    said["duration"] = exact_time(s.duration)
    said |= {k: v for k, v in _rows(s).items() if v} | ({"initial": _initial(s)} if s.initial else {})
    said["parameters"] = {
        n: _short(p) if model.parameters.get(n) == p else parameter_entry(n, p, parameter_words(s.model, n))
        for n, p in s.parameters.items()
        if model.parameters.get(n) != p
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = Scenario(s.name, model, **{k: _plain(v) for k, v in said.items()})
    if made != s:
        raise ScenarioError(
            f"{s.name} cannot be written as a script that gives it exactly ({s.diff(made)}); write it as a "
            "file, scenario.save('my.toml')."
        )
    return Call("sim.Scenario", said, (s.name, Call("sim.library.model", words)))
