"""Elementary functions in plain arithmetic, so that a loop over cells becomes vector instructions.

A call of the C library stops LLVM from vectorising the loop around it; these are inlined. They
agree with the library to 3 units in the last place (power: to the rounding of b ln a), and differ
on purpose in one thing: results below 2.3e-308 are flushed to zero.
Source: the reductions and polynomials of fdlibm (Sun Microsystems, 1993), Taylor's for exp.
"""

from __future__ import annotations

import math

import llvmlite.ir as ir
import numpy as np
from numba import types

from sim.jit.kernel import kernel
from sim.simd.constants import LN2_HIGH, LN2_LOW, LOG2_E, SHIFT
from sim.simd.instructions import instruction

LOG10_E = 0.4342944819032518
LOG10_2_HIGH, LOG10_2_LOW = 3.01029995663611771306e-01, 3.69423907715893078616e-13


def _bits(x):
    return int(np.float64(x).view(np.int64))


def _from_bits(n):
    return np.uint64(n & 0xFFFFFFFFFFFFFFFF).view(np.float64)


@instruction(_bits)
def bits(typingctx, x):
    """The 64 bits of a double as an integer."""

    def generate(context, builder, signature, values):
        return builder.bitcast(values[0], ir.IntType(64))

    return types.int64(types.float64), generate


@instruction(_from_bits)
def from_bits(typingctx, n):
    """The double that has these 64 bits."""

    def generate(context, builder, signature, values):
        return builder.bitcast(values[0], ir.DoubleType())

    return types.float64(types.int64), generate


inline = kernel(cache=False, forceinline=True)


@inline
def _tail(r):
    """(e^r - 1 - r)/r^2 for |r| < 0.35: Taylor, exact to 1e-17."""
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    return p * r + 0.5


@inline
def exp(x):
    """e^x; 0 below -708, inf above 709.78, NaN for NaN."""
    inside = x
    if not x > -708.0:
        inside = -708.0
    if x > 709.78:
        inside = 709.78
    z = inside * LOG2_E + SHIFT
    k = z - SHIFT
    r = inside - k * LN2_HIGH - k * LN2_LOW
    # 2^k in two factors: 2^1024 alone is no double
    half = k * 0.5 + SHIFT
    first = from_bits((bits(half) << 52) + (1023 << 52))
    second = from_bits((bits(z) - bits(half) + bits(SHIFT) << 52) + (1023 << 52))
    y = (_tail(r) * r * r + r + 1.0) * first * second
    if x < -708.0:
        y = 0.0
    if x > 709.78:
        y = math.inf
    if x != x:
        y = x
    return y


@inline
def expm1(x):
    """e^x - 1 with all its digits near 0."""
    inside = x
    if not x > -50.0:
        inside = -50.0
    if x > 709.0:
        inside = 709.0
    z = inside * LOG2_E + SHIFT
    k = z - SHIFT
    r = inside - k * LN2_HIGH - k * LN2_LOW
    two_k = from_bits((bits(z) << 52) + (1023 << 52))
    y = two_k * (_tail(r) * r * r + r) + (two_k - 1.0)
    if x > 709.0:
        y = exp(x)
    if x != x:
        y = x
    return y


@inline
def log(x):
    """Natural logarithm; -inf at 0 (and below 2.3e-308), NaN below, inf at inf."""
    n = bits(x)
    # Exponent and mantissa so that the mantissa lies in [sqrt(1/2), sqrt(2)).
    n += 0x3FF0000000000000 - 0x3FE6A09E667F3BCD
    exponent = (n >> 52) - 1023
    m = from_bits((n & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD)
    k = from_bits(exponent + bits(SHIFT)) - SHIFT
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = p * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    p = p * z
    h = 0.5 * f * f
    y = k * LN2_HIGH - ((h - (s * (h + p) + k * LN2_LOW)) - f)
    if x < 2.2250738585072014e-308:
        y = -math.inf
    if x < 0.0:
        y = math.nan
    if x == math.inf or x != x:
        y = x
    return y


@inline
def log1p(x):
    """ln(1 + x) with all its digits near 0."""
    u = 1.0 + x
    y = log(u)
    if u > 0.0 and u < math.inf:
        y += (x - (u - 1.0)) / u  # what rounding 1 + x lost
    return y


@inline
def log10(x):
    """Decimal logarithm, exact at powers of 10; edges as of `log`."""
    n = bits(x) + (0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
    m = from_bits((n & 0x000FFFFFFFFFFFFF) + 0x3FE6A09E667F3BCD)
    k = from_bits((n >> 52) - 1023 + bits(SHIFT)) - SHIFT
    y = k * LOG10_2_HIGH + (k * LOG10_2_LOW + log(m) * LOG10_E)
    edge = log(x)
    if edge - edge != 0.0:  # no finite number
        y = edge
    return y


@inline
def tanh(x):
    """Hyperbolic tangent."""
    e = expm1(2.0 * min(abs(x), 20.0))
    y = e / (e + 2.0)
    if x < 0.0:
        y = -y
    if x != x:
        y = x
    return y


@inline
def power(a, b):
    """a^b = exp(b ln |a|) with the sign of an odd whole power; NaN for other powers of a < 0."""
    y = exp(b * log(abs(a)))
    if a < 0.0:
        whole = math.floor(b)
        if whole != b:
            y = math.nan
        elif whole != 2.0 * math.floor(0.5 * whole):
            y = -y
    if b == 0.0 or a == 1.0:
        y = 1.0
    return y


# What formulas may call by these names of `math` and numpy; in generated code these here stand for them.
FUNCTIONS = ("exp", "expm1", "log", "log1p", "log10", "tanh")
