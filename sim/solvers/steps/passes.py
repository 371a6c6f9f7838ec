"""What the variable-order integrator does with vectors of the state, as vector code: one pass for each.

Vectors are padded with zeros to whole groups of WIDTH numbers. Sums are taken lane by lane in the order of
the groups of a piece, so that they do not depend on how many threads share the pieces.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sim.codegen.functions import fma
from sim.codegen.machine import Routine
from sim.codegen.program import Program, groups, numbers, scratch
from sim.codegen.registers import Memory, Vec
from sim.simd.constants import WIDTH
from sim.solvers.steps.task import Task

ORDERS = 8  # rows of differences: up to order 5, and what the next order would be
HIGHEST = 5
PIECE = 8192  # numbers in a piece

VECTOR = groups(1)
DIFFERENCES = (VECTOR,) * ORDERS
SUMS = scratch(2)  # two sums, each by lanes

PREDICT, ACCEPT, RESCALE, INTERPOLATE, START, RESIDUAL, ADVANCE, SQUARE = range(8)


def padded(size: int) -> int:
    """The length of a vector of `size` numbers in whole groups."""
    return -(-size // WIDTH) * WIDTH


def padded_tolerances(task: Task) -> np.ndarray:
    """Absolute tolerances of a task's unknowns in the norm; 1 where there is none."""
    atol = np.ones(padded(task.system.size))
    atol[: task.system.size] = task.atol_of_mean
    return atol


@lru_cache(maxsize=1)
def pass_addresses() -> np.ndarray:
    """Addresses (pass, order) of the routines; a pass that knows no order has one at order 0."""
    made = np.zeros((8, HIGHEST + 1), np.int64)
    for which, program in (
        (PREDICT, _predict),
        (ACCEPT, _accept),
        (RESCALE, _rescale),
        (INTERPOLATE, _interpolate),
    ):
        for order in range(1, HIGHEST + 1):
            made[which, order] = Routine(program(order)).address
    for which, alone in ((START, _start), (RESIDUAL, _residual), (ADVANCE, _advance), (SQUARE, _square)):
        made[which, 0] = Routine(alone()).address
    return made


def _predict(order: int) -> Program:
    """y = sum of D[0..order], psi = sum weight[k] D[k], scale = 1/(atol + rtol |y|), d = 0.

    Arrays: D; weight (HIGHEST + 1,); rtol; atol; y, psi, scale, d."""

    def body(on: Any, *memories: Memory) -> None:
        D, (weight, rtol, atol, y, psi, scale, d) = memories[:ORDERS], memories[ORDERS:]
        rows = [D[k].load(0) for k in range(order + 1)]
        total, known = rows[0], rows[1] * weight.load(1)
        for k in range(1, order + 1):
            total = total + rows[k]
            if k > 1:
                known = fma(rows[k], weight.load(k), known)
        y.store(0, total)
        psi.store(0, known)
        scale.store(0, 1.0 / fma(abs(total), rtol.load(0), atol.load(0)))
        d.store(0, 0.0)

    arrays = (*DIFFERENCES, numbers(HIGHEST + 1), numbers(1), VECTOR, VECTOR, VECTOR, VECTOR, VECTOR)
    return Program(f"predict_{order}", arrays, body)


def _accept(order: int) -> Program:
    """Differences of the new point; sums of the squares of D[order] and of D[order + 2]: what the
    neighbouring orders would have erred by, but for a constant. Arrays: D; d, scale, sums."""

    def body(on: Any, *memories: Memory) -> None:
        D, (d, scale, sums) = memories[:ORDERS], memories[ORDERS:]
        accept_differences(D, order, d.load(0), scale.load(0), sums)

    return Program(f"accept_{order}", (*DIFFERENCES, VECTOR, VECTOR, SUMS), body)


def accept_differences(D: Sequence[Memory], order: int, change: Vec, scale: Vec, sums: Memory) -> None:
    """Differences of the new point, for a correction `change`, and the sums of `_accept`."""
    high = change - D[order + 1].load(0)
    D[order + 2].store(0, high)
    D[order + 1].store(0, change)
    above = change
    for k in range(order, -1, -1):
        above = D[k].load(0) + above
        D[k].store(0, above)
        if k == order:
            add_square(sums, 0, above * scale)
    add_square(sums, 1, high * scale)


def _rescale(order: int) -> Program:
    """D[0..order] <- M D[0..order]: differences for another step length. D[0] stays, for M[0] is (1, 0, ...).
    Arrays: D; M ((HIGHEST + 1)^2,)."""

    def body(on: Any, *memories: Memory) -> None:
        D, M = memories[:ORDERS], memories[ORDERS]
        old = [D[k].load(0) for k in range(1, order + 1)]
        for j in range(1, order + 1):
            new: Vec | None = None
            for k in range(1, order + 1):
                m = M.load((HIGHEST + 1) * j + k)
                new = old[k - 1] * m if new is None else fma(old[k - 1], m, new)
            D[j].store(0, new)  # type: ignore[arg-type]

    return Program(f"rescale_{order}", (*DIFFERENCES, numbers((HIGHEST + 1) ** 2)), body)


def _interpolate(order: int) -> Program:
    """out = D[0] + sum weight[k] D[k]. Arrays: D; weight (HIGHEST + 1,); out."""

    def body(on: Any, *memories: Memory) -> None:
        D, (weight, out) = memories[:ORDERS], memories[ORDERS:]
        total = D[0].load(0)
        for k in range(1, order + 1):
            total = fma(D[k].load(0), weight.load(k), total)
        out.store(0, total)

    return Program(f"interpolate_{order}", (*DIFFERENCES, numbers(HIGHEST + 1), VECTOR), body)


def _start() -> Program:
    """Differences of order 1 at a step h: D[1] = h f, all higher ones 0. Arrays: D; h, f."""

    def body(on: Any, *memories: Memory) -> None:
        D, (h, f) = memories[:ORDERS], memories[ORDERS:]
        D[1].store(0, f.load(0) * h.load(0))
        for k in range(2, ORDERS):
            D[k].store(0, 0.0)

    return Program("start", (*DIFFERENCES, numbers(1), VECTOR), body)


def _residual() -> Program:
    """r = c f - psi - d. Arrays: c, f, psi, d, r."""

    def body(on: Any, c: Memory, f: Memory, psi: Memory, d: Memory, r: Memory) -> None:
        r.store(0, f.load(0) * c.load(0) - psi.load(0) - d.load(0))

    return Program("residual", (numbers(1), VECTOR, VECTOR, VECTOR, VECTOR), body)


def _advance() -> Program:
    """y += dy, d += dy; the sum of (dy scale)^2. Arrays: dy, y, d, scale, sums."""

    def body(on: Any, dy: Memory, y: Memory, d: Memory, scale: Memory, sums: Memory) -> None:
        change = dy.load(0)
        y.store(0, y.load(0) + change)
        d.store(0, d.load(0) + change)
        add_square(sums, 0, change * scale.load(0))

    return Program("advance", (VECTOR, VECTOR, VECTOR, VECTOR, SUMS), body)


def _square() -> Program:
    """The sum of (x scale)^2. Arrays: x, scale, sums."""

    def body(on: Any, x: Memory, scale: Memory, sums: Memory) -> None:
        add_square(sums, 0, x.load(0) * scale.load(0))

    return Program("square", (VECTOR, VECTOR, SUMS), body)


def add_square(sums: Memory, row: int, e: Vec) -> None:
    """Add e^2 to a sum."""
    sums.store(row, fma(e, e, sums.load(row)))
