"""Newton steps of all lanes of a block together, with the phases that are present held at equilibrium.

Which those are is part of the iteration: a solid whose amount falls to zero is let go, and of solids
that are supersaturated and not there the one that is furthest above is taken in. At the end every solid
is at equilibrium, or absent and not supersaturated.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math

from sim.chemistry.newton.block.balances import balances, molalities, sum_over_species
from sim.chemistry.newton.block.factors import factorise_rows
from sim.chemistry.newton.block.guess import guess_cold_lanes, mark_lanes
from sim.chemistry.newton.phases.border import (
    mark_used,
    phase_columns,
    phase_matrix,
    solve_extents,
    weigh,
)
from sim.chemistry.newton.phases.records import PhaseLayout, Phases
from sim.chemistry.newton.records import COLD, SMALLEST_I, Accuracy, Blocks
from sim.jit.kernel import plain_kernel
from sim.simd.blocks import LANES
from sim.simd.row_exponentials import SHORT, expm1_of_short_row
from sim.simd.rows import abs_row, count_lanes, fma, full_row, minus_product, put_row, row_of, select

# What is left after a step this small is its square.
SHARP = Accuracy(last_step=1e-7, near=1e-14, converged=0.0)
SATURATED = 1e-11  # ln saturation that counts as none
LACKING = -1000.0  # ln saturation of a phase without one of its components
CALM = 0.5  # a longest step of ln activities below which another solid is taken in


@plain_kernel
def remaining_totals(w, p: Phases, to: PhaseLayout, t: Blocks):
    """Totals left in the fluid, and the sizes of the terms that make them up."""
    nu = p.nu
    for k in range(nu.shape[1]):
        left = row_of(w, to.whole + k)
        size = abs_row(left)
        for i in range(nu.shape[0]):
            if nu[i, k] != 0.0:
                v = row_of(w, to.extent + i) * nu[i, k]
                left = left - v
                size = size + abs_row(v)
        put_row(w, t.at.total + k, left)
        put_row(w, to.size + k, size)


@plain_kernel
def saturations(w, p: Phases, to: PhaseLayout, t: Blocks):
    """ln saturation of every phase."""
    at, nu = t.at, p.nu
    nc = nu.shape[1]
    for i in range(nu.shape[0]):
        v = fma(row_of(w, at.x + nc + 1), p.water[i], weigh(w, at.x, nu, i)) - row_of(w, to.level + i)
        for k in range(nc):
            if nu[i, k] > 0.0:
                v = select(row_of(w, at.absent + k) > 0.5, LACKING, v)
        put_row(w, to.gap + i, v)


@plain_kernel
def take_in(w, p: Phases, to: PhaseLayout, t: Blocks):
    """Hold one more solid at equilibrium in lanes that are calm: the most supersaturated per ion."""
    calm = row_of(w, t.at.step) < CALM
    most = full_row(0.0)
    for i in range(p.share.size):
        away = (1.0 - row_of(w, to.present + i)) * p.share[i]
        gap = row_of(w, to.gap + i)
        v = select(gap > SATURATED, away * gap, 0.0)
        most = select(v > most, v, most)
    for i in range(p.share.size):
        away = (1.0 - row_of(w, to.present + i)) * p.share[i]
        v = away * row_of(w, to.gap + i)
        first = calm & (most > 0.0) & (v >= most)
        most = select(first, math.inf, most)
        put_row(w, to.present + i, select(first, 1.0, row_of(w, to.present + i)))


@plain_kernel
def mark_solved(w, p: Phases, to: PhaseLayout, t: Blocks):
    """How many lanes are solved: balances, I, a_w, saturations and amounts, after a last short step."""
    at, sums = t.at, t.balance
    nc = p.nu.shape[1]
    near = SHARP.near
    good = row_of(w, at.step) < SHARP.last_step
    I = row_of(w, at.x + nc)
    I_of_m = row_of(w, at.I_of_m)
    good = good & (abs_row(I - I_of_m) <= near * (I + I_of_m))
    aw = row_of(w, at.g + 2 * nc)
    good = good & (abs_row(fma(row_of(w, at.sum_m), t.reactions.aw_slope, aw - 1.0)) <= near)
    for k in range(nc):
        size = row_of(w, at.sum + k) + row_of(w, to.size + k)
        if sums.first[sums.negative + k] != sums.first[sums.negative + k + 1]:
            size = size + sum_over_species(w, at.m, sums.negative + k, sums)
        good = good & (abs_row(row_of(w, at.off + k)) <= near * size)
    for i in range(p.share.size):
        gap = row_of(w, to.gap + i)
        off = select(row_of(w, to.present + i) > 0.5, abs_row(gap), gap)
        good = good & (off <= SATURATED)
    put_row(w, at.solved, select(good, full_row(1.0), 0.0))
    return count_lanes(good)


@plain_kernel
def advance_with_phases(w, is_fixed, p: Phases, to: PhaseLayout, t: Blocks):
    """One Newton step of every lane, no longer than 3 in any ln activity; whether to evaluate afresh.

    As `advance_rows`, and as there the water activity enters one step late.
    """
    at, aw_slope = t.at, t.reactions.aw_slope
    n, nc = p.nu.shape
    factorise_rows(w, at.off, at.b, is_fixed, t)
    mark_used(w, p, to)
    phase_columns(w, p, to, t)
    I = row_of(w, at.x + nc)
    corner = row_of(w, at.corner)
    corner_water = row_of(w, at.corner_water)
    aw = row_of(w, at.g + 2 * nc)
    off_I = row_of(w, at.I_of_m) - I
    off_w = 0.0 - row_of(w, at.sum_m)
    for k in range(nc):
        c = row_of(w, at.c + k)
        s = row_of(w, at.sum + k)
        b = row_of(w, at.b + k)
        y = row_of(w, at.off + k)
        corner = minus_product(corner, c, b)
        corner_water = minus_product(corner_water, s, b)
        off_I = fma(c, y, off_I)
        off_w = fma(s, y, off_w)
    inverse_corner = 1.0 / select(corner > 1e-3, corner, math.nan)
    phase_matrix(w, inverse_corner, off_I, p, to, t)
    solve_extents(w, p, to)
    for i in range(n):
        if w[to.used + i, 0] != 0.0:
            v = row_of(w, to.change + i)
            off_I = fma(row_of(w, to.by_c + i), v, off_I)
            off_w = fma(row_of(w, to.by_sum + i), v, off_w)
    dI = off_I * inverse_corner
    dL = (1.0 - aw + minus_product(off_w, corner_water, dI) * aw_slope) * row_of(w, at.g + (2 * nc + 1))
    step = abs_row(dL)
    for k in range(nc):
        y = fma(row_of(w, at.b + k), dI, row_of(w, at.off + k))  # the step down
        for i in range(n):
            if w[to.used + i, 0] != 0.0:
                y = fma(row_of(w, to.columns + i * nc + k), row_of(w, to.change + i), y)
        put_row(w, at.off + k, y)
        step = select(abs_row(y) > step, abs_row(y), step)
    damp = full_row(1.0)
    short = count_lanes(step < SHORT) == LANES
    if count_lanes(step <= 3.0) < LANES:
        damp = select(step > 3.0, 3.0 / step, 1.0)
    for k in range(nc):
        y = row_of(w, at.off + k)
        put_row(w, at.x + k, minus_product(row_of(w, at.x + k), y, damp))
        if short:
            a = row_of(w, at.g + k)
            put_row(w, at.g + k, fma(a, expm1_of_short_row(0.0 - y), a))
    least = I * 0.2 + SMALLEST_I
    new = fma(dI, damp, I)
    put_row(w, at.x + nc, select(new < least, least, new))
    L = fma(dL, damp, row_of(w, at.x + (nc + 1)))
    L = select(L > 0.0, 0.0, L)
    put_row(w, at.x + (nc + 1), select(L < -2.0, -2.0, L))
    change = abs_row(dI) * row_of(w, at.inverse_I)
    put_row(w, at.step, select(change > step, change, step))
    move_extents(w, damp, p, to)
    return not short


@plain_kernel
def move_extents(w, damp, p: Phases, to: PhaseLayout):
    """Step of the extents; a solid of which nothing is left is no longer present."""
    for i in range(p.share.size):
        if w[to.used + i, 0] == 0.0:
            continue
        extent = fma(row_of(w, to.change + i), damp, row_of(w, to.extent + i))
        if p.endless[i] == 0:
            given, present = row_of(w, to.given + i), row_of(w, to.present + i)
            gone = (present < 0.5) | (extent <= 0.0 - given)
            extent = select(gone, 0.0 - given, extent)
            put_row(w, to.present + i, select(gone, 0.0, present))
        put_row(w, to.extent + i, extent)


@plain_kernel
def solve_rows_with_phases(w, is_fixed, largest_I, p: Phases, to: PhaseLayout, t: Blocks):
    """Solve the LANES fluids in w; returns how many are solved, and row `solved` tells which.

    Given are x, `whole`, `level`, `given`, `extent`, `present`, and in the rows of totals those by which
    a component is absent and a cold start is guessed.
    """
    at, nc = t.at, p.nu.shape[1]
    patience, limit = 16, 40
    if mark_lanes(w, is_fixed, t) < LANES:
        guess_cold_lanes(w, is_fixed, t)
        patience, limit = 30, 60
    put_row(w, at.step, 0.0)  # nothing has moved: the first solid may be taken in at once
    fresh = True
    for n in range(limit):
        remaining_totals(w, p, to, t)
        molalities(w, fresh, t)
        balances(w, is_fixed, SHARP, t)
        saturations(w, p, to, t)
        if n == 0:
            take_in(w, p, to, t)
            put_row(w, at.step, 1.0)
        else:
            good = mark_solved(w, p, to, t)
            if good == LANES or n == limit - 1 or (n >= patience and good > LANES - 3):
                break
            take_in(w, p, to, t)
        fresh = advance_with_phases(w, is_fixed, p, to, t)
    good = (row_of(w, at.solved) > 0.5) & (row_of(w, at.x + nc) <= largest_I)
    for k in range(nc):
        x = row_of(w, at.x + k)
        good = good & (x > COLD) & (x < 50.0)
        put_row(w, at.x + k, select(row_of(w, at.absent + k) > 0.5, -math.inf, x))
    put_row(w, at.solved, select(good, row_of(w, at.solved), 0.0))
    return count_lanes(good)
