"""The way of the pore water through pH and saturation, at some places, in one run or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.plotting.asked import as_list, need_name
from sim.plotting.canvas import SMALL, panel_row
from sim.plotting.colours import DASHES, dark_to_light
from sim.plotting.labels import wrapped
from sim.plotting.moments import ROUND
from sim.plotting.runs import places
from sim.plotting.runs.compare import labelled
from sim.plotting.runs.story import saturations
from sim.plotting.spans import LOGARITHMS, widened
from sim.texts import moment_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.result import Result

APART = 0.16  # of a panel: between marks of time, so that their words do not run together
WORD = "time"  # gid of the words beside a path


def phase_path(
    results: Mapping[str, Result] | Sequence[Result] | Result,
    solids: str | Sequence[str] | None = None,
    at: Sequence[float | str] | float | str = ("core", "edge"),
    ax: Axes | Sequence[Axes] | None = None,
) -> np.ndarray:
    """Saturation index against pH over time, a panel for each solid and a line for each place and run.

    results: {label: result}, or several results, or one
    solids: by name, "HAP"; those of the model when None, one of a formula
    at: "core", "edge", "mean", a layer's name (its mean), or a distance from the centre [m, "1 mm"]
    A path begins at an open circle and ends at a square; dots on the way are at round times, which stand
    beside the first path. Above the line at zero the solid can grow, below it dissolves. Means over a layer
    or the tissue are those of pH and index themselves. Returns the array of axes.
    """
    runs = labelled(results, "a phase path")
    names = _names(runs, solids)
    ways = {}
    for label, r in runs.items():
        for where in as_list(at) if places.axes_of(r) else [""]:
            pH = places.place(r, r["pH"], where).values
            ways[label, places.place_text(where)] = (r, pH, {
                n: places.place(r, r[n], where).values for n in names if n in r.dataset
            })  # fmt: skip
    found = list(dict.fromkeys(place for _, place in ways))
    with panel_row(ax, len(names)) as panels:
        if len(panels) != len(names):
            raise ConfigError(f"{len(names)} panels need {len(names)} axes; {len(panels)} were given.")
        for name, here in zip(names, panels, strict=True):
            _limits(here, [(pH, si[name]) for _, pH, si in ways.values() if name in si])
            told = False
            for (label, place), (r, pH, si) in ways.items():
                if name not in si:
                    continue
                tint = dark_to_light(found.index(place), len(found))
                dash = DASHES[list(runs).index(label) % len(DASHES)]
                words = _label(label if len(runs) > 1 else "", place if len(found) > 1 else "")
                here.plot(pH, si[name], color=tint, ls=dash, lw=1.4, label=words)
                _mark(here, r.t, pH, si[name], tint, told)
                told = True
            here.axhline(0.0, color="0.6", lw=0.8, zorder=0)
            here.set(xlabel="pH", ylabel=f"SI {name.removeprefix('SI_')} [-]")
        _legend(panels)
    return np.array(panels, dtype=object)


def _names(runs: Mapping[str, Result], solids: str | Sequence[str] | None) -> list[str]:
    """Names of the indices to show."""
    first = next(iter(runs.values()))
    for r in runs.values():
        need_name(r, "pH")
    if solids is None:
        found = list(dict.fromkeys(n for r in runs.values() for n in saturations(r)))
        if not found:
            raise ConfigError(
                "a phase path needs saturation indices, and this run has none: variables= left them out."
            )
        return found
    phases = {s: f"SI_{first[s].attrs['phase']}" for s in first.solids}
    found = []
    for solid in as_list(solids):
        name = solid if str(solid).startswith("SI_") else phases.get(solid, f"SI_{solid}")
        for r in runs.values():
            need_name(r, name)
        found.append(name)
    if not found:
        raise ConfigError("no solid is named; give for example ['HAP', 'OCP'].")
    return found


def _limits(ax: Axes, ways: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Limits around all paths, and the line at zero."""
    ends = []
    for k in (0, 1):
        values = np.concatenate([w[k] for w in ways])
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        if k:
            low, high = min(low, 0.0), max(high, 0.0)
        low, high = widened(low, high, 2.0 * LOGARITHMS)
        edge = (0.1 if k else 0.2) * (high - low)  # room for words
        ends.append((low - edge, high + edge))
    ax.set(xlim=ends[0], ylim=ends[1])


def mark_times(t: np.ndarray, way: np.ndarray) -> list[float]:
    """Round times [s] at which a path has moved on by enough for a word. way: (times, 2) as shares of axes"""
    found: list[float] = []
    kept = [way[0]]
    for time in ROUND[(t[0] < ROUND) & (t[-1] > ROUND)]:
        point = np.array([np.interp(time, t, way[:, k]) for k in (0, 1)])
        if all(np.hypot(*(point - k)) >= APART for k in kept) and np.hypot(*(point - way[-1])) >= APART:
            found.append(float(time))
            kept.append(point)
    return found


def _mark(ax: Axes, t: np.ndarray, pH: np.ndarray, si: np.ndarray, tint: Any, told: bool) -> None:
    """Start, end and round times of a path. told: whether another path has the words"""
    back = ax.transAxes.inverted()
    way = back.transform(ax.transData.transform(np.column_stack([pH, si])))
    if not np.isfinite(way).all():
        return
    look: dict[str, Any] = {"color": tint, "ls": "", "label": "_mark"}
    ax.plot(pH[:1], si[:1], marker="o", mfc="w", ms=5.5, **look)
    ax.plot(pH[-1:], si[-1:], marker="s", ms=5.0, **look)
    times = mark_times(t, way)
    ax.plot(np.interp(times, t, pH), np.interp(times, t, si), marker="o", ms=3.5, **look)
    if told:
        return
    middle = 0.5 * (way.min(axis=0) + way.max(axis=0))
    for time in (*times, float(t[-1])):
        point = (float(np.interp(time, t, pH)), float(np.interp(time, t, si)))
        out = np.array([np.interp(time, t, way[:, k]) for k in (0, 1)]) - middle
        out = out / (float(np.hypot(*out)) or 1.0)
        right, up = (0 if abs(x) < 0.4 else int(np.sign(x)) for x in out)
        words = _beside(ax, moment_text(time), point, (right, up or 1 - abs(right)))
        words.set_gid(WORD)


def _beside(ax: Axes, words: str, point: tuple[float, float], side: tuple[int, int]) -> Any:
    """Words beside a point, outlined in white. side: to the left or right, below or above (-1, 0, 1)"""
    import matplotlib.patheffects as effects

    right, up = side
    return ax.annotate(
        words, point, (5.0 * right, 5.0 * up), textcoords="offset points",
        ha=("right", "center", "left")[right + 1], va=("top", "center", "bottom")[up + 1],
        fontsize=SMALL - 1.0, color="0.2", path_effects=[effects.withStroke(linewidth=2.5, foreground="w")],
    )  # fmt: skip


def _label(run: str, place: str) -> str:
    return ", ".join(w for w in (run, place) if w)


def _legend(panels: list[Axes]) -> None:
    """One legend for all panels, beside the last of the first row."""
    handles, labels = panels[0].get_legend_handles_labels()
    if len([w for w in labels if w]) < 2:
        return
    row = [p for p in panels if getattr(p.get_subplotspec(), "rowspan", range(1)).start == 0]
    row[-1].legend(handles, [wrapped(w, 22) for w in labels], loc="upper left", bbox_to_anchor=(1.04, 1.02))
