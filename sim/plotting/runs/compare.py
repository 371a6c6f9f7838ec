"""Runs side by side: a measure over time, or a bar a run."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, not_one_of, shown
from sim.plotting.asked import as_list, need_name, need_result
from sim.plotting.canvas import canvas
from sim.plotting.colours import DASHES, dark_to_light
from sim.plotting.labels import customary, drawable, look_of, name_of, time_scale, time_words
from sim.plotting.legends import put_legend
from sim.plotting.runs import events
from sim.plotting.spans import least_resolved, least_span, widened
from sim.plotting.ticks import power_in_label, time_axis
from sim.run import measures
from sim.texts import duration_text
from sim.units import axis_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.measures import Measure
    from sim.run.result import Result

SCALES = ("auto", "linear", "log", "symlog")
FAR = 30.0  # ratio of the peaks of curves from which on the smaller lie on zero of a linear axis
TINT = "#5B9BC7"
SHORT = 28  # characters of a run's name beside what was done to it
DECADES = 6.0  # that a logarithmic axis spans at most


def compare(
    results: Mapping[str, Result] | Sequence[Result] | Result,
    measure: Measure | str,
    ax: Axes | None = None,
    scale: str = "auto",
    clock: str = "linear",
) -> Axes:
    """A measure of several runs: over time where the measure has a curve, as bars otherwise.

    results: {label: result}, or several results, which go by the names of their scenarios
    measure: of sim.measures; the name of a variable stands for its mean over the tissue
    scale: of the curves, "linear", "log", "symlog" (linear below what the runs resolve), or "auto":
        logarithmic where curves would lie on zero of a linear axis
    clock: "linear" or "root", a square-root scale of time that shows the first hours
    """
    runs = labelled(results, "compare")
    wanted = _measure(measure, runs)
    if scale not in SCALES:
        raise ConfigError(not_one_of("scale", scale, SCALES))
    with canvas(ax) as ax:
        if getattr(wanted, "curve", None) is None:
            return _bars(ax, runs, wanted)
        _curves(ax, runs, wanted, scale, clock)
    return ax


def labelled(results: Any, picture: str) -> dict[str, Result]:
    """{label: result} of what was given: those of a mapping, else names of scenarios."""
    if isinstance(results, Mapping):
        runs = {drawable(str(label)): r for label, r in results.items()}
    else:
        found = as_list(results) if isinstance(results, Sequence) else [results]
        names = [getattr(r, "manifest", {}).get("scenario", "run") for r in found]
        labels = [n if names.count(n) == 1 else f"{n} {names[: k + 1].count(n)}" for k, n in enumerate(names)]
        runs = dict(zip(map(drawable, labels), found, strict=True))
    if not runs:
        raise ConfigError(f"{picture} needs at least one result: {{'untreated': result}}.")
    for r in runs.values():
        need_result(r, picture)
    return runs


def _measure(measure: Any, runs: Mapping[str, Result]) -> Any:
    """A measure; a name is the mean of that variable."""
    if isinstance(measure, str):
        for r in runs.values():
            need_name(r, measure)
        return mean_of(measure)
    if not callable(measure):
        raise ConfigError(
            f"measure = {shown(measure)} cannot be measured; give one of sim.measures, peak('HAP'), or "
            "the name of a variable for its mean, 'HAP'."
        )
    return measure


def mean_of(name: str) -> Measure:
    """The volume mean of a variable."""
    return measures.mean(name)


def _curves(ax: Axes, runs: Mapping[str, Result], measure: Any, scale: str, clock: str) -> None:
    """A line a run, with what was done to each above."""
    end = max(float(r.t[-1]) for r in runs.values())
    per, _ = time_scale(end)
    drawn: dict[str, np.ndarray] = {}
    name, least, unit = "", 0.0, ""
    for k, (label, r) in enumerate(runs.items()):
        data = measure.curve(r)
        name = str(data.name or measure.__name__)
        look = look_of(data, _words(measure, r))
        unit = look.unit
        if name in r.dataset:
            least = max(least, least_resolved(r, name) * look.factor)
        drawn[label] = data.values * look.factor
        ax.plot(
            r.t / per,
            drawn[label],
            label=label,
            color=dark_to_light(k, len(runs)),
            ls=DASHES[k % len(DASHES)],
        )
    for line, values in zip(ax.lines[-len(drawn) :], drawn.values(), strict=True):
        if 0.0 < np.nanmax(np.abs(values)) <= least:
            line.set_label(f"{line.get_label()}: below {least:.1g} {unit}, which it resolves")
            line.set_data([], [])
    time_axis(ax, end, clock)
    _scale(ax, [v for v in drawn.values() if np.nanmax(np.abs(v), initial=0.0) > least], scale, least)
    if ax.get_yscale() == "linear":
        values = np.concatenate(list(drawn.values()))
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        span = least_span(measure.__name__, max(-low, high))
        if high - low < span:
            ax.set_ylim(*widened(low, high, span or 1.0))
        power_in_label(ax.yaxis, look.label, max(-low, high))
    else:
        ax.set_ylabel(look.label)
    told = []
    for label, r in runs.items():
        short = textwrap.shorten(label, SHORT, placeholder=" ...")
        told += [e._replace(words=f"{short}: {e.words}" if len(runs) > 1 and e.words != label else e.words,
                            key=f"{label}: {e.key}") for e in events.events(r)]  # fmt: skip
    events.mark_events(ax, told, per)
    handles, labels = ax.get_legend_handles_labels()
    put_legend(ax, handles, labels)


def _scale(ax: Axes, drawn: list[np.ndarray], scale: str, least: float) -> None:
    """The scale asked for, or the one on which all curves can be seen."""
    tops = [float(np.nanmax(v)) for v in drawn]
    lowest = min((float(np.nanmin(v)) for v in drawn), default=0.0)
    positive = bool(tops) and min(tops) > 0
    if scale == "log" and not positive:
        raise ConfigError("scale = 'log' needs curves above zero; 'symlog' and 'linear' take all.")
    if scale == "auto" and not (positive and lowest >= -least and max(tops) > FAR * min(tops)):
        return
    floor = max(0.01 * min(tops), 10.0**-DECADES * max(tops), least) if positive else least
    if scale == "symlog":
        ax.set_yscale("symlog", linthresh=floor or 1e-3 * max(map(abs, tops), default=1.0) or 1.0)
    elif scale != "linear":
        ax.set_yscale("log", nonpositive="clip")
        ax.set_ylim(min(floor, 0.1 * max(tops)), 2.0 * max(tops))


def _bars(ax: Axes, runs: Mapping[str, Result], measure: Any) -> Axes:
    """One bar a run; a value that is not finite is an onset that never came within its run."""
    values = {label: _number(measure(r), measure) for label, r in runs.items()}
    name = str(getattr(measure, "__name__", "measure"))
    known = [v for v in values.values() if np.isfinite(v)]
    per, unit = 1.0, _unit(measure, name, runs)
    longest = max(float(r.t[-1]) for r in runs.values())
    if unit == "s":
        per, unit = time_scale(max(known, default=longest))
        unit = time_words(unit)
    else:
        factor, unit = customary(unit)
        per = 1.0 / factor
    heights = [v / per if np.isfinite(v) else 0.0 for v in values.values()]
    if name_of(name).endswith("pH") and known:  # a logarithm has no zero for a bar to stand on
        return _dots(ax, values, name_of(name))
    bars = ax.bar(list(values), heights, width=0.6, color=TINT)
    marks = [
        f"{h:.3g}" if np.isfinite(v) else f"never\nin {duration_text(float(r.t[-1]))}"
        for h, v, r in zip(heights, values.values(), runs.values(), strict=True)
    ]
    ax.bar_label(bars, marks, padding=2)
    if not known:
        ax.set_ylim(0.0, longest / per)
    elif min(heights) >= 0:
        ax.set_ylim(0.0, 1.18 * max(heights) or 1.0)
    label = _words(measure, next(iter(runs.values())))
    ax.set_ylabel(
        f"{label} [{unit}]" if unit and _plain(unit) else axis_label(label, unit) if unit else label
    )
    return ax


def _dots(ax: Axes, values: Mapping[str, float], label: str) -> Axes:
    """A dot a run, on an axis without zero."""
    heights = np.array(list(values.values()))
    ax.plot(list(values), heights, ls="", marker="o", ms=8, color=TINT, mec="0.2")
    for k, height in enumerate(heights):
        ax.annotate(f"{height:.2f}", (k, height), (0.0, 7.0), textcoords="offset points", ha="center")
    low, high = widened(float(heights.min()), float(heights.max()), 0.5)
    ax.set_ylim(low - 0.1 * (high - low), high + 0.2 * (high - low))
    ax.set_xlim(-0.5, len(heights) - 0.5)
    ax.set_ylabel(label)
    return ax


def _plain(unit: str) -> bool:
    return unit in ("days", "years", "weeks")


def _words(measure: Any, result: Result) -> str:
    """What a measure is called: "mean calcium in solids"."""
    name = str(getattr(measure, "__name__", "measure"))
    kind, gap, variable = name.rpartition(" ")
    attrs = result[variable].attrs if variable in result.dataset else {}
    return f"{kind}{gap}{name_of(variable, attrs)}"


def _unit(measure: Any, name: str, runs: Mapping[str, Result]) -> str:
    """The SI unit of a measure: its own, or that of the variable that its name ends with."""
    if getattr(measure, "unit", ""):
        return str(measure.unit)
    variable = name.rpartition(" ")[2]
    known = {str(r[variable].attrs.get("units", "")) for r in runs.values() if variable in r.dataset}
    found = known.pop() if len(known) == 1 else ""
    return "" if found == "1" else found


def _number(value: Any, measure: Any) -> float:
    """The number that a measure gave."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigError(
            f"{getattr(measure, '__name__', shown(measure))} gives {shown(value)}, which is no number."
        ) from None
