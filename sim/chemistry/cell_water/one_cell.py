"""The pore water of single cells that the vector code does not take: cold ones, and hard ones."""

from __future__ import annotations

import math

import numpy as np

from sim.chemistry.newton.straight.one_fluid import solve_one
from sim.chemistry.pore_water import MEMORY, TINY, TRANSPORTED, H, PoreWater


def solve_cell(tables: PoreWater, inputs: np.ndarray, memory: np.ndarray) -> bool:
    """Solve a cell from a cold start: inputs (TRANSPORTED,) [mol m-3 pore water]; memory (MEMORY,) gets the
    solution as vector code begins with it. Whether there is one."""
    total, nc = tables.total.copy(), tables.total.size
    with np.errstate(invalid="ignore"):
        total[:TRANSPORTED] = inputs / tables.density
        total[:H] = 0.5 * (total[:H] + np.sqrt(total[:H] ** 2 + TINY**2))
    x = np.full(MEMORY, np.nan)
    _, solved = solve_one(tables.blocks, total, x, at_pH=False)
    x[:nc][np.isneginf(x[:nc])] = LN_NEXT_TO_NOTHING
    memory[:] = x
    return solved


# About where the activity of a component ends of which there is next to nothing.
LN_NEXT_TO_NOTHING = math.log(1e-50)
