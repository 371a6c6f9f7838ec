"""Block Thomas: the exact solve along a line of cells, one block of mobile species a cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.jit.kernel import kernel
from sim.solvers.linear.elimination import BetweenCells


class Tridiagonal(NamedTuple):
    """inverse (n, m, m): of the pivot blocks; pivots (m,): of one inversion."""

    inverse: np.ndarray
    pivots: np.ndarray


class Thomas:
    """update(matrix), solve(b, x) for cells along a line, or one stirred cell."""

    def __init__(self, cells: int, mobile: int):
        self.factors = Tridiagonal(np.zeros((cells, mobile, mobile)), np.zeros(mobile, np.int64))
        self.statistics: dict[str, int] = {}

    def update(self, matrix: BetweenCells) -> bool:
        """Factor a matrix, which must stay as it is until the next; False when it is singular."""
        self.matrix = matrix
        return thomas_factor(matrix, self.factors) == 0

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b, both (n, m); b is overwritten."""
        thomas_solve(self.matrix, self.factors, b, x)


@kernel
def invert_in_place(a, pivots):
    """Inverse by Gauss-Jordan with row pivoting; pivots (m,) int64. 0, or 1 when singular."""
    m = a.shape[0]
    for k in range(m):
        p = k
        for i in range(k + 1, m):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        pivots[k] = p
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
        p = pivots[k]
        if p != k:
            for i in range(m):
                a[i, k], a[i, p] = a[i, p], a[i, k]
    return 0


@kernel
def thomas_factor(matrix, factors):
    """Factors of a BetweenCells, block tridiagonal. Off-diagonal blocks are diagonal, -K. 1 when singular."""
    local, conductance, loss, inverse = matrix.local, matrix.K, matrix.out, factors.inverse
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
        if invert_in_place(d, factors.pivots) != 0:
            return 1
    return 0


@kernel
def thomas_solve(matrix, factors, b, x):
    """x (n, m); b (n, m) is overwritten."""
    inverse, conductance = factors.inverse, matrix.K
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
