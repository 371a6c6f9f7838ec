"""Lines of LLVM's assembly: names that are assigned once, addresses, constants.

Text is written rather than built from objects, for it is made anew in every process: it is its own stamp
(`machine`), and nothing that it was made from can be forgotten there.
"""

from __future__ import annotations

import llvmlite.binding as llvm
import numpy as np

from sim.simd.constants import WIDTH

DOUBLES, WHOLES, BITS = (f"<{WIDTH} x {kind}>" for kind in ("double", "i64", "i1"))
OPAQUE = llvm.llvm_version_info[0] > 15  # before, pointers had types


def pointer_to(kind: str) -> str:
    """The type of a pointer."""
    return "ptr" if OPAQUE else f"{kind}*"


def double(x: float) -> str:
    """A constant, by its bits."""
    return f"0x{int(np.float64(x).view(np.uint64)):016X}"


def all_of(kind: str, constant: str | int) -> str:
    """A register of one constant."""
    return f"<{', '.join([f'{kind} {constant}'] * WIDTH)}>"


def _first(count: int) -> str:
    """A mask of the first lanes."""
    return f"<{', '.join(f'i1 {int(lane < count)}' for lane in range(WIDTH))}>"


def _suffix() -> str:
    """What the pointer adds to the name of a function of LLVM."""
    return "p0" if OPAQUE else f"p0v{WIDTH}f64"


class AssemblyLines:
    """What has been written; an expression without side effects is written once.

    called: declarations of LLVM's own functions that are named
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.called: set[str] = set()
        self._known: dict[str, str] = {}
        self._n = 0

    def name(self, expression: str) -> str:
        """The name of an expression without side effects, written where it is new."""
        found = self._known.get(expression)
        if found is None:
            found = self._known[expression] = self.new(expression)
        return found

    def new(self, expression: str) -> str:
        """A new name for an expression (what is in memory may have changed)."""
        self._n += 1
        found = f"%v{self._n}"
        self.lines.append(f"  {found} = {expression}")
        return found

    def load_first(self, at: str, count: int) -> str:
        """The first `count` of a group of numbers in memory, and 0 for the others."""
        kind, mask, zero = pointer_to(DOUBLES), _first(count), all_of("double", double(0.0))
        name = f"@llvm.masked.load.v{WIDTH}f64.{_suffix()}"
        self.called.add(f"declare {DOUBLES} {name}({kind}, i32, {BITS}, {DOUBLES})")
        return self.new(f"call {DOUBLES} {name}({kind} {at}, i32 8, {BITS} {mask}, {DOUBLES} {zero})")

    def store_first(self, at: str, value: str, count: int) -> None:
        """Write the first `count` of a group of numbers."""
        kind, mask = pointer_to(DOUBLES), _first(count)
        name = f"@llvm.masked.store.v{WIDTH}f64.{_suffix()}"
        self.called.add(f"declare void {name}({DOUBLES}, {kind}, i32, {BITS})")
        self.lines.append(f"  call void {name}({DOUBLES} {value}, {kind} {at}, i32 8, {BITS} {mask})")

    def prefetch(self, at: str) -> None:
        """Bring a line of memory near, to write to it."""
        kind, suffix = pointer_to("i8"), "p0" if OPAQUE else "p0i8"
        self.called.add(f"declare void @llvm.prefetch.{suffix}({kind}, i32, i32, i32)")
        self.lines.append(f"  call void @llvm.prefetch.{suffix}({kind} {at}, i32 1, i32 3, i32 1)")

    def address(self, base: str, index: int, kind: str = DOUBLES) -> str:
        """Pointer to the double `index` places behind `base`, as one to `kind`."""
        at = self.name(f"getelementptr double, {pointer_to('double')} {base}, i64 {index}")
        if OPAQUE or kind == "double":
            return at
        return self.name(f"bitcast double* {at} to {kind}*")
