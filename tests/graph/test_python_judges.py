"""Formulas in which rounding, order or no number decides: Python itself is the judge."""

import math

import numpy as np
import pytest
from ways import by_python, by_registers, slopes_in_two_ways, three_ways

from sim.graph.expressions import Graph
from sim.graph.flow import UnreadableFormula

WIDE = np.concatenate([s * 10.0 ** np.linspace(-300, 300, 200) for s in (1, -1)])
NEAR = np.random.default_rng(3).uniform(-50.0, 50.0, 400)
NAN, INF = math.nan, math.inf


def line(expression, arguments="x"):
    return f"def f({arguments}):\n    return {expression}\n"


def same(wanted, found, relative=0.0):
    for values in found:
        np.testing.assert_allclose(values, wanted, rtol=relative, atol=0.0)


SIGNED = {  # what is no less than 0, or 0, in every rounding that Python does
    "the same products": "math.sqrt(x * x - y * y)",
    "a product and what was made of it": "math.sqrt(x * y - g(x, y))",
    "products in another order": "math.sqrt(x * y - y * x)",
    "sum of products that cancel": "math.sqrt(x * y + (-y) * x)",
    "a test": "1.0 if x * x - y * y >= 0.0 else 2.0",
}


@pytest.mark.parametrize("name", SIGNED)
def test_products_that_cancel_are_each_rounded(name):
    """x x - y y is 0 at x = y, and the root of what is not negative is a number."""
    text = "def g(x, y):\n    return y * x\n\n" + line(SIGNED[name], "x, y")
    x = np.random.default_rng(1).uniform(0.1, 3.0, 320)
    wanted, found = three_ways(text, x, x)
    same(wanted, found)


def test_row_that_holds_a_product_cancels_with_it():
    """The product was stored as a row of its own, and is read as a number."""
    x = np.random.default_rng(2).uniform(0.1, 3.0, 320)
    wanted, found = three_ways(line("math.sqrt(x * x - y)", "x, y"), x, x * x)
    same(wanted, found)
    assert np.all(wanted == 0.0)


def test_slopes_take_the_branch_that_values_take():
    """d/dx of x y where x x - y y is no less than 0, as it is for x = y, else 0."""
    text = line("x * y if x * x - y * y >= 0.0 else 0.0", "x, y")
    x = np.random.default_rng(1).uniform(0.1, 3.0, 320)
    for found in slopes_in_two_ways(text, x, x):
        np.testing.assert_array_equal(found, np.stack([x, x], 1))


@pytest.mark.parametrize("by", [49.0, 3.0, 10.0, -7.0, 0.1, 1e-308, 5e-324, 2.0, -0.25, 2.0**-1030])
def test_division_by_a_constant_is_division(by):
    """floor(x/49) at 49 is 1."""
    x = np.concatenate([np.arange(-160.0, 160.0) * by, NEAR, WIDE])
    same(*three_ways(line(f"x / {by!r}"), x))
    if abs(by) > 1e-300:
        same(*three_ways(line(f"math.floor(x / {by!r})"), np.arange(-160.0, 160.0) * by))


def test_division_by_a_parameter_is_division():
    graph = Graph()
    made = graph.div(graph.leaf(0), graph.parameter(0))
    for found in by_registers([made], [np.full(32, 49.0)], [49.0]):
        assert np.all(found == 1.0)


FUNCTIONS = {  # units in the last place that the functions of registers promise
    "math.sinh(x)": (4, [NEAR, NEAR / 50.0, NEAR * 14.2, NEAR * 1e-9]),
    "math.cosh(x)": (4, [NEAR, NEAR / 50.0, NEAR * 14.2]),
    "math.tanh(x)": (4, [NEAR, NEAR / 50.0, NEAR * 1e-9]),
    "math.log10(abs(x))": (3, [WIDE, NEAR, 1.0 + 1e-9 * NEAR]),
    "np.log2(abs(x))": (3, [WIDE, NEAR, 1.0 + 1e-9 * NEAR]),
    "math.log1p(abs(x))": (3, [WIDE, NEAR, NEAR * 1e-12]),
    "math.expm1(x)": (3, [NEAR, NEAR * 1e-12, NEAR * 14.0]),
    "np.exp2(x)": (3, [NEAR, NEAR * 20.0]),
    "math.exp(x)": (3, [NEAR, NEAR * 14.0]),
    "math.hypot(x, 3.0 - x)": (2, [WIDE, NEAR]),
    "math.log(abs(x))": (3, [WIDE, NEAR]),
}


@pytest.mark.parametrize("expression", FUNCTIONS)
def test_function_over_its_range_and_both_signs(expression):
    units, ranges = FUNCTIONS[expression]
    wanted, found = three_ways(line(expression), np.concatenate(ranges))
    assert np.isfinite(wanted).all()
    same(wanted, found, units * 2.3e-16)


# Of results below 2.3e-308 the functions of registers give 0.
EDGES = np.array([0.0, -0.0, INF, -INF, NAN, 1.0, -1.0, 3e-308, -3e-308, 1e308, -1e308, -40.0, 711.0, -750.0])


@pytest.mark.parametrize(
    "name", ["sinh", "cosh", "tanh", "log10", "log2", "log1p", "expm1", "exp2", "exp", "log", "hypot", "sign",
             "floor", "ceil", "square", "sqrt", "fabs"],
)  # fmt: skip
def test_function_at_the_edges_is_numpys(name):
    arguments = "x, y" if name == "hypot" else "x"
    columns = [c.ravel() for c in np.meshgrid(EDGES, EDGES)] if name == "hypot" else [EDGES]
    wanted, found = three_ways(line(f"np.{name}({arguments})", arguments), *columns)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(wanted, getattr(np, name)(*columns))
    same(wanted, found, 1e-15)


def test_logarithms_of_whole_powers_are_whole():
    """floor(log10(1e15)) is 15."""
    tens, twos = np.arange(-307, 309), np.arange(-1022, 1024)
    for expression, x, wanted in (
        ("math.log10(x)", [float(f"1e{n}") for n in tens], tens),
        ("math.log2(x)", 2.0**twos, twos),
        ("2.0**x", twos[2:].astype(float), 2.0 ** twos[2:]),
    ):
        for found in three_ways(line(expression), np.array(x))[1]:
            np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("by", range(-7, 8))
def test_small_whole_powers_are_products_whatever_the_exponent_is(by):
    """(-2)^3 is -8, also where the exponent is known only when it runs."""
    x = np.concatenate([np.arange(-9.0, 10.0), 0.5 * np.arange(-9.0, 10.0), NEAR, [INF, -INF, NAN]])
    wanted = by_python(lambda x: x**by, x)
    zero = (x == 0.0) & (by < 0)
    for found in three_ways(line("x**n", "x, n"), x, np.full(len(x), float(by)))[1][1:]:
        np.testing.assert_allclose(found[~zero], wanted[~zero], rtol=2e-15)
        if by >= 0:
            small = np.abs(x) <= 9.0
            exact = small & (x == np.round(x))
            np.testing.assert_array_equal(found[exact], wanted[exact])


@pytest.mark.parametrize(
    "expression", ["np.maximum(x, y)", "np.minimum(x, y)", "np.maximum(x, 1.0)", "np.maximum(1.0, x)",
                   "np.minimum(1.0, x)", "np.clip(x, y, 2.0)", "np.clip(x, 0.0, 2.0)", "max(x, y)",
                   "min(x, y)",
                   "max(1.0, x)", "min(x, 1.0)", "max(x, y, 0.5)", "max((y,))", "np.where(x > y, x, y)",
                   "np.interp(x, (0.0, 1.0, 3.0), (2.0, 5.0, -1.0))", "np.sign(x)", "abs(x)",
                   "np.interp(x, (1.0,), (2.0,))", "1.0 if x > y else (2.0 if x <= y else 3.0)"],
)  # fmt: skip
def test_no_number_goes_on_as_it_does_in_python(expression):
    values = np.array([NAN, 0.0, 0.5, 1.0, 2.5, -3.0, INF, -INF])
    x, y = (c.ravel() for c in np.meshgrid(values, values))
    same(*three_ways(line(expression, "x, y"), x, y), 1e-15)


SKIPPED = {
    "def f(x, y):\n    z = y\n    b = x > 0.0 and (z := x) > 1.0\n    return z + b\n": "may be left out",
    "def f(x, y):\n    z = y\n    b = x > 0.0 or (z := x) > -1.0\n    return z + b\n": "may be left out",
    "def f(x, y):\n    z = y\n    b = 0.0 < x < (z := y + 1.0)\n    return z + b\n": "may be left out",
    "def f(x, y):\n    z = y\n    b = (z := x) if x > 0.0 else y\n    return z + b\n": "may be left out",
    "def f(x, y):\n    z = y\n    b = y if x > 0.0 else -(z := x)\n    return z + b\n": "may be left out",
    "def f(x, y):\n    if x > 0.0:\n        return y\n": "nothing in some cases",
    "def f(x, y):\n    for k in (0, 1):\n        if x > k:\n            return y\n": "nothing in some cases",
    "def f(x, y):\n    return max(x)\n": "max is called with 1",
    "def f(x, y):\n    return min(x)\n": "min is called with 1",
    "def f(x, y):\n    return np.maximum(x)\n": "np.maximum is called with 1",
    "def f(x, y):\n    return np.maximum(x, y, x)\n": "np.maximum is called with 3",
    "def f(x, y):\n    return sum(x for _ in range(0, 3, 0))\n": "no reading",
    "def f(x, y):\n    for k in range(0, 3, 0):\n        x += y\n    return x\n": "steps that are not 0",
    "def f(x, y):\n    for k in range(10**12):\n        x += y\n    return x\n": "more than 50_000 numbers",
    "def f(x, y):\n    return x + (1, 2)[math.inf]\n": "whole number",
    f"def f(x, y):\n    return x + 1{'0' * 400}\n": "larger than any double",
    **{
        f"def f(x, y):\n    return {name}(x, {other})\n": f"{name} is called with 2"
        for name in ("math.log", "np.log", "np.sqrt", "math.floor", "np.tanh", "math.sin")
        for other in ("y", "10", "0")
    },
}


@pytest.mark.parametrize("text", SKIPPED)
def test_what_would_be_read_wrongly_is_not_read(text):
    with pytest.raises(UnreadableFormula, match=SKIPPED[text]):
        three_ways(text, np.ones(8), np.ones(8))


READ = [
    "def f(x, y):\n    return z * w if (z := x + y) > (w := y) else z + x\n",
    "def f(x, y):\n    return x if (z := y) < (w := x) < 2.0 else z + w\n",
    "def f(x, y):\n    return (z := x) > 0.0 and z + y\n",
    "def f(x, y):\n    return (z := x) * y + z if 1 < 2 else (z := y)\n",
    "def f(x, y):\n    for k in range(3):\n        if x > k:\n            return y\n    return x\n",
    "def f(x, y):\n    while 1:\n        if x > y:\n            return y\n        return x\n",
    "def f(x, y):\n    return x**math.inf + abs(y)**-math.inf\n",
    "def f(x, y):\n    return math.inf**x\n",
    "def f(x, y):\n    return x**math.nan\n",
    "def f(x, y):\n    return x + 7 // 2 + 7 % 4\n",
]


@pytest.mark.parametrize("text", READ)
def test_what_can_be_read_is_what_python_does(text):
    values = np.array([0.5, 1.0, 1.5, 2.0, 3.0, -1.0])
    x, y = (c.ravel() for c in np.meshgrid(values, values))
    same(*three_ways(text, x, y), 1e-14)
