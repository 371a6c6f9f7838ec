"""Columns of arrays (cells, columns) as registers of 8 cells, and back: transposition by shuffles."""

from __future__ import annotations

from collections.abc import Iterator

from sim.codegen.lines import AssemblyLines, pointer_to
from sim.simd.constants import WIDTH


def _kind(width: int) -> str:
    return f"<{width} x double>"


def _shuffle(on: AssemblyLines, a: str, b: str, width: int, places: list[int]) -> str:
    """Elements `places` of a and b (of `width`) one behind the other."""
    chosen = ", ".join(f"i32 {p}" for p in places)
    return on.name(f"shufflevector {_kind(width)} {a}, {_kind(width)} {b}, <{len(places)} x i32> <{chosen}>")


def _pointer(on: AssemblyLines, base: str, index: int, width: int) -> tuple[str, str]:
    return on.address(base, index, _kind(width)), pointer_to(_kind(width))


def chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """(start, width) of pieces of 8, 4, 2 and 1 columns that make up first..last."""
    while first < last:
        width = next(w for w in (8, 4, 2, 1) if first + w <= last)
        yield first, width
        first += width


def read_columns(on: AssemblyLines, lanes: list[str], column: int, columns: int) -> dict[int, str]:
    """The columns that are read together with one; lanes: pointers to the 8 cells."""
    start, width = next((s, w) for s, w in chunks(0, columns) if s <= column < s + w)
    loaded = []
    for lane in lanes:
        at, kind = _pointer(on, lane, start, width)
        loaded.append(on.new(f"load {_kind(width)}, {kind} {at}, align 8"))
    # Pieces of `width` numbers of one cell become pieces of one number of 2, 4, 8 cells.
    together, wide = 1, width
    pieces = [[x] for x in loaded]  # of each run of cells: registers over its columns
    while together < WIDTH:
        pieces = [_zipped(on, a, b, together, wide) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]
        together, wide = 2 * together, min(2 * wide, WIDTH)
    return {start + k: x for k, x in enumerate(pieces[0])}


def _zipped(on: AssemblyLines, a: list[str], b: list[str], together: int, wide: int) -> list[str]:
    """Registers of 2 `together` cells: those of a before those of b, column by column."""
    columns = wide // together  # in each register
    both = [p + k * together + o for k in range(columns) for p in (0, wide) for o in range(together)]
    out = []
    for x, y in zip(a, b, strict=True):
        parts = [both] if len(both) <= WIDTH else [both[:WIDTH], both[WIDTH:]]
        out += [_shuffle(on, x, y, wide, part) for part in parts]
    return out


def write_columns(on: AssemblyLines, lanes: list[str], written: dict[int, str]) -> None:
    """Write columns of the 8 cells; of a cell that is repeated, the first writes last."""
    columns = sorted(written)
    runs: list[list[int]] = []
    for k in columns:
        if runs and runs[-1][-1] == k - 1:
            runs[-1].append(k)
        else:
            runs.append([k])
    for run in runs:
        for start, width in chunks(run[0], run[-1] + 1):
            cells = _unzipped(on, [written[start + k] for k in range(width)])
            for lane in range(WIDTH - 1, -1, -1):
                at, pointer = _pointer(on, lanes[lane], start, width)
                on.lines.append(f"  store {_kind(width)} {cells[lane]}, {pointer} {at}, align 8")


def _unzipped(on: AssemblyLines, columns: list[str]) -> list[str]:
    """For each of 8 cells its numbers of 1, 2, 4 or 8 columns."""
    width = len(columns)
    # As `read_columns` with cells and columns exchanged, in registers that stay 8 wide.
    together, pieces = 1, [[x] for x in columns]
    while together < width:
        pieces = [_zipped(on, a, b, together, WIDTH) for a, b in zip(pieces[::2], pieces[1::2], strict=True)]
        together *= 2
    out = []
    for x in pieces[0]:  # each holds `width` columns of 8/width cells
        for k in range(WIDTH // width):
            at = list(range(k * width, (k + 1) * width))
            out.append(x if width == WIDTH else _shuffle(on, x, "undef", WIDTH, at))
    return out
