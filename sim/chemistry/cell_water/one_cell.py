"""The pore water of single cells that the vector code does not take: cold ones, and hard ones."""

from __future__ import annotations

import math

import numpy as np

from sim.chemistry.newton.straight.one_fluid import solve_one
from sim.chemistry.pore_water import TINY, H, PoreWater


def solve_cell(tables: PoreWater, inputs: np.ndarray, memory: np.ndarray) -> bool:
    """Solve a cell from a cold start: inputs (tables.transported,) [mol m-3 pore water]; memory
    (tables.memory,) gets the solution as vector code begins with it. Whether there is one.

    What was solved last is known: runs of a sweep begin with the same few fluids.
    """
    key = id(tables), inputs.tobytes()
    known = _last.get(key)
    if known is None or known[0] is not tables:
        if len(_last) >= KEPT:
            _last.clear()
        found = np.zeros(memory.size)
        known = _last[key] = tables, _solved(tables, inputs, found), found
    memory[:] = known[2]
    return known[1]


KEPT = 256  # solutions
_last: dict[tuple[int, bytes], tuple[PoreWater, bool, np.ndarray]] = {}


def _solved(tables: PoreWater, inputs: np.ndarray, memory: np.ndarray) -> bool:
    total, nc = tables.total.copy(), tables.total.size
    with np.errstate(invalid="ignore"):
        total[: inputs.size] = inputs / tables.density
        amounts = [k for k in range(inputs.size) if k != H]
        total[amounts] = 0.5 * (total[amounts] + np.sqrt(total[amounts] ** 2 + TINY**2))
    x = np.full(memory.size, np.nan)
    _, solved = solve_one(tables.equations, total, x, at_pH=False)
    x[:nc][np.isneginf(x[:nc])] = LN_NEXT_TO_NOTHING
    memory[:] = x
    return solved


# About where the activity of a component ends of which there is next to nothing.
LN_NEXT_TO_NOTHING = math.log(1e-50)
