"""Amounts over space as colour: against time along a line, or over a plane at one time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np

from sim.plotting.asked import like_results, moment, need_axes, need_name, need_result
from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import GAP, Colours, ColourScale, chosen, colour_bar, colour_scale, drop_bars
from sim.plotting.labels import Look, look_of, time_scale
from sim.plotting.runs import events, places, planes
from sim.plotting.spans import least_resolved
from sim.plotting.ticks import time_axis
from sim.texts import moment_text

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

    from sim.run.result import Result


DRAWN = "picture of a field"  # gid of what is taken away when axes are drawn on again


class Sight(NamedTuple):
    """What a projection did to a field. depth: [m] that it was summed over; values: of a whole result"""

    depth: float
    values: Callable[[Result], np.ndarray]


def kymograph(
    result: Result,
    name: str,
    ax: Axes | None = None,
    clock: str = "linear",
    **colours: Unpack[Colours],
) -> Axes:
    """A variable over time (right) and distance from the centre (up), as colour.

    clock: "linear" or "root", a square-root scale of time that shows the first hours
    colours: scale, cmap, vmin, vmax, like, see sim.plotting.colour_scale.Colours
    A rectangle or box is shown along x through its middle. Interventions stand above the axis of time.
    """
    need_result(result, "a kymograph")
    data = result[need_name(result, name)]
    axis = places.main_axis(result, "a kymograph")
    planes.in_cells(result, name)
    data = places.line(result, data)
    look = look_of(data)
    size, unit = places.scale_along(result, axis)
    end = float(result.t[-1])
    per, _ = time_scale(end)
    values = data.transpose("time", axis).values * look.factor
    how = scale_for(result, name, values, look, colours)
    with canvas(ax) as ax, drawn_anew(ax):
        image = ax.pcolormesh(
            time_edges(result.t) / per, places.edges(result, axis) / size, values.T,
            norm=how.norm, cmap=how.cmap, rasterized=True,
        )  # fmt: skip
        time_axis(ax, end, clock)
        ax.set_ylabel(places.axis_text(result, axis, unit))
        room = places.mark_layers(ax, result, axis, size, vertical=False)
        events.mark_events(ax, events.events(result), per)
        colour_bar([ax], image, look, how, GAP + room)
    return ax


def plane(
    result: Result,
    name: str,
    at: float | str | None = None,
    ax: Axes | None = None,
    **colours: Unpack[Colours],
) -> Axes:
    """A variable over the plane of the section at one time (the end when None), as colour.

    colours: scale, cmap, vmin, vmax, like, see sim.plotting.colour_scale.Colours. like=result keeps one
    scale for all times; `movie` writes one
    A box is cut through its middle; a cylinder or sphere is shown as the disc it stands for, a
    slab as a strip with its mirror half. x is to the right and y is up.
    """
    need_result(result, "a map")
    need_name(result, name)
    axis = places.main_axis(result, "a map")
    planes.in_cells(result, name)
    time = moment(result, at)
    data = snapshot(result, name, time)
    look = look_of(result[name])
    size, unit = places.scale_along(result, axis)
    section = planes.section(result, data)
    values = section.values * look.factor
    how = scale_for(result, name, values, look, colours)
    with canvas(ax, planes.figure_size(section)) as ax, drawn_anew(ax):
        image = planes.draw(ax, result, section, look.factor, how.norm, how.cmap, size, unit)
        ax.set_title(f"{look.name} at {moment_text(time)}")
        colour_bar([ax], image, look, how)
    return ax


def scale_for(
    result: Result,
    name: str,
    values: np.ndarray,
    look: Look,
    colours: Colours,
    scale: str = "auto",
    along: Sight | None = None,
) -> ColourScale:
    """The colours of a variable's values [drawn]. scale: unless told
    along: what was done to the field before it was drawn, where it is not shown as it is
    """
    unit = str(result[name].attrs.get("units", "1"))
    asked = chosen(colours, unit, look.factor, scale)
    others = like_results(colours.get("like"), name, unit)
    depth = 1.0 if along is None else along.depth
    least = least_resolved(result, name)
    if others:
        seen = (lambda r: r.array_of(name)) if along is None else along.values
        # Each run once, and none before the others: the scale is the same whichever of them is drawn.
        values = np.concatenate([np.ravel(seen(r)) for r in dict.fromkeys((result, *others))]) * look.factor
        least = max(least, *(least_resolved(r, name) for r in others))
    return colour_scale(values, name, least=least * depth * look.factor, unit=look.unit, **asked)


@contextmanager
def drawn_anew(ax: Axes) -> Iterator[None]:
    """Take away the field that was drawn on these axes before: frames of a movie do not pile up."""
    need_axes(ax)
    drop_bars(ax)  # first: a bar asks where its picture is when it goes
    for old in [a for a in ax.get_children() if a.get_gid() in (DRAWN, events.MARK)]:
        old.remove()
    before = set(ax.get_children())
    yield
    for made in set(ax.get_children()) - before:
        if made not in ax.child_axes and made.get_gid() is None:  # the colour bar is known by its label
            _mark(made)


def _mark(artist: Any) -> None:
    artist.set_gid(DRAWN)


def snapshot(result: Result, name: str, at: float | str) -> xarray.DataArray:
    """A variable at one time, linear between outputs."""
    from sim.run.result import Result

    data = result[name]  # an unknown name is answered here, with the nearest
    if result.t.size == 1:  # a run stopped before its second output: nothing to interpolate
        return data.isel(time=0)
    return Result(result.dataset[[name]], result.manifest).at(at)[name]


def time_edges(t: np.ndarray) -> np.ndarray:
    """Borders between columns [s]: halfway between outputs, the first and last output outermost."""
    if t.size == 1:
        return np.array([t[0], t[0] + 1.0])
    return np.concatenate([t[:1], 0.5 * (t[1:] + t[:-1]), t[-1:]])
