"""Kernels of the reaction step: linear algebra and combinations for the 32 cells of one block.

As in `lanes`, generated modules hold copies of them and the text of this file enters the key of
their cache. Rows are species, W[k, lane].
"""

from __future__ import annotations

import numpy as np

from sim.jit.kernel import kernel
from sim.simd.blocks import LANES


@kernel(cache=False)
def net(W, rates, stoichiometry, out):
    """out (s, LANES) = stoichiometry x rates."""
    row, column, value = stoichiometry.row, stoichiometry.column, stoichiometry.value
    out[:] = 0.0
    for e in range(row.size):
        to, rate, v = out[row[e]], W[rates + column[e]], value[e]
        for lane in range(LANES):
            to[lane] += v * rate[lane]


@kernel(cache=False)
def decompose(R, gamma, order, A):
    """Factors of 1 - gamma J into A, by the operation list of an Elimination; lanes with a bad pivot."""
    to, rate, coefficient = order.assemble.to, order.assemble.rate, order.assemble.coefficient
    kind, ia, ib, ic = order.factor.kind, order.factor.a, order.factor.b, order.factor.c
    ones = order.ones
    A[:] = 0.0
    for e in range(to.size):
        a, r = A[to[e]], R[rate[e]]
        c = -gamma * coefficient[e]
        for lane in range(LANES):
            a[lane] += c * r[lane]
    for k in range(ones.size):
        a = A[ones[k]]
        for lane in range(LANES):
            a[lane] += 1.0
    bad = 0
    for e in range(kind.size):
        a = A[ia[e]]
        if kind[e] == 2:
            b, c_ = A[ib[e]], A[ic[e]]
            for lane in range(LANES):
                a[lane] -= b[lane] * c_[lane]
        elif kind[e] == 1:
            b = A[ib[e]]
            for lane in range(LANES):
                a[lane] *= b[lane]
        else:
            for lane in range(LANES):
                if not abs(a[lane]) > 1e-12:
                    bad += 1
            for lane in range(LANES):
                a[lane] = 1.0 / a[lane]
    return bad


@kernel(cache=False)
def substitute(A, scale, order, K):
    """K <- (1 - gamma J)^-1 K, in units of `scale` in between."""
    ri, rk, rf = order.forward.row, order.forward.by, order.forward.entry
    bk, bj, bf = order.backward.row, order.backward.by, order.backward.entry
    for k in range(scale.size):
        y, s = K[k], 1.0 / scale[k]
        for lane in range(LANES):
            y[lane] *= s
    for e in range(ri.size):
        y, x, f = K[ri[e]], K[rk[e]], A[rf[e]]
        for lane in range(LANES):
            y[lane] -= f[lane] * x[lane]
    for e in range(bk.size):
        y, f = K[bk[e]], A[bf[e]]
        if bj[e] < 0:
            for lane in range(LANES):
                y[lane] *= f[lane]
        else:
            v = K[bj[e]]
            for lane in range(LANES):
                y[lane] -= f[lane] * v[lane]
    for k in range(scale.size):
        y, s = K[k], scale[k]
        for lane in range(LANES):
            y[lane] *= s


@kernel(cache=False)
def mix(out, a, f, b, g, K, c):
    """out = a f + b g + c[0] K[0] + c[1] K[1] + c[2] K[2], all (s, LANES)."""
    c0, c1, c2 = c
    for k in range(out.shape[0]):
        o, fk, gk, k0, k1, k2 = out[k], f[k], g[k], K[0, k], K[1, k], K[2, k]
        for lane in range(LANES):
            o[lane] = a * fk[lane] + b * gk[lane] + c0 * k0[lane] + c1 * k1[lane] + c2 * k2[lane]


@kernel(cache=False)
def worst(u, z, e, floor, rtol, sums):
    """Largest over the cells of the root mean square of e / (floor + rtol max(|u|, |z|)) over species."""
    sums[:] = 0.0
    for k in range(u.shape[0]):
        uk, zk, ek, fk = u[k], z[k], e[k], floor[k]
        for lane in range(LANES):
            x = ek[lane] / (fk[lane] + rtol * max(abs(uk[lane]), abs(zk[lane])))
            sums[lane] += x * x
    most = 0.0
    for lane in range(LANES):
        if not sums[lane] >= 0.0:
            return np.nan
        most = max(most, sums[lane])
    return np.sqrt(most / u.shape[0])
