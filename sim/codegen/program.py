"""Programs: what is done with the arrays of a group of 8 cells, for one group after the other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sim.codegen.registers import LaneMask


@dataclass(frozen=True)
class ArrayLayout:
    """How an array of doubles, in C order, holds `size` numbers of each cell.

    "groups": (groups, size, WIDTH), a row per quantity and group of 8 cells
    "cells": (cells, size), a row per cell. It is read and written by transposing 8 x 8; a group may reach
        beyond the last cell, which is then repeated. It cannot be read after it has been written.
    "numbers": (size,), the same for all cells; it cannot be written
    "scratch": (size, WIDTH), one place for all groups, one group after the other; nothing is left there
    "lines", "lines backwards": (n, size), where lanes are no cells: a program does one line after the other,
        counted from the first or from the last of `cells`, and may read what it has written before
    """

    kind: str
    size: int


def groups(size: int) -> ArrayLayout:
    """(groups, size, WIDTH)."""
    return ArrayLayout("groups", size)


def cells(size: int) -> ArrayLayout:
    """(cells, size)."""
    return ArrayLayout("cells", size)


def scratch(size: int) -> ArrayLayout:
    """(size, WIDTH), for whichever group is at work."""
    return ArrayLayout("scratch", size)


def lines(size: int, backwards: bool = False) -> ArrayLayout:
    """(n, size), line by line."""
    return ArrayLayout("lines backwards" if backwards else "lines", size)


def numbers(size: int) -> ArrayLayout:
    """(size,), the same for all cells."""
    return ArrayLayout("numbers", size)


@dataclass(frozen=True)
class Program:
    """body(on, *memories) with the Registers and a Memory for each of `arrays`, in order. It may return a
    mask: how many cells it holds in, summed over the groups, is what the program returns.

    With "lines" a group of a call is a line. An array that is written must not be given twice.
    name: of the machine code, letters and digits
    """

    name: str
    arrays: tuple[ArrayLayout, ...]
    body: Callable[..., LaneMask | None]

    @property
    def in_sequence(self) -> bool:
        """Whether groups must be done one after the other."""
        return any(a.kind.startswith(("lines", "scratch")) for a in self.arrays)

    def __call__(self, on: Any, *memories: Any) -> LaneMask | None:
        return self.body(on, *memories)
