"""Numbers of a graph that depend on parameters alone: only those are renewed that read what changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.graph.expressions import CONSTANT, PARAMETER, Node, needed
from sim.graph.operations import OPERATIONS


class Renewal:
    """Evaluates nodes without leaves again and again, at parameters of which few change from time to time.

    The numbers are those of `evaluate`, to the last bit. Threads may share it.
    """

    def __init__(self, roots: Sequence[Node]):
        order = needed(roots)
        place = {node: k for k, node in enumerate(order)}
        self._roots = [place[node] for node in roots]
        self._steps: list[tuple[Any, tuple[int, ...]]] = []
        self._constants: list[tuple[int, Any]] = []
        self._readers: dict[int, set[int]] = {}  # of each column of parameters: steps that depend on it
        reads: list[set[int]] = []
        self._columns: list[int | None] = []
        for k, node in enumerate(order):
            operands = tuple(place[n] for n in node.of)
            column: Any = node.key if node.op == PARAMETER else None
            columns = {column} if node.op == PARAMETER else set().union(*(reads[n] for n in operands))
            reads.append(columns)
            self._columns.append(column)
            self._steps.append((OPERATIONS.get(node.op), operands))
            if node.op == CONSTANT:
                self._constants.append((k, node.key))
            for read in columns:
                self._readers.setdefault(read, set()).add(k)
        self._last: tuple[np.ndarray, list[Any]] | None = None

    def at(self, parameters: np.ndarray) -> list[float]:
        """The values of the roots at these parameters, by column."""
        if self._last is None:
            values: list[Any] = [None] * len(self._steps)
            for k, number in self._constants:
                values[k] = number
            wanted = list(range(len(values)))
        else:
            before, known = self._last
            values = list(known)
            changed = np.flatnonzero(before.view(np.int64) != parameters.view(np.int64))
            wanted = sorted(set().union(*(self._readers.get(c, ()) for c in changed.tolist())))
        with np.errstate(all="ignore"):
            for k in wanted:
                operation, operands = self._steps[k]
                column = self._columns[k]
                if column is not None:
                    values[k] = parameters[column]
                elif operands:
                    values[k] = operation(*[values[n] for n in operands])
        self._last = parameters.copy(), values
        return [float(values[k]) for k in self._roots]
