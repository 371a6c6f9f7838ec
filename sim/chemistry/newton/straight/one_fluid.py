"""One fluid from a cold start by the vector code for many, called from Python: nothing is compiled by numba.

What that code leaves goes to the kernel for one fluid, which takes seconds to compile and is seldom needed.
"""

from __future__ import annotations

import numpy as np

from sim.chemistry.newton.records import OK, FluidEquations, work_size
from sim.chemistry.newton.straight.guess import ROUNDS
from sim.chemistry.newton.straight.rows import fluid_numbers
from sim.chemistry.newton.straight.solve import LIMIT, fluid_routines
from sim.simd.constants import WIDTH


def solve_one(t: FluidEquations, total: np.ndarray, x: np.ndarray, at_pH: bool) -> tuple[np.ndarray, bool]:
    """Molalities (ns,) [mol/kgw] of a fluid, and whether it is solved.

    total (nc,) [mol/kgw], for H the acidity; at_pH: x of H is given instead
    x (nc + 2,) in and out: NaN for a cold start; -inf for the activity of what is absent
    """
    nc, ns = total.size, t.reactions.K.size
    by = fluid_routines(t)
    found, m, lng, solved = x.copy(), np.zeros(ns), np.zeros(ns), np.zeros(1)
    arrays = total, found, m, lng, solved, np.zeros((by.rows, WIDTH)), fluid_numbers(t, at_pH)
    # The loop of `solve_groups`, in Python.
    if by.begin(0, 1, 1, *arrays) > 0:
        by.weigh(0, 1, 1, *arrays)
        if not at_pH:
            for _ in range(ROUNDS):
                by.narrow(0, 1, 1, *arrays)
        by.guess(0, 1, 1, *arrays)
    for n in range(1, LIMIT + 1):
        if by.step(0, 1, 1, *arrays) > 0 and n < LIMIT:
            continue
        if by.finish(0, 1, 1, *arrays) == 0:
            break
    if solved[0] == 1.0:
        x[:] = found
        return m, True
    return _by_kernel(t, total, x, np.array([at_pH and k == t.reactions.h for k in range(nc)], np.uint8))


def _by_kernel(
    t: FluidEquations, total: np.ndarray, x: np.ndarray, fixed: np.ndarray
) -> tuple[np.ndarray, bool]:
    from sim.chemistry.newton.one.solve import solve_fluid  # here: it is compiled when it is needed

    m, lng = np.zeros(t.reactions.K.size), np.zeros(t.reactions.K.size)
    work = np.zeros(work_size(total.size, len(t.reactions.classes)))
    status = solve_fluid(total, fixed, x, m, lng, work, t.reactions)[0]
    return m, bool(status == OK)
