"""Passes of Newton's method and of its steps over planes and boxes, by chunks of cells kept in the cache.

A chunk is CHUNK groups of cells, and what they have of a vector lies together. So the residual goes into
elimination, and what elimination finds into the state and its norms, without a way through memory; the
correction d is held where the differences will want it, scales are computed where they are needed, and slopes
live as long as the factors of a chunk take. After the chunks comes what is left of a vector: cells of a group
that is not full, and the tail of supplies. Sums are taken chunk by chunk, and do not depend on threads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from sim.binder.evaluation import evaluate
from sim.binder.records import Workspace
from sim.codegen.call import call
from sim.codegen.functions import fma
from sim.codegen.machine import Routine
from sim.codegen.program import Program, numbers
from sim.codegen.registers import Memory
from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH
from sim.solvers.linear.elimination import BetweenCells, CellElimination, Units
from sim.solvers.steps.passes import (
    DIFFERENCES,
    HIGHEST,
    ORDERS,
    SUMS,
    VECTOR,
    accept_differences,
    add_square,
)

CHUNK = 8  # groups of cells


class ChunkPasses(NamedTuple):
    """Addresses of routines, those of the orders 1..HIGHEST where there are some."""

    predict: np.ndarray
    residual: np.ndarray
    accept: np.ndarray
    advance: int


class Tolerances(NamedTuple):
    """rtol (1,); atol of one chunk, or of all (each = 1), and behind it of what is left after the chunks."""

    rtol: np.ndarray
    atol: np.ndarray
    each: int


class Extent(NamedTuple):
    """Of a vector: cells, species, chunks, and its length."""

    cells: int
    species: int
    chunks: int
    size: int


class Evaluation(NamedTuple):
    """What an evaluation of slopes reads and writes, flat: see `evaluate`; all but numbers are of cells.
    frozen: the porosity, kept until the next"""

    fields: np.ndarray
    numbers: np.ndarray
    memory: np.ndarray
    c: np.ndarray
    porosity: np.ndarray
    failures: np.ndarray
    frozen: np.ndarray


class Vectors(NamedTuple):
    """The state, and f: rates, then residual, then correction; b, c (cells, m): the mobile species between
    cells; sums (chunks + 1, 2 WIDTH)."""

    y: np.ndarray
    f: np.ndarray
    b: np.ndarray
    c: np.ndarray
    sums: np.ndarray


@lru_cache(maxsize=1)
def chunk_passes() -> ChunkPasses:
    """The routines, compiled once."""
    predict, residual, accept = (
        np.array([0, *(Routine(made(order)).address for order in range(1, HIGHEST + 1))], np.int64)
        for made in (_predict, _residual, _accept)
    )
    return ChunkPasses(predict, residual, accept, Routine(_advance()).address)


def _predict(order: int) -> Program:
    """y = sum of D[0..order], and no correction yet in D[order + 2]."""

    def body(on: Any, *memories: Memory) -> None:
        D, y = memories[:ORDERS], memories[ORDERS]
        total = D[0].load(0)
        for k in range(1, order + 1):
            total = total + D[k].load(0)
        y.store(0, total)
        D[order + 2].store(0, 0.0)

    return Program(f"predict_chunk_{order}", (*DIFFERENCES, VECTOR), body)


def _residual(order: int) -> Program:
    """f = c f - psi - d, with psi = sum weight[k] D[k] and the correction d in D[order + 2]. psi is not worth
    a vector of its own, for there is hardly more than one residual a step. Arrays: D; weight, c, f."""

    def body(on: Any, *memories: Memory) -> None:
        D, (weight, c, f) = memories[:ORDERS], memories[ORDERS:]
        known = D[1].load(0) * weight.load(1)
        for k in range(2, order + 1):
            known = fma(D[k].load(0), weight.load(k), known)
        f.store(0, f.load(0) * c.load(0) - known - D[order + 2].load(0))

    return Program(f"residual_chunk_{order}", (*DIFFERENCES, numbers(HIGHEST + 1), numbers(1), VECTOR), body)


def _advance() -> Program:
    """y and d += dy; sums of squares of dy and of d, in units of the tolerances at the prediction y - d."""

    def body(on: Any, dy: Memory, y: Memory, d: Memory, rtol: Memory, atol: Memory, sums: Memory) -> None:
        change, before, so_far = dy.load(0), y.load(0), d.load(0)
        scale = 1.0 / fma(abs(before - so_far), rtol.load(0), atol.load(0))
        correction = so_far + change
        y.store(0, before + change)
        d.store(0, correction)
        add_square(sums, 0, change * scale)
        add_square(sums, 1, correction * scale)

    return Program("advance_chunk", (VECTOR, VECTOR, VECTOR, numbers(1), VECTOR, SUMS), body)


def _accept(order: int) -> Program:
    """Differences of the new point, with the correction in D[order + 2]; sums of the squares of D[order] and
    of D[order + 2], in units of the tolerances at the prediction. Arrays: D; y, rtol, atol, sums."""

    def body(on: Any, *memories: Memory) -> None:
        D, (y, rtol, atol, sums) = memories[:ORDERS], memories[ORDERS:]
        change = D[order + 2].load(0)
        scale = 1.0 / fma(abs(y.load(0) - change), rtol.load(0), atol.load(0))
        accept_differences(D, order, change, scale, sums)

    return Program(f"accept_chunk_{order}", (*DIFFERENCES, VECTOR, numbers(1), VECTOR, SUMS), body)


@plain_kernel
def within(chunk, of: Extent):
    """Of a chunk, or of what is left behind the last: first and last numbers of a vector, groups of cells."""
    full = of.cells // WIDTH
    if chunk < of.chunks:
        low, high = chunk * CHUNK, min(full, (chunk + 1) * CHUNK)
        return low * WIDTH * of.species, high * WIDTH * of.species, low, high
    return full * WIDTH * of.species, of.size, full, -(-of.cells // WIDTH)


@plain_kernel
def begin_of_atol(a, e, chunk, of: Extent, tolerances: Tolerances):
    """Where the absolute tolerances of the numbers a..e of a vector begin."""
    return a * tolerances.each if chunk < of.chunks else tolerances.atol.size - (e - a)


@plain_kernel(nogil=True)
def predict_chunks(first, last, of: Extent, predict, rows, v: Vectors):
    for chunk in range(first, last):
        a, e, _, _ = within(chunk, of)
        D = (rows[0][a:e], rows[1][a:e], rows[2][a:e], rows[3][a:e],
             rows[4][a:e], rows[5][a:e], rows[6][a:e], rows[7][a:e])  # fmt: skip
        call(predict, 0, (e - a) // WIDTH, 0, (*D, v.y[a:e]))


@plain_kernel(nogil=True)
def inward_chunks(
    first, last, of: Extent, routines: tuple, known: tuple, v: Vectors, units: Units, factors, volume
):
    """f becomes the residual without its immobile part; b = its mobile species times volume.

    routines: residual, reduce; known: rows of D, weight, c (see `_residual`)"""
    rows, weight, c = known
    residual, reduce = routines
    for chunk in range(first, last):
        a, e, low, high = within(chunk, of)
        D = (rows[0][a:e], rows[1][a:e], rows[2][a:e], rows[3][a:e],
             rows[4][a:e], rows[5][a:e], rows[6][a:e], rows[7][a:e])  # fmt: skip
        call(residual, 0, (e - a) // WIDTH, 0, (*D, weight, c, v.f[a:e]))
        if high > low:
            call(reduce, low, high, of.cells, (v.f, units.inverse, factors, v.b))
            for i in range(low * WIDTH, min(of.cells, high * WIDTH)):
                for k in range(v.b.shape[1]):
                    v.b[i, k] *= volume[i]


@plain_kernel(nogil=True)
def outward_chunks(
    first, last, of: Extent, by: CellElimination, d, v: Vectors, units: Units, factors, porosity,
    advance, tolerances: Tolerances,
):  # fmt: skip
    """f becomes the correction for mobile c, and is added to y and d; what is left behind the chunks waits
    for its supplies."""
    for chunk in range(first, last):
        a, e, low, high = within(chunk, of)
        if high > low:
            for i in range(low * WIDTH, min(of.cells, high * WIDTH)):
                for k in range(v.b.shape[1]):
                    v.b[i, k] = v.c[i, k] * porosity[i]
            call(by.expand, low, high, of.cells, (v.b, units.scale, factors, v.f))
        if chunk < of.chunks:
            advance_chunk(chunk, of, advance, d, v, tolerances)


@plain_kernel(nogil=True)
def advance_chunk(chunk, of: Extent, advance, d, v: Vectors, tolerances: Tolerances):
    a, e, _, _ = within(chunk, of)
    v.sums[chunk] = 0.0
    start = begin_of_atol(a, e, chunk, of, tolerances)
    atol = tolerances.atol[start : start + e - a]
    call(
        advance, 0, (e - a) // WIDTH, 0,
        (v.f[a:e], v.y[a:e], d[a:e], tolerances.rtol, atol, v.sums[chunk]),
    )  # fmt: skip


@plain_kernel(nogil=True)
def accept_chunks(first, last, of: Extent, accept, rows, v: Vectors, tolerances: Tolerances):
    for chunk in range(first, last):
        a, e, _, _ = within(chunk, of)
        v.sums[chunk] = 0.0
        D = (rows[0][a:e], rows[1][a:e], rows[2][a:e], rows[3][a:e],
             rows[4][a:e], rows[5][a:e], rows[6][a:e], rows[7][a:e])  # fmt: skip
        start = begin_of_atol(a, e, chunk, of, tolerances)
        atol = tolerances.atol[start : start + e - a]
        call(accept, 0, (e - a) // WIDTH, 0, (*D, v.y[a:e], tolerances.rtol, atol, v.sums[chunk]))


@plain_kernel(nogil=True)
def factor_chunks(
    first, last, volume, stages, u, x: Evaluation, space: Workspace, work, by: CellElimination, factors,
    matrix: BetweenCells,
):  # fmt: skip
    """Slopes of the groups of chunks first..last at u (flat), into work, and from them the factors and what
    is left of the mobile species, times volume of pore water. Returns how many cells, at least, are singular.
    """
    bad, local = 0, matrix.local.reshape(-1)
    whole, cells = x.failures.size, volume.size
    species, fields, memory = u.size // cells, x.fields.size // cells, x.memory.size // whole
    m, square = x.c.size // cells, local.size // cells
    for chunk in range(first, last):
        low, high = chunk * CHUNK, min(whole, (chunk + 1) * CHUNK)
        i, j = low * WIDTH, min(cells, high * WIDTH)
        failures = x.failures[low:high]
        arrays = (
            u[i * species : j * species], x.fields[i * fields : j * fields],
            x.numbers, space.clock, space.rows,
            x.memory[low * memory : high * memory], x.c[i * m : j * m], x.porosity[i:j], work, x.numbers[:0],
        )  # fmt: skip
        evaluate(0, high - low, j - i, stages, failures, arrays)
        for k in range(i, j):
            x.frozen[k] = x.porosity[k]
        rest = local[i * square : j * square]
        bad += call(
            by.factor, 0, high - low, j - i, (work, by.gamma, by.coefficient, factors[low:high], rest)
        )
        for k in range(i, j):
            for a in range(square):
                local[k * square + a] *= volume[k] * x.porosity[k]
    return bad
