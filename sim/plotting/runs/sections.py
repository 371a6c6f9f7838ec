"""Several planes at once, or one plane of a box: over time, or through its three middles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas, style
from sim.plotting.colour_scale import colour_bar, colour_scale
from sim.plotting.labels import look_of
from sim.plotting.runs import places, planes
from sim.plotting.runs.fields import least_resolved, snapshot
from sim.plotting.runs.moments import round_times
from sim.texts import moment_text
from sim.units import convert

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
    scale: str = "auto",
    cmap: str | None = None,
) -> Figure:
    """The section at several times (up to six round ones when None), all on one colour scale.

    names: one variable, or several: then each has a row and a scale of its own
    A box is cut through its middle.
    """
    import matplotlib.pyplot as plt

    axis = places.main_axis(result, "a map")
    rows = [names] if isinstance(names, str) else list(names)
    if not rows:
        raise ConfigError("no variable is named; give for example ['HAP', 'pH'].")
    for name in rows:
        planes.in_cells(result, name)
    times = _times(result, at, SHARES if len(rows) == 1 else FEWER)
    columns = min(len(times), WIDEST) if len(rows) == 1 else len(times)
    deep = -(-len(times) // columns) if len(rows) == 1 else len(rows)
    size, unit = places.scale_along(result, axis)
    height = 1.2 if places.strip(result) else 2.3
    with style():
        fig, grid = plt.subplots(
            deep, columns, figsize=(1.6 + 2.3 * columns, 0.8 + height * deep),
            sharex=True, sharey=True, squeeze=False, layout="compressed",
        )  # fmt: skip
        for k, name in enumerate(rows):
            panels = list(grid.ravel()) if len(rows) == 1 else list(grid[k])
            for spare in panels[len(times) :]:
                spare.remove()
            panels = panels[: len(times)]
            _row(panels, result, name, times, scale, cmap, size, unit)
            for n, panel in enumerate(panels):
                _few_ticks(panel)
                lowest = n + columns >= len(times) if len(rows) == 1 else k == deep - 1
                panel.tick_params(labelbottom=lowest, labelleft=n % columns == 0)
                panel.set_xlabel(panel.get_xlabel() if lowest else "")
                panel.set_ylabel(panel.get_ylabel() if n % columns == 0 else "")
                if k == 0:
                    panel.set_title(moment_text(times[n]))
    return fig


def _few_ticks(ax: Axes) -> None:
    """Few numbers, none at the corners, where those of the next panel would touch them."""
    from matplotlib.ticker import MaxNLocator

    for axis in (ax.xaxis, ax.yaxis):
        if len(axis.get_ticklocs()):
            axis.set_major_locator(MaxNLocator(5, prune="both"))


def _times(
    result: Result, at: Sequence[float | str] | float | str | None, shares: tuple[float, ...]
) -> list[float]:
    if at is None:
        return round_times(result, shares)
    return [convert(t, "s", "at") for t in ([at] if isinstance(at, str | int | float) else at)]


def _row(
    panels: list[Axes],
    result: Result,
    name: str,
    times: list[float],
    scale: str,
    cmap: str | None,
    size: float,
    unit: str,
) -> None:
    """One variable at some times, with one bar."""
    look = look_of(result[name])
    found = [planes.section(result, snapshot(result, name, t)) for t in times]
    values = np.concatenate([p.values.ravel() for p in found]) * look.factor
    how = colour_scale(values, name, scale, cmap, least_resolved(result, name) * look.factor)
    for panel, plane in zip(panels, found, strict=True):
        image = planes.draw(panel, result, plane, look.factor, how.norm, how.cmap, size, unit)
    colour_bar(panels, image, look.label, how, values, pad=0.01)


def cut(
    result: Result,
    name: str,
    at: float | str | None = None,
    axis: str = "z",
    position: float | str | None = None,
    ax: Axes | None = None,
    scale: str = "auto",
    cmap: str | None = None,
) -> Axes:
    """A variable on a plane of a box across `axis`, at one time (the end when None), as colour.

    position: where along the axis [m or text]; its middle when None. Shown are the cells that hold
    it; the title names their centre.
    """
    planes.known_axis(axis, planes.box_axes(result, "a cut"))
    planes.in_cells(result, name)
    time = float(result.t[-1]) if at is None else convert(at, "s", "at")
    look = look_of(result[name])
    size, unit = places.scale_along(result, axis)
    plane, centre = planes.cut_through(result, snapshot(result, name, time), axis, position)
    with canvas(ax, (5.0, 4.1)) as ax:
        values = plane.values * look.factor
        how = colour_scale(values, name, scale, cmap, least_resolved(result, name) * look.factor)
        image = planes.draw(ax, result, plane, look.factor, how.norm, how.cmap, size, unit)
        where = f"{axis} = {centre / size:.3g} {places.micro(unit)}"
        ax.set_title(f"{look.name} at {moment_text(time)}, {where}")
        colour_bar(ax, image, look.label, how, values, pad=0.03)
    return ax


def cuts(
    result: Result,
    name: str,
    at: float | str | None = None,
    position: Sequence[float | str | None] | None = None,
    scale: str = "auto",
    cmap: str | None = None,
) -> Figure:
    """Three planes of a box, across z, y and x, on one colour scale; lines show where they meet.

    position: where they cut (x, y, z) [m or text]; the middle when None
    """
    import matplotlib.pyplot as plt

    names = planes.box_axes(result, "a figure of three cuts")
    planes.in_cells(result, name)
    where = dict(zip(names, position or (None,) * 3, strict=True))
    time = float(result.t[-1]) if at is None else convert(at, "s", "at")
    data, look = snapshot(result, name, time), look_of(result[name])
    size, unit = places.scale_along(result, names[0])
    found = [(axis, *planes.cut_through(result, data, axis, where[axis])) for axis in names[::-1]]
    centre = {axis: c for axis, _, c in found}
    values = np.concatenate([p.values.ravel() for _, p, _ in found]) * look.factor
    with style():
        fig, grid = plt.subplots(1, 3, figsize=(10.6, 3.7), layout="compressed")
        panels = list(grid)
        how = colour_scale(values, name, scale, cmap, least_resolved(result, name) * look.factor)
        for panel, (axis, plane, c) in zip(panels, found, strict=True):
            image = planes.draw(panel, result, plane, look.factor, how.norm, how.cmap, size, unit)
            panel.axvline(centre[plane.across] / size, color="0.6", lw=0.6)
            panel.axhline(centre[plane.up] / size, color="0.6", lw=0.6)
            panel.set_title(f"{axis} = {c / size:.3g} {places.micro(unit)}")
        colour_bar(panels, image, look.label, how, values, pad=0.015)
        fig.suptitle(f"{look.name} at {moment_text(time)}", x=0.01, ha="left")
    return fig
