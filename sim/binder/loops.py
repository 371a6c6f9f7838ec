"""Kernels around formulas that are no vector code: rows of a group of cells, V[row, lane]."""

from __future__ import annotations

import numpy as np
from numba import carray
from numba.core import config

from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH

if getattr(config, "DISABLE_JIT", False):

    def first_row(W, rows):
        """The rows of a group, (rows, WIDTH)."""
        return W.reshape(-1, WIDTH)[:rows]

else:

    @kernel(cache=False)
    def first_row(W, rows):
        """The rows of a group, (rows, WIDTH), from a pointer to the first."""
        return carray(W, (rows, WIDTH))


@kernel(cache=False)
def nudge(V, row, floor, sign):
    """Move a row by 1e-7 of itself or of `floor`, up or down; the inverse steps (WIDTH,)."""
    inverse = np.zeros(WIDTH)
    for lane in range(WIDTH):
        old = V[row, lane]
        V[row, lane] += sign * 1e-7 * max(abs(old), floor)
        inverse[lane] = 1.0 / (V[row, lane] - old)
    return inverse


@kernel(cache=False)
def difference(V, first, base, inverse, at):
    """Rows from `at` on: (V - base) / step, and V back to base. Whether all are finite."""
    sound = 0.0
    for k in range(base.shape[0]):
        for lane in range(WIDTH):
            d = (V[first + k, lane] - base[k, lane]) * inverse[lane]
            V[at + k, lane] = d
            V[first + k, lane] = base[k, lane]
            sound += 0.0 * d
    return sound == 0.0
