"""The functions of `ndf_steps` compiled against the operations of `on_a_line`, or of runs side by side.

The functions are taken over as syntax trees, by what that file promises: it imports its operations in one
statement, from OPERATIONS; everything else at its top level is imports, constants and functions. The
import is turned to another module, each function becomes a kernel; a promise not kept is refused.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from functools import lru_cache
from types import ModuleType
from typing import Any

import numba
import numpy as np
from numba import types

from sim.jit.kernel import kernel
from sim.jit.modules import generated
from sim.solvers.steps import ndf_steps, on_a_line

OPERATIONS, COMPILED = "sim.solvers.steps.on_threads", on_a_line.__name__
# These make arrays; the others are compiled without counting references, or each field of a Line that they
# name would be counted where it is named.
ALLOCATING = ("step", "newton", "between", "choose", "resize", "step_matrix", "products")
ENTRY = """
def enter(line, steps):
    return march(ByReference(*line), steps)
"""

_known: dict[object, Callable] = {}  # compiled for kinds of arrays


def march(w: tuple) -> Callable[[int], int]:
    """`ndf_steps.march`, compiled, bound to a Line, or another state with operations in its module."""
    line, operations = tuple(w), type(w).__module__
    kind = operations, _kind(line)
    if kind not in _known:
        _known[kind] = _compiled(operations, numba.typeof(line))
    compiled_march = _known[kind]
    return lambda steps: compiled_march(line, steps)


def _kind(value: object) -> object:
    """What decides numba's type of a value; to ask numba itself takes longer than a short run."""
    if isinstance(value, tuple):
        return (type(value), *(_kind(v) for v in value))
    if isinstance(value, np.ndarray):
        return (value.dtype, value.ndim, value.flags.c_contiguous, value.flags.writeable)
    return type(value)


@lru_cache(maxsize=64)
def _compiled(operations: str, line: Any) -> Callable[..., int]:
    return kernel(types.int64(line, types.int64), nogil=True)(_module(operations).enter)


@lru_cache(maxsize=2)
def _module(operations: str) -> ModuleType:
    return generated(compiled_text(inspect.getsource(ndf_steps), operations))


def compiled_text(text: str, operations: str = COMPILED) -> str:
    """A module of kernels from the text of a module of functions; see the promise above."""
    tree = ast.parse(text)
    doors = [s for s in tree.body if isinstance(s, ast.ImportFrom) and s.module == OPERATIONS]
    functions = {s.name: s for s in tree.body if isinstance(s, ast.FunctionDef)}
    missing = [name for name in ALLOCATING if name not in functions]
    other = [s for s in tree.body if not isinstance(s, ALLOWED) and not _is_text(s)]
    if len(doors) != 1 or missing or other:
        raise ValueError(
            f"the steps must import their operations once from {OPERATIONS} (not {len(doors)} times), and "
            f"be imports, constants and functions with {', '.join(ALLOCATING)} among them"
            + (f"; {', '.join(missing)} are missing" if missing else "")
            + (f"; line {other[0].lineno} is something else" if other else "")
            + "."
        )
    doors[0].module = operations
    doors[0].names.append(ast.alias("ByReference"))
    for name, function in functions.items():
        function.decorator_list.append(_option_call(name in ALLOCATING))
    door_of_kernels = ast.parse(f"from {kernel.__module__} import {kernel.__name__}").body
    tree.body = [
        *(s for s in tree.body if _is_text(s)),
        *door_of_kernels,
        *(s for s in tree.body if not _is_text(s)),
    ]
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n\n" + ENTRY


ALLOWED = (ast.Import, ast.ImportFrom, ast.Assign, ast.FunctionDef)


def _is_text(s: ast.stmt) -> bool:
    return isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant)


def _option_call(counted: bool) -> ast.expr:
    return ast.parse(f"{kernel.__name__}(cache=False, _nrt={counted})", mode="eval").body
