"""Block Thomas as straight lines: a register holds a column of a block, at most 8 species.

Blocks are inverted without exchanges of rows; where a pivot is small beside its column, `factor` says so
and the kernel with exchanges takes its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from typing import Any

from sim.codegen.functions import fma, maximum, nfma
from sim.codegen.machine import Routine
from sim.codegen.program import Program, lines
from sim.codegen.registers import LaneMask, Registers, Vec
from sim.simd.constants import WIDTH

SMALL_PIVOT = 1e-2  # of the largest entry of its column, and of those that are left to it


@lru_cache(maxsize=32)
def thomas_routines(m: int, faces: int, pores: bool = False) -> tuple[int, int, int]:
    """Addresses of `factor`, `forward` and `backward` for m species and so many faces of a cell; pores: the
    last of them is the change of pores, and BetweenCells.across comes behind K."""
    programs = (_factor(m, faces, pores), _forward(m, faces, pores), _backward(m, faces, pores))
    factor, forward, backward = (Routine(p).address for p in programs)
    return factor, forward, backward


def inverted(on: Registers, columns: Sequence[Vec]) -> tuple[list[Vec], LaneMask]:
    """Columns of the inverse (Gauss-Jordan), and where a pivot was small."""
    V, m, zero = list(columns), len(columns), on.number(0.0)
    small: LaneMask | None = None
    for p in range(m):
        others = on.lanes([i != p for i in range(WIDTH)])
        pivot = on.spread(V[p], p)
        size = reduce(maximum, [abs(on.spread(V[p], i)) for i in range(p + 1, m)], zero)
        bad = ~(abs(pivot) > maximum(size * SMALL_PIVOT, zero))
        small = bad if small is None else small | bad
        column = on.select(others, V[p], on.number(-1.0)) * (-1.0 / pivot)
        for i in range(m):
            if i != p:
                f = on.spread(V[i], p)
                V[i] = fma(f, column, on.select(others, V[i], zero))
        V[p] = column
    assert small is not None  # noqa: S101
    return V, small


def _column(m: int, k: int) -> range:
    return range(WIDTH * k, WIDTH * (k + 1))


def _face(m: int, face: int) -> list[int]:
    """Where a line of K has what flows across a face."""
    return [face * m + a for a in range(m)]


def _factor(m: int, faces: int, pores: bool) -> Program:
    """Inverses of the pivot blocks from the arrays of BetweenCells, (n + 1, m columns of WIDTH): line i + 1
    is that of cell i, line 0 is zero. Counts lanes in which a pivot is small."""

    def body(on, local, K, *others):
        across, (out, inverse) = others[:-2], others[-2:]
        flow = [K.gather(_face(m, face)) for face in range(faces)]
        diagonal = reduce(lambda a, b: a + b, flow, out.gather(range(m)))
        # By the change of pores of the cell itself and of the one before, across the face between them.
        by_pores = [a.gather(_face(m, k * faces)) for a in across for k in (0, 1)]
        columns, last = [], on.number(0.0)
        for k in range(m):
            unit = on.constants([float(a == k) for a in range(WIDTH)])
            c = fma(diagonal, unit, local.gather([a * m + k for a in range(m)]))
            column = inverse.gather(_column(m, k))
            before = column * flow[0]
            if pores:
                own, other = by_pores
                before = fma(on.spread(column, m - 1), other, before)
                last = fma(before, on.spread(own, k), last)
            columns.append(nfma(before, on.spread(flow[0], k), c))
        if pores:
            columns[-1] = columns[-1] + last
        columns, small = inverted(on, columns)
        for k in range(m):
            inverse.scatter(_column(m, k), columns[k], 1)
        return small

    more = (lines(2 * faces * m),) if pores else ()
    layouts = (lines(m * m), lines(faces * m), *more, lines(m), lines(WIDTH * m))
    return Program("thomas_factor_pores" if pores else "thomas_factor", layouts, body)


def _times(on: Any, inverse: Any, m: int, y: Vec, ahead: int) -> Vec:
    """Inverse times y, in two sums."""
    terms = [(inverse.gather(_column(m, k), ahead), on.spread(y, k)) for k in range(m)]
    sums: list[Vec] = [a * b for a, b in terms[:2]]
    for k, (a, b) in enumerate(terms[2:]):
        sums[k % 2] = fma(a, b, sums[k % 2])
    return sums[0] if m == 1 else sums[0] + sums[1]


def _forward(m: int, faces: int, pores: bool) -> Program:
    """x = inverse (b + K x of the cell before); x (n + 2, WIDTH): line i + 1 is that of cell i, the first and
    the last are zero."""

    def body(on, K, *others):
        across, (inverse, b, x) = others[:-3], others[-3:]
        before = x.gather(range(WIDTH))
        y = fma(K.gather(range(m)), before, b.gather(range(m)))
        for a in across:
            y = fma(a.gather(_face(m, faces)), on.spread(before, m - 1), y)
        x.scatter(range(WIDTH), _times(on, inverse, m, y, 1), 1)

    more = (lines(2 * faces * m),) if pores else ()
    layouts = (lines(faces * m), *more, lines(WIDTH * m), lines(m), lines(WIDTH))
    return Program("thomas_forward_pores" if pores else "thomas_forward", layouts, body)


def _backward(m: int, faces: int, pores: bool) -> Program:
    """x += inverse K x of the cell behind, from the last to the first, and x into c (n, m)."""

    def body(on, K, *others):
        across, (inverse, x, c) = others[:-3], others[-3:]
        behind = x.gather(range(WIDTH), 2)
        y = K.gather(_face(m, faces - 1)) * behind
        for a in across:
            y = fma(a.gather(_face(m, 2 * faces - 1)), on.spread(behind, m - 1), y)
        found = x.gather(range(WIDTH), 1) + _times(on, inverse, m, y, 1)
        x.scatter(range(WIDTH), found, 1)
        c.scatter(range(m), found)

    more = (lines(2 * faces * m, True),) if pores else ()
    layouts = (lines(faces * m, True), *more, lines(WIDTH * m, True), lines(WIDTH, True), lines(m, True))
    return Program("thomas_backward_pores" if pores else "thomas_backward", layouts, body)
