"""Several planes at once, or one plane of a box: over time, or through its three middles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.errors import ConfigError, shown
from sim.plotting.asked import as_list, moment, moments, need_name, need_result
from sim.plotting.canvas import canvas, figure_for, style
from sim.plotting.colour_scale import Colours, colour_bar, dress_bar
from sim.plotting.labels import look_of
from sim.plotting.moments import round_times
from sim.plotting.runs import places, planes
from sim.plotting.runs.fields import drawn_anew, scale_for, snapshot
from sim.plotting.spans import least_step
from sim.plotting.ticks import figure_of
from sim.texts import moment_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from sim.run.result import Result

SHARES = (0.03, 0.1, 0.25, 0.5, 0.7, 1.0)  # of a run: when maps are drawn unless told
FEWER = (0.03, 0.1, 0.3, 1.0)  # when each variable has a row
WIDEST = 3  # panels beside each other of one variable


def maps(
    result: Result,
    names: str | Sequence[str],
    at: Sequence[float | str] | float | str | None = None,
    figure: Figure | None = None,
    **colours: Unpack[Colours],
) -> Figure:
    """The section at several times (up to six round ones when None), all on one colour scale.

    names: one variable, or several: then each has a row and a scale of its own
    figure: an empty one to draw on, which pyplot need not know; its size becomes that of the maps
    colours: scale, cmap, vmin, vmax, like, see sim.plotting.colour_scale.Colours
    A box is cut through its middle. A variable that does not change in time is drawn once.
    """
    need_result(result, "maps")
    axis = places.main_axis(result, "a map")
    rows = as_list(names)
    if not rows:
        raise ConfigError("no variable is named; give for example ['HAP', 'pH'].")
    for name in rows:
        planes.in_cells(result, need_name(result, name))
    times = round_times(result, SHARES if len(rows) == 1 else FEWER) if at is None else moments(result, at)
    steady = {name: _steady(result, name, times) for name in rows}
    if all(steady.values()):
        times = times[-1:]
    columns = min(len(times), WIDEST) if len(rows) == 1 else len(times)
    deep = -(-len(times) // columns) if len(rows) == 1 else len(rows)
    size, unit = places.scale_along(result, axis)
    shape = planes.section(result, snapshot(result, rows[0], times[-1]))
    height = max(2.2 * float(np.ptp(shape.y) / np.ptp(shape.x)), 1.0) + 0.25
    with style():
        fig = figure_for(figure, (1.6 + 2.3 * columns, 0.8 + height * deep), "compressed")
        grid = fig.subplots(deep, columns, sharex=True, sharey=True, squeeze=False)
        for k, name in enumerate(rows):
            panels = list(grid.ravel()) if len(rows) == 1 else list(grid[k])
            for spare in panels[len(times) :]:
                spare.remove()
            panels = panels[: len(times)]
            if steady[name]:
                for spare in panels[1:]:
                    spare.remove()
                panels = panels[:1]
            _row(panels, result, name, times[-len(panels) :], size, unit, colours)
            for n, panel in enumerate(panels):
                _few_ticks(panel)
                lowest = n + columns >= len(times) if len(rows) == 1 else k == deep - 1
                panel.tick_params(labelbottom=lowest, labelleft=n % columns == 0)
                panel.set_xlabel(panel.get_xlabel() if lowest else "")
                panel.set_ylabel(panel.get_ylabel() if n % columns == 0 else "")
                if steady[name] and len(times) > 1:
                    panel.set_title("the same at all times")
                elif k == 0 or (k == 1 and steady[rows[0]]):
                    panel.set_title(moment_text(times[n]))
    return fig


def _few_ticks(ax: Axes) -> None:
    """Few numbers, none at the corners, where those of the next panel would touch them."""
    from matplotlib.ticker import MaxNLocator

    for axis in (ax.xaxis, ax.yaxis):
        if len(axis.get_ticklocs()):
            axis.set_major_locator(MaxNLocator(5, prune="both"))


def _steady(result: Result, name: str, times: list[float]) -> bool:
    """Whether a variable has one picture at all of these times."""
    if len(times) < 2:
        return False
    if "time" not in result[name].dims:
        return True
    found = np.stack([snapshot(result, name, t).values for t in times])
    change = float(np.nanmax(np.abs(found - found[-1])))
    size = float(np.nanmax(np.abs(found)))
    return change <= least_step(result, name, size) or change <= 1e-9 * size


def _row(
    panels: list[Axes],
    result: Result,
    name: str,
    times: list[float],
    size: float,
    unit: str,
    colours: Colours,
) -> None:
    """One variable at some times, with one bar."""
    look = look_of(result[name])
    found = [planes.section(result, snapshot(result, name, t)) for t in times]
    values = np.concatenate([p.values.ravel() for p in found]) * look.factor
    how = scale_for(result, name, values, look, colours)
    for panel, plane in zip(panels, found, strict=True):
        image = planes.draw(panel, result, plane, look.factor, how.norm, how.cmap, size, unit)
    rows = {p.get_subplotspec().rowspan.start for p in panels}  # type: ignore[union-attr]
    if len(rows) == 1 or how.words:
        colour_bar(panels, image, look, how)
        return
    drawn = figure_of(panels[0]).colorbar(image, ax=panels, extend=how.extend, pad=0.01, aspect=30)
    dress_bar(drawn, look.label, how)


def cut(
    result: Result,
    name: str,
    at: float | str | None = None,
    axis: str = "z",
    position: float | str | None = None,
    ax: Axes | None = None,
    **colours: Unpack[Colours],
) -> Axes:
    """A variable on a plane of a box across `axis`, at one time (the end when None), as colour.

    position: where along the axis [m or text]; its middle when None. Shown are the cells that hold
    it; the title names their centre. colours: scale, cmap, vmin, vmax, like, as in `plane`
    """
    need_result(result, "a cut")
    need_name(result, name)
    planes.known_axis(axis, planes.box_axes(result, "a cut"))
    planes.in_cells(result, name)
    time = moment(result, at)
    look = look_of(result[name])
    size, unit = places.scale_along(result, axis)
    plane, centre = planes.cut_through(result, snapshot(result, name, time), axis, position)
    values = plane.values * look.factor
    how = scale_for(result, name, values, look, colours)
    with canvas(ax, planes.figure_size(plane)) as ax, drawn_anew(ax):
        image = planes.draw(ax, result, plane, look.factor, how.norm, how.cmap, size, unit)
        where = f"{axis} = {centre / size:.3g} {places.micro(unit)}"
        ax.set_title(f"{look.name} at {moment_text(time)}, {where}")
        colour_bar([ax], image, look, how)
    return ax


def cuts(
    result: Result,
    name: str,
    at: float | str | None = None,
    position: Sequence[float | str | None] | None = None,
    **colours: Unpack[Colours],
) -> Figure:
    """Three planes of a box, across z, y and x, on one colour scale; lines show where they meet.

    position: where they cut (x, y, z) [m or text]; the middle when None
    colours: scale, cmap, vmin, vmax, like, as in `plane`
    """
    import matplotlib.pyplot as plt

    need_result(result, "a figure of three cuts")
    need_name(result, name)
    names = planes.box_axes(result, "a figure of three cuts")
    planes.in_cells(result, name)
    given = [None] * 3 if position is None else as_list(position)
    if len(given) != 3:
        raise ConfigError(
            f"position = {shown(position)} is not three places; give (x, y, z), None for a middle."
        )
    where = dict(zip(names, given, strict=True))
    time = moment(result, at)
    data, look = snapshot(result, name, time), look_of(result[name])
    size, unit = places.scale_along(result, names[0])
    found = [(axis, *planes.cut_through(result, data, axis, where[axis])) for axis in names[::-1]]
    centre = {axis: c for axis, _, c in found}
    values = np.concatenate([p.values.ravel() for _, p, _ in found]) * look.factor
    with style():
        wide = [float(np.ptp(p.x)) for _, p, _ in found]
        high = max(float(np.ptp(p.y)) for _, p, _ in found)
        per = 8.0 / sum(wide)
        fig, grid = plt.subplots(
            1, 3, figsize=(10.6, per * high + 1.2), width_ratios=wide, layout="compressed"
        )
        panels = list(grid)
        how = scale_for(result, name, values, look, colours)
        for panel, (axis, plane, c) in zip(panels, found, strict=True):
            image = planes.draw(panel, result, plane, look.factor, how.norm, how.cmap, size, unit)
            panel.axvline(centre[plane.across] / size, color="0.6", lw=0.6)
            panel.axhline(centre[plane.up] / size, color="0.6", lw=0.6)
            panel.set_title(f"{axis} = {c / size:.3g} {places.micro(unit)}")
        colour_bar(panels, image, look, how)
        fig.suptitle(f"{look.name} at {moment_text(time)}", x=0.01, ha="left")
    return fig
