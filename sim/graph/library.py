"""Functions that formulas call, as nodes: those of math, numpy, `elementary`, and Python's own."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.graph.expressions import Graph, Node
from sim.graph.operations import FUNCTIONS

MODULES = ("elementary", "math", "np")  # as the text of formulas imports them
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan}


def _largest(g: Graph, *of: Node) -> Node:
    made = of[0]
    for n in of[1:]:
        made = g.apply("max", made, n)
    return made


def _smallest(g: Graph, *of: Node) -> Node:
    made = of[0]
    for n in of[1:]:
        made = g.apply("min", made, n)
    return made


def _sinh(g: Graph, x: Node) -> Node:
    e = g.apply("expm1", x)
    return g.mul(g.constant(0.5), g.add(e, g.div(e, g.add(e, g.constant(1.0)))))


def _cosh(g: Graph, x: Node) -> Node:
    return g.mul(g.constant(0.5), g.add(g.apply("exp", x), g.apply("exp", g.neg(x))))


def _decimal_logarithm(g: Graph, x: Node) -> Node:
    return g.mul(g.apply("log", x), g.constant(0.4342944819032518))


def _binary_logarithm(g: Graph, x: Node) -> Node:
    return g.mul(g.apply("log", x), g.constant(1.4426950408889634))


def _hypotenuse(g: Graph, a: Node, b: Node) -> Node:
    return g.apply("sqrt", g.add(g.mul(a, a), g.mul(b, b)))


def _sign(g: Graph, x: Node) -> Node:
    one, zero = g.constant(1.0), g.constant(0.0)
    return g.select(g.apply("gt", x, zero), one, g.select(g.apply("lt", x, zero), g.constant(-1.0), x))


def _absolute(g: Graph, x: Node) -> Node:
    return g.apply("abs", x)


LIBRARY: dict[str, Callable[..., Node]] = {
    **{name: (lambda g, x, name=name: g.apply(name, x)) for name in (*FUNCTIONS, "floor")},
    "arctan": lambda g, x: g.apply("atan", x),
    "log10": _decimal_logarithm,
    "log2": _binary_logarithm,
    "exp2": lambda g, x: g.power(g.constant(2.0), x),
    "sinh": _sinh,
    "cosh": _cosh,
    "tan": lambda g, x: g.div(g.apply("sin", x), g.apply("cos", x)),
    "fabs": _absolute,
    "abs": _absolute,
    "absolute": _absolute,
    "power": lambda g, a, b: g.power(a, b),
    "pow": lambda g, a, b: g.power(a, b),
    "square": lambda g, x: g.mul(x, x),
    "hypot": _hypotenuse,
    "maximum": _largest,
    "minimum": _smallest,
    "sign": _sign,
    "where": lambda g, test, a, b: g.select(g.truth(test), a, b),
    "clip": lambda g, x, low, high: _smallest(g, _largest(g, x, low), high),
    "isnan": lambda g, x: g.apply("ne", x, x),
    "ceil": lambda g, x: g.neg(g.apply("floor", g.neg(x))),
}
BUILTINS: dict[str, Callable[..., Node]] = {
    "abs": _absolute,
    "max": _largest,
    "min": _smallest,
    "pow": lambda g, a, b: g.power(a, b),
    "float": lambda g, x: g.number(x),
    "bool": lambda g, x: g.truth(x),
}


def interpolated(g: Graph, x: Node, xs: tuple[Node, ...], ys: tuple[Node, ...]) -> Node:
    """The line through points at growing xs, and their ends' values outside: numpy.interp."""
    made = ys[0]
    for k in range(len(xs) - 1):
        slope = g.div(g.sub(ys[k + 1], ys[k]), g.sub(xs[k + 1], xs[k]))
        line = g.add(ys[k], g.mul(slope, g.sub(x, xs[k])))
        made = g.select(g.apply("ge", x, xs[k]), line, made)
    return g.select(g.apply("ge", x, xs[-1]), ys[-1], made)
