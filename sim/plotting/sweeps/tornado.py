"""Which parameter matters: a tornado of what its low and high end do to a measure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError, listing, nearest
from sim.plotting.canvas import canvas
from sim.plotting.labels import name_of, words_of
from sim.plotting.sweeps.columns import (
    SEED,
    Column,
    axis_column,
    check_table,
    distinct_levels,
    measure_column,
    tick_text,
    varying_axes,
)
from sim.plotting.sweeps.unfinished import legend_below
from sim.plotting.ticks import power_in_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOW, HIGH = "#8FC1E3", "#1B4F72"  # light and dark: told apart in grey
CHANGE = 10.0  # %: of a parameter, for local sensitivities
FEW = 5  # levels of an axis whose ends are levels; of more, its lowest and highest fifth


class Bar(NamedTuple):
    """Result at the low and the high end of a parameter [drawn]; words: the name and those ends."""

    words: str
    low: float
    high: float


class Ends(NamedTuple):
    """What a tornado shows: bars, the value they start from, axis label and legend.

    at_base: what follows base_words, the base itself when None
    """

    bars: list[Bar]
    base: float | None
    label: str
    low: str = "low value"
    high: str = "high value"
    base_words: str = "base"
    endless: str = "infinite"
    at_base: str | None = None


def tornado(
    given: Any,
    measure: str | None = None,
    base: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """What the low and high end of each parameter do to a measure, the largest effect on top.

    given: a sweep's table; local sensitivities (`sim.sensitivity.local`); or {name: (low, high)}, the
    measure at the low and at the high end
    measure: its name; for a mapping the text of the axis, "mineral [mol m$^{-3}$]"; of local
    sensitivities the bars are the change for 10 % of each parameter, to first order
    base: the measure of the base case [its unit]; from the table where it holds that case

    Of a sweep that changes one axis at a time the bars are its extreme points. Of any other they are the
    medians over the points in the lowest and highest level (or fifth, of more than 5 levels) of an
    axis, all others varying. A bar that ends in "never" or "no number" has no such end to show.
    """
    if isinstance(given, Mapping):
        ends = _of_mapping(given, measure, base)
    elif hasattr(given, "rows"):
        ends = _of_table(given, measure, base)
    else:
        ends = _of_local(given, measure, base)
    if not any(np.isfinite([b.low, b.high]).any() for b in ends.bars):
        raise ConfigError(f"a tornado of {ends.label} has nothing to draw: it is not finite at any end.")
    with canvas(ax, (6.2, 1.3 + 0.42 * len(ends.bars))) as ax:
        _draw(ax, ends)
    return ax


def _of_mapping(given: Mapping, measure: str | None, base: float | None) -> Ends:
    if not given:
        raise ConfigError("a tornado needs at least one parameter: {'acid.load': (low, high)}.")
    bars = []
    for name, pair in given.items():
        if np.shape(pair) != (2,) or np.asarray(pair).dtype.kind not in "iuf":
            raise ConfigError(
                f"{name} = {pair!r} is not a pair; give the measure at its low and its high end, (0.2, 0.9)."
            )
        bars.append(Bar(str(name), float(pair[0]), float(pair[1])))
    return Ends(bars, base, measure or "measure")


def _of_table(table: Any, measure: str | None, base: float | None) -> Ends:
    check_table(table, "a tornado")
    if measure is None and len(table.names) == 1:
        measure = table.names[0]
    if measure is None:
        raise ConfigError(f"a tornado shows one measure; name one of {listing(table.names)}.")
    seen = measure_column(table, measure, "measure")
    names = [n for n in varying_axes(table) if n != SEED]
    if not names:
        raise ConfigError("no axis of this sweep has two levels; a tornado needs at least one that varies.")
    axes = [axis_column(table, n, "axis") for n in names]
    start = None if base is None else base * seen.factor
    index = np.stack([distinct_levels(a.values)[1] for a in axes], axis=1)
    usual = np.array([np.bincount(i).argmax() for i in index.T])
    off = index != usual
    if (off.sum(axis=1) <= 1).all() and (~off).all(axis=1).any():
        middle = _median(seen.values[(~off).all(axis=1)])
        bars = [_one_at_a_time(a, seen, off[:, k], off.any(axis=1)) for k, a in enumerate(axes)]
        return Ends(bars, middle if start is None else start, seen.label, endless=seen.endless)
    bars = [_over_the_rest(a, seen) for a in axes]
    start = _median(seen.values) if start is None else start
    return Ends(
        bars, start, f"median of {seen.label}", "lowest level or fifth", "highest level or fifth",
        "median of all points" if base is None else "base", seen.endless,
    )  # fmt: skip


def _one_at_a_time(axis: Column, seen: Column, here: np.ndarray, others: np.ndarray) -> Bar:
    """Extremes of an axis among the points that change it alone, the base case included."""
    return _ends(axis, seen, here | ~others)


def _ends(axis: Column, seen: Column, among: np.ndarray) -> Bar:
    """The measure at the least and largest level of an axis; of words, at those with the extremes."""
    found, index = distinct_levels(axis.values)
    medians = {k: _median(seen.values[among & (index == k)]) for k in np.unique(index[among])}
    first, last = min(medians), max(medians)
    if axis.words:
        known = {k: v for k, v in medians.items() if not np.isnan(v)} or medians
        first, last = min(known, key=lambda k: known[k]), max(known, key=lambda k: known[k])
    return Bar(_words(axis, found[first], found[last]), medians[first], medians[last])


def _over_the_rest(axis: Column, seen: Column) -> Bar:
    found = distinct_levels(axis.values)[0]
    if axis.words or found.size <= FEW:
        return _ends(axis, seen, np.ones(axis.values.size, dtype=bool))
    low, high = np.quantile(axis.values, [0.2, 0.8])
    return Bar(
        _words(axis, found[0], found[-1]),
        _median(seen.values[axis.values <= low]),
        _median(seen.values[axis.values >= high]),
    )


def _median(values: np.ndarray) -> float:
    """Of the points that have a number or "never"; nan when none has."""
    some = values[~np.isnan(values)]
    if not some.size:
        return float("nan")
    return float(np.quantile(some, 0.5, method="linear" if np.isfinite(some).all() else "lower"))


def _words(axis: Column, low: float, high: float) -> str:
    if axis.words:
        return f"{axis.said}\n{axis.text(low)} | {axis.text(high)}"
    return f"{axis.said}\n{tick_text(low, 3)} to {axis.text(high)}"


def _of_local(given: Any, measure: str | None, base: float | None) -> Ends:
    """First-order changes from d ln measure / d ln parameter."""
    if not all(hasattr(given, part) for part in ("measures", "parameters", "values", "base")):
        raise ConfigError(
            f"a tornado needs the table of a sweep, local sensitivities or {{name: (low, high)}}, "
            f"not a {type(given).__name__}."
        )
    names = [str(m) for m in given.measures]
    if measure is None and len(names) == 1:
        measure = names[0]
    if measure not in names:
        hint = nearest(measure, names) if measure else ""
        raise ConfigError(
            f"a tornado shows one measure; name one of {listing(names)}, not {measure!r}.{hint}"
        )
    if base is not None:
        raise ConfigError("local sensitivities hold their own base case; leave base out.")
    shares = np.asarray(given.values, dtype=float)[names.index(measure)]
    names = [words_of(str(p)) for p in given.parameters]
    bars = [Bar(n, -CHANGE * v, CHANGE * v) for n, v in zip(names, shares, strict=True)]
    return Ends(
        bars, 0.0, f"change of {name_of(measure)}, to first order [%]",
        f"parameter {CHANGE:g} % less", f"parameter {CHANGE:g} % more",
        f"{name_of(measure)} at the scenario: {tick_text(float(given.base[measure]), 3)}", at_base="",
    )  # fmt: skip


def _draw(ax: Axes, ends: Ends) -> None:
    """Bars from the base to each end, sorted by what lies between the ends."""

    def reach(bar: Bar) -> float:
        at = np.array([bar.low, bar.high, *([] if ends.base is None else [ends.base])])
        known = at[np.isfinite(at)]
        return float("inf") if np.isinf(at).any() else float(np.ptp(known)) if known.size else 0.0

    bars = sorted(ends.bars, key=reach)
    numbers = [v for b in bars for v in (b.low, b.high) if np.isfinite(v)]
    if ends.base is not None and np.isfinite(ends.base):
        numbers.append(ends.base)
    left, right = min(numbers), max(numbers)
    gap = 0.12 * ((right - left) or abs(right) or 1.0)
    edge = {1.0: right + gap, -1.0: left - gap}
    for k, bar in enumerate(bars):
        start = ends.base
        if start is None or np.isnan(start):
            known = [v for v in (bar.low, bar.high) if np.isfinite(v)]
            start = float(np.mean(known)) if known else 0.5 * (left + right)
        start = edge[float(np.sign(start))] if np.isinf(start) else start
        sides = [(bar.low, LOW), (bar.high, HIGH)]
        same = all(np.isfinite(v) for v, _ in sides) and (bar.low - start) * (bar.high - start) > 0
        # Both ends on one side: the shorter bar in front, and thinner, so that both are seen.
        for value, tone in sorted(sides, key=lambda side: -abs(side[0] - start)):
            if np.isnan(value):
                side = -1.0 if tone == LOW else 1.0
                _note(ax, start, k, "no number", side)
                continue
            shorter = same and abs(value - start) == min(abs(v - start) for v, _ in sides)
            end = edge[float(np.sign(value))] if np.isinf(value) else value
            ax.barh(
                k, end - start, left=start, height=0.34 if shorter else 0.66, color=tone, edgecolor="0.2",
                linewidth=0.5, zorder=3 if shorter else 2,
            )  # fmt: skip
            if np.isinf(value):
                words = f"→ {ends.endless}" if value > 0 else f"{ends.endless} ←"
                _note(ax, end, k, words, float(np.sign(value)))
    if ends.base is not None and np.isfinite(ends.base):
        said = f": {tick_text(ends.base, 3)}" if ends.at_base is None else ends.at_base
        ax.axvline(ends.base, color="0.1", lw=1.0, zorder=4, label=f"{ends.base_words}{said}")
    ax.set_yticks(range(len(bars)), [b.words for b in bars])
    ax.set_ylim(-0.6, len(bars) - 0.4)
    ax.margins(x=0.08)
    power_in_label(ax.xaxis, ends.label, max(abs(v) for v in numbers))
    _legend(ax, ((LOW, ends.low), (HIGH, ends.high)))


def _note(ax: Axes, at: float, k: int, words: str, side: float) -> None:
    ax.annotate(
        words, (at, k), (3.0 * side, 0.0), textcoords="offset points", va="center", fontsize=7.5,
        ha="left" if side > 0 else "right", color="0.25", zorder=5, annotation_clip=False,
    )  # fmt: skip


def _legend(ax: Axes, tones: Sequence[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    handles: list = [Patch(facecolor=t, edgecolor="0.2", lw=0.5, label=words) for t, words in tones]
    legend_below(ax, handles + ax.get_legend_handles_labels()[0])
