"""Ticks that can be read: none run into each other, and powers of ten stand in the label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.plotting.labels import time_scale, time_words

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CLOCKS = ("linear", "root")
LARGE, SMALL = 1e5, 1e-3  # beyond, a power of ten stands in the label
CHARACTER = 0.62  # of the font size: width of a digit
SHRINK = 0.8  # of their first size: what a layout may leave of axes when labels have got their room


def figure_of(ax: Axes) -> Any:
    """The figure that axes belong to."""
    return ax.get_figure(root=True)


def points_across(ax: Axes) -> tuple[float, float]:
    """Width and height [pt] that axes will have at least, once the layout has given labels their room."""
    box = ax.get_window_extent()
    per = SHRINK * 72.0 / figure_of(ax).dpi
    return float(box.width) * per, float(box.height) * per


def text_width(words: str, size: float) -> float:
    """Width [pt] of the longest line of a text, estimated."""
    return max((len(line) for line in words.split("\n")), default=0) * CHARACTER * size


def time_axis(ax: Axes, end: float, clock: str) -> None:
    """Label, limits and scale of a time axis to `end` [s], drawn in the units of `time_scale`.

    clock: "linear", or "root": a square-root scale, which shows the first hours of a long run
    """
    if clock not in CLOCKS:
        raise ConfigError(not_one_of("clock", clock, CLOCKS))
    per, unit = time_scale(end)
    ax.set_xlim(0, end / per if end > 0 else 1.0)
    ax.set_xlabel(f"time [{time_words(unit)}]")
    if clock == "root" and end > 0:
        ax.set_xscale("function", functions=(_root, np.square))
        ax.set_xlim(0, end / per)
        ticks = [0.0, *(_nice(share * end / per) for share in (0.03, 0.1, 0.25, 0.5, 0.75)), end / per]
        ax.xaxis.set_major_locator(_spaced(ticks))
        ax.xaxis.set_major_formatter("{x:.3g}")
        ax.set_xlabel(f"time [{time_words(unit)}], root scale")


def _spaced(ticks: list[float]) -> Any:
    """A locator of those of some ticks that have room, at the width that the axes have when they are drawn:
    legends and colour bars beside them may have taken some of it by then."""
    from matplotlib.ticker import FixedLocator

    class Spaced(FixedLocator):
        def __call__(self) -> Any:
            axis: Any = self.axis
            ax = axis.axes
            return np.array(_apart(ticks, ax.bbox.width * 72.0 / figure_of(ax).dpi, _font_size(ax)))

    return Spaced(ticks)


def _apart(ticks: list[float], width: float, size: float) -> list[float]:
    """The ticks whose numbers have room on a root scale: the last first, then from the left.

    width: of the axes; size: of the font [pt]
    """

    def stretch(tick: float) -> tuple[float, float]:
        half = 0.5 * text_width(f"{tick:.3g}", size) + 2.0
        at = width * float(np.sqrt(tick / ticks[-1]))
        return at - half, at + half

    kept = [ticks[-1]]
    for tick in ticks[:-1]:
        low, high = stretch(tick)
        if tick < ticks[-1] and all(high < stretch(k)[0] or low > stretch(k)[1] for k in kept):
            kept.append(tick)
    return sorted(kept)


def _font_size(ax: Axes) -> float:
    return float(ax.xaxis.label.get_fontsize())


def _nice(x: float) -> float:
    """The nearest of 1, 1.5, 2, 3, 5, 7 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(x))
    return float(power * min((1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0), key=lambda n: abs(n - x / power)))


def _root(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(x, 0.0))


def power_in_label(axis: Any, label: str, largest: float) -> None:
    """Label of a linear axis, with the common power of ten of large or small ticks before its unit.

    Beside the axis the power would run into titles and names of layers, and shift colour bars.
    largest: size of the largest number on it
    """
    if not 0.0 < largest < np.inf or SMALL <= largest < LARGE:
        axis.set_label_text(label)
        formatter = axis.get_major_formatter()
        if hasattr(formatter, "set_useOffset"):
            formatter.set_useOffset(False)
        return
    power = int(np.floor(np.log10(largest)))
    front = f"$10^{{{power}}}$"
    name, bracket, unit = label.rpartition("[")
    said = f"{name}[{front} {unit}" if bracket and unit != "-]" else f"{name or label} [{front}]"
    axis.set_label_text(said)
    # Not divided by the power: 3e-7 / 1e-7 has digits of rounding, and %g hides them.
    axis.set_major_formatter(lambda value, _: f"{value / 10.0**power:.6g}")
