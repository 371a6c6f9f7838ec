"""Registers that write down what they are told, as LLVM's assembly: a line per operation, nothing interpreted
at run time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.codegen.lines import BITS, DOUBLES, WHOLES, AssemblyLines, all_of, double
from sim.codegen.registers import LaneMask, Registers, Vec
from sim.simd.constants import SHIFT, WIDTH

COMPARE = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "!=": "une"}


class LlvmRegisters(AssemblyLines, Registers):
    """See Registers and AssemblyLines."""

    def _vec(self, expression: str) -> Vec:
        return Vec(self, self.name(expression))

    def call(self, function: str, *arguments: Vec) -> Vec:
        """One of LLVM's functions of registers."""
        given = ", ".join(f"{DOUBLES} {a.value}" for a in arguments)
        kinds = ", ".join([DOUBLES] * len(arguments))
        name = f"@llvm.{function}.v{WIDTH}f64"
        self.called.add(f"declare {DOUBLES} {name}({kinds})")
        return self._vec(f"call {DOUBLES} {name}({given})")

    def number(self, x: float) -> Vec:
        return Vec(self, all_of("double", double(x)))

    def add(self, a: Vec, b: Vec) -> Vec:
        return self._vec(f"fadd {DOUBLES} {a.value}, {b.value}")

    def sub(self, a: Vec, b: Vec) -> Vec:
        return self._vec(f"fsub {DOUBLES} {a.value}, {b.value}")

    def mul(self, a: Vec, b: Vec) -> Vec:
        return self._vec(f"fmul {DOUBLES} {a.value}, {b.value}")

    def div(self, a: Vec, b: Vec) -> Vec:
        return self._vec(f"fdiv {DOUBLES} {a.value}, {b.value}")

    # Markstein 1990 (IBM J. Res. Dev. 34:111): what a product leaves of the division, exact by one rounding,
    # corrects it. Where that is no number (b is 0, a is infinite, too large a quotient) the product stands.
    def over(self, a: Vec, b: Vec, inverse: Vec) -> Vec:
        q = self.mul(a, inverse)
        left = self.call("fma", self.neg(b), q, a)
        better = self.call("fma", left, inverse, q)
        return self.select(self.compare("==", better, better), better, q)

    def fma(self, a: Vec, b: Vec, c: Vec) -> Vec:
        return self.call("fmuladd", a, b, c)

    def neg(self, a: Vec) -> Vec:
        return self._vec(f"fneg {DOUBLES} {a.value}")

    def abs(self, a: Vec) -> Vec:
        return self.call("fabs", a)

    def sqrt(self, a: Vec) -> Vec:
        return self.call("sqrt", a)

    def floor(self, a: Vec) -> Vec:
        return self.call("floor", a)

    def compare(self, sign: str, a: Vec, b: Vec) -> LaneMask:
        return LaneMask(self, self.name(f"fcmp {COMPARE[sign]} {DOUBLES} {a.value}, {b.value}"))

    def both(self, a: LaneMask, b: LaneMask) -> LaneMask:
        return LaneMask(self, self.name(f"and {BITS} {a.value}, {b.value}"))

    def either(self, a: LaneMask, b: LaneMask) -> LaneMask:
        return LaneMask(self, self.name(f"or {BITS} {a.value}, {b.value}"))

    def inverted(self, a: LaneMask) -> LaneMask:
        return LaneMask(self, self.name(f"xor {BITS} {a.value}, {all_of('i1', 1)}"))

    def select(self, mask: LaneMask, a: Vec, b: Vec) -> Vec:
        return self._vec(f"select {BITS} {mask.value}, {DOUBLES} {a.value}, {DOUBLES} {b.value}")

    def constants(self, values: Sequence[float]) -> Vec:
        return Vec(self, f"<{', '.join(f'double {double(x)}' for x in values)}>")

    def lanes(self, values: Sequence[bool]) -> LaneMask:
        return LaneMask(self, f"<{', '.join(f'i1 {int(x)}' for x in values)}>")

    def spread(self, a: Vec, lane: int) -> Vec:
        chosen = all_of("i32", lane)
        return self._vec(f"shufflevector {DOUBLES} {a.value}, {DOUBLES} {a.value}, <{WIDTH} x i32> {chosen}")

    def _bits(self, a: Vec) -> str:
        return self.name(f"bitcast {DOUBLES} {a.value} to {WHOLES}")

    def _whole(self, operation: str, a: str, constant: int) -> str:
        return self.name(f"{operation} {WHOLES} {a}, {all_of('i64', constant)}")

    def _of_bits(self, bits: str) -> Vec:
        return self._vec(f"bitcast {WHOLES} {bits} to {DOUBLES}")

    def times_power_of_two(self, a: Vec, t: Vec) -> Vec:
        change = self._whole("shl", self._bits(t), 52)
        return self._of_bits(self.name(f"add {WHOLES} {self._bits(a)}, {change}"))

    # By bits: those of 1 and of sqrt(1/2), and the digits after the exponent.
    def exponent(self, a: Vec) -> Vec:
        raised = self._whole("add", self._bits(a), 0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
        k = self._whole("ashr", raised, 52)
        shifted = self._whole("add", k, int(np.float64(SHIFT).view(np.int64)) - 0x3FF)
        return self.sub(self._of_bits(shifted), self.number(SHIFT))

    def mantissa(self, a: Vec) -> Vec:
        raised = self._whole("add", self._bits(a), 0x3FF0000000000000 - 0x3FE6A09E667F3BCD)
        digits = self._whole("and", raised, 0x000FFFFFFFFFFFFF)
        return self._of_bits(self._whole("add", digits, 0x3FE6A09E667F3BCD))
