"""`speciation.solve` for LANES fluids: the lanes first, then the scalar kernel for what they leave."""

# ruff: noqa: E741  -- l counts lanes

from __future__ import annotations

import math

import numpy as np

from sim.chemistry.lanes import CONVERGED, LANES, LAST_STEP, NEAR, layout, solve_rows
from sim.chemistry.speciation import solve
from sim.jit.kernel import kernel

PROGRAM = 27  # length of SpeciationTables.lanes, after which SpeciationTables.arrays follow


def work_size(program: tuple, arrays: tuple) -> int:
    """Length of the scratch vector: rows, then what one scalar solve needs; arguments: SpeciationTables."""
    nc, ns, ncl = program[3].size, arrays[0].size, len(arrays[7])
    scalar = (2 * nc + 2 + 2 * ncl) + nc * nc + 9 * nc + 8
    return int(layout.py_func(program)[-1]) + (2 * nc + 2 + 2 * ns) + scalar


@kernel(cache=False)
def finish(w, is_fixed, t, arrays):
    """Hand the lanes that are not solved to the scalar kernel; STATE is its status then, plus one.

    Its scratch follows that of the lanes. A lane that it fails on keeps what it leaves, for bad input
    NaN.
    """
    nc, ns = is_fixed.size, t[0].size
    X, T, _, G, M, _, _, _, _, _, _, _, _, STATE, at = layout(t)
    gclass = t[26]
    total, x = w[at : at + nc], w[at + nc : at + 2 * nc + 2]
    at += 2 * nc + 2
    m, lng, work = w[at : at + ns], w[at + ns : at + 2 * ns], w[at + 2 * ns :]
    for l in range(LANES):
        if w[STATE + l] > 0.5:
            continue
        for k in range(nc):
            total[k] = w[T + k * LANES + l]
            x[k] = w[X + k * LANES + l] if is_fixed[k] == 1 else math.nan
        x[nc] = math.nan
        x[nc + 1] = math.nan
        for j in range(ns):
            m[j] = math.nan
            lng[j] = math.nan
        status = solve(total, is_fixed, x, m, lng, work, *arrays)[0]
        w[STATE + l] = 1.0 + status
        for k in range(nc + 2):
            w[X + k * LANES + l] = x[k]
        for j in range(ns):
            w[M + j * LANES + l] = m[j]
            w[G + (2 * nc + 2 + gclass[j]) * LANES + l] = math.exp(-lng[j])


@kernel(cache=False)
def solve_lanes(total, is_fixed, x, m, lng, status, work, *tables):
    """`speciation.solve` for LANES fluids.

    total: (nc, LANES) [mol/kgw]    x: (nc + 2, LANES) in and out    m, lng: (ns, LANES) out
    status: (LANES,) int64 out    work: (`lanes_work_size`,) scratch
    tables: SpeciationTables.lanes, then SpeciationTables.arrays
    """
    t, arrays = tables[:PROGRAM], tables[PROGRAM:]
    nc, ns, gclass = is_fixed.size, m.shape[0], t[26]
    X, T, _, G, M, _, _, _, _, _, _, _, _, STATE, _ = layout(t)
    for k in range(nc):
        for l in range(LANES):
            work[T + k * LANES + l] = total[k, l]
    for k in range(nc + 2):
        for l in range(LANES):
            work[X + k * LANES + l] = x[k, l]
    if solve_rows(work, is_fixed, t, LAST_STEP, NEAR, CONVERGED) < LANES:
        finish(work, is_fixed, t, arrays)
    for l in range(LANES):
        status[l] = np.int64(work[STATE + l]) - 1
    for k in range(nc + 2):
        for l in range(LANES):
            x[k, l] = work[X + k * LANES + l]
    for j in range(ns):
        at = G + (2 * nc + 2 + gclass[j]) * LANES
        for l in range(LANES):
            m[j, l] = work[M + j * LANES + l]
            lng[j, l] = -math.log(work[at + l])


# Not cached here: it calls other files, and a cache sees only its own.
