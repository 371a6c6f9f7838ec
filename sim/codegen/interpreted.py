"""Routines where nothing is compiled: numbers stand for their addresses.

A file of its own: compiled code depends on what `call` reaches, and not on how routines are made.
"""

from __future__ import annotations

from collections.abc import Callable

_ROUTINES: list[Callable[..., int]] = []


def number_of(routine: Callable[..., int]) -> int:
    """A number under which `routine_of` finds a routine."""
    _ROUTINES.append(routine)
    return len(_ROUTINES) - 1


def routine_of(number: int) -> Callable[..., int]:
    """The routine of a number."""
    return _ROUTINES[number]
