"""Rows: the same lines as compiled and as NumPy reads them, exponentials to their last digits."""

from __future__ import annotations

import numpy as np
from numba import njit

from sim.simd.blocks import LANES
from sim.simd.row_exponentials import SHORT, exp_row, expm1_of_short_row
from sim.simd.rows import (
    abs_row,
    count_lanes,
    fma,
    full_row,
    minus_product,
    put_row,
    rough_log,
    row_of,
    select,
    sqrt_row,
)


def test_a_row_is_a_numpy_array_without_the_compiler():
    """exp of a row as compiled and as NumPy reads the same lines: they differ by fused roundings."""

    @njit
    def compiled(w):
        put_row(w, 0, exp_row(row_of(w, 0)))
        return count_lanes(row_of(w, 0) > 1.0)

    w = np.random.default_rng(1).uniform(-50, 50, (1, LANES))
    expected = exp_row.py_func(w[0].copy())
    assert compiled(w) == np.count_nonzero(expected > 1.0)
    np.testing.assert_allclose(w[0], expected, rtol=1e-15)


def test_every_operation_is_compiled_to_what_numpy_does():
    """On the second of three rows; those beside it stay."""

    def lines(w):
        a, b = row_of(w, 1), full_row(2.5)
        c = select((a > 1.0) & (a <= 3.0) | (a < 0.2), fma(a, b, a), minus_product(a, b, 0.5))
        put_row(w, 1, sqrt_row(abs_row(c - 7.0)) / (1.0 + a * 2.0) + rough_log(a))
        return count_lanes(c >= 2.0)

    w = np.random.default_rng(3).uniform(0, 5, (3, LANES))
    mine, expected = w.copy(), w.copy()
    assert njit(error_model="numpy")(lines)(mine) == lines(expected)
    np.testing.assert_allclose(mine, expected, rtol=1e-13)
    assert np.array_equal(mine[[0, 2]], w[[0, 2]]) and not np.array_equal(mine[1], w[1])


def test_exponential_is_exact_to_two_roundings():
    x = np.random.default_rng(2).uniform(-700, 700, LANES)
    np.testing.assert_allclose(exp_row.py_func(x), np.exp(x), rtol=5e-16)


def test_short_exponential_is_exact_to_two_roundings():
    x = np.linspace(-SHORT, SHORT, LANES)
    np.testing.assert_allclose(expm1_of_short_row.py_func(x), np.expm1(x), rtol=5e-16)


def test_rough_log_is_right_to_0_03():
    x = 10.0 ** np.random.default_rng(4).uniform(-300, 300, LANES)
    np.testing.assert_allclose(rough_log(x), np.log(x), atol=0.03 * 1.05)
