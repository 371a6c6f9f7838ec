"""Which immobile species to eliminate when, and the operation list that does it: symbolic, once a model.

The matrix of a cell is A = 1 - gamma S^-1 J S with the scales S of the species and J = stoichiometry
x derivatives of rates. Its pattern is known from the names in the formulas, so elimination is a list
of multiplications that runs over many cells at once. Pivots stay on the diagonal, fewest new entries
first (Markowitz 1957); what is left is the dense block of the mobile species.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.binder.records import Stoichiometry

INVERT, MULTIPLY, SUBTRACT = range(3)  # kinds of operations on entries
NONE = np.zeros(0)


class Assembly(NamedTuple):
    """A[to] -= gamma coefficient R[rate], after A[diagonal] = 1; R: derivatives of rates. Each is of an
    `entry` of the stoichiometry, in units of the scales."""

    to: np.ndarray
    rate: np.ndarray
    entry: np.ndarray
    coefficient: np.ndarray


class EntryOperations(NamedTuple):
    """By kind: INVERT A[a] = 1/A[a], MULTIPLY A[a] *= A[b], SUBTRACT A[a] -= A[b] A[c]."""

    kind: np.ndarray
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray


class RowOperations(NamedTuple):
    """y[row] -= A[entry] y[by]; y[row] *= A[entry] where by = -1."""

    row: np.ndarray
    by: np.ndarray
    entry: np.ndarray


class Elimination(NamedTuple):
    """Entries of A are numbered; all arrays are lists of such numbers, in order of execution.

    n_entries: of A, those filled by the elimination included; ones: the diagonal
    forward, backward: what substitution does to the species of a right-hand side
    schur (m, m): entries of the mobile block
    """

    n_entries: int
    ones: np.ndarray
    assemble: Assembly
    factor: EntryOperations
    forward: RowOperations
    backward: RowOperations
    schur: np.ndarray


def elimination(
    pattern: tuple[np.ndarray, np.ndarray],
    stoichiometry: Stoichiometry,
    scale: np.ndarray,
    mobile: Sequence[int],
) -> Elimination:
    """The operation list for derivatives of these processes by these species (the pattern).

    scale (s,): of the species; mobile: the species that are left. All others are eliminated.
    """
    process, species = pattern
    row, column, _ = stoichiometry
    made = _ordered(*(tuple(a.tolist()) for a in (process, species, row, column)), scale.size, tuple(mobile))
    coefficient = coefficients(made, species, stoichiometry, scale)
    return made._replace(assemble=made.assemble._replace(coefficient=coefficient))


def coefficients(
    order: Elimination, species: np.ndarray, stoichiometry: Stoichiometry, scale: np.ndarray
) -> np.ndarray:
    """Those of assembly, in units of the scales; species: of each derivative of a rate."""
    e, by = order.assemble.entry, species[order.assemble.rate]
    found: np.ndarray = stoichiometry.value[e] * scale[by] / scale[stoichiometry.row[e]]
    return found


@lru_cache(maxsize=32)
def _ordered(
    of_process: tuple[int, ...],
    of_species: tuple[int, ...],
    row: tuple[int, ...],
    column: tuple[int, ...],
    n: int,
    of_mobile: tuple[int, ...],
) -> Elimination:
    """Everything but the coefficients: it depends on the pattern alone."""
    process, species = np.array(of_process, np.int64), np.array(of_species, np.int64)
    mobile = [int(k) for k in of_mobile]
    immobile = [k for k in range(n) if k not in set(mobile)]
    entry: dict[tuple[int, int], int] = {}

    def at(i: int, j: int) -> int:
        return entry.setdefault((i, j), len(entry))

    schur = np.array([[at(i, j) for j in mobile] for i in mobile], np.int64).reshape(len(mobile), len(mobile))
    ones = np.array([at(k, k) for k in range(n)], np.int64)
    assemble: list[tuple[int, int, int]] = []
    for e, (s, q) in enumerate(zip(row, column, strict=True)):
        for r in np.flatnonzero(process == q):
            assemble.append((at(int(s), int(species[r])), int(r), e))
    factor: list[tuple[int, int, int, int]] = []
    forward: list[tuple[int, int, int]] = []
    upper: list[tuple[int, list[tuple[int, int, int]]]] = []
    left = set(range(n))
    waiting = set(immobile)
    while waiting:
        rows = {k: [i for i in left if i != k and (i, k) in entry] for k in waiting}
        columns = {k: [j for j in left if j != k and (k, j) in entry] for k in waiting}
        k = min(waiting, key=lambda k: (len(rows[k]) * len(columns[k]), len(rows[k]), k))
        factor.append((INVERT, at(k, k), 0, 0))
        for i in rows[k]:
            factor.append((MULTIPLY, at(i, k), at(k, k), 0))
            forward.append((i, k, at(i, k)))
            factor += [(SUBTRACT, at(i, j), at(i, k), at(k, j)) for j in columns[k]]
        upper.append((k, [(k, j, at(k, j)) for j in columns[k]] + [(k, -1, at(k, k))]))
        waiting.remove(k)
        left.remove(k)
    backward = [op for _, ops in reversed(upper) for op in ops]
    return Elimination(
        len(entry), ones, _assembly(assemble), EntryOperations(*_columns(factor, 4)),
        RowOperations(*_columns(forward, 3)), RowOperations(*_columns(backward, 3)), schur,
    )  # fmt: skip


def _assembly(rows: Sequence[tuple[int, ...]]) -> Assembly:
    to, rate, entry = _columns(rows, 3)
    return Assembly(to, rate, entry, NONE)


def _columns(rows: Sequence[tuple[int, ...]], width: int) -> tuple[np.ndarray, ...]:
    table = np.array(rows, np.int64).reshape(-1, width)
    return tuple(np.ascontiguousarray(c) for c in table.T)
