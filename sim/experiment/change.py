"""A scenario with the inputs of a point. The names are those of sim.experiment.targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from sim.errors import ParameterError, ScenarioError, nearest, shown
from sim.experiment.scenario import Scenario
from sim.experiment.targets import Target, target
from sim.model import library
from sim.model.model import Model
from sim.parameters import Parameters
from sim.units import convert

SPECIATION, GROWTH = "speciation", ("growth_rate",)  # what constants and the growth law exchange


def applied(base: Scenario, inputs: Mapping[str, Any]) -> Scenario:
    """`base` with other values.

    inputs: {name: value}, SI numbers, words, or text with a unit. Says nothing of ranges: what a
        design asks for is checked once (Design.check), not at each of its points.
    """
    found = [(t := target(base, name), checked(t, name, value)) for name, value in inputs.items()]
    seen: dict[tuple, str] = {}
    for (t, _), name in zip(found, inputs, strict=True):
        if (t.kind, t.where) in seen:
            raise ScenarioError(f"'{seen[t.kind, t.where]}' and '{name}' are the same; give one of them.")
        seen[t.kind, t.where] = name
    changed = _with_model(base, {t.kind: v for t, v in found if t.kind in ("constants", "growth_law")})
    fields: dict[str, Any] = {}
    values: dict[str, float] = {}
    for t, value in found:
        if t.kind == "parameter":
            values[t.where[0]] = value
        elif t.kind in ("duration", "outer"):
            fields[t.kind] = value
        elif t.kind == "initial":
            fields["initial"] = {**fields.get("initial", base.initial), t.where[0]: value}
        elif t.kind in LISTS:
            name, change = LISTS[t.kind]
            rows = list(fields.get(name, getattr(base, name)))
            rows[t.where[0]] = change(rows[t.where[0]], t.where[1:], value)
            fields[name] = tuple(rows)
        elif t.kind == "seed":
            fields["stochastic"] = replace(base.stochastic, seed=value)
    if values:
        fields["parameters"] = _parameters(changed, values)
    if fields:
        changed = replace(changed, **fields)
    for t, value in found:  # last, for they look at the sizes of layers
        if t.kind == "geometry":
            changed = changed.with_geometry(value)
        elif t.kind == "resolution":
            changed = changed.with_resolution(value)
    return changed


def checked(t: Target, name: str, value: Any) -> Any:
    """A value that the target takes, as SI number or word."""
    if t.words:
        if value not in t.words:
            raise ScenarioError(
                f"{name} = {shown(value)} is not one of {', '.join(t.words)}.{nearest(value, t.words)}"
            )
        return value
    number = convert(value, t.unit, name)
    if t.whole:
        if number != int(number):
            raise ScenarioError(f"{name} = {shown(value)} must be a whole number; list them, [1, 2, 3].")
        number = int(value)
    if t.least is not None and (number < t.least or (t.open and number == t.least)):
        raise ParameterError(
            f"{name} = {shown(value)} must be above {t.least:g}."
            if t.open
            else f"{name} = {shown(value)} is negative; zero is the least."
        )
    return number


def _parameters(s: Scenario, values: Mapping[str, float]) -> Parameters:
    """The scenario's parameters with other SI values, without a word on ranges."""
    new = {n: v for n, v in values.items() if n not in s.parameters}
    known = dict((s.with_parameters(new) if new else s).parameters)
    known |= {n: known[n].at(v) for n, v in values.items()}
    return Parameters(known)


def _intervention(i: Any, where: tuple, value: float) -> Any:
    part, *name = where
    if part == "at":
        return replace(i, at=value)
    return replace(i, **{part: {**getattr(i, part), name[0]: value}})


def _random_field(f: Any, where: tuple, value: float) -> Any:
    return replace(f, **{where[0]: value})


def _region(row: Any, where: tuple, value: float) -> Any:
    return row[0], replace(row[1], **{where[0]: value})


# kind of target -> field of the scenario that is a row of things, and how one of them changes
LISTS: dict[str, tuple[str, Callable]] = {
    "intervention": ("interventions", _intervention),
    "random_field": ("random_fields", _random_field),
    "region": ("regions", _region),
}


def _with_model(base: Scenario, words: Mapping[str, str]) -> Scenario:
    """The scenario with other constants or another growth law; values given to parameters are kept."""
    words = {k: v for k, v in words.items() if v != getattr(base, k)}
    if not words:
        return base
    # Beside the model's other cached properties: the same words give the same model, which is then
    # compiled once in a process, not once a point.
    kept = vars(base.model).setdefault("_exchanged", {})
    key = tuple(sorted(words.items()))
    if key not in kept:
        kept[key] = _exchanged(base, words)
    return replace(base, model=kept[key], **words)


def _exchanged(base: Scenario, words: Mapping[str, str]) -> Model:
    model, old = base.model, {"constants": base.constants, "growth_law": base.growth_law}
    now = {k: words.get(k, v) for k, v in old.items()}
    fresh = library.model(now["constants"], now["growth_law"] or library.GROWTH_LAWS[0])
    if "constants" in words:
        model = library.with_constants(model, words["constants"])
    derived = list(model.derived)
    for k, d in enumerate(derived):
        if "growth_law" in words and d.outputs == GROWTH:
            derived[k] = next(x for x in fresh.derived if x.outputs == GROWTH)
    missing = [w for w in words if not any(_made_by(d, w) for d in derived)]
    if missing:
        raise ScenarioError(
            f"{missing[0]} = '{words[missing[0]]}': the model of {base.name} has nothing that depends on it."
        )
    return replace(model, derived=tuple(derived))


def _made_by(d: Any, word: str) -> bool:
    return d.name == SPECIATION if word == "constants" else d.outputs == GROWTH
