"""A formula's text done in three ways: by Python itself, by NumPy's registers, by machine code."""

from __future__ import annotations

import ast
import math

import numpy as np

from sim.codegen.machine import Routine
from sim.codegen.numpy_registers import interpret
from sim.graph.evaluation import evaluate, uniform_nodes
from sim.graph.expressions import Graph
from sim.graph.programs import ChainRule, RowPlaces, rows_program, slopes_program
from sim.graph.reading import read_function
from sim.graph.slopes import Slopes
from sim.simd.constants import WIDTH

CLOCK = "t"


def nodes_of(text, arguments, graph):
    """What `def f(...)` of a text returns for these nodes. In it stands `math.`, `np.` as in a file."""
    functions = {s.name: s for s in ast.parse(text).body if isinstance(s, ast.FunctionDef)}
    return read_function(graph, functions, "f", arguments)


def python_function(text):
    """`f` of a text as Python runs it."""
    space = {"math": math, "np": np}
    exec(compile(text, "<formula>", "exec"), space)  # noqa: S102
    return space["f"]


def by_python(function, *columns):
    """A function at each place of some columns: NaN where Python refuses."""
    found = []
    with np.errstate(all="ignore"):
        for at in zip(*columns, strict=True):
            try:
                value = function(*map(float, at))
            except OverflowError:
                value = math.inf  # of either sign
            except (ValueError, ZeroDivisionError):
                value = math.nan
            found.append(math.nan if isinstance(value, complex) else float(value))
    return np.array(found)


def by_registers(nodes, columns, parameters=(), slopes=()):
    """(NumPy's, machine code's) values of nodes, each (n, nodes) for columns of leaves 0, 1...; where slopes
    are asked for, (node, leaf), their values instead."""
    leaves, n = len(columns), len(columns[0])
    groups = -(-n // WIDTH)
    x = np.stack([np.resize(np.asarray(c, float), groups * WIDTH).reshape(groups, WIDTH) for c in columns], 1)
    rows = {leaves + k: node for k, node in enumerate(nodes)}
    asked = [slopes_of.guarded(nodes[k], leaf) for slopes_of, k, leaf in slopes]
    uniform = uniform_nodes([*nodes, *asked])
    numbers = np.array([*parameters, *(float(v) for v in evaluate(uniform, parameters)), 0.0])
    columns_of = {u: len(parameters) + k for k, u in enumerate(uniform)}
    places = RowPlaces(leaves + len(rows), len(numbers), columns_of, CLOCK)
    made = rows_program("formula", places, rows)
    rule = ChainRule([], dict(enumerate(asked)), {}, 1, list(range(len(asked))))
    results = []
    for compiled in (False, True):
        W = np.full((groups, places.size, WIDTH), np.nan)
        W[:, :leaves] = x
        programs = [(made, (W, numbers, np.zeros(1)))]
        out = W[:, leaves:]
        if asked:
            out = np.full((groups, len(asked), WIDTH), np.nan)
            D = np.zeros((groups, 1, WIDTH))
            programs.append((slopes_program("slopes", places, rows, rule), (W, D, out, numbers, np.zeros(1))))
        for program, arrays in programs:
            if compiled:
                Routine(program)(0, groups, n, *arrays)
            else:
                interpret(program, 0, groups, n, arrays)
        results.append(out.transpose(0, 2, 1).reshape(groups * WIDTH, -1)[:n])
    return results


def three_ways(text, *columns):
    """What Python gives, and [NumPy's graph, NumPy's registers, machine code] for a text of one number."""
    graph = Graph()
    nodes = nodes_of(text, [graph.leaf(k) for k in range(len(columns))], graph)
    judged = evaluate(nodes, (), dict(enumerate(map(np.asarray, columns))))[0]
    found = [np.broadcast_to(judged, len(columns[0]))]
    found += [r[:, 0] for r in by_registers(nodes, columns)]
    return by_python(python_function(text), *columns), found


def slopes_in_two_ways(text, *columns):
    """[NumPy's registers, machine code]: (n, arguments) derivatives."""
    graph = Graph()
    nodes = nodes_of(text, [graph.leaf(k) for k in range(len(columns))], graph)
    slopes = Slopes(graph)
    return by_registers(nodes, columns, slopes=[(slopes, 0, k) for k in range(len(columns))])
