"""Many fluids as arrays: sums without BLAS, and shares of threads that leave no trace."""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import MANY, SHARE_OF_FLUIDS, SHARE_OF_GROUPS, solve_totals, weighted_sums
from sim.simd.constants import WIDTH

TABLES = constants_set("tissue-37C").tables(("Ca", "P", "C", "H", "Mg", "Na", "K", "Cl"), 310.15)
PLASMA = np.array([2.5e-3, 1e-3, 24e-3, 3e-3, 0.8e-3, 0.142, 4e-3, 0.103])


def fluids(n, seed):
    return PLASMA * 10 ** np.random.default_rng(seed).uniform(-1, 0.3, (n, 8))


@pytest.mark.parametrize("shape", [(30,), (30, 8)])
def test_weighted_sums_are_exact_to_the_last_digits(shape):
    """Against sums without any rounding but the last, to 1e-15 of the sum of the sizes."""
    rng = np.random.default_rng(1)
    values, weights = rng.standard_normal((50, 30)), rng.standard_normal(shape)
    found = weighted_sums(values, weights).reshape(50, -1)
    columns = weights.reshape(30, -1)
    for i in range(50):
        for j in range(columns.shape[1]):
            terms = values[i] * columns[:, j]
            assert found[i, j] == pytest.approx(math.fsum(terms), abs=1e-15 * math.fsum(np.abs(terms)))


@pytest.mark.parametrize("n", [2 * SHARE_OF_FLUIDS + 3, 2 * SHARE_OF_GROUPS * WIDTH + 5])
def test_threads_change_no_bit(n):
    """One thread and two: few fluids one by one, many in groups."""
    assert (n < MANY) == (n < 200)
    totals, before = fluids(n, 2), numba.get_num_threads()
    found = []
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(threads)
        try:
            found.append(solve_totals(TABLES, totals))
        finally:
            numba.set_num_threads(before)
    for name in ("x", "m", "lng", "status"):
        np.testing.assert_array_equal(*(getattr(s, name) for s in found))
    assert not found[0].status.any()


def test_the_balance_that_is_furthest_off_is_told_of_unsolved_fluids_only():
    """A negative total of magnesium is refused before anything is done: its balance is all off."""
    totals = fluids(4, 3)
    totals[2, 4] = -1e-3
    found = solve_totals(TABLES, totals, np.full(4, 7.4))
    assert list(found.status != 0) == [False, False, True, False]
    assert list(found.worst[[0, 1, 3]]) == [0, 0, 0]
    assert found.worst[2] in range(8)
    np.testing.assert_allclose(found.totals[:, 3][[0, 1, 3]], (found.m @ TABLES.nu)[[0, 1, 3], 3], rtol=1e-12)


@pytest.mark.slow
def test_100_000_cold_starts_are_solved():
    """From nearly pure water to brine, pH 2-12, one component in eight absent; from the acidity too."""
    n, rng = 100_000, np.random.default_rng(12)
    low = np.log([1e-8, 1e-8, 1e-8, 1.0, 1e-8, 1e-6, 1e-6, 1e-6])
    high = np.log([0.3, 0.3, 0.3, 1.0, 0.3, 0.7, 0.5, 1.0])
    totals = np.exp(rng.uniform(low, high, (n, 8))) * (rng.uniform(size=(n, 8)) > 0.125)
    at_pH = solve_totals(TABLES, totals, rng.uniform(2.0, 12.0, n))
    assert not at_pH.status.any()
    found = solve_totals(TABLES, at_pH.totals)
    assert not found.status.any()
    np.testing.assert_allclose(found.x[:, 3], at_pH.x[:, 3], atol=1e-6)
