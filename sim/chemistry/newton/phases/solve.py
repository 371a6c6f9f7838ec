"""Many fluids with phases, in blocks of LANES."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.phases.iteration import solve_rows_with_phases
from sim.chemistry.newton.phases.records import PhaseLayout, Phases
from sim.chemistry.newton.records import OK, UNFINISHED, Blocks
from sim.jit.kernel import plain_kernel
from sim.simd.blocks import LANES


class Given(NamedTuple):
    """n fluids and the phases beside them [mol/kgw]."""

    totals: np.ndarray  # (n, nc) of the fluid
    supplied: np.ndarray  # (n, nc) at least what may dissolve: tells what is absent, and a first guess
    level: np.ndarray  # (n, phases)
    solids: np.ndarray  # (n, phases) amounts at the start


class Found(NamedTuple):
    """What the kernels take as a start and fill in."""

    x: np.ndarray  # (n, nc + 2)
    extent: np.ndarray  # (n, phases) formed since the start [mol/kgw]
    present: np.ndarray  # (n, phases) 1 where a phase is at equilibrium
    dissolved: np.ndarray  # (n, nc) sums of nu m
    status: np.ndarray  # (n,)


@plain_kernel(nogil=True)
def solve_blocks_with_phases(given: Given, found: Found, w, p: Phases, to: PhaseLayout, t: Blocks, fixed):
    """Solve n fluids; the status of those that are left is UNFINISHED.

    w: (to.end, LANES) work space    fixed: (nc,) zeros
    """
    totals, supplied, level, solids = given.totals, given.supplied, given.level, given.solids
    x, extent, present, dissolved = found.x, found.extent, found.present, found.dissolved
    status, at = found.status, t.at
    n, nc = totals.shape
    phases = p.share.size
    for begin in range(0, n, LANES):
        for lane in range(LANES):
            i = min(begin + lane, n - 1)  # the last block repeats the last fluid
            for k in range(nc):
                w[to.whole + k, lane] = totals[i, k]
                w[at.total + k, lane] = supplied[i, k]
            for k in range(nc + 2):
                w[at.x + k, lane] = x[i, k]
            for k in range(phases):
                w[to.level + k, lane] = level[i, k]
                w[to.given + k, lane] = solids[i, k]
                w[to.extent + k, lane] = extent[i, k]
                w[to.present + k, lane] = present[i, k]
        solve_rows_with_phases(w, fixed, p, to, t)
        for lane in range(min(LANES, n - begin)):
            i = begin + lane
            status[i] = OK if w[at.solved, lane] > 0.5 else UNFINISHED
            for k in range(nc + 2):
                x[i, k] = w[at.x + k, lane]
            for k in range(nc):
                dissolved[i, k] = w[at.sum + k, lane]
            for k in range(phases):
                extent[i, k] = w[to.extent + k, lane]
                present[i, k] = w[to.present + k, lane]
