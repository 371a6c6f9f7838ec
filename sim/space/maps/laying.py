"""Voxels laid on a grid: means over flat cells by overlap, over shells by points spread on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.errors import ScenarioError
from sim.space.geometries import GEOMETRIES
from sim.space.grid import Grid
from sim.space.maps.shell_means import shell_means, within
from sim.space.mask import overlaps
from sim.texts import length_text

RADIUS = "r"
# Along how many axes each geometry sees voxels: r is of x and y in a cylinder, of all three in a sphere.
AXES = {n: len(g.axes) for n, g in GEOMETRIES.items()}
AXES |= {n: 2 if g.nominal else 3 for n, g in GEOMETRIES.items() if RADIUS in g.axes}


class Laid(NamedTuple):
    """A map on a grid.

    means: sums of what voxels hold in a cell over its volume (n,); share: of it that they cover (n,)
    correction: what shells are to be multiplied with to hold what the voxels hold; 1 for flat cells
    lost: share of what the voxels hold that lies outside of the grid
    """

    means: np.ndarray
    share: np.ndarray
    correction: float
    lost: float


def laid(seen: np.ndarray, middle: Sequence[float], sides: Sequence[float], grid: Grid) -> Laid:
    """Voxels on a grid.

    seen: (z, y, x), or less where the grid has fewer axes: (y, x), (x,), (1,) of a stirred cell
    middle, sides: of the volume, and of a voxel, along z, y, x [m]
    """
    if not grid.axes:
        return Laid(seen.copy(), np.ones(1), 1.0, 0.0)
    middle, sides = middle[-seen.ndim :], sides[-seen.ndim :]
    if RADIUS in grid.axes:
        return _round(seen, middle, sides, grid)
    held, volumes = seen.T, np.ones(())  # indexed [x, y, z]
    covered = np.ones(held.shape)
    for d, axis in enumerate(grid.axes):
        n, side = held.shape[d], sides[-1 - d]
        pixels = middle[-1 - d] + (np.arange(n + 1) - 0.5 * n) * side
        faces = grid.edges[axis]
        along = overlaps(faces, pixels)
        if _halved(grid):  # the other half is its mirror image: the mean of both
            along = 0.5 * (along + overlaps(-faces[::-1], pixels)[::-1])
        held = np.moveaxis(np.tensordot(along, held, (1, d)), 0, d)
        covered = np.moveaxis(np.tensordot(along, covered, (1, d)), 0, d)
        volumes = np.multiply.outer(volumes, np.diff(faces) / side)
    inside = float((held * volumes).sum()) * (2.0 if _halved(grid) else 1.0)
    return Laid(held.ravel(), np.minimum(covered.ravel(), 1.0), 1.0, 1.0 - inside / float(seen.sum()))


def _halved(grid: Grid) -> bool:
    """Whether a grid is one half of the tissue, from a mid-plane on."""
    return bool(GEOMETRIES[grid.kind].flat and GEOMETRIES[grid.kind].inside)


def _round(seen: np.ndarray, middle: Sequence[float], sides: Sequence[float], grid: Grid) -> Laid:
    faces = grid.edges[RADIUS]
    means, share = shell_means(seen, faces, middle, sides)
    inside = within(seen, float(faces[-1]), middle, sides)
    inside -= within(seen, float(faces[0]), middle, sides) if faces[0] > 0 else 0.0
    now = float(means @ grid.volume)
    if not now > 0:
        raise ScenarioError(f"nothing of what the voxels of a map hold lies within {length_text(faces[-1])}.")
    whole = float(seen.sum() * np.prod(sides))
    return Laid(means, share, inside / now, 1.0 - inside / whole)
