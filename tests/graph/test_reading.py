"""What a formula's text says is what the graph gives: against Python itself."""

import inspect
import pkgutil
from importlib import import_module
from types import FunctionType

import formulas as own
import numpy as np
import pytest
from exact import called

import sim.kinetics
from sim.graph.evaluation import evaluate, uniform_nodes
from sim.graph.expressions import Graph
from sim.graph.flow import UnreadableFormula
from sim.graph.reading import functions_of, read_function
from sim.model.formulas import FormulaText

KINETICS = [
    f
    for m in pkgutil.iter_modules(sim.kinetics.__path__)
    for f in vars(import_module(f"sim.kinetics.{m.name}")).values()
    if isinstance(f, FunctionType) and f.__module__ == f"sim.kinetics.{m.name}"
]
EDGES = (0.0, -0.0, 1e-3, -1e-9, 0.5, 1.0, 7.4, 1e-160, -1e-160, 1e9)


def read(formula, graph, arguments):
    """The nodes of a formula."""
    formulas = FormulaText()
    name = formulas.add(formula)
    return read_function(graph, functions_of("\n".join(formulas.parts)), name, arguments)


def states(names, n=400, edges=EDGES):
    """{argument: (n,)}: numbers of the usual size, and edges."""
    rng = np.random.default_rng(len(names))
    values = {a: rng.uniform(0.05, 2.0, n) * rng.choice([1.0, 1.0, -1.0], n) for a in names}
    for a in names:
        values[a] = np.where(rng.random(n) < 0.25, rng.choice(edges, n), values[a])
    return values


def usual(formula, x):
    """What Python gives for each state, (outputs, n), and how much an error of rounding in any argument
    changes it."""

    def at(moved):
        found = []
        for k in range(len(next(iter(x.values())))):
            try:
                value = called(formula, *(float(moved[a][k]) for a in x))
            except (ZeroDivisionError, ValueError, TypeError):
                value = np.nan  # compiled code gives none either, or an infinite number
            found.append(np.nan if isinstance(value, complex) else value)
        width = max(len(v) if isinstance(v, tuple) else 1 for v in found)
        return np.array([v if isinstance(v, tuple) else (v,) * width for v in found], float).T

    plain = at(x)
    with np.errstate(all="ignore"):
        shaken = [np.abs(at({**x, a: x[a] * (1 + 2e-16)}) - plain) for a in x]
    return plain, np.nan_to_num(np.sum(shaken, 0))


@pytest.mark.parametrize("formula", [*KINETICS, *own.FORMULAS], ids=lambda f: f.__name__)
def test_graph_gives_what_the_function_gives(formula):
    graph, names = Graph(), list(inspect.signature(formula).parameters)
    nodes = read(formula, graph, [graph.leaf(a) for a in names])
    x = states(names)
    expected, noise = usual(formula, x)
    assert len(nodes) == len(expected)
    for found, wanted, shaken in zip(evaluate(nodes, (), x), expected, noise, strict=True):
        sound = np.isfinite(wanted)
        assert sound.mean() > 0.4
        off = np.abs(np.broadcast_to(found, wanted.shape)[sound] - wanted[sound])
        assert np.all(off <= 1e-13 * np.abs(wanted[sound]) + 4 * shaken[sound] + 1e-300)


@pytest.mark.parametrize("formula", own.UNREADABLE, ids=lambda f: f.__name__)
def test_what_cannot_be_read_says_why_and_where(formula):
    graph = Graph()
    with pytest.raises(UnreadableFormula, match=own.UNREADABLE[formula]) as e:
        read(formula, graph, [graph.leaf(a) for a in "xyk"])
    assert formula.__name__ in e.value.function and e.value.line


def test_equal_parts_are_one_node_also_across_formulas():
    graph = Graph()
    x, y = graph.leaf("x"), graph.leaf("y")
    before = read(own.called, graph, [x, y, graph.constant(0.5)])
    size = len(graph.nodes)
    again = read(own.called, graph, [x, y, graph.constant(0.5)])
    assert again == before and len(graph.nodes) == size
    assert graph.add(x, y) is graph.add(y, x) and graph.sub(x, y) is not graph.sub(y, x)


def test_constants_are_folded_and_parameters_told_from_what_varies():
    graph = Graph()
    numbers = [graph.constant(v) for v in (0.3, 0.7, 1.5)]
    assert [n.value for n in read(own.library, graph, numbers)] == pytest.approx([own.library(0.3, 0.7, 1.5)])
    k, x = graph.parameter(0), graph.leaf("x")
    (made,) = read(own.powers, graph, [k, k, graph.constant(2.0)])
    assert made.uniform and not graph.mul(made, x).uniform
    assert uniform_nodes([graph.mul(made, x), k]) == [made]  # a parameter is at hand already


def test_only_powers_of_two_that_divide_become_factors():
    graph = Graph()
    x, k = graph.leaf("x"), graph.parameter(0)
    kinds = {by: graph.div(x, graph.constant(by)).op for by in (49.0, 2.0, -0.125, 3.0, 2.0**-1030, np.inf)}
    assert kinds == {49.0: "over", 2.0: "mul", -0.125: "mul", 3.0: "over", 2.0**-1030: "div", np.inf: "div"}
    assert graph.div(x, k).op == "over"
    assert graph.div(x, graph.add(x, k)).op == "div"


def test_a_branch_not_taken_leaves_nothing_behind():
    graph = Graph()
    (made,) = read(own.guarded, graph, [graph.leaf("x"), graph.leaf("y"), graph.constant(1.0)])
    x = np.array([0.1 - 1e-12, -5.0, 0.1 + 1e-12, 0.3])
    found = evaluate([made], (), {"x": x, "y": np.ones(4)})[0]
    assert np.isfinite(found).all() and list(found[:2]) == list(x[:2])
