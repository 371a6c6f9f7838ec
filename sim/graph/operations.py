"""What a node of a graph may do to the values of others, and what each operation gives in numbers.

The functions here are those of NumPy: they define an operation, fold constants, and are what code written
from a graph is judged by.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Value = Callable[..., Any]


def _power(a: Any, b: Any) -> Any:
    """a^b; NaN for a broken power of a negative number, as in compiled code."""
    return np.power(np.asarray(a, float), np.asarray(b, float))


def _erf(x: Any) -> Any:
    return np.array([math.erf(v) for v in np.ravel(x)]).reshape(np.shape(x))


ARITHMETIC: dict[str, Value] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "over": lambda a, b, inverse: np.divide(a, b),  # a / b, where the inverse of b is known
    "neg": np.negative,
    # Python's, which keeps the first of two that are equal, or of which one is no number.
    "max": lambda a, b: np.where(np.greater(b, a), b, a),
    "min": lambda a, b: np.where(np.less(b, a), b, a),
    "abs": np.abs,
    "floor": np.floor,
    "power": _power,
    "hypot": np.hypot,
}
FUNCTIONS: dict[str, Value] = {
    "exp": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "log": np.log,
    "log1p": np.log1p,
    "log2": np.log2,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "sin": np.sin,
    "cos": np.cos,
    "atan": np.arctan,
    "erf": _erf,
}
COMPARISONS: dict[str, Value] = {
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}
LOGIC: dict[str, Value] = {"and": np.logical_and, "or": np.logical_or, "not": np.logical_not}
CHOICES: dict[str, Value] = {
    "select": np.where,  # the second where the first is true, else the third
    "finite": lambda x: np.where(np.isfinite(x), x, 0.0),  # 0 where it is no finite number
}

OPERATIONS: dict[str, Value] = {**ARITHMETIC, **FUNCTIONS, **COMPARISONS, **LOGIC, **CHOICES}
TRUTHS = frozenset((*COMPARISONS, *LOGIC))  # operations that give true or false
COMMUTATIVE = frozenset(("add", "mul", "hypot", "eq", "ne", "and", "or"))
