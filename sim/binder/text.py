"""What is no vector code, as text that is compiled: formulas that the graph could not read, lane by lane.

The text holds its own copy of every formula and of every plain function that a formula calls: that of all
formulas is what the model is (`model_text`), whatever is made of it.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.binder.derivatives import Operations
from sim.binder.expressions import Expressions, model_expressions
from sim.binder.layout import Layout, Statement
from sim.model.formulas import FormulaText
from sim.model.model import Model
from sim.model.process import arguments
from sim.model.words.names import TIME
from sim.simd.constants import WIDTH

HEAD = [
    "import math", "import numpy as np", "from sim.binder.loops import difference, first_row, nudge",
    "from sim.jit.kernel import kernel", "from sim.simd import elementary",
]  # fmt: skip
ARRAYS = "y, fields, p, clock, W, memory, c, porosity, out, more"  # of a stage


def write(model: Model) -> str:
    """What the model is: its formulas, and each of its statements as a loop over lanes."""
    layout, graph = Layout(model), model_expressions(model)
    made = [
        _loop(k, s, s.formula, layout, graph.formulas) for k, s in enumerate(layout.statements) if s.formula
    ]
    return "\n".join([*graph.formulas.parts, *made])


def write_unread(model: Model, layout: Layout, graph: Expressions, operations: Operations) -> str:
    """The module of formulas that are no vector code: s0(...) evaluates statement 0 for a group of cells, d0
    differences it. The arguments are those of a stage; each returns 0."""
    formulas = graph.formulas
    text = [*HEAD, "", "", *formulas.parts, ""]
    for k in graph.unread:
        s = layout.statements[k]
        assert s.formula is not None  # noqa: S101
        text += [_loop(k, s, s.formula, layout, formulas), _differences(k, s, layout, operations)]
    return "\n".join(text)


def _loop(k: int, s: Statement, formula: Callable, layout: Layout, formulas: FormulaText) -> str:
    """The function of one statement: its formula for each lane."""
    names = arguments(formula, s.owner.name)
    lines, values = [], []
    for j, (a, at) in enumerate(zip(names, s.reads, strict=True)):
        name = layout.named(s.owner, a)
        if at is not None:
            values.append(f"V[{at}, lane]")
        elif name == TIME:
            lines.append(f"    q{j} = clock[0]")
            values.append(f"q{j}")
        else:
            lines.append(f"    q{j} = p[{layout.parameter[name]}]  # {name}")
            values.append(f"q{j}")
    targets = ", ".join(f"V[{s.output + o}, lane]" for o in range(s.count))
    call = f"{formulas.add(formula)}({', '.join(values)})"
    head = [
        "@kernel(cache=False)",
        f"def v{k}(V, p, clock):  # {s.owner.name}",
        *lines,
        f"    for lane in range({WIDTH}):",
        f"        {targets} = {call}",
        "",
        "",
        "@kernel(nogil=True)",
        f"def s{k}(first, last, cells, {ARRAYS}):",
        f"    v{k}(first_row(W, {layout.rows}), p, clock)",
        "    return 0",
        "",
    ]
    return "\n".join(head)


def _differences(k: int, s: Statement, layout: Layout, operations: Operations) -> str:
    """The function that differences one statement: slopes into the rows behind those of the model."""
    by = operations.partial
    entries = [e for e in range(by.row.size) if by.statement[e] == k]
    rows = layout.rows + operations.n_d
    lines = [
        "@kernel(nogil=True)",
        f"def d{k}(first, last, cells, {ARRAYS}):",
        f"    V = first_row(W, {rows})",
    ]
    for e in entries:
        lines += [
            f"    base = V[{s.output} : {s.output + s.count}].copy()",
            "    for sign in (1.0, -1.0):  # down, where up leads out of what the formula is defined for",
            f"        old, inverse = V[{by.row[e]}].copy(), nudge(V, {by.row[e]}, {by.floor[e]!r}, sign)",
            f"        v{k}(V, p, clock)",
            f"        sound = difference(V, {s.output}, base, inverse, {layout.rows + by.at[e]})",
            f"        V[{by.row[e]}] = old",
            "        if sound:",
            "            break",
        ]
    return "\n".join([*lines, "    return 0", ""])
