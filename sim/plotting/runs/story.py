"""One figure that tells a run: where mineral formed, in which fluid, from which calcium."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np

from sim.plotting.canvas import style
from sim.plotting.runs import curves, fields, places, sections, standstill
from sim.plotting.runs.moments import round_times
from sim.run import measures
from sim.texts import moment_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.gridspec import SubplotSpec

    from sim.run.result import Result

CLOCK = "root"
NEGLIGIBLE = 1e-6  # mol m-3 of a solid that is as good as none


def story(result: Result) -> Figure:
    """The figure of a run: mineral in space and time, pH, saturation, and the calcium budget.

    A run that did not reach its end tells why; one that got no further than a state shows that state.
    """
    import matplotlib.pyplot as plt
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with style():
        gaps = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.1, hspace=0.04, wspace=0.03)
        fig = plt.figure(figsize=(13.2, 7.4), layout=gaps)
        rows = fig.add_gridspec(2, 1, height_ratios=(1.1, 1))
        top, bottom = rows[0], rows[1]
        m = result.manifest
        if not result.t.size:
            standstill.nothing(fig, m["message"])
        elif result.t.size == 1 and places.axes_of(result):
            standstill.across(result, fig, rows[:], mineral(result), _formed(result), _indices(result))
        elif result.t.size == 1:
            standstill.stirred(result, fig, rows[:], _indices(result))
        elif places.axes_of(result):
            _space(result, fig, top, bottom)
        else:
            _stirred(result, fig, top, bottom)
        lines = [_summary(result)] if result.t.size else [f"{m['scenario']}  |  {m['status'].upper()}"]
        lines += [] if result.success else textwrap.wrap(m["message"], 190)
        room = "\n" * len(lines)  # the layout knows of the title only
        fig.suptitle(
            f"{m['title'] or m['scenario']}{room}", x=0.008, ha="left", fontsize=13, fontweight="bold"
        )
        for k, line in enumerate(lines):
            tint = "0.25" if k == 0 else "#B2182B"
            fig.text(0.008, 0.945 - 0.026 * k, line, fontsize=9.5, color=tint, va="center")
    return fig


def atlas(result: Result) -> Figure:
    """The figure of a rectangle or box beside its story: mineral, pH and saturation, mapped over time."""
    names = (mineral(result), "pH", *_indices(result)[:1])
    return sections.maps(result, [n for n in names if n in result.dataset])


def mineral(result: Result) -> str:
    """What to show as mineral: the mass of HAP, or all calcium in solids while HAP is scarce."""
    share = measures.mean("Ca_in_mineral")(result)
    if share > 0 and 5 * measures.mean("HAP")(result) < 0.1 * share:
        return "Ca_in_mineral"
    return "HAP_density"


def _space(result: Result, fig: Figure, top: SubplotSpec, bottom: SubplotSpec) -> None:
    round_ = places.axes_of(result)[0] == "r" or len(places.axes_of(result)) > 1
    upper = top.subgridspec(1, 3, width_ratios=(1.25, 0.9, 1.25))
    lower = bottom.subgridspec(1, 3)
    name = mineral(result)
    ax = fields.kymograph(result, name, ax=fig.add_subplot(upper[0]), clock=CLOCK)
    ax.set_title("Mineral over time and place", pad=8)
    ax = fig.add_subplot(upper[1])
    if round_:
        fields.plane(result, name, ax=ax)
        ax.set_title(f"The section at {moment_text(float(result.t[-1]))}", pad=8)
    else:
        curves.profiles(result, [_formed(result)], at=round_times(result)[-1], ax=ax)
        ax.set_title(f"Solids at {moment_text(float(result.t[-1]))}", pad=16)
    ax = curves.budget(result, "Ca", ax=fig.add_subplot(upper[2]), clock=CLOCK)
    ax.set_title("Where the calcium is", pad=8)
    times = round_times(result)
    ax = fig.add_subplot(lower[0])
    curves.profiles(result, "pH", at=times, ax=ax)
    if len(places.axes_of(result)) > 1 and ax.get_legend() is not None:
        ax.legend(**curves.BESIDE)  # a valley with two walls leaves no corner free
    ax.set_title("pH across the tissue", pad=16)
    ax = fig.add_subplot(lower[1])
    curves.profiles(result, [_indices(result)], at=list(dict.fromkeys((times[0], times[-1]))), ax=ax)
    ax.set_title("Saturation across the tissue", pad=16)
    where = ["core", *[n for n, _, _ in places.layer_spans(result, places.axes_of(result)[0])][1:]]
    where = list(dict.fromkeys(where)) if len(where) > 1 else ["core", "edge"]
    ax = fig.add_subplot(lower[2])
    curves.course(result, "pH", at=where[:4], ax=ax, clock=CLOCK)
    ax.set_title("pH over time", pad=16)


def _stirred(result: Result, fig: Figure, top: SubplotSpec, bottom: SubplotSpec) -> None:
    upper, lower = top.subgridspec(1, 2, width_ratios=(1, 1)), bottom.subgridspec(1, 2)
    ax = fig.add_subplot(upper[0])
    curves.course(result, [_formed(result)], ax=ax, clock=CLOCK)
    ax.set_title("Solids over time", pad=8)
    ax = curves.budget(result, "Ca", ax=fig.add_subplot(upper[1]), clock=CLOCK)
    ax.set_title("Where the calcium is", pad=8)
    ax = fig.add_subplot(lower[0])
    curves.course(result, "pH", ax=ax, clock=CLOCK)
    ax.set_title("pH over time", pad=8)
    ax = fig.add_subplot(lower[1])
    curves.course(result, [_indices(result)], ax=ax, clock=CLOCK)
    ax.set_title("Saturation over time", pad=8)


def _formed(result: Result) -> tuple[str, ...]:
    """The solids that formed, or HAP when none did."""
    some = tuple(s for s in result.solids if float(result[s].max()) > NEGLIGIBLE)
    return some or ("HAP",)


def _indices(result: Result) -> tuple[str, ...]:
    """Saturation with the solids of the model, one of a formula (granules are as ACP)."""
    found = {result[s].attrs["formula"]: f"SI_{result[s].attrs['phase']}" for s in result.solids}
    return tuple(n for n in reversed(found.values()) if n in result.dataset)


def _summary(result: Result) -> str:
    """Onset, total and status in a line."""
    m = result.manifest
    onset = measures.onset("Ca_in_mineral", above="0.1 mM")(result)
    amount = measures.mean("Ca_in_mineral")(result)
    hap = measures.mean("HAP_density")(result)
    parts = [
        m["scenario"],
        f"{places.kind(result).replace('_', ' ')}, {moment_text(m['t_end'])}",
        "no onset (0.1 mM Ca in solids)"
        if not np.isfinite(onset)
        else f"onset {moment_text(onset)} (0.1 mM Ca in solids)",  # fmt: skip
        f"at the end {_amount(amount)} mM Ca in solids, {_amount(hap)} mg HAP/cm$^3$ on average",
    ]
    if m["status"] != "finished":
        when = f"after {moment_text(m['t_end'])}" if m["t_end"] > 0 else "at the start"
        parts.append(f"{m['status'].upper()} {when}")
    return "  |  ".join(parts)


def _amount(value: float) -> str:
    if 0 < value < 1e-4:
        return "< 0.0001"
    return f"{float(f'{value:.3g}'):g}"
