"""Derivatives of rates by amounts: slopes of each formula in its own arguments, then the chain rule.

Slopes of what is in the graph are its expressions; kernels bring their own; a formula that could not be read
is differenced, one argument at a time. What depends on what is known from the names and from the graph, so
only entries that can differ from zero exist.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.binder.expressions import Expressions
from sim.binder.layout import Layout, Statement
from sim.errors import ModelError
from sim.graph.accumulation import Edge, accumulation
from sim.graph.expressions import Node
from sim.graph.programs import ChainRule
from sim.model.model import Model
from sim.model.words.names import POROSITY

# What a derived quantity is at least taken to be when it is nudged; others may be of any size.
FLOORS = {"1": 1e-3, "mol m-3": 1e-3, "mol kg-1": 1e-6}
TINY = 1e-30
OF_POROSITY = -1  # a row that is none


class Partials(NamedTuple):
    """One entry per argument of a formula that is differenced: statement to run, row to nudge, floor of the
    nudge, first row that the statement writes, how many, and the first row of D that they give."""

    statement: np.ndarray
    row: np.ndarray
    floor: np.ndarray
    output: np.ndarray
    width: np.ndarray
    at: np.ndarray


class Operations(NamedTuple):
    """What compiled code needs to know of the derivatives of a model.

    partial: what is differenced into D; kernels: first row of D per kernel; n_d: rows of D
    process, species: entry j is d(rate of process)/d(amount of species); behind the processes comes one that
    is none, whose rate is the porosity, where that depends on the state
    """

    partial: Partials
    kernels: np.ndarray
    n_d: int
    process: np.ndarray
    species: np.ndarray


class _Slopes:
    """Slopes of all rows: {(row, row that it is made from): number}, and what stands behind the numbers."""

    def __init__(self, species: int) -> None:
        self.edges: dict[Edge, int] = {}
        self.nodes: dict[int, Node] = {}
        self.given: dict[int, int] = {}
        self.n_d = 0
        self.partial: list[tuple] = []
        self.kernels: dict[int, int] = {}
        self.depends = set(range(species))  # rows that depend on the state

    def add(self, row: int, by: int, node: Node | None = None, at: int = -1) -> None:
        """A slope that is a node, or a row of D."""
        if by in self.depends:
            number = self.edges[row, by] = len(self.edges)
            self.depends.add(row)
            if node is not None:
                self.nodes[number] = node
            else:
                self.given[number] = at

    def rows_of_d(self, count: int) -> int:
        at, self.n_d = self.n_d, self.n_d + count
        return at


def rate_derivatives(model: Model, layout: Layout, graph: Expressions) -> tuple[Operations, ChainRule]:
    """How the derivatives of a model with this layout come about: what is done beside its graph, and the
    chain rule over all."""
    w, floors = _Slopes(len(model.species)), _floors(model, layout)
    for run in graph.runs:
        if isinstance(run, int):
            _beside(w, run, layout.statements[run], floors)
            continue
        for row, node in run.items():
            for by in sorted(k for k in node.leaves if isinstance(k, int)):
                if (row, by) in graph.slopes:
                    w.add(row, by, graph.slopes[row, by])
    rates = {layout.rates + q: q for q in range(len(model.processes))}
    if layout.row[POROSITY] in w.depends:
        # A result cannot be what others are made of, so that it stands beside itself.
        w.add(OF_POROSITY, layout.row[POROSITY], graph.graph.constant(1.0))
        rates[OF_POROSITY] = len(model.processes)
    steps, left = accumulation(w.edges, rates)
    entries = sorted((rates[row], by, value) for (row, by), value in left.items())
    columns = list(zip(*w.partial, strict=True)) if w.partial else [()] * 6
    kinds = (np.int64, np.int64, float, np.int64, np.int64, np.int64)
    n_d = max(1, w.n_d)
    return Operations(
        Partials(*(np.array(c, k) for c, k in zip(columns, kinds, strict=True))),
        np.array([w.kernels[k] for k in sorted(w.kernels)], np.int64), n_d,
        np.array([e[0] for e in entries], np.int64), np.array([e[1] for e in entries], np.int64),
    ), ChainRule(steps, w.nodes, w.given, n_d, [e[2] for e in entries])  # fmt: skip


def _floors(model: Model, layout: Layout) -> dict[int, float]:
    """What rows are at least taken to be when they are nudged."""
    floors = {k: 1e-3 * s.scale for k, s in enumerate(model.species)}
    mobile = [s for s in model.species if s.mobile]
    floors |= {layout.c + j: 1e-3 * s.scale for j, s in enumerate(mobile)}
    units = dict(zip(model.quantities, [u for d in model.order for u in d.units], strict=True))
    return floors | {layout.row[n]: FLOORS.get(u, TINY) for n, u in units.items()}


def _beside(w: _Slopes, k: int, s: Statement, floors: dict[int, float]) -> None:
    """A statement that is no part of the graph."""
    if s.kernel >= 0:
        w.kernels[s.kernel] = at = w.rows_of_d(s.count * len(s.reads))
        for a, row in enumerate(s.reads):
            if row in s.reads[:a]:
                raise ModelError(f"{s.owner.name}: two inputs of a kernel are the same quantity.")
            for o in range(s.count):
                w.add(s.output + o, row, at=at + o * len(s.reads) + a)  # type: ignore[arg-type]
        return
    for row in dict.fromkeys(r for r in s.reads if r in w.depends):
        at = w.rows_of_d(s.count)
        w.partial.append((k, row, floors.get(row, TINY), s.output, s.count, at))
        for o in range(s.count):
            w.add(s.output + o, row, at=at + o)
