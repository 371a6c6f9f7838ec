"""Coarse grids for multigrid: which cells join, and what they conduct, lose and react together.

Cells join in pairs along an axis, only along the axes of strong coupling; the last cell of an odd
number stays alone. Sums make a coarse cell; conductances between two coarse centres are fine ones
in series along the way and in parallel across it (with plain sums diffusion would be doubled).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import prange

from sim.simd.constants import WIDTH
from sim.simd.regions import ParallelKernel

WEAK = 3.0  # an axis coupling this many times less than the strongest is not coarsened yet


class JoinedAxis(NamedTuple):
    """How n cells of an axis join: first (c+1,), the first fine cell of each coarse one.

    ahead (n,): share of the way from centre i to centre i + 1 that lies beyond the centre of the
    coarse cell of i; 1 at the last cell of a coarse one
    parent, other (n,): coarse cells on either side, other = parent beyond the outer centres
    side (n,): -1, 0, 1 where a cell's centre lies before, at, beyond that of its coarse cell
    width (c,): of the coarse cells
    """

    first: np.ndarray
    ahead: np.ndarray
    parent: np.ndarray
    other: np.ndarray
    side: np.ndarray
    width: np.ndarray


class Axes(NamedTuple):
    """Of a level, in the order of the grid."""

    first: JoinedAxis
    second: JoinedAxis
    third: JoinedAxis


class Lines(NamedTuple):
    """Lines of cells along an axis: how many cells lie outside it, on it, and between two neighbours."""

    outer: int
    cells: int
    inner: int


class Turned(NamedTuple):
    """Three axes, the one in question before the two others, a and b: numbers of coarse cells, strides of
    fine and of coarse cells, and the first fine cells of coarse ones."""

    counts: tuple[int, int, int]
    strides: tuple[int, int, int]
    coarse: tuple[int, int, int]
    first: np.ndarray
    first_a: np.ndarray
    first_b: np.ndarray


def shape_of(widths: list[np.ndarray]) -> tuple[int, int, int]:
    """Numbers of cells along three axes of these widths."""
    a, b, c = (w.size for w in widths)
    return a, b, c


def join(width: np.ndarray, pairs: bool) -> JoinedAxis:
    """Join cells of these widths in pairs, or leave them as they are."""
    n, size = width.size, 2 if pairs else 1
    first = np.append(np.arange(0, n, size), n)
    edge = np.concatenate([[0.0], np.cumsum(width)])
    centre, coarse = 0.5 * (edge[1:] + edge[:-1]), 0.5 * (edge[first[1:]] + edge[first[:-1]])
    parent = np.repeat(np.arange(first.size - 1), np.diff(first))
    side = np.sign(np.arange(n) - 0.5 * (first[parent] + first[parent + 1] - 1)).astype(np.int64)
    other = np.clip(parent + side, 0, first.size - 2)
    ahead = np.ones(n)
    inner = parent[:-1] == parent[1:]
    step = np.diff(centre)
    ahead[:-1][inner] = ((centre[1:] - coarse[parent[1:]]) / step)[inner]
    return JoinedAxis(first, ahead, parent, other, side, np.diff(edge[first]))


def hierarchy(width: list[np.ndarray]) -> list[Axes]:
    """Axes of each level but the last, which is one cell, from the widths of cells along three axes."""
    levels = []
    while max(shape := shape_of(width)) > 1:
        coupling = [np.mean(w) ** -2.0 if n > 1 else 0.0 for n, w in zip(shape, width, strict=True)]
        axes = [join(w, c * WEAK > max(coupling)) for w, c in zip(width, coupling, strict=True)]
        width = [a.width for a in axes]
        levels.append(Axes(*axes))
    return levels


@ParallelKernel
def join_along(K, axis, turned, ahead, K_out):
    """Coarse conductance along one axis, K (cells, axis, species) towards the next cell.

    Lines in series, then side by side, give less than the truth; sections side by side, then in
    series, give more. Their geometric mean is exact in layers of either direction, and prefers none.
    turned: the axis and the two others; ahead: of the axis (see JoinedAxis)
    """
    m = K.shape[2]
    n, n_a, n_b = turned.counts
    stride, stride_a, stride_b = turned.strides
    first, first_a, first_b, coarse = turned.first, turned.first_a, turned.first_b, turned.coarse
    for p in prange(n * n_a):
        c, a = p // n_a, p % n_a
        for b in range(n_b):
            out = c * coarse[0] + a * coarse[1] + b * coarse[2]
            for s in range(m):
                less, more = 0.0, 0.0
                for f in range(first[c], first[c + 2] - 1 if c + 1 < n else 0):
                    section = 0.0
                    for i in range(first_a[a], first_a[a + 1]):
                        for j in range(first_b[b], first_b[b + 1]):
                            section += K[i * stride_a + j * stride_b + f * stride, axis, s]
                    more += (ahead[f] if f < first[c + 1] else 1.0 - ahead[f]) / section
                for i in range(first_a[a], first_a[a + 1]):
                    for j in range(first_b[b], first_b[b + 1]):
                        line, way = i * stride_a + j * stride_b, 0.0
                        for f in range(first[c], first[c + 2] - 1 if c + 1 < n else 0):
                            share = ahead[f] if f < first[c + 1] else 1.0 - ahead[f]
                            way += share / K[line + f * stride, axis, s]
                        less += 1.0 / way
                K_out[out, axis, s] = np.sqrt(less / more) if c + 1 < n else 0.0


@ParallelKernel
def edge_ways(K, axis, lines, along, way):
    """Add to way (cells, species) the resistance from the coarse centre to cells at the grid's edge."""
    outer, n, inner, first, ahead = lines.outer, lines.cells, lines.inner, along.first, along.ahead
    m = way.shape[1]
    for o in prange(outer):
        for q in range(inner):
            i, j = o * n * inner + q, (o * n + n - 1) * inner + q
            for s in range(m):
                if first[1] > 1 and K[i, axis, s] > 0.0:
                    way[i, s] += (1.0 - ahead[0]) / K[i, axis, s]
                if n - first[first.size - 2] > 1 and K[j - inner, axis, s] > 0.0:
                    way[j, s] += ahead[n - 2] / K[j - inner, axis, s]


@ParallelKernel
def interpolation_weights(K, loss, axis, lines, along, start, W):
    """W[start + cell, lane] = weight of `other` along an axis, as constant flux gives it.

    That is the resistance from the centre of the parent to the cell, over that on to the centre of
    the other; or, beyond the outermost centre, over that on to the outside, where x vanishes.
    """
    m = loss.shape[1]
    outer, n, inner = lines.outer, lines.cells, lines.inner
    ahead, parent, other, side = along.ahead, along.parent, along.other, along.side
    for line in prange(outer * n):
        i = line % n
        # The face between the cell and its parent's centre; the one towards `other`; the one beyond.
        if side[i] > 0:
            near, there, beyond, share = -inner, 0, inner, ahead[i - 1]
            paired = i + 2 < n and parent[i + 2] == parent[i + 1]
            rest = 1.0 - ahead[i + 1] if paired else 0.0
        else:
            near, there, beyond, share = 0, -inner, -2 * inner, 1.0 - ahead[i]
            paired = i >= 2 and parent[i - 2] == parent[i - 1]
            rest = ahead[i - 2] if paired else 0.0
        for q in range(inner):
            cell = line * inner + q
            for s in range(m):
                w = 0.0
                if side[i] != 0:
                    k = K[cell + near, axis, s]
                    if other[i] == parent[i]:
                        w = share * loss[cell, s]
                        w /= w + k
                    else:
                        k1 = K[cell + there, axis, s]
                        k2 = K[cell + beyond, axis, s] if paired else 1.0
                        w = share * k1 * k2
                        w /= w + k * (k2 + rest * k1)
                if not w >= 0.0:  # cut off from both
                    w = 0.0
                W[WIDTH * (start + cell) + s] = w


@ParallelKernel
def join_cells(local, loss, way, shape, axes, out, loss_out):
    """Sums of local (cells, m, m) and loss (cells, m) over coarse cells.

    Loss of cells at the edge of the grid is through their outer face, as far as we know, so the
    way to them from the coarse centre (edge_ways) comes in series with it.
    """
    first0, first1, first2 = axes.first.first, axes.second.first, axes.third.first
    n1, n2 = shape[1], shape[2]
    c1, c2, m = first1.size - 1, first2.size - 1, local.shape[1]
    for row in prange((first0.size - 1) * c1):
        p, q = row // c1, row % c1
        for k in range(c2):
            c = row * c2 + k
            for a in range(m):
                for b in range(m):
                    out[c, a, b] = 0.0
                loss_out[c, a] = 0.0
            for i in range(first0[p], first0[p + 1]):
                for j in range(first1[q], first1[q + 1]):
                    for h in range(first2[k], first2[k + 1]):
                        f = (i * n1 + j) * n2 + h
                        for a in range(m):
                            for b in range(m):
                                out[c, a, b] += local[f, a, b]
                            loss_out[c, a] += loss[f, a] / (1.0 + loss[f, a] * way[f, a])
