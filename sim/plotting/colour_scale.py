"""How values become colours: the scale that fits them, and the bar that tells it."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.plotting.labels import name_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize

DECADES = 5  # of an amount below its peak that a logarithmic scale still tells apart
EVEN = 1e-6  # of its size: a field that varies less has no contrast worth a colour
SPREAD = 1e-2  # an amount whose lower quarter lies this far below its peak gets one
SCALES = ("auto", "linear", "log")


class ColourScale(NamedTuple):
    """How values become colours. extend: which ends of the bar are open; words: what is to be said in
    the panels, as there is nothing to be told apart by colour."""

    norm: Normalize
    cmap: str
    extend: str
    words: str = ""


def colour_scale(
    values: np.ndarray, name: str, scale: str, cmap: str | None, least: float = 0.0
) -> ColourScale:
    """Colours fit for these values; least: what the run tells from nothing, in the same unit."""
    from matplotlib.colors import LogNorm, Normalize

    if scale not in SCALES:
        raise ConfigError(not_one_of("scale", scale, SCALES))
    good = values[np.isfinite(values)]
    good = good if good.size else np.zeros(1)
    low, high = float(good.min()), float(good.max())
    most, words = max(-low, high), ""
    if 0 < most <= least:  # rounding and what the tolerance leaves: no pattern in it means anything
        words = f"no {name_of(name)}: {most:.1e} at most, and the run resolves {least:.1g}"
        return ColourScale(Normalize(0.0, 1e3 * least), cmap or "viridis", "neither", words)
    if scale == "log" and high <= 0:
        scale, words = "linear", f"{name_of(name)} is nowhere above zero: no logarithmic scale"
    if scale != "log" and low < -1e-3 * abs(high) and high > 1e-3 * abs(low):
        reach = max(-low, high)
        return ColourScale(Normalize(-reach, reach), cmap or "RdBu_r", "neither")
    wide = high > 0 and low >= -1e-3 * high and np.quantile(good, 0.25) < SPREAD * high
    wide = wide and good[good > 0].min() < 1e-3 * high and "pH" not in name
    if scale == "log" or (scale == "auto" and wide):
        floor = high * 10.0**-DECADES
        least = float(good[good > 0].min())
        bottom = max(floor, least) if low > 0 else floor
        return ColourScale(LogNorm(bottom, high, clip=False), cmap or "viridis", "min")
    if low > -1e-3 * high and low < 0.2 * high and "SI" not in name and "pH" not in name:
        low = 0.0
    if high - low <= EVEN * max(abs(low), abs(high)):  # rounding must not fill the scale
        low, high = (low - 0.5 * abs(low), high + 0.5 * abs(high)) if high else (0.0, 1.0)
    return ColourScale(Normalize(low, high), cmap or "viridis", "neither", words)


def colour_bar(
    ax: Axes | list[Axes], image: Any, label: str, how: ColourScale, values: np.ndarray, pad: float
) -> None:
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
