"""Block Thomas: the exact solve along a line of cells, one block of mobile species a cell."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.codegen.call import call
from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH
from sim.solvers.linear.elimination import BetweenCells
from sim.solvers.linear.programs.lines import thomas_routines


class Tridiagonal(NamedTuple):
    """Inverses of the pivot blocks, in one of two forms, and what makes them.

    factor, forward, backward: addresses of `programs.lines`; columns (n + 1, m, WIDTH), x (n + 2, WIDTH):
    what they work in, empty for more than WIDTH species
    inverse (n, m, m), pivots (m,): where rows had to be exchanged; exchanged (1,): whether they had
    """

    factor: int
    forward: int
    backward: int
    columns: np.ndarray
    x: np.ndarray
    inverse: np.ndarray
    pivots: np.ndarray
    exchanged: np.ndarray


class Thomas:
    """update(matrix), solve(b, x) for cells along a line, or one stirred cell.

    pores: whether the last of the mobile is the change of pores
    """

    def __init__(self, cells: int, mobile: int, faces: int, pores: bool = False):
        n, narrow = cells, 0 < mobile <= WIDTH
        self.factors = Tridiagonal(
            *(thomas_routines(mobile, faces, pores) if narrow else (0, 0, 0)),
            np.zeros((n + 1 if narrow else 0, mobile, WIDTH)), np.zeros((n + 2 if narrow else 0, WIDTH)),
            np.zeros((n, mobile, mobile)), np.zeros(mobile, np.int64), np.zeros(1, np.int64),
        )  # fmt: skip
        self.statistics: dict[str, int] = {}

    def update(self, matrix: BetweenCells) -> bool:
        """Factor a matrix, which must stay as it is until the next; False when it is singular."""
        self.matrix = matrix
        return thomas_factor(matrix, self.factors) == 0

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b, both (n, m); b is overwritten."""
        thomas_solve(self.matrix, self.factors, b, x)


@kernel
def thomas_factor(matrix, factors):
    """Factors of a BetweenCells, block tridiagonal. Off-diagonal blocks are diagonal, -K, with one column
    where pores change. 1 when singular."""
    n = matrix.local.shape[0]
    if factors.columns.shape[0] > 0:
        if matrix.across.shape[0] > 0:
            arrays = (matrix.local, matrix.K, matrix.across, matrix.out, factors.columns)
            small = call(factors.factor, 0, n, n, arrays)
        else:
            small = call(factors.factor, 0, n, n, (matrix.local, matrix.K, matrix.out, factors.columns))
        if small == 0:
            factors.exchanged[0] = 0
            return 0
    factors.exchanged[0] = 1
    return factor_with_exchanges(matrix, factors)


@kernel
def thomas_solve(matrix, factors, b, x):
    """x (n, m); b (n, m) is overwritten."""
    if factors.exchanged[0] == 1:
        solve_with_exchanges(matrix, factors, b, x)
        return
    n = b.shape[0]
    if matrix.across.shape[0] > 0:
        call(factors.forward, 0, n, n, (matrix.K, matrix.across, factors.columns, b, factors.x))
        call(factors.backward, 0, n, n, (matrix.K, matrix.across, factors.columns, factors.x, x))
        return
    call(factors.forward, 0, n, n, (matrix.K, factors.columns, b, factors.x))
    call(factors.backward, 0, n, n, (matrix.K, factors.columns, factors.x, x))


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
def factor_with_exchanges(matrix, factors):
    """`thomas_factor` with exchanges of rows, into factors.inverse."""
    local, conductance, loss, inverse = matrix.local, matrix.K, matrix.out, factors.inverse
    n, m, pores = local.shape[0], local.shape[1], matrix.across.shape[0] > 0
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
                    ahead = g[a] * before[a, b]
                    if pores:
                        ahead += matrix.across[i, 1, 0, a] * before[m - 1, b]
                        d[a, m - 1] += ahead * matrix.across[i, 0, 0, b]
                    d[a, b] -= ahead * g[b]
        if invert_in_place(d, factors.pivots) != 0:
            return 1
    return 0


@kernel
def solve_with_exchanges(matrix, factors, b, x):
    """`thomas_solve` after `factor_with_exchanges`; b is overwritten."""
    inverse, conductance = factors.inverse, matrix.K
    (n, m), pores = b.shape, matrix.across.shape[0] > 0
    for i in range(n):
        if i > 0:
            for a in range(m):
                b[i, a] += conductance[i, 0, a] * x[i - 1, a]
                if pores:
                    b[i, a] += matrix.across[i, 1, 0, a] * x[i - 1, m - 1]
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
                if pores:
                    s += inverse[i, a, k] * matrix.across[i, 1, 1, k] * x[i + 1, m - 1]
            x[i, a] += s
