"""A box seen through: integral along an axis (a radiograph), mean, or highest value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.plotting.asked import moment, need_name, need_result
from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import Colours, colour_bar
from sim.plotting.labels import look_of, name_of
from sim.plotting.runs import places, planes
from sim.plotting.runs.fields import Sight, drawn_anew, scale_for, snapshot
from sim.texts import moment_text

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

    from sim.run.result import Result

HOW = ("integral", "mean", "maximum")


def projection(
    result: Result,
    name: str = "HAP_density",
    at: float | str | None = None,
    axis: str = "z",
    how: str = "integral",
    ax: Axes | None = None,
    **colours: Unpack[Colours],
) -> Axes:
    """A variable of a box seen along an axis at one time (the end when None), as colour.

    how: "integral" is what a radiograph sees, an amount per area; "mean"; or "maximum", which
        shows the brightest spot on each line of sight
    colours: scale, cmap, vmin, vmax, like, as in `plane`; the scale is linear unless told, as that of a
        radiograph: twice the mineral is twice the number
    A coarse grid shows as steps and rings: lines of sight through a ball of cells differ by whole cells.
    Nothing is smoothed; the title says how many cells there are.
    """
    need_result(result, "a projection")
    data = projected(result, name, at, axis, how)
    time = moment(result, at)
    words = {"integral": "integral of", "mean": "mean", "maximum": "highest"}[how]
    look = look_of(data, f"{words} {name_of(name, result[name].attrs)}")
    size, unit = places.scale_along(result, axis)
    plane = planes.along(result, data)
    values = plane.values * look.factor
    depth = float(np.ptp(places.edges(result, axis))) if how == "integral" else 1.0
    sight = Sight(depth, lambda r: np.stack([projected(r, name, t, axis, how).values for t in r.t]))
    drawn = scale_for(result, name, values, look, colours, "linear", sight)
    with canvas(ax, planes.figure_size(plane)) as ax, drawn_anew(ax):
        image = planes.draw(ax, result, plane, look.factor, drawn.norm, drawn.cmap, size, unit)
        grid = planes.grid_text(result, plane, size, unit)
        ax.set_title(
            f"{name_of(name, result[name].attrs)} seen along {axis} at {moment_text(time)}"
            + (f"\ngrid of {grid}" if grid else "")
        )
        colour_bar([ax], image, look, drawn)
    return ax


def projected(
    result: Result, name: str, at: float | str | None = None, axis: str = "z", how: str = "integral"
) -> xarray.DataArray:
    """The numbers of `projection`: over the two other axes, in unit x m for an integral.

    An integral is the sum of value x height of the cell; the highest is that of the cells, and the
    mean is weighted with their heights.
    """
    if how not in HOW:
        raise ConfigError(not_one_of("how", how, HOW))
    need_result(result, "a projection")
    need_name(result, name)
    planes.known_axis(axis, planes.box_axes(result, "a projection"))
    planes.in_cells(result, name)
    data = snapshot(result, name, float(result.t[-1]) if at is None else at)
    unit = result[name].attrs.get("units", "1")
    if how == "maximum":
        out = data.max(axis)
    else:
        faces = places.edges(result, axis)
        height = data[axis].copy(data=faces[1:] - faces[:-1])
        out = (data * height).sum(axis)
        if how == "mean":
            out = out / (faces[-1] - faces[0])
        elif not unit.endswith(" m-3"):
            raise ConfigError(
                f"{name} [{unit}] is no amount per volume, so its integral means nothing; try how='mean' "
                "or how='maximum'."
            )
        else:
            unit = unit.removesuffix("m-3") + "m-2"
    out.attrs = {"units": unit, "long_name": f"{how} of {name} along {axis}"}
    return out.rename(name)
