"""Scale, limits, ticks and label of an axis that shows a column of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.plotting.sweeps.columns import Column, tick_texts
from sim.plotting.ticks import power_in_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEW = 2.2  # decades: up to here 2 and 5 are labelled beside the powers of ten
TIGHT = 0.6  # decades: up to here round steps are
LONG_WORDS = 34  # characters that fit side by side below an axis


def scale_axis(
    ax: Axes, which: str, column: Column, low: float, high: float, levels: np.ndarray | None = None
) -> None:
    """Make the "x" or "y" axis one for this column, from low to high [as drawn].

    levels: a tick at each of these instead of at round numbers
    """
    axis = getattr(ax, f"{which}axis")
    if column.log:
        getattr(ax, f"set_{which}scale")("log")
    getattr(ax, f"set_{which}lim")(low, high)
    axis.set_label_text(column.label)
    if column.words:
        axis.set_ticks(np.arange(len(column.words)), list(column.words), minor=False)
        axis.set_ticks([], minor=True)
        if which == "x" and sum(map(len, column.words)) > LONG_WORDS:
            axis.set_tick_params(labelrotation=25)
    elif levels is not None:
        axis.set_ticks(levels, tick_texts(levels, 3), minor=False)
        axis.set_ticks([], minor=True)
    elif column.log:
        ticks = log_ticks(low, high)
        axis.set_ticks(ticks, tick_texts(ticks), minor=False)
        axis.set_ticks(_between(low, high), minor=True)
        axis.set_minor_formatter("")
    else:
        power_in_label(axis, column.label, max(abs(low), abs(high)))


def limits_around(column: Column, share: float = 0.04) -> tuple[float, float]:
    """Limits with a margin for the finite values of a column."""
    if column.words:
        return -0.5, len(column.words) - 0.5
    at = column.position(column.values[np.isfinite(column.values)])
    if not at.size:
        return 0.0, 1.0
    gap = share * float(np.ptp(at)) or share * abs(float(at[0])) or share
    low, high = float(at.min()) - gap, float(at.max()) + gap
    return (10.0**low, 10.0**high) if column.log else (low, high)


def log_ticks(low: float, high: float) -> np.ndarray:
    """Round numbers between two positive limits, some three to eight, for labels."""
    decades = float(np.log10(high / low))
    if decades <= TIGHT:
        from matplotlib.ticker import MaxNLocator

        steps = np.asarray(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
        return steps[(steps >= low) & (steps <= high)]
    powers = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    if decades > 6:
        powers = powers[powers % np.ceil(decades / 6) == 0]
    found = 10.0**powers
    if decades <= FEW:
        found = (found[:, None] * np.array([1.0, 2.0, 5.0])).ravel()
    return found[(found >= low * (1 - 1e-9)) & (found <= high * (1 + 1e-9))]


def _between(low: float, high: float) -> np.ndarray:
    """Small ticks at 2 to 9 times the powers of ten; none where they would run together."""
    powers = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
    if powers.size > 6:
        return np.empty(0)
    found = (10.0 ** powers[:, None] * np.arange(2.0, 10.0)).ravel()
    return found[(found >= low) & (found <= high)]
