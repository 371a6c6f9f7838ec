"""Warnings of values in a scenario that are usual of another quantity than the one meant here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.errors import RangeWarning, warn_caller
from sim.parameters import Parameter
from sim.parameters.clinic import USED, definitions, is_plain, taken_for

PERFUSED = ".perfusion"


def flows(parameters: Mapping[str, Parameter]) -> bool:
    """Whether blood flows through any of the tissue."""
    return any(name.endswith(PERFUSED) and p.si > 0 for name, p in parameters.items())


def warn_of_values(made: Any, base: Any, given: Mapping[str, Any]) -> None:
    """Of parameters of a scenario that were given without a range of their own. base: as it was before"""
    for name, value in given.items():
        if name in definitions() and name in made.parameters and not isinstance(value, Parameter | Mapping):
            own = made.parameters[name]
            _warn(made, name, [own], base.parameters.get(name), is_plain(value, own.unit))


def warn_of_plans(made: Any, base: Any, plasma: str) -> None:
    """Of interventions and courses that `base` has not. plasma: the name of the fluid outside"""
    cuts = [c for c in made.interventions if c not in base.interventions]
    rows = [(f"{plasma}.{n}", [v]) for cut in cuts for n, v in cut.boundary.items()]
    rows += [(n, [v]) for cut in cuts for n, v in cut.parameters.items()]
    rows += [(course.of, list(course.values)) for course in made.courses if course not in base.courses]
    for name, values in rows:
        words = any(isinstance(v, str) for v in values)
        if name in definitions() and name in made.parameters and not words:
            own = made.parameters[name]
            _warn(made, name, [own.at(float(v)) for v in sorted(values)], own)


def _warn(
    made: Any, name: str, values: list[Parameter], before: Parameter | None, plain: bool = True
) -> None:
    said = taken_for(name, values, before, flows(made.parameters), plain)
    if said:
        warn_caller(f"{said} {USED}", RangeWarning)
