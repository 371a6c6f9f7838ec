"""All levels of a multigrid hierarchy in flat arrays, and the kernel that fills one.

Every vector has 8 numbers per cell, one lane per mobile species and zeros behind them, so one cell
is one SIMD register and a product of a block with a vector is `m` multiply-adds of registers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH
from sim.simd.lanes8 import add_multiple, load_lanes, store_lanes, zero_lanes
from sim.simd.regions import ParallelKernel

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
    K: np.ndarray  # [axis, cell, lane] conductance to the next cell, 0 where there is none; last axis first
    W: np.ndarray  # [axis, cell, lane] weight of `other` in interpolation
    b: np.ndarray  # [cell, lane]
    x: np.ndarray  # [cell, lane]


@kernel
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


@ParallelKernel
def fill_level(t, level, local, K, loss, scale, bad, work):
    """Inverse diagonal blocks and K / scale of one level from local (n, m, m), K (n, axis, m), loss.

    bad (rows,): 1 where a block is singular; work (rows, 136)
    """
    n1, n2, at, total = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3], t.total
    inverse, flat_K = t.inverse, t.K
    m, dim, unit = loss.shape[1], K.shape[1], 1.0 / scale  # a power of two
    for row in prange(bad.size):
        bad[row] = 0
        a = work[row]
        for k in range(n2):
            c = row * n2 + k
            for i in range(m):
                out = loss[c, i] + K[c, dim - 1, i] + K[c, dim - 2, i]
                flat_K[WIDTH * (at + c) + i] = K[c, dim - 1, i] * unit
                flat_K[WIDTH * (total + at + c) + i] = K[c, dim - 2, i] * unit
                if k > 0:
                    out += K[c - 1, dim - 1, i]
                if row % n1 > 0:
                    out += K[c - n2, dim - 2, i]
                if dim == 3:
                    out += K[c, 0, i]
                    flat_K[WIDTH * (2 * total + at + c) + i] = K[c, 0, i] * unit
                    if row >= n1:
                        out += K[c - n1 * n2, 0, i]
                a[128 + i] = 0.0
                for j in range(m):  # transposed: rows of the inverse are then the columns wanted
                    value = (local[c, i, j] + (out if i == j else 0.0)) * unit
                    a[8 * j + i] = value
                    a[64 + 8 * j + i] = 1.0 if i == j else 0.0
                    a[128 + i] = max(a[128 + i], abs(value))
            if invert_transposed(a, m) != 0:
                bad[row] = 1
            for j in range(m):
                start = WIDTH * (m * (at + c) + j)
                for i in range(m):
                    inverse[start + i] = a[64 + 8 * j + i]
