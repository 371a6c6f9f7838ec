"""Amounts over space as colour: against time along a line, or as a map at one time."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import ConfigError
from sim.plotting.runs import places, planes
from sim.plotting.style import canvas, name_of, shown, time_axis, time_scale, time_text
from sim.units import convert

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

    from sim.run.result import Result

DECADES = 5  # of an amount below its peak that a logarithmic scale still tells apart
EVEN = 1e-6  # of its size: a field that varies less has no contrast worth a colour
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
        how = colours(values, name, scale, cmap, resolved(result, name) * look.factor)
        image = ax.pcolormesh(
            time_edges(result.t) / per, places.edges(result, axis) / size, values.T,
            norm=how.norm, cmap=how.cmap, rasterized=True,
        )  # fmt: skip
        time_axis(ax, result, clock)
        ax.set_ylabel(places.axis_text(result, axis, unit))
        places.mark_layers(ax, result, axis, size, vertical=False)
        bar(ax, image, look.label, how, values, pad=0.06)
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
    planes.in_cells(result, name)
    time = float(result.t[-1]) if at is None else convert(at, "s", "at")
    data = snapshot(result, name, time)
    look = shown(result[name])
    size, unit = places.scale_along(result, axis)
    with canvas(ax, (5.0, 4.1)) as ax:
        plane = planes.section(result, data)
        values = plane.values * look.factor
        how = colours(values, name, scale, cmap, resolved(result, name) * look.factor)
        image = planes.draw(ax, result, plane, look.factor, how.norm, how.cmap, size, unit)
        ax.set_title(f"{look.name} at {time_text(time)}")
        bar(ax, image, look.label, how, values, pad=0.03)
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


def resolved(result: Result, name: str) -> float:
    """The least of a variable that a run tells from nothing, its absolute tolerance [its unit]; 0 where
    that is not known."""
    return float(result.manifest.get("atol", 0.0)) * float(result[name].attrs.get("scale", 0.0))


class Colours(NamedTuple):
    """How values become colours. extend: which ends of the bar are open; words: what is to be said in
    the panels, as there is nothing to be told apart by colour."""

    norm: Normalize
    cmap: str
    extend: str
    words: str = ""


def colours(values: np.ndarray, name: str, scale: str, cmap: str | None, least: float = 0.0) -> Colours:
    """Colours fit for these values; least: what the run tells from nothing, in the same unit."""
    from matplotlib.colors import LogNorm, Normalize

    if scale not in ("auto", "linear", "log"):
        raise ConfigError(f"scale = '{scale}' is not one of auto, linear, log.")
    good = values[np.isfinite(values)]
    good = good if good.size else np.zeros(1)
    low, high = float(good.min()), float(good.max())
    most, words = max(-low, high), ""
    if 0 < most <= least:  # rounding and what the tolerance leaves: no pattern in it means anything
        words = f"no {name_of(name)}: {most:.1e} at most, and the run resolves {least:.1g}"
        return Colours(Normalize(0.0, 1e3 * least), cmap or "viridis", "neither", words)
    if scale == "log" and high <= 0:
        scale, words = "linear", f"{name_of(name)} is nowhere above zero: no logarithmic scale"
    if scale != "log" and low < -1e-3 * abs(high) and high > 1e-3 * abs(low):
        reach = max(-low, high)
        return Colours(Normalize(-reach, reach), cmap or "RdBu_r", "neither")
    wide = high > 0 and low >= -1e-3 * high and np.quantile(good, 0.25) < SPREAD * high
    wide = wide and good[good > 0].min() < 1e-3 * high and "pH" not in name
    if scale == "log" or (scale == "auto" and wide):
        floor = high * 10.0**-DECADES
        least = float(good[good > 0].min())
        bottom = max(floor, least) if low > 0 else floor
        return Colours(LogNorm(bottom, high, clip=False), cmap or "viridis", "min")
    if low > -1e-3 * high and low < 0.2 * high and "SI" not in name and "pH" not in name:
        low = 0.0
    if high - low <= EVEN * max(abs(low), abs(high)):  # rounding must not fill the scale
        low, high = (low - 0.5 * abs(low), high + 0.5 * abs(high)) if high else (0.0, 1.0)
    return Colours(Normalize(low, high), cmap or "viridis", "neither", words)


def bar(ax: Axes | list[Axes], image, label: str, how: Colours, values: np.ndarray, pad: float) -> None:
    """The colour bar of one panel or several; a field without contrast says so in the panels."""
    panels = ax if isinstance(ax, list) else [ax]
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    words = how.words
    if not np.any(values):
        words = f"zero everywhere{': no logarithmic scale' if words else ''}"
    elif not words and high - low <= EVEN * max(abs(low), abs(high)):
        words = f"{high:.4g} everywhere"
    words = textwrap.fill(words, 24)
    for panel in panels if words else ():
        panel.text(
            0.5, 0.5, words, transform=panel.transAxes, ha="center", va="center", color="k",
            bbox={"facecolor": "w", "edgecolor": "none", "alpha": 0.8, "pad": 2.0},
        )  # fmt: skip
    drawn = panels[0].figure.colorbar(image, ax=ax, label=label, extend=how.extend, pad=pad, aspect=22)
    drawn.outline.set_visible(False)
    if hasattr(drawn.formatter, "set_useMathText"):
        drawn.formatter.set_useMathText(True)
