"""Kernels of the direct solve: elimination inside cells, block Thomas along a line of cells.

All in one file: a compiled kernel is cached by the text of its own file only. Cells go in blocks of
32 lanes, entries in rows (see elimination_order). Loops over the lanes of rows end at `row.size`, not
at LANES: of a length known beforehand LLVM makes 32 scalar lines.
"""

from __future__ import annotations

import numpy as np

from sim.jit.kernel import kernel

LANES = 32  # as sim.simd.blocks; a constant of this file, or the cache would miss a change


@kernel(nogil=True)
def factor(first, last, R, gamma, ones, assemble, ops, schur, A, rest):
    """Eliminate the immobile species: A (blocks, entries, lanes) gets the factors, rest (n, m, m) what
    is left of the mobile ones. Returns the number of lanes in which a pivot is below 1e-12 (the matrix
    is 1 - gamma J, in units of the scales) or an entry is not a finite number."""
    to, rate, coefficient = assemble
    kind, ia, ib, ic = ops
    bad, sound = 0, np.zeros(LANES)
    m = schur.shape[0]
    for block in range(first, last):
        W, slopes = A[block], R[block]
        W[:] = 0.0
        for e in range(to.size):
            w, r = W[to[e]], slopes[rate[e]]
            c = -gamma * coefficient[e]
            for lane in range(w.size):
                w[lane] += c * r[lane]
        for k in range(ones.size):
            w = W[ones[k]]
            for lane in range(LANES):
                w[lane] += 1.0
        for e in range(kind.size):
            a = W[ia[e]]
            if kind[e] == 2:
                b, c_ = W[ib[e]], W[ic[e]]
                for lane in range(a.size):
                    a[lane] -= b[lane] * c_[lane]
            elif kind[e] == 1:
                b = W[ib[e]]
                for lane in range(a.size):
                    a[lane] *= b[lane]
            else:
                for lane in range(LANES):
                    if not abs(a[lane]) > 1e-12:
                        bad += 1
                for lane in range(a.size):
                    a[lane] = 1.0 / a[lane]
        for lane in range(LANES):
            sound[lane] = 0.0
        for k in range(W.shape[0]):
            w = W[k]
            for lane in range(w.size):
                sound[lane] += 0.0 * w[lane]  # NaN from then on
        for lane in range(LANES):
            if sound[lane] != 0.0:
                bad += 1
        start = block * LANES
        for lane in range(min(LANES, rest.shape[0] - start)):
            cell = rest[start + lane]
            for i in range(m):
                for j in range(m):
                    cell[i, j] = W[schur[i, j], lane]
    return bad


@kernel(nogil=True)
def reduce(first, last, r, inverse, mobile, forward, A, W, z, b):
    """Right-hand side r (n, s) without its immobile part: b (n, m), in units of the scales, whose
    inverses are given; z keeps the rest."""
    ri, rk, rf = forward
    n, s = r.shape
    for block in range(first, last):
        factors = A[block]
        start = block * LANES
        for lane in range(LANES):
            cell = r[min(start + lane, n - 1)]
            for k in range(s):
                W[k, lane] = cell[k] * inverse[k]
        for e in range(ri.size):
            y, x, f = W[ri[e]], W[rk[e]], factors[rf[e]]
            for lane in range(y.size):
                y[lane] -= f[lane] * x[lane]
        for lane in range(min(LANES, n - start)):
            cell = z[start + lane]
            for k in range(s):
                cell[k] = W[k, lane]
            for k in range(mobile.size):
                b[start + lane, k] = W[mobile[k], lane]


@kernel(nogil=True)
def expand(first, last, x, scale, mobile, backward, A, W, z):
    """z (n, s), as `reduce` left it, becomes the solution for mobile x (n, m), in the species' units."""
    bk, bj, bf = backward
    n, s = z.shape
    for block in range(first, last):
        factors = A[block]
        start = block * LANES
        for lane in range(LANES):
            i = min(start + lane, n - 1)
            for k in range(s):
                W[k, lane] = z[i, k]
            for k in range(mobile.size):
                W[mobile[k], lane] = x[i, k]
        for e in range(bk.size):
            y, f = W[bk[e]], factors[bf[e]]
            if bj[e] < 0:
                for lane in range(y.size):
                    y[lane] *= f[lane]
            else:
                v = W[bj[e]]
                for lane in range(y.size):
                    y[lane] -= f[lane] * v[lane]
        for lane in range(min(LANES, n - start)):
            cell = z[start + lane]
            for k in range(s):
                cell[k] = W[k, lane] * scale[k]


@kernel
def invert(a, work):
    """Inverse in place by Gauss-Jordan with row pivoting; work (m,) int64. 0, or 1 when singular."""
    m = a.shape[0]
    for k in range(m):
        p = k
        for i in range(k + 1, m):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        work[k] = p
        if not abs(a[p, k]) > 0.0:
            return 1
        if p != k:
            for j in range(m):
                a[k, j], a[p, j] = a[p, j], a[k, j]
        d = 1.0 / a[k, k]
        a[k, k] = 1.0
        for j in range(m):
            a[k, j] *= d
        for i in range(m):
            if i != k:
                f = a[i, k]
                a[i, k] = 0.0
                for j in range(m):
                    a[i, j] -= f * a[k, j]
    for k in range(m - 1, -1, -1):
        p = work[k]
        if p != k:
            for i in range(m):
                a[i, k], a[i, p] = a[i, p], a[i, k]
    return 0


@kernel
def thomas_factor(local, conductance, loss, inverse, work):
    """Factors of the block tridiagonal matrix local + conductances + loss: inverse (n, m, m) of each
    pivot block. Off-diagonal blocks are diagonal, -conductance."""
    n, m = local.shape[0], local.shape[1]
    for i in range(n):
        d = inverse[i]
        for a in range(m):
            for b in range(m):
                d[a, b] = local[i, a, b]
            d[a, a] += loss[i, a]
            for k in range(conductance.shape[1]):  # a stirred cell has one face, to nowhere
                d[a, a] += conductance[i, k, a]
        if i > 0:
            before, g = inverse[i - 1], conductance[i, 0]
            for a in range(m):
                for b in range(m):
                    d[a, b] -= g[a] * before[a, b] * g[b]
        if invert(d, work) != 0:
            return 1
    return 0


@kernel
def thomas_solve(inverse, conductance, b, x):
    """x (n, m); b (n, m) is overwritten."""
    n, m = b.shape
    for i in range(n):
        if i > 0:
            for a in range(m):
                b[i, a] += conductance[i, 0, a] * x[i - 1, a]
        for a in range(m):
            s = 0.0
            for k in range(m):
                s += inverse[i, a, k] * b[i, k]
            x[i, a] = s
    for i in range(n - 2, -1, -1):
        for a in range(m):
            s = 0.0
            for k in range(m):
                s += inverse[i, a, k] * conductance[i, 1, k] * x[i + 1, k]
            x[i, a] += s


@kernel
def weigh(volume, porosity, gamma, coupling, loss, local, K, out):
    """The blocks of a step gamma [s] per cell rather than per volume: local (n, m, m) times volume and
    porosity; K = gamma coupling (n, k, m) and out = gamma x what is lost to the outside (n, m)."""
    n, m = out.shape
    for i in range(n):
        v = volume[i] * porosity[i]
        for a in range(m):
            out[i, a] = gamma * (loss[i, 0, a] + loss[i, 1, a])
            for b in range(m):
                local[i, a, b] *= v
            for k in range(coupling.shape[1]):
                K[i, k, a] = gamma * coupling[i, k, a]


@kernel
def times(a, x, out):
    """out (n, m) = a (n, m) times x (n,)."""
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            out[i, k] = a[i, k] * x[i]


@kernel
def entered(loss, gamma, c, unit, mobile, r, z):
    """The tail: z (2m,) = r - gamma x loss (n, 2, m) x concentrations c (n, m) in units of the scales."""
    n, m = c.shape
    for k in range(z.size):
        z[k] = r[k]
    for i in range(n):
        for side in range(2):
            for k in range(m):
                if loss[i, side, k] != 0.0:
                    z[side * m + k] -= gamma * loss[i, side, k] * c[i, k] * unit[mobile[k]]
