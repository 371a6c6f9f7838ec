"""Where two definitions differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

ABSENT = object()  # in place of a value that one of the two lacks


def differing(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(dotted name, value in `old`, value in `new`) for each that differs; ABSENT where there is none.

    Lists of one length are compared item by item: "scenario.layers[0][1]".
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for name in sorted(old.keys() | new.keys()):
            inner = f"{where}.{name}" if where else name
            yield from differing(old.get(name, ABSENT), new.get(name, ABSENT), inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for k, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from differing(a, b, f"{where}[{k}]")
    elif old != new:
        yield where, old, new
