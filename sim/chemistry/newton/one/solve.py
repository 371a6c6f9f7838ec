"""Activities of the components of one fluid from their totals.

Unknowns are the logarithms of the component activities, the ionic strength I and ln a(H2O), all in
one vector x, so Newton is quadratic with the activity coefficients inside. With frozen gamma the mass
balances are the gradient of the convex function sum m_j - T.x; that makes cold starts safe.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math

from sim.chemistry.newton.one.balances import evaluate_balances
from sim.chemistry.newton.one.guess import guess_unknowns
from sim.chemistry.newton.one.iteration import minimise_frozen, newton
from sim.chemistry.newton.one.work_space import ABSENT, BALANCED, FIXED, Work, pieces_of
from sim.chemistry.newton.records import (
    BAD_INPUT,
    COLD,
    NOT_CONVERGED,
    NOTHING,
    OK,
    SMALLEST_I,
    Reactions,
)
from sim.jit.kernel import plain_kernel
from sim.simd.by_reference import reference_to

WorkReference, ReactionsReference = reference_to(Work), reference_to(Reactions)


@plain_kernel
def solve_fluid(total, is_fixed, x, m, lng, work, t: Reactions):
    """Equilibrium of one fluid; returns (status, Newton iterations, I [mol/kgw], ln a_w).

    total: (nc,) [mol/kgw], for H the acidity, any sign; ignored where is_fixed (uint8) is 1, whose
        x is kept
    x: (nc + 2,) in and out: ln activity of the components, I [mol/kgw], ln a_w. NaN asks for a cold
        start. An absent component (total 0) comes back with x = -inf.
    m, lng: (ns,) out, molality [mol/kgw] and ln gamma    work: (`records.work_size`,)
    Status: 0 solved, 1 not converged (x as far as it got), 2 a negative total, NaN, or no finite
        fixed activity.
    """
    nc = total.size
    pieces, t = WorkReference(*pieces_of(work, nc, t)), ReactionsReference(*t)
    kind = pieces.kind
    cold = not (x[nc] >= SMALLEST_I and x[nc + 1] <= 0.0 and x[nc + 1] > -2.0)
    for k in range(nc):
        kind[k] = BALANCED
        if is_fixed[k] == 1:
            kind[k] = FIXED
            if not abs(x[k]) < -COLD:
                return BAD_INPUT, 0, math.nan, math.nan
        elif not abs(total[k]) < 1e3 or (k != t.h and total[k] < 0.0):
            return BAD_INPUT, 0, math.nan, math.nan
        elif k != t.h and total[k] < NOTHING:
            kind[k] = ABSENT
        elif not (x[k] > COLD and x[k] < 50.0):
            cold = True
    iterations = 0
    done = False
    if not cold:
        done, iterations = newton(total, x, m, 12, pieces, t)
    if not done:
        guess_unknowns(total, x, pieces, t)
        low = 0.0
        high = 1e300
        tolerance = 0.1
        for outer in range(200):
            _, n, sum_m, I_of_m = minimise_frozen(total, x, m, tolerance, 200, pieces, t)
            iterations += n
            # I(m) at frozen I is unique and bounded: the sign of I(m) - I brackets the solution.
            I = x[nc]
            if tolerance < 1e-6:
                if I_of_m > I:
                    low = max(low, I)
                else:
                    high = min(high, I)
            new = I_of_m
            if outer > 8 and not (low < new < high and abs(new - I) < 0.5 * I):
                new = 0.5 * (low + high) if high < 1e300 else min(2.0 * I, max(I, new))
            if outer > 8:
                tolerance = 1e-9
            x[nc] = max(new, SMALLEST_I)
            x[nc + 1] = math.log(max(1.0 - t.aw_slope * sum_m, 0.2))
            for k in range(nc):
                lng[k] = x[k]  # lng is free until the end: it keeps the safe point
            I = x[nc]
            L = x[nc + 1]
            done, n = newton(total, x, m, 25, pieces, t)
            iterations += n
            if done:
                break
            for k in range(nc):
                x[k] = lng[k]
            x[nc] = I
            x[nc + 1] = L
    for k in range(nc):
        if kind[k] == ABSENT:
            x[k] = -math.inf
    fill_ln_gamma(lng, nc, pieces, t)
    return (OK if done else NOT_CONVERGED), iterations, x[nc], x[nc + 1]


@plain_kernel
def fill_ln_gamma(lng, nc, pieces: Work, t: Reactions):
    """ln gamma of every species, from those of the classes."""
    g, gamma_class, ln_gamma = pieces.g, t.gamma_class, pieces.slope  # slopes are no longer needed
    for k in range(ln_gamma.size):
        ln_gamma[k] = -math.log(g[2 * nc + 2 + k])
    for j in range(lng.size):
        lng[j] = ln_gamma[gamma_class[j]]


@plain_kernel(nogil=True)
def species_of_fluids(totals, x, m, lng, work, t: Reactions):
    """Molalities and ln gamma, both (n, ns), at the unknowns x (n, nc + 2) of solved fluids."""
    nc = totals.shape[1]
    pieces, t = WorkReference(*pieces_of(work, nc, t)), ReactionsReference(*t)
    for i in range(totals.shape[0]):
        for k in range(nc):
            pieces.kind[k] = ABSENT if x[i, k] == -math.inf else BALANCED
        evaluate_balances(x[i], totals[i], m[i], pieces, t)
        fill_ln_gamma(lng[i], nc, pieces, t)


@plain_kernel(nogil=True)
def solve_fluids(totals, is_fixed, x, m, lng, status, work, t: Reactions):
    """`solve_fluid` for every row of totals (n, nc), x (n, nc + 2), m and lng (n, ns).

    status: (n,) int64 out    work: as there
    """
    for i in range(totals.shape[0]):
        status[i] = solve_fluid(totals[i], is_fixed, x[i], m[i], lng[i], work, t)[0]
