"""Where in the tissue: lines through it, places in it, the layers it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, nearest
from sim.plotting.labels import length_scale
from sim.units import convert

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

    from sim.run.result import Result


def kind(result: Result) -> str:
    """The geometry by name (sim.space.geometries)."""
    return result.manifest["geometry_kind"]


def strip(result: Result) -> bool:
    """Whether the tissue is a line of parallel sheets, drawn as a strip: one axis, not a radius."""
    names = axes_of(result)
    return len(names) == 1 and names[0] != "r"


def axes_of(result: Result) -> tuple[str, ...]:
    """Names of the spatial axes: (), ("r",), ("x", "y"), ..."""
    return tuple(sorted(str(d) for d in result["volume"].dims))


def main_axis(result: Result, what: str) -> str:
    """The axis from the centre outwards; a stirred cell has none."""
    names = axes_of(result)
    if not names:
        raise ConfigError(f"{what} needs a place to go along; a stirred cell has a course only.")
    return names[0]


def edges(result: Result, axis: str) -> np.ndarray:
    """Cell faces along an axis [m]."""
    return result[f"{axis}_edges"].values


def line(result: Result, data: xarray.DataArray) -> xarray.DataArray:
    """The row of cells along the main axis; through the middle of the others."""
    others = axes_of(result)[1:]
    return data.isel({a: data.sizes[a] // 2 for a in others if a in data.dims})


def axis_text(result: Result, axis: str, unit: str) -> str:
    """The label of a spatial axis."""
    if axis == "r":
        return f"distance from centre [{micro(unit)}]"
    if strip(result):
        return f"distance from mid-plane [{micro(unit)}]"
    return f"{axis} [{micro(unit)}]"


def micro(unit: str) -> str:
    """The unit as printed: um with its Greek letter."""
    return "µm" if unit == "um" else unit


def scale_along(result: Result, axis: str) -> tuple[float, str]:
    """(metres per unit, unit) for an axis of the result."""
    return length_scale(float(np.abs(edges(result, axis)).max()))


def layer_spans(result: Result, axis: str) -> list[tuple[str, float, float]]:
    """(name, from, to) [m] of each stretch of one layer along the main axis."""
    names = line(result, result["layer"]).values
    faces = edges(result, axis)
    spans: list[tuple[str, float, float]] = []
    for k, name in enumerate(names):
        if spans and spans[-1][0] == name:
            spans[-1] = (str(name), spans[-1][1], float(faces[k + 1]))
        else:
            spans.append((str(name), float(faces[k]), float(faces[k + 1])))
    return spans


def layer_radii(result: Result) -> list[float]:
    """Outer radius [m] of each layer from the centre outwards, from the parameters of the run."""
    spans = layer_spans(result, axes_of(result)[0])
    order = [n for n, _, high in spans if high > 0]  # a rectangle's line has both halves
    known = result.parameters
    radii: list[float] = []
    for name in dict.fromkeys(order):
        sizes = [known.si(k) for k in (f"{name}.radius", f"{name}.thickness") if k in known]
        if not sizes:
            return []
        radii.append((radii[-1] if radii else 0.0) + sizes[0])
    return radii


def mark_layers(ax: Axes, result: Result, axis: str, size: float, vertical: bool) -> None:
    """Dashed lines between layers and their names beside the axes.

    vertical: the layers follow each other along the x-axis, so the lines stand upright
    """
    spans = layer_spans(result, axis)
    if len(spans) < 2:
        return
    whole = spans[-1][2] - spans[0][1]
    for name, low, high in spans:
        middle = 0.5 * (low + high) / size
        if low > spans[0][1]:
            draw = ax.axvline if vertical else ax.axhline
            draw(low / size, color="0.35" if vertical else "0.85", lw=0.8, ls=(0, (4, 3)), zorder=3)
        narrow = (high - low) / whole < (0.099 if vertical else 0.07)
        if narrow:
            continue
        text: dict[str, Any] = {"fontsize": 7.5, "color": "0.35", "clip_on": False}
        if vertical:
            text |= {"ha": "center", "va": "bottom", "transform": ax.get_xaxis_transform()}
            ax.text(middle, 1.01, name, **text)
        else:
            text |= {"ha": "left", "va": "center", "transform": ax.get_yaxis_transform()}
            ax.text(1.01, middle, name, rotation=270, **text)


def place(result: Result, data: xarray.DataArray, where: str | float) -> xarray.DataArray:
    """A variable over time at one place.

    where: a layer (its volume mean), "core", "edge", "mean", or a distance along the main axis
        [m or text]
    """
    names = axes_of(result)
    if not names:
        return data
    layers = [n for n, _, _ in layer_spans(result, names[0])]
    volume = result["volume"]
    if where in layers:
        weight = volume.where(result["layer"] == where, 0.0)
        return (data * weight).sum(names) / weight.sum(names)
    if where == "mean":
        return (data * volume).sum(names) / volume.sum(names)
    along = line(result, data)
    position = along[names[0]].values
    if where == "core":
        return along.isel({names[0]: int(np.argmin(np.abs(position)))})
    if where == "edge":
        return along.isel({names[0]: int(np.argmax(position))})
    words = ["core", "edge", "mean", *layers]
    if isinstance(where, str) and not any(c.isdigit() for c in where):
        raise ConfigError(
            f"'{where}' is no place here; there are {', '.join(words)}, or a distance such as "
            f"'1 mm'.{nearest(where, words)}"
        )
    at = convert(where, "m", "at")
    faces = edges(result, names[0])
    if not faces[0] <= at <= faces[-1]:
        size, unit = scale_along(result, names[0])
        low, high = faces[0] / size, faces[-1] / size
        raise ConfigError(f"at = {where!r} is outside the tissue, {low:g} to {high:g} {unit}.")
    cell = int(np.searchsorted(faces, at, "right")) - 1
    return along.isel({names[0]: min(cell, position.size - 1)})


def place_text(where: str | float) -> str:
    """A place in words, for a legend."""
    if isinstance(where, str):
        return where
    size, unit = length_scale(abs(float(where)))
    return f"{where / size:.3g} {micro(unit)}"
