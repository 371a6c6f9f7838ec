"""Kernels of the one-step integrators: one pass over the state for each thing that they do.

The state is cut into pieces of PIECE unknowns, small enough that all rows of a piece stay in cache;
sums are taken piece by piece and then over the pieces, so that they do not depend on how many
threads share the pieces.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.jit.kernel import kernel

PIECE = 2048


class Shares(NamedTuple):
    """What a stage of the Chebyshev recurrence takes of each: mu, nu, and h times those of f and f0."""

    mu: float
    nu: float
    f: float
    f0: float


class StepEnds(NamedTuple):
    """A step of length h from y to z, and the derivatives there."""

    h: float
    y: np.ndarray
    z: np.ndarray
    f0: np.ndarray
    f1: np.ndarray


@kernel(nogil=True)
def combine(first, last, y, base, K, weight, count, out):
    """out = base y + sum weight[j] K[j], j < count."""
    n = y.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        y_, out_ = y[a:b], out[a:b]
        for i in range(b - a):
            out_[i] = base * y_[i]
        for j in range(count):
            w, row = weight[j], K[j, a:b]
            if w != 0.0:
                for i in range(b - a):
                    out_[i] += w * row[i]


@kernel(nogil=True)
def error(first, last, y, z, e, rtol, atol, sums):
    """sums[piece] = sum (e / (atol + rtol max(|y|, |z|)))^2."""
    n = y.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        y_, z_, e_, atol_ = y[a:b], z[a:b], e[a:b], atol[a:b]
        s = 0.0
        for i in range(b - a):
            x = e_[i] / (atol_[i] + rtol * max(abs(y_[i]), abs(z_[i])))
            s += x * x
        sums[piece] = s


@kernel(nogil=True)
def chebyshev(first, last, share, y0, y1, y2, f, f0):
    """y2 <- y0 + mu (y1 - y0) + nu (y2 - y0) + a_f f + a_0 f0: the recurrence between stages.

    Written in differences from y0, so that what is added over hundreds of stages is small.
    """
    mu, nu, a_f, a_0 = share.mu, share.nu, share.f, share.f0
    n = y0.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        y0_, y1_, y2_, f_, f0_ = y0[a:b], y1[a:b], y2[a:b], f[a:b], f0[a:b]
        for i in range(b - a):
            y = y0_[i]
            y2_[i] = y + (mu * (y1_[i] - y) + nu * (y2_[i] - y) + a_f * f_[i] + a_0 * f0_[i])


@kernel(nogil=True)
def chebyshev_error(first, last, ends, rtol, atol, sums):
    """sums[piece] of the estimate 0.8 (y - z) + 0.4 h (f0 + f1) over a step from y to z, weighted."""
    h, y, z, f0, f1 = ends.h, ends.y, ends.z, ends.f0, ends.f1
    n = y.size
    for piece in range(first, last):
        a, b = piece * PIECE, min(n, (piece + 1) * PIECE)
        y_, z_, f0_, f1_, atol_ = y[a:b], z[a:b], f0[a:b], f1[a:b], atol[a:b]
        s = 0.0
        for i in range(b - a):
            e = 0.8 * (y_[i] - z_[i]) + 0.4 * h * (f0_[i] + f1_[i])
            x = e / (atol_[i] + rtol * max(abs(y_[i]), abs(z_[i])))
            s += x * x
        sums[piece] = s
