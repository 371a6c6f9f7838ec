"""Functions of registers: what `math` offers formulas, by the reductions of `simd.elementary`.

As there: to 3 units in the last place (power: to the rounding of b ln a), results below 2.3e-308 are
flushed to zero. Sums are fused, so the last digits may differ from those there.
"""

from __future__ import annotations

import math

from sim.codegen.registers import LaneMask, Vec
from sim.simd.constants import LN2_HIGH, LN2_LOW, LOG2_E, SHIFT

LEAST, MOST = -708.0, 709.78  # arguments of exp between which it is a normal double
LN2 = math.log(2.0)
TAYLOR = [1.0 / math.factorial(n) for n in range(14)]
# (ln((1 + s)/(1 - s)) - 2 s)/s by z = s^2, lowest power first (fdlibm)
LOG = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip
SMALLEST_NORMAL = 2.2250738585072014e-308
# Logarithms to other bases in two parts, of which the first has few digits: its products with a whole number
# and with a multiple of 2^-21 are exact (FreeBSD's e_log2.c and e_log10.c).
LOG2_E_PARTS = 1.44269504072144627571e00, 1.67517131648865118353e-10
LOG10_E_PARTS = 4.34294481878168880939e-01, 2.50829467116452752298e-11
LOG10_2_PARTS = 3.01029995663611771306e-01, 3.69423907715893078616e-13
TO_MULTIPLES = 1.5 * 2.0**31  # added and taken away, it leaves the nearest multiple of 2^-21
MOST_SINH = 710.4758600739439  # up to here e^x/2 is a double
WHOLE_POWERS = 7  # up to here whole powers are products


def fma(a: Vec, b: Vec | float, c: Vec | float) -> Vec:
    """a b + c."""
    return a.of.fma(a, a.of.vec(b), a.of.vec(c))


def nfma(a: Vec, b: Vec | float, c: Vec | float) -> Vec:
    """c - a b."""
    return a.of.nfma(a, a.of.vec(b), a.of.vec(c))


def over(a: Vec, b: Vec | float, inverse: Vec | float) -> Vec:
    """a / b, rounded as division is, where the inverse of b is at hand."""
    return a.of.over(a, a.of.vec(b), a.of.vec(inverse))


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


def exp2(x: Vec) -> Vec:
    """2^x, exact for whole x; 0 below -1021.4, inf from 1024 on, NaN for NaN."""
    whole = floor(x + 0.5)
    y = _polynomial((x - whole) * LN2, TAYLOR[:13])
    y = x.of.times_power_of_two(y, whole + SHIFT)
    y = select(x < 1024.0, y, math.inf)
    y = select(x < LEAST / LN2, 0.0, y)
    return select(x == x, y, x)


def expm1(x: Vec) -> Vec:
    """e^x - 1 with all its digits near 0."""
    t, r = _reduced(maximum(x, -50.0))
    two_k = x.of.times_power_of_two(x.of.number(1.0), t)
    tail = fma(_polynomial(r, TAYLOR[2:14]) * r, r, r)
    y = fma(two_k, tail, two_k - 1.0)
    y = select(x > 709.0, exp(x), y)
    return select(x == x, y, x)


def _logarithm_parts(x: Vec) -> tuple[Vec, Vec, Vec, Vec, Vec]:
    """k, f, h, s, g of x = 2^k (1 + f) with ln(1 + f) = f - h + s g, h = f^2/2."""
    f = x.of.mantissa(x) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = z * _polynomial(z, LOG)
    h = 0.5 * f * f
    return x.of.exponent(x), f, h, s, h + p


def _as_logarithm(x: Vec, y: Vec) -> Vec:
    """y, that of x, with what a logarithm is where x is no normal number."""
    y = select(x < SMALLEST_NORMAL, -math.inf, y)
    y = select(x < 0.0, math.nan, y)
    return select(x < math.inf, y, x)  # inf and NaN stay


def log(x: Vec) -> Vec:
    """Natural logarithm; -inf at 0 (and below 2.3e-308), NaN below, inf at inf."""
    k, f, h, s, g = _logarithm_parts(x)
    return _as_logarithm(x, fma(k, LN2_HIGH, f - (h - fma(s, g, k * LN2_LOW))))


def _logarithm_to(x: Vec, e: tuple[float, float], two: tuple[float, float]) -> Vec:
    """Logarithm to a base, exact at its whole powers; e, two: those of e and of 2, in two parts."""
    k, f, h, s, g = _logarithm_parts(x)
    high = (f - h + TO_MULTIPLES) - TO_MULTIPLES
    low = (f - high) - h + s * g
    whole, rest = k * two[0], high * e[0]
    y = whole + rest
    lost = k * two[1] + ((low + high) * e[1] + low * e[0]) + ((whole - y) + rest)
    return _as_logarithm(x, y + lost)


def log2(x: Vec) -> Vec:
    """Binary logarithm, exact at powers of 2; edges as of `log`."""
    return _logarithm_to(x, LOG2_E_PARTS, (1.0, 0.0))


def log10(x: Vec) -> Vec:
    """Decimal logarithm, exact at powers of 10; edges as of `log`."""
    return _logarithm_to(x, LOG10_E_PARTS, LOG10_2_PARTS)


def log1p(x: Vec) -> Vec:
    """ln(1 + x) with all its digits near 0."""
    u = 1.0 + x
    y = log(u)
    lost = (x - (u - 1.0)) / u  # by rounding 1 + x
    return select((u > 0.0) & (u < math.inf), y + lost, y)


def _half_exp(x: Vec) -> Vec:
    """e^x/2 for x >= 0 or NaN, also where e^x is no double."""
    t, r = _reduced(x)
    y = x.of.times_power_of_two(_polynomial(r, TAYLOR[:13]), t - 1.0)
    y = select(x > MOST_SINH, math.inf, y)
    return select(x == x, y, x)


def sinh(x: Vec) -> Vec:
    """Hyperbolic sine, with all its digits near 0."""
    a = abs(x)
    e, half = expm1(minimum(a, 1.0)), _half_exp(a)
    y = select(a < 1.0, 0.5 * (e + e / (e + 1.0)), half - 0.25 / half)
    return select(x < 0.0, -y, y)


def cosh(x: Vec) -> Vec:
    """Hyperbolic cosine."""
    half = _half_exp(abs(x))
    return half + 0.25 / half


def hypot(a: Vec, b: Vec | float) -> Vec:
    """The root of a^2 + b^2, where these are no doubles too; inf where one is infinite."""
    a, b = abs(a), abs(a.of.vec(b))
    largest = maximum(a, b)
    scale = select(largest > 1e150, 2.0**-600, select(largest < 1e-150, 2.0**600, 1.0))
    back = select(largest > 1e150, 2.0**600, select(largest < 1e-150, 2.0**-600, 1.0))
    x, y = a * scale, b * scale
    root = sqrt(x * x + y * y) * back
    return select((a == math.inf) | (b == math.inf), math.inf, root)


def tanh(x: Vec) -> Vec:
    """Hyperbolic tangent."""
    e = expm1(2.0 * minimum(abs(x), 20.0))
    y = e / (e + 2.0)
    y = select(x < 0.0, -y, y)
    return select(x == x, y, x)


def power(a: Vec, b: Vec | float) -> Vec:
    """a^b = exp(b ln |a|) with the sign of an odd whole power; NaN for other powers of a < 0.

    Whole powers up to the 7th are products.
    """
    b = a.of.vec(b)
    y = exp(b * log(abs(a)))
    y = select((b == 0.0) | (abs(a) == 1.0), 1.0, y)
    whole = floor(b)
    signed = select(whole == 2.0 * floor(0.5 * whole), y, -y)
    y = select(a < 0.0, select(whole == b, signed, math.nan), y)
    return select((whole == b) & (abs(b) <= WHOLE_POWERS), _whole_power(a, b), y)


def _whole_power(a: Vec, b: Vec) -> Vec:
    """a^b of whole b up to the 7th, by squares."""
    n = abs(b)
    halves = floor(0.5 * n)
    quarters = floor(0.5 * halves)
    y = select(n != 2.0 * halves, a, 1.0)
    square = a * a
    y = select(halves != 2.0 * quarters, y * square, y)
    y = select(quarters != 0.0, y * (square * square), y)
    return select(b < 0.0, 1.0 / y, y)


# What formulas may call by these names of `math` and numpy.
FUNCTIONS = {
    "exp": exp, "exp2": exp2, "expm1": expm1, "log": log, "log1p": log1p, "log2": log2, "log10": log10,
    "sinh": sinh, "cosh": cosh, "tanh": tanh, "sqrt": sqrt, "floor": floor, "fabs": abs,
}  # fmt: skip
