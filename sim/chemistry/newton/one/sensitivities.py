"""Derivatives of the solution with respect to the totals."""

# ruff: noqa: E741  -- l is a component

from __future__ import annotations

import math

from sim.chemistry.newton.one.balances import evaluate_balances
from sim.chemistry.newton.one.factors import factorise, substitute
from sim.chemistry.newton.one.work_space import ABSENT, BALANCED, FIXED, pieces_of
from sim.chemistry.newton.records import NOTHING, Reactions
from sim.jit.kernel import plain_kernel


@plain_kernel
def sensitivities(total, is_fixed, x, m, out, work, t: Reactions):
    """Derivatives of x with respect to the totals at a solution, out[i, l] = dx_i/dtotal_l.

    out: (nc + 2, nc) [kgw/mol]; the last rows belong to I (dimensionless) and ln a_w. Columns of
        fixed and absent components are zero. By the implicit function theorem: J dx = dT with the
        bordered Jacobian J.
    """
    nc = total.size
    pieces = pieces_of(work, nc, t)
    b, e, c, s, y, kind = pieces.b, pieces.e, pieces.c, pieces.s, pieces.y, pieces.kind
    for k in range(nc):
        kind[k] = BALANCED
        if is_fixed[k] == 1:
            kind[k] = FIXED
        elif k != t.h and total[k] < NOTHING:
            kind[k] = ABSENT
    evaluate_balances(x, total, m, pieces, t)
    corner = factorise(m, pieces, t)
    A = pieces.A
    substitute(A, b)
    substitute(A, e)
    I_by_I = corner.I_by_I + 1.0
    I_by_w = corner.I_by_w
    w_by_I = corner.w_by_I * t.aw_slope
    w_by_w = corner.w_by_w * t.aw_slope + math.exp(x[nc + 1])
    for k in range(nc):
        I_by_I -= c[k] * b[k]
        I_by_w -= c[k] * e[k]
        w_by_I -= t.aw_slope * s[k] * b[k]
        w_by_w -= t.aw_slope * s[k] * e[k]
    det = I_by_I * w_by_w - I_by_w * w_by_I
    for l in range(nc):
        for k in range(nc + 2):
            out[k, l] = 0.0
        if kind[l] != BALANCED:
            continue
        for k in range(nc):
            y[k] = 0.0
        y[l] = 1.0
        substitute(A, y)
        off_I = 0.0
        off_w = 0.0
        for k in range(nc):
            off_I -= c[k] * y[k]
            off_w -= t.aw_slope * s[k] * y[k]
        dI = (off_I * w_by_w - off_w * I_by_w) / det
        dL = (I_by_I * off_w - w_by_I * off_I) / det
        for k in range(nc):
            out[k, l] = y[k] - b[k] * dI - e[k] * dL
        out[nc, l] = dI
        out[nc + 1, l] = dL
