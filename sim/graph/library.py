"""Functions that formulas call, as nodes: those of math, numpy, `elementary`, and Python's own."""

from __future__ import annotations

import math
from collections.abc import Callable

from sim.graph.expressions import Graph, Node
from sim.graph.operations import FUNCTIONS

MODULES = ("elementary", "math", "np")  # as the text of formulas imports them
CONSTANTS = {"pi": math.pi, "e": math.e, "tau": math.tau, "inf": math.inf, "nan": math.nan}


def _named(op: str) -> Callable[[Graph, Node], Node]:
    """An operation as a function of one argument, and no more."""
    return lambda g, x: g.apply(op, x)


def _first_of(op: str) -> Callable[..., Node]:
    """Python's max or min of two numbers or more."""

    def made(g: Graph, a: Node, b: Node, *others: Node) -> Node:
        found = g.apply(op, a, b)
        for n in others:
            found = g.apply(op, found, n)
        return found

    return made


def _extreme(op: str) -> Callable[[Graph, Node, Node], Node]:
    """numpy's maximum or minimum, of two: no number where one of them is none."""

    def made(g: Graph, a: Node, b: Node) -> Node:
        found = g.apply(op, a, b)  # the first where one is no number
        sound = b.value is not None and b.value == b.value
        return found if sound else g.select(g.apply("ne", b, b), b, found)

    return made


_largest, _smallest = _extreme("max"), _extreme("min")


def _sign(g: Graph, x: Node) -> Node:
    one, zero = g.constant(1.0), g.constant(0.0)
    return g.select(g.apply("gt", x, zero), one, g.select(g.apply("lt", x, zero), g.constant(-1.0), x))


def _absolute(g: Graph, x: Node) -> Node:
    return g.apply("abs", x)


LIBRARY: dict[str, Callable[..., Node]] = {
    **{name: _named(name) for name in (*FUNCTIONS, "floor")},
    "arctan": _named("atan"),
    "tan": lambda g, x: g.div(g.apply("sin", x), g.apply("cos", x)),
    "fabs": _absolute,
    "abs": _absolute,
    "absolute": _absolute,
    "power": lambda g, a, b: g.power(a, b),
    "pow": lambda g, a, b: g.power(a, b),
    "square": lambda g, x: g.mul(x, x),
    "hypot": lambda g, a, b: g.apply("hypot", a, b),
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
    "max": _first_of("max"),
    "min": _first_of("min"),
    "pow": lambda g, a, b: g.power(a, b),
    "float": lambda g, x: g.number(x),
    "bool": lambda g, x: g.truth(x),
}


def interpolated(g: Graph, x: Node, xs: tuple[Node, ...], ys: tuple[Node, ...]) -> Node:
    """The line through points at growing xs, and their ends' values outside: numpy.interp."""
    if len(xs) == 1:
        return ys[0]  # also where x is no number
    made = g.select(g.apply("ne", x, x), x, ys[0])
    for k in range(len(xs) - 1):
        slope = g.div(g.sub(ys[k + 1], ys[k]), g.sub(xs[k + 1], xs[k]))
        line = g.add(ys[k], g.mul(slope, g.sub(x, xs[k])))
        made = g.select(g.apply("ge", x, xs[k]), line, made)
    return g.select(g.apply("ge", x, xs[-1]), ys[-1], made)
