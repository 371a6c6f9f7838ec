"""Cells around the points of a plane: of a grid, or of whatever point is nearest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.plotting.sweeps.columns import Column

MARGIN = 0.04  # of the extent: how far the cells of scattered points reach beyond them


class CellPolygons(NamedTuple):
    """polygons: corners of the cell of each point, (corners, 2) as drawn
    borders: (point, neighbour, ends of the border between them (2, 2))
    x, y: limits of the plane
    """

    polygons: list[np.ndarray]
    borders: list[tuple[int, int, np.ndarray]]
    x: tuple[float, float]
    y: tuple[float, float]


def grid_cells(x: np.ndarray, y: np.ndarray, across: Column, up: Column) -> CellPolygons:
    """Cells of a grid of levels x and y; point k has level k % x.size of x and k // x.size of y."""
    ex, ey = _edges(x, across), _edges(y, up)
    polygons, borders = [], []
    for j in range(y.size):
        for i in range(x.size):
            left, right, low, top = ex[i], ex[i + 1], ey[j], ey[j + 1]
            polygons.append(np.array([(left, low), (right, low), (right, top), (left, top)]))
            k = j * x.size + i
            if i + 1 < x.size:
                borders.append((k, k + 1, np.array([(right, low), (right, top)])))
            if j + 1 < y.size:
                borders.append((k, k + x.size, np.array([(left, top), (right, top)])))
    return CellPolygons(polygons, borders, (ex[0], ex[-1]), (ey[0], ey[-1]))


def _edges(level: np.ndarray, axis: Column) -> np.ndarray:
    """Borders halfway between levels, in the sense of the axis; the outermost as far beyond."""
    at = axis.position(level)
    middle = 0.5 * (at[1:] + at[:-1])
    edges = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return 10.0**edges if axis.log else edges


def nearest_cells(x: np.ndarray, y: np.ndarray, across: Column, up: Column) -> CellPolygons:
    """For each point the region that is nearer to it than to any other (Voronoi), within a frame.

    Distances are measured on the page: along each axis as a share of its extent, on its scale.
    """
    from scipy.spatial import Voronoi

    u, (u0, u1) = _share(across.position(x))
    v, (v0, v1) = _share(up.position(y))
    low, high = -MARGIN, 1.0 + MARGIN
    # Images behind the four sides of the frame: the borders between a point and its own image are
    # the sides, so that the cells of the points themselves end there.
    images = [(u, v), (2 * low - u, v), (2 * high - u, v), (u, 2 * low - v), (u, 2 * high - v)]
    found = Voronoi(np.concatenate([np.stack(image, axis=1) for image in images]))
    corners = np.clip(found.vertices, low, high)  # sides are met to rounding

    def drawn(points: np.ndarray) -> np.ndarray:
        a = u0 + points[:, 0] * (u1 - u0)
        b = v0 + points[:, 1] * (v1 - v0)
        return np.stack([10.0**a if across.log else a, 10.0**b if up.log else b], axis=1)

    polygons = []
    for k in range(x.size):
        region = corners[found.regions[found.point_region[k]]]
        turn = np.argsort(np.arctan2(region[:, 1] - v[k], region[:, 0] - u[k]))
        polygons.append(drawn(region[turn]))
    borders = [
        (int(i), int(j), drawn(corners[ends]))
        for (i, j), ends in zip(found.ridge_points, found.ridge_vertices, strict=True)
        if i < x.size and j < x.size
    ]
    frame = drawn(np.array([(low, low), (high, high)]))
    return CellPolygons(polygons, borders, tuple(frame[:, 0]), tuple(frame[:, 1]))


def _share(at: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    low, high = float(at.min()), float(at.max())
    return (at - low) / (high - low), (low, high)
