"""A design: the points of a sweep, in order, and the axes that they lie on."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from sim.errors import ConfigError, listing, shown
from sim.experiment.scenario import Scenario
from sim.sweeps.design.axis import Axis, Value
from sim.sweeps.design.axis_check import check_boundary, units_for

Inputs = dict[str, Value]
LARGEST = 10_000_000  # points; more would fill the memory before the first run
SEED = "seed"


@dataclass(frozen=True)
class Design:
    """Points to run.

    method: grid, latin_hypercube, sobol, morris, saltelli or table
    points: {axis: value} each, SI numbers or words
    settings: how the points were made (n, seed, levels, second_order, replicates), plain data;
        settings["repeats"]: {index of a point: index of the first equal one}, which is run once
        settings["labels"]: {"name": of their column, "values": a label for each point}, of a table
    """

    method: str
    axes: tuple[Axis, ...]
    points: tuple[Inputs, ...]
    settings: dict = field(default_factory=dict)

    def __post_init__(self):
        object.__setattr__(self, "axes", tuple(self.axes))
        object.__setattr__(self, "points", tuple(self.points))
        names = [a.name for a in self.axes]
        if not names:
            raise ConfigError("a design needs at least one axis, {'lesion.radius': ('1 mm', '5 mm')}.")
        for name in names:
            if names.count(name) > 1:
                raise ConfigError(f"the axis {name} is given twice; give each once.")
        if not self.points:
            raise ConfigError(f"this {self.method} design has no points; give it at least one.")
        for k, point in enumerate(self.points):
            if point.keys() != set(names):
                raise ConfigError(
                    f"point {k} has values for {listing(sorted(point))}; the axes are {listing(names)}."
                )
            for name, value in point.items():
                if not isinstance(value, str | Real) or isinstance(value, bool):
                    raise ConfigError(f"point {k}: {name} = {shown(value)} is neither a number nor a word.")
                if not isinstance(value, str) and not math.isfinite(value):
                    raise ConfigError(f"point {k}: {name} = {value} is not a finite number.")
        settings = {k: v for k, v in self.settings.items() if k != "repeats"}
        object.__setattr__(self, "settings", settings | {"repeats": _repeats(self.points)})

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[Inputs]:
        return iter(self.points)

    def __getitem__(self, index: int) -> Inputs:
        return self.points[index]

    def __add__(self, other: Design) -> Design:
        """The points of both, which have the same axes: a table."""
        if not isinstance(other, Design):
            return NotImplemented
        mine, theirs = {a.name: a for a in self.axes}, {a.name: a for a in other.axes}
        if mine.keys() != theirs.keys():
            odd = sorted(mine.keys() ^ theirs.keys())
            raise ConfigError(f"only one of the two designs has {listing(odd)}; both need the same axes.")
        axes = tuple(_joined(a, theirs[n]) for n, a in mine.items())
        parts = [{"method": d.method, "points": len(d), **d.settings} for d in (self, other)]
        settings: dict[str, Any] = {"parts": parts}
        named = [d.settings["labels"] for d in (self, other) if "labels" in d.settings]
        if len(named) == 2:
            settings["labels"] = named[0] | {"values": named[0]["values"] + named[1]["values"]}
        return Design("table", axes, self.points + other.points, settings)

    def with_replicates(self, seeds: int | Sequence[int]) -> Design:
        """Each point with each of the seeds (1 to n for a number n): draws of stochastic nucleation."""
        if SEED in (a.name for a in self.axes):
            raise ConfigError("this design has an axis 'seed' already; replicates would be a second.")
        if isinstance(seeds, int) and not isinstance(seeds, bool):
            if seeds < 1:
                raise ConfigError(f"{seeds} replicates are no points at all; give at least 1.")
            seeds = range(1, seeds + 1)
        if isinstance(seeds, str | bool | float):
            raise ConfigError(
                f"seeds = {shown(seeds)} is neither a number of replicates nor a list of seeds."
            )
        axis = Axis.listed(SEED, list(seeds))
        points = tuple({**p, SEED: s} for p in self.points for s in axis.values)
        settings = self.settings | {"replicates": list(axis.values)}
        if "labels" in settings:
            values = [v for v in settings["labels"]["values"] for _ in axis.values]
            settings["labels"] = settings["labels"] | {"values": values}
        return Design(self.method, (*self.axes, axis), points, settings)

    def with_units(self, base: Scenario) -> Design:
        """This design for a scenario, checked, with the units of axes that were given in plain numbers."""
        units = units_for(self.axes, base)
        check_boundary(self.points, base)
        return replace(self, axes=tuple(replace(a, unit=units[a.name]) for a in self.axes))

    def check(self, base: Scenario) -> None:
        """Refuse what no scenario like `base` could be given; warn, once an axis, of values outside a
        parameter's range."""
        self.with_units(base)

    def axis(self, name: str) -> Axis:
        """The axis of this name."""
        for a in self.axes:
            if a.name == name:
                return a
        raise ConfigError(
            f"the design has no axis {shown(name)}; it has {listing(a.name for a in self.axes)}."
        )

    def table(self) -> dict:
        """Axes, method and settings as plain data, without the points."""
        axes = [a.table() for a in self.axes]
        return {"method": self.method, "axes": axes, "settings": self.settings, "points": len(self)}

    def __repr__(self) -> str:
        rows = "".join(f"\n  {a!r}" for a in self.axes)
        repeats = len(self.settings["repeats"])
        again = f" ({repeats} equal to earlier ones, run once)" if repeats else ""
        return f"Design: {self.method}, {len(self)} points{again}{rows}"


def axes_of(axes: Any) -> tuple[Axis, ...]:
    """Axes from {name: what a user writes}."""
    if isinstance(axes, list | tuple) and axes and all(isinstance(a, Axis) for a in axes):
        return tuple(axes)
    if isinstance(axes, dict) and not axes:
        raise ConfigError("a design needs at least one axis, {'lesion.radius': ('1 mm', '5 mm')}.")
    if not isinstance(axes, dict):
        raise ConfigError(f"axes = {shown(axes)}; give a dictionary, {{'lesion.radius': ('1 mm', '5 mm')}}.")
    return tuple(Axis.of(name, given) for name, given in axes.items())


def _joined(a: Axis, b: Axis) -> Axis:
    """One axis that holds the values of both."""
    if a == b:
        return a
    unit = a.unit or b.unit
    if a.words != b.words or (a.unit and b.unit and a.unit != b.unit):
        raise ConfigError(f"{a.name} is {a!r} in one design and {b!r} in the other; they do not go together.")
    written = a.given_in if a.given_in == b.given_in else ""
    if a.values and b.values:
        values = tuple(dict.fromkeys((*a.values, *b.values)))
        return Axis(a.name, unit=unit, values=values, given_in=written)
    numbers = (*a.numbers, *b.numbers)
    low, high = float(min(numbers)), float(max(numbers))
    return Axis(a.name, low, high, unit, a.log and b.log, given_in=written)


def _repeats(points: Sequence[Inputs]) -> dict[str, int]:
    """{index of a point: index of the first equal one}; keys are text, as JSON has them."""
    first: dict[tuple, int] = {}
    names, found = list(points[0]), {}
    for k, point in enumerate(points):
        same = first.setdefault(tuple(point[n] for n in names), k)
        if same != k:
            found[str(k)] = same
    return found
