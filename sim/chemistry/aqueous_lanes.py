"""`aqueous` for LANES cells at once, and the derivatives of its outputs.

Same inputs, outputs and failures, cell by cell; all scratch is one vector, so that threads can have
their own. A lane that the lane kernel leaves goes to the scalar kernel from a cold start.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math
from collections.abc import Sequence

from sim.chemistry.aqueous import COMPONENTS, PHASES, TINY, TRANSPORTED, tables
from sim.chemistry.constants_sets import ConstantsSet, constants_set
from sim.chemistry.lane_solve import PROGRAM, finish, work_size
from sim.chemistry.lanes import (
    LANES,
    balance,
    constant,
    evaluate,
    factorise,
    fma,
    layout,
    less,
    prepare,
    put,
    root,
    row,
    solve_rows,
    substitute,
    weighted,
)
from sim.jit.kernel import kernel

NU, NU_END = PROGRAM + 3, PROGRAM + 9  # nu_ptr, nu_comp, nu, gclass, classes, water
LN10 = math.log(10.0)

# Rates differ by what the solution is off: noise of 1e-12 stops an integrator that is asked for ten
# digits. Solved here is what a further step would move by rounding only.
SMALL_STEP, ROUNDING = 1e-7, 3e-14


def lane_tables(
    constants: str | ConstantsSet,
    temperature: float,
    background: dict[str, float],
    phases: Sequence[str] = PHASES,
) -> tuple:
    """Trailing arguments of `aqueous_lanes`: temperature [K], background totals [mol m-3], solids whose
    saturation is computed.

    Unlike the tables of `aqueous` they hold no scratch, and may be shared between threads.
    """
    chosen = constants_set(constants) if isinstance(constants, str) else constants
    density, total, is_fixed, _, _, _, *rest = tables(chosen, temperature, background, phases)
    program = chosen.tables(COMPONENTS, temperature).lanes
    if len(program) != PROGRAM:
        raise AssertionError(f"a lane program of {len(program)} parts")
    return (density, total, is_fixed, *rest[:7], *program, *rest[7:])


def scratch_size(arguments: tuple) -> int:
    """Length of the scratch vector of the kernels here; arguments: `lane_tables`."""
    return work_size(arguments[10 : 10 + PROGRAM], arguments[10 + PROGRAM :])


@kernel(cache=False)
def load(inputs, memory, w, density, total, t):
    """Totals [mol/kgw] and warm start of the cells into the rows of w."""
    X, T, _, _, _, _, _, _, _, _, _, _, _, _, _ = layout(t)
    flat, known = inputs.reshape(-1), memory.reshape(-1)
    for k in range(total.size):
        if k < TRANSPORTED:
            v = row(flat, k * LANES) / density
            if k < 3:
                v = 0.5 * (v + root(v * v + TINY * TINY))
            put(w, T + k * LANES, v)
        else:
            put(w, T + k * LANES, constant(total[k]))
    for k in range(total.size + 2):
        put(w, X + k * LANES, row(known, k * LANES))


# Not cached here and below: they call other files, and a cache sees only its own.


@kernel(cache=False)
def aqueous_lanes(
    inputs, memory, outputs, failed, scratch,
    density, total, is_fixed, mineral_nu, mineral_water, mineral_ln_K, free_P, free_C, PO4, Mg, *tables,
):  # fmt: skip
    """outputs (o, LANES) of `aqueous` from inputs (4, LANES): Ca, P, C, H [mol m-3 pore water].

    memory: (MEMORY, LANES) in and out, the last solution of each cell    failed: (LANES,) 0, or 1 when
    unsolved    scratch: (`scratch_size`,)    the rest: `lane_tables`. All two-dimensional arrays in C
    order.
    """
    t, arrays = tables[:PROGRAM], tables[PROGRAM:]
    n, w = total.size, scratch
    X, _, _, G, M, _, _, _, _, _, _, _, _, STATE, _ = layout(t)
    load(inputs, memory, w, density, total, t)
    if solve_rows(w, is_fixed, t, SMALL_STEP, ROUNDING, 0.0) < LANES:
        finish(w, is_fixed, t, arrays)
        for l in range(LANES):
            w[G + l] = math.exp(w[X + l])
    for l in range(LANES):
        if w[STATE + l] != 1.0:
            failed[l] = 1
    known, out = memory.reshape(-1), outputs.reshape(-1)
    for k in range(n + 2):
        put(known, k * LANES, row(w, X + k * LANES))
    put(out, 0, row(w, X + 3 * LANES) * (-1.0 / LN10))
    put(out, LANES, row(w, X + n * LANES))
    put(out, 2 * LANES, row(w, M) * density)
    P = constant(0.0)
    for j in free_P:
        P = P + row(w, M + j * LANES)
    put(out, 3 * LANES, P * density)
    C = constant(0.0)
    for j in free_C:
        C = C + row(w, M + j * LANES)
    put(out, 4 * LANES, C * density)
    put(out, 5 * LANES, row(w, M + Mg * LANES) * density)
    put(out, 6 * LANES, row(w, G))
    put(out, 7 * LANES, row(w, M + PO4 * LANES) / row(w, G + (2 * n + 2 + t[26][PO4]) * LANES))
    for i in range(mineral_ln_K.size):
        omega = row(w, X + (n + 1) * LANES) * mineral_water[i] - mineral_ln_K[i]
        for k in range(n):
            if mineral_nu[i, k] != 0.0:
                omega = fma(row(w, X + k * LANES), mineral_nu[i, k], omega)
        put(out, (8 + i) * LANES, omega)


@kernel(cache=False)
def activity_slope(w, j, dL, t, species):
    """Change of ln activity of species j with that of the components, in the rows S."""
    nu_ptr, nu_comp, nu, _, _, water = species
    S = layout(t)[6]
    change = dL * water[j]
    for i in range(nu_ptr[j], nu_ptr[j + 1]):
        change = fma(row(w, S + nu_comp[i] * LANES), nu[i], change)
    return change


@kernel(cache=False)
def molality_slope(w, j, dI, dL, t, species):
    """Change of the molality of species j [mol/kgw]."""
    _, _, _, _, M, _, _, _, _, _, _, _, SLOPE, _, _ = layout(t)
    c = t[26][j]
    ln_gamma = row(w, SLOPE + t[6][c] * LANES) * t[7][c]
    return row(w, M + j * LANES) * less(activity_slope(w, j, dL, t, species), ln_gamma, dI)


@kernel(cache=False)
def aqueous_slopes_lanes(
    inputs, memory, outputs, slopes, scratch,
    density, total, is_fixed, mineral_nu, mineral_water, mineral_ln_K, free_P, free_C, PO4, Mg, *tables,
):  # fmt: skip
    """slopes[i, q] = d outputs[i]/d inputs[q], (o, 4, LANES), at what `aqueous_lanes` left.

    By the implicit function theorem, J dx = dT with the Jacobian J bordered by the ionic strength and
    the water activity, both in full; NaN where a cell is unsolved.
    """
    t = tables[:PROGRAM]
    species = tables[NU:NU_END]
    n, w = total.size, scratch
    family, sum_ptr, sum_at, sum_coef, aw_slope = t[4], t[8], t[9], t[10], t[23]
    nf, n_off = family.shape[0], t[14].size
    X, _, DEAD, G, M, F, S, B, C, V, _, _, _, STATE, _ = layout(t)
    load(inputs, memory, w, density, total, t)
    prepare(w, is_fixed, t)
    put(w, STATE + LANES, constant(1.0))
    evaluate(w, True, t)
    balance(w, is_fixed, t, SMALL_STEP, ROUNDING, 0.0)
    late = n * nf + 2 * n + n_off + nf  # sums with the water
    for k in range(n):
        e = weighted(w, M, late + k, sum_ptr, sum_at, sum_coef)
        put(w, F + k * LANES, e)
    factorise(w, F, B, is_fixed, t)
    d, f, g = row(w, STATE + 5 * LANES), constant(0.0), row(w, STATE + 6 * LANES)
    for i in range(nf):
        half = constant(0.5 * family[i, 3])
        f = less(f, half, weighted(w, M, late + n + i, sum_ptr, sum_at, sum_coef))
    u = weighted(w, M, late + n + nf, sum_ptr, sum_at, sum_coef)
    for k in range(n):
        c, s = row(w, C + k * LANES), row(w, V + k * LANES)
        b, e = row(w, B + k * LANES), row(w, F + k * LANES)
        d, f = less(d, c, b), less(f, c, e)
        g, u = less(g, s, b), less(u, s, e)
    g, u = g * aw_slope, fma(u, aw_slope, row(w, G + 2 * n * LANES))
    det = d * u - f * g
    flat, out, given = inputs.reshape(-1), slopes.reshape(-1), outputs.reshape(-1)
    for q in range(TRANSPORTED):
        # S and the spare rows of STATE are free: S becomes dx of the components.
        for k in range(n):
            put(w, S + k * LANES, constant(0.0))
        put(w, S + q * LANES, 1.0 - row(w, DEAD + q * LANES))
        substitute(w, S, t)
        r1, r2 = constant(0.0), constant(0.0)
        for k in range(n):
            y = row(w, S + k * LANES)
            r1, r2 = less(r1, row(w, C + k * LANES), y), less(r2, row(w, V + k * LANES), y)
        r2 = r2 * aw_slope
        dI = (r1 * u - r2 * f) / det
        dL = (d * r2 - g * r1) / det
        factor = constant(1.0 / density)
        if q < 3:
            v = row(flat, q * LANES) / density
            factor = (0.5 / density) * (1.0 + v / root(v * v + TINY * TINY))
        for k in range(n):
            y = less(less(row(w, S + k * LANES), row(w, B + k * LANES), dI), row(w, F + k * LANES), dL)
            put(w, S + k * LANES, y * factor)
        dI, dL = dI * factor, dL * factor
        put(out, q * LANES, row(w, S + 3 * LANES) * (-1.0 / LN10))
        put(out, (4 + q) * LANES, dI)
        put(out, (4 * 2 + q) * LANES, molality_slope(w, 0, dI, dL, t, species) * density)
        P = constant(0.0)
        for j in free_P:
            P = P + molality_slope(w, j, dI, dL, t, species)
        put(out, (4 * 3 + q) * LANES, P * density)
        C_free = constant(0.0)
        for j in free_C:
            C_free = C_free + molality_slope(w, j, dI, dL, t, species)
        put(out, (4 * 4 + q) * LANES, C_free * density)
        put(out, (4 * 5 + q) * LANES, molality_slope(w, Mg, dI, dL, t, species) * density)
        put(out, (4 * 6 + q) * LANES, row(w, S) * row(given, 6 * LANES))
        put(out, (4 * 7 + q) * LANES, activity_slope(w, PO4, dL, t, species) * row(given, 7 * LANES))
        for i in range(mineral_ln_K.size):
            omega = dL * mineral_water[i]
            for k in range(n):
                if mineral_nu[i, k] != 0.0:
                    omega = fma(row(w, S + k * LANES), mineral_nu[i, k], omega)
            put(out, (4 * (8 + i) + q) * LANES, omega)
