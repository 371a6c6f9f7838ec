"""Global sensitivities as bars with their intervals: Sobol' indices, Morris' effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas
from sim.plotting.labels import customary, name_of, words_of
from sim.plotting.sweeps.columns import label_with_unit
from sim.plotting.sweeps.unfinished import legend_below
from sim.plotting.ticks import power_in_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIGHT, DARK = "#8FC1E3", "#1B4F72"  # told apart in grey
BELOW, ABOVE = -0.25, 1.25  # of shares of the variance: what lies beyond is cut off
FAR = 2.0  # of the largest effect: where intervals of effects are cut off
SOBOL = ("names", "first", "total")
MORRIS = ("names", "mu_star", "sigma")


class IndexRow(NamedTuple):
    """Bars of one kind: words of the legend, values and the ends of their intervals (2, parameters)."""

    words: str
    values: np.ndarray
    ends: np.ndarray
    tone: str


def indices(result: Any, ax: Axes | None = None) -> Axes:
    """Sensitivity of a measure to each axis of a sweep, with intervals, the largest on top.

    result: of `sim.sensitivity.sobol_indices`: first-order and total indices; or of
    `sim.sensitivity.morris`: the mean size of the effect (mu*) and its spread (sigma)
    Estimates of indices below zero or above one are drawn as they are, up to the edge of the picture: what
    reaches far beyond the rest is cut off there, with an arrow and its numbers.
    """
    if all(hasattr(result, part) for part in SOBOL):
        rows = [_row(result, "total", "total", DARK), _row(result, "first", "first order", LIGHT)]
        text = f"share of the variance{_of(result)} [-]"
    elif all(hasattr(result, part) for part in MORRIS):
        rows = [
            _row(result, "mu_star", "mean size (µ*)", DARK),
            _row(result, "sigma", "spread, from bends or interactions (σ)", LIGHT),
        ]
        factor, unit = customary(getattr(result, "unit", "") or "")
        rows = [r._replace(values=factor * r.values, ends=factor * r.ends) for r in rows]
        words = unit if unit else "unit of the measure"
        text = label_with_unit(f"effect{_of(result)} over the whole axis", words)
    else:
        raise ConfigError(
            f"indices needs Sobol' indices or Morris' effects, not a {type(result).__name__}; "
            "sim.sensitivity.sobol_indices(table, measure) makes the first from a saltelli design, "
            "sim.sensitivity.morris(table, measure) the second from a morris design."
        )
    if not any(np.isfinite(row.values).any() for row in rows):
        raise ConfigError("no index is finite: the measure does not vary, or points of the design failed.")
    names = [str(n) for n in result.names]
    order = np.argsort(np.nan_to_num(rows[0].values, nan=-np.inf), kind="stable")
    low, high = _window(rows, shares=hasattr(result, "first"))
    with canvas(ax, (6.0, 1.4 + 0.5 * len(names))) as ax:
        for row, shift in zip(rows, (0.18, -0.18), strict=True):
            ax.barh(
                np.arange(len(names)) + shift, row.values[order], height=0.34, color=row.tone,
                edgecolor="0.2", linewidth=0.5, label=row.words,
            )  # fmt: skip
            at, ends = np.arange(len(names)) + shift, row.ends[:, order]
            ax.hlines(at, *np.clip(ends, low, high), color="0.1", lw=1.0, label=f"_{row.words}")
            ax.plot(ends, [at, at], ls="", marker="|", ms=5, color="0.1", label="_ends")
            _cut_off(ax, at, row.values[order], ends, (low, high))
        ax.axvline(0.0, color="0.1", lw=0.8)
        ax.set_yticks(range(len(names)), [words_of(names[k]) for k in order])
        ax.set_xlim(low, high)
        power_in_label(ax.xaxis, text, max(abs(low), abs(high)))
        legend_below(ax, _legend(ax, result))
    return ax


def _window(rows: list[IndexRow], shares: bool) -> tuple[float, float]:
    """Limits that show most: of shares little more than 0 to 1, of effects up to twice the largest."""
    values = np.concatenate([row.values for row in rows])
    ends = np.concatenate([row.ends.ravel() for row in rows])
    every = np.concatenate([values, ends])[np.isfinite(np.concatenate([values, ends]))]
    largest = float(np.nanmax(values, initial=0.0))
    bottom, top = (BELOW, ABOVE) if shares else (-FAR * largest, FAR * largest)
    low, high = max(min(float(every.min()), 0.0), bottom), min(float(every.max()), top)
    gap = 0.06 * ((high - low) or 1.0)
    return (low - gap if low < 0 else 0.0), high + gap


def _cut_off(
    ax: Axes, at: np.ndarray, values: np.ndarray, ends: np.ndarray, limits: tuple[float, float]
) -> None:
    """Arrows where an interval goes on beyond the picture, and its numbers."""
    low, high = limits
    for y, value, a, b in zip(at, values, *ends, strict=True):
        for end, marker, beyond in ((low, "<", a < low), (high, ">", b > high)):
            if beyond:
                ax.plot([end], [y], marker=marker, ms=5, color="0.1", clip_on=False, label="_arrow", zorder=4)
        if a < low or b > high:
            ax.annotate(
                f"{value:.3g} ({a:.3g} to {b:.3g})", (high, y), (7.0, 0.0), textcoords="offset points",
                va="center", ha="left", fontsize=7.5, color="0.2", annotation_clip=False,
            )  # fmt: skip


def _legend(ax: Axes, result: Any) -> list:
    """The two bars, and what the whiskers are."""
    from matplotlib.lines import Line2D

    handles = list(ax.get_legend_handles_labels()[0])
    level = getattr(result, "confidence", None)
    if isinstance(level, float):
        words = f"{100 * level:.3g} % interval"
        handles.append(Line2D([], [], color="0.1", lw=1.0, marker="|", ms=5, label=words))
    if any(line.get_label() == "_arrow" for line in ax.lines):
        words = "goes on beyond the picture: too few points"
        handles.append(Line2D([], [], color="0.1", lw=1.0, marker=">", ms=5, label=words))
    return handles


def _of(result: Any) -> str:
    """Words for the measure: a share is of it, an effect on it."""
    measure = getattr(result, "measure", None)
    if not isinstance(measure, str):
        return ""
    return f" {'of' if hasattr(result, 'first') else 'on'} {name_of(measure)}"


def _row(result: Any, part: str, words: str, tone: str) -> IndexRow:
    """Values and intervals: `part`_half (d,) half-widths, or `part`_interval (d,) or (d, 2) ends."""
    values = np.asarray(getattr(result, part), dtype=float)
    given = getattr(result, f"{part}_half", getattr(result, f"{part}_interval", np.zeros(values.shape)))
    interval = np.asarray(given, dtype=float)
    if interval.shape == values.shape:
        return IndexRow(words, values, np.stack([values - interval, values + interval]), tone)
    if interval.shape != (values.size, 2):
        raise ConfigError(
            f"the interval of {words} has shape {interval.shape}; ({values.size},) half-widths or "
            f"({values.size}, 2) ends are needed."
        )
    return IndexRow(words, values, interval.T, tone)
