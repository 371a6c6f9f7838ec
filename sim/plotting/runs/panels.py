"""A panel of lines: pens, one unit, a scale on which rounding is no effect, a legend off the lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.plotting.canvas import SMALL
from sim.plotting.colours import DASHES, colour, dark_to_light
from sim.plotting.labels import Look, look_of, wrapped
from sim.plotting.legends import put_legend
from sim.plotting.spans import is_constant, is_logarithm, least_resolved, least_span, least_step, widened
from sim.plotting.ticks import power_in_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.result import Result

LONG = "_line"  # a label that a legend leaves out
APART = 0.02  # amounts in one panel whose peaks differ by more get a logarithmic axis
DECADES = 6.0  # that such an axis spans at most
SAID = "said"  # gid of words in a panel


def draw_panel(
    ax: Axes,
    result: Result,
    panel: tuple[str, ...],
    x: np.ndarray,
    found: Mapping[str, Mapping[str, np.ndarray]],
) -> None:
    """Lines of the variables of a panel. found: {place or time: {variable: values}}

    What nowhere exceeds what the run resolves is not drawn: the legend says so.
    """
    looks = _one_unit(result, panel)
    for name in panel:
        look, least = looks[name], least_resolved(result, name)
        known = [values[name] for values in found.values()]
        most = max((float(np.nanmax(np.abs(v), initial=0.0)) for v in known), default=0.0)
        if 0.0 < most <= least:
            words = f"{look.name}: below {look.text(least * look.factor)},\nwhich the run resolves"
            ax.plot([], [], ls="", label=words, gid=SAID)
            continue
        for k, (where, values) in enumerate(found.items()):
            label = where if len(panel) == 1 else wrapped(look.name) if k == 0 else LONG
            ax.plot(x, values[name] * look.factor, label=label, **_pen(result, name, panel, k, len(found)))
    if len(panel) > 1 and len(found) > 1:
        for k, where in enumerate(found):
            ax.plot([], [], color="0.3", ls=DASHES[k % len(DASHES)], label=where)


def _one_unit(result: Result, panel: tuple[str, ...]) -> dict[str, Look]:
    """The looks of the variables of a panel, all in the unit of the first."""
    units = {name: str(result[name].attrs.get("units", "1")) for name in panel}
    if len(set(units.values())) > 1:
        said = ", ".join(f"{name} [{unit}]" for name, unit in units.items())
        raise ConfigError(f"one panel has one unit, and these have several: {said}. Give each its own panel.")
    looks = {name: look_of(result[name]) for name in panel}
    first = looks[panel[0]]
    return {name: look._replace(factor=first.factor, unit=first.unit) for name, look in looks.items()}


def _pen(result: Result, name: str, panel: tuple, k: int, count: int) -> dict[str, Any]:
    """Alone in a panel a variable is told apart by shade and dashes, in company by its colour."""
    if len(panel) == 1:
        single = colour(name, result) if count == 1 else dark_to_light(k, count)
        return {"color": single, "ls": DASHES[k % len(DASHES)]}
    return {"color": colour(name, result), "ls": DASHES[k % len(DASHES)]}


def finish_panel(ax: Axes, result: Result, panel: tuple[str, ...]) -> None:
    """Scale and label of the axis up, zero line of saturation indices, words, legend."""
    looks = _one_unit(result, panel)
    indices = all(n.startswith("SI_") for n in panel)
    first = looks[panel[0]]
    label = first.label
    if len(panel) > 1:
        label = "saturation index [-]" if indices else f"amount [{first.unit or '-'}]"
    steady = ""
    drawn = [np.asarray(line.get_ydata(), dtype=float) for line in ax.lines if _is_curve(line)]
    if drawn:
        least = max(least_resolved(result, n) * looks[n].factor for n in panel)
        if not indices and _decades(ax, drawn, least):
            ax.set_ylabel(label)
        else:
            steady = _limits(ax, result, panel, drawn, first, label)
    else:
        ax.set_ylabel(label)
    if indices:
        ax.axhline(0.0, color="0.6", lw=0.8, zorder=0, label="_zero")
    handles, labels = ax.get_legend_handles_labels()
    if len(panel) == 1 and drawn and not any(labels):
        if steady:
            say(ax, steady, 0.72)
        return
    if not drawn and len(handles) == 1:
        say(ax, labels[0].replace("\n", " "))
        return
    put_legend(ax, handles, labels, beside=len(panel) > 2, title=steady)


def _is_curve(line: Any) -> bool:
    """Whether a line shows values, not a border, an event or an entry of the legend."""
    return (
        line.get_gid() is None and line.get_transform() == line.axes.transData and len(line.get_xdata()) > 0
    )


def _limits(
    ax: Axes, result: Result, panel: tuple[str, ...], drawn: list[np.ndarray], look: Look, label: str
) -> str:
    """Linear limits no narrower than what matters; what is to be said where all is constant within that."""
    values = np.concatenate(drawn)
    values = values[np.isfinite(values)]
    if not values.size:
        ax.set_ylabel(label)
        return ""
    low, high = float(values.min()), float(values.max())
    size = max(-low, high)
    step = least_step(result, panel[0], size / look.factor) * look.factor
    span = max(least_span(panel[0], size), step)
    if high - low < span:
        bottom, top = widened(low, high, span if size > 0 else 1.0)
        edge = 0.05 * (top - bottom)
        ax.set_ylim(bottom - edge if bottom != 0.0 or low < 0 else bottom, top + edge)
    power_in_label(ax.yaxis, label, size)
    if all(is_constant(v, panel[0], step) for v in drawn) and is_constant(values, panel[0], step):
        middle = float(np.mean(values))
        said = f"{middle:.2f}" if is_logarithm(panel[0]) else f"{middle:.3g}"
        return f"constant: {said} {look.unit}".rstrip()
    return ""


def say(ax: Axes, words: str, height: float = 0.5) -> None:
    """Words in the middle of a panel; height: of the axes"""
    ax.text(
        0.5, height, wrapped(words), transform=ax.transAxes, ha="center", va="center", fontsize=SMALL,
        color="0.2", gid=SAID,
    )  # fmt: skip


def _decades(ax: Axes, drawn: list[np.ndarray], least: float) -> bool:
    """A logarithmic axis where several amounts of very different size share a panel; whether it is one.

    least: what the run resolves, below which nothing is shown
    """
    tops = [float(np.nanmax(y)) for y in drawn if y.size > 2]
    tops = [t for t in tops if t > 0]
    if len(tops) < 2 or min(tops) >= APART * max(tops):
        return False
    ax.set_yscale("log", nonpositive="clip")
    floor = max(0.01 * min(tops), 10.0**-DECADES * max(tops), least)
    ax.set_ylim(min(floor, 0.1 * max(tops)), 2.0 * max(tops))
    return True
