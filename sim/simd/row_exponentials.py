"""Exponentials of rows, as in `elementary` but for arguments that are known to be in range.

None of the tests for overflow and NaN that the functions there make is needed here, and fused
multiplications and additions round less often; so the last digits of the two may differ.
"""

from __future__ import annotations

import math

from sim.jit.kernel import plain_kernel
from sim.simd.elementary import LN2_HIGH, LN2_LOW, LOG2_E, SHIFT
from sim.simd.rows import fma, times_power_of_two

SHORT = 0.1  # size of x below which `expm1_of_short_row` is exact to rounding

E2, E3, E4, E5, E6, E7, E8, E9, E10, E11, E12 = (1.0 / math.factorial(n) for n in range(2, 13))


@plain_kernel
def exp_row(x):
    """exp of a row to 2e-16 for -700 < x < 700; NaN stays NaN."""
    t = fma(x, LOG2_E, SHIFT)
    k = t - SHIFT
    r = fma(k, -LN2_LOW, fma(k, -LN2_HIGH, x))
    p = fma(r, E12, E11)
    p = fma(p, r, E10)
    p = fma(p, r, E9)
    p = fma(p, r, E8)
    p = fma(p, r, E7)
    p = fma(p, r, E6)
    p = fma(p, r, E5)
    p = fma(p, r, E4)
    p = fma(p, r, E3)
    p = fma(p, r, E2)
    p = fma(p, r, 1.0)
    return times_power_of_two(fma(p, r, 1.0), t)


@plain_kernel
def expm1_of_short_row(x):
    """exp(x) - 1 of a row for |x| < SHORT, to 1e-17."""
    p = fma(x, E9, E8)
    p = fma(p, x, E7)
    p = fma(p, x, E6)
    p = fma(p, x, E5)
    p = fma(p, x, E4)
    p = fma(p, x, E3)
    p = fma(p, x, E2)
    return x * fma(p, x, 1.0)
