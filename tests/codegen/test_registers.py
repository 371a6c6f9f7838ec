"""Every operation of registers: machine code against NumPy, at random numbers and at the edges of doubles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.codegen import functions as f
from sim.codegen.machine import Routine
from sim.codegen.numpy_registers import interpret
from sim.codegen.program import Program, groups
from sim.simd.constants import WIDTH

EDGES = [
    0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 5e-324, -5e-324, 2.2250738585072014e-308, 1.7e308,
    -1.7e308, 0.5, 2.0**52 + 0.5, -2.5,
]  # fmt: skip
ONE_UNIT = 2.3e-16


def operands():
    """(groups, 3, WIDTH): all pairs of edges, and numbers of all sizes."""
    rng = np.random.default_rng(5)
    pairs = [(a, b) for a in EDGES for b in EDGES]
    n = 40 * WIDTH
    a, b = (rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-300, 300, n) for _ in range(2))
    near = rng.uniform(-3, 3, (n, 2))
    both = np.concatenate([np.array(pairs), np.stack([a, b], 1), near])
    both = np.resize(both, (-(-len(both) // WIDTH) * WIDTH, 2))
    c = rng.uniform(-2, 2, len(both))
    return np.ascontiguousarray(np.column_stack([both, c]).reshape(-1, WIDTH, 3).transpose(0, 2, 1))


def done(lines, given=None):
    """What a function of three registers gives: by machine code, and by NumPy."""
    x = operands() if given is None else given

    def body(on, x, out):
        out.store(0, lines(x.load(0), x.load(1), x.load(2)))

    program = Program("operation", (groups(3), groups(1)), body)
    compiled, judged = np.full((len(x), 1, WIDTH), 7.0), np.full((len(x), 1, WIDTH), 8.0)
    Routine(program)(0, len(x), 0, x, compiled)
    interpret(program, 0, len(x), 0, (x, judged))
    return compiled.ravel(), judged.ravel()


def masked(test):
    return lambda a, b, c: f.select(test(a, b, c), 1.0, 0.0)


EXACT = {
    "add": (lambda a, b, c: a + b, np.add),
    "sub": (lambda a, b, c: a - b, np.subtract),
    "mul": (lambda a, b, c: a * b, np.multiply),
    "div": (lambda a, b, c: a / b, np.divide),
    "neg": (lambda a, b, c: -a, lambda a, b: -a),
    "abs": (lambda a, b, c: abs(a), lambda a, b: np.abs(a)),
    "sqrt": (lambda a, b, c: f.sqrt(a), lambda a, b: np.sqrt(a)),
    "floor": (lambda a, b, c: f.floor(a), lambda a, b: np.floor(a)),
    "minimum": (lambda a, b, c: f.minimum(a, b), lambda a, b: np.where(a < b, a, b)),
    "maximum": (lambda a, b, c: f.maximum(a, b), lambda a, b: np.where(a > b, a, b)),
    "number - a": (lambda a, b, c: 3.0 - a, lambda a, b: 3.0 - a),
    "number / a": (lambda a, b, c: 3.0 / a, lambda a, b: 3.0 / a),
    "a < b": (masked(lambda a, b, c: a < b), lambda a, b: (a < b) * 1.0),
    "a <= b": (masked(lambda a, b, c: a <= b), lambda a, b: (a <= b) * 1.0),
    "a > b": (masked(lambda a, b, c: a > b), lambda a, b: (a > b) * 1.0),
    "a >= b": (masked(lambda a, b, c: a >= b), lambda a, b: (a >= b) * 1.0),
    "a == b": (masked(lambda a, b, c: a == b), lambda a, b: (a == b) * 1.0),
    "a != b": (masked(lambda a, b, c: a != b), lambda a, b: (a != b) * 1.0),
    "both": (masked(lambda a, b, c: (a < 1.0) & (b > 0.0)), lambda a, b: ((a < 1) & (b > 0)) * 1.0),
    "either": (masked(lambda a, b, c: (a < 1.0) | (b > 0.0)), lambda a, b: ((a < 1) | (b > 0)) * 1.0),
    "not": (masked(lambda a, b, c: ~(a < b)), lambda a, b: ~(a < b) * 1.0),
}


@pytest.mark.parametrize("name", EXACT)
def test_operation_is_numpys_bit_for_bit(name):
    lines, expected = EXACT[name]
    compiled, judged = done(lines)
    x = operands()
    with np.errstate(all="ignore"):
        wanted = expected(x[:, 0].ravel(), x[:, 1].ravel())
    np.testing.assert_array_equal(judged, wanted)
    np.testing.assert_array_equal(compiled, wanted)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_products_and_sums_are_fused_within_one_unit_of_their_terms(sign):
    lines = f.fma if sign > 0 else f.nfma
    compiled, judged = done(lambda a, b, c: lines(a, b, c))
    a, b, c = (operands()[:, k].ravel() for k in range(3))
    with np.errstate(all="ignore"):
        product, terms = sign * a * b, np.abs(a * b) + np.abs(c)
        wanted = product + c
    np.testing.assert_array_equal(judged, wanted)
    for bad in (np.isnan, np.isposinf, np.isneginf):
        np.testing.assert_array_equal(bad(compiled), bad(wanted))
    sound = np.isfinite(wanted)
    assert np.all(np.abs(compiled[sound] - wanted[sound]) <= ONE_UNIT * terms[sound] + 5e-324)


def library(function):
    """The C library's results, NaN where it refuses; what elementary functions flush is flushed."""

    def at(*x):
        try:
            y = function(*x)
        except ValueError:
            y = math.nan
        except OverflowError:
            y = math.inf
        return 0.0 if abs(y) < 2.2250738585072014e-308 and function is not math.expm1 else y

    return np.vectorize(at, otypes=[float])


# Units in the last place, function, arguments: ranges in which it is neither flushed nor infinite.
RANGES = {
    "exp": (3, [(-707, 709), (-1, 1)]),
    "expm1": (3, [(-30, 700), (-0.3, 0.3), (-1e-9, 1e-9)]),
    "log": (3, [(1e-300, 1e300), (0.5, 2.0), (1 - 1e-9, 1 + 1e-9)]),
    "log1p": (3, [(-0.9, 5), (-1e-9, 1e-9)]),
    "log2": (3, [(1e-300, 1e300), (0.1, 9.0), (1 - 1e-9, 1 + 1e-9)]),
    "log10": (3, [(1e-300, 1e300), (0.1, 9.0), (1 - 1e-9, 1 + 1e-9)]),
    "sinh": (4, [(-1.5, 1.5), (-40, 40), (-710.4, 710.4), (-1e-9, 1e-9)]),
    "cosh": (4, [(-1.5, 1.5), (-40, 40), (-710.4, 710.4)]),
    "tanh": (4, [(-3, 3), (-40, 40), (-1e-6, 1e-6)]),
    "sqrt": (0.5, [(0, 5)]),
}


@pytest.mark.parametrize("name", RANGES)
def test_function_agrees_with_the_library(name):
    units, ranges = RANGES[name]
    rng = np.random.default_rng(9)
    for low, high in ranges:
        x = rng.uniform(low, high, (60, 3, WIDTH))
        if low > 0 and high / low > 1e3:
            x = 10.0 ** rng.uniform(math.log10(low), math.log10(high), x.shape)
        compiled, judged = done(lambda a, b, c: f.FUNCTIONS[name](a), x)
        wanted = library(getattr(math, name))(x[:, 0].ravel())
        for found in (compiled, judged):
            np.testing.assert_array_less(np.abs(found - wanted), (units + 0.6) * np.spacing(np.abs(wanted)))


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log10", "tanh"])
def test_function_at_the_edges_is_the_librarys(name):
    """Zeros, infinities, NaN, overflow, the smallest numbers."""
    compiled, judged = done(lambda a, b, c: f.FUNCTIONS[name](a))
    x = operands()[:, 0].ravel()
    flushed = name.startswith("log")  # of arguments below the smallest normal
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(np.where(flushed & (x >= 0.0) & (x < 2.2250738585072014e-308), 0.0, x))
    if name == "exp":
        wanted = np.where(wanted < 2.3e-308, 0.0, wanted)
    np.testing.assert_allclose(compiled, wanted, rtol=2e-15)
    np.testing.assert_allclose(judged, wanted, rtol=2e-15)


def test_log1p_at_the_edges():
    x = np.resize([0.0, -1.0, -2.0, math.inf, math.nan, 1e300, -1e-320, 1.0], (1, 3, WIDTH))
    compiled, _ = done(lambda a, b, c: f.log1p(a), x)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(compiled, np.log1p(x[0, 0]), rtol=1e-15, atol=1e-319)


def test_power_agrees_with_the_library():
    """To the rounding of b ln a; signs, whole powers of negative numbers, zeros."""
    rng = np.random.default_rng(2)
    x = np.stack([10.0 ** rng.uniform(-30, 30, (80, WIDTH)), rng.uniform(-8, 8, (80, WIDTH))], 1)
    x = np.concatenate([x, np.zeros((80, 1, WIDTH))], 1)
    special = [(-2, 3), (-2, 2), (-2, 0.5), (0, 0), (0, 2.5), (1, math.nan), (math.nan, 0), (-1.5, -3)]
    x[0, :2] = np.array(special, float).T
    compiled, judged = done(lambda a, b, c: f.power(a, b), np.ascontiguousarray(x))
    a, b = x[:, 0].ravel(), x[:, 1].ravel()
    with np.errstate(all="ignore"):
        wanted = np.power(a, b)
        tolerance = 3e-16 * (2.0 + np.abs(b * np.log(np.abs(a))))
    tolerance[~np.isfinite(tolerance)] = 0.0
    for found in (compiled, judged):
        np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
        sound = ~np.isnan(wanted)
        assert np.all(np.abs(found - wanted)[sound] <= (tolerance * np.abs(wanted))[sound])


def test_registers_have_no_truth_value():
    for lines in (lambda a, b, c: a if a else b, lambda a, b, c: a if a < b else b):
        with pytest.raises(TypeError, match="select"):
            done(lines)


def test_lanes_apart():
    """Constants of lanes, masks of lanes, the number of one lane in all of them."""
    values, mask = np.arange(8.0) - 3.5, np.arange(8) % 3 == 1

    def lines(a, b, c):
        on = a.of
        return on.select(on.lanes(mask.tolist()), on.spread(a, 5) + on.constants(values.tolist()), b)

    x = np.random.default_rng(6).uniform(-1, 1, (4, 3, WIDTH))
    expected = np.where(mask, x[:, 0, 5:6] + values, x[:, 1])
    for found in done(lines, x):
        np.testing.assert_array_equal(found.reshape(4, WIDTH), expected)
