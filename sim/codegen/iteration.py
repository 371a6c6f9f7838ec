"""Equations that are solved in every cell by an iteration, written as vector code on rows of a group.

What is solved is told by four bodies of programs: `begin` from what is given and the last solution, `step`
until it returns no lane, `finish` to what is wanted, `slopes` of what is wanted in what is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sim.codegen.registers import LaneMask, Memory, Registers, Vec


class IterationRows(NamedTuple):
    """Where the bodies find things: what is given and what is wanted, the last solution of each cell, rows
    to work in, numbers of the run, and slopes, that of output o in input i in row o inputs + i."""

    inputs: Memory
    outputs: Memory
    memory: Memory
    work: Memory
    numbers: Memory
    slopes: Memory


Body = Callable[[Registers, IterationRows], "LaneMask | None"]


@dataclass(frozen=True)
class Iteration:
    """How many rows and numbers an iteration has, and its bodies.

    begin: returns the lanes in which it cannot begin · step: those in which it goes on
    finish: those whose solution is doubtful; it stores the solution in `memory` too
    slopes: follows upon finish, with `work` as that left it
    """

    inputs: int
    outputs: int
    memory: int
    work: int
    numbers: int
    begin: Body
    step: Body
    finish: Body
    slopes: Body


@dataclass(frozen=True)
class RowsFrom(Memory):
    """Rows (numbers) of another memory from `first` on."""

    whole: Memory
    first: int

    def load(self, row: int) -> Vec:
        return self.whole.load(self.first + row)

    def store(self, row: int, value: Vec | float) -> None:
        self.whole.store(self.first + row, value)

    def gather(self, places: Sequence[int], ahead: int = 0) -> Vec:
        raise NotImplementedError("a part of a memory has no lines.")

    def scatter(self, places: Sequence[int], value: Vec, ahead: int = 0) -> None:
        raise NotImplementedError("a part of a memory has no lines.")


@dataclass(frozen=True)
class Chosen(RowsFrom):
    """Rows of another memory, one by one: row k is rows[k] of it. It is read only."""

    rows: tuple[int, ...] = ()

    def load(self, row: int) -> Vec:
        return self.whole.load(self.first + self.rows[row])

    def store(self, row: int, value: Vec | float) -> None:
        raise NotImplementedError("chosen rows are read only.")
