"""A program as LLVM's assembly: a loop over groups of cells around one straight piece of code."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from sim.codegen.lines import BITS, DOUBLES, all_of, double, pointer_to
from sim.codegen.llvm_registers import LlvmRegisters
from sim.codegen.program import ArrayLayout, Program
from sim.codegen.registers import Memory, Vec
from sim.codegen.transposition import read_columns, write_columns
from sim.simd.constants import WIDTH


class TextMemory(Memory):
    """Rows of the array whose pointer is `base`."""

    def __init__(self, on: LlvmRegisters, layout: ArrayLayout, base: str):
        self.on, self.layout, size = on, layout, layout.size
        self.columns: dict[int, str] = {}  # read, of cells
        self.written: dict[int, str] = {}
        kind = pointer_to("double")
        if layout.kind in ("numbers", "scratch"):
            self.base = base
        elif layout.kind == "groups":
            at = on.name(f"mul i64 %g, {size * WIDTH}")
            self.base = on.name(f"getelementptr double, {kind} {base}, i64 {at}")
        elif layout.kind.startswith("lines"):
            line = "%g"
            if layout.kind == "lines backwards":
                line = on.name(f"sub i64 {on.name('sub i64 %cells, 1')}, %g")
            at = on.name(f"mul i64 {line}, {size}")
            self.base = on.name(f"getelementptr double, {kind} {base}, i64 {at}")
        else:
            self.base = base

    @cached_property
    def lanes(self) -> list[str]:
        """Where the numbers of each cell begin."""
        return [self._cell(lane) for lane in range(WIDTH)]

    def _cell(self, lane: int) -> str:
        on, size, base = self.on, self.layout.size, self.base
        first = on.name(f"mul i64 %g, {WIDTH}")
        cell = on.name(f"add i64 {first}, {lane}")
        end = on.name("sub i64 %cells, 1")
        inside = on.name(f"icmp slt i64 {cell}, {end}")
        cell = on.name(f"select i1 {inside}, i64 {cell}, i64 {end}")
        at = on.name(f"mul i64 {cell}, {size}")
        return on.name(f"getelementptr double, {pointer_to('double')} {base}, i64 {at}")

    def load(self, row: int) -> Vec:
        if not 0 <= row < self.layout.size:
            raise IndexError(f"row {row} of {self.layout.size}")
        on = self.on
        if self.layout.kind == "cells":
            if self.written:
                raise ValueError("an array of cells cannot be read after it has been written.")
            if row not in self.columns:
                self.columns |= read_columns(on, self.lanes, row, self.layout.size)
            return Vec(on, self.columns[row])
        if self.layout.kind == "numbers":
            at = on.address(self.base, row, "double")
            x = on.name(f"load double, {pointer_to('double')} {at}, align 8")
            one = on.name(f"insertelement {DOUBLES} undef, double {x}, i32 0")
            zero = f"<{WIDTH} x i32> zeroinitializer"
            return Vec(on, on.name(f"shufflevector {DOUBLES} {one}, {DOUBLES} undef, {zero}"))
        at = on.address(self.base, row * WIDTH)
        return Vec(on, on.new(f"load {DOUBLES}, {pointer_to(DOUBLES)} {at}, align 8"))

    def store(self, row: int, value: Vec | float) -> None:
        if not 0 <= row < self.layout.size:
            raise IndexError(f"row {row} of {self.layout.size}")
        on, vec = self.on, self.on.vec(value)
        if self.layout.kind == "numbers":
            raise ValueError("numbers are the same for all cells and cannot be written.")
        if self.layout.kind == "cells":
            self.written[row] = vec.value
            return
        at = on.address(self.base, row * WIDTH)
        on.lines.append(f"  store {DOUBLES} {vec.value}, {pointer_to(DOUBLES)} {at}, align 8")

    def fetch(self) -> None:
        on, size = self.on, self.layout.size
        start = on.name(f"mul i64 %g, {WIDTH * size}")
        base = on.name(f"getelementptr double, {pointer_to('double')} {self.base}, i64 {start}")
        for line in range(size):  # WIDTH doubles are a line of the cache
            on.prefetch(on.address(base, line * WIDTH, "i8"))

    def gather(self, places: Sequence[int], ahead: int = 0) -> Vec:
        on, first = self.on, ahead * self.layout.size
        if _is_run(places):
            at = on.address(self.base, first + places[0])
            if len(places) == WIDTH:
                return Vec(on, on.new(f"load {DOUBLES}, {pointer_to(DOUBLES)} {at}, align 8"))
            return Vec(on, on.load_first(at, len(places)))
        found = all_of("double", double(0.0))
        for lane, place in enumerate(places):
            at = on.address(self.base, first + place, "double")
            x = on.new(f"load double, {pointer_to('double')} {at}, align 8")
            found = on.name(f"insertelement {DOUBLES} {found}, double {x}, i32 {lane}")
        return Vec(on, found)

    def scatter(self, places: Sequence[int], value: Vec, ahead: int = 0) -> None:
        on, first = self.on, ahead * self.layout.size
        if _is_run(places):
            at = on.address(self.base, first + places[0])
            if len(places) == WIDTH:
                on.lines.append(f"  store {DOUBLES} {value.value}, {pointer_to(DOUBLES)} {at}, align 8")
            else:
                on.store_first(at, value.value, len(places))
            return
        for lane, place in enumerate(places):
            at = on.address(self.base, first + place, "double")
            x = on.name(f"extractelement {DOUBLES} {value.value}, i32 {lane}")
            on.lines.append(f"  store double {x}, {pointer_to('double')} {at}, align 8")

    def finish(self) -> None:
        """Write the columns that were stored."""
        if self.written:
            write_columns(self.on, self.lanes, self.written)


def _is_run(places: Sequence[int]) -> bool:
    return len(places) > 1 and list(places) == list(range(places[0], places[0] + len(places)))


def assembly(program: Program) -> str:
    """The module of a program: i64 @NAME(i64 first, i64 last, i64 cells, pointers)."""
    on = LlvmRegisters()
    memories = [TextMemory(on, layout, f"%a{k}") for k, layout in enumerate(program.arrays)]
    counted = program(on, *memories)
    for memory in memories:
        memory.finish()
    if counted is None:
        lanes = "0"
    else:
        bits = on.name(f"bitcast {BITS} {counted.value} to i{WIDTH}")
        on.called.add(f"declare i{WIDTH} @llvm.ctpop.i{WIDTH}(i{WIDTH})")
        holding = on.name(f"call i{WIDTH} @llvm.ctpop.i{WIDTH}(i{WIDTH} {bits})")
        lanes = on.name(f"zext i{WIDTH} {holding} to i64")
    arrays = "".join(f", {pointer_to('double')} noalias %a{k}" for k in range(len(program.arrays)))
    return "\n".join(
        [
            *sorted(on.called),
            f"define i64 @{program.name}(i64 %first, i64 %last, i64 %cells{arrays}) nounwind {{",
            "entry:",
            "  br label %head",
            "head:",
            "  %g = phi i64 [ %first, %entry ], [ %next, %body ]",
            "  %count = phi i64 [ 0, %entry ], [ %sum, %body ]",
            "  %more = icmp slt i64 %g, %last",
            "  br i1 %more, label %body, label %end",
            "body:",
            *on.lines,
            f"  %sum = add i64 %count, {lanes}",
            "  %next = add i64 %g, 1",
            "  br label %head",
            "end:",
            "  ret i64 %count",
            "}",
            "",
        ]
    )
