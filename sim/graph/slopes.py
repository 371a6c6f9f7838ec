"""Derivatives of expressions by their leaves, as nodes of the same graph.

At a kink the derivative is that of the branch taken. What is taken by `Slopes.guarded` is 0 where a
derivative is no finite number: quotients of what has underflowed, the root at 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

from sim.graph.expressions import Graph, Node, needed

LN2, LN10 = math.log(2.0), math.log(10.0)


def _sum(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.add(*by)


def _difference(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.sub(*by)


def _opposite(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.neg(by[0])


def _product(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.add(g.mul(by[0], n.of[1]), g.mul(n.of[0], by[1]))


def _quotient(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.mul(g.sub(by[0], g.mul(n, by[1])), _inverse(g, n.of[1]))


def _maximum(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.select(g.apply("gt", n.of[1], n.of[0]), by[1], by[0])


def _minimum(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.select(g.apply("lt", n.of[1], n.of[0]), by[1], by[0])


def _absolute(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.select(g.apply("lt", n.of[0], g.constant(0.0)), g.neg(by[0]), by[0])


def _none(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.constant(0.0)


def _chosen(g: Graph, n: Node, by: list[Node]) -> Node:
    return g.select(n.of[0], by[1], by[2])


def _made_finite(g: Graph, n: Node, by: list[Node]) -> Node:
    return by[0]


def _power(g: Graph, n: Node, by: list[Node]) -> Node:
    """d(a^b) = b a^b/a da + a^b ln a db; at a = 0 that by a is 1 for b = 1, and 0."""
    a, b = n.of
    one, zero = g.constant(1.0), g.constant(0.0)
    at_zero = g.select(g.apply("eq", b, one), one, zero)
    own = g.select(g.apply("eq", a, zero), at_zero, g.mul(g.mul(b, n), _inverse(g, a)))
    return g.add(g.mul(own, by[0]), g.mul(g.mul(n, g.apply("log", a)), by[1]))


def _function(rule: Callable[[Graph, Node], Node]) -> Callable[[Graph, Node, list[Node]], Node]:
    """The chain rule with the derivative of a function of one argument."""
    return lambda g, n, by: g.mul(rule(g, n), by[0])


def _inverse(g: Graph, x: Node) -> Node:
    return g.div(g.constant(1.0), x)


def _plus_one(g: Graph, x: Node) -> Node:
    return g.add(g.constant(1.0), x)


def _hypotenuse(g: Graph, n: Node, by: list[Node]) -> Node:
    a, b = n.of
    return g.add(g.mul(g.div(a, n), by[0]), g.mul(g.div(b, n), by[1]))


def _of_tanh(g: Graph, n: Node) -> Node:
    return g.sub(g.constant(1.0), g.mul(n, n))


def _of_erf(g: Graph, n: Node) -> Node:
    x = n.of[0]
    return g.mul(g.constant(2.0 / math.sqrt(math.pi)), g.apply("exp", g.neg(g.mul(x, x))))


RULES: dict[str, Callable[[Graph, Node, list[Node]], Node]] = {
    "add": _sum,
    "sub": _difference,
    "mul": _product,
    "div": _quotient,
    "over": _quotient,
    "neg": _opposite,
    "max": _maximum,
    "min": _minimum,
    "abs": _absolute,
    "floor": _none,
    "power": _power,
    "hypot": _hypotenuse,
    "select": _chosen,
    "finite": _made_finite,
    "exp": _function(lambda g, n: n),
    "exp2": _function(lambda g, n: g.mul(g.constant(LN2), n)),
    "expm1": _function(_plus_one),
    "log": _function(lambda g, n: _inverse(g, n.of[0])),
    "log1p": _function(lambda g, n: _inverse(g, _plus_one(g, n.of[0]))),
    "log2": _function(lambda g, n: g.mul(g.constant(1.0 / LN2), _inverse(g, n.of[0]))),
    "log10": _function(lambda g, n: g.mul(g.constant(1.0 / LN10), _inverse(g, n.of[0]))),
    "sqrt": _function(lambda g, n: g.mul(g.constant(0.5), _inverse(g, n))),
    "sinh": _function(lambda g, n: g.apply("cosh", n.of[0])),
    "cosh": _function(lambda g, n: g.apply("sinh", n.of[0])),
    "tanh": _function(_of_tanh),
    "sin": _function(lambda g, n: g.apply("cos", n.of[0])),
    "cos": _function(lambda g, n: g.neg(g.apply("sin", n.of[0]))),
    "atan": _function(lambda g, n: _inverse(g, _plus_one(g, g.mul(n.of[0], n.of[0])))),
    "erf": _function(_of_erf),
}


# What may be infinite, or no number, at finite arguments.
UNSOUND = frozenset(
    ("div", "power", "log", "log1p", "log2", "log10", "exp", "exp2", "expm1", "sinh", "cosh", "hypot")
)


class Slopes:
    """Derivatives of nodes of one graph; what was found once is kept."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._found: dict[tuple[Node, Hashable], Node] = {}

    def of(self, node: Node, leaf: Hashable) -> Node:
        """d(node)/d(leaf)."""
        g, zero = self.graph, self.graph.constant(0.0)
        for n in needed([node]):
            if leaf in n.leaves and (n, leaf) not in self._found and not n.is_truth:
                if not n.of:
                    self._found[n, leaf] = g.constant(1.0)
                else:
                    by = [self._found.get((part, leaf), zero) for part in n.of]
                    self._found[n, leaf] = RULES[n.op](g, n, by)
        return self._found.get((node, leaf), zero)

    def guarded(self, node: Node, leaf: Hashable) -> Node:
        """d(node)/d(leaf), 0 where it is no finite number. What is uniform, or made of sums and products
        alone, is left as it is."""
        found = self.of(node, leaf)
        sound = all(n.uniform or n.op not in UNSOUND for n in needed([found]))
        return found if sound else self.graph.apply("finite", found)
