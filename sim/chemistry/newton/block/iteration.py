"""Newton steps of all lanes of a block together.

Differences from the kernel for one fluid, none of which moves the solution: the water activity enters
the other unknowns' steps one step late, and a lane that does not converge within a few steps is left to
that kernel. What is called solved has passed that kernel's own test of the residuals.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math

from sim.chemistry.newton.block.balances import balances, molalities
from sim.chemistry.newton.block.factors import factorise_rows
from sim.chemistry.newton.block.guess import guess_cold_lanes, mark_lanes
from sim.chemistry.newton.records import COLD, LARGEST_I, SMALLEST_I, Accuracy, Blocks
from sim.jit.kernel import plain_kernel
from sim.simd.blocks import LANES
from sim.simd.row_exponentials import SHORT, expm1_of_short_row
from sim.simd.rows import abs_row, count_lanes, fma, full_row, minus_product, put_row, row_of, select

FEW = 3  # lanes that are left to the kernel for one fluid rather than waited for


@plain_kernel
def advance_rows(w, is_fixed, t: Blocks):
    """One Newton step of every lane, no longer than 3 in any ln activity; whether to evaluate afresh.

    Left out are the terms by which a_w enters the balances: those of H2O taken up, of relative order
    0.02 m. They slow the last digits of a_w only, and the test of the residuals counts them.
    """
    at, aw_slope = t.at, t.reactions.aw_slope
    nc = is_fixed.size
    factorise_rows(w, at.off, at.b, is_fixed, t)
    I = row_of(w, at.x + nc)
    corner = row_of(w, at.corner)
    corner_water = row_of(w, at.corner_water)
    aw = row_of(w, at.g + 2 * nc)
    off_I = row_of(w, at.I_of_m) - I
    off_w = 0.0 - row_of(w, at.sum_m)
    for k in range(nc):
        c = row_of(w, at.c + k)
        b = row_of(w, at.b + k)
        y = row_of(w, at.off + k)
        corner = minus_product(corner, c, b)
        off_I = fma(c, y, off_I)
        s = row_of(w, at.sum + k)
        corner_water = minus_product(corner_water, s, b)
        off_w = fma(s, y, off_w)
    # Beyond a fold of the activity model (`newton_step` for one fluid) there is no step: NaN ends the lane.
    dI = off_I / select(corner > 1e-3, corner, math.nan)
    dL = (1.0 - aw + minus_product(off_w, corner_water, dI) * aw_slope) * row_of(w, at.g + (2 * nc + 1))
    step = abs_row(dL)
    for k in range(nc):
        y = fma(row_of(w, at.b + k), dI, row_of(w, at.off + k))  # the step down
        step = select(abs_row(y) > step, abs_row(y), step)
    damp = full_row(1.0)
    short = count_lanes(step < SHORT) == LANES
    if count_lanes(step <= 3.0) < LANES:
        damp = select(step > 3.0, 3.0 / step, 1.0)
    for k in range(nc):
        y = 0.0 - fma(row_of(w, at.b + k), dI, row_of(w, at.off + k))
        put_row(w, at.x + k, fma(y, damp, row_of(w, at.x + k)))
        if short:
            a = row_of(w, at.g + k)
            put_row(w, at.g + k, fma(a, expm1_of_short_row(y), a))
    least = I * 0.2 + SMALLEST_I
    new = fma(dI, damp, I)
    put_row(w, at.x + nc, select(new < least, least, new))
    L = fma(dL, damp, row_of(w, at.x + (nc + 1)))
    L = select(L > 0.0, 0.0, L)
    put_row(w, at.x + (nc + 1), select(L < -2.0, -2.0, L))
    change = abs_row(dI) * row_of(w, at.inverse_I)
    put_row(w, at.step, select(change > step, change, step))
    return not short


@plain_kernel
def withdraw_doubtful(w, is_fixed, t: Blocks):
    """Withdraw lanes whose totals are out of bounds or whose solution may be one of several.

    Absent components get x = -inf. Returns how many lanes are left.
    """
    at, h = t.at, t.reactions.h
    nc = is_fixed.size
    good = (row_of(w, at.solved) > 0.5) & (row_of(w, at.x + nc) <= LARGEST_I)
    for k in range(nc):
        x = row_of(w, at.x + k)
        good = good & (x > COLD) & (x < (-COLD if is_fixed[k] == 1 else 50.0))
        if is_fixed[k] == 0:
            total = row_of(w, at.total + k)
            good = good & (abs_row(total) < 1e3)
            if k != h:
                good = good & (total >= 0.0)
            put_row(w, at.x + k, select(row_of(w, at.absent + k) > 0.5, -math.inf, x))
    put_row(w, at.solved, select(good, row_of(w, at.solved), 0.0))
    return count_lanes(good)


@plain_kernel
def solve_rows(w, is_fixed, accuracy: Accuracy, t: Blocks):
    """Solve the LANES fluids whose totals and warm start are in w; returns how many are solved.

    Row `solved` tells which. The others have failed or take longer than most, and are left to the
    kernel for one fluid, whose cold start is safe. All lanes step together; one that is done stays
    where it is to rounding, and is tested again each time.
    """
    patience, limit = 7, 12
    if mark_lanes(w, is_fixed, t) < LANES:
        guess_cold_lanes(w, is_fixed, t)
        patience, limit = 20, 30
    put_row(w, t.at.step, 1.0)
    fresh = True
    for n in range(limit):
        molalities(w, fresh, t)
        good = balances(w, is_fixed, accuracy, t)
        if good == LANES or n == limit - 1 or (n >= patience and good > LANES - FEW):
            break
        fresh = advance_rows(w, is_fixed, t)
    return withdraw_doubtful(w, is_fixed, t)
