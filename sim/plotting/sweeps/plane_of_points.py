"""A sweep seen on the plane of two of its axes: one value a place, with the spread of replicates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import ConfigError, listing
from sim.plotting.sweeps.columns import (
    SAME,
    SEED,
    Column,
    axis_column,
    axis_named,
    distinct_levels,
    measure_column,
    point_states,
    value_on_axis,
    varying_axes,
)
from sim.plotting.sweeps.unfinished import NOT_RUN

if TYPE_CHECKING:
    from sim.sweeps.sweep_table import SweepTable

SCATTERED = ("latin_hypercube", "sobol", "morris", "saltelli")
UNEVEN = 6.0  # listed steps that differ by more than this ratio
MANY_LEVELS = 12  # an axis of more is told by its ends


class PointPlane(NamedTuple):
    """What is known at each place of the plane of two axes. All in drawn units.

    across, up, measured: the two axes and the measure · x, y: where · value: median of the replicates
    that finished; inf where it never happened, nan where there is none
    state: "finished", or what became of the point · spread: between quartiles of the replicates
    torn, broken: counts of replicates that never did where others did, and that did not finish
    grid: levels of x and of y when the places are a grid, x fastest; None when they are scattered
    fixed: values of other axes in words · seeds: most replicates at a place
    """

    across: Column
    up: Column
    measured: Column
    x: np.ndarray
    y: np.ndarray
    value: np.ndarray
    state: np.ndarray
    spread: np.ndarray
    torn: np.ndarray
    broken: np.ndarray
    grid: tuple[np.ndarray, np.ndarray] | None
    fixed: str
    seeds: int


def plane_of_points(
    table: SweepTable, x: str, y: str, colour: str, at: Mapping[str, float | str] | None
) -> PointPlane:
    """The measure `colour` on the plane of axes x and y, the other axes held at the values of `at`."""
    axis_named(table, x, "x"), axis_named(table, y, "y")
    if x == y:
        raise ConfigError(f"x and y are both {x!r}; a phase diagram needs two different axes.")
    measured = measure_column(table, colour, "colour")
    kept, fixed = _held(table, x, y, at or {})
    across, up = (_even(axis_column(table, n, r), table) for n, r in ((x, "x"), (y, "y")))
    state = point_states(table, measured)[kept]
    for axis in (across, up):
        if distinct_levels(axis.values[kept])[0].size < 2:
            raise ConfigError(
                f"{axis.name} has one level only, {axis.text(axis.values[kept][0])}; "
                f"a phase diagram needs at least 2. It varies {listing(varying_axes(table))}."
            )
    return _placed(table, across, up, measured, kept, state, fixed)


def _held(table: SweepTable, x: str, y: str, at: Mapping) -> tuple[np.ndarray, str]:
    """Numbers of the points where the other axes have the values asked for, and those in words."""
    mask, words = np.ones(len(table.rows), dtype=bool), []
    for name, value in at.items():
        if name in (x, y):
            raise ConfigError(f"at names {name!r}, which the phase diagram varies; leave it out.")
        axis, wanted = axis_column(table, name, "at"), value_on_axis(table, name, value, f"at[{name!r}]")
        if axis.words:
            here = np.array([axis.words[int(v)] == wanted for v in axis.values])
        else:
            drawn = float(axis.drawn(wanted))
            here = np.abs(axis.values - drawn) <= 1e-6 * max(abs(drawn), SAME)
        if not here.any():
            raise ConfigError(f"at[{name!r}] = {value!r} is not a level of the sweep: {_levels(axis)}.")
        mask &= here
        words.append(f"{name} = {axis.text(axis.values[here][0])}")
    kept = np.flatnonzero(mask)
    if not kept.size:
        raise ConfigError(f"no point of this sweep has {' and '.join(words)} at once.")
    _few_axes(table, x, y, at)
    return kept, ", ".join(words)


def _few_axes(table: SweepTable, x: str, y: str, at: Mapping) -> None:
    """Refuse a plane on which points of different inputs would lie on each other."""
    open_axes = [n for n in varying_axes(table) if n not in (x, y, SEED, *at)]
    if not open_axes:
        return
    start = f"the sweep varies {listing(varying_axes(table))}, and a phase diagram shows two axes"
    if table.method in SCATTERED:
        raise ConfigError(
            f"{start}: a {table.method.replace('_', ' ')} has no plane to cut; use "
            f"plot.scatter(table, {x!r}, {y!r}, colour=...) or plot.parallel, or sweep a grid."
        )
    said = "; ".join(f"{n}: {_levels(axis_column(table, n, 'at'))}" for n in open_axes)
    wanted = ", ".join(f"{n!r}: value" for n in [*at, *open_axes])
    raise ConfigError(f"{start}: give a fixed value to the rest, at={{{wanted}}} ({said}).")


def _levels(axis: Column) -> str:
    if axis.words:
        return listing(axis.words)
    found = distinct_levels(axis.values)[0]
    if found.size > MANY_LEVELS:
        return f"{found.size} levels from {axis.text(found[0])} to {axis.text(found[-1])}"
    return f"{listing([f'{v:.4g}' for v in found], MANY_LEVELS)} {axis.unit}".strip()


def _even(axis: Column, table: SweepTable) -> Column:
    """Listed levels that no scale spaces well, as 0, 1, 10, 100, become evenly spaced ones, by name."""
    listed = getattr(axis_named(table, axis.name, "axis"), "values", ())
    if axis.words or axis.log or not listed:
        return axis
    found = distinct_levels(np.concatenate([axis.values, axis.drawn(listed)]))[0]
    if not 3 <= found.size <= MANY_LEVELS or np.diff(found).max() <= UNEVEN * np.diff(found).min():
        return axis
    names = tuple(f"{v:.4g}" for v in found)
    return axis._replace(values=_index(axis.values, found).astype(float), words=names)


def _placed(
    table: SweepTable,
    across: Column,
    up: Column,
    measured: Column,
    kept: np.ndarray,
    state: np.ndarray,
    fixed: str,
) -> PointPlane:
    """One entry a place: medians over replicates, and on a grid the places that were not run."""
    gx, gy = _planned(table, across, kept), _planned(table, up, kept)
    ix, iy = _index(across.values[kept], gx), _index(up.values[kept], gy)
    place = iy * gx.size + ix
    taken = np.unique(place)
    grid = _is_grid(table, taken.size, gx.size, gy.size)
    places = np.arange(gx.size * gy.size) if grid else taken
    n = places.size
    value, spread = np.full(n, np.nan), np.zeros(n)
    torn, broken = np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    became = np.full(n, NOT_RUN, dtype=object)
    most = 0
    for k, p in enumerate(places):
        here = np.flatnonzero(place == p)
        most = max(most, here.size)
        done = here[state[here] == "finished"]
        if not done.size:
            if here.size:
                names, counts = np.unique(state[here].astype(str), return_counts=True)
                became[k] = str(names[np.argmax(counts)])
            continue
        became[k] = "finished"
        numbers = measured.values[kept][done]
        # the lower of the two middle ones, where half of the replicates never did: no mean with inf
        value[k] = np.quantile(numbers, 0.5, method="linear" if np.isfinite(numbers).all() else "lower")
        broken[k] = here.size - done.size
        never = int(np.isinf(numbers).sum())
        torn[k] = never if 0 < never < numbers.size else 0
        if not never and numbers.size > 1:
            spread[k] = float(np.diff(np.quantile(numbers, [0.25, 0.75]))[0])
    return PointPlane(
        across, up, measured, gx[places % gx.size], gy[places // gx.size], value, became, spread,
        torn, broken, (gx, gy) if grid else None, fixed, most,
    )  # fmt: skip


def _planned(table: SweepTable, axis: Column, kept: np.ndarray) -> np.ndarray:
    """Levels of an axis as drawn: those in the table and, of a grid, those that are still to be run."""
    if axis.words:
        return np.arange(len(axis.words), dtype=float)
    found, plan = axis.values[kept], axis_named(table, axis.name, "axis")
    if table.method == "grid":
        shape = dict(zip((a.name for a in table.axes), table.settings.get("shape", ()), strict=False))
        if getattr(plan, "values", ()):
            found = np.concatenate([found, axis.drawn(plan.values)])
        elif axis.name in shape:
            steps = np.linspace(0.0, 1.0, shape[axis.name])
            found = np.concatenate([found, axis.drawn(plan.at(steps))])
    return distinct_levels(found)[0]


def _index(values: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Number of the nearest level."""
    right = np.clip(np.searchsorted(level, values), 1, level.size - 1)
    return right - (values - level[right - 1] < level[right] - values)


def _is_grid(table: SweepTable, places: int, nx: int, ny: int) -> bool:
    full = places == nx * ny
    if table.method in SCATTERED:
        return full
    return full or table.method == "grid" or (places > 3 and 2 * places >= nx * ny)
