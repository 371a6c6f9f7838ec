"""Functions of floats, read from their text into a graph: branches become choices, loops are written out.

The text is that of `sim.model.formulas`: every function that is called stands in it, and constants are
numbers. What cannot be read raises UnreadableFormula; the function can be compiled as it is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence

from sim.graph.expressions import Graph, Node
from sim.graph.flow import Flow, Names, UnreadableFormula, Value
from sim.graph.reading_expressions import ExpressionReader, line_of

MOST_TURNS = 200  # of one loop
DEEPEST = 40  # functions that call each other


def functions_of(text: str) -> dict[str, ast.FunctionDef]:
    """The functions that a text defines, by name."""
    return {s.name: s for s in ast.parse(text).body if isinstance(s, ast.FunctionDef)}


def read_function(
    graph: Graph, functions: Mapping[str, ast.FunctionDef], name: str, arguments: Sequence[Node]
) -> tuple[Node, ...]:
    """What a function returns for these arguments, one node for each value."""
    reader = Reader(graph, functions)
    value = reader.called(name, arguments, {})
    values = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(v, Node) for v in values):
        raise UnreadableFormula("it returns no plain row of numbers", name)
    return tuple(graph.number(v) for v in values)  # type: ignore[arg-type]


class Reader(ExpressionReader):
    """Reads the functions of one text into a graph."""

    def __init__(self, graph: Graph, functions: Mapping[str, ast.FunctionDef]) -> None:
        super().__init__(graph)
        self.functions, self._depth = functions, 0

    def called(self, name: str, arguments: Sequence[Value], named: Mapping[str, Value]) -> Value | None:
        """What a function of the text returns; None where there is none of that name."""
        if name not in self.functions:
            return None
        tree = self.functions[name]
        wanted = [a.arg for a in (*tree.args.posonlyargs, *tree.args.args)]
        names: Names = dict(zip(wanted, arguments, strict=False)) | dict(named)
        if len(arguments) + len(named) != len(wanted) or set(names) != set(wanted):
            raise UnreadableFormula(f"{name} takes {', '.join(wanted)}")
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                raise UnreadableFormula(f"functions call each other more than {DEEPEST} deep")
            flow = self._block(tree.body, names)
        except UnreadableFormula as error:
            if error.function:
                raise
            raise UnreadableFormula(error.reason, name, error.line) from None
        finally:
            self._depth -= 1
        if flow.value is None or flow.returned is not self.flows.yes:
            where = "" if flow.value is None else " in some cases"
            raise UnreadableFormula(f"it returns nothing{where}", name)
        return flow.value

    def _block(self, statements: Sequence[ast.stmt], names: Names) -> Flow:
        """Statements one after the other; changes `names`."""
        flow = self.flows.onward
        for k, statement in enumerate(statements):
            one = self._statement(statement, names)
            skipped = self.graph.either(one.broken, one.continued)
            flow = self.flows.then(flow, one)
            if self.flows.yes in (flow.returned, skipped):
                break
            if skipped is not self.flows.no:
                return self._in_part(flow, skipped, statements[k + 1 :], names)
        return flow

    def _in_part(self, flow: Flow, skipped: Node, rest: Sequence[ast.stmt], names: Names) -> Flow:
        """The rest of a turn in the cells that have not left it."""
        changed = dict(names)
        after = self._block(rest, changed)
        self.flows.merge(skipped, dict(names), changed, names)
        return self.flows.then(flow, self.flows.where_not(skipped, after))

    def _statement(self, s: ast.stmt, names: Names) -> Flow:
        self.count()
        try:
            return self._read(s, names)
        except UnreadableFormula as error:
            if error.line or error.function:
                raise
            raise UnreadableFormula(error.reason, line=line_of(s)) from None

    def _read(self, s: ast.stmt, names: Names) -> Flow:
        flows = self.flows
        if isinstance(s, ast.Return) and s.value is not None:
            return flows.onward._replace(returned=flows.yes, value=self.value(s.value, names))
        if isinstance(s, ast.Assign):
            value = self.value(s.value, names)
            for target in s.targets:
                self._assign(target, value, names)
        elif isinstance(s, ast.AnnAssign) and s.value is not None:
            self._assign(s.target, self.value(s.value, names), names)
        elif isinstance(s, ast.AugAssign) and isinstance(s.target, ast.Name):
            old = self.number(ast.Name(s.target.id, ast.Load()), names)
            names[s.target.id] = self.combined(s.op, old, self.number(s.value, names))
        elif isinstance(s, ast.If):
            return self._branch(s, names)
        elif isinstance(s, ast.For):
            items = self.value(s.iter, names)
            if not isinstance(items, tuple) or len(items) > MOST_TURNS:
                raise UnreadableFormula(f"a loop runs over a written row or range of up to {MOST_TURNS}")
            return self._turns(s, items, names)
        elif isinstance(s, ast.While):
            return self._while(s, names, MOST_TURNS)
        elif isinstance(s, ast.Break):
            return flows.onward._replace(broken=flows.yes)
        elif isinstance(s, ast.Continue):
            return flows.onward._replace(continued=flows.yes)
        elif not isinstance(s, ast.Pass) and not (
            isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)
        ):
            raise UnreadableFormula("there is no reading for this statement")
        return flows.onward

    def _assign(self, target: ast.expr, value: Value, names: Names) -> None:
        if isinstance(target, ast.Name):
            names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, tuple):
            if len(target.elts) != len(value):
                raise UnreadableFormula(f"{len(value)} values for {len(target.elts)} names")
            for t, v in zip(target.elts, value, strict=True):
                self._assign(t, v, names)
        else:
            raise UnreadableFormula("only names can be assigned to")

    def _branch(self, s: ast.If, names: Names) -> Flow:
        test = self.graph.truth(self.number(s.test, names))
        if test.op == "constant":
            return self._block(s.body if test.key else s.orelse, names)
        yes_names, no_names = dict(names), dict(names)
        yes, no = self._block(s.body, yes_names), self._block(s.orelse, no_names)
        if yes.returned is self.flows.yes:
            names |= no_names
        elif no.returned is self.flows.yes:
            names |= yes_names
        else:
            self.flows.merge(test, yes_names, no_names, names)
        return self.flows.either_way(test, yes, no)

    def _turns(self, s: ast.For, items: tuple[Value, ...], names: Names) -> Flow:
        """The turns of a loop over what is left of a row."""
        if not items:
            return self._block(s.orelse, names)
        self._assign(s.target, items[0], names)
        return self._turn(s.body, names, lambda n: self._turns(s, items[1:], n))

    def _while(self, s: ast.While, names: Names, left: int) -> Flow:
        """The turns of a loop whose test is known when the text is read."""
        test = self.graph.truth(self.number(s.test, names))
        if test.op != "constant" or left == 0:
            raise UnreadableFormula(f"how often a loop runs must be written, and at most {MOST_TURNS} times")
        if not test.key:
            return self._block(s.orelse, names)
        return self._turn(s.body, names, lambda n: self._while(s, n, left - 1))

    def _turn(self, body: list[ast.stmt], names: Names, others: Callable[[Names], Flow]) -> Flow:
        """One turn of a loop, then the others in the cells that have not left it."""
        flows = self.flows
        one = self._block(body, names)
        broken = one.broken
        one = one._replace(broken=flows.no, continued=flows.no)
        if flows.yes in (one.returned, broken):
            return one
        if broken is flows.no:
            return flows.then(one, others(names))
        changed = dict(names)
        after = others(changed)
        flows.merge(broken, dict(names), changed, names)
        return flows.then(one, flows.where_not(broken, after))
