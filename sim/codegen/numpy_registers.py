"""Registers that do at once what they are told, in NumPy: the judge of machine code, and what stands for it
where nothing is compiled. All groups of a call are done together: a register is an array (groups, 8)."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.codegen.program import ArrayLayout, Program
from sim.codegen.registers import LaneMask, Memory, Registers, Vec
from sim.simd.constants import SHIFT, WIDTH

COMPARE = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq,
    "!=": operator.ne,
}  # fmt: skip
EXPONENT, HALF_ROOT = np.int64(0x3FF), np.int64(0x3FE6A09E667F3BCD)  # bias; bits of sqrt(1/2)
ONE = np.int64(0x3FF0000000000000)
DIGITS = np.int64(0x000FFFFFFFFFFFFF)


class NumpyRegisters(Registers):
    """See Registers."""

    def __init__(self, groups: int):
        self.shape = (groups, WIDTH)

    def _vec(self, value: Any) -> Vec:
        return Vec(self, value)

    def number(self, x: float) -> Vec:
        return self._vec(np.full(self.shape, x))

    def add(self, a: Vec, b: Vec) -> Vec:
        return self._vec(a.value + b.value)

    def sub(self, a: Vec, b: Vec) -> Vec:
        return self._vec(a.value - b.value)

    def mul(self, a: Vec, b: Vec) -> Vec:
        return self._vec(a.value * b.value)

    def div(self, a: Vec, b: Vec) -> Vec:
        return self._vec(a.value / b.value)

    def over(self, a: Vec, b: Vec, inverse: Vec) -> Vec:
        return self._vec(a.value / b.value)

    def fma(self, a: Vec, b: Vec, c: Vec) -> Vec:
        return self._vec(a.value * b.value + c.value)

    def neg(self, a: Vec) -> Vec:
        return self._vec(-a.value)

    def abs(self, a: Vec) -> Vec:
        return self._vec(np.abs(a.value))

    def sqrt(self, a: Vec) -> Vec:
        return self._vec(np.sqrt(a.value))

    def floor(self, a: Vec) -> Vec:
        return self._vec(np.floor(a.value))

    def compare(self, sign: str, a: Vec, b: Vec) -> LaneMask:
        return LaneMask(self, COMPARE[sign](a.value, b.value))

    def both(self, a: LaneMask, b: LaneMask) -> LaneMask:
        return LaneMask(self, a.value & b.value)

    def either(self, a: LaneMask, b: LaneMask) -> LaneMask:
        return LaneMask(self, a.value | b.value)

    def inverted(self, a: LaneMask) -> LaneMask:
        return LaneMask(self, ~a.value)

    def select(self, mask: LaneMask, a: Vec, b: Vec) -> Vec:
        return self._vec(np.where(mask.value, a.value, b.value))

    def constants(self, values: Sequence[float]) -> Vec:
        return self._vec(np.broadcast_to(np.array(values, float), self.shape))

    def lanes(self, values: Sequence[bool]) -> LaneMask:
        return LaneMask(self, np.broadcast_to(np.array(values, bool), self.shape))

    def spread(self, a: Vec, lane: int) -> Vec:
        return self._vec(np.repeat(a.value[:, lane : lane + 1], WIDTH, axis=1))

    def times_power_of_two(self, a: Vec, t: Vec) -> Vec:
        bits = a.value.view(np.int64) + (t.value.view(np.int64) << np.int64(52))
        return self._vec(bits.view(np.float64))

    def exponent(self, a: Vec) -> Vec:
        k = ((a.value.view(np.int64) + (ONE - HALF_ROOT)) >> np.int64(52)) - EXPONENT
        return self._vec((k + np.float64(SHIFT).view(np.int64)).view(np.float64) - SHIFT)

    def mantissa(self, a: Vec) -> Vec:
        bits = ((a.value.view(np.int64) + (ONE - HALF_ROOT)) & DIGITS) + HALF_ROOT
        return self._vec(bits.view(np.float64))


class ArrayMemory(Memory):
    """Rows of an array, seen by the groups first..last of `cells` cells."""

    def __init__(self, on: NumpyRegisters, layout: ArrayLayout, array: np.ndarray, first: int, cells: int):
        self.on, self.layout = on, layout
        flat = array.reshape(-1)
        if array.size and not np.shares_memory(flat, array):
            raise ValueError("arrays of a program are in C order; copy this one with np.ascontiguousarray.")
        group = np.arange(first, first + on.shape[0])[:, None]
        lane = np.arange(WIDTH)
        if layout.kind == "groups":
            self.flat, self.step = flat, WIDTH
            self.at = group * (layout.size * WIDTH) + lane
        elif layout.kind == "scratch":
            self.flat, self.step = flat, WIDTH
            self.at = np.broadcast_to(lane, on.shape)
        elif layout.kind == "cells":
            self.flat, self.step = flat, 1
            self.at = np.minimum(group * WIDTH + lane, cells - 1) * layout.size
        elif layout.kind == "lines":
            self.flat, self.at = flat, group * layout.size
        elif layout.kind == "lines backwards":
            self.flat, self.at = flat, (cells - 1 - group) * layout.size
        else:
            self.flat, self.step = flat, 1
            self.at = np.zeros(on.shape, np.int64)

    def load(self, row: int) -> Vec:
        return Vec(self.on, self.flat[self.at + row * self.step])

    def store(self, row: int, value: Vec | float) -> None:
        # Backwards: of a cell that is repeated, the first counts.
        self.flat[(self.at + row * self.step)[:, ::-1]] = self.on.vec(value).value[:, ::-1]

    def gather(self, places: Sequence[int], ahead: int = 0) -> Vec:
        found = np.zeros(self.on.shape)
        for lane, place in enumerate(places):
            found[:, lane] = self.flat[self.at[:, 0] + ahead * self.layout.size + place]
        return Vec(self.on, found)

    def scatter(self, places: Sequence[int], value: Vec, ahead: int = 0) -> None:
        for lane, place in enumerate(places):
            self.flat[self.at[:, 0] + ahead * self.layout.size + place] = value.value[:, lane]


def interpret(program: Program, first: int, last: int, cells: int, arrays: tuple[np.ndarray, ...]) -> int:
    """Do a program for the groups first..last; the count that it returns."""
    if program.in_sequence and last - first > 1:
        return sum(interpret(program, k, k + 1, cells, arrays) for k in range(first, last))
    if last <= first:
        return 0
    on = NumpyRegisters(last - first)
    memories = [
        ArrayMemory(on, layout, a, first, cells) for layout, a in zip(program.arrays, arrays, strict=True)
    ]
    with np.errstate(all="ignore"):
        counted = program(on, *memories)
    return 0 if counted is None else int(np.count_nonzero(counted.value))
