"""Many fluids with phases: the program of a step until each group is solved, and safe starts."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.one.work_space import pieces_of
from sim.chemistry.newton.phases.records import FoundFluids, GivenFluids, GivenRows, Phases, StateRows
from sim.chemistry.newton.phases.safe import HeldFluid, safe_start
from sim.chemistry.newton.records import COLD, NOTHING, OK, UNFINISHED, Reactions, work_size
from sim.codegen.call import call
from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH

# A total is told from the terms it is the difference of while it is this share of them; below, the sum
# over the species has more digits.
SHARE_OF_TERMS = 1e-3
PATIENCE, LIMIT = 16, 60  # steps after which a single fluid of a group is left, and all are


class StepCode(NamedTuple):
    """The programs of `step`, where their rows are, and a group to work on."""

    begin: int  # addresses
    step: int
    rows: StateRows
    row: GivenRows
    state: np.ndarray  # (1, rows, WIDTH)
    held: np.ndarray
    K: np.ndarray
    family: np.ndarray  # of `Activity`
    h: int  # place of H among the components that are there


@plain_kernel(nogil=True)
def solve_groups(first, last, given: GivenFluids, found: FoundFluids, largest_I, code: StepCode, p: Phases):
    """Solve the fluids of groups first..last of WIDTH; returns how many steps that took.

    The status is UNFINISHED where the iteration did not end, or beyond `largest_I` [mol/kgw], where a
    solution may be one of several.
    """
    n, steps = given.totals.shape[0], 0
    arrays = (code.state, code.held, code.K, code.family)
    for group in range(first, last):
        for lane in range(WIDTH):
            put_fluid(min(group * WIDTH + lane, n - 1), lane, given, found, code, p)  # the last repeats
        call(code.begin, 0, 1, 0, arrays)
        for step in range(LIMIT):
            left = call(code.step, 0, 1, 0, arrays)
            steps += 1
            if left == 0 or (left == 1 and step >= PATIENCE):
                break
        for lane in range(min(WIDTH, n - group * WIDTH)):
            take_fluid(group * WIDTH + lane, lane, given, found, largest_I, code, p)
    return steps


@plain_kernel
def put_fluid(i, lane, given: GivenFluids, found: FoundFluids, code: StepCode, p: Phases):
    """Fluid i into a lane."""
    state, held, rows, row, column = code.state[0], code.held[0], code.rows, code.row, given.column
    nc, n_all = column.size, given.totals.shape[1]
    for k in range(nc):
        total = given.totals[i, column[k]]
        supplied = total
        for j in range(p.share.size):
            supplied += p.nu[j, k] * given.solids[i, j]
            if p.endless[j] == 1 and p.nu[j, k] > 0.0:
                supplied = 1.0
        absent = k != code.h and supplied < NOTHING
        held[row.whole + k, lane] = total
        held[row.absent + k, lane] = 1.0 if absent else 0.0
        state[rows.x + k, lane] = 0.0 if absent else found.x[i, column[k]]
    state[rows.x + nc, lane], state[rows.x + nc + 1, lane] = found.x[i, n_all], found.x[i, n_all + 1]
    state[rows.step, lane] = 0.0
    for j in range(p.share.size):
        state[rows.extent + j, lane] = found.extent[i, j]
        state[rows.present + j, lane] = found.present[i, j]
        held[row.level + j, lane] = given.level[i, j]
        held[row.solids + j, lane] = given.solids[i, j]


@plain_kernel
def take_fluid(i, lane, given: GivenFluids, found: FoundFluids, largest_I, code: StepCode, p: Phases):
    """Fluid i out of a lane. Its totals are what is left: by difference, or by the sum over the species."""
    state, held, rows, row, column = code.state[0], code.held[0], code.rows, code.row, given.column
    nc, n_all = column.size, given.totals.shape[1]
    I = state[rows.x + nc, lane]
    good = state[rows.solved, lane] == 1.0 and I <= largest_I
    for k in range(n_all):
        found.x[i, k], found.totals[i, k] = -math.inf, 0.0
    found.x[i, n_all], found.x[i, n_all + 1] = I, state[rows.x + nc + 1, lane]
    for j in range(p.share.size):
        found.extent[i, j] = state[rows.extent + j, lane]
        found.present[i, j] = state[rows.present + j, lane]
    for k in range(nc):
        if held[row.absent + k, lane] == 1.0:
            continue
        x = state[rows.x + k, lane]
        good = good and abs(x) < -COLD
        found.x[i, column[k]] = x
        total, moved = held[row.whole + k, lane], 0.0
        for j in range(p.share.size):
            moved += p.nu[j, k] * found.extent[i, j]
        left = total - moved
        if k != code.h and abs(left) < SHARE_OF_TERMS * (abs(total) + abs(moved)):
            left = state[rows.dissolved + k, lane]
        found.totals[i, column[k]] = left
    found.status[i] = OK if good else UNFINISHED


@plain_kernel(nogil=True)
def start_safely(given: GivenFluids, supplied, found: FoundFluids, work, p: Phases, t: Reactions):
    """Starts of `safe_start` for n fluids: x, extents, and which phases are present.

    given, found: of the components that are there alone    supplied: (n, nc) at least what may dissolve
    work: (`safe_work_size`,)
    """
    n, nc = given.totals.shape
    phases, ns = p.share.size, t.K.size
    first = 2 * nc + 4 * phases + ns
    q, vectors = phases, work[:first]
    m, rest = vectors[:ns], vectors[ns:]
    held = HeldFluid(rest[:q], rest[q : 2 * q], rest[2 * q : 3 * q], rest[3 * q : 4 * q],
                rest[4 * q : 4 * q + nc], rest[4 * q + nc :])  # fmt: skip
    pieces = pieces_of(work[first:], nc, t)
    for i in range(n):
        for k in range(phases):
            held.level[k] = given.level[i, k]
            held.amount[k] = given.solids[i, k]
        most = safe_start(given.totals[i], supplied[i], found.x[i], m, held, pieces, p, t)
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
