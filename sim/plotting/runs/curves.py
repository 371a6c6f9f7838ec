"""Lines: along the tissue at given times, and over time at given places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.plotting.asked import Times, as_list, moments, need_name, need_result
from sim.plotting.canvas import panel_row
from sim.plotting.labels import time_scale
from sim.plotting.runs import events, places, planes
from sim.plotting.runs.fields import snapshot
from sim.plotting.runs.panels import draw_panel, finish_panel
from sim.plotting.ticks import time_axis
from sim.texts import moment_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.result import Result

Names = str | Sequence[str | Sequence[str]]


def profiles(
    result: Result,
    names: Names,
    at: Times = None,
    ax: Axes | Sequence[Axes] | None = None,
) -> Axes | np.ndarray:
    """Variables along the tissue at some times (the end when None); one panel each.

    names: one name, or several; names grouped in a tuple share a panel, ("SI_HAP", "SI_OCP")
    Returns the Axes, or an array of them when several names are given.
    """
    need_result(result, "a profile")
    panels = _panels(result, names)
    axis = places.main_axis(result, "a profile")
    for name in {n for panel in panels for n in panel}:
        planes.in_cells(result, name)
    times = moments(result, at)
    size, unit = places.scale_along(result, axis)
    with panel_row(ax, len(panels)) as found:
        for panel, here in zip(panels, _enough(found, panels), strict=True):
            words = [moment_text(t) for t in times]
            found_at = [{n: places.line(result, snapshot(result, n, t)).values for n in panel} for t in times]
            x = places.line(result, snapshot(result, panel[0], times[-1]))[axis].values / size
            draw_panel(here, result, panel, x, dict(zip(_apart(words), found_at, strict=True)))
            here.set_xlim(*(places.edges(result, axis)[[0, -1]] / size))
            here.set_xlabel(places.axis_text(result, axis, unit))
            places.mark_layers(here, result, axis, size, vertical=True)
            finish_panel(here, result, panel)
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
    need_result(result, "a course")
    panels = _panels(result, names)
    where = as_list(at) if places.axes_of(result) else [""]
    end = float(result.t[-1])
    per, _ = time_scale(end)
    for name in {n for panel in panels for n in panel}:
        planes.in_cells(result, name)
    with panel_row(ax, len(panels)) as found:
        for panel, here in zip(panels, _enough(found, panels), strict=True):
            words = _apart([places.place_text(w) for w in where])
            values = [{n: places.place(result, result[n], w).values for n in panel} for w in where]
            draw_panel(here, result, panel, result.t / per, dict(zip(words, values, strict=True)))
            time_axis(here, end, clock)
            events.mark_events(here, events.events(result), per)
            finish_panel(here, result, panel)
    return found[0] if isinstance(names, str) else np.array(found, dtype=object)


def _panels(result: Result, names: Names) -> list[tuple[str, ...]]:
    """Names of the variables of each panel."""
    groups = [(names,)] if isinstance(names, str) else [tuple(as_list(n)) for n in as_list(names)]
    if not groups or not all(groups):
        raise ConfigError("no variable is named; give for example ['Ca', 'pH'].")
    return [tuple(need_name(result, n) for n in group) for group in groups]


def _apart(words: list[str]) -> list[str]:
    """The words, told apart where two are the same."""
    return [w if words.count(w) == 1 else f"{w} ({k + 1})" for k, w in enumerate(words)]


def _enough(found: list, panels: list) -> list:
    if len(found) != len(panels):
        raise ConfigError(f"{len(panels)} panels need {len(panels)} axes; {len(found)} were given.")
    return found
