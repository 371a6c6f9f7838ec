"""Nodes in decimal numbers of many digits, and the functions that tests of the graph read."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal

from sim.graph.expressions import CONSTANT, LEAF, PARAMETER

CONTEXT = decimal.Context(prec=150, Emin=-decimal.MAX_EMAX, Emax=decimal.MAX_EMAX)
ZERO, ONE = Decimal(0), Decimal(1)


def _tanh(x):
    e = (2 * x).exp(CONTEXT)
    return (e - 1) / (e + 1)


def _power(a, b):
    if a == 0:
        return ZERO if b > 0 else ONE if b == 0 else Decimal("inf")
    return CONTEXT.power(a, b)


EXACT = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "over": lambda a, b, inverse: a / b,
    "neg": lambda a: -a,
    "abs": abs,
    "max": lambda a, b: b if b > a else a,
    "min": lambda a, b: b if b < a else a,
    "floor": lambda a: a.to_integral_value(decimal.ROUND_FLOOR),
    "power": _power,
    "exp": lambda x: x.exp(CONTEXT),
    "expm1": lambda x: x.exp(CONTEXT) - 1,
    "log": lambda x: x.ln(CONTEXT),
    "log1p": lambda x: (1 + x).ln(CONTEXT),
    "sqrt": lambda x: x.sqrt(CONTEXT),
    "exp2": lambda x: CONTEXT.power(2, x),
    "log2": lambda x: x.ln(CONTEXT) / Decimal(2).ln(CONTEXT),
    "log10": lambda x: x.log10(CONTEXT),
    "sinh": lambda x: (x.exp(CONTEXT) - (-x).exp(CONTEXT)) / 2,
    "cosh": lambda x: (x.exp(CONTEXT) + (-x).exp(CONTEXT)) / 2,
    "tanh": _tanh,
    "hypot": lambda a, b: (a * a + b * b).sqrt(CONTEXT),
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "not": lambda a: not a,
    "select": lambda test, a, b: a if test else b,
    "finite": lambda x: x,
}


def exact(node, leaves, parameters=()):
    """The value of a node in 150 digits; leaves, parameters: floats or Decimals.

    What is not chosen is not computed: it need not exist.
    """
    known = {}

    def value(n):
        if n not in known:
            if n.op == CONSTANT:
                known[n] = n.key if isinstance(n.key, bool) else Decimal(n.key)
            elif n.op == PARAMETER:
                known[n] = Decimal(parameters[n.key])
            elif n.op == LEAF:
                known[n] = Decimal(leaves[n.key])
            elif n.op == "select":
                known[n] = value(n.of[1] if value(n.of[0]) else n.of[2])
            else:
                known[n] = EXACT[n.op](*map(value, n.of))
        return known[n]

    with decimal.localcontext(CONTEXT):
        return value(node)


def exact_slope(node, leaf, leaves, parameters=(), side=1):
    """Its derivative by a leaf, by differences of 1e-40 of it; side: 1 from above, -1 from below."""
    with decimal.localcontext(CONTEXT):
        x = Decimal(leaves[leaf])
        h = abs(x) * Decimal("1e-40") or Decimal("1e-70")
        up, down = x + (h if side > 0 else 0), x - (h if side < 0 else 0)
        above = exact(node, {**leaves, leaf: up}, parameters)
        below = exact(node, {**leaves, leaf: down}, parameters)
        return float((above - below) / (up - down))


def called(function, *x):
    """A function of floats as compiled code gives it: infinite where Python says that it is too large."""
    try:
        return function(*x)
    except OverflowError:
        return math.inf
