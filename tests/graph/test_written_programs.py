"""Code that is written from a graph does what NumPy does with it."""

import inspect

import formulas as own
import numpy as np
import pytest
from test_reading import KINETICS, read, states

from sim.codegen.machine import Routine
from sim.codegen.numpy_registers import interpret
from sim.graph.evaluation import evaluate, uniform_nodes
from sim.graph.expressions import Graph
from sim.graph.programs import ChainRule, RowPlaces, rows_program, slopes_program, unwritten
from sim.graph.slopes import Slopes
from sim.simd.constants import WIDTH

CLOCK = "t"
CELLS, GROUPS = 4 * WIDTH, 4
EDGES = (0.0, 1e-3, -1e-9, 0.5, 1.0, 7.4)


def in_groups(leaves, rows):
    """(groups, rows, WIDTH) with leaves (., CELLS) in the first ones."""
    W = np.full((GROUPS, rows, WIDTH), np.nan)
    W[:, : len(leaves)] = leaves.reshape(-1, GROUPS, WIDTH).transpose(1, 0, 2)
    return W


def by_rows(W):
    """(rows, CELLS)."""
    return W.transpose(1, 0, 2).reshape(-1, CELLS)


def numbered(nodes, parameters):
    """Where uniform nodes stand, and the numbers of the run."""
    uniform = uniform_nodes(nodes)
    numbers = [*parameters, *(float(v) for v in evaluate(uniform, parameters))]
    return {n: len(parameters) + k for k, n in enumerate(uniform)}, np.array(numbers)


@pytest.mark.parametrize("formula", [*KINETICS, *own.FORMULAS], ids=lambda f: f.__name__)
@pytest.mark.parametrize("uniform", [0, 2])
def test_rows_and_slopes_of_a_formula(formula, uniform):
    """All arguments differ from cell to cell, or the last two are parameters."""
    names = list(inspect.signature(formula).parameters)
    graph, n = Graph(), max(1, len(names) - uniform)
    parameters = np.linspace(0.4, 1.6, len(names) - n)
    arguments = [graph.leaf(k) if k < n else graph.parameter(k - n) for k in range(len(names))]
    nodes = read(formula, graph, arguments)
    if unwritten(graph.nodes):
        pytest.skip("an operation without vector code")
    rows = {n + k: node for k, node in enumerate(nodes)}
    slopes, edges = Slopes(graph), {}
    for row, node in rows.items():
        edges |= {(row, k): slopes.guarded(node, k) for k in range(n)}
    columns, numbers = numbered([*rows.values(), *edges.values()], parameters)
    places = RowPlaces(n + len(nodes), len(numbers), columns, CLOCK)
    x = np.array(list(states(names, CELLS, EDGES).values()))[:n]
    rng = np.random.default_rng(1)
    near = [x, *(x * (1.0 + rng.choice([-3e-16, 3e-16], x.shape)) for _ in range(8))]

    def values(of):
        return [
            [np.broadcast_to(v, CELLS) for v in evaluate(of, parameters, dict(enumerate(z)))] for z in near
        ]

    expected, expected_slopes = values(nodes), values(list(edges.values()))
    program = rows_program("formula", places, rows)
    rule = ChainRule([], dict(enumerate(edges.values())), {}, 1, list(range(len(edges))))
    derived = slopes_program("slopes", places, rows, rule)
    for do in (lambda p: Routine(p), lambda p: lambda *a: interpret(p, *a[:3], a[3:])):
        W, out = in_groups(x, places.size), np.full((GROUPS, len(edges), WIDTH), np.nan)
        do(program)(0, GROUPS, CELLS, W, numbers, np.zeros(1))
        close(by_rows(W)[n:], expected[0], expected[1:])
        do(derived)(0, GROUPS, CELLS, W, np.zeros((GROUPS, 1, WIDTH)), out, numbers, np.zeros(1))
        close(by_rows(out), expected_slopes[0], expected_slopes[1:])


def close(found, expected, shaken):
    """To rounding: sums are fused, which counts where their terms cancel, and small numbers are flushed."""
    for a, b, *others in zip(found, expected, *shaken, strict=True):
        sound = np.isfinite(b)
        with np.errstate(invalid="ignore"):
            noise = np.nan_to_num(np.max([np.abs(o - b) for o in others], 0))[sound]
        off = np.abs(a[sound] - b[sound]) - 3e-12 * np.abs(b[sound]) - 30.0 * noise
        largest = np.max(np.abs(b[sound]), initial=0.0)
        assert off.max(initial=0.0) <= 1e-14 * min(largest, 1.0) + 1e-290
        assert not np.isfinite(a[~sound]).any() or largest > 1e290


def test_rows_are_read_by_later_ones_and_the_clock_is_read():
    graph = Graph()
    first = graph.mul(graph.leaf(0), graph.leaf(CLOCK))
    second = graph.add(graph.leaf(1), graph.parameter(0))  # reads the first
    program = rows_program("chain", RowPlaces(3, 1, {}, CLOCK), {1: first, 2: second})
    W = in_groups(np.linspace(1.0, 2.0, CELLS)[None], 3)
    Routine(program)(0, GROUPS, CELLS, W, np.array([5.0]), np.array([3.0]))
    np.testing.assert_allclose(W[:, 2], 3.0 * W[:, 0] + 5.0, rtol=1e-15)


def test_a_uniform_test_chooses_and_a_truth_is_a_number_of_the_run():
    graph = Graph()
    a, b, x = graph.parameter(0), graph.parameter(1), graph.leaf(0)
    made = graph.select(graph.apply("lt", a, b), graph.mul(x, x), x)
    for parameters, power in ((np.array([1.0, 2.0]), 2), (np.array([2.0, 1.0]), 1)):
        columns, numbers = numbered([made], parameters)
        W = in_groups(np.linspace(1.0, 2.0, CELLS)[None], 2)
        program = rows_program("choice", RowPlaces(2, len(numbers), columns, CLOCK), {1: made})
        Routine(program)(0, GROUPS, CELLS, W, numbers, np.zeros(1))
        np.testing.assert_array_equal(W[:, 1], W[:, 0] ** power)


def test_the_chain_rule_takes_given_slopes_and_keeps_order():
    """d(out)/d(in) = given slope x node, and a sum that begins with a slope of its own."""
    graph = Graph()
    node = graph.mul(graph.leaf(0), graph.constant(2.0))
    rule = ChainRule([(2, 0, 1), (1, 2, 0)], {0: node}, {1: 0}, 1, [1, 2])
    program = slopes_program("rule", RowPlaces(1, 1, {}, CLOCK), {}, rule)
    W, D, out = np.full((4, 1, WIDTH), 3.0), np.full((4, 1, WIDTH), 5.0), np.zeros((4, 2, WIDTH))
    with pytest.raises(RecursionError):
        Routine(program)  # 1 needs 2, and 2 needs 1
    rule = ChainRule([(2, 0, 1), (3, 2, 0), (3, 1, 0)], {0: node}, {1: 0}, 1, [3, 2])
    program = slopes_program("rule", RowPlaces(1, 1, {}, CLOCK), {}, rule)
    Routine(program)(0, GROUPS, CELLS, W, D, out, np.zeros(1), np.zeros(1))
    assert np.all(out[:, 1] == 30.0) and np.all(out[:, 0] == 30.0 * 6.0 + 5.0 * 6.0)
