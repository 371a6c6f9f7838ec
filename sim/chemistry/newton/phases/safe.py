"""A start from which Newton's iteration finds the phases that are present; safe from anywhere, and slow.

With frozen I and a_w the equilibrium is the minimum of the convex function sum m - B.x, B what fluid and
solids hold together, where no solid is supersaturated. Each solid adds -mu ln(-ln saturation), which
keeps x inside; mu over the distance is the amount of the solid, and mu falls until each is either at
saturation or absent. I is then brought to agree with the molalities, as in `solve_fluid`.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.one.balances import evaluate_balances
from sim.chemistry.newton.one.factors import assemble, eliminate, substitute
from sim.chemistry.newton.one.guess import guess_unknowns
from sim.chemistry.newton.one.work_space import ABSENT, BALANCED, Work
from sim.chemistry.newton.phases.records import Phases
from sim.chemistry.newton.records import COLD, NOTHING, SMALLEST_I, Reactions
from sim.jit.kernel import plain_kernel

ROOM = 0.5  # ln saturation that solids begin below
LAST = 1e-9  # of what there is of the scarcest component: mu at the end
USABLE, LACKS = 1.0, 0.0


class HeldFluid(NamedTuple):
    """One fluid with phases; vectors of phases, and of components."""

    level: np.ndarray
    amount: np.ndarray  # of the solids at the start, then found
    distance: np.ndarray  # -ln saturation; what is lacking counts as far
    usable: np.ndarray
    whole: np.ndarray  # (nc,) B
    gas: np.ndarray  # (nc,) A^-1 nu of the gas


@plain_kernel
def distances(x, held: HeldFluid, p: Phases):
    """-ln saturation of every phase; the smallest of solids."""
    nu = p.nu
    n, nc = nu.shape
    least = 1e300
    for i in range(n):
        d = held.level[i] - p.water[i] * x[nc + 1]
        for k in range(nc):
            if nu[i, k] != 0.0 and held.usable[i] == USABLE:
                d -= nu[i, k] * x[k]
        held.distance[i] = d if held.usable[i] == USABLE else 1e3
        if p.endless[i] == 0:
            least = min(least, held.distance[i])
    return least


@plain_kernel
def step_inside(x, kind, h, held: HeldFluid, p: Phases):
    """Move x to the pressure of the gas, and to where every solid is undersaturated by ROOM."""
    nu = p.nu
    n, nc = nu.shape
    distances(x, held, p)
    of_gas = -1
    for i in range(n):
        if p.endless[i] == 1:
            for k in range(nc):
                if k != h and nu[i, k] > 0.0:
                    of_gas = k
            x[of_gas] += held.distance[i] / nu[i, of_gas]
    for i in range(n):
        distances(x, held, p)
        if p.endless[i] == 0 and held.distance[i] < ROOM:
            for k in range(nc):
                if k != h and k != of_gas and nu[i, k] > 0.0:
                    x[k] -= (ROOM - held.distance[i]) / nu[i, k]
                    break


@plain_kernel
def slope_along(y, off, kind, mu, held: HeldFluid, p: Phases):
    """Slope of the function along y; off: sums of nu m less B."""
    nu = p.nu
    found = 0.0
    for k in range(y.size):
        if kind[k] == BALANCED:
            found += off[k] * y[k]
    for i in range(nu.shape[0]):
        if p.endless[i] == 0 and held.usable[i] == USABLE:
            along = 0.0
            for k in range(y.size):
                along += nu[i, k] * y[k]
            found += mu / held.distance[i] * along
    return found


@plain_kernel
def newton_direction(m, mu, held: HeldFluid, work: Work, p: Phases, t: Reactions):
    """work.y: the Newton step, which keeps the pressure of the gas; its longest entry."""
    A, off, y, kind, nu = work.A, work.off, work.y, work.kind, p.nu
    n, nc = nu.shape
    assemble(m, work, t)
    for k in range(nc):
        y[k] = -off[k] if kind[k] == BALANCED else 0.0
    for i in range(n):
        if p.endless[i] == 1 or held.usable[i] != USABLE:
            continue
        s = mu / held.distance[i]
        for k in range(nc):
            if nu[i, k] != 0.0:
                y[k] -= s * nu[i, k]
                for j in range(k + 1):
                    A[k * nc + j] += s / held.distance[i] * nu[i, k] * nu[i, j]
    eliminate(work)
    substitute(A, y)
    for i in range(n):
        if p.endless[i] == 1:
            for k in range(nc):
                held.gas[k] = nu[i, k]
            substitute(A, held.gas)
            along, full = 0.0, 0.0
            for k in range(nc):
                along += nu[i, k] * y[k]
                full += nu[i, k] * held.gas[k]
            for k in range(nc):
                y[k] -= along / full * held.gas[k]
    longest = 0.0
    for k in range(nc):
        longest = max(longest, abs(y[k]))
    return longest


@plain_kernel
def minimise_with_phases(x, m, mu, tolerance, held: HeldFluid, work: Work, p: Phases, t: Reactions):
    """Minimum at one mu and frozen I and a_w; returns (sum m, I of m)."""
    y, trial, kind = work.y, work.trial, work.kind
    nc = y.size
    sum_m, I_of_m = evaluate_balances(x, held.whole, m, work, t)
    distances(x, held, p)
    for _ in range(100):
        longest = newton_direction(m, mu, held, work, p, t)
        if not longest < 1e300 or longest < tolerance:
            break
        descent = slope_along(y, work.off, kind, mu, held, p)
        damp = min(1.0, 4.0 / longest)
        for _ in range(60):
            for k in range(nc):
                trial[k] = min(max(x[k] + damp * y[k], COLD + 1.0), 50.0)
            trial[nc], trial[nc + 1] = x[nc], x[nc + 1]
            if distances(trial, held, p) > 0.0:
                sum_m, I_of_m = evaluate_balances(trial, held.whole, m, work, t)
                if slope_along(y, work.off, kind, mu, held, p) <= -0.5 * descent:
                    break
            damp *= 0.5
        for k in range(nc):
            if kind[k] == BALANCED:
                x[k] = trial[k]
    return sum_m, I_of_m


@plain_kernel
def follow_mu(x, m, held: HeldFluid, work: Work, p: Phases, t: Reactions):
    """Minima at falling mu; the amounts of the solids at the last. Returns (sum m, I of m)."""
    most, least = NOTHING, 1e300
    for k in range(held.whole.size):
        if k != t.h and work.kind[k] == BALANCED and held.whole[k] > 0.0:
            most, least = max(most, held.whole[k]), min(least, held.whole[k])
    mu, last = most, LAST * min(least, most)
    step_inside(x, work.kind, t.h, held, p)
    sum_m, I_of_m = 0.0, 0.0
    while mu > last:
        mu = max(0.1 * mu, last)
        sum_m, I_of_m = minimise_with_phases(x, m, mu, 0.1 if mu > last else 1e-7, held, work, p, t)
    distances(x, held, p)
    for i in range(held.amount.size):
        held.amount[i] = mu / held.distance[i] if held.usable[i] == USABLE else 0.0
    return sum_m, I_of_m, most


@plain_kernel
def safe_start(total, supplied, x, m, held: HeldFluid, work: Work, p: Phases, t: Reactions):
    """Fill in x and the amounts of one fluid; `held` has levels and amounts at the start.

    total, supplied: as in `start_safely`. Returns the amount that solids are compared with [mol/kgw].
    """
    nu = p.nu
    n, nc = nu.shape
    for k in range(nc):
        held.whole[k] = total[k]
        for i in range(n):
            held.whole[k] += nu[i, k] * held.amount[i]
        work.kind[k] = ABSENT if k != t.h and supplied[k] < NOTHING else BALANCED
    for i in range(n):
        held.usable[i] = USABLE
        for k in range(nc):
            if nu[i, k] > 0.0 and work.kind[k] == ABSENT:
                held.usable[i] = LACKS
    guess_unknowns(supplied, x, work, t)
    low, high, most = 0.0, 1e300, 0.0
    for outer in range(60):
        sum_m, I_of_m, most = follow_mu(x, m, held, work, p, t)
        I = x[nc]
        # I(m) at frozen I is unique and bounded: the sign of I(m) - I brackets the solution.
        if I_of_m > I:
            low = max(low, I)
        else:
            high = min(high, I)
        new = I_of_m
        if outer > 8 and not (low < new < high and abs(new - I) < 0.5 * I):
            new = 0.5 * (low + high) if high < 1e300 else min(2.0 * I, max(I, new))
        x[nc] = max(new, SMALLEST_I)
        x[nc + 1] = math.log(max(1.0 - t.aw_slope * sum_m, 0.2))
        if abs(x[nc] - I) < 1e-5 * I:
            break
    return most
