"""Where an element is over time: the pools of the ledger, stacked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, nearest, shown
from sim.plotting.asked import need_result
from sim.plotting.canvas import canvas
from sim.plotting.colours import colour
from sim.plotting.labels import name_of, time_scale
from sim.plotting.legends import BESIDE
from sim.plotting.runs import events
from sim.plotting.ticks import time_axis
from sim.units import convert_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from sim.run.result import Result

# Pools whose short names mean nothing without the model at hand.
POOLS = {
    "ions": "free ions",
    "cells": "in cells",
    "buffer": "on tissue protein",
    "membrane": "on membranes",
    "core": "nucleation cores",
}


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
    need_result(result, "a budget")
    names = [str(e) for e in result["element"].values]
    if not isinstance(element, str) or element not in names:
        raise ConfigError(
            f"the ledger has no {shown(element)}; there are {', '.join(names)}.{nearest(element, names)}"
        )
    volume = float(result["volume"].sum())
    table = result["ledger"].sel(element=element).transpose("pool", "time") / volume
    outside = [str(p) for p in table["pool"].values if is_supply(str(p))]
    held = {str(p): table.sel(pool=p).values for p in table["pool"].values if p not in outside}
    supplied = table.sel(pool=outside).sum("pool").values
    whole = np.sum(list(held.values()), axis=0)
    held = _large(held, convert_number(smallest, "1", "smallest"))
    end = float(result.t[-1])
    per, _ = time_scale(end)
    t = result.t / per
    with canvas(ax) as ax:
        for sign in (1.0, -1.0):  # acidity has pools below zero: they stack downwards
            some = {p: v for p, v in held.items() if (np.sum(v) >= 0) == (sign > 0)}
            if some:
                ax.stackplot(
                    t, *[np.where(v * sign > 0, v, 0.0) for v in some.values()],
                    labels=[_word(result, p) for p in some], colors=[colour(p, result) for p in some], lw=0,
                )  # fmt: skip
        came = supplied - supplied[0]  # a run that goes on has the supplies of all its history
        ax.plot(t, whole[0] + came, color="k", lw=1.2, ls=(0, (4, 2)), label="start + supplied")
        ax.axhline(whole[0], color="k", lw=0.7, ls=":", label="start")
        time_axis(ax, end, clock)
        ax.set_ylabel(f"{element} per tissue [mM]")
        events.mark_events(ax, events.events(result), per)
        handles, words = ax.get_legend_handles_labels()
        ax.legend(handles[::-1], words[::-1], handlelength=1.4, **BESIDE)
    return ax


def _word(result: Result, pool: str) -> str:
    """A pool in a legend; solids say so, as only they are the "calcium in solids" of other pictures."""
    if pool.startswith("_"):  # matplotlib leaves these out of legends
        return pool
    return f"{pool_name(pool)} (solid)" if pool in result.solids else pool_name(pool)


def pool_name(pool: str) -> str:
    """A pool of the ledger in words."""
    return POOLS.get(pool, name_of(pool))


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
