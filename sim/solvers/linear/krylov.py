"""Flexible GMRES for a few iterations, with dot products that do not depend on the threads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba import prange

from sim.simd.regions import ParallelKernel

CHUNK = 8192  # numbers whose products are summed in one go, by one thread

Operator = Callable[[np.ndarray, np.ndarray], object]


@ParallelKernel
def dot_chunks(a, b, part):
    """part[i] = sum of a b over chunk i, in four interleaved sums (one alone waits for itself)."""
    for i in prange(part.size):
        low, high = i * CHUNK, min((i + 1) * CHUNK, a.size)
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        quads = (high - low) // 4
        for k in range(quads):
            j = np.uint64(low + 4 * k)
            s0 += a[j] * b[j]
            s1 += a[j + np.uint64(1)] * b[j + np.uint64(1)]
            s2 += a[j + np.uint64(2)] * b[j + np.uint64(2)]
            s3 += a[j + np.uint64(3)] * b[j + np.uint64(3)]
        for k in range(low + 4 * quads, high):
            s0 += a[k] * b[k]
        part[i] = (s0 + s1) + (s2 + s3)


@ParallelKernel
def add_multiple(a, f, out):
    """out += f a."""
    for i in prange((a.size + CHUNK - 1) // CHUNK):
        for k in range(i * CHUNK, min((i + 1) * CHUNK, a.size)):
            out[k] += f * a[k]


@ParallelKernel
def set_multiple(a, f, out):
    """out = f a."""
    for i in prange((a.size + CHUNK - 1) // CHUNK):
        for k in range(i * CHUNK, min((i + 1) * CHUNK, a.size)):
            out[k] = f * a[k]


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """Sum of a b over flat arrays, the same for any number of threads."""
    part = np.empty((a.size + CHUNK - 1) // CHUNK)
    dot_chunks(a, b, part)
    return float(part.sum())


class FlexibleGmres:
    """GMRES whose preconditioner may change from one iteration to the next; keeps its vectors.

    Source: Y. Saad, SIAM J. Sci. Comput. 14 (1993) 461, algorithm 2.2, without restarts.
    """

    def __init__(self, size: int):
        self.size = size
        self.basis: list[np.ndarray] = []
        self.corrections: list[np.ndarray] = []

    def solve(
        self,
        apply: Operator,
        precondition: Operator,
        b: np.ndarray,
        x: np.ndarray,
        tolerance: float,
        most: int,
    ) -> tuple[int, float]:
        """x = A^-1 b from zero: (iterations, residual relative to b, as the recurrence has it).

        apply(v, out), precondition(r, out): on flat vectors. x stays at the best found when a
        number that is not finite turns up; the residual then says how far that is.
        """
        x[:] = 0.0
        beta = np.sqrt(dot(b, b))
        if beta == 0.0:
            return 0, 0.0
        if not np.isfinite(beta):
            return 0, float(beta)
        self._room(most)
        H, givens = np.zeros((most + 1, most)), np.zeros((most, 2))
        g = np.zeros(most + 1)
        g[0] = 1.0
        set_multiple(b, 1.0 / beta, self.basis[0])
        done = 0
        for k in range(most):
            z, w = self.corrections[k], self.basis[k + 1]
            precondition(self.basis[k], z)
            apply(z, w)
            for i in range(k + 1):
                H[i, k] = dot(w, self.basis[i])
                add_multiple(self.basis[i], -H[i, k], w)
            norm = np.sqrt(dot(w, w))
            if not np.isfinite(norm):
                break
            H[k + 1, k] = norm
            rotate(H[:, k], givens, g, k)
            if H[k, k] == 0.0:
                break
            done = k + 1
            if abs(g[done]) <= tolerance or norm == 0.0:
                break
            set_multiple(w, 1.0 / norm, w)
        y = np.zeros(done)
        for i in range(done - 1, -1, -1):
            y[i] = (g[i] - H[i, i + 1 : done] @ y[i + 1 :]) / H[i, i]
        for i in range(done):
            add_multiple(self.corrections[i], beta * y[i], x)
        return done, float(abs(g[done]))

    def _room(self, most: int) -> None:
        while len(self.corrections) < most:
            self.corrections.append(np.zeros(self.size))
        while len(self.basis) < most + 1:
            self.basis.append(np.zeros(self.size))


def rotate(column: np.ndarray, givens: np.ndarray, g: np.ndarray, k: int) -> None:
    """Bring column k of the Hessenberg matrix to upper triangular form, and g along with it."""
    for i in range(k):
        c, s = givens[i]
        column[i], column[i + 1] = c * column[i] + s * column[i + 1], c * column[i + 1] - s * column[i]
    size = np.hypot(column[k], column[k + 1])
    c, s = (column[k] / size, column[k + 1] / size) if size > 0 else (1.0, 0.0)
    givens[k] = c, s
    column[k], column[k + 1] = size, 0.0
    g[k], g[k + 1] = c * g[k], -s * g[k]
