"""Which immobile species to eliminate when, and the programme that does it: symbolic, once a model.

The matrix of a cell is A = 1 - gamma S^-1 J S with the scales S of the species and J = stoichiometry
x derivatives of rates. Its pattern is known from the names in the formulas, so elimination is a list
of multiplications that runs over many cells at once. Pivots stay on the diagonal, fewest new entries
first (Markowitz 1957); what is left is the dense block of the mobile species.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np


@dataclass(frozen=True)
class Elimination:
    """Entries of A are numbered; all arrays are lists of such numbers, in order of execution.

    assemble: A[to] -= gamma coefficient R[rate] after A[diagonal] = 1; ones: the diagonal entries
    factor: kinds 0 A[a] = 1/A[a]; 1 A[a] *= A[b]; 2 A[a] -= A[b] A[c]
    forward: y[i] -= A[f] y[k]; backward: y[k] -= A[f] y[j], or y[k] *= A[f] where j = -1
    schur: (m, m) entries of the mobile block. order: species, immobile by elimination, then mobile.
    """

    n_entries: int
    ones: np.ndarray
    assemble: tuple[np.ndarray, ...]
    factor: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    forward: tuple[np.ndarray, np.ndarray, np.ndarray]
    backward: tuple[np.ndarray, np.ndarray, np.ndarray]
    schur: np.ndarray


def elimination(process, species, row, column, value, scale, mobile) -> Elimination:
    """The programme from the pattern of derivatives (process, species), stoichiometry entries
    (row = species, column = process, value) and the scales of the species."""
    made = _ordered(*(tuple(a.tolist()) for a in (process, species, row, column)), scale.size, tuple(mobile))
    entries = [(e, r) for e in range(row.size) for r in np.flatnonzero(process == column[e])]
    coefficient = np.array([value[e] * scale[species[r]] / scale[row[e]] for e, r in entries], float)
    return replace(made, assemble=(*made.assemble, coefficient))


@lru_cache(maxsize=32)
def _ordered(process, species, row, column, n, mobile) -> Elimination:
    """Everything but the coefficients: it depends on the pattern alone."""
    process, species = np.array(process, np.int64), np.array(species, np.int64)
    mobile = [int(k) for k in mobile]
    immobile = [k for k in range(n) if k not in set(mobile)]
    entry: dict[tuple[int, int], int] = {}

    def at(i: int, j: int) -> int:
        return entry.setdefault((i, j), len(entry))

    schur = np.array([[at(i, j) for j in mobile] for i in mobile], np.int64).reshape(len(mobile), len(mobile))
    ones = np.array([at(k, k) for k in range(n)], np.int64)
    assemble = []
    for s, q in zip(row, column, strict=True):
        for r in np.flatnonzero(process == q):
            assemble.append((at(int(s), int(species[r])), int(r)))
    factor: list[tuple[int, int, int, int]] = []
    forward, upper = [], []
    left = set(range(n))
    waiting = set(immobile)
    while waiting:
        rows = {k: [i for i in left if i != k and (i, k) in entry] for k in waiting}
        columns = {k: [j for j in left if j != k and (k, j) in entry] for k in waiting}
        k = min(waiting, key=lambda k: (len(rows[k]) * len(columns[k]), len(rows[k]), k))
        factor.append((0, at(k, k), 0, 0))
        for i in rows[k]:
            factor.append((1, at(i, k), at(k, k), 0))
            forward.append((i, k, at(i, k)))
            factor += [(2, at(i, j), at(i, k), at(k, j)) for j in columns[k]]
        upper.append((k, [(k, j, at(k, j)) for j in columns[k]] + [(k, -1, at(k, k))]))
        waiting.remove(k)
        left.remove(k)
    backward = [op for _, ops in reversed(upper) for op in ops]
    return Elimination(
        len(entry), ones, _columns(assemble, 2),
        _columns(factor, 4), _columns(forward, 3), _columns(backward, 3), schur,
    )  # fmt: skip


def _columns(rows: list[tuple], width: int) -> tuple[np.ndarray, ...]:
    table = np.array(rows, np.int64).reshape(-1, width)
    return tuple(np.ascontiguousarray(c) for c in table.T)
