"""Cells of a section: where they lie, which live, and which nuclei the knife met.

Centres are jittered points of a square lattice, and each point of the section belongs to the nearest. A cell
is there with the chance that the share of cells tells; it lives, is dying or is dead with the shares of the
result. A nucleus is met with the chance (thickness + its size) / (size of a cell), capped at 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.imaging.sections.lattice import lattice
from sim.imaging.sections.stains import histology_numbers

JITTER = 0.85  # of the lattice's step, over which a centre may lie
MATRIX, LIVING, DYING, DEAD = range(4)
DRAWS = 8


class CellShares(NamedTuple):
    """Of tissue at places: cells that there were at the start, that live, that are dying [0-1]."""

    cells: np.ndarray
    living: np.ndarray
    dying: np.ndarray


class CellPixels(NamedTuple):
    """Of each pixel (v, u). kind: of its cell · nucleus: share of the pixel in a nucleus [0-1]
    border: share in the border between cells [0-1]"""

    kind: np.ndarray
    nucleus: np.ndarray
    border: np.ndarray


def cells_of(
    v: np.ndarray,
    u: np.ndarray,
    shares: Callable[[np.ndarray, np.ndarray], CellShares],
    thickness: float,
    seed: int,
    stream: str,
) -> CellPixels:
    """The cells of a window. v, u: places of rows and columns, rising, equally spaced [m]

    shares: of places v, u [m] of centres, arrays of one shape
    """
    known = histology_numbers()
    step, pixel = known.si("tissue.cell"), float(u[1] - u[0]) if u.size > 1 else float(v[1] - v[0])
    low = int(np.floor(v[0] / step)) - 1, int(np.floor(u[0] / step)) - 1
    high = int(np.floor(v[-1] / step)) + 2, int(np.floor(u[-1] / step)) + 2
    draws = lattice(seed, stream, low, high, DRAWS)
    rows, columns = np.ix_(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    at_v = (rows + 0.5 + JITTER * (draws[0] - 0.5)) * step
    at_u = (columns + 0.5 + JITTER * (draws[1] - 0.5)) * step
    kind = _kinds(shares(at_v, at_u), draws[2], draws[3])
    size = known.si("tissue.nucleus")
    met = draws[4] < (thickness + size) / step
    half = 0.5 * size * (0.8 + 0.4 * draws[5]) * np.where(kind == DYING, known.si("tissue.pyknosis"), 1.0)
    nearest, second, near = _nearest(v, u, at_v, at_u, low, step)
    dv, du = v[:, None] - at_v[near], u[None, :] - at_u[near]
    angle = np.pi * draws[6][near]
    long, short = du * np.cos(angle) + dv * np.sin(angle), dv * np.cos(angle) - du * np.sin(angle)
    slim = known.si("tissue.slim")
    inside = half[near] - np.hypot(long, short / slim)  # distance to the border, nearly
    share = _true_area(half * slim, pixel) * (met & (kind != MATRIX))
    nucleus = np.clip(inside * slim / pixel + 0.5, 0.0, 1.0) * share[near]
    width = known.si("tissue.border")
    border = np.clip(1.0 - (second - nearest) / max(width, pixel), 0.0, 1.0) * min(1.0, width / pixel)
    return CellPixels(kind[near], nucleus, border)


def _true_area(radius: np.ndarray, pixel: float) -> np.ndarray:
    """What discs with a border of a pixel's width are multiplied with to have their own area.

    The ramp (radius - d) / pixel + 1/2 holds pi (r^2 + p^2 / 12), or pi (r + p / 2)^3 / (3 p) where the disc
    is smaller than the pixel.
    """
    ramp = np.where(
        radius >= 0.5 * pixel, radius**2 + pixel**2 / 12.0, (radius + 0.5 * pixel) ** 3 / (3.0 * pixel)
    )
    return radius**2 / ramp


def _kinds(shares: CellShares, present: np.ndarray, state: np.ndarray) -> np.ndarray:
    """What each cell is, by two uniforms."""
    full = histology_numbers().si("tissue.cells")
    there = np.maximum(shares.cells, 1e-12)
    living, dying = shares.living / there, shares.dying / there
    kind = np.where(state < living, LIVING, np.where(state < living + dying, DYING, DEAD))
    return np.where(present < shares.cells / full, kind, MATRIX)


def _nearest(
    v: np.ndarray, u: np.ndarray, at_v: np.ndarray, at_u: np.ndarray, low: tuple[int, int], step: float
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Distances [m] to the nearest and second nearest centre, and the lattice point of the nearest."""
    i, j = np.floor(v / step).astype(int) - low[0], np.floor(u / step).astype(int) - low[1]
    shape = (v.size, u.size)
    first, second = np.full(shape, np.inf), np.full(shape, np.inf)
    row, column = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    for di in (-1, 0, 1):
        for dj in (-1, 0, 1):
            a, b = i[:, None] + di, j[None, :] + dj
            far = np.hypot(v[:, None] - at_v[a, b], u[None, :] - at_u[a, b])
            closer = far < first
            second = np.where(closer, first, np.minimum(second, far))
            first = np.where(closer, far, first)
            row, column = np.where(closer, a, row), np.where(closer, b, column)
    return first, second, (row, column)
