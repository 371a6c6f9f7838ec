"""Passes over all cells of a grid around its multigrid cycles; sums do not depend on the number of threads.

Cells are shared out, and summed, in PIECES pieces.
"""

from __future__ import annotations

from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH
from sim.simd.lanes8 import add_multiple, load_lanes, store_lanes, zero_lanes
from sim.solvers.linear.elimination import BetweenCells
from sim.solvers.linear.levels import Levels

PIECES = 64


@plain_kernel
def bounds(piece, n):
    """The cells of a piece, of n."""
    return piece * n // PIECES, (piece + 1) * n // PIECES


@plain_kernel(nogil=True)
def matrix_product(first, last, matrix: BetweenCells, weight, neighbour, x, out):
    """out = A x, K of the matrix times weight (m,). K may be anything where there is no neighbour (-1)."""
    local, K, loss = matrix.local, matrix.K, matrix.out
    n, m = x.shape
    each = K.shape[2] > 1
    a, _ = bounds(first, n)
    _, b = bounds(last - 1, n)
    for i in range(a, b):
        for s in range(m):
            total = loss[i, s] * x[i, s]
            for r in range(m):
                total += local[i, s, r] * x[i, r]
            out[i, s] = total
        for k in range(neighbour.shape[1]):
            j = neighbour[i, k]
            if j >= 0:
                for s in range(m):
                    out[i, s] += K[i, k, s if each else 0] * weight[s] * (x[i, s] - x[j, s])


@plain_kernel(nogil=True)
def sum_blocks(first, last, matrix: BetweenCells, part):
    """part[piece] = sum of local + diag(out) over the cells of a piece."""
    local, loss = matrix.local, matrix.out
    n, m = loss.shape
    for piece in range(first, last):
        s = part[piece]
        s[:, :] = 0.0
        a, b = bounds(piece, n)
        for i in range(a, b):
            for p in range(m):
                for q in range(m):
                    s[p, q] += local[i, p, q]
                s[p, p] += loss[i, p]


@plain_kernel(nogil=True)
def sum_cells(first, last, b, part):
    """part[piece] = sums of b (n, m) over the cells of a piece, species by species; behind them that of the
    squares of all."""
    n, m = b.shape
    for piece in range(first, last):
        s = part[piece]
        for k in range(m + 1):
            s[k] = 0.0
        low, high = bounds(piece, n)
        for i in range(low, high):
            for k in range(m):
                s[k] += b[i, k]
                s[m] += b[i, k] * b[i, k]


@plain_kernel(nogil=True)
def take_in(first, last, t: Levels, b, factor, level, part):
    """t.b = factor b - A level, the same level (m,) in all cells. part[piece] = sums of squares of what is
    left and of A level, and of the products of factor b and A level."""
    n, m = b.shape
    right, at = t.b, t.levels[0, 3]
    for piece in range(first, last):
        left, image, both = 0.0, 0.0, 0.0
        low, high = bounds(piece, n)
        for i in range(low, high):
            c = WIDTH * (at + i)
            s = zero_lanes(right)
            for k in range(m):
                s = add_multiple(s, load_lanes(t.blocks, WIDTH * (m * i + k)), level[k])
            store_lanes(right, c, s)
            for p in range(m):
                whole, there = factor * b[i, p], float(right[c + p])
                r = whole - there
                left += r * r
                image += there * there
                both += whole * there
                right[c + p] = r
        part[piece, 0], part[piece, 1], part[piece, 2] = left, image, both


@plain_kernel(nogil=True)
def give_out(first, last, matrix: BetweenCells, level, factor, at, found, x, part):
    """x = level + factor times what was found [cell, lane], and part[piece] = sums of (local + out) x over
    the cells of a piece, species by species. What is exchanged between cells sums to zero."""
    local, loss = matrix.local, matrix.out
    n, m = x.shape
    for piece in range(first, last):
        total = part[piece]
        for p in range(m):
            total[p] = 0.0
        low, high = bounds(piece, n)
        for i in range(low, high):
            for p in range(m):
                x[i, p] = level[p] + factor * found[WIDTH * (at + i) + p]
            for p in range(m):
                s = loss[i, p] * x[i, p]
                for q in range(m):
                    s += local[i, p, q] * x[i, q]
                total[p] += s


@plain_kernel(nogil=True)
def shift(first, last, by, x):
    """x (n, m) += by (m,)."""
    n, m = x.shape
    a, _ = bounds(first, n)
    _, b = bounds(last - 1, n)
    for i in range(a, b):
        for p in range(m):
            x[i, p] += by[p]
