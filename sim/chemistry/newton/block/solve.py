"""Many fluids in blocks of LANES, and single lanes that a block leaves."""

from __future__ import annotations

import math

from sim.chemistry.newton.block.balances import log_gammas
from sim.chemistry.newton.block.iteration import solve_rows
from sim.chemistry.newton.one.solve import solve_fluid
from sim.chemistry.newton.records import OK, UNFINISHED, Accuracy, Blocks, work_size
from sim.jit.kernel import plain_kernel
from sim.simd.blocks import LANES

USUAL = Accuracy(last_step=2e-6, near=5e-13, converged=1e-13)


@plain_kernel(nogil=True)
def solve_blocks(totals, is_fixed, x, m, lng, status, w, t: Blocks):
    """`solve_fluids` by blocks, but for the fluids they leave: their status is UNFINISHED.

    totals: (n, nc), x: (n, nc + 2), m and lng: (n, ns), status: (n,) as there
    w: (t.at.end, LANES) work space
    """
    at, gamma_class = t.at, t.reactions.gamma_class
    n, nc = totals.shape
    ns = m.shape[1]
    for begin in range(0, n, LANES):
        for lane in range(LANES):
            i = min(begin + lane, n - 1)  # the last block repeats the last fluid
            for k in range(nc):
                w[at.total + k, lane] = totals[i, k]
            for k in range(nc + 2):
                w[at.x + k, lane] = x[i, k]
        solve_rows(w, is_fixed, USUAL, t)
        log_gammas(w, t)
        for lane in range(min(LANES, n - begin)):
            i = begin + lane
            status[i] = OK if w[at.solved, lane] > 0.5 else UNFINISHED
            for k in range(nc + 2):
                x[i, k] = w[at.x + k, lane]
            for j in range(ns):
                m[i, j] = w[at.m + j, lane]
                lng[i, j] = w[at.g + (2 * nc + 2 + gamma_class[j]), lane]


def size_of_one(t: Blocks) -> int:
    """Length of the scratch vector of `solve_left_lanes`."""
    nc, ns = t.has_inverse.size, t.reactions.K.size
    return 2 * nc + 2 + 2 * ns + work_size(nc, len(t.reactions.classes))


@plain_kernel(cache=False)
def solve_left_lanes(w, is_fixed, scratch, t: Blocks):
    """Hand the lanes that are not solved to `solve_fluid`; row `solved` is its status then, plus one.

    A lane that it fails on keeps what it leaves, for bad input NaN.
    """
    at, gamma_class = t.at, t.reactions.gamma_class
    nc, ns = is_fixed.size, t.reactions.K.size
    total, x = scratch[:nc], scratch[nc : 2 * nc + 2]
    rest = scratch[2 * nc + 2 :]
    m, lng, work = rest[:ns], rest[ns : 2 * ns], rest[2 * ns :]
    for lane in range(LANES):
        if w[at.solved, lane] > 0.5:
            continue
        for k in range(nc):
            total[k] = w[at.total + k, lane]
            x[k] = w[at.x + k, lane] if is_fixed[k] == 1 else math.nan
        x[nc] = math.nan
        x[nc + 1] = math.nan
        for j in range(ns):
            m[j] = math.nan
            lng[j] = math.nan
        status = solve_fluid(total, is_fixed, x, m, lng, work, t.reactions)[0]
        w[at.solved, lane] = 1.0 + status
        for k in range(nc + 2):
            w[at.x + k, lane] = x[k]
        for j in range(ns):
            w[at.m + j, lane] = m[j]
            w[at.g + (2 * nc + 2 + gamma_class[j]), lane] = math.exp(-lng[j])
