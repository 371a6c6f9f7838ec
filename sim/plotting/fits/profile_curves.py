"""Profile likelihoods with their threshold and interval; the correlation of estimates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.plotting.canvas import canvas
from sim.plotting.fits.data_and_fit import DATA, FIT, check_fit
from sim.units import axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


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
        ax.plot(x, found.excess, "-o", ms=3, color=FIT, lw=1.6, label="profile")
        level = f"{100 * found.confidence:g} %"
        ax.axhline(found.threshold, color="0.3", lw=0.9, ls="--")
        ax.annotate(
            f"{level}: {found.threshold:.3g}", (1, found.threshold), xycoords=("axes fraction", "data"),
            xytext=(-2, 3), textcoords="offset points", ha="right", fontsize=8, color="0.3",
        )  # fmt: skip
        ends = [f.customary(v) for v in (found.low, found.high)]
        height = 0.12 * found.threshold
        ax.plot(ends, [height, height], color=DATA, lw=3, solid_capstyle="butt", label=f"{level} interval")
        for end, is_open, mark in zip(ends, (found.open_low, found.open_high), "<>", strict=True):
            if is_open:
                ax.plot([end], [height], mark, color=DATA, ms=7)
        ax.plot([f.customary(result.values[k])], [0.0], "D", color=DATA, ms=5, label="_best", clip_on=False)
        ax.set_ylim(-0.03 * top, min(top, max(1.3 * found.threshold, 1.1 * float(found.excess.max()))))
        if f.log:
            ax.set_xscale("log")
            plain_ticks(ax, x)
        ax.set_xlabel(axis_label(name, f.unit))
        ax.set_ylabel("growth of the sum of squares")
    return ax


def plain_ticks(ax: Axes, values: np.ndarray) -> None:
    """Few numbers on a log axis, all written in one way, also where it spans less than a decade."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = float(np.min(values)), float(np.max(values))
    ax.set_xlim(low / (high / low) ** 0.06, high * (high / low) ** 0.06)
    decades = np.log10(high / low)
    subs = (1.0,) if decades > 3 else (1.0, 2.0, 5.0) if decades > 0.7 else tuple(np.arange(1.0, 10.0))
    ax.xaxis.set_major_locator(LogLocator(subs=subs, numticks=8))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:.3g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())


def _parabola(ax: Axes, result: Any, k: int, top: float) -> None:
    """What the linearisation says, up to `top`."""
    f, error = result.free[k], result.spread.standard_errors[k]
    if not (np.isfinite(error) and 0 < error < 10 * f.width):
        return
    z = np.linspace(-np.sqrt(top), np.sqrt(top), 121)
    x = np.array([f.customary(f.beyond(f.inner(result.values[k]) + s * error)) for s in z])
    ax.plot(x, z**2, ":", color="0.55", lw=1.2, label="linearised")


def correlation(result: Any, ax: Axes | None = None) -> Axes:
    """Correlation of the estimates of each pair of parameters, -1 to 1; grey where there is none."""
    check_fit(result)
    names, values = result.names, np.asarray(result.correlation, float)
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
        ax.set_xticks(range(len(names)), names, rotation=30, ha="right")
        ax.set_yticks(range(len(names)), names)
        ax.tick_params(length=0)
        ax.figure.colorbar(
            image, ax=ax, shrink=0.85, label="correlation of the estimates", ticks=[-1, -0.5, 0, 0.5, 1]
        )
    return ax
