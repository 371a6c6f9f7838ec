"""Two runs and what lies between them: both on one scale of colours, the difference on one about zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.errors import ConfigError
from sim.plotting.asked import Times, moments
from sim.plotting.canvas import style
from sim.plotting.colour_scale import Colours, ColourScale, colour_bar
from sim.plotting.labels import Look, look_of, time_scale, wrapped
from sim.plotting.runs import places, planes
from sim.plotting.runs.compare import labelled
from sim.plotting.runs.fields import scale_for, snapshot, time_edges
from sim.plotting.series.same_grid import averaged, same_grid
from sim.plotting.series.strip import in_one_unit
from sim.plotting.spans import least_step
from sim.plotting.ticks import time_axis
from sim.texts import moment_text

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.run.result import Result

DIVERGING = "RdBu_r"  # red where the second has more; told apart by the colour-blind
HEADING = 34  # characters of a label above a panel


def difference(
    results: Mapping[str, Result] | Sequence[Result],
    name: str,
    at: Times = None,
    clock: str = "linear",
    **colours: Unpack[Colours],
) -> Figure:
    """A variable of two runs and their difference, the second less the first.

    results: {label: result} of two, or two results
    at: times, a row of sections each; when None the whole course over time and place of a tissue with one
        axis, and the end of any other
    clock: of that course, "linear" or "root"
    colours: of the two, scale, cmap, vmin, vmax, like; one scale for both, and for all times shown. That of
        the difference is linear, with white at zero and the same reach to either side
    Runs on grids of one extent are averaged over volume onto the coarser one, which the figure says; others
    are refused. Values between outputs are linear in time.
    """
    runs = labelled(results, "a difference")
    if len(runs) != 2:
        raise ConfigError(f"a difference is between two runs; {len(runs)} were given.")
    in_one_unit(runs, name, "a difference")
    first, second = runs.values()
    grid = same_grid(first, second, name)
    look = look_of(first[name])
    least = max(least_step(r, name, float(np.nanmax(np.abs(r.array_of(name))))) for r in (first, second))
    over_time = at is None and len(places.axes_of(first)) == 1 and min(first.t.size, second.t.size) > 1
    if over_time:
        times = _common_times(first, second)
        rows = [[_at_times(r, name, times, w) for r, w in ((first, grid.first), (second, grid.second))]]
    else:
        times = np.array(moments(first if first.t[-1] <= second.t[-1] else second, at))
        rows = [
            [_on_grid(r, name, float(t), w) for r, w in ((first, grid.first), (second, grid.second))]
            for t in times
        ]
    shown = np.concatenate([v.ravel() for row in rows for v in row]) * look.factor
    how = scale_for(first, name, shown, look, colours)
    between = _scale_of_difference([b - a for a, b in rows], look, name, least)
    change = _worded(look, f"difference of {look.name}")
    with style():
        fig, axes = _axes(grid.grid, rows[0][0], len(rows), over_time)
        for k, (panels, (a, b)) in enumerate(zip(axes, rows, strict=True)):
            for panel, values, colour in zip(panels, (a, b, b - a), (how, how, between), strict=True):
                if over_time:
                    image = _course(panel, grid.grid, times, values * look.factor, colour, clock)
                else:
                    image = _section(panel, grid.grid, values, look, colour)
                if values is a:
                    continue
                colour_bar([panel], image, look if values is b else change, colour)
            if not over_time:
                panels[0].annotate(
                    moment_text(float(times[k])), (0.0, 1.0), (0.0, 4.0), xycoords="axes fraction",
                    textcoords="offset points", va="bottom",
                )  # fmt: skip
        less = " − ".join(reversed(runs))
        _heads(axes, [*runs, less if len(less) <= HEADING else "the second less the first"], over_time)
        said = f"{look.name}" + (f"\n{grid.words}" if grid.words else "")
        fig.suptitle(said, x=0.01, ha="left", fontsize=10)
    return fig


def _heads(axes: np.ndarray, heads: list[str], over_time: bool) -> None:
    """What each column shows, and labels at the rim of the figure alone."""
    for k, words in enumerate(heads):
        axes[0, k].set_title(wrapped(words, HEADING), pad=6.0 if over_time else 20.0)
    for row in axes:
        for ax in row[1:]:
            ax.set_ylabel("")
    for ax in axes[:-1].ravel():
        ax.set_xlabel("")


def _worded(look: Look, words: str) -> Look:
    """The look of a variable under another name."""
    unit = look.label.rpartition(" [")[2]
    return look._replace(label=f"{words} [{unit}" if "[" in look.label else words)


def _common_times(first: Result, second: Result) -> np.ndarray:
    """Output times of the first run that the second reaches too [s]."""
    low, high = max(first.t[0], second.t[0]), min(first.t[-1], second.t[-1])
    found = first.t[(first.t >= low) & (first.t <= high)]
    if found.size < 2:
        raise ConfigError("these runs have no time in common; give runs that overlap.")
    return found


def _at_times(result: Result, name: str, times: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
    """A variable along the axis at times, (times, cells), linear between outputs."""
    axis = places.axes_of(result)[0]
    own = result[name].transpose("time", axis).values
    after = np.clip(np.searchsorted(result.t, times), 1, result.t.size - 1)
    before = result.t[after - 1]
    share = ((times - before) / (result.t[after] - before))[:, None]
    values = own[after - 1] + share * (own[after] - own[after - 1])
    return averaged(values, ("time", axis), weights)


def _on_grid(result: Result, name: str, time: float, weights: dict[str, np.ndarray]) -> np.ndarray:
    """A variable in the cells of the common grid at one time, in the order of the result's axes."""
    data = snapshot(result, name, time).transpose(*places.axes_of(result))
    return averaged(data.values, places.axes_of(result), weights)


def _scale_of_difference(found: list[np.ndarray], look: Look, name: str, least: float) -> ColourScale:
    """A linear scale about zero. least: difference that the runs tell from nothing [SI]"""
    from matplotlib.colors import Normalize

    most = float(max(np.nanmax(np.abs(d)) for d in found)) * look.factor
    least *= look.factor
    if most <= least:
        words = f"no difference: {most:.1g} {look.unit} at most, and the runs resolve {least:.1g} {look.unit}"
        reach = max(1e3 * least, np.finfo(float).tiny)
        return ColourScale(Normalize(-reach, reach), DIVERGING, "neither", " ".join(words.split()))
    return ColourScale(Normalize(-most, most), DIVERGING, "neither")


def _axes(grid: Result, values: np.ndarray, rows: int, over_time: bool) -> tuple[Figure, np.ndarray]:
    """Rows of three panels."""
    import matplotlib.pyplot as plt

    size = (10.4, 3.3)
    if not over_time:
        plane = planes.section(grid, _labelled_field(grid, values))
        tall = float(np.ptp(plane.y) / np.ptp(plane.x))
        size = (10.4, 1.1 + rows * (max(2.2 * tall, 0.8) + 0.4))
    layout = "constrained" if over_time else "compressed"
    return plt.subplots(rows, 3, figsize=size, sharex=True, sharey=True, squeeze=False, layout=layout)


def _labelled_field(grid: Result, values: np.ndarray) -> xarray.DataArray:
    """Values in the cells of a result."""
    axes = places.axes_of(grid)
    return grid["volume"].transpose(*axes).copy(data=values)


def _section(ax: Axes, grid: Result, values: np.ndarray, look: Look, how: ColourScale) -> Any:
    """The section of a field."""
    size, unit = places.scale_along(grid, places.axes_of(grid)[0])
    plane = planes.section(grid, _labelled_field(grid, values))
    return planes.draw(ax, grid, plane, look.factor, how.norm, how.cmap, size, unit)


def _course(
    ax: Axes, grid: Result, times: np.ndarray, values: np.ndarray, how: ColourScale, clock: str
) -> Any:
    """A field over time and place. values: (times, cells) as drawn"""
    axis = places.axes_of(grid)[0]
    size, unit = places.scale_along(grid, axis)
    per, _ = time_scale(float(times[-1]))
    image = ax.pcolormesh(
        time_edges(times) / per, places.edges(grid, axis) / size, values.T, norm=how.norm, cmap=how.cmap,
        rasterized=True,
    )  # fmt: skip
    time_axis(ax, float(times[-1]), clock)
    ax.set_ylabel(places.axis_text(grid, axis, unit))
    for _, low, _ in places.layer_spans(grid, axis)[1:]:
        ax.axhline(low / size, color="0.6", lw=0.8, ls=(0, (4, 3)))
    return image
