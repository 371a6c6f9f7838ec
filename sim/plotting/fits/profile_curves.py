"""Profile likelihoods with their threshold and interval; the correlation of estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plotting.canvas import canvas
from sim.plotting.fits.data_and_fit import DATA, FIT, check_fit
from sim.plotting.labels import words_of
from sim.plotting.ticks import SMALL, power_in_label
from sim.public import public
from sim.units import axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NEAR = 1.2  # decades: axes that span fewer have round numbers, others powers of ten


@public
def profile(result: Any, name: str, ax: Axes | None = None) -> Axes:
    """The profile of a parameter: how much worse the best fit of all others is at each value.

    The dashed line is the threshold of the stated confidence; the bar is the interval where the curve lies
    below it, an arrow where it is open; the dotted parabola is the linearisation at the optimum.
    """
    check_fit(result)
    found = result.profile(name)
    k = result.names.index(name)
    f = result.free[k]
    x = np.array([f.customary(v) for v in found.values])
    top = 2.2 * found.threshold
    with canvas(ax, (4.2, 3.2)) as ax:
        _parabola(ax, result, k, top)
        ax.plot(*_smooth(x, found.excess, f.log), color=FIT, lw=1.6, label="profile")
        ax.plot(x, found.excess, "o", ms=3, color=FIT, label="_points")
        level = f"{100 * found.confidence:g} %"
        words = f"threshold, {level}: {found.threshold:.3g}"
        ax.axhline(found.threshold, color="0.3", lw=0.9, ls="--", label=words)
        ends = [f.customary(v) for v in (found.low, found.high)]
        height = 0.12 * found.threshold
        bar = "deviations carried over" if result.spread.carried else f"{level} interval"
        ax.plot(ends, [height, height], color=DATA, lw=3, solid_capstyle="butt", label=bar)
        for end, is_open, mark in zip(ends, (found.open_low, found.open_high), "<>", strict=True):
            if is_open:
                ax.plot([end], [height], mark, color=DATA, ms=7)
        ax.plot([f.customary(result.values[k])], [0.0], "D", color=DATA, ms=5, label="_best", clip_on=False)
        ax.set_ylim(-0.03 * top, top)
        label = axis_label(words_of(name), f.unit)
        ax.set_xlabel(label)
        if f.log:
            ax.set_xscale("log")
            plain_ticks(ax, x)
            if x.max() < SMALL and x.max() < 10.0**NEAR * x.min():
                power_in_label(ax.xaxis, label, float(x.max()))
        ax.set_ylabel("growth of the sum of squares")
    return ax


def plain_ticks(ax: Axes, values: np.ndarray) -> None:
    """Few numbers on a log axis, all written in one way, also where it spans less than a decade."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    low, high = float(np.min(values)), float(np.max(values))
    low, high = low / (high / low) ** 0.06, high * (high / low) ** 0.06
    ax.set_xlim(low, high)
    decades = np.log10(high / low)
    if decades > NEAR:
        every = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
        ticks = 10.0 ** every[:: max(1, len(every) // 4)]
        if len(ticks) < 3:
            ticks = np.sort(np.concatenate([ticks, 3 * ticks, ticks / 3]))
    else:
        ticks = np.asarray(MaxNLocator(4).tick_values(low, high))
    ax.xaxis.set_major_locator(FixedLocator(ticks[(ticks >= low) & (ticks <= high)]))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.3g}"))


def _smooth(x: np.ndarray, excess: np.ndarray, log: bool) -> tuple[np.ndarray, np.ndarray]:
    """The curve between its points: its root with a sign is nearly straight."""
    z = np.sqrt(excess) * np.where(np.arange(x.size) < np.argmin(excess), -1.0, 1.0)
    at = np.log(x) if log else x
    fine = np.unique(np.concatenate([np.linspace(at[0], at[-1], 300), at]))
    return (np.exp(fine) if log else fine), np.interp(fine, at, z) ** 2


def _parabola(ax: Axes, result: Any, k: int, top: float) -> None:
    """What the linearisation says, up to `top`."""
    f, error = result.free[k], result.spread.standard_errors[k]
    if not (np.isfinite(error) and 0 < error < 10 * f.width):
        return
    z = np.linspace(-np.sqrt(top), np.sqrt(top), 121)
    x = np.array([f.customary(f.beyond(f.inner(result.values[k]) + s * error)) for s in z])
    ax.plot(x, z**2, ":", color="0.55", lw=1.2, label="linearised")


@public
def correlation(result: Any, ax: Axes | None = None) -> Axes:
    """Correlation of the estimates of each pair of parameters, -1 to 1; grey where there is none."""
    check_fit(result)
    names, values = result.names, np.asarray(result.correlation, float)
    said = [words_of(n) for n in names]
    size = 1.6 + 0.62 * len(names)
    with canvas(ax, (size + 1.4, size)) as ax:
        ax.set_facecolor("0.85")
        image = ax.imshow(np.ma.masked_invalid(values), cmap="RdBu_r", vmin=-1, vmax=1)
        for i in range(len(names)):
            for j in range(len(names)):
                known = np.isfinite(values[i, j])
                dark = known and abs(values[i, j]) > 0.6
                words = f"{values[i, j]:.2f}" if known else "-"
                ax.text(j, i, words, ha="center", va="center", fontsize=8, color="w" if dark else "0.1")
        ax.set_xticks(range(len(names)), said, rotation=30, ha="right")
        ax.set_yticks(range(len(names)), said)
        ax.tick_params(length=0)
        ax.figure.colorbar(
            image, ax=ax, shrink=0.85, label="correlation of the estimates", ticks=[-1, -0.5, 0, 0.5, 1]
        )
    return ax
