"""From a model to one flat source text: what happens in a block of cells, readable and compilable.

The text holds its own copy of every formula and of every plain function that a formula calls: what the model
is. Formulas that the graph could read are evaluated by routines of vector code (`programs`), which the entry
calls; a loop over lanes stands here for each of the others.
"""

from __future__ import annotations

from collections.abc import Callable

from sim.binder.expressions import Expressions, model_expressions
from sim.binder.layout import Layout, Statement
from sim.binder.rodas import REACT, REACTION_KERNELS, coefficients
from sim.codegen.registers import GROUPS
from sim.model.formulas import FormulaText
from sim.model.model import Model
from sim.model.process import Kernel, arguments
from sim.model.words.names import POROSITY, TIME
from sim.simd.blocks import LANES

RATES, SHOW, SLOPES = 0, 1, 2  # modes of the entry
LANE_KERNELS = ("load", "store", "combine", "nudge", "quotient", "copy")


def write(model: Model, entry: str = "blocks") -> str:
    """The generated module: a function per formula, a loop over lanes where the graph lacks it, one entry.

    One compiled entry, because every entry compiles the whole model again: "blocks" for rates and
    derivatives, "react" for a reaction step.
    """
    layout, graph = Layout(model), model_expressions(model)
    formulas = graph.formulas
    kernels = [d.formula for d in model.order if isinstance(d.formula, Kernel)]
    unread = {k: layout.statements[k] for k in graph.unread}
    loops = [_loop(k, s, s.formula, layout, formulas) for k, s in unread.items() if s.formula is not None]
    imports = ["import math", "import numpy as np", "from sim.jit.kernel import kernel"]
    imports += ["from sim.codegen.call import call", "from sim.simd import elementary"]
    imports.append(f"from sim.simd.blocks import {', '.join(LANE_KERNELS)}")
    if entry == "react":
        imports.append(f"from sim.simd.reaction_blocks import {', '.join(REACTION_KERNELS)}")
    for i, k in enumerate(kernels):
        imports.append(f"from {k.module} import {k.function} as kernel_{i}, {k.slopes} as slopes_{i}")
    # What kernels work in is taken out of the records once: in the loop each field would be counted again.
    extra = ", clock, routines" + "".join(f", scratch_{i}, tables_{i}" for i in range(len(kernels)))
    spaces = "    clock, routines = work.clock, work.routines\n" + "".join(
        f"    scratch_{i}, tables_{i} = work.kernels[{i}].scratch, work.kernels[{i}].tables\n"
        for i in range(len(kernels))
    )
    text = "\n".join([*imports, "", "", *formulas.parts, "", *loops, ""])
    text += _dispatch(unread) + _laws(layout, graph, extra) + _slopes(layout, graph, extra)
    numbers: dict[str, object] = {
        "EXTRA": extra, "SPACES": spaces,
        "LANES": LANES, "ROWS": layout.rows, "FIELDS": layout.fields, "PORE": layout.c,
        "POROSITY": layout.row[POROSITY], "DERIVED": layout.derived, "RATE_ROWS": layout.rates,
        "WIDEST": max((s.count for s in layout.statements), default=1), "RATES": RATES, "SHOW": SHOW,
        "SLOPES": SLOPES,
    }  # fmt: skip
    if entry == "react":
        numbers |= coefficients()
    template = REACT if entry == "react" else _ENTRY
    for name, value in numbers.items():
        template = template.replace(f"<{name}>", str(value))
    return text + template


def _loop(k: int, s: Statement, formula: Callable, layout: Layout, formulas: FormulaText) -> str:
    """The function of one statement: its formula for each lane."""
    names = arguments(formula, s.owner.name)
    lines, values = [], []
    for j, (a, row) in enumerate(zip(names, s.reads, strict=True)):
        name = layout.named(s.owner, a)
        if row is not None:
            values.append(f"V[lane + {row * LANES}]")
        elif name == TIME:
            values.append("t")
        else:
            lines.append(f"    q{j} = p[{layout.parameter[name]}]  # {name}")
            values.append(f"q{j}")
    targets = ", ".join(f"V[lane + {(s.output + o) * LANES}]" for o in range(s.count))
    call = f"{formulas.add(formula)}({', '.join(values)})"
    head = f"@kernel(cache=False)\ndef s{k}(V, p, t):  # {s.owner.name}"
    return "\n".join([head, *lines, f"    for lane in range({LANES}):", f"        {targets} = {call}", ""])


def _dispatch(unread: dict[int, Statement]) -> str:
    lines = ["", "@kernel(cache=False, inline='always')", "def statement(k, V, p, t):"]
    for k in unread:
        lines += [f"    if k == {k}:", f"        s{k}(V, p, t)"]
    return "\n".join([*lines, "    return", ""])


def _views(i: int, s: Statement) -> str:
    n, o = len(s.reads), s.count
    return f"W[{s.inputs}:{s.inputs + n}], memory_{i}, W[{s.output}:{s.output + o}]"


def _space(i: int) -> str:
    return f"scratch_{i}, tables_{i}"


def _laws(layout: Layout, graph: Expressions, extra: str) -> str:
    """All runs in order; failed counts the lanes in which a kernel found no solution."""
    memory = _memory(layout)
    lines = [
        f"def laws(V, p, t, memory, failed{extra}):",
        f"    W = V.reshape(({layout.rows}, {LANES}))",
        "    clock[0] = t",
        *memory,
    ]
    routine = 0
    for run in graph.runs:
        if not isinstance(run, int):
            lines.append(f"    call(routines[{routine}], 0, {GROUPS}, {LANES}, (V, p, clock))")
            routine += 1
            continue
        s = layout.statements[run]
        if s.kernel < 0:
            lines.append(f"    s{run}(V, p, t)")
            continue
        lines += [f"    copy(W, {row}, 1, W, {s.inputs + a})" for a, row in enumerate(s.reads)]
        lines.append(f"    kernel_{s.kernel}({_views(s.kernel, s)}, failed, {_space(s.kernel)})")
    return "\n".join(["", "@kernel(cache=False, inline='always')", *lines, ""])


def _memory(layout: Layout) -> list[str]:
    """Each kernel's own rows of the warm start."""
    lines, at = [], 0
    kernels = sorted((s for s in layout.statements if s.kernel >= 0), key=lambda s: s.kernel)
    for s in kernels:
        lines.append(f"    memory_{s.kernel} = memory[{at}:{at + s.memory}]")
        at += s.memory
    return lines


def _slopes(layout: Layout, graph: Expressions, extra: str) -> str:
    """Derivatives of rates at a point where the laws have been evaluated, into out (entries, LANES)."""
    lines = [
        f"def slopes(V, p, t, memory, operations, D, kept, base, out{extra}):",
        f"    W = V.reshape(({layout.rows}, {LANES}))",
        *_memory(layout),
    ]
    if graph.unread:
        lines += [
            "    by = operations.partial",
            "    for e in range(by.row.size):",
            "        copy(W, by.output[e], by.width[e], base, 0)",
            "        for sign in (1.0, -1.0):  # down, where up leads out of what a formula is defined for",
            "            nudge(W[by.row[e]], by.floor[e], sign, kept)",
            "            statement(by.statement[e], V, p, t)",
            "            sound = quotient(W, by.output[e], by.width[e], base, kept, D, by.at[e])",
            "            copy(kept, 0, 1, W, by.row[e])",
            "            if sound:",
            "                break",
        ]
    for s in layout.statements:
        if s.kernel >= 0:
            i, o, n = s.kernel, s.count, len(s.reads)
            lines += [
                f"    at = operations.kernels[{i}]",
                f"    block = D[at : at + {o * n}].reshape(({o}, {n}, {LANES}))",
                f"    slopes_{i}({_views(i, s)}, block, {_space(i)})",
            ]
    lines.append(f"    call(routines[routines.size - 1], 0, {GROUPS}, {LANES}, (V, D, out, p, clock))")
    return "\n".join(["", "@kernel(cache=False, inline='always')", *lines, ""])


_ENTRY = '''
@kernel(nogil=True)
def blocks(mode, first, last, t, y, cells, stoichiometry, operations, out, work):
    """Blocks of cells first..last: pore concentrations and porosity into `cells`, and by mode into `out`
    <RATES>: dy (n, s); <SHOW>: derived quantities (n, o) and rates (n, q); <SLOPES>: derivatives of rates
    by amounts (blocks, entries, lanes). The records are those of sim.binder.records."""
    failed, kept, base = np.zeros(<LANES>), np.zeros((2, <LANES>)), np.zeros((<WIDEST>, <LANES>))
    V, p, fields, memory, failures = work.rows, cells.parameters, cells.fields, cells.memory, cells.failures
<SPACES>    W, D = V.reshape((<ROWS>, <LANES>)), work.D
    for b in range(first, last):
        i = b * <LANES>
        load(y, i, W, 0)
        load(fields, i, W, <FIELDS>)
        failed[:] = 0.0
        laws(V, p, t, memory[b], failed<EXTRA>)
        for lane in range(min(<LANES>, y.shape[0] - i)):
            if failed[lane] != 0.0:
                failures[b] += 1
        store(W, <PORE>, i, cells.c)
        store(W, <POROSITY>, i, cells.porosity)
        if mode == <RATES>:
            combine(W, <RATE_ROWS>, stoichiometry, i, out.dy, work.changes)
        elif mode == <SHOW>:
            store(W, <DERIVED>, i, out.derived)
            store(W, <RATE_ROWS>, i, out.rates)
        else:
            slopes(V, p, t, memory[b], operations, D, kept, base, out.slopes[b]<EXTRA>)
'''
