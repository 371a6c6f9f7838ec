"""Points of a sweep across all of its axes, as parallel lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import colour_bar, colour_scale
from sim.plotting.colours import dark_to_light
from sim.plotting.labels import wrapped
from sim.plotting.sweeps import unfinished
from sim.plotting.sweeps.axis_scales import log_ticks
from sim.plotting.sweeps.columns import (
    SEED,
    Column,
    check_table,
    column_of,
    look_of_column,
    measure_column,
    point_states,
    tick_text,
    tick_texts,
    varying_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.sweeps.sweep_table import SweepTable

NARROW = 11  # characters of a line below an axis
ABOVE = 1.1  # height on a parallel axis of what never happened


def parallel(
    table: SweepTable,
    measures: str | Sequence[str] | None = None,
    colour: str | None = None,
    ax: Axes | None = None,
    scale: str = "auto",
    cmap: str | None = None,
) -> Axes:
    """Each point as a line across the axes that the sweep varied and some measures of it.

    measures: names, all when None · colour: an axis or measure, the last measure when None
    Each upright axis has its own unit and scale, linear or logarithmic as in the design. Points without
    a number are dashed and grey and end where their numbers end; what never happened lies above its axis.
    """
    check_table(table, "parallel coordinates")
    names = [measures] if isinstance(measures, str) else list(table.names if measures is None else measures)
    inputs = [n for n in varying_axes(table) if n != SEED]
    found = [column_of(table, n, "axis") for n in inputs] + [
        measure_column(table, n, "measures") for n in names
    ]
    if len(found) < 2:
        raise ConfigError("parallel coordinates need at least two axes or measures; use plot.scatter.")
    shade = column_of(table, colour or (names or inputs)[-1], "colour")
    state = point_states(table, *found, shade)
    heights = np.stack([_height(c) for c in found], axis=1)
    with canvas(ax, (max(5.6, 1.35 * len(found) + 1.6), 4.2)) as ax:
        handles = _lines(ax, heights, state, shade, scale, cmap)
        for k, c in enumerate(found):
            _upright(ax, k, c, bool(np.isinf(c.values).any()))
        ax.set_xlim(-0.35, len(found) - 0.75)
        ax.set_ylim(-0.03, ABOVE + 0.04)
        words = [_stacked(c.label) for c in found]
        ax.set_xticks(range(len(found)), words, fontsize=8)
        ax.set_yticks([])
        ax.tick_params(axis="x", length=0)
        ax.spines[:].set_visible(False)
        unfinished.legend_below(ax, handles, max(w.count("\n") for w in words))
    return ax


def _stacked(label: str) -> str:
    """A label as narrow lines: "lesion", "radius", "[mm]"."""
    name, gap, unit = label.partition(" [")
    return wrapped(name, NARROW) + (f"\n[{unit}" if gap else "")


def _height(c: Column) -> np.ndarray:
    """0 to 1 between the least and largest value of a column; ABOVE where it is infinite."""
    low, high = _span(c)
    at = c.position(c.values)
    share = (at - low) / (high - low) if high > low else np.full(at.shape, 0.5)
    return np.where(np.isinf(c.values), ABOVE, share)


def _span(c: Column) -> tuple[float, float]:
    if c.words:
        return 0.0, float(len(c.words) - 1)
    at = c.position(c.values[np.isfinite(c.values)])
    return (float(at.min()), float(at.max())) if at.size else (0.0, 0.0)


def _lines(
    ax: Axes, heights: np.ndarray, state: np.ndarray, shade: Column, scale: str, cmap: str | None
) -> list[Any]:
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    places = np.arange(heights.shape[1], dtype=float)
    handles = []

    def draw(which: np.ndarray, **look: Any) -> Any:
        rows = [np.stack([places, h], axis=1) for h in heights[which]]  # a nan leaves a gap
        return ax.add_collection(LineCollection(rows, **look), autolim=False)

    everywhere = np.ones(state.size, dtype=bool)
    for k, (status, here) in enumerate(unfinished.failures(state, everywhere)):
        dashes = (0, (4, 2 + 2 * k))
        draw(
            here, label=f"_{status}", zorder=2.5, colors=unfinished.DASHED, linestyles=dashes, linewidths=1.1
        )
        count = f"{status} ({int(here.sum())})"
        handles.append(Line2D([], [], color=unfinished.DASHED, ls=dashes, lw=1.1, label=count))
    done = state == "finished"
    if shade.words:
        for k, word in enumerate(shade.words):
            tone = dark_to_light(k, len(shade.words))
            draw(done & (shade.values == k), colors=[tone], linewidths=0.9, alpha=0.75, label=f"_{word}")
            handles.append(Line2D([], [], color=tone, lw=1.2, label=f"{shade.said} = {word}"))
        return handles
    known, never = done & np.isfinite(shade.values), done & np.isinf(shade.values)
    if known.any():
        values = shade.values[known]
        how = colour_scale(values, shade.name, scale, cmap, unit=shade.unit)
        image = draw(
            known, array=values, norm=how.norm, cmap=how.cmap, linewidths=0.9, alpha=0.8, label="_numbers"
        )
        colour_bar([ax], image, look_of_column(shade), how)
    if never.any():
        dots = (0, (1.2, 1.4))
        draw(never, colors=unfinished.NEVER_LINE, linewidths=1.0, linestyles=dots, label="_never")
        word = f"{shade.said}: {shade.endless} ({int(never.sum())})"
        handles.append(Line2D([], [], color=unfinished.NEVER_LINE, ls=dots, lw=1.4, label=word))
    return handles


def _upright(ax: Axes, k: int, c: Column, open_end: bool) -> None:
    """An upright axis with ticks at round numbers, and a mark above for what has no end."""
    ax.plot([k, k], [0.0, 1.0], color="0.15", lw=0.9, zorder=3, label="_axis")
    low, high = _span(c)
    if c.words:
        marks = [(j / max(len(c.words) - 1, 1), word) for j, word in enumerate(c.words)]
    elif high > low:
        ends = (10.0**low, 10.0**high) if c.log else (low, high)
        ticks = log_ticks(*ends) if c.log else _round(*ends)
        at = [float((c.position(t) - low) / (high - low)) for t in ticks]
        marks = list(zip(at, tick_texts(ticks), strict=True))
    else:
        marks = [(0.5, tick_text(10.0**low if c.log else low))]
    if open_end:
        marks.append((ABOVE, c.endless))
    for height, words in marks:
        ax.plot([k - 0.03, k], [height, height], color="0.15", lw=0.9, zorder=3, label="_tick")
        ax.text(
            k - 0.05, height, words, ha="right", va="center", fontsize=7.5, zorder=4,
            bbox={"facecolor": "w", "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
        )  # fmt: skip


def _round(low: float, high: float) -> np.ndarray:
    from matplotlib.ticker import MaxNLocator

    found = np.asarray(MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high))
    gap = 1e-9 * (high - low)
    return found[(found >= low - gap) & (found <= high + gap)]
