"""A graph in numbers: NumPy, one operation on arrays a node. What is written from a graph is judged by it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from sim.graph.expressions import CONSTANT, LEAF, PARAMETER, Node, needed
from sim.graph.operations import OPERATIONS


def evaluate(
    roots: Sequence[Node], parameters: Any = (), leaves: Mapping[Hashable, Any] | None = None
) -> list[np.ndarray]:
    """The values of nodes, arrays of one shape that the given ones broadcast to.

    parameters: by column, numbers or arrays; leaves: {key: number or array}
    """
    values: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in needed(roots):
            if node.op == CONSTANT:
                values[node] = node.key
            elif node.op == PARAMETER:
                values[node] = parameters[node.key]
            elif node.op == LEAF:
                values[node] = np.asarray((leaves or {})[node.key], float)
            else:
                values[node] = OPERATIONS[node.op](*(values[n] for n in node.of))
    return [np.asarray(values[n]) for n in roots]


def uniform_nodes(roots: Sequence[Node]) -> list[Node]:
    """Uniform nodes that varying ones among the roots' parts read, but constants and parameters: what is
    evaluated once a run. A root that is uniform belongs to them."""
    read = [n for node in needed(roots) if not node.uniform for n in node.of] + list(roots)
    chosen = {n for n in read if n.uniform and n.op not in (CONSTANT, PARAMETER)}
    return sorted(chosen, key=lambda n: n.number)
