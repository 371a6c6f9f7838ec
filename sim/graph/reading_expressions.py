"""Expressions of a formula's text as nodes of a graph."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence

from sim.graph.expressions import Graph, Node
from sim.graph.flow import Flows, Names, UnreadableFormula, Value
from sim.graph.library import BUILTINS, CONSTANTS, LIBRARY, MODULES, interpolated

MOST_STEPS = 50_000  # statements and expressions of one formula, with its loops written out
LONGEST_LINE = 80  # characters of a line that is shown

COMPARED = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
WHOLE: dict[type, Callable[[float, float], float]] = {
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
}


class ExpressionReader:
    """Expressions to nodes; what calls other functions of the text is left to `called`."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.flows, self.steps = graph, Flows(graph), 0

    def called(self, name: str, arguments: Sequence[Value], named: Mapping[str, Value]) -> Value | None:
        """What a function of the text returns; None where there is none of that name."""
        raise NotImplementedError

    def count(self) -> None:
        """One step more; a formula that never ends is not read."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise UnreadableFormula(f"it takes more than {MOST_STEPS:_} steps with its loops written out")

    def number(self, node: ast.expr, names: Names) -> Node:
        """An expression that is one number or truth."""
        return self._one(self.value(node, names), node)

    def value(self, node: ast.expr, names: Names) -> Value:
        """An expression: a node, or a tuple of values."""
        self.count()
        try:
            return self._value(node, names)
        except UnreadableFormula as error:
            if error.line:
                raise
            raise UnreadableFormula(error.reason, error.function, line_of(node)) from None

    def _value(self, node: ast.expr, names: Names) -> Value:
        g = self.graph
        if isinstance(node, ast.Constant):
            if isinstance(node.value, bool | int | float):
                return self._written(node.value)
        elif isinstance(node, ast.Name):
            if node.id in names:
                return names[node.id]
            raise UnreadableFormula(f"'{node.id}' is no number here")
        elif isinstance(node, ast.Tuple | ast.List):
            return tuple(self.value(n, names) for n in node.elts)
        elif isinstance(node, ast.Attribute):
            module, _, name = ast.unparse(node).partition(".")
            if module in MODULES and name in CONSTANTS:
                return g.constant(CONSTANTS[name])
        elif isinstance(node, ast.UnaryOp):
            return self._unary(node, names)
        elif isinstance(node, ast.BinOp):
            return self._binary(node, names)
        elif isinstance(node, ast.Compare):
            return self._compared(node, names)
        elif isinstance(node, ast.BoolOp):
            return self._joined(node, names)
        elif isinstance(node, ast.IfExp):
            return self._conditional(node, names)
        elif isinstance(node, ast.Subscript):
            return self._part(node, names)
        elif isinstance(node, ast.NamedExpr):
            names[node.target.id] = self.value(node.value, names)
            return names[node.target.id]
        elif isinstance(node, ast.Call):
            return self._call(node, names)
        raise UnreadableFormula("there is no reading for this expression")

    def _written(self, value: float) -> Node:
        try:
            return self.graph.constant(value)
        except OverflowError:
            raise UnreadableFormula("a whole number is larger than any double") from None

    def _one(self, value: Value, node: ast.expr) -> Node:
        if isinstance(value, tuple):
            raise UnreadableFormula("a row stands where a number is meant", line=line_of(node))
        return value

    def _unary(self, node: ast.UnaryOp, names: Names) -> Node:
        g, x = self.graph, self.number(node.operand, names)
        if isinstance(node.op, ast.Not):
            return g.opposite(g.truth(x))
        if isinstance(node.op, ast.USub):
            return g.neg(g.number(x))
        if isinstance(node.op, ast.UAdd):
            return g.number(x)
        raise UnreadableFormula("bits of whole numbers have no place in a graph")

    def _binary(self, node: ast.BinOp, names: Names) -> Value:
        left, right = self.value(node.left, names), self.value(node.right, names)
        if isinstance(left, tuple) and isinstance(right, tuple) and isinstance(node.op, ast.Add):
            return left + right
        return self.combined(node.op, self._one(left, node.left), self._one(right, node.right))

    def combined(self, op: ast.operator, left: Node, right: Node) -> Node:
        """Two numbers under an operator."""
        g = self.graph
        a, b = g.number(left), g.number(right)
        made: dict[type, Callable[[Node, Node], Node]] = {
            ast.Add: g.add, ast.Sub: g.sub, ast.Mult: g.mul, ast.Div: g.div, ast.Pow: g.power,
        }  # fmt: skip
        if type(op) in made:
            return made[type(op)](a, b)
        if type(op) in WHOLE and a.value is not None and b.value:
            return g.constant(WHOLE[type(op)](a.value, b.value))
        raise UnreadableFormula("whole-number division and bits of what is not constant have no place here")

    def _compared(self, node: ast.Compare, names: Names) -> Node:
        g, made = self.graph, self.graph.constant(True)
        left = g.number(self.number(node.left, names))
        _without_names(node.comparators[1:])
        for op, other in zip(node.ops, node.comparators, strict=True):
            if type(op) not in COMPARED:
                raise UnreadableFormula("`in` and `is` have no place in a graph")
            right = g.number(self.number(other, names))
            made = g.both(made, g.apply(COMPARED[type(op)], left, right))
            left = right
        return made

    def _joined(self, node: ast.BoolOp, names: Names) -> Node:
        g, made = self.graph, self.number(node.values[0], names)
        _without_names(node.values[1:])
        for v in node.values[1:]:
            other = self.number(v, names)
            if not (made.is_truth and other.is_truth):  # Python gives one of the two numbers
                made, other = g.number(made), g.number(other)
            test = g.truth(made)
            made = (
                g.select(test, other, made) if isinstance(node.op, ast.And) else g.select(test, made, other)
            )
        return made

    def _conditional(self, node: ast.IfExp, names: Names) -> Value:
        test = self.graph.truth(self.number(node.test, names))
        if test.op == "constant":
            return self.value(node.body if test.key else node.orelse, names)
        _without_names((node.body, node.orelse))
        found = self.flows.choose(test, self.value(node.body, names), self.value(node.orelse, names))
        if found is None:
            raise UnreadableFormula("neither branch is a number")
        return found

    def _part(self, node: ast.Subscript, names: Names) -> Value:
        row, place = self.value(node.value, names), node.slice
        if not isinstance(row, tuple) or isinstance(place, ast.Slice):
            raise UnreadableFormula("only places of a written row can be named in brackets")
        k = self.whole(place, names)
        if not -len(row) <= k < len(row):
            raise UnreadableFormula(f"there is no place {k} in a row of {len(row)}")
        return row[k]

    def whole(self, node: ast.expr, names: Names) -> int:
        """A whole number that is known when the text is read."""
        value = self.number(node, names).value
        if value is None or not math.isfinite(value) or value != int(value):
            raise UnreadableFormula("it depends on more than the text, and must be a whole number")
        return int(value)

    def _call(self, node: ast.Call, names: Names) -> Value:
        name = ast.unparse(node.func)
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            raise UnreadableFormula("arguments by * cannot be read")
        if name == "range":
            return self._range([self.whole(a, names) for a in node.args])
        of = [self.value(a, names) for a in node.args]
        found = self.called(name, of, {k.arg: self.value(k.value, names) for k in node.keywords if k.arg})
        if found is not None:
            return found
        if node.keywords:
            raise UnreadableFormula("a named argument here cannot be read")
        rows = self._rows(name, of)
        return self._of_library(name, of) if rows is None else rows

    def _range(self, of: list[int]) -> Value:
        try:
            numbers = range(*of)
        except (TypeError, ValueError):
            raise UnreadableFormula("range takes one to three numbers, and steps that are not 0") from None
        if len(numbers) > MOST_STEPS:
            raise UnreadableFormula(f"it makes more than {MOST_STEPS:_} numbers")
        return tuple(self.graph.constant(k) for k in numbers)

    def _rows(self, name: str, of: list[Value]) -> Value | None:
        """What works on rows: zip, enumerate, reversed, len, sum."""
        rows = [r for r in of if isinstance(r, tuple)]
        if len(rows) < len(of) or not rows:
            return None
        constant = self.graph.constant
        if name == "zip":
            return tuple(zip(*rows, strict=False))
        if name == "enumerate":
            return tuple((constant(k), r) for k, r in enumerate(rows[0]))
        if name == "reversed":
            return rows[0][::-1]
        if name == "len":
            return constant(len(rows[0]))
        if name == "sum":
            made = constant(0.0)
            for r in rows[0]:
                made = self.graph.add(made, self.graph.number(self._one(r, ast.Constant(0))))
            return made
        return None

    def _of_library(self, name: str, of: list[Value]) -> Node:
        module, _, inner = name.rpartition(".")
        if module in MODULES and inner == "interp" and len(of) == 3:
            x, (xs, ys) = of[0], (r if isinstance(r, tuple) and _numbers(r) else () for r in of[1:])
            if not isinstance(x, tuple) and len(xs) == len(ys) > 0:
                return interpolated(self.graph, x, xs, ys)  # type: ignore[arg-type]
        known = BUILTINS if not module else LIBRARY if module in MODULES else {}
        if name in ("max", "min") and len(of) == 1 and isinstance(of[0], tuple):
            of = list(of[0]) * (2 if len(of[0]) == 1 else 1)  # of a row of one it is that one
        if inner not in known or not _numbers(tuple(of)) or not of:
            raise UnreadableFormula(f"{name} has no place in a graph")
        numbers = [n if inner in ("where", "bool") else self.graph.number(n) for n in of]  # type: ignore[arg-type]
        try:
            return known[inner](self.graph, *numbers)
        except TypeError:
            raise UnreadableFormula(f"{name} is called with {len(of)} arguments") from None


def _numbers(row: Value) -> bool:
    return isinstance(row, tuple) and not any(isinstance(r, tuple) for r in row)


def _without_names(parts: Sequence[ast.expr]) -> None:
    """Refuse `:=` in what Python may leave out: the name would keep what it stood for."""
    for part in parts:
        if any(isinstance(n, ast.NamedExpr) for n in ast.walk(part)):
            raise UnreadableFormula("a name is given within a part that may be left out", line=line_of(part))


def line_of(node: ast.AST) -> str:
    """The first line of the text of a statement or expression."""
    line = ast.unparse(node).splitlines()[0]
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}..."
