"""A box as a surface in space: where a variable takes one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, not_installed
from sim.plotting.asked import moment, need_name, need_result
from sim.plotting.canvas import style
from sim.plotting.labels import look_of
from sim.plotting.runs import places, planes
from sim.plotting.runs.fields import snapshot
from sim.texts import moment_text
from sim.units import convert_number

if TYPE_CHECKING:
    import xarray
    from mpl_toolkits.mplot3d.axes3d import Axes3D

    from sim.run.result import Result

TINT = "#5B9BC7"


def isosurface(
    result: Result,
    name: str = "HAP_density",
    level: float | str | None = None,
    at: float | str | None = None,
    ax: Axes3D | None = None,
) -> Axes3D:
    """The surface in a box on which a variable has one value, at one time (the end when None).

    level: that value [SI, or text such as "10 mg/cm3"]; halfway between lowest and highest when None
    The surface runs between the centres of cells, so it is open where it meets the edge of the box.
    Needs scikit-image (the extra view3d). ax: three-dimensional axes
    """
    need_result(result, "an isosurface")
    need_name(result, name)
    names = planes.box_axes(result, "an isosurface")
    planes.in_cells(result, name)
    _marching_cubes()  # what is missing is said before anything is looked up
    time = moment(result, at)
    data, look = snapshot(result, name, time).transpose(*names), look_of(result[name])
    low, high = float(data.min()), float(data.max())
    unit = result[name].attrs.get("units", "1")
    value = 0.5 * (low + high) if level is None else convert_number(level, unit, "level")
    words = "" if unit == "1" else f" {unit}"
    if not low < value < high or min(data.shape) < 2:
        raise ConfigError(
            f"level = {value:g}{words} is nowhere in {name} at {moment_text(time)}, which is between "
            f"{low:g} and {high:g}{words}."
        )
    size, length = places.scale_along(result, names[0])
    found = triangles(data, value) / size
    with style():
        ax = _axes(ax)
        _draw(ax, found)
        for a, set_label, set_limits in zip(
            names, (ax.set_xlabel, ax.set_ylabel, ax.set_zlabel), (ax.set_xlim, ax.set_ylim, ax.set_zlim),
            strict=True,
        ):  # fmt: skip
            set_label(f"{a} [{places.micro(length)}]")
            set_limits(*(places.edges(result, a)[[0, -1]] / size))
        ax.set_box_aspect([float(np.ptp(places.edges(result, a))) for a in names])
        words = f"{look.name} = {value * look.factor:.3g} {look.unit}".rstrip()
        ax.set_title(f"{words} at {moment_text(time)}")
    return ax


def triangles(data: xarray.DataArray, value: float) -> np.ndarray:
    """Corners of the triangles on which a field over x, y, z has a value, (n, 3 corners, 3) [m].

    They face outwards where the rim of the box is on the other side of the value than what it holds.
    """
    centres = [data[a].values for a in data.dims]
    inward = "descent" if _rim(data.values) > value else "ascent"
    corners, found, *_ = _marching_cubes()(
        data.values, value, spacing=tuple(float(c[1] - c[0]) for c in centres), gradient_direction=inward
    )
    return (corners + np.array([c[0] for c in centres]))[found]


def _rim(values: np.ndarray) -> float:
    """Mean over the outermost cells."""
    outer = np.ones(values.shape, bool)
    outer[1:-1, 1:-1, 1:-1] = False
    return float(values[outer].mean())


def _marching_cubes() -> Callable[..., tuple[np.ndarray, ...]]:
    try:
        from skimage.measure import marching_cubes
    except ImportError as e:
        raise ConfigError(
            not_installed(
                "an isosurface needs", "scikit-image", without="plot.projection and plot.cuts show a box too."
            )
        ) from e
    return marching_cubes


def _axes(ax: Axes3D | None) -> Axes3D:
    if ax is None:
        import matplotlib.pyplot as plt

        return plt.figure(figsize=(5.4, 5.0)).add_subplot(projection="3d")
    if not hasattr(ax, "get_zlim"):
        raise ConfigError("an isosurface needs axes made with projection='3d'.")
    return ax


def _draw(ax: Axes3D, corners: np.ndarray, tint: str = TINT) -> None:
    from matplotlib.colors import LightSource, to_rgba
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    faces = np.tile(to_rgba(tint), (len(corners), 1))
    surface = Poly3DCollection(corners, facecolors=faces, shade=True, lightsource=LightSource(225, 45))
    ax.add_collection3d(surface)
