"""Points of a sweep against each other: two columns as a scatter, all of them as parallel lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas
from sim.plotting.colour_scale import colour_bar, colour_scale
from sim.plotting.colours import dark_to_light
from sim.plotting.sweeps import unfinished
from sim.plotting.sweeps.axis_scales import limits_around, log_ticks, scale_axis
from sim.plotting.sweeps.columns import (
    SEED,
    Column,
    check_table,
    column_of,
    measure_column,
    point_states,
    tick_text,
    varying_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.sweeps.sweep_table import SweepTable

SIGNS = ("o", "s", "D", "^", "v", "P")
BLUE = "#2F6F9F"
OUTSIDE = (1.03, 1.075)  # of the axes: rows for points that never did, and for those that failed
ABOVE = 1.1  # height on a parallel axis of what never happened


def scatter(
    table: SweepTable,
    x: str,
    y: str,
    colour: str | None = None,
    ax: Axes | None = None,
    scale: str = "auto",
    cmap: str | None = None,
) -> Axes:
    """The points of a sweep, one mark each. x, y, colour: names of axes or measures.

    A point that lacks the number for y stands outside the frame above its x (or right of its y): with
    an open triangle where it is infinite (an onset that never came), with the marker of its status where
    it failed. scale: of colour, "auto", "linear" or "log"
    """
    check_table(table, "a scatter")
    across, up = column_of(table, x, "x"), column_of(table, y, "y")
    shade = column_of(table, colour, "colour") if colour is not None else None
    state = _state(table, [c for c in (across, up, shade) if c is not None])
    for axis in (across, up):
        if not np.isfinite(axis.values).any():
            raise ConfigError(
                f"{axis.name} is not finite at any point ({axis.endless} or none): it has no scale to draw."
            )
    with canvas(ax, (6.2, 4.4)) as ax:
        scale_axis(ax, "x", across, *limits_around(across))
        scale_axis(ax, "y", up, *limits_around(up))
        placed = np.isfinite(across.values) & np.isfinite(up.values)
        handles = _inside(ax, across.values, up.values, placed, state, shade, scale, cmap)
        handles += _outside(ax, across, up, state)
        unfinished.legend_below(ax, handles)
    return ax


def _state(table: SweepTable, columns: list[Column]) -> np.ndarray:
    state = point_states(table)
    for c in columns:
        state = np.where((state == "finished") & np.isnan(c.values), "no value", state)
    return state


def _inside(
    ax: Axes,
    x: np.ndarray,
    y: np.ndarray,
    placed: np.ndarray,
    state: np.ndarray,
    shade: Column | None,
    scale: str,
    cmap: str | None,
) -> list[Any]:
    """Marks within the frame, by colour; returns legend entries."""
    done = placed & (state == "finished")
    look: dict[str, Any] = {"s": 26, "edgecolors": "0.2", "linewidths": 0.4}
    handles = []
    if shade is None:
        ax.scatter(x[done], y[done], c=BLUE, label="_numbers", **look)
    elif shade.words:
        for k, word in enumerate(shade.words):
            here = done & (shade.values == k)
            dots = ax.scatter(
                x[here], y[here], color=dark_to_light(k, len(shade.words)), marker=SIGNS[k % len(SIGNS)],
                label=f"{shade.name} = {word}", **look,
            )  # fmt: skip
            handles.append(dots)
    else:
        known = done & np.isfinite(shade.values)
        if known.any():
            how = colour_scale(shade.values[known], shade.name, scale, cmap)
            dots = ax.scatter(
                x[known], y[known], c=shade.values[known], norm=how.norm, cmap=how.cmap, label="_numbers",
                **look,
            )  # fmt: skip
            colour_bar(ax, dots, shade.label, how, shade.values[known], pad=0.06)
        never = done & np.isinf(shade.values)
        if never.any():
            mark: dict[str, Any] = {
                "c": unfinished.NEVER,
                "edgecolors": unfinished.NEVER_EDGE,
                "linewidths": 0.9,
            }
            word = f"{shade.name}: {shade.endless} ({int(never.sum())})"
            handles.append(ax.scatter(x[never], y[never], s=26, label=word, **mark))
    for status, here in _failures(state, placed):
        cross: dict[str, Any] = {"marker": unfinished.marker(status), "c": unfinished.GREY_EDGE}
        words = f"{status} ({int(here.sum())})"
        handles.append(ax.scatter(x[here], y[here], s=30, linewidths=1.1, label=words, **cross))
    return handles


def _outside(ax: Axes, across: Column, up: Column, state: np.ndarray) -> list:
    """Marks above or right of the frame for points that lack one of the two numbers."""
    from matplotlib.lines import Line2D

    handles: list = []
    has_x, has_y = np.isfinite(across.values), np.isfinite(up.values)
    frames = (ax.get_xaxis_transform(), ax.get_yaxis_transform())
    for k, lacking in enumerate((up, across)):
        here = (has_x & ~has_y, has_y & ~has_x)[k]
        at = (across.values, up.values)[k]

        def marks(
            which: np.ndarray,
            marker: str,
            height: float,
            words: str,
            k: int = k,
            at: np.ndarray = at,
            **look: Any,
        ) -> None:
            out = np.full(int(which.sum()), height)
            x, y = (at[which], out) if k == 0 else (out, at[which])
            # Lines, not collections: only those are given room beyond the frame.
            (drawn,) = ax.plot(
                x, y, ls="", marker=marker, transform=frames[k], clip_on=False, label=words, **look
            )
            handles.append(drawn)

        never = here & (state == "finished") & np.isinf(lacking.values)
        if never.any():
            words = f"{lacking.name}: {lacking.endless} ({int(never.sum())})"
            look: dict = {"mfc": unfinished.NEVER, "mec": unfinished.NEVER_EDGE, "mew": 0.9, "ms": 5}
            marks(never, "^>"[k], OUTSIDE[0], words, **look)
        for status, which in _failures(state, here):
            look = {"color": unfinished.GREY_EDGE, "mew": 1.1, "ms": 5}
            marks(which, unfinished.marker(status), OUTSIDE[1], f"{status} ({int(which.sum())})", **look)
    for status, which in _failures(state, ~has_x & ~has_y):
        handles.append(Line2D([], [], ls="", label=f"{int(which.sum())} {status}, without either number"))
    return handles


def _failures(state: np.ndarray, among: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """(status, mask) of each status but "finished" among some points."""
    for status in unfinished.ordered(state[among]):
        yield status, among & (state == status)


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
    state = _state(table, [*found, shade])
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
    """A label as narrow lines: "lesion.", "radius", "[mm]"."""
    name, gap, unit = label.partition(" [")
    return name.replace(".", ".\n") + (f"\n[{unit}" if gap else "")


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
    for k, (status, here) in enumerate(_failures(state, everywhere)):
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
            handles.append(Line2D([], [], color=tone, lw=1.2, label=f"{shade.name} = {word}"))
        return handles
    known, never = done & np.isfinite(shade.values), done & np.isinf(shade.values)
    if known.any():
        values = shade.values[known]
        how = colour_scale(values, shade.name, scale, cmap)
        image = draw(
            known, array=values, norm=how.norm, cmap=how.cmap, linewidths=0.9, alpha=0.8, label="_numbers"
        )
        colour_bar(ax, image, shade.label, how, values, pad=0.03)
    if never.any():
        dots = (0, (1.2, 1.4))
        draw(never, colors=unfinished.NEVER_LINE, linewidths=1.0, linestyles=dots, label="_never")
        word = f"{shade.name}: {shade.endless} ({int(never.sum())})"
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
        marks = [(float((c.position(t) - low) / (high - low)), tick_text(t)) for t in ticks]
    else:
        marks = [(0.5, tick_text(10.0**low if c.log else low))]
    if open_end:
        marks.append((ABOVE, c.endless))
    for height, words in marks:
        ax.plot([k - 0.03, k], [height, height], color="0.15", lw=0.9, zorder=3, label="_tick")
        ax.text(
            k - 0.05, height, words, ha="right", va="center", fontsize=7, zorder=4,
            bbox={"facecolor": "w", "edgecolor": "none", "alpha": 0.75, "pad": 0.8},
        )  # fmt: skip


def _round(low: float, high: float) -> np.ndarray:
    from matplotlib.ticker import MaxNLocator

    found = np.asarray(MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high))
    gap = 1e-9 * (high - low)
    return found[(found >= low - gap) & (found <= high + gap)]
