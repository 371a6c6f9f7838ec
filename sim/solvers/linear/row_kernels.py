"""Kernels of a row of cells in a multigrid cycle: block Gauss-Seidel, transfers between levels."""

from __future__ import annotations

import numpy as np

from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH
from sim.simd.lanes8 import (
    add_lanes,
    add_multiple,
    add_product,
    load_lanes,
    store_lanes,
    subtract_product,
    zero_lanes,
)


# These two take arrays, not Levels: handing those on cell by cell costs more than the arithmetic.
@kernel
def apply_inverse(inverse, x, c, m):
    """x = inverse x in cell c."""
    i, j = WIDTH * m * c, WIDTH * c
    s = zero_lanes(x)
    for k in range(m):
        s = add_multiple(s, load_lanes(inverse, i + WIDTH * k), x[np.uint64(j + k)])
    store_lanes(x, j, s)


@kernel
def inflow(s, c, K, x, n1, n2, dim, total):
    """s + what the neighbours of cell c give to it: sum of K x. K is 0 across the edge of the grid."""
    s = add_product(s, load_lanes(K, WIDTH * c), load_lanes(x, WIDTH * (c + 1)))
    s = add_product(s, load_lanes(K, WIDTH * (c - 1)), load_lanes(x, WIDTH * (c - 1)))
    d = c + total
    s = add_product(s, load_lanes(K, WIDTH * d), load_lanes(x, WIDTH * (c + n2)))
    s = add_product(s, load_lanes(K, WIDTH * (d - n2)), load_lanes(x, WIDTH * (c - n2)))
    if dim == 3:
        d += total
        s = add_product(s, load_lanes(K, WIDTH * d), load_lanes(x, WIDTH * (c + n1 * n2)))
        s = add_product(s, load_lanes(K, WIDTH * (d - n1 * n2)), load_lanes(x, WIDTH * (c - n1 * n2)))
    return s


@kernel
def relax_row(t, row, level, colour, from_zero):
    """Gauss-Seidel on the cells of one colour in a row; from_zero: their neighbours hold zero."""
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    m, dim, total, inverse, K, b, x = t.m, t.dim, t.total, t.inverse, t.K, t.b, t.x
    for k in range((colour + row // n1 + row % n1) & 1, n2, 2):
        c = at + row * n2 + k
        s = load_lanes(b, WIDTH * c)
        if not from_zero:
            s = inflow(s, c, K, x, n1, n2, dim, total)
        store_lanes(x, WIDTH * c, s)
        apply_inverse(inverse, x, c, m)


@kernel
def restrict_row(t, row, level):
    """A row of right-hand sides of the next level: sums of residuals of this one.

    After red from zero and then black the residual is zero on black cells, and on red ones what
    their black neighbours have given since.
    """
    n1, n2, at = t.levels[level, 1], t.levels[level, 2], t.levels[level, 3]
    c1, c2, coarse = t.levels[level + 1, 1], t.levels[level + 1, 2], t.levels[level + 1, 3]
    f0, f1, f2 = t.levels[level, 7] + row // c1, t.levels[level, 8] + row % c1, t.levels[level, 9]
    dim, total, first, K, b, x = t.dim, t.total, t.first, t.K, t.b, t.x
    for k in range(c2):
        s = zero_lanes(x)
        for i0 in range(first[f0], first[f0 + 1]):
            for i1 in range(first[f1], first[f1 + 1]):
                for i2 in range(first[f2 + k], first[f2 + k + 1]):
                    if (i0 + i1 + i2) & 1 == 0:
                        s = inflow(s, at + (i0 * n1 + i1) * n2 + i2, K, x, n1, n2, dim, total)
        store_lanes(b, WIDTH * (coarse + row * c2 + k), s)


@kernel
def between(x, p, q, w):
    """x[p] (1 - w) + x[q] w; with p = q the outside, where x vanishes, stands for q."""
    a = load_lanes(x, WIDTH * p)
    if p == q:
        return subtract_product(a, w, a)
    return add_product(subtract_product(a, w, a), w, load_lanes(x, WIDTH * q))


@kernel
def prolong_row(t, row, level):
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
    for k in range((row // n1 + row % n1) & 1, n2, 2):
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


@kernel
def copy_row(t, row, pack, v, factor):
    """b = factor v or v = factor x on a row of the finest level; v: the caller's [cell, species]."""
    m, n2, at, b, x = t.m, t.levels[0, 2], t.levels[0, 3], t.b, t.x
    for c in range(row * n2, (row + 1) * n2):
        for k in range(m):
            if pack:
                b[WIDTH * (at + c) + k] = v[c * m + k] * factor
            else:
                v[c * m + k] = x[WIDTH * (at + c) + k] * factor
