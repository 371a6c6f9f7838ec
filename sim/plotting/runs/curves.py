"""Lines: along the tissue at given times, over time at given places, runs side by side, budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, nearest
from sim.plotting.canvas import canvas, panel_row
from sim.plotting.colours import DASHES, colour, dark_to_light
from sim.plotting.labels import look_of, name_of, time_axis, time_scale
from sim.plotting.runs import places
from sim.plotting.runs.fields import snapshot
from sim.texts import moment_text
from sim.units import convert

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.measures import Measure
    from sim.run.result import Result

BESIDE: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.02)}

Names = str | Sequence[str | Sequence[str]]


def profiles(
    result: Result,
    names: Names,
    at: Sequence[float | str] | float | str | None = None,
    ax: Axes | Sequence[Axes] | None = None,
) -> Axes | np.ndarray:
    """Variables along the tissue at some times (the end when None); one panel each.

    names: one name, or several; names grouped in a tuple share a panel, ("SI_HAP", "SI_OCP")
    Returns the Axes, or an array of them when several names are given.
    """
    panels = _panels(names)
    axis = places.main_axis(result, "a profile")
    times = [float(result.t[-1])] if at is None else [convert(t, "s", "at") for t in _list(at)]
    size, unit = places.scale_along(result, axis)
    with panel_row(ax, len(panels)) as found:
        for panel, here in zip(panels, _enough(found, panels), strict=True):
            for name in panel:
                look = look_of(result[name])
                for k, t in enumerate(times):
                    data = places.line(result, snapshot(result, name, t))
                    here.plot(
                        data[axis].values / size, data.values * look.factor,
                        **_pen(result, name, panel, k, len(times)),
                        label=_legend(name, panel, moment_text(t), k),
                    )  # fmt: skip
            here.set_xlim(*(places.edges(result, axis)[[0, -1]] / size))
            here.set_xlabel(places.axis_text(result, axis, unit))
            _finish(here, result, panel, [moment_text(t) for t in times])
            places.mark_layers(here, result, axis, size, vertical=True)
    return found[0] if isinstance(names, str) else np.array(found, dtype=object)


def course(
    result: Result,
    names: Names,
    at: Sequence[float | str] | float | str = ("core", "edge", "mean"),
    ax: Axes | Sequence[Axes] | None = None,
    clock: str = "linear",
) -> Axes | np.ndarray:
    """Variables over time at some places; one panel each.

    at: "core", "edge", "mean", a layer's name (its mean), or a distance from the centre [m, "1 mm"]
    clock: "linear" or "root", a square-root scale of time that shows the first hours
    Names are grouped as in `profiles`. Returns the Axes, or an array of them.
    """
    panels = _panels(names)
    where = list(_list(at)) if places.axes_of(result) else [""]
    per, _ = time_scale(float(result.t[-1]))
    with panel_row(ax, len(panels)) as found:
        for panel, here in zip(panels, _enough(found, panels), strict=True):
            for name in panel:
                look = look_of(result[name])
                for k, w in enumerate(where):
                    data = places.place(result, result[name], w)
                    here.plot(
                        result.t / per, data.values * look.factor,
                        **_pen(result, name, panel, k, len(where)),
                        label=_legend(name, panel, places.place_text(w), k),
                    )  # fmt: skip
            time_axis(here, result, clock)
            _finish(here, result, panel, [places.place_text(w) for w in where])
    return found[0] if isinstance(names, str) else np.array(found, dtype=object)


def compare(results: Mapping[str, Result], measure: Measure, ax: Axes | None = None) -> Axes:
    """A measure of several runs: over time where the measure has a curve, as bars otherwise."""
    if not results:
        raise ConfigError("compare needs at least one result: {'untreated': result}.")
    curve = getattr(measure, "curve", None)
    with canvas(ax) as ax:
        if curve is None:
            return _bars(ax, {label: measure(r) for label, r in results.items()}, measure)
        per, unit = time_scale(max(float(r.t[-1]) for r in results.values()))
        for k, (label, r) in enumerate(results.items()):
            data = curve(r)
            look = look_of(data.rename(measure.__name__))
            ax.plot(
                r.t / per, data.values * look.factor, label=label,
                color=dark_to_light(k, len(results)), ls=DASHES[k % len(DASHES)],
            )  # fmt: skip
        ax.set_xlabel(f"time [{unit}]")
        ax.set_ylabel(look.label)
        ax.set_xlim(left=0)
        ax.legend()
    return ax


def _bars(ax: Axes, values: dict[str, float], measure: Measure) -> Axes:
    """One bar a run; a value that is not finite is an onset that never came."""
    known = [v for v in values.values() if np.isfinite(v)]
    per, unit = 1.0, getattr(measure, "unit", "")
    if unit == "s":
        per, unit = time_scale(max(known, default=1.0))
    heights = [v / per if np.isfinite(v) else 0.0 for v in values.values()]
    bars = ax.bar(list(values), heights, width=0.6, color="#5B9BC7")
    finite = np.isfinite(list(values.values()))
    marks = [f"{h:.3g}" if f else "never" for h, f in zip(heights, finite, strict=True)]
    ax.bar_label(bars, marks, padding=2)
    if min(heights) >= 0:
        ax.set_ylim(0.0, 1.15 * max(heights) or 1.0)
    ax.set_ylabel(f"{measure.__name__} [{unit}]" if unit else measure.__name__)
    return ax


def budget(
    result: Result,
    element: str = "Ca",
    ax: Axes | None = None,
    smallest: float = 0.01,
    clock: str = "linear",
) -> Axes:
    """Where an element is over time: its pools stacked, per volume of tissue.

    The dashed line is what there was at the start and what came from outside since: the stack ends
    there (less the pools that hang below zero, as those of acidity do).
    smallest: pools that never hold this share of all are put together as "other"
    """
    names = [str(e) for e in result["element"].values]
    if element not in names:
        raise ConfigError(
            f"the ledger has no '{element}'; there are {', '.join(names)}.{nearest(element, names)}"
        )
    volume = float(result["volume"].sum())
    table = result["ledger"].sel(element=element).transpose("pool", "time") / volume
    outside = [str(p) for p in table["pool"].values if is_supply(str(p))]
    held = {str(p): table.sel(pool=p).values for p in table["pool"].values if p not in outside}
    supplied = table.sel(pool=outside).sum("pool").values
    whole = np.sum(list(held.values()), axis=0)
    held = _large(held, smallest)
    per, _ = time_scale(float(result.t[-1]))
    t = result.t / per
    with canvas(ax) as ax:
        for sign in (1.0, -1.0):  # acidity has pools below zero: they stack downwards
            some = {p: v for p, v in held.items() if (np.sum(v) >= 0) == (sign > 0)}
            if some:
                ax.stackplot(
                    t, *[np.where(v * sign > 0, v, 0.0) for v in some.values()],
                    labels=[_word(p) for p in some], colors=[colour(p, result) for p in some], lw=0,
                )  # fmt: skip
        ax.plot(t, whole[0] + supplied, color="k", lw=1.2, ls=(0, (4, 2)), label="start + supplied")
        ax.axhline(whole[0], color="k", lw=0.7, ls=":", label="start")
        time_axis(ax, result, clock)
        ax.set_ylabel(f"{element} per tissue [mol m$^{{-3}}$]")
        handles, words = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], words[::-1], handlelength=1.4, **BESIDE)
    return ax


def _word(pool: str) -> str:
    return pool if pool.startswith("_") else name_of(pool)  # matplotlib leaves "_..." out of legends


def is_supply(pool: str) -> bool:
    return pool.startswith("supplied by ") or pool == "interventions"


def _large(held: dict[str, np.ndarray], smallest: float) -> dict[str, np.ndarray]:
    """Pools of some size, the least first; the rest summed as "other"."""
    top = max((float(np.max(np.abs(v))) for v in held.values()), default=0.0)
    top = max(top, float(np.max(np.sum(np.abs(list(held.values())), axis=0))))
    kept = {p: v for p, v in held.items() if np.max(np.abs(v)) > smallest * top}
    rest = np.sum([v for p, v in held.items() if p not in kept], axis=0)
    if not np.any(rest):
        return kept
    return {**kept, "other" if np.max(np.abs(rest)) > 2e-3 * top else "_other": rest}


def _panels(names: Names) -> list[tuple[str, ...]]:
    if isinstance(names, str):
        return [(names,)]
    if not names:
        raise ConfigError("no variable is named; give for example ['Ca', 'pH'].")
    return [(n,) if isinstance(n, str) else tuple(n) for n in names]


def _list(at: Sequence[float | str] | float | str) -> Sequence[float | str]:
    return [at] if isinstance(at, str | int | float) else list(at)


def _enough(found: list, panels: list) -> list:
    if len(found) != len(panels):
        raise ConfigError(f"{len(panels)} panels need {len(panels)} axes; {len(found)} were given.")
    return found


def _pen(result: Result, name: str, panel: tuple, k: int, count: int) -> dict:
    """Alone in a panel a variable is told apart by shade and dashes, in company by its colour."""
    if len(panel) == 1:
        single = colour(name, result) if count == 1 else dark_to_light(k, count)
        return {"color": single, "ls": DASHES[k % len(DASHES)]}
    return {"color": colour(name, result), "ls": DASHES[k % len(DASHES)]}


def _legend(name: str, panel: tuple, words: str, k: int) -> str:
    if len(panel) == 1:
        return words
    return name_of(name) if k == 0 else "_"


def _finish(ax: Axes, result: Result, panel: tuple, words: list[str]) -> None:
    """Axis label, zero line of saturation indices, legend."""
    looks = [look_of(result[n]) for n in panel]
    if len(panel) == 1:
        ax.set_ylabel(looks[0].label)
    else:
        alike = all(n.startswith("SI_") for n in panel)
        unit = looks[0].label.rpartition("[")[2] if "[" in looks[0].label else "-]"
        ax.set_ylabel("saturation index [-]" if alike else f"amount [{unit}")
    if all(n.startswith("SI_") for n in panel):
        ax.axhline(0.0, color="0.6", lw=0.8, zorder=0)
    else:
        _decades(ax)
    handles, labels = ax.get_legend_handles_labels()
    if len(panel) > 1 and len(words) > 1:
        from matplotlib.lines import Line2D

        for k, w in enumerate(words):
            handles.append(Line2D([], [], color="0.3", ls=DASHES[k % len(DASHES)]))
            labels.append(w)
    if len(handles) > 1 or (labels and labels[0]):
        beside = len(handles) > 4 or len(panel) > 2
        ax.legend(handles, labels, **(BESIDE if beside else {}))


def _decades(ax: Axes) -> None:
    """A logarithmic axis when several amounts of very different size share a panel."""
    drawn = [np.asarray(line.get_ydata()) for line in ax.lines]
    tops = [float(np.nanmax(y)) for y in drawn if y.size > 2]
    tops = [t for t in tops if t > 0]
    if len(tops) > 1 and min(tops) < 0.02 * max(tops):
        ax.set_yscale("log")
        ax.set_ylim(max(0.01 * min(tops), 1e-6 * max(tops)), 2.0 * max(tops))
