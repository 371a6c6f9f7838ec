"""Coarse grids for multigrid: which cells join, and what they conduct, lose and react together.

Cells join in pairs along an axis, only along the axes of strong coupling; the last cell of an odd
number stays alone. Sums make a coarse cell; conductances between two coarse centres are fine ones
in series along the way and in parallel across it (with plain sums diffusion would be doubled).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit, prange

WEAK = 3.0  # an axis coupling this many times less than the strongest is not coarsened yet
ROUNDING = 64 * float(np.finfo(float).eps)


@dataclass(frozen=True)
class Axis:
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


def join(width: np.ndarray, pairs: bool) -> Axis:
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
    return Axis(first, ahead, parent, other, side, np.diff(edge[first]))


def hierarchy(shape: tuple[int, int, int], width: list[np.ndarray]) -> list[tuple[Axis, Axis, Axis]]:
    """Axes of each level but the last, which is one cell."""
    levels = []
    while max(shape) > 1:
        coupling = [np.mean(w) ** -2.0 if n > 1 else 0.0 for n, w in zip(shape, width, strict=True)]
        axes = [join(w, c * WEAK > max(coupling)) for w, c in zip(width, coupling, strict=True)]
        width = [a.width for a in axes]
        shape = tuple(w.size for w in width)
        levels.append(tuple(axes))
    return levels


def _conduct(K, axis, s, children, along, ahead, stride):
    """Conductance between two coarse centres from the fine ones between them.

    Lines in series, then side by side, is less than the truth; sections side by side, then in
    series, is more (Wiener's bounds). Their geometric mean is exact in layers of either direction.
    children: first and past-last fine index on each axis; along: (end of the first cell, last face)
    """
    low, high = children[0], children[1]
    less, more = 0.0, 0.0
    for i in range(low[0] if axis != 0 else 0, high[0] if axis != 0 else 1):
        for j in range(low[1] if axis != 1 else 0, high[1] if axis != 1 else 1):
            for k in range(low[2] if axis != 2 else 0, high[2] if axis != 2 else 1):
                line, way = i * stride[0] + j * stride[1] + k * stride[2], 0.0
                for f in range(low[axis], along[1]):
                    share = ahead[f] if f < along[0] else 1.0 - ahead[f]
                    if share > 0.0:
                        way += share / K[line + f * stride[axis], axis - 3 + K.shape[1], s]
                less += 1.0 / way
    for f in range(low[axis], along[1]):
        share, section = ahead[f] if f < along[0] else 1.0 - ahead[f], 0.0
        for i in range(low[0] if axis != 0 else 0, high[0] if axis != 0 else 1):
            for j in range(low[1] if axis != 1 else 0, high[1] if axis != 1 else 1):
                for k in range(low[2] if axis != 2 else 0, high[2] if axis != 2 else 1):
                    line = i * stride[0] + j * stride[1] + k * stride[2]
                    section += K[line + f * stride[axis], axis - 3 + K.shape[1], s]
        if share > 0.0:
            more += share / section
    return np.sqrt(less / more)


def _edge_way(K, cell, i, axis, s, low, high, n, ahead, stride):
    """Resistance from the coarse centre to a fine cell at an edge of the grid; 0 elsewhere."""
    way = 0.0
    d = axis - 3 + K.shape[1]
    if high - low > 1:
        if i == 0 and K[cell, d, s] > 0.0:
            way = (1.0 - ahead[i]) / K[cell, d, s]
        elif i == n - 1 and K[cell - stride, d, s] > 0.0:
            way = ahead[i - 1] / K[cell - stride, d, s]
    return way


conduct = njit(cache=True, error_model="numpy")(_conduct)
edge_way = njit(cache=True, error_model="numpy")(_edge_way)


def _join_cells(K, loss, shape, first, ahead, K_out, loss_out):
    """Coarse K (cells, axis, species) towards the next cell, and loss (cells, species).

    first, ahead: of the three axes. Loss of cells at the edge of the grid is through their outer
    face, as far as we know, so the way from the coarse centre to them comes in series with it.
    """
    m, dim = loss.shape[1], K.shape[1]
    c0, c1, c2 = first[0].size - 1, first[1].size - 1, first[2].size - 1
    stride = (shape[1] * shape[2], shape[2], 1)
    for row in prange(c0 * c1):
        for k in range(c2):
            at = (row // c1, row % c1, k)
            low = (first[0][at[0]], first[1][at[1]], first[2][k])
            high = (first[0][at[0] + 1], first[1][at[1] + 1], first[2][k + 1])
            out = row * c2 + k
            for s in range(m):
                for axis in range(3 - dim, 3):
                    total = 0.0
                    if at[axis] + 2 < first[axis].size:
                        along = (high[axis], first[axis][at[axis] + 2] - 1)
                        total = conduct(K, axis, s, (low, high), along, ahead[axis], stride)
                    K_out[out, axis - 3 + dim, s] = total
                total = 0.0
                for i in range(low[0], high[0]):
                    for j in range(low[1], high[1]):
                        for h in range(low[2], high[2]):
                            c, way = i * stride[0] + j * stride[1] + h, 0.0
                            at_fine = (i, j, h)
                            for axis in range(3 - dim, 3):
                                way += edge_way(
                                    K, c, at_fine[axis], axis, s, low[axis], high[axis], shape[axis],
                                    ahead[axis], stride[axis],
                                )  # fmt: skip
                            total += loss[c, s] / (1.0 + loss[c, s] * way)
                loss_out[out, s] = total


def _weigh(K, loss, axis, outer, n, inner, ahead, parent, other, side, start, W):
    """W[start + cell, lane] = weight of `other` along an axis, as constant flux gives it.

    That is the resistance from the centre of the parent to the cell, over that on to the centre of
    the other; or, beyond the outermost centre, over that on to the outside, where x vanishes.
    """
    m = loss.shape[1]
    for line in prange(outer * n):
        i, o = line % n, line // n
        for q in range(inner):
            cell = (o * n + i) * inner + q
            for s in range(m):
                w = 0.0
                if side[i] > 0:
                    near = ahead[i - 1] / K[cell - inner, axis, s]
                    if other[i] == parent[i]:
                        beyond = 1.0 / loss[cell, s]
                    else:
                        beyond = 1.0 / K[cell, axis, s]
                        if i + 2 < n and parent[i + 2] == parent[i + 1]:
                            beyond += (1.0 - ahead[i + 1]) / K[cell + inner, axis, s]
                    w = near / (near + beyond)
                elif side[i] < 0:
                    near = (1.0 - ahead[i]) / K[cell, axis, s]
                    if other[i] == parent[i]:
                        beyond = 1.0 / loss[cell, s]
                    else:
                        beyond = 1.0 / K[cell - inner, axis, s]
                        if i >= 2 and parent[i - 2] == parent[i - 1]:
                            beyond += ahead[i - 2] / K[cell - 2 * inner, axis, s]
                    w = near / (near + beyond)
                if not w >= 0.0:  # cut off from both
                    w = 0.0
                W[8 * (start + cell) + s] = w


def _join_blocks(local, n1, n2, first0, first1, first2, out):
    """Sums of local (cells, m, m) over coarse cells."""
    c1, c2, m = first1.size - 1, first2.size - 1, local.shape[1]
    for row in prange((first0.size - 1) * c1):
        p, q = row // c1, row % c1
        for k in range(c2):
            c = row * c2 + k
            for a in range(m):
                for b in range(m):
                    out[c, a, b] = 0.0
            for i in range(first0[p], first0[p + 1]):
                for j in range(first1[q], first1[q + 1]):
                    for h in range(first2[k], first2[k + 1]):
                        f = (i * n1 + j) * n2 + h
                        for a in range(m):
                            for b in range(m):
                                out[c, a, b] += local[f, a, b]


join_cells = njit(cache=True, parallel=True, error_model="numpy")(_join_cells)
weigh = njit(cache=True, parallel=True, error_model="numpy")(_weigh)
join_blocks = njit(cache=True, parallel=True, error_model="numpy")(_join_blocks)


def _invert(a, pivot, m):
    """a, m rows of 8, becomes its inverse (Gauss-Jordan, row exchanges); 1 when it is singular.

    Singular: a pivot at the rounding of the largest entry of its column (kept behind the rows).
    """
    for p in range(m):
        a[64 + p] = 0.0
        for i in range(m):
            a[64 + p] = max(a[64 + p], abs(a[8 * i + p]))
    for p in range(m):
        row, size = p, 0.0
        for i in range(m):
            if i >= p and abs(a[8 * i + p]) > abs(a[8 * row + p]):
                row = i
        pivot[p] = row
        value = a[8 * row + p]
        if not (abs(value) > ROUNDING * a[64 + p] and abs(value) < np.inf):
            return 1
        for k in range(m):
            size = a[8 * p + k]
            a[8 * p + k] = a[8 * row + k]
            a[8 * row + k] = size
        a[8 * p + p] = 1.0
        for k in range(m):
            a[8 * p + k] /= value
        for i in range(m):
            if i != p:
                f = a[8 * i + p]
                a[8 * i + p] = 0.0
                for k in range(m):
                    a[8 * i + k] -= f * a[8 * p + k]
    for p in range(m - 1, -1, -1):
        for i in range(m):
            size = a[8 * i + p]
            a[8 * i + p] = a[8 * i + pivot[p]]
            a[8 * i + pivot[p]] = size
    return 0


invert = njit(cache=True, error_model="numpy")(_invert)


def _fill(local, K, loss, n1, n2, at, total, scale, inverse, flat_K, bad, work, pivots):
    """One level of the tables of sim.solvers.cycles: inverse diagonal blocks, and K / scale.

    bad (rows,): 1 where a block is singular; work (rows, 72), pivots (rows, 8)
    """
    m, dim = loss.shape[1], K.shape[1]
    for row in prange(bad.size):
        bad[row] = 0
        a, pivot = work[row], pivots[row]
        for c in range(row * n2, (row + 1) * n2):
            for i in range(m):
                for k in range(m):
                    a[8 * i + k] = local[c, i, k] / scale
                out = loss[c, i]
                for d in range(dim):
                    stride = n2 * n1 if d == dim - 3 else (n2 if d == dim - 2 else 1)
                    there = c if d == dim - 3 else (c % (n1 * n2) if d == dim - 2 else c % n2)
                    out += K[c, d, i]
                    if there >= stride:
                        out += K[c - stride, d, i]
                    flat_K[8 * ((dim - 1 - d) * total + at + c) + i] = K[c, d, i] / scale
                a[8 * i + i] += out / scale
            if invert(a, pivot, m) != 0:
                bad[row] = 1
            for i in range(m):
                for k in range(m):
                    inverse[8 * (m * (at + c) + k) + i] = a[8 * i + k]


fill = njit(cache=True, parallel=True, error_model="numpy")(_fill)
