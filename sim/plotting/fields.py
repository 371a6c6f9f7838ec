"""Amounts over space as colour: against time along a line, or as a map at one time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.plotting import places
from sim.plotting.style import canvas, shown, time_axis, time_scale, time_text
from sim.units import convert

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

    from sim.result import Result

DECADES = 5  # of an amount below its peak that a logarithmic scale still tells apart
SPREAD = 1e-2  # an amount whose lower quarter lies this far below its peak gets one


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
    look = shown(data)
    size, unit = places.scale_along(result, axis)
    per, _ = time_scale(float(result.t[-1]))
    values = data.values * look.factor
    with canvas(ax) as ax:
        norm, chosen, extend = colours(values, name, scale, cmap)
        image = ax.pcolormesh(
            time_edges(result.t) / per, places.edges(result, axis) / size, values.T,
            norm=norm, cmap=chosen, rasterized=True,
        )  # fmt: skip
        time_axis(ax, result, clock)
        ax.set_ylabel(places.axis_text(result, axis, unit))
        places.mark_layers(ax, result, axis, size, vertical=False)
        _bar(ax, image, look.label, extend, values, pad=0.06)
    return ax


def map(
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
    time = float(result.t[-1]) if at is None else convert(at, "s", "at")
    data = snapshot(result, name, time)
    look = shown(result[name])
    size, unit = places.scale_along(result, axis)
    with canvas(ax, (5.0, 4.1)) as ax:
        x, y, values, faces = _plane(result, data)
        values = values * look.factor
        norm, chosen, extend = colours(values, name, scale, cmap)
        image = ax.pcolormesh(x / size, y / size, values, norm=norm, cmap=chosen, rasterized=True)
        ax.set_aspect("equal")
        ax.set_xlabel(f"x [{places.micro(unit)}]")
        ax.set_ylabel(f"y [{places.micro(unit)}]")
        if places.kind(result) == "slab":
            ax.set_yticks([])
            ax.set_ylabel("")
            ax.set_xlabel(places.axis_text(result, axis, unit))
        ax.set_title(f"{look.name} at {time_text(time)}")
        _outline(ax, result, size, faces)
        _bar(ax, image, look.label, extend, values, pad=0.03)
    return ax


def snapshot(result: Result, name: str, at: float | str) -> xarray.DataArray:
    """A variable at one time, linear between outputs."""
    from sim.result import Result

    data = result[name]  # an unknown name is answered here, with the nearest
    if result.t.size == 1:  # a run stopped before its second output: nothing to interpolate
        return data.isel(time=0)
    return Result(result.dataset[[name]], result.manifest).at(at)[name]


def time_edges(t: np.ndarray) -> np.ndarray:
    """Borders between columns [s]: halfway between outputs, the first and last output outermost."""
    if t.size == 1:
        return np.array([t[0], t[0] + 1.0])
    return np.concatenate([t[:1], 0.5 * (t[1:] + t[:-1]), t[-1:]])


def colours(values: np.ndarray, name: str, scale: str, cmap: str | None) -> tuple[Normalize, str, str]:
    """(norm, colour map, which ends of the bar are open) fit for these values."""
    from matplotlib.colors import LogNorm, Normalize

    if scale not in ("auto", "linear", "log"):
        raise ConfigError(f"scale = '{scale}' is not one of auto, linear, log.")
    good = values[np.isfinite(values)]
    good = good if good.size else np.zeros(1)
    low, high = float(good.min()), float(good.max())
    if scale == "log" and high <= 0:
        raise ConfigError(f"{name} is nowhere above zero, so it has no logarithmic scale.")
    if scale != "log" and low < -1e-3 * abs(high) and high > 1e-3 * abs(low):
        reach = max(-low, high)
        return Normalize(-reach, reach), cmap or "RdBu_r", "neither"
    wide = high > 0 and low >= -1e-3 * high and np.quantile(good, 0.25) < SPREAD * high
    wide = wide and good[good > 0].min() < 1e-3 * high and "pH" not in name
    if scale == "log" or (scale == "auto" and wide):
        floor = high * 10.0**-DECADES
        least = float(good[good > 0].min())
        bottom = max(floor, least) if low > 0 else floor
        return LogNorm(bottom, high, clip=False), cmap or "viridis", "min"
    if low > -1e-3 * high and low < 0.2 * high and "SI" not in name and "pH" not in name:
        low = 0.0
    if not high > low:
        low, high = (low - 0.5, high + 0.5) if high else (0.0, 1.0)
    return Normalize(low, high), cmap or "viridis", "neither"


def _bar(ax: Axes, image, label: str, extend: str, values: np.ndarray, pad: float) -> None:
    """The colour bar; a field that is zero everywhere says so instead."""
    if not np.any(values):
        ax.text(0.5, 0.5, "zero everywhere", transform=ax.transAxes, ha="center", color="w")
    low = image.get_cmap()(0.0)
    image.get_cmap()
    image.set_cmap(image.get_cmap().with_extremes(bad=low, under=low))
    bar = ax.figure.colorbar(image, ax=ax, label=label, extend=extend, pad=pad, aspect=22)
    bar.outline.set_visible(False)


def _plane(result: Result, data: xarray.DataArray):
    """x, y of the corners [m], values [y, x] or [r, angle], and the names of the axes."""
    names = places.axes_of(result)
    if names[0] == "r":
        r = places.edges(result, "r")
        angle = np.linspace(0.0, 2.0 * np.pi, 181)
        x, y = r[:, None] * np.cos(angle), r[:, None] * np.sin(angle)
        return x, y, np.repeat(data.values[:, None], angle.size - 1, axis=1), names
    if len(names) == 1:
        x = places.edges(result, names[0])
        both = np.concatenate([-x[:0:-1], x])
        height = 0.3 * x[-1] * np.array([-1.0, 1.0])
        xx, yy = np.meshgrid(both, height)
        return xx, yy, np.concatenate([data.values[::-1], data.values])[None, :], names
    if len(names) == 3:
        data = data.isel({names[2]: data.sizes[names[2]] // 2})
    x, y = places.edges(result, names[0]), places.edges(result, names[1])
    xx, yy = np.meshgrid(x, y)
    return xx, yy, data.transpose(names[1], names[0]).values, names


def _outline(ax: Axes, result: Result, size: float, names: tuple[str, ...]) -> None:
    """Dashed borders between layers."""
    look: dict[str, Any] = {"color": "0.85", "lw": 0.8, "ls": (0, (4, 3))}
    angle = np.linspace(0.0, 2.0 * np.pi, 181)
    if places.kind(result) == "slab":
        for _, low, _ in places.layer_spans(result, names[0])[1:]:
            ax.axvline(low / size, **look)
            ax.axvline(-low / size, **look)
        return
    for radius in places.layer_radii(result)[:-1]:
        x, y = radius / size * np.cos(angle), radius / size * np.sin(angle)
        ax.plot(x, y, **look)
