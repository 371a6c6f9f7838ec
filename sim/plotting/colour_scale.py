"""How values become colours: the scale that fits them, and the bar that tells it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

import numpy as np

from sim.errors import ConfigError, not_one_of, unknown
from sim.plotting.asked import colour_map
from sim.plotting.canvas import SMALL
from sim.plotting.labels import Look, name_of, wrapped
from sim.plotting.spans import is_constant, is_logarithm, least_span, widened
from sim.plotting.ticks import CHARACTER, figure_of, points_across, power_in_label
from sim.units import convert_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

    from sim.run.result import Result

DECADES = 5  # of an amount below its peak that a logarithmic scale still tells apart
SPREAD = 1e-2  # an amount whose lower quarter lies this far below its peak gets one
SCALES = ("auto", "linear", "log")
BAR = "colour bar"  # label of the axes of one
WIDE, GAP = 9.0, 6.0  # of a bar, and between it and its panel [pt]


class Colours(TypedDict, total=False):
    """How a picture is coloured; every one can be left out.

    scale: "auto", "linear" or "log" (amounts below 1e-5 of the peak share the lowest colour)
    cmap: a colour map of matplotlib, by name
    vmin, vmax: ends of the scale [SI, or text such as "10 mg/cm3"]
    like: other results: the scale is then one for all values that they and the result itself have, at all
        times. Pictures drawn with the same results in `like` can be compared by colour
    """

    scale: str
    cmap: str | None
    vmin: float | str | None
    vmax: float | str | None
    like: Result | Sequence[Result] | None


class ColourScale(NamedTuple):
    """How values become colours. extend: which ends of the bar are open; words: what is to be said in
    the panels, as there is nothing to be told apart by colour."""

    norm: Normalize
    cmap: str
    extend: str
    words: str = ""


def chosen(given: Colours, si: str, factor: float, scale: str = "auto") -> dict[str, Any]:
    """What a caller said of colours but for `like`, checked: {scale, cmap, vmin, vmax}, limits as drawn.

    si: unit of the variable; factor: drawn units per SI unit; scale: unless told
    """
    known = tuple(Colours.__annotations__)
    for key in given:
        if key not in known:
            raise ConfigError(unknown("an option of this picture", key, known))
    ends = {
        end: None if given.get(end) is None else convert_number(given[end], si, end) * factor
        for end in ("vmin", "vmax")
    }
    if ends["vmin"] is not None and ends["vmax"] is not None and not ends["vmin"] < ends["vmax"]:
        raise ConfigError(
            f"vmin = {given['vmin']!r} is not below vmax = {given['vmax']!r}; give the lower end first."
        )
    return {"scale": given.get("scale", scale), "cmap": given.get("cmap"), **ends}


def colour_scale(
    values: np.ndarray,
    name: str,
    scale: str = "auto",
    cmap: str | None = None,
    least: float = 0.0,
    unit: str = "",
    vmin: float | None = None,
    vmax: float | None = None,
) -> ColourScale:
    """Colours fit for these values.

    least: what the run tells from nothing; vmin, vmax: ends where they are given; all in the unit of the
    values, which is said as `unit`
    """
    from matplotlib.colors import LogNorm, Normalize

    if not isinstance(scale, str) or scale not in SCALES:
        raise ConfigError(not_one_of("scale", scale, SCALES))
    cmap = colour_map(cmap)
    if vmin is not None or vmax is not None:
        return _fixed(values, scale, cmap or "viridis", vmin, vmax)
    good = values[np.isfinite(values)]
    good = good if good.size else np.zeros(1)
    low, high = float(good.min()), float(good.max())
    most = max(-low, high)
    flat = Normalize(*widened(low, high, max(least_span(name, most), np.finfo(float).tiny)))
    if 0 < most <= least:  # rounding and what the tolerance leaves: no pattern in it means anything
        words = f"no {name_of(name)}: {most:.1g} {unit} at most, and the run resolves {least:.1g} {unit}"
        return ColourScale(Normalize(0.0, 1e3 * least), cmap or "viridis", "neither", words)
    if not np.any(good):
        words = f"zero everywhere{': no logarithmic scale' if scale == 'log' else ''}"
        return ColourScale(Normalize(0.0, 1.0), cmap or "viridis", "neither", words)
    if scale == "log" and high <= 0:
        words = f"{name_of(name)} is nowhere above zero: no logarithmic scale"
        return ColourScale(flat, cmap or "viridis", "neither", words)
    if is_constant(good, name):
        middle = 0.5 * (low + high)
        said = f"{middle:.2f}" if is_logarithm(name) else f"{middle:.3g}"
        where = "everywhere" if np.all(np.isfinite(values)) else "wherever it has a value"
        words = f"{name_of(name)} is the same {where}: {said} {unit}".rstrip()
        return ColourScale(flat, cmap or "viridis", "neither", words)
    if scale != "log" and low < -1e-3 * abs(high) and high > 1e-3 * abs(low):
        reach = max(-low, high)
        return ColourScale(Normalize(-reach, reach), cmap or "RdBu_r", "neither")
    wide = high > 0 and low >= -1e-3 * high and np.quantile(good, 0.25) < SPREAD * high
    wide = wide and good[good > 0].min() < 1e-3 * high and not is_logarithm(name)
    if scale == "log" or (scale == "auto" and wide):
        floor = max(high * 10.0**-DECADES, min(least, 0.1 * high))
        lowest = float(good[good > 0].min())
        bottom = max(floor, lowest) if low > 0 else floor
        return ColourScale(LogNorm(bottom, high, clip=False), cmap or "viridis", "min")
    if low > -1e-3 * high and low < 0.2 * high and not is_logarithm(name):
        low = 0.0
    return ColourScale(Normalize(*widened(low, high, least_span(name, most))), cmap or "viridis", "neither")


def _fixed(values: np.ndarray, scale: str, cmap: str, vmin: float | None, vmax: float | None) -> ColourScale:
    """A scale between given ends, open where values lie beyond them."""
    from matplotlib.colors import LogNorm, Normalize

    good = values[np.isfinite(values)]
    good = good if good.size else np.zeros(1)
    low = float(good.min()) if vmin is None else vmin
    high = float(good.max()) if vmax is None else vmax
    if scale == "log" and vmin is None:
        low = high * 10.0**-DECADES
    if scale == "log" and not low > 0:
        raise ConfigError(f"vmin = {low:g} does not go with scale='log'; give an end above zero.")
    high = high if high > low else low + (abs(low) or 1.0)
    below, above = good.min() < low, good.max() > high
    extend = "both" if below and above else "min" if below else "max" if above else "neither"
    return ColourScale(LogNorm(low, high) if scale == "log" else Normalize(low, high), cmap, extend)


def say_in(panels: list[Axes], words: str) -> None:
    """Words in the middle of panels that have no contrast to show."""
    for panel in panels:
        panel.text(
            0.5, 0.5, textwrap.fill(words, 24), transform=panel.transAxes, ha="center", va="center",
            color="k", fontsize=SMALL, zorder=6,
            bbox={"facecolor": "w", "edgecolor": "none", "alpha": 0.85, "boxstyle": "round,pad=0.5"},
        )  # fmt: skip


def colour_bar(panels: list[Axes], image: Any, look: Look, how: ColourScale, gap: float = GAP) -> None:
    """The colour bar beside the last of some panels in a row, as high as it; or what is to be said instead.

    It belongs to that panel: drawn again, it takes the place of the one before. gap: to the panel [pt]
    """
    ax = panels[-1]
    drop_bars(ax)
    if how.words:
        say_in(panels, how.words)
        return
    place = ax.inset_axes((1.02, 0.0, 0.04, 1.0), label=BAR)
    place.set_axes_locator(_beside(ax, gap))
    drawn = figure_of(ax).colorbar(image, cax=place, extend=how.extend)
    width = max(int(points_across(ax)[1] / (CHARACTER * 9.0)), 12)
    name, bracket, unit = look.label.replace("\n", " ").rpartition(" [")
    dress_bar(drawn, f"{wrapped(name, width)} [{unit}" if bracket else look.label, how)


def drop_bars(ax: Axes) -> None:
    """Take away the colour bar of a picture that was drawn on these axes before."""
    for old in [child for child in ax.child_axes if child.get_label() == BAR]:
        old.remove()


def dress_bar(drawn: Any, label: str, how: ColourScale) -> None:
    """Label and numbers of a colour bar; a power of ten goes into the label."""
    from matplotlib.colors import LogNorm

    drawn.outline.set_visible(False)
    drawn.set_label(label)
    if not isinstance(how.norm, LogNorm):
        ends = [abs(float(v)) for v in (how.norm.vmin, how.norm.vmax) if v is not None]
        power_in_label(drawn.ax.yaxis, label, max(ends, default=0.0))


def _beside(ax: Axes, gap: float) -> Callable[[Any, Any], Any]:
    """Where a bar stands: right of the axes as they are drawn, whatever their aspect left of them."""
    from matplotlib.transforms import Bbox, TransformedBbox

    def locate(_bar: Any, _renderer: Any) -> Any:
        per = figure_of(ax).dpi / 72.0
        box = ax.bbox
        left = box.x1 + gap * per
        pixels = Bbox.from_extents(left, box.y0, left + WIDE * per, box.y1)
        return TransformedBbox(pixels, figure_of(ax).transSubfigure.inverted())

    return locate
