"""Derivatives as nodes: against differences in 150 digits, of the branch that is taken."""

import inspect

import formulas as own
import numpy as np
import pytest
from exact import exact_slope
from test_reading import KINETICS, read, states

from sim.graph.accumulation import accumulation
from sim.graph.evaluation import evaluate
from sim.graph.expressions import Graph
from sim.graph.slopes import Slopes

N, EDGES = 16, (0.0, 1e-3, -1e-9, 0.5, 1.0, 7.4)


@pytest.mark.parametrize("formula", [*KINETICS, *own.FORMULAS], ids=lambda f: f.__name__)
def test_slope_is_that_of_the_branch_taken(formula):
    """To 1e-11, or to what errors of rounding do to value/argument, out of which differences of nearly equal
    terms come."""
    graph, names = Graph(), list(inspect.signature(formula).parameters)
    nodes = read(formula, graph, [graph.leaf(a) for a in names])
    slopes, x, compared = Slopes(graph), states(names, N, EDGES), 0
    wanted = [slopes.guarded(node, a) for node in nodes for a in names]
    asked = [(node, a) for node in nodes for a in names]
    found, values = evaluate_all(wanted, x), evaluate_all([node for node, _ in asked], x)
    assert np.isfinite(found).all()
    for (node, a), here, value in zip(asked, found, values, strict=True):
        for k in range(N):
            at = {b: float(x[b][k]) for b in names}
            sides = [s for s in (_side(node, a, at, side) for side in (1, -1)) if s is not None]
            if sides and max(map(abs, sides)) < 1e30:  # a pole or a jump is no place to compare
                compared += 1
                noise = 1e-14 * np.nan_to_num(abs(value[k])) / max(abs(at[a]), 1e-12)
                off = min(abs(here[k] - s) - 1e-11 * abs(s) for s in sides)
                assert off <= noise + 1e-40, (a, at, here[k], sides)
    assert compared > 0.2 * N * len(asked)


def evaluate_all(nodes, x):
    return np.array([np.broadcast_to(v, N) for v in evaluate(nodes, (), x)])


def _side(node, leaf, here, side):
    try:
        return exact_slope(node, leaf, here, side=side)
    except (ArithmeticError, ValueError):
        return None


def slope(lines, **at):
    """d(lines)/dx at a point."""
    graph = Graph()
    node = lines(graph, *(graph.leaf(a) for a in at))
    return float(evaluate([Slopes(graph).guarded(node, "x")], (), at)[0])


def test_at_a_kink_it_is_that_of_what_is_taken():
    """max(x, 0) at 0 takes its first; abs takes x; a comparison that holds takes its branch."""
    assert slope(lambda g, x: g.apply("max", x, g.constant(0.0)), x=0.0) == 1.0
    assert slope(lambda g, x: g.apply("max", g.constant(0.0), x), x=0.0) == 0.0
    assert slope(lambda g, x: g.apply("min", x, g.constant(0.0)), x=0.0) == 1.0
    assert slope(lambda g, x: g.apply("abs", x), x=0.0) == 1.0
    zero = Graph()
    test = zero.apply("le", zero.leaf("x"), zero.constant(0.0))
    made = zero.select(test, zero.mul(zero.leaf("x"), zero.constant(3.0)), zero.leaf("x"))
    assert evaluate([Slopes(zero).of(made, "x")], (), {"x": 0.0})[0] == 3.0


def test_quotients_of_what_has_underflowed_give_0():
    def bell(g, x):  # 0/0 far out
        e = g.apply("exp", g.neg(g.mul(x, x)))
        return g.div(e, g.add(e, g.mul(e, e)))

    assert slope(bell, x=40.0) == 0.0
    assert slope(lambda g, x: g.apply("sqrt", x), x=0.0) == 0.0
    assert slope(lambda g, x: g.apply("sqrt", x), x=4.0) == 0.25


def test_powers_at_zero_and_of_uniform_exponents():
    for exponent, expected in ((1.0, 1.0), (2.0, 0.0), (1.5, 0.0)):
        graph = Graph()
        node = graph.power(graph.leaf("x"), graph.parameter(0))
        found = evaluate([Slopes(graph).guarded(node, "x")], [exponent], {"x": np.array([0.0, 2.0])})[0]
        assert found == pytest.approx([expected, exponent * 2.0 ** (exponent - 1.0)], rel=1e-14)


def test_chain_rule_by_elimination_is_the_product_of_jacobians():
    """A random network: sums over all paths, by matrices."""
    rng = np.random.default_rng(8)
    inputs, inner, results = range(4), range(4, 12), range(12, 15)
    edges, values = {}, []
    for made in (*inner, *results):
        for source in range(made if made < 12 else 12):
            if rng.random() < 0.4:
                edges[made, source] = len(edges)
                values.append(rng.normal())
    steps, left = accumulation(edges, results)
    J = np.zeros((15, 15))
    for (made, source), k in edges.items():
        J[made, source] = values[k]
    total = np.linalg.inv(np.eye(15) - J)  # 1 + J + J^2 + ...
    values += [0.0] * (max((t for t, *_ in steps), default=0) + 1 - len(values))
    for target, a, b in steps:
        values[target] += values[a] * values[b]
    assert {i for _, i in left} <= set(inputs) and {r for r, _ in left} <= set(results)
    for r in results:
        for i in inputs:
            found = values[left[r, i]] if (r, i) in left else 0.0
            assert found == pytest.approx(total[r, i], abs=1e-13)
