"""Kernels of the direct solve: elimination inside cells, block Thomas along a line of cells.

All in one file: a compiled kernel is cached by the text of its own file only.
"""

from __future__ import annotations

import numpy as np
from numba import njit


def _lu(a, pivot):
    """LU with partial pivoting in place; pivot (n,). Returns 0, or 1 when singular."""
    n = pivot.size
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[p, k]):
                p = i
        pivot[k] = p
        if a[p, k] == 0.0 or a[p, k] != a[p, k]:
            return 1
        if p != k:
            for j in range(n):
                a[k, j], a[p, j] = a[p, j], a[k, j]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            f = a[i, k]
            if f != 0.0:
                for j in range(k + 1, n):
                    a[i, j] -= f * a[k, j]
    return 0


def _lu_solve(a, pivot, b):
    """Solve with the factors of _lu, b (n,) in place."""
    n = pivot.size
    for k in range(n):  # all exchanges first: the rows of L were exchanged along with those of U
        p = pivot[k]
        b[k], b[p] = b[p], b[k]
    for k in range(n):
        f = b[k]
        if f != 0.0:
            for i in range(k + 1, n):
                b[i] -= a[i, k] * f
    for i in range(n - 1, -1, -1):
        s = b[i]
        for j in range(i + 1, n):
            s -= a[i, j] * b[j]
        b[i] = s / a[i, i]


lu = njit(cache=True, error_model="numpy")(_lu)
lu_solve = njit(cache=True, error_model="numpy")(_lu_solve)


def _eliminate(block, gamma, mobile, immobile, coupling, loss, porosity, inner, pivot, up, low, schur):
    """Factor the immobile part of every cell; schur (n, m, m) gets the mobile rest.

    inner (n, q, q) LU of B_II, up (n, q, m) = B_II^-1 B_IM, low (n, m, q) = B_MI.
    """
    n, m, q = block.shape[0], mobile.size, immobile.size
    column = np.zeros(q)
    for i in range(n):
        for a in range(q):
            for b in range(q):
                inner[i, a, b] = -gamma * block[i, immobile[a], immobile[b]]
            inner[i, a, a] += 1.0
        if lu(inner[i], pivot[i]) != 0:
            return 1
        for b in range(m):
            for a in range(q):
                column[a] = -gamma * block[i, immobile[a], mobile[b]]
            lu_solve(inner[i], pivot[i], column)
            for a in range(q):
                up[i, a, b] = column[a]
        for a in range(m):
            for b in range(q):
                low[i, a, b] = -gamma * block[i, mobile[a], immobile[b]]
        for a in range(m):
            for b in range(m):
                s = -gamma * block[i, mobile[a], mobile[b]]
                for k in range(q):
                    s -= low[i, a, k] * up[i, k, b]
                schur[i, a, b] = s
            out = loss[i, 0, a] + loss[i, 1, a]
            for k in range(coupling.shape[1]):
                out += coupling[i, k, a]
            schur[i, a, a] += 1.0 + gamma * out / porosity[i]
    return 0


def _thomas_factor(schur, gamma, coupling, porosity, pivot):
    """Block LU of the block tridiagonal matrix, in place in `schur`.

    Off-diagonal blocks are diagonal: -gamma x coupling / porosity of the neighbour.
    """
    n, m = schur.shape[0], schur.shape[1]
    column = np.zeros(m)
    for i in range(n):
        if i > 0:
            for b in range(m):
                upper = -gamma * coupling[i - 1, 1, b] / porosity[i]
                for a in range(m):
                    column[a] = 0.0
                column[b] = upper
                lu_solve(schur[i - 1], pivot[i - 1], column)
                for a in range(m):
                    lower = -gamma * coupling[i, 0, a] / porosity[i - 1]
                    schur[i, a, b] -= lower * column[a]
        if lu(schur[i], pivot[i]) != 0:
            return 1
    return 0


def _thomas_solve(schur, gamma, coupling, porosity, pivot, b):
    """b (n, m) in place."""
    n, m = b.shape
    v = np.zeros(m)
    for i in range(n):
        if i > 0:
            for a in range(m):
                v[a] = b[i - 1, a]
            lu_solve(schur[i - 1], pivot[i - 1], v)
            for a in range(m):
                b[i, a] += gamma * coupling[i, 0, a] / porosity[i - 1] * v[a]
    for i in range(n - 1, -1, -1):
        if i < n - 1:
            for a in range(m):
                b[i, a] += gamma * coupling[i, 1, a] / porosity[i + 1] * b[i + 1, a]
        lu_solve(schur[i], pivot[i], b[i])


def _restrict(r, scale, mobile, immobile, inner, pivot, low, y, b):
    """y = B_II^-1 r_I and b = r_M - B_MI y in every cell, in units of `scale`."""
    for i in range(r.shape[0]):
        for a in range(immobile.size):
            y[i, a] = r[i, immobile[a]] / scale[immobile[a]]
        lu_solve(inner[i], pivot[i], y[i])
        for a in range(mobile.size):
            s = r[i, mobile[a]] / scale[mobile[a]]
            for k in range(immobile.size):
                s -= low[i, a, k] * y[i, k]
            b[i, a] = s


def _prolong(x, scale, mobile, immobile, up, y, z):
    """z_M = x and z_I = y - B_II^-1 B_IM x in every cell, back in the species' units."""
    for i in range(z.shape[0]):
        for a in range(mobile.size):
            z[i, mobile[a]] = x[i, a] * scale[mobile[a]]
        for a in range(immobile.size):
            s = y[i, a]
            for k in range(mobile.size):
                s -= up[i, a, k] * x[i, k]
            z[i, immobile[a]] = s * scale[immobile[a]]


def _times(block, coupling, loss, porosity, neighbour, volume, mobile, v, tail, out, out_tail):
    """out = J v over cells (n, s) and out_tail (2, m) = derivative of what is supplied."""
    n, s = v.shape
    out_tail[:, :] = 0.0
    for i in range(n):
        for a in range(s):
            total = 0.0
            for b in range(s):
                total += block[i, a, b] * v[i, b]
            out[i, a] = total
        for a in range(mobile.size):
            c = v[i, mobile[a]] / porosity[i]
            total = 0.0
            for k in range(neighbour.shape[1]):
                j = neighbour[i, k]
                if j >= 0:
                    total += coupling[i, k, a] * (v[j, mobile[a]] / porosity[j] - c)
            out[i, mobile[a]] += total - (loss[i, 0, a] + loss[i, 1, a]) * c
            out_tail[0, a] -= loss[i, 0, a] * c * volume[i]
            out_tail[1, a] -= loss[i, 1, a] * c * volume[i]


eliminate = njit(cache=True, error_model="numpy")(_eliminate)
thomas_factor = njit(cache=True, error_model="numpy")(_thomas_factor)
thomas_solve = njit(cache=True, error_model="numpy")(_thomas_solve)
restrict = njit(cache=True, error_model="numpy")(_restrict)
prolong = njit(cache=True, error_model="numpy")(_prolong)
times = njit(cache=True, error_model="numpy")(_times)
