"""Whether axes fit a scenario: names, units, words and ranges, before anything is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sim.errors import ConfigError, RangeWarning, ScenarioError, UnitError, not_one_of, shown, warn_caller
from sim.experiment.change import applied, checked_value
from sim.experiment.scenario import Scenario
from sim.experiment.scenario_data import PERMEABILITY
from sim.experiment.targets import Target, target
from sim.experiment.values.otherwise import flows
from sim.parameters.clinic import USED, taken_for
from sim.sweeps.design.axis import Axis
from sim.units import parse_unit
from sim.units.unit_table import in_words, needed_in_words


def units_for(axes: tuple[Axis, ...], base: Scenario) -> dict[str, str]:
    """The SI unit of each axis, "" for words, or a sentence on what cannot be.

    Warns (RangeWarning) once an axis whose values leave the range of its parameter.
    """
    found = {a.name: target(base, a.name) for a in axes}
    for name, t in found.items():
        if not t.axis:
            raise ConfigError(f"'{name}' cannot be an axis: it is text, or a whole of several values.")
    things: dict[tuple, str] = {}
    for name, t in found.items():
        other = things.setdefault((t.kind, t.where), name)
        if other != name:
            raise ConfigError(f"the axes '{other}' and '{name}' change the same thing; give one of them.")
    for a in axes:
        _check(a, found[a.name], base)
    return {name: t.unit for name, t in found.items()}


def check_boundary(points: Sequence[Mapping[str, Any]], base: Scenario) -> None:
    """Refuse points that exchange through no permeability, and permeabilities that no point reads."""
    seen: dict[tuple, bool] = {}
    for point in points:
        given = {n: point[n] for n in ("outer", PERMEABILITY) if n in point}
        if given.get("outer", base.outer) == "exchange" and tuple(given.items()) not in seen:
            seen[tuple(given.items())] = bool(applied(base, given).permeability())
        elif not given and not seen:
            return
    if not seen and any(PERMEABILITY in point for point in points):
        raise ConfigError(
            f"the axis {PERMEABILITY} decides nothing: outer = '{base.outer}'. Set outer = 'exchange'."
        )


def check_ends(points: Sequence[Mapping[str, Any]], base: Scenario) -> None:
    """Refuse points that move an intervention to or beyond the end of their run."""
    names = [
        n for n in (points[0] if len(points) else ()) if n == "duration" or n.endswith((".at", ".until"))
    ]
    if not any(n.endswith(".at") for n in names):  # a run may be shorter than what is planned
        return
    seen: set[tuple] = set()
    for point in points:
        given = {n: point[n] for n in names}
        if tuple(given.values()) in seen:
            continue
        seen.add(tuple(given.values()))
        try:
            applied(base, given)
        except ScenarioError as error:
            where = ", ".join(f"{n} = {v:g} s" for n, v in given.items())
            raise ConfigError(f"{where}: {error}") from None


def _check(a: Axis, t: Target, base: Scenario) -> None:
    if t.words:
        _words(a, t)
        return
    if a.words:
        raise UnitError(
            f"{a.name}: '{a.values[0]}' is a word; {needed_in_words(parse_unit(t.unit).dimension)}."
        )
    if a.unit and parse_unit(a.unit).dimension != parse_unit(t.unit).dimension:
        raise UnitError(
            f"{a.name}: the axis is given in {a.unit}, {in_words(parse_unit(a.unit).dimension)}; "
            f"{needed_in_words(parse_unit(t.unit).dimension)}."
        )
    if t.whole and not a.values:
        raise ConfigError(f"{a.name}: whole numbers have no bounds to sample between; list them, [1, 2, 3].")
    for value in a.numbers:
        checked_value(t, a.name, value)
    _warn_of_range(a, t, base)


def _words(a: Axis, t: Target) -> None:
    allowed = ", ".join(t.words)
    if not a.words:
        value = a.values[0] if a.values else a.low
        raise ConfigError(f"{a.name}: {shown(value)} is a number; it takes words, of {allowed}.")
    for word in a.values:
        if word not in t.words:
            raise ConfigError(not_one_of(a.name, word, t.words))


def _warn_of_range(a: Axis, t: Target, base: Scenario) -> None:
    """One warning for both ends, and for an axis all of which is usual of another quantity: the points
    themselves are then silent."""
    if t.parameter is None:
        return
    ends = dict.fromkeys((min(a.numbers), max(a.numbers)))
    sentences = [t.parameter.at(v).outside(a.name, None if a.unit else v) for v in ends]
    found = [t.parameter.at(v) for v in ends]
    plain = a.given_in in ("", t.parameter.unit)
    otherwise = taken_for(a.name, found, t.parameter, flows(base.parameters), plain)
    sentences.append(otherwise and f"{otherwise} {USED}")
    said = [s for s in sentences if s]
    if said:
        warn_caller(" ".join(said), RangeWarning)
