"""From a model to one flat source text: what happens in a block of cells, readable and compilable.

The text holds its own copy of every formula and of every plain function that a formula calls, so
it depends on nothing but array kernels imported by name, which the closure of its entry finds.
"""

from __future__ import annotations

from sim.binder.formulas import FormulaText
from sim.binder.layout import POROSITY, Layout, Statement
from sim.binder.rodas import BEFORE, REACT, REACTION_KERNELS, TIME_SHARE
from sim.model.model import TIME, Model
from sim.model.process import Kernel, arguments
from sim.simd.blocks import LANES

RATES, SHOW, SLOPES = 0, 1, 2  # modes of the entry
LANE_KERNELS = ("load", "store", "combine", "nudge", "quotient", "copy", "pore", "chain")


def write(model: Model, entry: str = "blocks") -> str:
    """The generated module: a function per formula, a loop over lanes per statement, one entry.

    One compiled entry, because every entry compiles the whole model again: "blocks" for rates and
    derivatives, "react" for a reaction step.
    """
    layout = Layout(model)
    formulas = FormulaText()
    kernels = [d.formula for d in model.order if isinstance(d.formula, Kernel)]
    loops = [_loop(k, s, layout, formulas) for k, s in enumerate(layout.statements) if s.kernel < 0]
    imports = ["import math", "import numpy as np", "from sim.jit.kernel import kernel"]
    imports += ["from sim.simd import elementary", f"from sim.simd.blocks import {', '.join(LANE_KERNELS)}"]
    if entry == "react":
        imports.append(f"from sim.simd.reaction_blocks import {', '.join(REACTION_KERNELS)}")
    for i, k in enumerate(kernels):
        imports.append(f"from {k.module} import {k.function} as kernel_{i}, {k.slopes} as slopes_{i}")
    extra = "".join(f", scratch_{i}, tables_{i}" for i in range(len(kernels)))
    text = "\n".join([*imports, "", "", *formulas.parts, "", *loops, ""])
    text += _dispatch(layout) + _laws(layout, extra) + _slopes(layout, kernels, extra)
    numbers = {
        "EXTRA": extra, "LANES": LANES, "ROWS": layout.rows, "FIELDS": layout.fields, "PORE": layout.c,
        "POROSITY": layout.row[POROSITY], "DERIVED": layout.derived, "RATE_ROWS": layout.rates,
        "WIDEST": max((s.count for s in layout.statements), default=1), "RATES": RATES, "SHOW": SHOW,
        "SLOPES": SLOPES, "TIME_SHARE": TIME_SHARE, "BEFORE": BEFORE,
    }  # fmt: skip
    template = REACT if entry == "react" else _ENTRY
    for name, value in numbers.items():
        template = template.replace(f"<{name}>", str(value))
    return text + template


def _loop(k: int, s: Statement, layout: Layout, formulas: FormulaText) -> str:
    """The function of one statement: its formula for each lane."""
    names = arguments(s.owner.formula, s.owner.name)
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
    call = f"{formulas.add(s.owner.formula)}({', '.join(values)})"
    head = f"@kernel(cache=False)\ndef s{k}(V, p, t):  # {s.owner.name}"
    return "\n".join([head, *lines, f"    for lane in range({LANES}):", f"        {targets} = {call}", ""])


def _dispatch(layout: Layout) -> str:
    lines = ["", "@kernel(cache=False, inline='always')", "def statement(k, V, p, t):"]
    word = "if"
    for k, s in enumerate(layout.statements):
        if s.kernel < 0:
            lines += [f"    {word} k == {k}:", f"        s{k}(V, p, t)"]
            word = "elif"
    return "\n".join([*lines, "    return", ""])


def _views(i: int, s: Statement) -> str:
    n, o = len(s.reads), s.count
    return f"W[{s.inputs}:{s.inputs + n}], memory_{i}, W[{s.output}:{s.output + o}]"


def _laws(layout: Layout, extra: str) -> str:
    """All statements in order; failed counts the lanes in which a kernel found no solution."""
    memory = _memory(layout)
    lines = [
        f"def laws(V, p, t, memory, failed{extra}):",
        f"    W = V.reshape(({layout.rows}, {LANES}))",
        *memory,
    ]
    index = {id(s): k for k, s in enumerate(layout.statements)}

    def run(s: Statement):
        if s.kernel < 0:
            return [f"    s{index[id(s)]}(V, p, t)"]
        i = s.kernel
        copies = [f"    copy(W, {row}, 1, W, {s.inputs + a})" for a, row in enumerate(s.reads)]
        return [*copies, f"    kernel_{i}({_views(i, s)}, failed, scratch_{i}, tables_{i})"]

    for s in layout.before:
        lines += run(s)
    phi = layout.row[POROSITY] * LANES
    if not layout.given_porosity:
        lines += [f"    for lane in range({LANES}):", f"        V[lane + {phi}] = 1.0"]
    for j, name in enumerate(layout.model.mobile):
        c, u = (layout.c + j) * LANES, [s.name for s in layout.model.species].index(name) * LANES
        lines += [
            f"    for lane in range({LANES}):  # {name}",
            f"        V[lane + {c}] = V[lane + {u}] / V[lane + {phi}]",
        ]
    for s in layout.after:
        lines += run(s)
    return "\n".join(["", "@kernel(cache=False, inline='always')", *lines, ""])


def _memory(layout: Layout) -> list[str]:
    """Each kernel's own rows of the warm start."""
    lines, at = [], 0
    kernels = sorted((s for s in layout.statements if s.kernel >= 0), key=lambda s: s.kernel)
    for s in kernels:
        width = s.owner.formula.memory
        lines.append(f"    memory_{s.kernel} = memory[{at}:{at + width}]")
        at += width
    return lines


def _slopes(layout: Layout, kernels: list[Kernel], extra: str) -> str:
    """Partial derivatives into D at a point where the laws have been evaluated."""
    lines = [
        f"def slopes(V, p, t, memory, partial, at_pores, at_kernels, D, kept, base{extra}):",
        f"    W = V.reshape(({layout.rows}, {LANES}))",
        *_memory(layout),
        "    which, row, floor, output, count, at = partial",
        "    for e in range(which.size):",
        "        copy(W, output[e], count[e], base, 0)",
        "        for sign in (1.0, -1.0):  # down, where up leads out of what a formula is defined for",
        "            nudge(W[row[e]], floor[e], sign, kept)",
        "            statement(which[e], V, p, t)",
        "            sound = quotient(W, output[e], count[e], base, kept, D, at[e])",
        "            copy(kept, 0, 1, W, row[e])",
        "            if sound:",
        "                break",
        f"    pore(W, {layout.row[POROSITY]}, {layout.c}, {len(layout.model.mobile)}, D, at_pores)",
    ]
    for s in layout.statements:
        if s.kernel >= 0:
            i, o, n = s.kernel, s.count, len(s.reads)
            lines += [
                f"    block = D[at_kernels[{i}] : at_kernels[{i}] + {o * n}].reshape(({o}, {n}, {LANES}))",
                f"    slopes_{i}({_views(i, s)}, block, scratch_{i}, tables_{i})",
            ]
    return "\n".join(["", "@kernel(cache=False, inline='always')", *lines, ""])


_ENTRY = '''
@kernel(nogil=True)
def blocks(mode, first, last, t, y, x, p, memory, failures, c, porosity, dy, d, r,
           row, column, value, partial, at_pores, at_kernels, target, factor, source, first_g, R,
           V, D, G, work<EXTRA>):
    """Blocks of cells first..last: pore concentrations c (n, m) and porosity (n, 1), and by mode
    <RATES>: dy (n, s); <SHOW>: derived quantities d (n, o) and rates r (n, q); <SLOPES>: derivatives of
    rates by amounts R (blocks, entries, lanes)."""
    failed, kept, base = np.zeros(<LANES>), np.zeros((2, <LANES>)), np.zeros((<WIDEST>, <LANES>))
    W = V.reshape((<ROWS>, <LANES>))
    for b in range(first, last):
        i = b * <LANES>
        load(y, i, W, 0)
        load(x, i, W, <FIELDS>)
        failed[:] = 0.0
        laws(V, p, t, memory[b], failed<EXTRA>)
        for lane in range(min(<LANES>, y.shape[0] - i)):
            if failed[lane] != 0.0:
                failures[b] += 1
        store(W, <PORE>, i, c)
        store(W, <POROSITY>, i, porosity)
        if mode == <RATES>:
            combine(W, <RATE_ROWS>, row, column, value, i, dy, work)
        elif mode == <SHOW>:
            store(W, <DERIVED>, i, d)
            store(W, <RATE_ROWS>, i, r)
        else:
            slopes(V, p, t, memory[b], partial, at_pores, at_kernels, D, kept, base<EXTRA>)
            chain(target, factor, source, D, G)
            copy(G, first_g, R.shape[1], R[b], 0)
'''
