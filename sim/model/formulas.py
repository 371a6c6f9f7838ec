"""Formulas as text: a formula and every plain function that it calls, each under a name of its own.

The text depends on nothing outside it. `exp` and its like become those of `elementary`, and powers
its `power`, so that a loop over cells can be vectorised; whole-number powers stay as they are.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import math
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from sim.errors import ModelError
from sim.jit.callables import CALL, Plain, called, plain_function
from sim.jit.written import codes, content, definition
from sim.model.collector import Sum
from sim.model.formula_syntax import check_syntax
from sim.model.process import Derived, Kernel, Process
from sim.simd import elementary

MODULES = {"math": "math", "numpy": "np"}  # as the generated text imports them
ELEMENTARY = "elementary"


def in_package(owner: Derived | Process) -> bool:
    """Whether its formula is one of hapsim's own, which every process has."""
    if isinstance(owner.formula, Sum | Kernel):
        return True
    return plain_function(owner.formula).function.__module__.partition(".")[0] == __name__.partition(".")[0]


def read_formula(owner: Derived | Process) -> FormulaText:
    """The formula of a process or derived quantity and all that it calls, the text of each function read
    and kept; ModelError with its name where that cannot be done."""
    text = FormulaText()
    try:
        text.add(owner.formula)  # type: ignore[arg-type]
    except ModelError as error:
        raise ModelError(f"{owner.name}: {error}") from None
    return text


class FormulaText:
    """Collects formulas and what they call, each under a name of its own.

    functions: all that the text was made of · meanings: {a name within a function: what it stood for}
    """

    def __init__(self) -> None:
        self.meanings: dict[str, str] = {}
        self.names: dict[object, str] = {}
        self.parts: list[str] = []
        self.functions: list[FunctionType] = []
        self._held: list[Callable] = []  # keeps what is known by its id

    def add(self, formula: Callable | Sum) -> str:
        """The name under which `formula` stands in the text."""
        if isinstance(formula, Sum):
            if formula not in self.names:
                name = self.names[formula] = f"f{len(self.names)}_{formula.__name__}"
                self.parts.append(f"@kernel(cache=False, forceinline=True)\n{formula.text(name)}\n")
            return self.names[formula]
        found = plain_function(formula)
        function = found.function
        key = (function, *((n, id(v)) for n, v in found.given.items()))
        if key in self.names:
            return self.names[key]
        name = self.names[key] = f"f{len(self.names)}_{function.__name__.strip('<>')}"
        self._held.append(formula)
        tree = definition(function)
        self.functions.append(function)
        _without_notes(tree, found)
        scope = _Scope(found)
        tree = _InlineModules(scope, self).visit(tree)
        rename = {}
        own = tree.name
        recursive = own in scope.free_names(tree) and scope.is_itself(own)
        tree = _Powers().visit(tree)
        for used in sorted(scope.free_names(tree)):
            if used != ELEMENTARY and used not in self.names.values() and not (recursive and used == own):
                value = scope.value(used)
                if used in found.given and isinstance(getattr(type(value), CALL, None), FunctionType):
                    raise _unusable(function, used, value)  # `self` as a whole; self.k is a number
                rename[used] = self.text(function, used, value)
        if recursive:
            rename[own] = name
        tree = _Rename(rename, own, name).visit(tree)
        inlined = "" if recursive else ", forceinline=True"  # else LLVM leaves the large ones as calls
        text = ast.unparse(ast.fix_missing_locations(tree))
        self.parts.append(f"@kernel(cache=False{inlined})\n{text}\n")
        return name

    def text(self, function: FunctionType, used: str, value) -> str:
        """What `used`, with this value in the formula's own file, is called in the text."""
        if value is math or value is np:
            return MODULES[value.__name__]
        if _elementary(value):
            return f"elementary.{value.__name__}"
        library = (getattr(value, "__module__", "") or "").partition(".")[0]
        if library in MODULES and callable(value):
            return f"{MODULES[library]}.{value.__name__}"
        said = f"'{used}' in {called(function)}"
        if callable(value) and not isinstance(value, type):
            try:
                name = self.add(value)
            except ModelError as error:
                raise ModelError(f"{called(function)} uses {used}: {error}") from None
            self.meanings[said] = f"{called(value)} ({content(plain_function(value).function.__code__)[:8]})"
            return name
        if isinstance(value, np.integer | np.floating | np.bool_):
            value = value.item()
        if isinstance(value, int | float) and math.isfinite(value):
            self.meanings[said] = repr(float(value)) if isinstance(value, float) else repr(value)
            return self.meanings[said]
        raise _unusable(function, used, value)


def _unusable(function: FunctionType, used: str, value: object) -> ModelError:
    return ModelError(
        f"{called(function)} uses '{used}' ({type(value).__name__}); a formula may use "
        "its arguments, numbers, math, numpy and other plain functions."
    )


def _without_notes(tree: ast.FunctionDef, found: Plain) -> None:
    """Take out types, the docstring, values that stand for arguments, and arguments that are given."""
    tree.returns = None
    for arguments in (tree.args.posonlyargs, tree.args.args):
        for a in arguments:
            a.annotation = None
        arguments[:] = [a for a in arguments if a.arg not in found.given]
    tree.args.defaults = []
    stored = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for n in stored & set(found.given):
        raise ModelError(f"{tree.name} changes '{n}', which is given; change another name.")
    if ast.get_docstring(tree) is not None and len(tree.body) > 1:
        tree.body = tree.body[1:]
    check_syntax(tree, called(found.function))


class _Scope:
    """What names mean within a function."""

    def __init__(self, found: Plain):
        self.function, self.given = found.function, found.given
        self.local = set(found.function.__code__.co_varnames) - set(found.given)

    def free_names(self, tree: ast.FunctionDef) -> set[str]:
        """The names in a tree of the function that are neither its own nor Python's.

        A name of Python's own, `abs` or `max`, that the file uses for something else is free.
        """
        stored = {a.arg for a in tree.args.args + tree.args.posonlyargs}
        stored |= {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        loaded = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        return {n for n in loaded - stored if not self._is_pythons(n)}

    def _is_pythons(self, name: str) -> bool:
        """Whether a name stands for what it does in Python itself."""
        known = vars(builtins)
        return name in known and self.known(name, known[name]) is known[name]

    def known(self, name: str, otherwise: Any = None) -> Any:
        """What a name stands for, where that is known outside the function."""
        return next((place[name] for place in self._places() if name in place), otherwise)

    def _places(self) -> tuple[Mapping[str, Any], ...]:
        """Where names are looked for, in order."""
        nonlocals = inspect.getclosurevars(self.function).nonlocals
        return self.given, nonlocals, self.function.__globals__

    def value(self, name: str) -> Any:
        """What a name that is no argument stands for now."""
        for place in self._places():
            if name in place:
                return place[name]
        code = self.function.__code__
        if any(name in (*c.co_varnames, *c.co_cellvars) for c in (code, *codes(code))):
            raise ModelError(
                f"{called(self.function)} makes '{name}' within itself (def, lambda or import); "
                "a formula may use other plain functions, so define or import it outside."
            )
        raise ModelError(f"{called(self.function)} uses '{name}', which is not defined.")

    def is_itself(self, name: str) -> bool:
        """Whether a name is that of the function."""
        value = self.value(name)
        return getattr(value, "py_func", value) is self.function


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
    """Replaces `module.helper` by the helper itself, so that the text holds all that it computes; and
    `self.k` of a method by the number that it is."""

    def __init__(self, scope: _Scope, formulas: FormulaText):
        self.scope, self.formulas = scope, formulas

    def visit_Call(self, node):
        if len(node.args) == 2 and not node.keywords and self._is_natural_logarithm(node.func):
            of, base = (ast.Call(copy.deepcopy(node.func), [a], []) for a in node.args)
            node = ast.copy_location(ast.BinOp(of, ast.Div(), base), node)  # as Python computes it
        return self.generic_visit(node)

    def _is_natural_logarithm(self, node: ast.expr) -> bool:
        """Whether it is math.log, which takes a base too; numpy's does not."""
        inner, _, name = ast.unparse(node).rpartition(".")
        if (inner or name) in self.scope.local:
            return False
        return (getattr(self.scope.known(inner), name, None) if inner else self.scope.known(name)) is math.log

    def visit_Attribute(self, node):
        names: list[str] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if not isinstance(inner, ast.Name) or inner.id in self.scope.local:
            return self.generic_visit(node)
        used, value = ast.unparse(node), self.scope.value(inner.id)
        if value in (math, np) if isinstance(value, ModuleType) else False:
            if len(names) == 1 and _elementary(getattr(value, names[0], None)):
                return ast.copy_location(ast.parse(f"elementary.{names[0]}", mode="eval").body, node)
            return node
        for name in names:
            if not hasattr(value, name):
                raise ModelError(f"{called(self.scope.function)} uses {used}, which is not there.")
            value = getattr(value, name)
        text = self.formulas.text(self.scope.function, used, value)
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
