"""Many fluids with phases, in blocks of LANES."""

from __future__ import annotations

from sim.chemistry.newton.one.work_space import pieces_of
from sim.chemistry.newton.phases.iteration import solve_rows_with_phases
from sim.chemistry.newton.phases.records import Found, Given, PhaseLayout, Phases
from sim.chemistry.newton.phases.safe import Held, safe_start
from sim.chemistry.newton.records import OK, UNFINISHED, Blocks, Reactions, work_size
from sim.jit.kernel import plain_kernel
from sim.simd.blocks import LANES


@plain_kernel(nogil=True)
def solve_blocks_with_phases(
    given: Given, found: Found, w, fixed, largest_I, p: Phases, to: PhaseLayout, t: Blocks
):
    """Solve n fluids; the status of those that are left is UNFINISHED.

    w: (to.end, LANES) work space    fixed: (nc,) zeros    largest_I: [mol/kgw] beyond which a solution may
    be one of several, and is left
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
        solve_rows_with_phases(w, fixed, largest_I, p, to, t)
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


@plain_kernel(nogil=True)
def start_safely(given: Given, found: Found, work, p: Phases, t: Reactions):
    """Starts of `safe_start` for n fluids: x, extents, and which phases are present.

    work: (`safe_work_size`,)
    """
    n, nc = given.totals.shape
    phases, ns = p.share.size, t.K.size
    first = 2 * nc + 4 * phases + ns
    q, vectors = phases, work[:first]
    m, rest = vectors[:ns], vectors[ns:]
    held = Held(rest[:q], rest[q : 2 * q], rest[2 * q : 3 * q], rest[3 * q : 4 * q],
                rest[4 * q : 4 * q + nc], rest[4 * q + nc :])  # fmt: skip
    pieces = pieces_of(work[first:], nc, t)
    for i in range(n):
        for k in range(phases):
            held.level[k] = given.level[i, k]
            held.amount[k] = given.solids[i, k]
        most = safe_start(given.totals[i], given.supplied[i], found.x[i], m, held, pieces, p, t)
        for k in range(phases):
            if p.endless[k] == 1:
                found.extent[i, k], found.present[i, k] = 0.0, 1.0
                continue
            is_there = held.amount[k] > most * held.distance[k]
            found.present[i, k] = 1.0 if is_there else 0.0
            found.extent[i, k] = (held.amount[k] if is_there else 0.0) - given.solids[i, k]


def safe_work_size(phases: int, t: Reactions) -> int:
    """Length of the work vector of `start_safely`."""
    nc = int(t.component.max()) + 1
    return 2 * nc + 4 * phases + t.K.size + work_size(nc, len(t.classes))
