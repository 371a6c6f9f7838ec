"""What may stand where a formula is asked for: functions, and callables that a function is behind.

`functools.partial`, bound methods and objects with `__call__` are functions with some arguments given.
What is no function of numbers (a generator, a built-in of another language, a class) is refused.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import math
from collections.abc import Callable, Sequence
from types import FunctionType, MethodType
from typing import Any, NamedTuple

import numpy as np

from sim.errors import ModelError, shown

CALL = "__call__"
UNREADABLE = ("scipy", "pandas", "sympy")  # libraries whose functions are no plain functions of numbers


class Plain(NamedTuple):
    """A function, and its arguments that are given already."""

    function: Any  # a FunctionType, which as the type of a field would count as a method
    given: dict[str, Any]

    @property
    def free(self) -> tuple[str, ...]:
        """The arguments that are not given."""
        return tuple(n for n in names_of_arguments(self.function) if n not in self.given)

    def __call__(self, *values: float) -> Any:
        """The value at numbers for the arguments that are not given, in their order."""
        named = dict(zip(self.free, values, strict=True)) | self.given
        return self.function(*(named[n] for n in names_of_arguments(self.function)))


def called(formula: object) -> str:
    """What to call a formula in a sentence."""
    name = getattr(formula, "__name__", "")
    if isinstance(formula, functools.partial):
        return f"partial of {called(formula.func)}"
    return str(name) or type(formula).__name__


def plain_function(formula: Callable) -> Plain:
    """The function behind a callable; ModelError where there is none that can be compiled."""
    formula = getattr(formula, "py_func", formula)
    if isinstance(formula, functools._lru_cache_wrapper):  # what it keeps are values of the same function
        formula = formula.__wrapped__
    if str(getattr(formula, "__module__", "")).partition(".")[0] in UNREADABLE:
        raise ModelError(_of_another_library(formula))
    if type(formula) is FunctionType:
        _check_kind(formula)
        return Plain(formula, {})
    if isinstance(formula, functools.partial):
        inner = plain_function(formula.func)
        free = inner.free
        if len(formula.args) > len(free) or not set(formula.keywords) <= set(free):
            raise ModelError(f"{called(formula)} gives arguments that {called(formula.func)} does not take.")
        given = dict(zip(free, formula.args, strict=False)) | formula.keywords
        return Plain(inner.function, inner.given | given)
    if isinstance(formula, MethodType):
        inner = plain_function(formula.__func__)
        return Plain(inner.function, inner.given | {inner.free[0]: formula.__self__})
    if isinstance(formula, type):
        raise ModelError(f"{called(formula)} is a class; a formula is a function of numbers.")
    method = getattr(type(formula), CALL, None)
    if isinstance(method, FunctionType):
        return plain_function(MethodType(method, formula))
    if not _compiled_ahead(formula):
        raise ModelError(_of_another_library(formula))
    raise ModelError(
        f"{shown(formula)} has no Python text to compile; call it within a function: "
        f"def rate(Ca): return {called(formula)}(Ca)."
    )


def _compiled_ahead(formula: object) -> bool:
    """Whether a built-in is one that formulas may call: of math, numpy, or Python itself."""
    name = getattr(formula, "__name__", "")
    return any(getattr(module, name, None) is formula for module in (math, np, builtins)) if name else False


def _of_another_library(formula: object) -> str:
    """The sentence about what no formula can call: a function of SciPy, or built into another library."""
    return (
        f"{called(formula)} is a function of another library ({shown(formula)}), which formulas cannot call. "
        "Write it out by those of math (exp, log, erf, gamma and others), or as a line between points that "
        "were computed before: numpy.interp(Ca, [0.0, 1.0, 2.0], [0.0, 0.6, 0.8])."
    )


def names_of_arguments(function: FunctionType) -> tuple[str, ...]:
    """Names of the arguments; a sentence when it has *args or the like."""
    code = function.__code__
    plain = not code.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS) and not code.co_kwonlyargcount
    if plain and "__signature__" not in vars(function):  # asked for hundreds of times as a model is made
        return code.co_varnames[: code.co_argcount]
    names = []
    # Of itself: `functools.wraps` shows the arguments of what a wrapper calls, and what runs is the wrapper.
    for p in inspect.signature(function, follow_wrapped=False).parameters.values():
        if p.kind not in (p.POSITIONAL_OR_KEYWORD, p.POSITIONAL_ONLY):
            behind = " It is a wrapper that a decorator made." if hasattr(function, "__wrapped__") else ""
            raise ModelError(f"{called(function)} takes '{p}'; a formula names each of its inputs.{behind}")
        names.append(p.name)
    return tuple(names)


def _check_kind(function: FunctionType) -> None:
    for test, kind in (
        (inspect.isgeneratorfunction, "yields its values one by one"),
        (inspect.isasyncgenfunction, "yields its values one by one"),
        (inspect.iscoroutinefunction, "is asynchronous"),
    ):
        if test(function):
            raise ModelError(f"{called(function)} {kind}; a formula returns a number.")


def check_value(value: object, formula: str, outputs: int, rate: bool) -> None:
    """Refuse what is no number, or not as many numbers as wanted. rate: whether it is one"""
    if value is None:
        raise ModelError(f"{formula} returns nothing; end it with `return` and the value.")
    if isinstance(value, tuple) and outputs == 1:
        one = (
            f"{len(value)} values, 1 wanted" if len(value) != 1 else "a row of one value; leave out the comma"
        )
        raise ModelError(f"{formula} returns {one}.")
    parts: Sequence[object] = value if isinstance(value, tuple) else (value,)
    for part in parts:
        number = isinstance(part, int | float | np.integer | np.floating | np.bool_)
        if not number or (rate and isinstance(part, bool | np.bool_)):
            raise ModelError(f"{formula} returns {shown(part)} ({type(part).__name__}), which is no number.")
    if len(parts) != outputs:
        raise ModelError(f"{formula} returns {len(parts)} values, {outputs} wanted.")
