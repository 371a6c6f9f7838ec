"""A box as a body in space, lit, with an eighth of it cut away; drawn by pyvista."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.errors import ConfigError, not_installed
from sim.plotting.asked import moment, need_axes, need_name, need_result
from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import Colours, ColourScale, colour_bar
from sim.plotting.labels import look_of
from sim.plotting.runs import places, planes
from sim.plotting.runs.fields import drawn_anew, scale_for, snapshot
from sim.texts import moment_text
from sim.units import convert_number

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

    from sim.run.result import Result

DOTS = (1200, 1000)  # of the picture, across and up
FROM = (1.0, 0.75, 0.6)  # where it is seen from: x to the lower left, y to the right, z up
ROOM = 0.98  # of the box's diagonal: height of the picture


def scene(
    result: Result,
    name: str = "HAP_density",
    level: float | str | None = None,
    at: float | str | None = None,
    ax: Axes | None = None,
    **colours: Unpack[Colours],
) -> Axes:
    """The part of a box where a variable is above a level, as a lit body, at one time (the end when None).

    The eighth towards the reader, above the middles of x, y and z, is cut away, and colours on the faces of
    the cut are values inside. Values are those of cells, linear between their centres.
    level: [SI, or text such as "10 mg/cm3"]; halfway between lowest and highest when None
    colours: scale, cmap, vmin, vmax, like, as in `plane`
    Needs pyvista (the extra scene), which draws without a display. `isosurface` needs less.
    """
    need_result(result, "a scene")
    need_axes(ax)
    need_name(result, name)
    names = planes.box_axes(result, "a scene")
    planes.in_cells(result, name)
    pyvista = _pyvista()
    time, look = moment(result, at), look_of(result[name])
    data = snapshot(result, name, time).transpose(*names)
    low, high = float(data.min()), float(data.max())
    unit = result[name].attrs.get("units", "1")
    value = 0.5 * (low + high) if level is None else convert_number(level, unit, "level")
    if not low < value < high or min(data.shape) < 2:
        words = "" if unit == "1" else f" {unit}"
        raise ConfigError(
            f"level = {value:g}{words} is nowhere in {name} at {moment_text(time)}, which is between "
            f"{low:g} and {high:g}{words}."
        )
    how = scale_for(result, name, data.values * look.factor, look, colours)
    with pyvista.vtk_verbosity("off"):  # it would tell that there is no display
        picture = lit(pyvista, data * look.factor, value * look.factor, how, True)
    size, length = places.scale_along(result, names[0])
    sides = " × ".join(f"{float(np.ptp(places.edges(result, a))) / size:.3g}" for a in names)
    with canvas(ax, (6.0, 4.6)) as ax, drawn_anew(ax):
        from matplotlib.cm import ScalarMappable

        ax.imshow(picture, interpolation="antialiased")
        ax.set_axis_off()
        said = f"{look.name} above {look.text(value * look.factor)} at {moment_text(time)}"
        ax.set_title(f"{said}\nbox of {sides} {places.micro(length)}, an eighth cut away")
        colour_bar([ax], ScalarMappable(how.norm, how.cmap), look, how)
    return ax


def lit(pyvista: ModuleType, data: xarray.DataArray, level: float, how: ColourScale, cut: bool) -> np.ndarray:
    """A picture (up, across, 3) of where a field over x, y, z is above a level, seen without perspective.

    cut: without the eighth above the middles. Its height is `ROOM` times the diagonal of the box.
    """
    from matplotlib.colors import LogNorm

    centres = [data[a].values for a in data.dims]
    steps = [float(c[1] - c[0]) for c in centres]
    grid = pyvista.ImageData(
        dimensions=data.shape, spacing=steps, origin=[float(c[0]) for c in centres]
    )  # fmt: skip
    grid.point_data["field"] = data.values.ravel(order="F")
    body = grid.clip_scalar(scalars="field", value=level, invert=False)
    half = [0.5 * h for h in steps]
    ends = [e for c, h in zip(centres, half, strict=True) for e in (float(c[0]) - h, float(c[-1]) + h)]
    if cut:
        middle = [0.5 * (ends[2 * k] + ends[2 * k + 1]) for k in range(3)]
        body = body.clip_box([middle[0], ends[1], middle[1], ends[3], middle[2], ends[5]], invert=True)
    plotter = pyvista.Plotter(off_screen=True, window_size=list(DOTS))
    try:
        look: dict[str, Any] = {"clim": (how.norm.vmin, how.norm.vmax), "cmap": how.cmap}
        plotter.set_background("white")
        plotter.add_mesh(
            body, scalars="field", log_scale=isinstance(how.norm, LogNorm), show_scalar_bar=False,
            ambient=0.35, specular=0.1, **look,
        )  # fmt: skip
        plotter.add_mesh(pyvista.Box(ends), style="wireframe", color="grey", line_width=2)
        plotter.add_axes(line_width=3, color="black")
        plotter.enable_parallel_projection()
        plotter.view_vector(FROM, viewup=(0, 0, 1))
        plotter.camera.parallel_scale = 0.5 * ROOM * float(np.linalg.norm(np.diff(ends)[::2]))
        plotter.enable_anti_aliasing("ssaa")
        return np.asarray(plotter.screenshot(return_img=True))[..., :3]
    finally:
        plotter.close()


def _pyvista() -> ModuleType:
    try:
        import pyvista
    except ImportError as e:
        raise ConfigError(
            not_installed("a scene needs", "pyvista", without="plot.isosurface and plot.cuts show a box too.")
        ) from e
    return pyvista
