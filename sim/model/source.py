"""From formulas to one flat source text: what a model computes in a cell, readable and compilable.

The text holds its own copy of every formula and of every plain function that a formula calls, so
it depends on nothing but array kernels imported by name; their text enters the hash by which the
compiled file is cached (a cache that missed a changed callee would be silently wrong).
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import inspect
import math
import textwrap
from collections.abc import Callable
from types import ModuleType

import numba
import numpy as np

from sim.errors import ModelError
from sim.model.model import TIME, Model
from sim.model.process import Derived, Kernel, Process, arguments, group

POROSITY = "porosity"
MODULES = {"math": "math", "numpy": "np"}  # as the generated text imports them


class FormulaText:
    """Collects formulas and what they call, each under a name of its own."""

    def __init__(self):
        self.names: dict[Callable, str] = {}
        self.parts: list[str] = []

    def add(self, function: Callable) -> str:
        """The name under which `function` stands in the text."""
        function = getattr(function, "py_func", function)
        if function in self.names:
            return self.names[function]
        name = f"f{len(self.names)}_{function.__name__.strip('<>')}"
        self.names[function] = name
        tree = _InlineModules(function, self).visit(_parsed(function))
        rename = {}
        for used in sorted(_free_names(tree)):
            if used not in (function.__name__, *self.names.values()):
                rename[used] = self.text(function, used, _lookup(function, used))
        tree = _Rename(rename, function.__name__, name).visit(tree)
        self.parts.append(f"@njit(error_model='numpy')\n{ast.unparse(ast.fix_missing_locations(tree))}\n")
        return name

    def text(self, function: Callable, used: str, value) -> str:
        """What `used`, with this value in the formula's own file, is called in the text."""
        library = (getattr(value, "__module__", "") or "").partition(".")[0]
        if value is math or value is np:
            return MODULES[value.__name__]
        if library in MODULES and callable(value):
            return f"{MODULES[library]}.{value.__name__}"
        if callable(value) and not isinstance(value, type):
            return self.add(value)
        if isinstance(value, int | float) and math.isfinite(value):
            return repr(float(value)) if isinstance(value, float) else repr(value)
        raise ModelError(
            f"{function.__name__} uses '{used}' ({type(value).__name__}); a formula may use "
            "its arguments, numbers, math, numpy and other plain functions."
        )


def _parsed(function: Callable) -> ast.FunctionDef:
    try:
        text = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(text).body[0]
    except (OSError, TypeError, SyntaxError):
        tree = None
    if not isinstance(tree, ast.FunctionDef):
        raise ModelError(
            f"the source of {getattr(function, '__name__', function)!r} cannot be read; write it "
            "with `def` in a file or a notebook cell (a lambda has no name to show)."
        )
    tree.decorator_list, tree.returns = [], None
    for a in tree.args.args + tree.args.posonlyargs:
        a.annotation = None
    if ast.get_docstring(tree) is not None and len(tree.body) > 1:
        tree.body = tree.body[1:]
    return tree


def _free_names(tree: ast.FunctionDef) -> set[str]:
    stored = {a.arg for a in tree.args.args + tree.args.posonlyargs}
    stored |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return loaded - stored - set(vars(builtins))


def _lookup(function: Callable, name: str):
    scope = inspect.getclosurevars(function)
    for place in (scope.nonlocals, function.__globals__):
        if name in place:
            return place[name]
    raise ModelError(f"{function.__name__} uses '{name}', which is not defined.")


class _InlineModules(ast.NodeTransformer):
    """Replaces `module.helper` by the helper itself, so that the text holds all that it computes."""

    def __init__(self, function: Callable, formulas: FormulaText):
        self.function, self.formulas = function, formulas
        self.local = set(function.__code__.co_varnames)

    def visit_Attribute(self, node):
        self.generic_visit(node)
        if not isinstance(node.value, ast.Name) or node.value.id in self.local:
            return node
        module = _lookup(self.function, node.value.id)
        if not isinstance(module, ModuleType) or module in (math, np):
            return node
        if not hasattr(module, node.attr):
            raise ModelError(f"{self.function.__name__} uses {ast.unparse(node)}, which is not there.")
        used = ast.unparse(node)
        text = self.formulas.text(self.function, used, getattr(module, node.attr))
        return ast.copy_location(ast.parse(text, mode="eval").body, node)


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, str], old: str, new: str):
        self.names, self.old, self.new = {**names, old: new}, old, new

    def visit_FunctionDef(self, node):
        node.name = self.new if node.name == self.old else node.name
        self.generic_visit(node)
        return node

    def visit_Name(self, node):
        if isinstance(node.ctx, ast.Load) and node.id in self.names:
            return ast.copy_location(ast.parse(self.names[node.id], mode="eval").body, node)
        return node


def write(model: Model) -> str:
    """The generated module: `cell` and one loop over cells.

    One compiled entry, because every entry compiles the whole model again: stoichiometry and
    differences are done outside, by kernels that know no model.
    """
    formulas = FormulaText()
    body = _cell_body(model, formulas)
    kernels = [d.formula for d in model.order if isinstance(d.formula, Kernel)]
    lines = ["import math", "import numpy as np", "from numba import njit"]
    lines += [f"from {k.module} import {k.function} as kernel_{i}" for i, k in enumerate(kernels)]
    arguments_ = ", ".join(f"in_{i}, out_{i}, tables_{i}" for i in range(len(kernels)))
    extra = f", {arguments_}" if arguments_ else ""
    text = "\n".join([*lines, "", "", *formulas.parts, ""])
    text += f"@njit(error_model='numpy')\ndef cell(t, u, x, p, memory, failures, c, d, r{extra}):\n"
    text += textwrap.indent("\n".join(body) or "pass", "    ") + "\n    return porosity\n"
    return text + _LOOP.replace("EXTRA", extra)


def key(model: Model, text: str) -> str:
    """Hash of the text and of everything outside it that decides what it computes."""
    h = hashlib.sha256(text.encode())
    h.update(f"{numba.__version__} {np.__version__}".encode())
    for d in model.derived:
        if isinstance(d.formula, Kernel):
            for module in (d.formula.module, *d.formula.sources):
                h.update(inspect.getsource(importlib.import_module(module)).encode())
    return h.hexdigest()[:24]


def _cell_body(model: Model, formulas: FormulaText) -> list[str]:
    immobile = [s.name for s in model.species if not s.mobile]
    index = {s.name: k for k, s in enumerate(model.species)}
    parameter = {name: k for k, name in enumerate(model.parameters)}
    field = {name: k for k, name in enumerate(model.fields)}
    output = {name: k for k, name in enumerate(model.quantities)}
    lines = [f"v_{n} = u[{index[n]}]" for n in immobile]
    lines += [f"v_{n} = x[{k}]" for n, k in field.items()]
    lines += [f"v_{TIME} = t"]

    def value(owner: Process | Derived, argument: str) -> str:
        if argument in owner.parameters and argument not in owner.inputs:
            return f"p[{parameter[f'{group(owner.name)}.{argument}']}]"
        name = owner.inputs.get(argument, argument)
        return f"p[{parameter[name]}]" if name in parameter else f"v_{name}"

    def derive(d: Derived) -> list[str]:
        targets = [f"v_{o}" for o in d.outputs]
        store = [f"d[{output[o]}] = v_{o}" for o in d.outputs]
        if isinstance(d.formula, Kernel):
            i = sum(isinstance(e.formula, Kernel) for e in model.order[: model.order.index(d)])
            a = sum(
                e.formula.memory for e in model.order[: model.order.index(d)] if isinstance(e.formula, Kernel)
            )
            load = [f"in_{i}[{k}] = v_{n}" for k, n in enumerate(d.inputs.values())]
            call = f"kernel_{i}(in_{i}, memory[{a}:{a + d.formula.memory}], out_{i}, *tables_{i})"
            fetch = [f"{t} = out_{i}[{k}]" for k, t in enumerate(targets)]
            return [*load, f"if {call} != 0:", "    failures[0] += 1", *fetch, *store]
        call = f"{formulas.add(d.formula)}({', '.join(value(d, a) for a in arguments(d.formula, d.name))})"
        return [f"{', '.join(targets)} = {call}", *store]

    before, after = _around_porosity(model)
    for d in before:
        lines += derive(d)
    if POROSITY in output or POROSITY in field:
        lines.append("porosity = v_porosity")
    else:
        lines.append("porosity = 1.0")
    for k, n in enumerate(model.mobile):
        lines += [f"v_{n} = u[{index[n]}] / porosity", f"c[{k}] = v_{n}"]
    for d in after:
        lines += derive(d)
    for k, q in enumerate(model.processes):
        call = ", ".join(value(q, a) for a in arguments(q.formula, q.name))
        lines.append(f"r[{k}] = {formulas.add(q.formula)}({call})  # {q.name}")
    return lines


def _around_porosity(model: Model) -> tuple[list[Derived], list[Derived]]:
    """Derived quantities that porosity needs, and the rest; porosity cannot need a mobile species."""
    made = {o: d for d in model.derived for o in d.outputs}
    needed: set[str] = set()
    stack = [POROSITY] if POROSITY in made else []
    while stack:
        d = made[stack.pop()]
        needed.add(d.name)
        for n in d.needs:
            if n in model.mobile:
                raise ModelError(
                    f"porosity depends on '{n}', a pore-water concentration, which is itself the "
                    "amount divided by porosity; let it depend on immobile species only."
                )
            if n in made:
                stack.append(n)
    return (
        [d for d in model.order if d.name in needed],
        [d for d in model.order if d.name not in needed],
    )


_LOOP = '''

@njit(cache=True, error_model='numpy')
def outputs(t, y, x, p, memory, failures, c, porosity, d, r EXTRA):
    """Pore concentrations c (n, m), porosity (n,), derived d (n, o) and rates r (n, q)."""
    for i in range(y.shape[0]):
        porosity[i] = cell(t, y[i], x[i], p, memory[i], failures, c[i], d[i], r[i] EXTRA)
'''
