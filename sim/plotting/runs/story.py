"""One figure that tells a run: where mineral formed, in which fluid, from which calcium."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, listing
from sim.plotting import spans
from sim.plotting.asked import as_list, need_result
from sim.plotting.canvas import SMALL, figure_for, style
from sim.plotting.common_limits import take_limits
from sim.plotting.labels import drawable
from sim.plotting.moments import round_times
from sim.plotting.runs import budget, compare, curves, events, fields, places, sections, standstill
from sim.run import measures
from sim.run.reported.result_text import began
from sim.texts import moment_text, number_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec

    from sim.model.model import Model
    from sim.run.result import Result

CLOCK = "root"
WIDE, HIGH = 9.2, 2.75  # inches: of the figure, and of a row of panels
LINE = 0.2  # inches of a line under the title
CHARACTERS = 112  # that such a line holds
NEEDED = ("HAP", "HAP_density", "Ca_in_mineral", "pH")
LEAST = 1e-4  # an amount [mM, mg cm-3] that is only said to be below this
NEGLIGIBLE = 1e-6  # mol m-3 of a solid that is as good as none


def story(
    result: Result, like: Result | Sequence[Result] | None = None, figure: Figure | None = None
) -> Figure:
    """The figure of a run: mineral in space and time, pH, saturation, and the calcium budget.

    figure: an empty one to draw on, which pyplot need not know; its size becomes that of the story
    A run that did not reach its end tells why; one that got no further than a state shows that state.
    It is as wide as a page or the column of a notebook, where it is read without being shrunk much.
    like: other results, whose stories this one is to be compared with: colours and axes have room for all.
        `story(a, like=b)` and `story(b, like=a)` show mineral in the same unit, colours and limits
    """
    from matplotlib.figure import Figure as EmptyFigure

    given = [result, *([] if like is None else as_list(like))]
    for one in given:
        need_result(one, "a story")
        _need_parts(one)
    runs = list(dict.fromkeys(given))
    solids = {mineral(r) for r in runs if r.t.size}
    name = solids.pop() if len(solids) == 1 else NEEDED[2]
    shown = [o for o in runs if o.t.size]
    made = _drawn(result, name, shown, figure)
    others = [_drawn(r, name, shown, EmptyFigure()) for r in runs[1:]]
    with style():
        take_limits(made, others)
    return made


def _drawn(result: Result, name: str, runs: list[Result], figure: Figure | None) -> Figure:
    """The story of one run. name: what stands for mineral; runs: that its colours are for"""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    lines, warned = _head(result)
    with style():
        panels = 3 if result.t.size > 1 and places.axes_of(result) else 2
        high = HIGH * panels + 0.5 + LINE * (len(lines) + len(warned))
        gaps = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06, hspace=0.03, wspace=0.02)
        fig = figure_for(figure, (WIDE, high), gaps)
        grid = fig.add_gridspec(panels, 2)
        if not result.t.size:
            standstill.nothing(fig, result.manifest["message"])
        elif result.t.size == 1 and places.axes_of(result):
            standstill.across(result, fig, grid[:], (name, runs), _formed(result), saturations(result))
        elif result.t.size == 1:
            standstill.stirred(result, fig, grid[:], saturations(result))
        elif places.axes_of(result):
            _space(result, fig, grid, name, runs)
        else:
            _stirred(result, fig, grid)
        m = result.manifest
        room = "\n" * len(lines + warned)  # the layout knows of the title only
        title = drawable(textwrap.shorten(m["title"] or m["scenario"], 90, placeholder="..."))
        fig.suptitle(f"{title}{room}", x=0.01, ha="left", fontsize=12, fontweight="bold")
        for k, line in enumerate(lines + warned):
            tint = "0.25" if k < len(lines) else "#B2182B"
            down = (0.36 + LINE * k) / high
            fig.text(0.01, 1.0 - down, line, fontsize=9, color=tint, va="center")
    return fig


def _need_parts(result: Result) -> None:
    """Refuse a run without what the panels show, and say what draws the rest."""
    lacking = [n for n in NEEDED if result.t.size and n not in result.dataset]
    if lacking:
        held = listing((str(n) for n in result.dataset.data_vars if n not in ("volume", "layer")), 5)
        raise ConfigError(
            f"a story needs {listing(lacking)}, which this run has not: its model lacks them, or variables= "
            f"left them out. plot.course, plot.profiles and plot.kymograph draw what there is: {held}."
        )


def _head(result: Result) -> tuple[list[str], list[str]]:
    """Lines under the title: what came of the run, and why it broke off."""
    m = result.manifest
    said = _summary(result) if result.t.size else [drawable(m["scenario"]), m["status"].upper()]
    lines: list[str] = []
    for part in said:  # whole parts in a line, as many as fit
        if lines and len(lines[-1]) + len(part) + 5 <= CHARACTERS:
            lines[-1] += f"  |  {part}"
        else:
            lines.append(part)
    return lines, [] if result.success else textwrap.wrap(m["message"], CHARACTERS)


def atlas(result: Result) -> Figure:
    """The figure of a rectangle or box beside its story: mineral, pH and saturation, mapped over time."""
    need_result(result, "an atlas")
    names = (mineral(result), "pH", *saturations(result)[:1])
    return sections.maps(result, [n for n in names if n in result.dataset])


def variables_read(model: Model) -> tuple[str, ...]:
    """Names of the variables that `story` and `atlas` look at, as far as a run of the model has them.

    Species that are a pool of the budget are among them: it is drawn in the colour that they bring.
    """
    solids = [(s.name, f"SI_{s.solid.phase}") for s in model.solids if s.solid is not None]
    pools = [s.name for s in model.species if s.colour and (s.pool or s.name) == s.name]
    return ("HAP_density", "Ca_in_mineral", "HAP", "pH", *(n for row in solids for n in row), *pools)


def mineral(result: Result) -> str:
    """What to show as mineral: the mass of HAP, or all calcium in solids while HAP is scarce."""
    share = mean_at_end(result, "Ca_in_mineral")
    if share > 0 and 5 * mean_at_end(result, "HAP") < 0.1 * share:
        return "Ca_in_mineral"
    return "HAP_density"


def mean_at_end(result: Result, name: str) -> float:
    """Volume mean of a variable at the end [its unit]."""
    return float(compare.mean_of(name)(result))


def _space(result: Result, fig: Figure, grid: GridSpec, name: str, runs: list[Result]) -> None:
    round_ = places.axes_of(result)[0] == "r" or len(places.axes_of(result)) > 1
    end, times = moment_text(float(result.t[-1])), round_times(result)
    made = [[fig.add_subplot(grid[row, column]) for column in (0, 1)] for row in range(3)]
    ax = fields.kymograph(result, name, ax=made[0][0], clock=CLOCK, like=runs)
    _title(ax, "Mineral over time and place")
    if round_:
        fields.plane(result, name, ax=made[0][1], like=runs)
        _title(made[0][1], f"The section at {end}")
    else:
        curves.profiles(result, name, at=times, ax=made[0][1])
        _title(made[0][1], "Mineral across the tissue")
    budget.budget(result, "Ca", ax=made[1][0], clock=CLOCK)
    _title(made[1][0], "Where the calcium is")
    where = ["core", *[n for n, _, _ in places.layer_spans(result, places.axes_of(result)[0])][1:]]
    where = list(dict.fromkeys(where)) if len(where) > 1 else ["core", "edge"]
    curves.course(result, "pH", at=where[:4], ax=made[1][1], clock=CLOCK)
    _title(made[1][1], "pH over time")
    curves.profiles(result, "pH", at=times, ax=made[2][0])
    _title(made[2][0], "pH across the tissue")
    ends = list(dict.fromkeys((times[0], times[-1])))
    curves.profiles(result, [saturations(result)], at=ends, ax=made[2][1])
    _title(made[2][1], "Saturation across the tissue")
    for row in made:
        level_titles(row)


def _stirred(result: Result, fig: Figure, grid: GridSpec) -> None:
    made = [[fig.add_subplot(grid[row, column]) for column in (0, 1)] for row in range(2)]
    curves.course(result, [_formed(result)], ax=made[0][0], clock=CLOCK)
    _title(made[0][0], "Solids over time")
    budget.budget(result, "Ca", ax=made[0][1], clock=CLOCK)
    _title(made[0][1], "Where the calcium is")
    curves.course(result, "pH", ax=made[1][0], clock=CLOCK)
    _title(made[1][0], "pH over time")
    curves.course(result, [saturations(result)], ax=made[1][1], clock=CLOCK)
    _title(made[1][1], "Saturation over time")
    for row in made:
        level_titles(row)


def _title(ax: Axes, words: str) -> None:
    ax.set_title(words)


def level_titles(row: Sequence[Axes]) -> None:
    """Titles of panels beside each other on one height, above whatever stands over any of them."""
    room = max(events.height(ax) for ax in row)
    if any(t.get_transform() != ax.transAxes and t.get_position()[1] > 1 for ax in row for t in ax.texts):
        room = max(room, SMALL + 4.0)
    for ax in row:
        ax.set_title(ax.get_title(loc="left"), pad=room + 6.0)


def _formed(result: Result) -> tuple[str, ...]:
    """The solids that formed, or HAP when none did."""
    some = tuple(s for s in result.solids if float(result[s].max()) > NEGLIGIBLE)
    return some or ("HAP",)


def saturations(result: Result) -> tuple[str, ...]:
    """Saturation with the solids of the model, one of a formula (granules are as ACP)."""
    found = {result[s].attrs["formula"]: f"SI_{result[s].attrs['phase']}" for s in result.solids}
    return tuple(n for n in reversed(found.values()) if n in result.dataset)


def _summary(result: Result) -> list[str]:
    """Onset, amounts and status, in parts."""
    m = result.manifest
    calcium, hap = _amount(result, "Ca_in_mineral"), _amount(result, "HAP_density")
    parts = [
        drawable(m["scenario"]),
        f"{places.kind(result).replace('_', ' ')}, {_span(result)}",
        f"onset (0.1 mM): calcium in solids {_came(result, 'Ca_in_mineral')}, apatite {_came(result, 'HAP')}",
        f"at the end {calcium} mM calcium in solids and {hap} mg HAP/cm$^3$ on average",
    ]
    if m["status"] != "finished":
        until = f"after {moment_text(m['t_end'])}" if m["t_end"] > 0 else "at the start"
        parts.append(f"{m['status'].upper()} {until}")
    return parts


def _came(result: Result, name: str) -> str:
    """When there was first so much of a solid anywhere: "3 days", "never", "before 10 days"."""
    when = measures.onset(name, above="0.1 mM")(result)
    if 0.0 < result.t[0] >= when:  # a run that goes on, or whose first output comes late
        return f"before {moment_text(float(result.t[0]))}"
    return moment_text(when) if np.isfinite(when) else "never"


def _span(result: Result) -> str:
    """How long the run was; of one that goes on from another and is shown alone, from when to when."""
    end = moment_text(result.manifest["t_end"])
    return f"{moment_text(float(result.t[0]))} to {end}" if began(result.manifest) else end


def _amount(result: Result, name: str) -> str:
    """A mean at the end; what the run cannot tell from nothing, of either sign, is below its tolerance."""
    value, least = mean_at_end(result, name), spans.least_resolved(result, name)
    if value and abs(value) <= least:
        return number_text(0.5 * least, float(f"{least:.0e}"))
    return number_text(value, LEAST)
