"""Block Thomas along a line against dense linear algebra, with and without exchanges of rows."""

from __future__ import annotations

import numpy as np
import pytest

from sim.solvers.linear.elimination import BetweenCells
from sim.solvers.linear.thomas import Thomas


def line(n, m, seed=0, closeness=1.0):
    """Random blocks, couplings as of neighbours along a line."""
    rng = np.random.default_rng(seed)
    local = closeness * np.eye(m) * m + rng.uniform(-1, 1, (n, m, m))
    K = np.zeros((n, 2 if n > 1 else 1, m))
    between = rng.uniform(0.1, 3, (n - 1, m))
    if n > 1:
        K[:-1, 1], K[1:, 0] = between, between
    return BetweenCells(local, K, rng.uniform(0, 1, (n, m)))


def with_pores(matrix, seed=2):
    """The last of the species is the change of pores: nothing of it flows, what it moves leaves one cell for
    the next, and a cell knows its own by its species."""
    n, m = matrix.out.shape
    rng = np.random.default_rng(seed)
    matrix.K[:, :, -1] = matrix.out[:, -1] = 0.0
    across = np.zeros((n, 2, matrix.K.shape[1], m))
    if n > 1:
        moved = rng.uniform(-2, 2, (2, n - 1, m - 1))
        across[1:, 0, 0, :-1], across[:-1, 1, 1, :-1] = moved[0], -moved[0]
        across[1:, 1, 0, :-1], across[:-1, 0, 1, :-1] = moved[1], -moved[1]
    matrix.local[:, :-1, -1] = -across[:, 0, :, :-1].sum(axis=1)
    matrix.local[:, -1, :-1] *= 0.1
    return matrix._replace(across=across)


def dense(matrix):
    n, m = matrix.out.shape
    a = np.zeros((n, m, n, m))
    for i in range(n):
        a[i, :, i] = matrix.local[i] + np.diag(matrix.out[i] + matrix.K[i].sum(0))
        for j, face in ((i - 1, 0), (i + 1, 1)):
            if 0 <= j < n:
                a[i, :, j] = -np.diag(matrix.K[i, face])
                if matrix.across.size:
                    a[i, :, j, -1] -= matrix.across[i, 1, face]
    return a.reshape(n * m, n * m)


def solved(matrix, b):
    thomas = Thomas(*matrix.out.shape, matrix.K.shape[1], pores=matrix.across.size > 0)
    x = np.zeros_like(b)
    assert thomas.update(matrix)
    thomas.solve(b.copy(), x)
    return x, bool(thomas.factors.exchanged[0])


@pytest.mark.parametrize("m", [1, 2, 6, 8, 9])
@pytest.mark.parametrize("n", [1, 2, 37])
@pytest.mark.parametrize("pores", [False, True])
def test_the_solution_is_dense_linear_algebras(n, m, pores):
    if pores and m == 1:
        pytest.skip("pores change by what species do")
    matrix = with_pores(line(n, m)) if pores else line(n, m)
    b = np.random.default_rng(1).standard_normal((n, m))
    x, exchanged = solved(matrix, b)
    expected = np.linalg.solve(dense(matrix), b.ravel()).reshape(n, m)
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-13 * np.abs(expected).max())
    assert exchanged == (m > 8)  # more species than a register holds


def test_a_small_pivot_is_exchanged():
    """Zeros on the diagonal of a block that is far from singular."""
    matrix = line(12, 6)
    swap = np.eye(6)[[1, 0, 3, 2, 5, 4]]
    matrix.local[4] = 5e4 * swap - np.diag(matrix.out[4] + matrix.K[4].sum(0))
    b = np.random.default_rng(1).standard_normal((12, 6))
    x, exchanged = solved(matrix, b)
    expected = np.linalg.solve(dense(matrix), b.ravel()).reshape(12, 6)
    np.testing.assert_allclose(x, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    assert exchanged


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_singular(bad):
    matrix = line(5, 6)
    matrix.local[2, 1, 3] = bad
    thomas = Thomas(5, 6, 2)
    if thomas.update(matrix):  # an infinity may come out as zero; the solution then says so
        x = np.zeros((5, 6))
        thomas.solve(np.ones((5, 6)), x)
        assert not np.isfinite(x).all()


def test_a_singular_line_is_refused():
    matrix = line(3, 4)
    matrix.local[:], matrix.K[:], matrix.out[:] = 0.0, 0.0, 0.0
    assert not Thomas(3, 4, 2).update(matrix)
