"""Plain values as Python source: whatever text they hold, it stays text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

COLUMNS = 100  # of a line; a text is never broken
STEP = "    "


class Call(NamedTuple):
    """A call with named arguments. function: an expression of our own; first: arguments without a name"""

    function: str
    arguments: Mapping[str, Any]
    first: tuple[Any, ...] = ()


class Name(str):
    """An expression of our own, written as it is."""


def source_of(value: Any, indent: str = "", taken: int = 0) -> str:
    """Python that gives an equal value. indent: of the line it ends on; taken: columns before it"""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, int):
        return repr(int(value))
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else f'float("{float(value)!r}")'
    opened, parts, closed = _parts(value, indent + STEP)
    flat = opened + ", ".join(k + _flat(v) for k, v in parts) + _comma(value) + closed
    if len(indent) + taken + len(flat) <= COLUMNS and "\n" not in flat:
        return flat
    rows = "".join(f"\n{indent}{STEP}{key}{source_of(v, indent + STEP, len(key) + 1)}," for key, v in parts)
    return f"{opened}{rows}\n{indent}{closed}" if parts else opened + closed


def _flat(value: Any) -> str:
    """On one line, however long."""
    if isinstance(value, Mapping | list | tuple | Call) and not isinstance(value, Name):
        opened, parts, closed = _parts(value, "")
        return opened + ", ".join(k + _flat(v) for k, v in parts) + _comma(value) + closed
    return source_of(value)


def _parts(value: Any, _indent: str) -> tuple[str, list[tuple[str, Any]], str]:
    """What a compound value opens with, its parts with what stands before each, what it closes with."""
    if isinstance(value, Call):
        named = [(f"{name}=", v) for name, v in value.arguments.items()]
        return f"{value.function}(", [*(("", v) for v in value.first), *named], ")"
    if isinstance(value, Mapping):
        return "{", [(f"{_quoted(k)}: ", v) for k, v in value.items()], "}"
    if isinstance(value, list | tuple):
        return (
            ("[" if isinstance(value, list) else "("),
            [("", v) for v in value],
            ("]" if isinstance(value, list) else ")"),
        )
    raise TypeError(f"{type(value).__name__} is no plain value")


def _quoted(text: str) -> str:
    """A text between double quotes, as Python's own `repr` escapes it."""
    found = repr(str(text))
    return found if found[0] == '"' or '"' in found else f'"{found[1:-1]}"'


def _comma(value: Any) -> str:
    return "," if isinstance(value, tuple) and not isinstance(value, Call) and len(value) == 1 else ""
