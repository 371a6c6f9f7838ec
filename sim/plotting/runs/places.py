"""Where in the tissue: lines through it, places in it, the layers it is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, nearest
from sim.plotting.canvas import SMALL
from sim.plotting.labels import length_scale
from sim.plotting.ticks import points_across, text_width
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


def has_regions(result: Result) -> bool:
    """Whether regions of any shape are painted over its layers."""
    from sim.run.snapshot import Snapshot

    if isinstance(result, Snapshot):  # whose manifest would be that of a whole run
        return bool(result.record.builder.scenario.regions)
    return bool((result.manifest.get("layout") or {}).get("regions"))


def axes_of(result: Result) -> tuple[str, ...]:
    """Names of the spatial axes: (), ("r",), ("x", "y"), ..."""
    return tuple(sorted(str(d) for d in result["volume"].dims))  # in files y comes before x


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


def mark_layers(ax: Axes, result: Result, axis: str, size: float, vertical: bool) -> float:
    """Dashed lines between layers and their names beside the axes; returns the room [pt] the names take.

    vertical: the layers follow each other along the x-axis, so the lines stand upright and the names
    above them; else the names stand at the right. Where there is no room for all, the narrowest go.
    """
    spans = layer_spans(result, axis)
    if len(spans) < 2:
        return 0.0
    length = points_across(ax)[0 if vertical else 1]
    start, whole = spans[0][1], spans[-1][2] - spans[0][1]
    for _, low, _ in spans[1:]:
        draw = ax.axvline if vertical else ax.axhline
        draw(low / size, color="0.35" if vertical else "0.85", lw=0.8, ls=(0, (4, 3)), zorder=2.4)
    named = sorted(range(len(spans)), key=lambda k: spans[k][1] - spans[k][2])
    while named:  # the widest first
        order = sorted(named)
        words = [spans[k][0].replace("_", " ") for k in order]
        wide = [text_width(w, SMALL) + 6.0 if vertical else 1.3 * SMALL for w in words]
        at = spread(
            [length * (0.5 * (spans[k][1] + spans[k][2]) - start) / whole for k in order], wide, length
        )
        if at is not None:
            break
        named.pop()
    else:
        return 0.0
    look: dict[str, Any] = {"fontsize": SMALL, "color": "0.35", "clip_on": False}
    for name, share in zip(words, (a / length for a in at), strict=True):
        middle = (start + share * whole) / size
        if vertical:
            ax.text(middle, 1.01, name, ha="center", va="bottom", transform=ax.get_xaxis_transform(), **look)
        else:
            ax.text(1.015, middle, name, ha="left", va="center", transform=ax.get_yaxis_transform(), **look)
    return SMALL + 3.0 if vertical else max(text_width(w, SMALL) for w in words) + 4.0


def spread(middles: list[float], wide: list[float], length: float) -> list[float] | None:
    """Places of names of some widths along a length, each as near to its middle as the next allows, all
    between 0 and length; None where they do not fit. middles: rising"""
    if sum(wide) > length:
        return None
    at = [min(max(m, 0.5 * w), length - 0.5 * w) for m, w in zip(middles, wide, strict=True)]
    for k in range(1, len(at)):
        at[k] = max(at[k], at[k - 1] + 0.5 * (wide[k - 1] + wide[k]))
    at[-1] = min(at[-1], length - 0.5 * wide[-1])
    for k in range(len(at) - 2, -1, -1):
        at[k] = min(at[k], at[k + 1] - 0.5 * (wide[k] + wide[k + 1]))
    return at


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
        return where.replace("_", " ")
    size, unit = length_scale(abs(float(where)))
    return f"{where / size:.3g} {micro(unit)}"
