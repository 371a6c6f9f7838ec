"""Formulas as text: a formula and every plain function that it calls, each under a name of its own.

The text depends on nothing outside it. `exp` and its like become those of `elementary`, and powers
its `power`, so that a loop over cells can be vectorised; whole-number powers stay as they are.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import textwrap
from collections.abc import Callable
from types import ModuleType

import numpy as np

from sim.errors import ModelError
from sim.model.collector import Sum
from sim.simd import elementary

MODULES = {"math": "math", "numpy": "np"}  # as the generated text imports them
ELEMENTARY = "elementary"


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
        if isinstance(function, Sum):
            self.parts.append(f"@kernel(cache=False, forceinline=True)\n{function.text(name)}\n")
            return name
        tree = _InlineModules(function, self).visit(_parsed(function))
        rename = {}
        recursive = function.__name__ in _free_names(tree)
        tree = _Powers().visit(tree)
        for used in sorted(_free_names(tree)):
            if used not in (function.__name__, ELEMENTARY, *self.names.values()):
                rename[used] = self.text(function, used, _lookup(function, used))
        tree = _Rename(rename, function.__name__, name).visit(tree)
        inlined = "" if recursive else ", forceinline=True"  # else LLVM leaves the large ones as calls
        text = ast.unparse(ast.fix_missing_locations(tree))
        self.parts.append(f"@kernel(cache=False{inlined})\n{text}\n")
        return name

    def text(self, function: Callable, used: str, value) -> str:
        """What `used`, with this value in the formula's own file, is called in the text."""
        if value is math or value is np:
            return MODULES[value.__name__]
        if _elementary(value):
            return f"elementary.{value.__name__}"
        library = (getattr(value, "__module__", "") or "").partition(".")[0]
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


def _elementary(value) -> bool:
    """Whether elementary has its own version of this function of math or numpy."""
    name = getattr(value, "__name__", "")
    return name in elementary.FUNCTIONS and value in (getattr(math, name, None), getattr(np, name, None))


class _Powers(ast.NodeTransformer):
    """a**b as elementary.power(a, b), unless b is a small whole number written down."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        by = node.right
        if isinstance(by, ast.Constant) and by.value in (0, 1, 2, 3, 4, 5, 6):
            return node
        power = ast.parse("elementary.power", mode="eval").body
        return ast.copy_location(ast.Call(func=power, args=[node.left, by], keywords=[]), node)


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
        if module in (math, np) and _elementary(getattr(module, node.attr, None)):
            return ast.copy_location(ast.parse(f"elementary.{node.attr}", mode="eval").body, node)
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
