"""Kernels of the elimination inside cells: what is immobile goes, what couples cells is left.

Cells go in blocks of 32 lanes, entries in rows (see sim.binder.elimination_order). Loops over the lanes of
rows end at `row.size`, not at LANES: of a length known beforehand LLVM makes 32 scalar lines.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.jit.kernel import kernel
from sim.simd.blocks import LANES


class Units(NamedTuple):
    """Scales of the species (s,), their inverses, and which of them are mobile (m,)."""

    scale: np.ndarray
    inverse: np.ndarray
    mobile: np.ndarray


class FrozenTransport(NamedTuple):
    """Derivatives of transport times volume [m3/s] at one state, and its porosity (n,).

    coupling (n, k, m): across faces; loss (n, 2, m): through boundaries and by perfusion
    """

    coupling: np.ndarray
    loss: np.ndarray
    porosity: np.ndarray


class BetweenCells(NamedTuple):
    """(A c)_i = local_i c_i + sum_k K[i, k] (c_i - c_j(i, k)) + out_i c_i for the mobile species.

    local (n, m, m), K (n, k, m), out (n, m)
    """

    local: np.ndarray
    K: np.ndarray
    out: np.ndarray


@kernel(nogil=True)
def factor(first, last, R, gamma, order, A, rest):
    """Eliminate the immobile species: A (blocks, entries, lanes) gets the factors, rest (n, m, m) what
    is left of the mobile ones. Returns the number of lanes in which a pivot is below 1e-12 (the matrix
    is 1 - gamma J, in units of the scales) or an entry is not a finite number."""
    to, rate, coefficient = order.assemble.to, order.assemble.rate, order.assemble.coefficient
    kind, ia, ib, ic = order.factor.kind, order.factor.a, order.factor.b, order.factor.c
    ones, schur = order.ones, order.schur
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
def reduce(first, last, r, forward, units, A, W, z, b):
    """Right-hand side r (n, s) without its immobile part: b (n, m), in units of the scales; z keeps the
    rest."""
    ri, rk, rf = forward.row, forward.by, forward.entry
    inverse, mobile = units.inverse, units.mobile
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
def expand(first, last, x, backward, units, A, W, z):
    """z (n, s), as `reduce` left it, becomes the solution for mobile x (n, m), in the species' units."""
    bk, bj, bf = backward.row, backward.by, backward.entry
    scale, mobile = units.scale, units.mobile
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
def weigh(volume, gamma, transport, between):
    """The blocks of a step gamma [s] per cell rather than per volume: `local` times volume and porosity;
    K = gamma x coupling and out = gamma x what is lost to the outside."""
    porosity, coupling, loss = transport.porosity, transport.coupling, transport.loss
    local, K, out = between.local, between.K, between.out
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
def entered(loss, gamma, c, units, r, z):
    """The tail: z (2m,) = r - gamma x loss (n, 2, m) x concentrations c (n, m) in units of the scales."""
    unit, mobile = units.scale, units.mobile
    n, m = c.shape
    for k in range(z.size):
        z[k] = r[k]
    for i in range(n):
        for side in range(2):
            for k in range(m):
                if loss[i, side, k] != 0.0:
                    z[side * m + k] -= gamma * loss[i, side, k] * c[i, k] * unit[mobile[k]]
