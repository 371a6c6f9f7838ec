"""All formulas of a model as one graph: what each row of a block is, and the slopes of each statement.

Every row is a leaf of the graph, so that a statement's slopes are partial derivatives in what it reads; a row
that is uniform is its own expression instead. What cannot be read stays a function that is differenced; the
statistics of a run say how many (`differenced_formulas`), `unread` why.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from sim.binder.kept import once_a_model
from sim.binder.layout import Layout, Statement
from sim.graph.evaluation import uniform_nodes
from sim.graph.expressions import Graph, Node, needed
from sim.graph.flow import UnreadableFormula
from sim.graph.programs import RowPlaces, unwritten
from sim.graph.reading import functions_of, read_function
from sim.graph.renewal import Renewal
from sim.graph.slopes import Slopes
from sim.jit.callables import called, plain_function
from sim.model.collector import Sum
from sim.model.formulas import FormulaText
from sim.model.model import Model
from sim.model.process import arguments
from sim.model.words.names import POROSITY, TIME

Run: TypeAlias = "dict[int, Node] | int"  # rows of the graph in order, or the number of a statement


@dataclass(frozen=True)
class Expressions:
    """graph: of all formulas that could be read, with leaves: numbers of rows, and TIME

    rows: {row: what stands there}, pore concentrations among them; statements: those read, by their number in
    the layout; unread: {number of another: why}
    runs: what is evaluated in order; formulas: the text of all formulas, also of those not read
    """

    graph: Graph
    formulas: FormulaText
    rows: dict[int, Node] = field(default_factory=dict)
    statements: dict[int, Statement] = field(default_factory=dict)
    unread: dict[int, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)

    @cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """The functions of the text."""
        return functions_of("\n".join(self.formulas.parts))

    @cached_property
    def slopes(self) -> dict[tuple[int, int], Node]:
        """{(row, leaf that it reads): partial derivative} of all rows of the graph; what is 0 is left out."""
        found, made = Slopes(self.graph), {}
        for row, node in self.rows.items():
            for by in sorted(k for k in node.leaves if isinstance(k, int)):
                slope = found.guarded(node, by)
                if slope.value != 0.0:
                    made[row, by] = slope
        return made

    @cached_property
    def uniform(self) -> list[Node]:
        """What is evaluated once a run for the rows and their slopes."""
        return uniform_nodes([*self.rows.values(), *self.slopes.values()])

    def numbers(self, parameters: np.ndarray) -> np.ndarray:
        """The numbers of a run: its parameters, then what is uniform."""
        return np.concatenate([parameters, np.array(self._renewal.at(parameters), float)])

    @cached_property
    def _renewal(self) -> Renewal:
        return Renewal(self.uniform)

    def places(self, layout: Layout) -> RowPlaces:
        """Where code finds what the graph reads."""
        n = len(layout.parameter)
        columns = {node: n + k for k, node in enumerate(self.uniform)}
        return RowPlaces(layout.rows, n + len(columns), columns, TIME)


def expressions(model: Model, layout: Layout) -> Expressions:
    """The graph of a model with this layout."""
    made = Expressions(Graph(), FormulaText())
    for s in layout.statements:
        if s.formula is not None:
            made.formulas.add(s.formula)
    for s in layout.before:
        _take(made, s, layout)
    _pores(made, layout)
    for s in layout.after:
        _take(made, s, layout)
    return made


def _pores(made: Expressions, layout: Layout) -> None:
    """Pore concentrations, and a porosity of 1 where the model has none."""
    graph, phi = made.graph, layout.row[POROSITY]
    rows = {} if layout.given_porosity else {phi: graph.constant(1.0)}
    made.rows.update(rows)
    amount = {s.name: k for k, s in enumerate(layout.model.species)}
    for j, name in enumerate(layout.model.mobile):
        rows[layout.c + j] = graph.div(graph.leaf(amount[name]), _of_row(made, phi))
    if rows:
        _append(made, rows)


def _append(made: Expressions, rows: dict[int, Node]) -> None:
    made.rows.update(rows)
    if made.runs and isinstance(made.runs[-1], dict):
        made.runs[-1].update(rows)
    else:
        made.runs.append(rows)


def _take(made: Expressions, s: Statement, layout: Layout) -> None:
    """A statement into the graph, or beside it."""
    k = next(k for k, other in enumerate(layout.statements) if other is s)
    if s.formula is None:
        made.runs.append(k)
        return
    try:
        values = _read(made, s, layout)
    except UnreadableFormula as error:
        made.unread[k] = f"{s.owner.name}: {_place(s)}{error}"
        made.runs.append(k)
    else:
        made.statements[k] = s
        _append(made, {s.output + o: v for o, v in enumerate(values)})


@once_a_model
def model_expressions(model: Model) -> Expressions:
    """The graph of a model."""
    return expressions(model, Layout(model))


def _read(made: Expressions, s: Statement, layout: Layout) -> tuple[Node, ...]:
    assert s.formula is not None  # noqa: S101
    name = made.formulas.add(s.formula)
    values = read_function(made.graph, made.functions, name, list(_arguments(made, s, layout)))
    if len(values) != s.count:
        raise UnreadableFormula(f"it returns {len(values)} values, {s.count} wanted", name)
    refused = unwritten(needed(values))
    if refused:
        raise UnreadableFormula(f"no code is written for {', '.join(sorted(refused))}", name)
    return values


def _arguments(made: Expressions, s: Statement, layout: Layout) -> Iterator[Node]:
    """What a statement reads, as nodes."""
    graph = made.graph
    for a, row in zip(arguments(s.formula, s.owner.name), s.reads, strict=True):  # type: ignore[arg-type]
        name = layout.named(s.owner, a)
        if row is not None:
            yield _of_row(made, row)
        else:
            yield graph.leaf(TIME) if name == TIME else graph.parameter(layout.parameter[name])


def _of_row(made: Expressions, row: int) -> Node:
    """A row as what it is if that is uniform, else as a leaf."""
    known = made.rows.get(row)
    return known if known is not None and known.uniform else made.graph.leaf(row)


def _place(s: Statement) -> str:
    """Where the formula of a statement is written."""
    if isinstance(s.formula, Sum) or s.formula is None:
        return ""
    code = plain_function(s.formula).function.__code__
    return f"{called(s.formula)} ({code.co_filename}, line {code.co_firstlineno}) cannot be read: "
