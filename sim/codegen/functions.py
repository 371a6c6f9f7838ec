"""Functions of registers: what `math` offers formulas, by the reductions of `simd.elementary`.

As there: to 3 units in the last place (power: to the rounding of b ln a), results below 2.3e-308 are
flushed to zero. Sums are fused, so the last digits may differ from those there.
"""

from __future__ import annotations

import math

from sim.codegen.registers import LaneMask, Vec
from sim.simd.elementary import LN2_HIGH, LN2_LOW, LOG2_E, SHIFT

LEAST, MOST = -708.0, 709.78  # arguments of exp between which it is a normal double
TAYLOR = [1.0 / math.factorial(n) for n in range(14)]
# (ln((1 + s)/(1 - s)) - 2 s)/s by z = s^2, lowest power first (fdlibm)
LOG = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
SMALLEST_NORMAL = 2.2250738585072014e-308


def fma(a: Vec, b: Vec | float, c: Vec | float) -> Vec:
    """a b + c."""
    return a.of.fma(a, a.of.vec(b), a.of.vec(c))


def nfma(a: Vec, b: Vec | float, c: Vec | float) -> Vec:
    """c - a b."""
    return a.of.nfma(a, a.of.vec(b), a.of.vec(c))


def select(mask: LaneMask, a: Vec | float, b: Vec | float) -> Vec:
    """a where the mask holds, else b."""
    return mask.of.select(mask, mask.of.vec(a), mask.of.vec(b))


def minimum(a: Vec, b: Vec | float) -> Vec:
    """The smaller; b where a is NaN."""
    return a.of.minimum(a, a.of.vec(b))


def maximum(a: Vec, b: Vec | float) -> Vec:
    """The larger; b where a is NaN."""
    return a.of.maximum(a, a.of.vec(b))


def sqrt(a: Vec) -> Vec:
    """Square root, exactly rounded."""
    return a.of.sqrt(a)


def floor(a: Vec) -> Vec:
    """The largest whole number that is not above a."""
    return a.of.floor(a)


def _polynomial(x: Vec, c: list[float] | tuple[float, ...]) -> Vec:
    """sum c[n] x^n by Estrin's scheme: chains of 4 operations where Horner's has a dozen."""
    terms: list[Vec | float] = list(c)
    while len(terms) > 1:
        pairs: list[Vec | float] = [fma(x, terms[i + 1], terms[i]) for i in range(0, len(terms) - 1, 2)]
        terms = pairs + ([terms[-1]] if len(terms) % 2 else [])
        x = x * x
    return x.of.vec(terms[0])


def _reduced(x: Vec) -> tuple[Vec, Vec]:
    """t, r of x = k ln 2 + r with k = t - SHIFT whole and |r| < 0.35."""
    t = fma(x, LOG2_E, SHIFT)
    k = t - SHIFT
    return t, nfma(k, LN2_LOW, nfma(k, LN2_HIGH, x))


def exp_in_range(x: Vec) -> Vec:
    """e^x for -708 < x < 709.78, else anything."""
    t, r = _reduced(x)
    return x.of.times_power_of_two(_polynomial(r, TAYLOR[:13]), t)


def exp(x: Vec) -> Vec:
    """e^x; 0 below -708, inf above 709.78, NaN for NaN."""
    y = select(x > MOST, math.inf, exp_in_range(x))
    y = select(x < LEAST, 0.0, y)
    return select(x == x, y, x)


def expm1(x: Vec) -> Vec:
    """e^x - 1 with all its digits near 0."""
    t, r = _reduced(maximum(x, -50.0))
    two_k = x.of.times_power_of_two(x.of.number(1.0), t)
    tail = fma(_polynomial(r, TAYLOR[2:14]) * r, r, r)
    y = fma(two_k, tail, two_k - 1.0)
    y = select(x > 709.0, exp(x), y)
    return select(x == x, y, x)


def log(x: Vec) -> Vec:
    """Natural logarithm; -inf at 0 (and below 2.3e-308), NaN below, inf at inf."""
    k = x.of.exponent(x)
    f = x.of.mantissa(x) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = z * _polynomial(z, LOG)
    h = 0.5 * f * f
    y = fma(k, LN2_HIGH, f - (h - fma(s, h + p, k * LN2_LOW)))
    y = select(x < SMALLEST_NORMAL, -math.inf, y)
    y = select(x < 0.0, math.nan, y)
    return select(x < math.inf, y, x)  # inf and NaN stay


def log1p(x: Vec) -> Vec:
    """ln(1 + x) with all its digits near 0."""
    u = 1.0 + x
    y = log(u)
    lost = (x - (u - 1.0)) / u  # by rounding 1 + x
    return select((u > 0.0) & (u < math.inf), y + lost, y)


def log10(x: Vec) -> Vec:
    """Decimal logarithm."""
    return log(x) * 0.4342944819032518


def tanh(x: Vec) -> Vec:
    """Hyperbolic tangent."""
    e = expm1(2.0 * minimum(abs(x), 20.0))
    y = e / (e + 2.0)
    y = select(x < 0.0, -y, y)
    return select(x == x, y, x)


def power(a: Vec, b: Vec | float) -> Vec:
    """a^b = exp(b ln |a|) with the sign of an odd whole power; NaN for other powers of a < 0."""
    b = a.of.vec(b)
    y = exp(b * log(abs(a)))
    whole = floor(b)
    signed = select(whole == 2.0 * floor(0.5 * whole), y, -y)
    y = select(a < 0.0, select(whole == b, signed, math.nan), y)
    return select((b == 0.0) | (a == 1.0), 1.0, y)


# What formulas may call by these names of `math` and numpy.
FUNCTIONS = {
    "exp": exp, "expm1": expm1, "log": log, "log1p": log1p, "log10": log10, "tanh": tanh, "sqrt": sqrt,
    "floor": floor, "fabs": abs,
}  # fmt: skip
