"""The pore water of single cells that the vector code does not take: cold ones, and hard ones."""

from __future__ import annotations

import math

import numpy as np

from sim.chemistry.newton.records import OK, work_size
from sim.chemistry.pore_water import MEMORY, TINY, TRANSPORTED, H, PoreWater


def solve_cell(tables: PoreWater, inputs: np.ndarray, memory: np.ndarray) -> bool:
    """Solve a cell from a cold start: inputs (TRANSPORTED,) [mol m-3 pore water]; memory (MEMORY,) gets the
    solution as vector code begins with it. Whether there is one."""
    from sim.chemistry.newton.one.solve import solve_fluid  # here: it is compiled when it is needed

    r = tables.blocks.reactions
    total, nc = tables.total.copy(), tables.total.size
    with np.errstate(invalid="ignore"):
        total[:TRANSPORTED] = inputs / tables.density
    total[:H] = 0.5 * (total[:H] + np.sqrt(total[:H] ** 2 + TINY**2))
    x, m, lng = np.full(MEMORY, np.nan), np.zeros(r.K.size), np.zeros(r.K.size)
    work = np.zeros(work_size(nc, len(r.classes)))
    status = solve_fluid(total, tables.is_fixed, x, m, lng, work, r)[0]
    absent = np.isneginf(x[:nc])
    x[:nc][absent] = LN_NEXT_TO_NOTHING
    memory[:] = x
    return bool(status == OK)


# About where the activity of a component ends of which there is next to nothing.
LN_NEXT_TO_NOTHING = math.log(1e-50)
