"""The pore water of LANES cells at once: from transported totals to what kinetics ask for.

Called from generated code for every block of cells and every evaluation, with the last solution of each
cell as its first guess. All scratch is one vector, so that threads can have their own. Blocks of warm cells
are solved by straight lines (`programs`), others by rows; a lane that the rows leave goes to
the kernel for one fluid from a cold start.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math
from typing import NamedTuple

from sim.chemistry.activity import LN10
from sim.chemistry.cell_water.programs import SHARP_STEP, Straight, straight_routines
from sim.chemistry.newton.block.balances import balances, molalities, sum_over_species
from sim.chemistry.newton.block.factors import factorise_rows, substitute_rows
from sim.chemistry.newton.block.guess import mark_lanes
from sim.chemistry.newton.block.iteration import solve_rows
from sim.chemistry.newton.block.solve import size_of_one, solve_left_lanes
from sim.chemistry.newton.records import (
    Accuracy,
    Activity,
    Balance,
    BlockLayout,
    Blocks,
    Factor,
    Guess,
    Reactions,
    leaves,
)
from sim.chemistry.pore_water import CA, TINY, TRANSPORTED, H, Minerals, PoreWater, Reported
from sim.codegen.call import call
from sim.codegen.registers import GROUPS
from sim.jit.kernel import plain_kernel
from sim.simd.blocks import LANES
from sim.simd.rows import fma, full_row, minus_product, put_row, row_of, sqrt_row

# Rows of the outputs, in the order of pore_water.outputs_of; from LN_OMEGA on one for each phase.
PH, IONIC_STRENGTH, CA_FREE, P_FREE, C_FREE, MG_FREE, A_CA, A_PO4, LN_OMEGA = range(9)

# Where the straight lines have left a block, as sharp as they are.
SHARP = Accuracy(last_step=1e-7, near=3e-14, converged=0.0)

PATIENCE = 8  # steps of a group that is warm

# Where the leaves of each record end among those of `PoreWater`.
_MINERALS = 3 + len(Minerals._fields)
_REPORTED = _MINERALS + len(Reported._fields)
_REACTIONS = _REPORTED + len(Reactions._fields)
_HAS_INVERSE = _REACTIONS + 1
_ACTIVITY = _HAS_INVERSE + len(Activity._fields)
_BALANCE = _ACTIVITY + len(Balance._fields)
_FACTOR = _BALANCE + len(Factor._fields)
_GUESS = _FACTOR + len(Guess._fields)
_LAYOUT = _GUESS + len(BlockLayout._fields)


@plain_kernel(cache=False)
def pore_water_of(leaves):
    """`PoreWater` again, from its `leaves`."""
    blocks = Blocks(
        Reactions(*leaves[_REPORTED:_REACTIONS]),
        leaves[_REACTIONS],
        Activity(*leaves[_HAS_INVERSE:_ACTIVITY]),
        Balance(*leaves[_ACTIVITY:_BALANCE]),
        Factor(*leaves[_BALANCE:_FACTOR]),
        Guess(*leaves[_FACTOR:_GUESS]),
        BlockLayout(*leaves[_GUESS:_LAYOUT]),
    )
    minerals, reported = Minerals(*leaves[3:_MINERALS]), Reported(*leaves[_MINERALS:_REPORTED])
    return PoreWater(leaves[0], leaves[1], leaves[2], minerals, reported, blocks)


@plain_kernel(cache=False)
def straight_of(leaves):
    """`Straight` again, from the leaves."""
    return Straight(*leaves[_LAYOUT:])


def kernel_leaves(tables: PoreWater) -> tuple:
    """What the kernels here take: `leaves` of the tables and of the routines made for them."""
    return leaves((tables, straight_routines(tables)))


def tolerate(leaves: tuple, rtol: float) -> None:
    """From now on a cell counts as solved after a step in ln activity of 0.03 sqrt(rtol): what is left is
    its square, a thousandth of the tolerance. 0: to rounding.

    leaves: `kernel_leaves`, of which `Straight.stop` is the last."""
    leaves[-1][0] = max(SHARP_STEP, 0.03 * math.sqrt(rtol))


def scratch_size(leaves: tuple) -> int:
    """Length of the scratch vector of the kernels here, from the `leaves` of their tables."""
    blocks = getattr(pore_water_of, "py_func", pore_water_of)(leaves).blocks
    return int(blocks.at.end * LANES + size_of_one(blocks))


@plain_kernel(cache=False)
def read_cells(inputs, memory, w, tables: PoreWater):
    """Totals [mol/kgw] and warm start of the cells into the rows of w."""
    at, total, density = tables.blocks.at, tables.total, tables.density
    for k in range(total.size):
        if k < TRANSPORTED:
            v = row_of(inputs, k) / density
            if k < H:
                v = 0.5 * (v + sqrt_row(v * v + TINY * TINY))
            put_row(w, at.total + k, v)
        else:
            put_row(w, at.total + k, full_row(total[k]))
    for k in range(total.size + 2):
        put_row(w, at.x + k, row_of(memory, k))


@plain_kernel(cache=False)
def solve_straight(inputs, memory, outputs, w, s: Straight):
    """`solve_pore_water` for blocks of warm cells that converge soon; False where a cell does not."""
    if call(s.begin, 0, GROUPS, LANES, (inputs, memory, s.total, s.constants, w)) > 0:
        return False
    for group in range(GROUPS):
        left = 1
        for _ in range(PATIENCE):
            left = call(s.step, group, group + 1, LANES, (s.K, s.family, s.constants, s.stop, w))
            if left == 0:
                break
        if left > 0:
            return False
    arrays = (s.K, s.family, s.constants, s.ln_K, w, memory, outputs)
    return call(s.finish, 0, GROUPS, LANES, arrays) == 0


@plain_kernel(cache=False)
def solve_pore_water(inputs, memory, outputs, failed, scratch, leaves):
    """outputs (o, LANES), as `outputs_of` names them, from inputs (4, LANES) [mol m-3 pore water].

    memory: (MEMORY, LANES) in and out, the last solution of each cell    failed: (LANES,) set to 1 where
    unsolved    scratch: (`scratch_size`,)    leaves: of the tables, a `PoreWater`. Arrays in C order.
    """
    tables = pore_water_of(leaves)
    t, reported, is_fixed = tables.blocks, tables.reported, tables.is_fixed
    nu, water, ln_K = tables.minerals.nu, tables.minerals.water, tables.minerals.ln_K
    at, density, n = t.at, tables.density, tables.total.size
    w = scratch[: at.end * LANES].reshape((at.end, LANES))
    if solve_straight(inputs, memory, outputs, w, straight_of(leaves)):
        return
    read_cells(inputs, memory, w, tables)
    if solve_rows(w, is_fixed, SHARP, t) < LANES:
        solve_left_lanes(w, is_fixed, scratch[w.size :], t)
        for lane in range(LANES):
            w[at.g, lane] = math.exp(w[at.x, lane])
    for lane in range(LANES):
        if w[at.solved, lane] != 1.0:
            failed[lane] = 1
    for k in range(n + 2):
        put_row(memory, k, row_of(w, at.x + k))
    put_row(outputs, PH, row_of(w, at.x + H) * (-1.0 / LN10))
    put_row(outputs, IONIC_STRENGTH, row_of(w, at.x + n))
    put_row(outputs, CA_FREE, row_of(w, at.m + CA) * density)
    put_row(outputs, P_FREE, sum_of_rows(w, at.m, reported.free_P) * density)
    put_row(outputs, C_FREE, sum_of_rows(w, at.m, reported.free_C) * density)
    put_row(outputs, MG_FREE, row_of(w, at.m + reported.Mg) * density)
    put_row(outputs, A_CA, row_of(w, at.g + CA))
    inverse_gamma = at.g + (2 * n + 2 + t.reactions.gamma_class[reported.PO4])
    put_row(outputs, A_PO4, row_of(w, at.m + reported.PO4) / row_of(w, inverse_gamma))
    for i in range(ln_K.size):
        omega = row_of(w, at.x + (n + 1)) * water[i] - ln_K[i]
        for k in range(n):
            if nu[i, k] != 0.0:
                omega = fma(row_of(w, at.x + k), nu[i, k], omega)
        put_row(outputs, LN_OMEGA + i, omega)


@plain_kernel(cache=False)
def sum_of_rows(w, first, places):
    """Sum of the rows first + places."""
    found = full_row(0.0)
    for j in places:
        found = found + row_of(w, first + j)
    return found


class Bordered(NamedTuple):
    """The part of a linear system that is left for I and ln a_w when the components are eliminated."""

    I_by_I: float  # rows all, as the compiler sees them
    I_by_w: float
    w_by_I: float
    w_by_w: float
    determinant: float


@plain_kernel(cache=False)
def bordered(w, is_fixed, t: Blocks):
    """Factors of A at the solution in w; rows `b` and `off` become A^-1 times the columns of I and a_w."""
    at, family, sums, aw_slope = t.at, t.activity.family, t.balance, t.reactions.aw_slope
    n = is_fixed.size
    for k in range(n):
        put_row(w, at.off + k, sum_over_species(w, at.m, sums.water + k, sums))
    factorise_rows(w, at.off, at.b, is_fixed, t)
    I_by_I, I_by_w, w_by_I = row_of(w, at.corner), full_row(0.0), row_of(w, at.corner_water)
    for i in range(family.shape[0]):
        half = full_row(0.5 * family[i, 3])
        I_by_w = minus_product(I_by_w, half, sum_over_species(w, at.m, sums.water_family + i, sums))
    w_by_w = sum_over_species(w, at.m, sums.water_all, sums)
    for k in range(n):
        c, s = row_of(w, at.c + k), row_of(w, at.sum + k)
        b, e = row_of(w, at.b + k), row_of(w, at.off + k)
        I_by_I, I_by_w = minus_product(I_by_I, c, b), minus_product(I_by_w, c, e)
        w_by_I, w_by_w = minus_product(w_by_I, s, b), minus_product(w_by_w, s, e)
    w_by_I, w_by_w = w_by_I * aw_slope, fma(w_by_w, aw_slope, row_of(w, at.g + 2 * n))
    return Bordered(I_by_I, I_by_w, w_by_I, w_by_w, I_by_I * w_by_w - I_by_w * w_by_I)


@plain_kernel(cache=False)
def activity_slope(w, j, dL, t: Blocks):
    """Change of ln activity of species j with that of the components, in the rows `spare`."""
    first, component, nu = t.reactions.first, t.reactions.component, t.reactions.nu
    change = dL * t.reactions.water[j]
    for i in range(first[j], first[j + 1]):
        change = fma(row_of(w, t.at.spare + component[i]), nu[i], change)
    return change


@plain_kernel(cache=False)
def molality_slope(w, j, dI, dL, t: Blocks):
    """Change of the molality of species j [mol/kgw]."""
    c = t.reactions.gamma_class[j]
    ln_gamma = row_of(w, t.at.slope + t.activity.class_family[c]) * t.activity.class_times[c]
    return row_of(w, t.at.m + j) * minus_product(activity_slope(w, j, dL, t), ln_gamma, dI)


@plain_kernel(cache=False)
def sum_of_slopes(w, species, dI, dL, t: Blocks):
    """Change of the sum of the molalities of `species` [mol/kgw]."""
    found = full_row(0.0)
    for j in species:
        found = found + molality_slope(w, j, dI, dL, t)
    return found


@plain_kernel(cache=False)
def pore_water_slopes(inputs, memory, outputs, slopes, scratch, leaves):
    """slopes[i, q] = d outputs[i]/d inputs[q], (o, 4, LANES), at what `solve_pore_water` left.

    By the implicit function theorem, J dx = dT with the Jacobian J bordered by the ionic strength and
    the water activity, both in full; NaN where a cell is unsolved.
    """
    tables = pore_water_of(leaves)
    t, reported, is_fixed = tables.blocks, tables.reported, tables.is_fixed
    nu, water, ln_K = tables.minerals.nu, tables.minerals.water, tables.minerals.ln_K
    at, density, n = t.at, tables.density, tables.total.size
    aw_slope, spare = t.reactions.aw_slope, t.at.spare
    w = scratch[: at.end * LANES].reshape((at.end, LANES))
    read_cells(inputs, memory, w, tables)
    mark_lanes(w, is_fixed, t)
    put_row(w, at.step, full_row(1.0))
    molalities(w, True, t)
    balances(w, is_fixed, SHARP, t)
    two = bordered(w, is_fixed, t)
    for q in range(TRANSPORTED):
        # The spare rows become dx of the components.
        for k in range(n):
            put_row(w, spare + k, full_row(0.0))
        put_row(w, spare + q, 1.0 - row_of(w, at.absent + q))
        substitute_rows(w, spare, t)
        off_I, off_w = full_row(0.0), full_row(0.0)
        for k in range(n):
            y = row_of(w, spare + k)
            off_I = minus_product(off_I, row_of(w, at.c + k), y)
            off_w = minus_product(off_w, row_of(w, at.sum + k), y)
        off_w = off_w * aw_slope
        dI = (off_I * two.w_by_w - off_w * two.I_by_w) / two.determinant
        dL = (two.I_by_I * off_w - two.w_by_I * off_I) / two.determinant
        factor = full_row(1.0 / density)
        if q < H:
            v = row_of(inputs, q) / density
            factor = (0.5 / density) * (1.0 + v / sqrt_row(v * v + TINY * TINY))
        for k in range(n):
            y = minus_product(row_of(w, spare + k), row_of(w, at.b + k), dI)
            put_row(w, spare + k, minus_product(y, row_of(w, at.off + k), dL) * factor)
        dI, dL = dI * factor, dL * factor
        put_row(slopes[PH], q, row_of(w, spare + H) * (-1.0 / LN10))
        put_row(slopes[IONIC_STRENGTH], q, dI)
        put_row(slopes[CA_FREE], q, molality_slope(w, CA, dI, dL, t) * density)
        put_row(slopes[P_FREE], q, sum_of_slopes(w, reported.free_P, dI, dL, t) * density)
        put_row(slopes[C_FREE], q, sum_of_slopes(w, reported.free_C, dI, dL, t) * density)
        put_row(slopes[MG_FREE], q, molality_slope(w, reported.Mg, dI, dL, t) * density)
        put_row(slopes[A_CA], q, row_of(w, spare + CA) * row_of(outputs, A_CA))
        put_row(slopes[A_PO4], q, activity_slope(w, reported.PO4, dL, t) * row_of(outputs, A_PO4))
        for i in range(ln_K.size):
            omega = dL * water[i]
            for k in range(n):
                if nu[i, k] != 0.0:
                    omega = fma(row_of(w, spare + k), nu[i, k], omega)
            put_row(slopes[LN_OMEGA + i], q, omega)
