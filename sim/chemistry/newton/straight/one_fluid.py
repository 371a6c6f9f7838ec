"""One fluid from a cold start by the vector code for many, called from Python: nothing is compiled by numba.

What that code leaves goes to the kernel for one fluid, which takes seconds to compile and is seldom needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sim.chemistry.newton.records import OK, Blocks, work_size
from sim.chemistry.newton.straight.fluids import FluidPrograms
from sim.chemistry.newton.straight.guess import ROUNDS
from sim.chemistry.newton.straight.rows import fluid_numbers
from sim.codegen.machine import Routine
from sim.simd.constants import WIDTH

LIMIT = 30  # steps


class _Species:
    """Blocks as a key: equal where their programs are, whatever the temperature."""

    def __init__(self, t: Blocks):
        self.t = t
        changing = {"K", "classes", "aw_slope"}  # read from the numbers of a call
        r = [v for name, v in zip(t.reactions._fields, t.reactions, strict=True) if name not in changing]
        parts = (*r, t.has_inverse, t.activity.family[:, 3:], *t.activity[1:], *t.balance, *t.factor)
        self._key = tuple(p.tobytes() if isinstance(p, np.ndarray) else p for p in parts)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Species) and self._key == other._key


@lru_cache(maxsize=16)
def _routines(of: _Species) -> tuple[Sequence[Any], int]:
    p = FluidPrograms(of.t)
    return [Routine(q) for q in (p.begin, p.weigh, p.narrow, p.guess, p.step, p.finish)], p.rows.end


def solve_one(t: Blocks, total: np.ndarray, x: np.ndarray, at_pH: bool) -> tuple[np.ndarray, bool]:
    """Molalities (ns,) [mol/kgw] of a fluid, and whether it is solved.

    total (nc,) [mol/kgw], for H the acidity; at_pH: x of H is given instead
    x (nc + 2,) in and out: NaN for a cold start; -inf for the activity of what is absent
    """
    nc, ns = total.size, t.reactions.K.size
    (begin, weigh, narrow, guess, step, finish), rows = _routines(_Species(t))
    found, m, lng, solved = x.copy(), np.zeros(ns), np.zeros(ns), np.zeros(1)
    arrays = total, found, m, lng, solved, np.zeros((rows, WIDTH)), fluid_numbers(t, at_pH)
    if begin(0, 1, 1, *arrays) > 0:
        weigh(0, 1, 1, *arrays)
        if not at_pH:
            for _ in range(ROUNDS):
                narrow(0, 1, 1, *arrays)
        guess(0, 1, 1, *arrays)
    for n in range(1, LIMIT + 1):
        if step(0, 1, 1, *arrays) > 0 and n < LIMIT:
            continue
        if finish(0, 1, 1, *arrays) == 0:
            break
    if solved[0] == 1.0:
        x[:] = found
        return m, True
    return _by_kernel(t, total, x, np.array([at_pH and k == t.reactions.h for k in range(nc)], np.uint8))


def _by_kernel(t: Blocks, total: np.ndarray, x: np.ndarray, fixed: np.ndarray) -> tuple[np.ndarray, bool]:
    from sim.chemistry.newton.one.solve import solve_fluid  # here: it is compiled when it is needed

    m, lng = np.zeros(t.reactions.K.size), np.zeros(t.reactions.K.size)
    work = np.zeros(work_size(total.size, len(t.reactions.classes)))
    status = solve_fluid(total, fixed, x, m, lng, work, t.reactions)[0]
    return m, bool(status == OK)
