"""Random formulas: what Python does, the graph does in NumPy, in registers and in machine code."""

import math

import numpy as np
import pytest
from exact import exact_slope
from random_formulas import RandomText
from ways import by_registers, nodes_of, python_function

from sim.graph.evaluation import evaluate
from sim.graph.expressions import Graph, needed
from sim.graph.slopes import Slopes

N = 32
NASTY = np.array([
    0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, 49.0, -7.0, 1e-3, 1e3, 1e160, -1e160, 1e-160, 1e300, -1e-300, 10.0,
    math.nan, math.inf, -math.inf,
])  # fmt: skip


def arguments(rng, nasty=0.0):
    """x, y (N,) and k: whole numbers and equal ones among them, and a share of nasty ones."""
    found = []
    for _ in range(2):
        of = rng.uniform(-3.0, 3.0, N)
        of = np.where(rng.random(N) < 0.3, np.round(of), of)
        found.append(np.where(rng.random(N) < nasty, rng.choice(NASTY, N), of))
    found[1] = np.where(rng.random(N) < 0.2, found[0], found[1])
    return found, float(rng.choice([0.5, 1.0, 3.0, 49.0, 1.7]))


def by_python(function, columns, k):
    """What Python gives, and where it gives a number: it raises for what is infinite or none elsewhere."""
    values, given = np.full(N, math.nan), np.zeros(N, bool)
    with np.errstate(all="ignore"):
        for i, at in enumerate(zip(*columns, strict=True)):
            try:
                value = function(*map(float, at), k)
            except (OverflowError, ZeroDivisionError, ValueError):
                continue
            if not isinstance(value, complex):
                values[i], given[i] = value, True
    return values, given


def three_ways(text, columns, k):
    """The graph in NumPy, in registers, in machine code; k is a parameter."""
    graph = Graph()
    nodes = nodes_of(text, [graph.leaf(0), graph.leaf(1), graph.parameter(0)], graph)
    judged = np.broadcast_to(evaluate(nodes, [k], dict(enumerate(columns)))[0], N)
    return [judged, *(r[:, 0] for r in by_registers(nodes, columns, [k]))]


@pytest.mark.parametrize("seed", range(0, 120, 10))
def test_what_rounds_as_python_does_is_pythons_bit_for_bit(seed):
    for rng in map(np.random.default_rng, range(seed, seed + 10)):
        text = RandomText(rng, rounded=False).formula()
        columns, k = arguments(rng, nasty=0.5)
        wanted, given = by_python(python_function(text), columns, k)
        for found in three_ways(text, columns, k):
            np.testing.assert_array_equal(found[given], wanted[given], err_msg=text)


@pytest.mark.parametrize("seed", range(0, 60, 10))
def test_functions_are_pythons_to_what_errors_of_rounding_do(seed):
    """How far that is, is found by moving the arguments by a few units in the last place."""
    for rng in map(np.random.default_rng, range(seed, seed + 10)):
        text = RandomText(rng, rounded=True).formula()
        columns, k = arguments(rng)
        function = python_function(text)
        wanted, given = by_python(function, columns, k)
        noise, given = np.zeros(N), given & np.isfinite(wanted)
        for _ in range(12):
            moved = [c * (1.0 + rng.choice([-2e-15, 2e-15, 4e-16], N)) for c in columns]
            with np.errstate(all="ignore"):
                off = np.abs(by_python(function, moved, k * (1.0 + 1e-15))[0] - wanted)
            given &= np.isfinite(off)
            noise = np.maximum(noise, off)
        for found in three_ways(text, columns, k):
            with np.errstate(all="ignore"):
                off = np.abs(found - wanted) - 100.0 * noise - 1e-12 * np.abs(wanted)
            assert np.all(off[given] <= 1e-290), text


@pytest.mark.parametrize("seed", range(0, 60, 10))
def test_slopes_are_those_of_differences_in_many_digits(seed):
    """At places where no part is beyond 1e4; at a kink, of either side."""
    compared = 0
    for rng in map(np.random.default_rng, range(seed, seed + 10)):
        text = RandomText(rng, rounded=bool(rng.integers(2))).formula()
        columns, k = [np.round(rng.uniform(-2.5, 2.5, N), 3) for _ in range(2)], float(rng.choice([0.5, 3.0]))
        graph = Graph()
        nodes = nodes_of(text, [graph.leaf(0), graph.leaf(1), graph.parameter(0)], graph)
        parts = needed(nodes)
        if len(parts) > 800:
            continue
        values = [np.broadcast_to(v, N) for v in evaluate(parts, [k], dict(enumerate(columns)))]
        usual = np.all(np.abs(np.nan_to_num(np.array(values, float), nan=1e9)) < 1e4, axis=0)
        slopes = Slopes(graph)
        found = by_registers(nodes, columns, [k], [(slopes, 0, 0), (slopes, 0, 1)])
        asked = [slopes.guarded(nodes[0], leaf) for leaf in (0, 1)]
        noise = _noise(asked, columns, k, rng)
        for i in np.flatnonzero(usual)[:3]:
            at = {0: float(columns[0][i]), 1: float(columns[1][i])}
            for leaf in (0, 1):
                sides = [s for s in (_side(nodes[0], leaf, at, k, s) for s in (1, -1)) if abs(s) < 1e12]
                compared += bool(sides)
                for values in found if sides else ():
                    off = min(abs(values[i, leaf] - s) - 1e-10 * abs(s) for s in sides)
                    assert off <= 1e3 * noise[leaf, i] + 1e-13, (text, at, k, leaf)
    assert compared > 20


def _noise(nodes, columns, k, rng):
    """(nodes, N): what errors of rounding in the arguments do to nodes."""

    def at(moved):
        return np.array([np.broadcast_to(v, N) for v in evaluate(nodes, [k], dict(enumerate(moved)))])

    plain = at(columns)
    shaken = [at([c * (1.0 + rng.choice([-1e-15, 1e-15], N)) for c in columns]) for _ in range(8)]
    return np.nan_to_num(np.max(np.abs(np.array(shaken) - plain), 0))


def _side(node, leaf, at, k, side):
    """The slope on one side; infinite where there is none."""
    try:
        return exact_slope(node, leaf, at, [k], side)
    except (ArithmeticError, ValueError):
        return math.inf
