"""Coarse grids for multigrid: which cells join, and what they conduct, lose and react together.

Cells join in pairs along an axis, only along the axes of strong coupling; the last cell of an odd
number stays alone. Sums make a coarse cell; conductances between two coarse centres are fine ones
in series along the way and in parallel across it (with plain sums diffusion would be doubled).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH

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
    """Lines of cells along an axis: how many cells lie outside it, on it, and between two neighbours; where
    their conductances and weights begin in `Levels.K` and `Levels.W`, in cells."""

    outer: int
    cells: int
    inner: int
    start: int


class Turned(NamedTuple):
    """Three axes, the one in question before the two others, a and b: numbers of coarse cells, strides of
    fine and of coarse cells, and the first fine cells of coarse ones. fine, below: where the conductances
    along the axis begin in `Levels.K`, of this level and the next, in cells."""

    counts: tuple[int, int, int]
    strides: tuple[int, int, int]
    coarse: tuple[int, int, int]
    first: np.ndarray
    first_a: np.ndarray
    first_b: np.ndarray
    fine: int
    below: int


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


@plain_kernel(nogil=True)
def join_along(first, last, K, turned: Turned, ahead, m):
    """Conductances of the next level along one axis, lines first..last of those of coarse cells side by side.

    Lines in series, then side by side, give less than the truth; sections side by side, then in
    series, give more. Their geometric mean is exact in layers of either direction, and prefers none.
    K: of all levels; turned: the axis and the two others; ahead: of the axis (see JoinedAxis)
    """
    n, n_a, n_b = turned.counts
    stride, stride_a, stride_b = turned.strides
    step, step_a, step_b = turned.coarse
    start, first_a, first_b = turned.first, turned.first_a, turned.first_b
    fine, below = turned.fine, turned.below
    for p in range(first, last):
        c, a = p // n_a, p % n_a
        for b in range(n_b):
            out = below + c * step + a * step_a + b * step_b
            for s in range(m):
                less, more = 0.0, 0.0
                for f in range(start[c], start[c + 2] - 1 if c + 1 < n else 0):
                    section = 0.0
                    for i in range(first_a[a], first_a[a + 1]):
                        for j in range(first_b[b], first_b[b + 1]):
                            section += K[WIDTH * (fine + i * stride_a + j * stride_b + f * stride) + s]
                    more += (ahead[f] if f < start[c + 1] else 1.0 - ahead[f]) / section
                for i in range(first_a[a], first_a[a + 1]):
                    for j in range(first_b[b], first_b[b + 1]):
                        line, way = fine + i * stride_a + j * stride_b, 0.0
                        for f in range(start[c], start[c + 2] - 1 if c + 1 < n else 0):
                            share = ahead[f] if f < start[c + 1] else 1.0 - ahead[f]
                            way += share / K[WIDTH * (line + f * stride) + s]
                        less += 1.0 / way
                K[WIDTH * out + s] = np.sqrt(less / more) if c + 1 < n else 0.0


@plain_kernel(nogil=True)
def edge_ways(first, last, K, unit, lines: Lines, along: JoinedAxis, way):
    """Add to way (cells, species) the resistance from the coarse centre to cells at the grid's edge, for the
    lines first..last. K over unit is in the units of losses"""
    n, inner, start, ahead = lines.cells, lines.inner, along.first, along.ahead
    m = way.shape[1]
    for o in range(first, last):
        for q in range(inner):
            i, j = o * n * inner + q, (o * n + n - 1) * inner + q
            for s in range(m):
                k = K[WIDTH * (lines.start + i) + s]
                if start[1] > 1 and k > 0.0:
                    way[i, s] += (1.0 - ahead[0]) * unit / k
                k = K[WIDTH * (lines.start + j - inner) + s]
                if n - start[start.size - 2] > 1 and k > 0.0:
                    way[j, s] += ahead[n - 2] * unit / k


@plain_kernel(nogil=True)
def interpolation_weights(first, last, K, W, loss, unit, lines: Lines, along: JoinedAxis):
    """Weights of `other` along an axis, as constant flux gives them, for the lines first..last across it.

    That is the resistance from the centre of the parent to the cell, over that on to the centre of
    the other; or, beyond the outermost centre, over that on to the outside, where x vanishes.
    loss times unit is in the units of K
    """
    m, n, inner, at = loss.shape[1], lines.cells, lines.inner, lines.start
    ahead, parent, other, side = along.ahead, along.parent, along.other, along.side
    for line in range(first, last):
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
            cell = at + line * inner + q
            for s in range(m):
                w = 0.0
                if side[i] != 0:
                    k = float(K[WIDTH * (cell + near) + s])
                    if other[i] == parent[i]:
                        w = share * loss[line * inner + q, s] * unit
                        w /= w + k
                    else:
                        k1 = float(K[WIDTH * (cell + there) + s])
                        k2 = float(K[WIDTH * (cell + beyond) + s]) if paired else 1.0
                        w = share * k1 * k2
                        w /= w + k * (k2 + rest * k1)
                if not w >= 0.0:  # cut off from both
                    w = 0.0
                W[WIDTH * cell + s] = w


@plain_kernel(nogil=True)
def join_cells(first, last, shape, axes: Axes, local, loss, way, out, loss_out):
    """Sums of local (cells, m, m) and loss (cells, m) over coarse cells, rows first..last of these.

    Loss of cells at the edge of the grid is through their outer face, as far as we know, so the
    way to them from the coarse centre (edge_ways) comes in series with it.
    """
    first0, first1, first2 = axes.first.first, axes.second.first, axes.third.first
    n1, n2 = shape[1], shape[2]
    c1, c2, m = first1.size - 1, first2.size - 1, local.shape[1]
    for row in range(first, last):
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
