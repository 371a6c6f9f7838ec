"""From nodes to registers: each node once, behind what it is made of, and rounded where it says so."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from sim.codegen import functions as f
from sim.codegen.registers import LaneMask, Vec
from sim.graph.expressions import CONSTANT, LEAF, PARAMETER, Node

Register: TypeAlias = "Vec | LaneMask | float"

WRITTEN: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "over": f.over,
    "neg": operator.neg,
    "abs": abs,
    "max": lambda a, b: f.maximum(b, a),  # of the graph: the first unless the second is greater
    "min": lambda a, b: f.minimum(b, a),
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "eq": operator.eq,
    "ne": operator.ne,
    "and": operator.and_,
    "or": operator.or_,
    "not": operator.invert,
    "select": f.select,
    "finite": lambda x: f.select(x - x == 0.0, x, 0.0),
    "floor": f.floor,
    "power": f.power,
    "sqrt": f.sqrt,
    "exp": f.exp,
    "exp2": f.exp2,
    "expm1": f.expm1,
    "log": f.log,
    "log1p": f.log1p,
    "log2": f.log2,
    "log10": f.log10,
    "sinh": f.sinh,
    "cosh": f.cosh,
    "tanh": f.tanh,
    "hypot": f.hypot,
}


class Writer:
    """Writes nodes for registers.

    roots: what will be asked for · leaf, number: how to take a leaf, or a number of the run by its column
    columns: of uniform nodes · given: nodes that are at hand otherwise, and how to take them
    fused: nodes, of slopes, in which a product and a sum may be one operation. Not of values: the product is
    rounded and what it cancels with is not, so that x x - y y would be no 0 at x = y, and have no root.
    """

    def __init__(
        self,
        roots: Iterable[Node],
        leaf: Callable[[Hashable], Vec],
        number: Callable[[int], Vec],
        columns: Mapping[Node, int],
        given: Mapping[Node, Callable[[], Vec]] | None = None,
        fused: Collection[Node] = (),
    ) -> None:
        self.leaf, self.number, self.columns, self.given = leaf, number, columns, given or {}
        self.fused = fused
        self._made: dict[Node, Register] = {}
        roots = list(roots)
        self._uses = Counter(roots)
        for node in self._parts(roots):
            self._uses.update(() if self._at_hand(node) else node.of)

    def register(self, root: Node) -> Any:
        """What holds a node; writes what it needs."""
        parts = self._parts([root])
        taken_in = {self._product(n) for n in parts}
        for node in parts:
            if node not in taken_in:
                self._made[node] = self._written(node)
        return self._made[root]

    def _at_hand(self, node: Node) -> bool:
        """Whether a node is taken from somewhere rather than computed."""
        return node.uniform or node.op == LEAF or node in self.given

    def _parts(self, roots: Iterable[Node]) -> list[Node]:
        """What is still to be written for roots, in order."""
        found: set[Node] = set()
        waiting = list(roots)
        while waiting:
            node = waiting.pop()
            if node not in found and node not in self._made:
                found.add(node)
                waiting += () if self._at_hand(node) else node.of
        return sorted(found, key=lambda n: n.number)

    def _product(self, node: Node) -> Node | None:
        """The product that a sum takes in, where nothing else reads it."""
        if node in self.fused and node.op in ("add", "sub") and not self._at_hand(node):
            for n in node.of if node.op == "add" else node.of[1:]:
                if n.op == "mul" and self._uses[n] == 1 and not self._at_hand(n) and n not in self._made:
                    return n
        return None

    def _written(self, node: Node) -> Register:
        if node in self.given:
            return self.given[node]()
        if node.op == CONSTANT:
            return float(node.key)  # type: ignore[arg-type]
        if node.op == PARAMETER:
            return self.number(node.key)  # type: ignore[arg-type]
        if node.uniform:
            value = self.number(self.columns[node])
            return value != 0.0 if node.is_truth else value
        if node.op == LEAF:
            return self.leaf(node.key)
        product = self._product(node)
        if product is None:
            return WRITTEN[node.op](*self._operands(*node.of))
        other = node.of[1] if node.op == "add" and node.of[0] is product else node.of[0]
        return (f.fma if node.op == "add" else f.nfma)(*self._operands(*product.of, other))

    def _operands(self, *of: Node) -> Iterator[Any]:
        """What holds these nodes, of which one at least varies; numbers as registers."""
        found = [self._made[n] for n in of]
        on = next(x.of for x in found if not isinstance(x, float))
        return (on.vec(x) if isinstance(x, float) else x for x in found)
