"""Global sensitivities as bars with their intervals: Sobol' indices, Morris' effects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas
from sim.plotting.labels import name_of
from sim.plotting.sweeps.axis_scales import power_of_ten
from sim.plotting.sweeps.columns import label_with_unit
from sim.plotting.sweeps.unfinished import legend_below

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LIGHT, DARK = "#8FC1E3", "#1B4F72"  # told apart in grey
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
    Estimates of indices below zero or above one are drawn as they are.
    """
    if all(hasattr(result, part) for part in SOBOL):
        rows = [_row(result, "total", "total", DARK), _row(result, "first", "first order", LIGHT)]
        text = f"share of the variance{_of(result)} [-]"
    elif all(hasattr(result, part) for part in MORRIS):
        rows = [
            _row(result, "mu_star", "mean size (µ*)", DARK),
            _row(result, "sigma", "spread, from bends or interactions (σ)", LIGHT),
        ]
        text = label_with_unit(f"effect{_of(result)} over the whole axis", getattr(result, "unit", ""))
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
    with canvas(ax, (6.0, 1.4 + 0.5 * len(names))) as ax:
        for row, shift in zip(rows, (0.18, -0.18), strict=True):
            ax.barh(
                np.arange(len(names)) + shift, row.values[order], height=0.34, color=row.tone,
                edgecolor="0.2", linewidth=0.5, label=row.words,
            )  # fmt: skip
            at, (low, high) = np.arange(len(names)) + shift, row.ends[:, order]
            ax.hlines(at, low, high, color="0.1", lw=1.0, label=f"_{row.words}")
            ax.plot([low, high], [at, at], ls="", marker="|", ms=5, color="0.1", label="_ends")
        ax.axvline(0.0, color="0.1", lw=0.8)
        ax.set_yticks(range(len(names)), [names[k] for k in order])
        ax.set_xlabel(text)
        power_of_ten(ax.xaxis)
        legend_below(ax, _legend(ax, result))
    return ax


def _legend(ax: Axes, result: Any) -> list:
    """The two bars, and what the whiskers are."""
    from matplotlib.lines import Line2D

    handles = list(ax.get_legend_handles_labels()[0])
    level = getattr(result, "confidence", None)
    if isinstance(level, float):
        words = f"{100 * level:.3g} % interval"
        handles.append(Line2D([], [], color="0.1", lw=1.0, marker="|", ms=5, label=words))
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
