"""All levels of a multigrid hierarchy in flat arrays, and the kernel that fills one.

Every vector has 8 numbers per cell, one lane per mobile species and zeros behind them, so one cell
is one SIMD register and a product of a block with a vector is `m` multiply-adds of registers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.jit.kernel import kernel, plain_kernel
from sim.simd.constants import WIDTH
from sim.simd.lanes8 import add_multiple, load_lanes, store_lanes, zero_lanes

ROUNDING = 64 * float(np.finfo(float).eps)


class Levels(NamedTuple):
    """All levels of a hierarchy in flat arrays of float32 or float64 (`coarsening` joins the cells).

    Cells are counted through all levels, with a plane of zeros before and after each.
    """

    m: int  # species
    dim: int  # 2 or 3
    total: int  # cells in the flat arrays
    levels: np.ndarray  # (levels, 10): shape (3), first cell, starts in parent (3) and in first (3)
    parent: np.ndarray  # the coarse cell that holds a fine one, axis by axis
    other: np.ndarray  # the coarse cell on its other side; `parent` again where that is outside
    first: np.ndarray  # the first fine cell of each coarse one, axis by axis, and the number of cells
    inverse: np.ndarray  # [cell, column, lane] of the diagonal blocks
    blocks: np.ndarray  # [cell, column, lane] of the finest level: what reacts, stays and leaves
    K: np.ndarray  # [axis, cell, lane] conductance to the next cell, 0 where there is none; last axis first
    W: np.ndarray  # [axis, cell, lane] weight of `other` in interpolation
    b: np.ndarray  # [cell, lane]
    x: np.ndarray  # [cell, lane]


@plain_kernel
def invert_transposed(a, m):
    """Rows 0..m of a (17 x 8, flat) are a matrix, rows 8..8 + m the unit matrix, then the inverse.

    Gauss-Jordan with row exchanges. Returns 1 when a pivot is at the rounding of the largest entry
    of its column, which row 16 tells. What is loaded as lanes is never stored as single numbers
    in here: the processor would wait for those to reach its cache.
    """
    for p in range(m):
        row, size = p, abs(a[np.uint64(9 * p)])
        for i in range(p + 1, m):
            if abs(a[np.uint64(8 * i + p)]) > size:
                row, size = i, abs(a[np.uint64(8 * i + p)])
        if not (size > ROUNDING * a[np.uint64(128 + p)] and size < np.inf):
            return 1
        factor = 1.0 / a[np.uint64(8 * row + p)]
        left = add_multiple(zero_lanes(a), load_lanes(a, 8 * row), factor)
        right = add_multiple(zero_lanes(a), load_lanes(a, 64 + 8 * row), factor)
        if row != p:
            store_lanes(a, 8 * row, load_lanes(a, 8 * p))
            store_lanes(a, 64 + 8 * row, load_lanes(a, 64 + 8 * p))
        for i in range(m):
            f = -a[np.uint64(8 * i + p)]
            store_lanes(a, 8 * i, add_multiple(load_lanes(a, 8 * i), left, f))
            store_lanes(a, 64 + 8 * i, add_multiple(load_lanes(a, 64 + 8 * i), right, f))
        store_lanes(a, 8 * p, left)
        store_lanes(a, 64 + 8 * p, right)
    return 0


@plain_kernel(nogil=True)
def take_couplings(first, last, t: Levels, neighbour, K, weight, unit):
    """K of the finest level, cells first..last, from K (n, faces, m or 1) times weight (m,) times unit. The
    next cell along an axis lies behind an odd face of `neighbour`; K counts where there is one."""
    total, at, axes = t.total, t.levels[0, 3], K.shape[1] // 2
    each = K.shape[2] > 1
    for d in range(axes):
        slot = (axes - 1 - d) * total + at
        for c in range(first, last):
            for s in range(weight.size):
                inside = neighbour[c, 2 * d + 1] >= 0
                k = K[c, 2 * d + 1, s if each else 0] * weight[s] * unit
                t.K[WIDTH * (slot + c) + s] = k if inside else 0.0


@kernel(nogil=True)
def fill_level(first, last, t: Levels, level, local, loss, unit, bad):
    """Inverse diagonal blocks of rows first..last of a level from local (n, m, m) and loss (n, m), both times
    unit, and K.

    bad (rows,): 1 where a block is singular
    """
    n1, n2, at, total = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3], t.total
    inverse, K, dim, m, a = t.inverse, t.K, t.dim, loss.shape[1], np.zeros(136)
    for row in range(first, last):
        bad[row] = 0
        for k in range(n2):
            c = row * n2 + k
            for i in range(m):
                e = WIDTH * (at + c) + i
                out = float(K[e]) + K[e - WIDTH]
                e += WIDTH * total
                out += float(K[e]) + K[e - WIDTH * n2]
                if dim == 3:
                    e += WIDTH * total
                    out += float(K[e]) + K[e - WIDTH * n1 * n2]
                out += loss[c, i] * unit
                a[128 + i] = 0.0
                for j in range(m):  # transposed: rows of the inverse are then the columns wanted
                    value = local[c, i, j] * unit
                    if level == 0:
                        own = loss[c, i] * unit if i == j else 0.0
                        t.blocks[WIDTH * (m * c + j) + i] = value + own
                    value += out if i == j else 0.0
                    a[8 * j + i] = value
                    a[64 + 8 * j + i] = 1.0 if i == j else 0.0
                    a[128 + i] = max(a[128 + i], abs(value))
            if invert_transposed(a, m) != 0:
                bad[row] = 1
            for j in range(m):
                start = WIDTH * (m * (at + c) + j)
                for i in range(m):
                    inverse[start + i] = a[64 + 8 * j + i]


@plain_kernel
def solve_small(a, b):
    """b (m,) becomes a^-1 b, a (m, m) is overwritten (elimination with row exchanges); inf or NaN where a is
    singular."""
    m = b.size
    for p in range(m):
        row = p
        for i in range(p + 1, m):
            if abs(a[i, p]) > abs(a[row, p]):
                row = i
        if row != p:
            for j in range(p, m):
                a[p, j], a[row, j] = a[row, j], a[p, j]
            b[p], b[row] = b[row], b[p]
        for i in range(p + 1, m):
            f = a[i, p] / a[p, p]
            for j in range(p + 1, m):
                a[i, j] -= f * a[p, j]
            b[i] -= f * b[p]
    for p in range(m - 1, -1, -1):
        for j in range(p + 1, m):
            b[p] -= a[p, j] * b[j]
        b[p] /= a[p, p]
