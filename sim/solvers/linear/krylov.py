"""Minimal residuals over the corrections of a few multigrid cycles, all in the precision of the cycles.

Each cycle z is for the residual that the cycles before it have left, and the sum y0 z0 + y1 z1 + ... is
that of the least residual: generalised conjugate residuals, in exact arithmetic the iterates of flexible
GMRES.
Source: S. C. Eisenstat, H. C. Elman & M. H. Schultz, SIAM J. Numer. Anal. 20 (1983) 345, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH
from sim.simd.lanes8 import add_multiple, add_product, load_lanes, store_lanes, sum_of_lanes, zero_lanes
from sim.solvers.linear.levels import Levels, solve_small
from sim.solvers.linear.row_kernels import image_row

MOST = 10  # cycles, after which the residual is looked at and all begins anew


@plain_kernel(nogil=True)
def products_of_rows(first, last, t: Levels, vectors, k, part):
    """After cycle k: vectors[1 + 2 k] = its image; part[row] = the products of the image with those of cycles
    0..k, and with the residual before the first cycle (vectors[0], or t.b where k = 0)."""
    n2, at = t.levels[0, 2], t.levels[0, 3]
    image, start = vectors[1 + 2 * k], vectors[0] if k > 0 else t.b
    for row in range(first, last):
        image_row(t, row, image)
        low, high = at + row * n2, at + (row + 1) * n2
        for j in range(k + 2):
            with_ = vectors[1 + 2 * j] if j <= k else start
            s = zero_lanes(image)
            for c in range(low, high):
                s = add_product(s, load_lanes(image, WIDTH * c), load_lanes(with_, WIDTH * c))
            part[row, j] = sum_of_lanes(s)


@plain_kernel(nogil=True)
def go_on(first, last, t: Levels, vectors, k, y):
    """After cycle k: keep what it found in vectors[2 + 2 k], and the first residual; t.b = the residual of
    sum y[j] z_j."""
    n2, at = t.levels[0, 2], t.levels[0, 3]
    start = vectors[0]
    for c in range(at + first * n2, at + last * n2):
        i = WIDTH * c
        store_lanes(vectors[2 + 2 * k], i, load_lanes(t.x, i))
        if k == 0:
            store_lanes(start, i, load_lanes(t.b, i))
        s = load_lanes(start, i)
        for j in range(k + 1):
            s = add_multiple(s, load_lanes(vectors[1 + 2 * j], i), -y[j])
        store_lanes(t.b, i, s)


@plain_kernel(nogil=True)
def combine(first, last, t: Levels, vectors, y, own):
    """t.x = sum of y[j] z_j; the last z is t.x itself where it is its own, else kept as the others."""
    n2, at = t.levels[0, 2], t.levels[0, 3]
    for c in range(at + first * n2, at + last * n2):
        i, kept = WIDTH * c, y.size - own
        s = zero_lanes(t.x)
        if own:
            s = add_multiple(s, load_lanes(t.x, i), y[kept])
        for j in range(kept):
            s = add_multiple(s, load_lanes(vectors[2 + 2 * j], i), y[j])
        store_lanes(t.x, i, s)


class MinimalResidual:
    """Cycles until the residual is small enough; keeps their vectors.

    vectors: the first residual, then image and correction of each cycle; memory of vectors that were
    never used is none
    """

    def __init__(self, tables: Levels):
        self.tables = tables
        self.rows = int(tables.levels[0, 0] * tables.levels[0, 1])
        finest = WIDTH * int(tables.levels[0, :3].prod() + 2 * tables.levels[0, 3])
        self.vectors = np.zeros((1 + 2 * MOST, finest), tables.x.dtype)
        self.part = np.zeros((self.rows, MOST + 1))

    def solve(
        self,
        cycle: Callable[[], object],
        over_rows: Callable[..., object],
        square: float,
        goal: float,
        most: int,
    ) -> tuple[int, np.ndarray, float]:
        """t.x and a factor y (1,) so that y x leaves a residual of at most `goal`, if `most` cycles (up to
        MOST) can: cycles made, y (empty where none helped), and the 2-norm left, as recurrence has it.

        square: of the norm of t.b    cycle(): t.x from t.b    over_rows(kernel, *arguments): on all rows
        """
        t, vectors = self.tables, self.vectors
        gram, with_start = np.zeros((MOST, MOST)), np.zeros(MOST)
        y, left, k, own = np.zeros(0), square, 0, 0
        while k < min(most, MOST):
            cycle()
            over_rows(products_of_rows, t, vectors, k, self.part)
            found = self.part[:, : k + 2].sum(axis=0)
            if not np.isfinite(found).all() or found[k] <= 0.0:
                break
            gram[k, : k + 1] = gram[: k + 1, k] = found[: k + 1]
            with_start[k] = found[k + 1]
            again = with_start[: k + 1].copy()
            solve_small(gram[: k + 1, : k + 1].copy(), again)
            if not np.isfinite(again).all():
                break
            y, k, own = again, k + 1, 1
            left = max(0.0, square - float((y * with_start[:k]).sum()))
            if left <= goal**2 or k == min(most, MOST):
                break
            over_rows(go_on, t, vectors, k - 1, y)
            own = 0
        if y.size > 1 or (y.size and not own):
            over_rows(combine, t, vectors, y, own)
            y = np.ones(1)
        return k, y, float(np.sqrt(left))
