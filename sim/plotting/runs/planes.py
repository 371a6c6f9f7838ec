"""Planes through the tissue: the section, cuts of a box, and how they are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.plotting.runs import places
from sim.units import convert

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

    from sim.run.result import Result


COARSE = 100  # cells across: up to here single ones are seen, and a picture says that it is the grid


class Plane(NamedTuple):
    """A field on a plane.

    x, y: corners of its cells [m], to the right and up · values: one less each way
    across, up: names of those axes · radii: borders between layers on this plane [m]
    layers: number of the layer of each cell, where regions make borders of any shape
    """

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    across: str
    up: str
    radii: list[float]
    layers: np.ndarray | None = None


def in_cells(result: Result, name: str) -> None:
    """Refuse a variable that has no value in each cell, such as the ledger."""
    space = places.axes_of(result)
    if not set(space) <= set(result[name].dims):
        raise ConfigError(f"{name} has no value in each cell, so it has no picture in space.")


def box_axes(result: Result, what: str, instead: str = "plot.plane shows its section") -> tuple[str, ...]:
    """The axes of a box; anything else is told what to use."""
    names = places.axes_of(result)
    if len(names) != 3:
        kind = places.kind(result).replace("_", " ")
        raise ConfigError(f"{what} needs a box, and this result is a {kind}; {instead}.")
    return names


def known_axis(axis: str, names: tuple[str, ...]) -> None:
    """Refuse an axis that the result has not."""
    if axis not in names:
        raise ConfigError(not_one_of("axis", axis, names))


def section(result: Result, data: xarray.DataArray) -> Plane:
    """The section of any geometry but a stirred cell; a box is cut through its middle."""
    names, radii = places.axes_of(result), places.layer_radii(result)[:-1]
    if names[0] == "r":
        r = places.edges(result, "r")
        angle = np.linspace(0.0, 2.0 * np.pi, 181)
        x, y = r[:, None] * np.cos(angle), r[:, None] * np.sin(angle)
        return Plane(x, y, np.repeat(data.values[:, None], angle.size - 1, axis=1), "x", "y", radii)
    if len(names) == 1:
        x = places.edges(result, names[0])
        both = np.concatenate([-x[:0:-1], x])
        height = 0.3 * x[-1] * np.array([-1.0, 1.0])
        xx, yy = np.meshgrid(both, height)
        values = np.concatenate([data.values[::-1], data.values])[None, :]
        return Plane(xx, yy, values, names[0], "", radii)
    if len(names) == 3:
        return cut_through(result, data, "z", None)[0]
    return _flat(result, data, radii, {})


def cut_through(
    result: Result, data: xarray.DataArray, axis: str, position: float | str | None
) -> tuple[Plane, float]:
    """The layer of a box's cells at a position along an axis, and their centre there [m].

    position: [m or text]; the middle when None
    """
    faces = places.edges(result, axis)
    if position is None:
        cell = data.sizes[axis] // 2
    else:
        at = convert(position, "m", "position")
        if not faces[0] <= at <= faces[-1]:
            size, unit = places.scale_along(result, axis)
            raise ConfigError(
                f"position = {position!r} is outside the box, "
                f"{faces[0] / size:g} to {faces[-1] / size:g} {unit} along {axis}."
            )
        cell = min(int(np.searchsorted(faces, at, "right")) - 1, data.sizes[axis] - 1)
    centre = float(0.5 * (faces[cell] + faces[cell + 1]))
    spheres = np.array(places.layer_radii(result)[:-1])
    radii = np.sqrt(spheres[spheres > abs(centre)] ** 2 - centre**2)
    return _flat(result, data.isel({axis: cell}), list(radii), {axis: cell}), centre


def along(result: Result, data: xarray.DataArray) -> Plane:
    """What is left of a box's field after summing along an axis, with the layers' whole width."""
    return _flat(result, data, places.layer_radii(result)[:-1])


def _flat(
    result: Result, data: xarray.DataArray, radii: list[float], at: dict[str, int] | None = None
) -> Plane:
    """`data` on its plane; at: where that plane cuts the body, None when it is a sum over it."""
    across, up = (n for n in places.axes_of(result) if n in data.dims)
    xx, yy = np.meshgrid(places.edges(result, across), places.edges(result, up))
    layers = None
    if places.has_regions(result):
        radii = []
        if at is not None:
            names = result["layer"].isel(at).transpose(up, across).values
            layers = np.unique(names, return_inverse=True)[1].reshape(names.shape)
    return Plane(xx, yy, data.transpose(up, across).values, across, up, radii, layers)


def draw(
    ax: Axes, result: Result, plane: Plane, factor: float, norm: Normalize, cmap: str, size: float, unit: str
) -> Any:
    """Colour, borders of layers, labels and equal aspect; returns the image for a colour bar."""
    import matplotlib

    base = matplotlib.colormaps[cmap]
    base = base.with_extremes(bad=base(0.0), under=base(0.0))
    image = ax.pcolormesh(
        plane.x / size, plane.y / size, plane.values * factor, norm=norm, cmap=base, rasterized=True
    )
    ax.set_aspect("equal")
    ax.set_xlabel(f"{plane.across} [{places.micro(unit)}]")
    ax.set_ylabel(f"{plane.up} [{places.micro(unit)}]")
    if places.strip(result):
        ax.set_yticks([])
        ax.set_ylabel("")
        ax.set_xlabel(places.axis_text(result, plane.across, unit))
    _outline(ax, result, plane, size)
    # Borders of layers may lie outside the domain: the picture is the domain, without bands around it.
    ax.set_xlim(float(plane.x.min()) / size, float(plane.x.max()) / size)
    ax.set_ylim(float(plane.y.min()) / size, float(plane.y.max()) / size)
    ax.set_anchor("N")  # titles of neighbours stay on one height
    return image


def grid_text(result: Result, plane: Plane, size: float, unit: str) -> str:
    """The cells of a plane that can be told apart, for its title: "24 x 14 cells of 0.4 mm"; else ""."""
    if places.axes_of(result)[0] == "r" or places.strip(result):
        return ""
    ny, nx = plane.values.shape
    if max(nx, ny) > COARSE:
        return ""
    wide = float(np.diff(plane.x[0]).max()) / size
    return f"{nx} × {ny} cells of {wide:.2g} {places.micro(unit)}"


def _outline(ax: Axes, result: Result, plane: Plane, size: float) -> None:
    """Dashed borders between layers, light on dark and dark on light."""
    angle = np.linspace(0.0, 2.0 * np.pi, 181)
    looks: list[dict[str, Any]] = [
        {"color": "0.15", "lw": 1.5, "alpha": 0.5},
        {"color": "0.95", "lw": 0.8, "ls": (0, (4, 3))},
    ]
    for look in looks:
        if places.strip(result):
            for _, low, _ in places.layer_spans(result, plane.across)[1:]:
                ax.axvline(low / size, **look)
                ax.axvline(-low / size, **look)
            continue
        if plane.layers is not None:
            for line in _edges(plane, plane.layers):
                ax.plot(*(line / size), **look)
        for radius in plane.radii:
            ax.plot(radius / size * np.cos(angle), radius / size * np.sin(angle), **look)


def _edges(plane: Plane, layers: np.ndarray) -> list[np.ndarray]:
    """Faces between cells of different layers, (2, points) each [m], NaN between them."""
    lines = []
    for axis in (0, 1):
        here = np.argwhere(np.diff(layers, axis=axis) != 0)
        i, j = here[:, 0] + (axis == 0), here[:, 1] + (axis == 1)
        m, n = (i, j + 1) if axis == 0 else (i + 1, j)
        gap = np.full(i.size, np.nan)
        ends = [np.stack([corner[i, j], corner[m, n], gap], axis=1).ravel() for corner in (plane.x, plane.y)]
        lines.append(np.array(ends))
    return lines


def figure_size(plane: Plane, longest: float = 4.6) -> tuple[float, float]:
    """Inches of a figure that a plane fills, with its labels and colour bar."""
    wide, high = float(np.ptp(plane.x)), float(np.ptp(plane.y))
    per = longest / max(wide, high)
    return max(wide * per, 2.0) + 2.2, max(high * per, 1.0) + 0.9
