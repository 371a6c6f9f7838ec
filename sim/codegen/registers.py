"""Registers of 8 numbers, one of each cell of a group, and what can be done with them.

A program is a Python function of registers, written once. `numpy_registers` does at once what it says, and
is the judge; `llvm_registers` writes it down as LLVM's assembly, which `machine` compiles. Numbers in it
are the same for all cells: `2.0 * x + 1.0`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any


class Vec:
    """A double for each cell of a group. of: the registers it belongs to; value: what they made of it."""

    __slots__ = ("of", "value")

    def __init__(self, of: Registers, value: Any):
        self.of, self.value = of, value

    def __add__(self, other: Vec | float) -> Vec:
        return self.of.add(self, self.of.vec(other))

    def __radd__(self, other: float) -> Vec:
        return self.of.add(self.of.vec(other), self)

    def __sub__(self, other: Vec | float) -> Vec:
        return self.of.sub(self, self.of.vec(other))

    def __rsub__(self, other: float) -> Vec:
        return self.of.sub(self.of.vec(other), self)

    def __mul__(self, other: Vec | float) -> Vec:
        return self.of.mul(self, self.of.vec(other))

    def __rmul__(self, other: float) -> Vec:
        return self.of.mul(self.of.vec(other), self)

    def __truediv__(self, other: Vec | float) -> Vec:
        return self.of.div(self, self.of.vec(other))

    def __rtruediv__(self, other: float) -> Vec:
        return self.of.div(self.of.vec(other), self)

    def __neg__(self) -> Vec:
        return self.of.neg(self)

    def __abs__(self) -> Vec:
        return self.of.abs(self)

    def __lt__(self, other: Vec | float) -> LaneMask:
        return self.of.compare("<", self, self.of.vec(other))

    def __le__(self, other: Vec | float) -> LaneMask:
        return self.of.compare("<=", self, self.of.vec(other))

    def __gt__(self, other: Vec | float) -> LaneMask:
        return self.of.compare(">", self, self.of.vec(other))

    def __ge__(self, other: Vec | float) -> LaneMask:
        return self.of.compare(">=", self, self.of.vec(other))

    # == makes a mask, as with arrays; a Vec is its own key nevertheless.
    def __eq__(self, other: Vec | float) -> LaneMask:  # type: ignore[override]
        return self.of.compare("==", self, self.of.vec(other))

    def __ne__(self, other: Vec | float) -> LaneMask:  # type: ignore[override]
        return self.of.compare("!=", self, self.of.vec(other))

    __hash__ = object.__hash__

    def __bool__(self) -> bool:
        raise TypeError("a register has a number for each cell and no truth value; use select(mask, a, b).")


class LaneMask:
    """A truth value for each cell of a group; comparisons with NaN are false, != true."""

    __slots__ = ("of", "value")

    def __init__(self, of: Registers, value: Any):
        self.of, self.value = of, value

    def __and__(self, other: LaneMask) -> LaneMask:
        return self.of.both(self, other)

    def __or__(self, other: LaneMask) -> LaneMask:
        return self.of.either(self, other)

    def __invert__(self) -> LaneMask:
        return self.of.inverted(self)

    def __bool__(self) -> bool:
        raise TypeError("a mask has a truth value for each cell and none of its own; use select(mask, a, b).")


class Registers(ABC):
    """What registers can do. Nothing is reordered; a b + c is rounded once where the processor can."""

    def vec(self, x: Vec | float) -> Vec:
        """A register of one number, unless it is a register already."""
        return x if isinstance(x, Vec) else self.number(float(x))

    @abstractmethod
    def number(self, x: float) -> Vec:
        """The same number in all cells."""

    @abstractmethod
    def add(self, a: Vec, b: Vec) -> Vec:
        """a + b."""

    @abstractmethod
    def sub(self, a: Vec, b: Vec) -> Vec:
        """a - b."""

    @abstractmethod
    def mul(self, a: Vec, b: Vec) -> Vec:
        """a b."""

    @abstractmethod
    def div(self, a: Vec, b: Vec) -> Vec:
        """a / b; by 0 as IEEE says."""

    @abstractmethod
    def over(self, a: Vec, b: Vec, inverse: Vec) -> Vec:
        """a / b of b and its inverse 1 / b, rounded once for b between 1e-150 and 1e150; inf where b is
        subnormal: it has no inverse."""

    @abstractmethod
    def fma(self, a: Vec, b: Vec, c: Vec) -> Vec:
        """a b + c."""

    def nfma(self, a: Vec, b: Vec, c: Vec) -> Vec:
        """c - a b."""
        return self.fma(self.neg(a), b, c)

    @abstractmethod
    def neg(self, a: Vec) -> Vec:
        """-a."""

    @abstractmethod
    def abs(self, a: Vec) -> Vec:
        """|a|."""

    @abstractmethod
    def sqrt(self, a: Vec) -> Vec:
        """Square root, exactly rounded; NaN below 0."""

    @abstractmethod
    def floor(self, a: Vec) -> Vec:
        """The largest whole number that is not above a."""

    @abstractmethod
    def compare(self, sign: str, a: Vec, b: Vec) -> LaneMask:
        """sign: < <= > >= == or !=."""

    @abstractmethod
    def both(self, a: LaneMask, b: LaneMask) -> LaneMask:
        """a and b."""

    @abstractmethod
    def either(self, a: LaneMask, b: LaneMask) -> LaneMask:
        """a or b."""

    @abstractmethod
    def inverted(self, a: LaneMask) -> LaneMask:
        """not a."""

    @abstractmethod
    def select(self, mask: LaneMask, a: Vec, b: Vec) -> Vec:
        """a where the mask holds, else b."""

    def minimum(self, a: Vec, b: Vec) -> Vec:
        """a where a < b, else b (so b where either is NaN)."""
        return self.select(self.compare("<", a, b), a, b)

    def maximum(self, a: Vec, b: Vec) -> Vec:
        """a where a > b, else b (so b where either is NaN)."""
        return self.select(self.compare(">", a, b), a, b)

    @abstractmethod
    def constants(self, values: Sequence[float]) -> Vec:
        """A register of WIDTH numbers, one for each lane."""

    @abstractmethod
    def lanes(self, values: Sequence[bool]) -> LaneMask:
        """A mask of WIDTH truth values, one for each lane."""

    @abstractmethod
    def spread(self, a: Vec, lane: int) -> Vec:
        """The number in one lane in all lanes."""

    @abstractmethod
    def times_power_of_two(self, a: Vec, t: Vec) -> Vec:
        """a times 2 to the whole number in the last digits of t, by its exponent: a and the result normal."""

    @abstractmethod
    def exponent(self, a: Vec) -> Vec:
        """k of a = 2^k m with m in [sqrt(1/2), sqrt(2)), as a double, for normal a > 0."""

    @abstractmethod
    def mantissa(self, a: Vec) -> Vec:
        """m of a = 2^k m with m in [sqrt(1/2), sqrt(2)), for normal a > 0."""


class Memory(ABC):
    """An array of a program as the cells of one group see it."""

    @abstractmethod
    def load(self, row: int) -> Vec:
        """Row (column, number) `row`."""

    @abstractmethod
    def store(self, row: int, value: Vec | float) -> None:
        """Write a row."""

    def fetch(self) -> None:  # noqa: B027  -- it need not do anything
        """Of an array of "cells" that is written later on: let the cells of the group come near meanwhile."""

    @abstractmethod
    def gather(self, places: Sequence[int], ahead: int = 0) -> Vec:
        """Of an array of "lines": the entries at up to WIDTH places of a line, lane by lane, and 0 in the
        other lanes; ahead: of the line so many further on."""

    @abstractmethod
    def scatter(self, places: Sequence[int], value: Vec, ahead: int = 0) -> None:
        """Write lanes to the entries at these places."""
