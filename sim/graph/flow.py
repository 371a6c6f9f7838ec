"""What statements do to a function's way: which cells have returned, and what; which have left a loop.

Branches become choices. Where a cell has left by `return`, what names stand for afterwards is of no account,
so only what leaves a loop early keeps names as they were.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from sim.errors import ModelError
from sim.graph.expressions import Graph, Node

Value: TypeAlias = "Node | tuple[Value, ...]"
Names: TypeAlias = "dict[str, Value]"


class UnreadableFormula(ModelError):
    """A formula that cannot become a graph; it can be compiled as a function all the same.

    reason: why; function: the name of the function in the text; line: the statement or expression
    """

    def __init__(self, reason: str, function: str = "", line: str = ""):
        self.reason, self.function, self.line = reason, function, line
        where = f"{function}: " if function else ""
        super().__init__(f"{where}{reason}{f' (`{line}`)' if line else ''}")


class Flow(NamedTuple):
    """Truths: which cells returned, left a loop, went on to its next turn; `value`: what was returned."""

    returned: Node
    broken: Node
    continued: Node
    value: Value | None = None


class Flows:
    """How flows follow upon each other, for one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.yes, self.no = graph.constant(True), graph.constant(False)
        self.onward = Flow(self.no, self.no, self.no)

    def then(self, first: Flow, second: Flow) -> Flow:
        """One after the other; what the second does in cells that left in the first is ignored."""
        either = self.graph.either
        return Flow(
            either(first.returned, second.returned),
            either(first.broken, second.broken),
            either(first.continued, second.continued),
            self.choose(first.returned, first.value, second.value),
        )

    def either_way(self, test: Node, yes: Flow, no: Flow) -> Flow:
        """One where the test holds, the other elsewhere."""
        returned, broken, continued = (self.graph.select(test, yes[k], no[k]) for k in range(3))  # type: ignore[arg-type]
        return Flow(returned, broken, continued, self.choose(test, yes.value, no.value))

    def where_not(self, skipped: Node, flow: Flow) -> Flow:
        """A flow of the other cells alone."""
        both, here = self.graph.both, self.graph.opposite(skipped)
        return Flow(
            both(here, flow.returned), both(here, flow.broken), both(here, flow.continued), flow.value
        )

    def choose(self, test: Node, yes: Value | None, no: Value | None) -> Value | None:
        """The first where the test holds. What stands on one side alone is meant on that side alone."""
        if yes is None or no is None or yes is no:
            return no if yes is None else yes
        if isinstance(yes, tuple) and isinstance(no, tuple) and len(yes) == len(no):
            return tuple(self.choose(test, a, b) for a, b in zip(yes, no, strict=True))  # type: ignore[misc]
        if isinstance(yes, tuple) or isinstance(no, tuple):
            if test.op != "constant":
                raise UnreadableFormula("two branches give rows of different lengths")
            return yes if test.key else no
        return self.graph.select(test, yes, no)

    def merge(self, test: Node, yes: Names, no: Names, into: Names) -> None:
        """Names after two branches."""
        for name in {**yes, **no}:
            found = self.choose(test, yes.get(name), no.get(name))
            if found is not None:
                into[name] = found
