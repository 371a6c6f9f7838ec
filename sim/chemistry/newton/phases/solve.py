"""Many fluids with phases: the program of a step until each group is solved, and safe starts."""

from __future__ import annotations

from sim.chemistry.newton.one.work_space import pieces_of
from sim.chemistry.newton.phases.records import Found, Given, Phases
from sim.chemistry.newton.phases.safe import Held, safe_start
from sim.chemistry.newton.records import Reactions, work_size
from sim.codegen.call import call
from sim.jit.kernel import plain_kernel

PATIENCE, LIMIT = 16, 60  # steps after which a single fluid of a group is left, and all are


@plain_kernel(nogil=True)
def solve_groups(address, state, given, number):
    """Steps of every group until its fluids are solved, or few are left; returns how many steps.

    state, given: (groups, rows, WIDTH) of `StateRows`, `GivenRows`    address: of the program
    """
    steps = 0
    for group in range(state.shape[0]):
        for n in range(LIMIT):
            left = call(address, group, group + 1, 0, (state, given, number))
            steps += 1
            if left == 0 or (left == 1 and n >= PATIENCE):
                break
    return steps


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
