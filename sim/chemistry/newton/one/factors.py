"""The linear system of a Newton step: A, the block of the components, bordered by I and ln a_w.

A = sum_j nu_j nu_j^T m_j is symmetric positive definite; it is factorised once and the two other
unknowns border it.
"""

# ruff: noqa: E741  -- I is the ionic strength, l a component

from __future__ import annotations

import math
from typing import NamedTuple

from sim.chemistry.newton.one.work_space import BALANCED, Work
from sim.chemistry.newton.records import Reactions
from sim.jit.kernel import plain_kernel


class Corner(NamedTuple):
    """Where the borders of A meet: derivatives of the balances of I and a_w."""

    I_by_I: float
    I_by_w: float
    w_by_I: float
    w_by_w: float


@plain_kernel(forceinline=True)
def factorise(m, work: Work, t: Reactions):
    """L D^-1 of A = L D L^T, and its borders; returns the sums over the species of their corner."""
    corner = assemble(m, work, t)
    eliminate(work)
    return corner


@plain_kernel(forceinline=True)
def assemble(m, work: Work, t: Reactions):
    """A, its lower half, and its borders; returns the sums over the species of their corner."""
    A, b, e, c, s, kind, slopes = work.A, work.b, work.e, work.c, work.s, work.kind, work.slope
    first, component, nu, gamma_class, classes = t.first, t.component, t.nu, t.gamma_class, t.classes
    water = t.water
    nc = b.size
    for k in range(nc):
        b[k] = 0.0
        e[k] = 0.0
        c[k] = 0.0
        s[k] = 0.0
        for i in range(k + 1):
            A[k * nc + i] = 0.0
    I_by_I = 0.0
    I_by_w = 0.0
    w_by_I = 0.0
    w_by_w = 0.0
    for j in range(m.size):
        mj = m[j]
        slope = slopes[gamma_class[j]]
        hz2 = 0.5 * classes[gamma_class[j], 0] * mj
        mg = mj * slope
        I_by_I += hz2 * slope
        w_by_I -= mg
        if water[j] != 0.0:
            mw = mj * water[j]
            I_by_w -= hz2 * water[j]
            w_by_w += mw
            for i in range(first[j], first[j + 1]):
                e[component[i]] += nu[i] * mw
        for i in range(first[j], first[j + 1]):
            k = component[i]
            v = nu[i]
            c[k] -= v * hz2
            s[k] += v * mj
            b[k] -= v * mg
            vm = v * mj
            for l in range(first[j], i + 1):  # components ascend within a species
                A[k * nc + component[l]] += vm * nu[l]
    for k in range(nc):
        if kind[k] != BALANCED:
            for i in range(nc):
                if i < k:
                    A[k * nc + i] = 0.0
                elif i > k:
                    A[i * nc + k] = 0.0
            A[k * nc + k] = 1.0
            b[k] = 0.0
            e[k] = 0.0
            c[k] = 0.0
            s[k] = 0.0
    return Corner(I_by_I, I_by_w, w_by_I, w_by_w)


@plain_kernel(forceinline=True)
def eliminate(work: Work):
    """L D^-1 of A = L D L^T in its place."""
    A, nc = work.A, work.b.size
    for k in range(nc):
        diagonal = A[k * nc + k]
        pivot = diagonal
        for i in range(k):
            v = A[k * nc + i]
            for l in range(i):
                v -= A[k * nc + l] * A[i * nc + l]  # row k holds L D until divided below
            A[k * nc + i] = v
        for i in range(k):
            v = A[k * nc + i]
            w = v * A[i * nc + i]
            pivot -= v * w
            A[k * nc + i] = w
        # A complex that holds all of two components leaves a pivot of rounding size.
        floor = 1e-16 * diagonal
        A[k * nc + k] = 1.0 / (pivot if pivot > floor else floor + 1e-300)


@plain_kernel
def substitute(A, y):
    """y <- A^-1 y with the factors of `factorise`."""
    nc = y.size
    for k in range(nc):
        v = y[k]
        for i in range(k):
            v -= A[k * nc + i] * y[i]
        y[k] = v
    for k in range(nc):
        y[k] *= A[k * nc + k]
    for k in range(nc - 1, -1, -1):
        v = y[k]
        for i in range(k + 1, nc):
            v -= A[i * nc + k] * y[i]
        y[k] = v


@plain_kernel
def substitute_three(A, y, b, e):
    """`substitute` for three right-hand sides in one pass over the factors."""
    nc = y.size
    for k in range(nc):
        v0, v1, v2 = y[k], b[k], e[k]
        for i in range(k):
            w = A[k * nc + i]
            v0 -= w * y[i]
            v1 -= w * b[i]
            v2 -= w * e[i]
        y[k], b[k], e[k] = v0, v1, v2
    for k in range(nc - 1, -1, -1):
        w = A[k * nc + k]
        v0, v1, v2 = w * y[k], w * b[k], w * e[k]
        for i in range(k + 1, nc):
            w = A[i * nc + k]
            v0 -= w * y[i]
            v1 -= w * b[i]
            v2 -= w * e[i]
        y[k], b[k], e[k] = v0, v1, v2


@plain_kernel(forceinline=True)
def newton_step(x, sum_m, I_of_m, corner: Corner, work: Work, t: Reactions):
    """Step (work.y, dI, d ln a_w) of the bordered system; the columns b, e become A^-1 b, A^-1 e."""
    b, e, c, s, y, off = work.b, work.e, work.c, work.s, work.y, work.off
    nc = y.size
    for k in range(nc):
        y[k] = off[k]
    substitute_three(work.A, y, b, e)
    aw = math.exp(x[nc + 1])
    I_by_I = corner.I_by_I + 1.0
    I_by_w = corner.I_by_w
    w_by_I = corner.w_by_I * t.aw_slope
    w_by_w = corner.w_by_w * t.aw_slope + aw
    off_I = I_of_m - x[nc]
    off_w = 1.0 - aw - t.aw_slope * sum_m
    for k in range(nc):
        sk = t.aw_slope * s[k]
        I_by_I -= c[k] * b[k]
        I_by_w -= c[k] * e[k]
        w_by_I -= sk * b[k]
        w_by_w -= sk * e[k]
        off_I += c[k] * y[k]
        off_w += sk * y[k]
    det = I_by_I * w_by_w - I_by_w * w_by_I
    # Beyond a fold of the activity model there is no step: leave it to the safe phase.
    if I_by_I <= 1e-3 or abs(det) < 1e-6:
        return math.nan, math.nan
    dI = (off_I * w_by_w - off_w * I_by_w) / det
    dL = (I_by_I * off_w - w_by_I * off_I) / det
    for k in range(nc):
        y[k] = -(y[k] + b[k] * dI + e[k] * dL)
    return dI, dL
