"""The border that phases add to the linear system: nu^T de beside A dx, nu . dx = -gap of those present."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sim.chemistry.newton.phases.records import Phases
from sim.codegen.functions import fma, nfma, select
from sim.codegen.registers import Vec

# Of its first size; what is left of a pivot when a phase is made of others, as one CaHPO4 is of another.
DEPENDENT = 1e-13


class Border(NamedTuple):
    """What the steps of the extents follow from; None stands for zero."""

    c: Sequence[Vec | None]  # the row of I
    y: Sequence[Vec | None]  # A^-1 times the imbalances
    z: Sequence[Vec | None]  # and times the column of I
    columns: list[list[Vec | None]]  # and times nu of each phase
    inverse_corner: Vec
    off_I: Vec


def weighed(a: Sequence[Vec | float | None], b: Sequence[Vec | None]) -> Vec | None:
    """a . b"""
    total: Vec | None = None
    for u, v in zip(a, b, strict=True):
        if u is None or v is None or (isinstance(u, float) and u == 0.0):
            continue
        total = u * v if total is None else fma(v, u, total)
    return total


def solve_extents(at: Border, gaps: list[Vec], present: list[Vec], p: Phases) -> tuple[list[Vec], list[Vec]]:
    """Steps of the extents, and which phases stay present: one that depends on those before it is let go."""
    n = range(len(gaps))
    if not n:
        return [], []
    zero = at.off_I.of.number(0.0)
    rows = p.nu.tolist()
    by_c = [weighed(at.c, column) for column in at.columns]
    matrix: list[list[Vec]] = []
    change: list[Vec] = []
    for i in n:
        by_I = weighed(rows[i], at.z)
        by_I = zero if by_I is None else by_I * at.inverse_corner
        gap = gaps[i]
        along = weighed(rows[i], at.y)
        gap = gap if along is None else gap - along
        change.append(present[i] * nfma(by_I, at.off_I, gap))
        matrix.append([])
        for j in n:
            v = weighed(rows[i], at.columns[j])
            v = zero if v is None else v
            c = by_c[j]
            v = (v if c is None else fma(by_I, c, v)) * present[i] * present[j]
            matrix[i].append(v + (1.0 - present[i]) if i == j else v)
    stays = list(present)
    for i in n:
        pivot = matrix[i][i]
        diagonal = pivot
        for j in range(i):
            pivot = nfma(matrix[i][j], matrix[j][i], pivot)
        sound = pivot > diagonal * DEPENDENT
        if not p.endless[i]:
            stays[i] = select(sound, stays[i], 0.0)
        matrix[i][i] = select(sound, 1.0 / pivot, 0.0)
        # Rows hold U, columns below hold L with a diagonal of ones.
        for j in range(i + 1, len(gaps)):
            for k in range(i):
                matrix[i][j] = nfma(matrix[i][k], matrix[k][j], matrix[i][j])
                matrix[j][i] = nfma(matrix[j][k], matrix[k][i], matrix[j][i])
            matrix[j][i] = matrix[j][i] * matrix[i][i]
    for i in n:
        for j in range(i):
            change[i] = nfma(matrix[i][j], change[j], change[i])
    for i in reversed(n):
        for j in range(i + 1, len(gaps)):
            change[i] = nfma(matrix[i][j], change[j], change[i])
        change[i] = change[i] * matrix[i][i]
    return change, stays
