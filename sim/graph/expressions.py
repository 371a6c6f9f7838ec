"""Nodes and the graph that makes them: what is equal is one node, and what is constant is folded.

A node is a constant, a parameter of the run, a leaf (what differs from cell to cell, or with time), or an
operation on other nodes. One that no leaf enters is uniform: it has one value in a run.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

import numpy as np

from sim.graph.operations import COMMUTATIVE, OPERATIONS, TRUTHS

CONSTANT, PARAMETER, LEAF = "constant", "parameter", "leaf"
LEAST, MOST = 1e-150, 1e150  # what may be divided by through its inverse; a parameter is taken to lie between
HIGHEST_POWER = 6  # whole powers up to it are products


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Node:
    """One value. Two nodes of a graph are equal only if they are the same.

    op: CONSTANT, PARAMETER, LEAF or an operation; of: what it works on; number: place in its graph, behind
    all of `of`; key: the value of a constant, the column of a parameter, the name of a leaf
    leaves: keys of the leaves that enter it
    """

    op: str
    of: tuple[Node, ...]
    number: int
    key: Hashable = None
    leaves: frozenset[Hashable] = frozenset()

    @property
    def uniform(self) -> bool:
        """Whether it has one value in a run."""
        return not self.leaves

    @property
    def is_truth(self) -> bool:
        """Whether it is true or false rather than a number."""
        if self.op == CONSTANT:
            return isinstance(self.key, bool)
        return self.op in TRUTHS or (self.op == "select" and self.of[1].is_truth)

    @property
    def value(self) -> float | None:
        """The number that a constant is, else None."""
        return float(self.key) if self.op == CONSTANT else None  # type: ignore[arg-type]

    def __repr__(self) -> str:
        inside = ", ".join(f"#{n.number}" for n in self.of) if self.of else repr(self.key)
        return f"#{self.number} = {self.op}({inside})"


@dataclass(frozen=True)
class Graph:
    """Makes nodes. `nodes` are all of them, each behind those that it works on."""

    nodes: list[Node] = field(default_factory=list)
    _known: dict[Hashable, Node] = field(default_factory=dict)

    def _node(self, op: str, of: tuple[Node, ...], key: Hashable, same: Hashable) -> Node:
        found = self._known.get(same)
        if found is None:
            leaves = frozenset((key,)) if op == LEAF else frozenset().union(*(n.leaves for n in of))
            found = self._known[same] = Node(op, of, len(self.nodes), key, leaves)
            self.nodes.append(found)
        return found

    def constant(self, value: float) -> Node:
        """A number, or a truth where `value` is a bool."""
        if isinstance(value, bool | np.bool_):
            return self._node(CONSTANT, (), bool(value), (CONSTANT, bool(value)))
        number = float(value)
        return self._node(CONSTANT, (), number, (CONSTANT, number.hex()))

    def parameter(self, column: int) -> Node:
        """A number that is the same in all cells and at all times of a run."""
        return self._node(PARAMETER, (), column, (PARAMETER, column))

    def leaf(self, key: Hashable) -> Node:
        """A number that differs from cell to cell, or with time."""
        return self._node(LEAF, (), key, (LEAF, key))

    def apply(self, op: str, *of: Node) -> Node:
        """An operation of `operations`; a constant if all that it works on is constant."""
        if all(n.op == CONSTANT for n in of):
            with np.errstate(all="ignore"):
                value = OPERATIONS[op](*(n.key for n in of))
            return self.constant(bool(value) if op in TRUTHS or of[-1].is_truth else float(value))
        if op in COMMUTATIVE and of[0].number > of[1].number:
            of = (of[1], of[0])
        return self._node(op, of, None, (op, *(n.number for n in of)))

    def add(self, a: Node, b: Node) -> Node:
        """a + b; 0 is left out, and -b subtracts."""
        if a.value == 0.0:
            return b
        if b.value == 0.0:
            return a
        if b.op == "neg":
            return self.sub(a, b.of[0])
        if a.op == "neg":
            return self.sub(b, a.of[0])
        return self.apply("add", a, b)

    def sub(self, a: Node, b: Node) -> Node:
        """a - b."""
        if b.value == 0.0:
            return a
        if a.value == 0.0:
            return self.neg(b)
        if b.op == "neg":
            return self.add(a, b.of[0])
        return self.apply("sub", a, b)

    def neg(self, a: Node) -> Node:
        """-a."""
        return a.of[0] if a.op == "neg" else self.apply("neg", a)

    def mul(self, a: Node, b: Node) -> Node:
        """a b. A written 0 wins over whatever it multiplies, also over what is no finite number."""
        for one, other in ((a, b), (b, a)):
            if one.value == 0.0:
                return self.constant(0.0)
            if one.value == 1.0:
                return other
            if one.value == -1.0:
                return self.neg(other)
        if a.op == "neg":
            return self.neg(self.mul(a.of[0], b))
        if b.op == "neg":
            return self.neg(self.mul(a, b.of[0]))
        return self.apply("mul", a, b)

    def div(self, a: Node, b: Node) -> Node:
        """a / b. Only a power of 2 becomes a factor: (1/49) 49 is less than 1."""
        if a.value == 0.0 or b.value == 1.0:
            return a
        if b.value is not None and _has_exact_inverse(b.value):
            return self.mul(a, self.constant(1.0 / b.value))
        if b.uniform and not a.uniform and (b.value is None or LEAST < abs(b.value) < MOST):
            return self.apply("over", a, b, self.apply("div", self.constant(1.0), b))
        return self.apply("div", a, b)

    def power(self, a: Node, b: Node) -> Node:
        """a^b; products for small whole b, and e^(b ln a) for a number a > 0 (2^b: exact for whole b)."""
        n, base = b.value, a.value
        if n is None and base is not None and 0.0 < base < math.inf:
            if base == 2.0:
                return self.apply("exp2", b)
            return self.apply("exp", self.mul(b, self.constant(math.log(base))))
        if n is None or not abs(n) <= HIGHEST_POWER or n != int(n) or a.op == CONSTANT:
            return self.apply("power", a, b)
        made, factor, left = self.constant(1.0), a, int(abs(n))
        while left:
            if left & 1:
                made = self.mul(made, factor)
            left >>= 1
            if left:
                factor = self.mul(factor, factor)
        return self.div(self.constant(1.0), made) if n < 0 else made

    def select(self, test: Node, yes: Node, no: Node) -> Node:
        """`yes` where the test holds, else `no`: a number that is chosen, so the other may be none."""
        if test.op == CONSTANT:
            return yes if test.key else no
        if test.op == "not":
            return self.select(test.of[0], no, yes)
        if yes is no:
            return yes
        if yes.is_truth and no.is_truth:
            return self.either(self.both(test, yes), self.both(self.opposite(test), no))
        return self.apply("select", test, self.number(yes), self.number(no))

    def both(self, a: Node, b: Node) -> Node:
        """Whether both hold."""
        for one, other in ((a, b), (b, a)):
            if one.op == CONSTANT:
                return other if one.key else one
        return a if a is b else self.apply("and", a, b)

    def either(self, a: Node, b: Node) -> Node:
        """Whether one of the two holds."""
        for one, other in ((a, b), (b, a)):
            if one.op == CONSTANT:
                return one if one.key else other
        return a if a is b else self.apply("or", a, b)

    def opposite(self, a: Node) -> Node:
        """Whether it does not hold. No comparison is turned round: with what is no number none holds."""
        return a.of[0] if a.op == "not" else self.apply("not", a)

    def number(self, a: Node) -> Node:
        """A truth as 1 or 0; numbers as they are."""
        if not a.is_truth:
            return a
        if a.op == CONSTANT:
            return self.constant(float(a.key))  # type: ignore[arg-type]
        return self.apply("select", a, self.constant(1.0), self.constant(0.0))

    def truth(self, a: Node) -> Node:
        """Whether a number is not 0; truths as they are."""
        return a if a.is_truth else self.apply("ne", a, self.constant(0.0))


def _has_exact_inverse(x: float) -> bool:
    """Whether it is a power of 2, and 1/x one."""
    return abs(math.frexp(x)[0]) == 0.5 and math.isfinite(1.0 / x) and abs(1.0 / x) >= sys.float_info.min


def needed(roots: Iterable[Node]) -> list[Node]:
    """The nodes that roots are made of, themselves included, each behind those that it works on."""
    found: set[Node] = set()
    waiting = list(roots)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting += node.of
    return sorted(found, key=lambda n: n.number)
