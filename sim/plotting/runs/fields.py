"""Amounts over space as colour: against time along a line, or over a plane at one time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import colour_bar, colour_scale
from sim.plotting.labels import look_of, time_axis, time_scale
from sim.plotting.runs import places, planes
from sim.texts import moment_text
from sim.units import convert

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

    from sim.run.result import Result


def kymograph(
    result: Result,
    name: str,
    ax: Axes | None = None,
    scale: str = "auto",
    cmap: str | None = None,
    clock: str = "linear",
) -> Axes:
    """A variable over time (right) and distance from the centre (up), as colour.

    scale: "auto", "linear" or "log" (amounts below 1e-5 of the peak share the lowest colour)
    clock: "linear" or "root", a square-root scale of time that shows the first hours
    A rectangle or box is shown along x through its middle.
    """
    data = result[name]
    axis = places.main_axis(result, "a kymograph")
    data = places.line(result, data)
    look = look_of(data)
    size, unit = places.scale_along(result, axis)
    per, _ = time_scale(float(result.t[-1]))
    values = data.values * look.factor
    with canvas(ax) as ax:
        how = colour_scale(values, name, scale, cmap, least_resolved(result, name) * look.factor)
        image = ax.pcolormesh(
            time_edges(result.t) / per, places.edges(result, axis) / size, values.T,
            norm=how.norm, cmap=how.cmap, rasterized=True,
        )  # fmt: skip
        time_axis(ax, result, clock)
        ax.set_ylabel(places.axis_text(result, axis, unit))
        places.mark_layers(ax, result, axis, size, vertical=False)
        colour_bar(ax, image, look.label, how, values, pad=0.06)
    return ax


def plane(
    result: Result,
    name: str,
    at: float | str | None = None,
    ax: Axes | None = None,
    scale: str = "auto",
    cmap: str | None = None,
) -> Axes:
    """A variable over the plane of the section at one time (the end when None), as colour.

    A box is cut through its middle; a cylinder or sphere is shown as the disc it stands for, a
    slab as a strip with its mirror half. x is to the right and y is up.
    """
    data = result[name]
    axis = places.main_axis(result, "a map")
    planes.in_cells(result, name)
    time = float(result.t[-1]) if at is None else convert(at, "s", "at")
    data = snapshot(result, name, time)
    look = look_of(result[name])
    size, unit = places.scale_along(result, axis)
    with canvas(ax, (5.0, 4.1)) as ax:
        section = planes.section(result, data)
        values = section.values * look.factor
        how = colour_scale(values, name, scale, cmap, least_resolved(result, name) * look.factor)
        image = planes.draw(ax, result, section, look.factor, how.norm, how.cmap, size, unit)
        ax.set_title(f"{look.name} at {moment_text(time)}")
        colour_bar(ax, image, look.label, how, values, pad=0.03)
    return ax


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


def least_resolved(result: Result, name: str) -> float:
    """The least of a variable that a run tells from nothing, its absolute tolerance [its unit]; 0 where
    that is not known."""
    return float(result.manifest.get("atol", 0.0)) * float(result[name].attrs.get("reference_scale", 0.0))
