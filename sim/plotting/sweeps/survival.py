"""Onset as survival: the share of points of a sweep without mineral, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import canvas
from sim.plotting.colours import DASHES, colour, dark_to_light
from sim.plotting.labels import time_scale, time_words
from sim.plotting.sweeps.columns import (
    Column,
    axis_column,
    check_table,
    distinct_levels,
    measure_column,
    tick_text,
)
from sim.plotting.sweeps.unfinished import legend_below
from sim.units import convert

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.sweeps.sweep_table import SweepTable

FEW = 5  # levels of an axis that get a curve each; more are put into three groups of equal size


class Survival(NamedTuple):
    """Kaplan-Meier estimate. times: rising, from 0 [s] · share: still without onset after each of them
    at_risk: before each of them · censored: ends of runs without onset [s]
    """

    times: np.ndarray
    share: np.ndarray
    at_risk: np.ndarray
    censored: np.ndarray


class RunEnds(NamedTuple):
    """What is known of the runs of a sweep. onset: [s], inf where it never came, nan where it is not known
    end: of each run [s] · known: which have an onset or "never" · end_stated: else it is the last onset
    """

    onset: np.ndarray
    end: np.ndarray
    known: np.ndarray
    end_stated: bool


def kaplan_meier(onset: np.ndarray, end: np.ndarray) -> Survival:
    """Share of runs without onset over time, runs leaving the count when they end.

    onset: [s], inf where it never came · end: of each run [s]
    At equal times onsets come before ends, as is usual.
    Source: Kaplan & Meier 1958, J Am Stat Assoc 53:457, eq. 2b.
    """
    event = np.isfinite(onset)
    last = np.where(event, onset, end)
    times = np.unique(onset[event])
    at_risk = np.array([(last >= t).sum() for t in times], dtype=float)
    came = np.array([(onset == t).sum() for t in times], dtype=float)
    share = np.cumprod(1.0 - came / at_risk) if times.size else np.empty(0)
    return Survival(
        np.concatenate([[0.0], times]), np.concatenate([[1.0], share]),
        np.concatenate([[float(onset.size)], at_risk]), np.sort(end[~event]),
    )  # fmt: skip


def survival(
    table: SweepTable,
    onset_measure: str,
    by: str | None = None,
    end: float | str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Share of the points without mineral over time, after Kaplan and Meier.

    onset_measure: name of a measure in time, infinite where nothing came (`sim.measures.onset`)
    by: an axis; a curve for each of its levels, or for three groups of equal size where it has many
    end: of the runs [s, "28 day"]; None takes the axis "duration" where the sweep has one, and else the
    last onset of all
    Runs without onset leave the count at their end (a small upright mark). Points that failed are left
    out, and their number is in the legend.
    """
    check_table(table, "a survival curve")
    onset = measure_column(table, onset_measure, "onset_measure")
    if onset.si != "s":
        raise ConfigError(
            f"onset_measure = {onset_measure!r} is not in time but in "
            f"{onset.unit or 'a number without unit'}; survival needs an onset, as sim.measures.onset gives."
        )
    runs = _runs(table, onset.values / onset.factor, end)
    if (runs.onset[runs.known] < 0).any():
        raise ConfigError(f"{onset_measure} has times below zero, which are no onsets of a run.")
    late = runs.known & np.isfinite(runs.onset) & (runs.onset > runs.end * (1 + 1e-9))
    if late.any():
        raise ConfigError(
            f"{int(late.sum())} onsets come after end = {end!r}; give the end of the longest run."
        )
    groups = _groups(table, by)
    longest = float(runs.end[runs.known].max())
    per, unit = time_scale(longest)
    with canvas(ax, (6.2, 3.9)) as ax:
        for k, (words, among) in enumerate(groups):
            tone = dark_to_light(k, len(groups)) if len(groups) > 1 else colour("HAP")
            _draw_curve(ax, runs, words, among, per, k, tone)
        ax.set_xlim(0.0, longest / per or 1.0)
        ax.set_ylim(0.0, 1.03)
        ax.set_xlabel(f"time [{time_words(unit)}]")
        ax.set_ylabel("share without mineral [-]")
        handles = ax.get_legend_handles_labels()[0]
        legend_below(ax, handles, title=None if by is None else axis_column(table, by, "by").label)
    return ax


def _runs(table: SweepTable, onset: np.ndarray, end: float | str | None) -> RunEnds:
    """The runs of a table by their onsets [s]; end: of all, where it is given."""
    known = ~np.isnan(onset)
    if end is not None:
        return RunEnds(onset, np.full(onset.size, convert(end, "s", "end")), known, True)
    if any(axis.name == "duration" for axis in table.axes):
        return RunEnds(onset, np.asarray(table.inputs("duration"), dtype=float), known, True)
    came = onset[np.isfinite(onset)]
    if not came.size:
        raise ConfigError(
            "no point has an onset, and the table does not say how long the runs were; give end='28 day'."
        )
    return RunEnds(onset, np.full(onset.size, came.max()), known, False)


def _groups(table: SweepTable, by: str | None) -> list[tuple[str, np.ndarray]]:
    """(words, points) of each curve."""
    if by is None:
        return [("", np.ones(len(table.rows), dtype=bool))]
    axis = axis_column(table, by, "by")
    found, index = distinct_levels(axis.values)
    if found.size < 2:
        raise ConfigError(f"by = {by!r} has one level only; there is nothing to compare.")
    if axis.words or found.size <= FEW:
        return [(axis.text(v), index == k) for k, v in enumerate(found)]
    borders = np.quantile(axis.values, [1 / 3, 2 / 3])
    third = np.searchsorted(borders, axis.values, side="right")
    return [(_range(axis, third == k), third == k) for k in range(3) if (third == k).any()]


def _range(axis: Column, among: np.ndarray) -> str:
    low, high = axis.values[among].min(), axis.values[among].max()
    return f"{tick_text(low, 3)} to {axis.text(high)}"


def _draw_curve(
    ax: Axes, runs: RunEnds, words: str, among: np.ndarray, per: float, k: int, tone: Any
) -> None:
    """Curve k, of the runs `among` all. per: seconds of a unit of the axis"""
    used = runs.known & among
    left_out = int((among & ~runs.known).sum())
    said = f"n = {int(used.sum())}" + (f"; {left_out} failed, left out" if left_out else "")
    name = f"{words} ({said})" if words else said
    if not used.any():
        ax.plot([], [], ls="", label=name)
        return
    found = kaplan_meier(runs.onset[used], runs.end[used])
    last = float(runs.end[used].max())
    ax.step(
        np.append(found.times, last) / per, np.append(found.share, found.share[-1]), where="post",
        color=tone, ls=DASHES[k % len(DASHES)], label=name,
    )  # fmt: skip
    if found.censored.size and runs.end_stated:
        at = np.searchsorted(found.times, found.censored, side="right") - 1
        ax.plot(
            found.censored / per, found.share[at], ls="", marker="|", ms=7, mew=1.2, color=tone,
            clip_on=False, label="_ends",
        )  # fmt: skip
