"""Kernels of the variable-order integrator: one pass over the state for each thing that it does.

The state is cut into pieces of PIECE unknowns; sums are taken piece by piece and then over the
pieces, so that they do not depend on how many threads share the pieces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.jit.kernel import kernel

PIECE = 8192


class Predicted(NamedTuple):
    """Where a prediction goes: the state, the part of the formula that is known, tolerances, corrections."""

    y: np.ndarray
    psi: np.ndarray
    scale: np.ndarray
    d: np.ndarray


@kernel(nogil=True)
def predict(first, last, D, order, weight, rtol, atol, to):
    """y = sum of D[0..order], psi = sum weight[k] D[k], scale = 1/(atol + rtol |y|) and d = 0, into `to`."""
    y, psi, scale, d = to.y, to.psi, to.scale, to.d
    n = y.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        y_, psi_, d_, scale_, atol_ = y[a:b], psi[a:b], d[a:b], scale[a:b], atol[a:b]
        row = D[0, a:b]
        for i in range(b - a):
            y_[i] = row[i]
            psi_[i] = 0.0
            d_[i] = 0.0
        for k in range(1, order + 1):
            row = D[k, a:b]
            w = weight[k]
            for i in range(b - a):
                y_[i] += row[i]
                psi_[i] += w * row[i]
        for i in range(b - a):
            scale_[i] = 1.0 / (atol_[i] + rtol * abs(y_[i]))


@kernel(nogil=True)
def start(first, last, h, f, D):
    """Differences of order 1 at a step h: D[1] = h f, all higher ones 0."""
    n = f.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        row, f_ = D[1, a:b], f[a:b]
        for i in range(b - a):
            row[i] = h * f_[i]
        for k in range(2, D.shape[0]):
            row = D[k, a:b]
            for i in range(b - a):
                row[i] = 0.0


@kernel(nogil=True)
def residual(first, last, c, f, psi, d, r):
    """r = c f - psi - d."""
    n = f.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        f_, psi_, d_, r_ = f[a:b], psi[a:b], d[a:b], r[a:b]
        for i in range(b - a):
            r_[i] = c * f_[i] - psi_[i] - d_[i]


@kernel(nogil=True)
def advance(first, last, dy, y, d, scale, sums):
    """y += dy, d += dy; sums[piece] = sum (dy scale)^2."""
    n = y.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        dy_, y_, d_, scale_ = dy[a:b], y[a:b], d[a:b], scale[a:b]
        s = 0.0
        for i in range(b - a):
            y_[i] += dy_[i]
            d_[i] += dy_[i]
            e = dy_[i] * scale_[i]
            s += e * e
        sums[piece] = s


@kernel(nogil=True)
def square(first, last, x, scale, sums):
    """sums[piece] = sum (x scale)^2."""
    n = x.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        x_, scale_ = x[a:b], scale[a:b]
        s = 0.0
        for i in range(b - a):
            e = x_[i] * scale_[i]
            s += e * e
        sums[piece] = s


@kernel(nogil=True)
def accept(first, last, D, order, d, scale, sums):
    """Differences of the new point; sums[piece] = squares of D[order], and of D[order + 2]: what the
    neighbouring orders would have erred by, but for a constant."""
    n = d.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        d_, scale_ = d[a:b], scale[a:b]
        high, top = D[order + 2, a:b], D[order + 1, a:b]
        for i in range(b - a):
            high[i] = d_[i] - top[i]
            top[i] = d_[i]
        for k in range(order, -1, -1):
            low, up = D[k, a:b], D[k + 1, a:b]
            for i in range(b - a):
                low[i] += up[i]
        own = D[order, a:b]
        s = 0.0
        t = 0.0
        for i in range(b - a):
            e = own[i] * scale_[i]
            s += e * e
            e = high[i] * scale_[i]
            t += e * e
        sums[piece, 0] = s
        sums[piece, 1] = t


@kernel(nogil=True)
def rescale(first, last, D, order, M, work):
    """D[0..order] <- M D[0..order], M (order + 1, order + 1): differences for another step length."""
    n = D.shape[1]
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        for j in range(order + 1):
            w = work[j]
            for i in range(b - a):
                w[i] = 0.0
            for k in range(order + 1):
                row, m = D[k, a:b], M[j, k]
                if m != 0.0:
                    for i in range(b - a):
                        w[i] += m * row[i]
        for j in range(order + 1):
            row, w = D[j, a:b], work[j]
            for i in range(b - a):
                row[i] = w[i]


@kernel(nogil=True)
def interpolate(first, last, D, order, weight, out):
    """out = D[0] + sum weight[k] D[k], k = 1..order."""
    n = out.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        out_, row = out[a:b], D[0, a:b]
        for i in range(b - a):
            out_[i] = row[i]
        for k in range(1, order + 1):
            row, w = D[k, a:b], weight[k]
            for i in range(b - a):
                out_[i] += w * row[i]
