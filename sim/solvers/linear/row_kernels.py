"""Kernels of a row of cells in a multigrid cycle: block Gauss-Seidel, transfers between levels.

They are compiled into their callers: a call for each cell, with a dozen arrays, takes longer than what
it does.
"""

from __future__ import annotations

import numpy as np

from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH
from sim.simd.lanes8 import (
    add_lanes,
    add_multiple,
    add_product,
    load_lanes,
    store_lanes,
    subtract_lanes,
    subtract_product,
    zero_lanes,
)
from sim.solvers.linear.levels import Levels


@plain_kernel(forceinline=True)
def apply_inverse(inverse, x, c, m):
    """inverse x in cell c."""
    i, j = WIDTH * m * c, WIDTH * c
    s = zero_lanes(x)
    for k in range(m):
        s = add_multiple(s, load_lanes(inverse, i + WIDTH * k), x[np.uint64(j + k)])
    return s


@plain_kernel(forceinline=True)
def inflow(s, c, t: Levels, x, n1, n2):
    """s + what the neighbours of cell c give to it: sum of K x. K is 0 across the edge of the grid."""
    K, d = t.K, c + t.total
    s = add_product(s, load_lanes(K, WIDTH * c), load_lanes(x, WIDTH * (c + 1)))
    s = add_product(s, load_lanes(K, WIDTH * (c - 1)), load_lanes(x, WIDTH * (c - 1)))
    s = add_product(s, load_lanes(K, WIDTH * d), load_lanes(x, WIDTH * (c + n2)))
    s = add_product(s, load_lanes(K, WIDTH * (d - n2)), load_lanes(x, WIDTH * (c - n2)))
    if t.dim == 3:
        d += t.total
        s = add_product(s, load_lanes(K, WIDTH * d), load_lanes(x, WIDTH * (c + n1 * n2)))
        s = add_product(s, load_lanes(K, WIDTH * (d - n1 * n2)), load_lanes(x, WIDTH * (c - n1 * n2)))
    return s


@plain_kernel(forceinline=True)
def outflow(s, here, K, k, x, there):
    """s + K[k] (here - x[there])."""
    return add_product(s, load_lanes(K, WIDTH * k), subtract_lanes(here, load_lanes(x, WIDTH * there)))


@plain_kernel(forceinline=True)
def parity(row, n1):
    """Where the cells of colour 0 of a row begin; those of colour 1 begin at 1 - parity."""
    return (row // n1 + row % n1) & 1


@plain_kernel
def relax_row(t: Levels, row, level, colour, from_zero):
    """Gauss-Seidel on the cells of one colour in a row; from_zero: their neighbours hold zero."""
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    m, x = t.m, t.x
    for k in range((colour + parity(row, n1)) & 1, n2, 2):
        c = at + row * n2 + k
        s = load_lanes(t.b, WIDTH * c)
        if not from_zero:
            s = inflow(s, c, t, x, n1, n2)
        store_lanes(x, WIDTH * c, s)
        store_lanes(x, WIDTH * c, apply_inverse(t.inverse, x, c, m))


@plain_kernel
def restrict_row(t: Levels, row, level):
    """A row of right-hand sides of the next level: sums of residuals of this one.

    After red from zero and then black the residual is zero on black cells, and on red ones what
    their black neighbours have given since.
    """
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    c1, c2, coarse = t.levels[level + 1, 1], t.levels[level + 1, 2], t.levels[level + 1, 3]
    f0, f1, f2 = t.levels[level, 7] + row // c1, t.levels[level, 8] + row % c1, t.levels[level, 9]
    first, x = t.first, t.x
    for k in range(c2):
        s = zero_lanes(x)
        for i0 in range(first[f0], first[f0 + 1]):
            for i1 in range(first[f1], first[f1 + 1]):
                for i2 in range(first[f2 + k], first[f2 + k + 1]):
                    if (i0 + i1 + i2) & 1 == 0:
                        s = inflow(s, at + (i0 * n1 + i1) * n2 + i2, t, x, n1, n2)
        store_lanes(t.b, WIDTH * (coarse + row * c2 + k), s)


@plain_kernel(forceinline=True)
def between(x, p, q, w):
    """x[p] (1 - w) + x[q] w; with p = q the outside, where x vanishes, stands for q."""
    a = load_lanes(x, WIDTH * p)
    if p == q:
        return subtract_product(a, w, a)
    return add_product(subtract_product(a, w, a), w, load_lanes(x, WIDTH * q))


@plain_kernel
def prolong_row(t: Levels, row, level):
    """Add the (bi, tri)linear interpolation of the next level's x to the red cells of a row.

    The sweep that follows starts on black cells and does not look at what they hold.
    """
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    c1, c2, coarse = t.levels[level + 1, 1], t.levels[level + 1, 2], t.levels[level + 1, 3]
    i0, i1, i2 = t.levels[level, 4] + row // n1, t.levels[level, 5] + row % n1, t.levels[level, 6]
    dim, total, parent, other, W, x = t.dim, t.total, t.parent, t.other, t.W, t.x
    pp = coarse + (parent[i0] * c1 + parent[i1]) * c2
    pq = coarse + (parent[i0] * c1 + other[i1]) * c2
    qp = coarse + (other[i0] * c1 + parent[i1]) * c2
    qq = coarse + (other[i0] * c1 + other[i1]) * c2
    for k in range(parity(row, n1), n2, 2):
        c = at + row * n2 + k
        p, q = parent[i2 + k], other[i2 + k]
        w, w1 = load_lanes(W, WIDTH * c), load_lanes(W, WIDTH * (c + total))
        s = between(x, pp + p, pp + q, w)
        s = subtract_product(s, w1, s)
        if pq != pp:
            s = add_product(s, w1, between(x, pq + p, pq + q, w))
        if dim == 3:
            w0 = load_lanes(W, WIDTH * (c + 2 * total))
            s = subtract_product(s, w0, s)
            if qp != pp:
                u = between(x, qp + p, qp + q, w)
                u = subtract_product(u, w1, u)
                if qq != qp:
                    u = add_product(u, w1, between(x, qq + p, qq + q, w))
                s = add_product(s, w0, u)
        store_lanes(x, WIDTH * c, add_lanes(load_lanes(x, WIDTH * c), s))


@plain_kernel
def image_row(t: Levels, row, image):
    """image = A x on a row of the finest level. Differences are taken before they are multiplied: x may be
    a level and small differences."""
    n1, n2, at = t.levels[0, 1], t.levels[0, 2], t.levels[0, 3]
    x, K, blocks, m = t.x, t.K, t.blocks, t.m
    for i in range(row * n2, (row + 1) * n2):
        c = at + i
        d = c + t.total
        here, s = load_lanes(x, WIDTH * c), zero_lanes(x)
        s = outflow(s, here, K, c, x, c + 1)
        s = outflow(s, here, K, c - 1, x, c - 1)
        s = outflow(s, here, K, d, x, c + n2)
        s = outflow(s, here, K, d - n2, x, c - n2)
        if t.dim == 3:
            d += t.total
            s = outflow(s, here, K, d, x, c + n1 * n2)
            s = outflow(s, here, K, d - n1 * n2, x, c - n1 * n2)
        for k in range(m):
            s = add_multiple(s, load_lanes(blocks, WIDTH * (m * i + k)), x[np.uint64(WIDTH * c + k)])
        store_lanes(image, WIDTH * c, s)
