"""The one way to change a scenario: by name. The names are those of sim.experiment.targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from sim.errors import (
    ConfigError,
    ParameterError,
    RangeWarning,
    ScenarioError,
    UnitError,
    nearest,
    shown,
    warn_caller,
)
from sim.experiment.checks import check_acts, plain_value, resolved
from sim.experiment.intervention import PLASMA, Intervention
from sim.experiment.models import WORDS, exchanged
from sim.experiment.places import Domain, Layers
from sim.experiment.scenario_data import PERMEABILITY, TEXTS, ScenarioData
from sim.experiment.targets import CELLS, TIMES, WHOLES, Target, target
from sim.experiment.values.file_tables import parameter_from
from sim.experiment.values.given import Seconds, check_names, seconds
from sim.experiment.values.otherwise import warn_of_plans, warn_of_values
from sim.experiment.values.relative import Relative, relative
from sim.model.library.parts import named_parts
from sim.model.words.naming import parameter_words
from sim.parameters import Parameter, Parameters
from sim.space.geometries import GEOMETRIES
from sim.units import convert_number

S = TypeVar("S", bound=ScenarioData)

FIRST = (*WORDS, *WHOLES, "geometry", "outer", "duration", *TEXTS)  # what other names may then refer to
FACTOR = Target("resolution", unit="1", least=0.0, open=True)  # of Scenario.with_resolution


def changed(base: S, values: Mapping[str, Any]) -> S:
    """`base` with other values: {name: text with a unit, SI number, word, whole Parameter, table of one}.

    Warns (RangeWarning) of parameters outside their range, or usual of what clinics call so, of numbers of
    seconds that look like days, and of a permeability of the boundary where nothing exchanges through it.
    """
    made = _changed(base, values, with_parameters)
    warn_of_plans(made, base, PLASMA)
    for name, value in values.items():
        if value is not None and (name == "duration" or name.endswith(tuple(f".{time}" for time in TIMES))):
            seconds(value, name)  # warns of a plain number that is hardly meant
    return made


def applied(base: S, inputs: Mapping[str, Any]) -> S:
    """`base` with the inputs of a point of a sweep or a calibration: {name: SI number, word or text}.

    Says nothing of ranges: what a design asks for is checked once (Design.check), not at each point.
    """
    return _changed(base, inputs, _with_numbers)


def with_parameters(base: S, values: Mapping[str, Any]) -> S:
    """`base` with other values of parameters and layer quantities; warns outside their range."""
    check_names(values, "with_parameters")
    known, rest = dict(base.parameters), {}
    for name, value in values.items():
        given = parameter_from(name, value) if isinstance(value, Mapping) else value
        told = relative(given, name)
        if told is not None:
            given = plain_value(told, base.parameter(name).unit, name, base.parameter)
        if name in known:
            rest[name] = given
        else:
            known[name] = base.new_parameter(name, given)
            said = known[name].outside(name, None if isinstance(given, str | Parameter) else given)
            if said:
                warn_caller(said, RangeWarning)
    if PERMEABILITY in values and base.outer != "exchange":
        warn_caller(
            f"{PERMEABILITY} acts only where outer = 'exchange', and {base.name} has outer = '{base.outer}': "
            "it decides nothing. Set outer = 'exchange' too.",
            RangeWarning,
        )
    made = replace(base, parameters=Parameters(known).with_values(rest))
    warn_of_values(made, base, values)
    return made


def _with_numbers(base: S, values: Mapping[str, Any]) -> S:
    """The same without a word on ranges; values are checked already."""
    numbers = {name: checked_value(target(base, name), name, value) for name, value in values.items()}
    if all(name in base.parameters for name in numbers):
        return _renumbered(base, numbers)
    known = dict(base.parameters)
    for name, number in numbers.items():
        known[name] = known[name].at(number) if name in known else base.new_parameter(name, number)
    return replace(base, parameters=Parameters(known))


def _renumbered(base: S, numbers: Mapping[str, float]) -> S:
    """`base` with other numbers [SI] of parameters that it has, in their units: nothing else of it can have
    become wrong, and nothing else is checked again."""
    known = dict(base.parameters.items())
    for name, number in numbers.items():
        if number != known[name].si:
            known[name] = known[name].at(number).described_as(parameter_words(base.model, name))
    made = copy(base)
    object.__setattr__(made, "parameters", Parameters(known))
    return made


def _changed(base: S, values: Mapping[str, Any], set_parameters: Callable[[S, Mapping[str, Any]], S]) -> S:
    if not isinstance(values, Mapping):
        raise ConfigError(f"{shown(values)} is not a table of names and values, {{'lesion.radius': '2 mm'}}.")
    check_names(values, "changed")
    made = _with_first(base, {n: v for n, v in values.items() if n in FIRST})
    found = {name: _target(made, name, value) for name, value in values.items() if name not in FIRST}
    values = {n: resolved(base.parameter, found.get(n), n, v) for n, v in values.items()}
    seen: dict[tuple, str] = {}
    for name, t in found.items():
        other = seen.setdefault((t.kind, t.where), name)
        if other != name:
            raise ScenarioError(f"'{other}' and '{name}' are the same; give one of them.")
    fields: dict[str, Any] = {}
    edits: dict[str, tuple[Callable, dict[tuple, Any]]] = {}
    parameters: dict[str, Any] = {}
    for name, t in found.items():
        if t.kind == "parameter":
            parameters[name] = values[name]
        elif t.kind != "resolution":
            field, change = FIELDS[t.kind]
            value = checked_value(t, name, values[name])
            edits.setdefault(field, (change, {}))[1][t.where] = value
    for field, (change, wanted) in edits.items():  # all at once: an end may move beyond an old start
        fields[field] = change(getattr(made, field), wanted)
    if parameters:
        made = set_parameters(made, parameters)
    if fields:
        made = replace(made, **fields)
    for name, t in found.items():
        if t.kind == "resolution":  # last: a factor on the cells that are there by then
            made = finer(made, checked_value(t, name, values[name]))
    moved = {where[0] for where in edits.get("interventions", (None, {}))[1] if where[1] == "at"}
    asked = [c for k, c in enumerate(fields.get("interventions", ())) if k in moved]
    if "interventions" in values:
        asked += [c for c in made.interventions if c not in base.interventions]
    check_acts(asked, made.duration)  # now: a value may lengthen the run
    return made


def _target(base: ScenarioData, name: str, value: Any) -> Target:
    """What a name means; what is a whole Parameter, or a table of one, says so itself."""
    if isinstance(value, Parameter | Mapping):
        return Target("parameter", (name,))
    return target(base, name)


def _with_first(base: S, values: Mapping[str, Any]) -> S:
    """The scenario with other words, texts and wholes, all at once: one may need another."""
    if not values:
        return base
    fields: dict[str, Any] = {}
    for name, value in values.items():
        t = target(base, name)
        if name == "geometry" and "domain" in values:
            t = replace(t, words=tuple(GEOMETRIES))
        fields[name] = checked_value(t, name, value)
        if name == "duration":
            fields[name] = Seconds(fields[name])
        if name == "initial" and isinstance(value, Mapping):  # added to what there is, here as elsewhere
            fields[name] = {**base.initial, **value}
    words = {n: fields[n] for n in WORDS if n in fields and fields[n] != getattr(base, n)}
    if words:
        old = {n: getattr(base, n) for n in WORDS}
        fields["model"] = exchanged(base.model, old, words, base.name)
    return replace(base, **fields)


def checked_value(t: Target, name: str, value: Any) -> Any:
    """A value that the target takes, as SI number, word or text; a whole as it is given."""
    if t.kind == "whole":
        return value
    if t.kind == "parts":
        return named_parts(value)
    if t.kind == "initial" and (value is None or (isinstance(value, str) and value.strip().isidentifier())):
        return value  # the name of a layer quantity, or none
    if (t.own and value == t.own) or isinstance(value, Relative):
        return value
    if t.kind == "text":
        if not isinstance(value, str):
            raise ScenarioError(f"{name} = {shown(value)} is not text.")
        return value
    if t.words:
        if not isinstance(value, str) or value not in t.words:
            raise ScenarioError(
                f"{name} = {shown(value)} is not one of them; there are {', '.join(t.words)}."
                f"{nearest(value, t.words)}"
            )
        return value
    return _cells(t, name, value) if t.kind == "cells" else _number(t, name, value)


def _cells(t: Target, name: str, value: Any) -> int:
    try:
        number = convert_number(value, "1", name)
    except UnitError:
        number = 0.5  # not a number at all is answered by the same sentence
    low, high = t.limits or (1, 1)
    if number != int(number) or not low <= number <= high:
        raise ConfigError(
            f"{name} = {shown(value)} is not a number of cells, a whole one from {low} to {high}."
        )
    return int(number)


def _number(t: Target, name: str, value: Any) -> float | int:
    number = convert_number(value, t.unit, name)
    if t.whole:
        if number != int(number):
            raise ScenarioError(f"{name} = {shown(value)} must be a whole number; list them, [1, 2, 3].")
        number = _exactly(value, number)
    if t.limits is not None and not t.limits[0] <= number <= t.limits[1]:
        above = "must be above 0: it " if number <= 0 else ""
        raise ParameterError(f"{name} = {number:g} {above}is outside {t.limits[0]:g}-{t.limits[1]:g}.")
    if t.least is not None and (number < t.least or (t.open and number == t.least)):
        said = f"must be above {t.least:g}" if t.open else "is negative; zero is the least"
        raise ParameterError(f"{name} = {shown(value)} {said}.")
    return number


def _exactly(value: Any, number: float) -> int:
    """A whole number as it was given: a double holds no more than 16 digits, a seed has up to 20."""
    if isinstance(value, int | np.integer) or (isinstance(value, str) and value.strip().isdecimal()):
        return int(value)
    return int(number)


def finer(base: S, factor: float | str) -> S:
    """`factor` times as many cells in each layer, or along each axis, at least one."""
    by = checked_value(FACTOR, "resolution", factor)
    most = max(c for _, c in (*base.layers, *base.domain))
    if by > 1 and most * by > CELLS[1]:
        raise ConfigError(
            f"resolution = {shown(factor)} makes {most * by:.6g} cells of {most}; {CELLS[1]} are the most "
            f"along one axis. Take at most {CELLS[1] // most}."
        )
    layers: Layers = tuple((n, max(1, round(c * by))) for n, c in base.layers)
    domain: Domain = tuple((a, max(1, round(c * by))) for a, c in base.domain)
    return replace(base, layers=layers, domain=domain)


def _layers(rows: Layers, wanted: Mapping[tuple, int]) -> Layers:
    return tuple((n, wanted.get((n,), c)) for n, c in rows)


def _initial(old: Mapping[str, float | str], wanted: Mapping[tuple, float]) -> dict[str, float | str]:
    return {**old, **{where[0]: value for where, value in wanted.items()}}


def _seed(old: Any, wanted: Mapping[tuple, int]) -> Any:
    return replace(old, seed=wanted[()])


def _interventions(rows: tuple[Intervention, ...], wanted: Mapping[tuple, float]) -> tuple[Intervention, ...]:
    found = []
    for k, old in enumerate(rows):
        new: dict[str, Any] = {}
        for (index, part, *name), value in wanted.items():
            if index == k:
                new[part] = {**new.get(part, getattr(old, part)), name[0]: value} if name else Seconds(value)
        found.append(replace(old, **new) if new else old)
    return tuple(found)


def _parts(wanted: Mapping[tuple, float], k: int) -> dict[str, float]:
    return {part: value for (index, part), value in wanted.items() if index == k}


def _random_fields(rows: tuple, wanted: Mapping[tuple, float]) -> tuple:
    return tuple(replace(f, **_parts(wanted, k)) for k, f in enumerate(rows))


def _regions(rows: tuple, wanted: Mapping[tuple, float]) -> tuple:
    changed = ((k, n, shape, _parts(wanted, k)) for k, (n, shape) in enumerate(rows))
    return tuple((n, replace(shape, **new) if new else shape) for _, n, shape, new in changed)


# kind of target -> the field of the scenario that it is in, and how that changes
FIELDS: dict[str, tuple[str, Callable]] = {
    "cells": ("layers", _layers),
    "initial": ("initial", _initial),
    "seed": ("stochastic", _seed),
    "intervention": ("interventions", _interventions),
    "random_field": ("random_fields", _random_fields),
    "region": ("regions", _regions),
}
