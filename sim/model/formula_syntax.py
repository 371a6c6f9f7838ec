"""What the text of a formula may not hold, each told with what to write instead before it is compiled."""

from __future__ import annotations

import ast

from sim.errors import ModelError

# Statements and expressions -> what they do there, and what to do instead.
REFUSED: tuple[tuple[tuple[type[ast.AST], ...], str], ...] = (
    (
        (ast.Try, getattr(ast, "TryStar", ast.Try)),
        "catches errors by `try`, and compiled numbers raise none: test for the case by `if`, as in "
        "`if Ca <= 0.0: return 0.0`",
    ),
    (
        (ast.Raise, ast.Assert),
        "raises errors, which a run could only die of: return a number for every state, or check the "
        "parameters before",
    ),
    ((ast.With, ast.AsyncWith), "opens something by `with`: read numbers before, and make them parameters"),
    ((ast.Global, ast.Nonlocal), "changes a name outside itself: a rate depends on its arguments alone"),
    ((ast.Delete,), "takes a name away by `del`: leave that out"),
    ((ast.JoinedStr,), "makes a text (an f-string): it may hold numbers only"),
    ((ast.GeneratorExp,), "makes values one by one within brackets: write a loop that adds them up"),
)


def check_syntax(tree: ast.FunctionDef, name: str) -> None:
    """Refuse what the compiler would refuse in its own words, and a way through without a number.

    tree: the definition, without notes of types and defaults; name: what to call it in the sentence
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            made = (node.names[0].asname or node.names[0].name).partition(".")[0]
            raise ModelError(
                f"{name} makes '{made}' within itself by `import`; import it above the function."
            )
        for kinds, sentence in REFUSED:
            if isinstance(node, kinds):
                line = ast.unparse(node).splitlines()[0]
                raise ModelError(f"{name} {sentence}. It is the line `{line}`.")
    returns = [n for n in _own(tree) if isinstance(n, ast.Return)]
    if not any(n.value is not None and not _none(n.value) for n in returns):
        raise ModelError(f"{name} returns nothing; end it with `return` and the value.")
    for n in returns:
        if n.value is None or _none(n.value) or _branch_none(n.value):
            raise ModelError(
                f"{name} returns None by `{ast.unparse(n)}`; return a number in every case, such as 0.0."
            )
    for node in _own(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            if _none(node.value) or _branch_none(node.value):
                raise ModelError(f"{name} sets a name to None by `{ast.unparse(node)}`; set it to a number.")
    if not _ends(tree.body):
        raise ModelError(
            f"{name} returns a number in some cases only: one branch ends without `return`. End the function "
            "with `return` and the value for all other cases."
        )


def _own(tree: ast.FunctionDef) -> list[ast.AST]:
    """The nodes of a function without those of functions within it."""
    found: list[ast.AST] = []
    left: list[ast.AST] = list(tree.body)
    while left:
        node = left.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            left += ast.iter_child_nodes(node)
    return found


def _none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _branch_none(value: ast.expr) -> bool:
    """Whether a choice within an expression may be None: `a if x else None`."""
    return isinstance(value, ast.IfExp) and any(
        _none(v) or _branch_none(v) for v in (value.body, value.orelse)
    )


def _ends(body: list[ast.stmt]) -> bool:
    """Whether every way through these statements meets a `return`."""
    return any(_always_returns(statement) for statement in body)


def _always_returns(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Return):
        return True
    if isinstance(statement, ast.If):
        return _ends(statement.body) and _ends(statement.orelse)
    if isinstance(statement, ast.Match):
        last = statement.cases[-1]
        open_case = (
            last.guard is None and isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None
        )
        return open_case and all(_ends(case.body) for case in statement.cases)
    if isinstance(statement, ast.While):
        forever = isinstance(statement.test, ast.Constant) and bool(statement.test.value)
        return forever and not any(isinstance(n, ast.Break) for n in ast.walk(statement))
    if isinstance(statement, ast.For):
        return _ends(statement.orelse) and not any(isinstance(n, ast.Break) for n in ast.walk(statement))
    return False
