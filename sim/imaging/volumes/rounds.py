"""Cylinders and spheres on a Cartesian grid: each voxel takes the mean over a shell of its own thickness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Radius of the disc, or ball, as large as the 4 squares, or 8 cubes, that meet at the centre [their side].
CENTRAL = {2: np.sqrt(4.0 / np.pi), 3: np.cbrt(6.0 / np.pi)}


def symmetric_edges(radius: float, step: float) -> np.ndarray:
    """Faces of an even number of cells of at most `step`, from -radius to radius [m]."""
    half = max(1, int(np.ceil(radius / step - 1e-9)))
    return np.linspace(-radius, radius, 2 * half + 1)


class Shells:
    """Takes fields of a radius to voxels between `edges`, two of a cylinder, three of a sphere.

    A cube's shadow has the same variance in every direction, that of its side, so the shell of that
    thickness about the radius of its centre is what it holds, but for its curvature.
    """

    def __init__(self, faces: np.ndarray, edges: Sequence[np.ndarray]):
        """faces: (cells + 1,) radii of the cells [m]; edges: of the voxels, equal ones, an array an axis"""
        self.dimension, self.faces = len(edges), faces
        centres = [0.5 * (e[1:] + e[:-1]) for e in edges]
        # The corner at positive coordinates is worked out, and mirrored along the axes that are symmetric.
        self.mirrored = [bool(np.allclose(c, -c[::-1], rtol=0, atol=1e-9 * abs(e).max())) and c.size % 2 == 0
                         for c, e in zip(centres, edges, strict=True)]  # fmt: skip
        some = [c[c.size // 2 :] if m else c for c, m in zip(centres, self.mirrored, strict=True)]
        side = float(np.prod([e[1] - e[0] for e in edges]) ** (1.0 / self.dimension))
        squares = np.zeros((1,) * self.dimension)
        for k, c in enumerate(some):
            squares = squares + c.reshape([-1 if j == k else 1 for j in range(self.dimension)]) ** 2
        radius = np.sqrt(squares)
        central = radius < side  # nearest of all to the centre, which no shell would hold
        low = np.where(central, 0.0, np.maximum(radius - 0.5 * side, 0.0))
        high = np.where(central, CENTRAL[self.dimension] * side, radius + 0.5 * side)
        self._low, self._high = low**self.dimension, high**self.dimension
        self._axis = faces**self.dimension

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Values (cells,) on the voxels; nothing lies outside of the cells."""
        below = np.concatenate([[0.0], np.cumsum(values * np.diff(self._axis))])
        inside = np.interp(self._high, self._axis, below) - np.interp(self._low, self._axis, below)
        corner = inside / (self._high - self._low)
        for k, mirrored in enumerate(self.mirrored):
            if mirrored:
                corner = np.concatenate([np.flip(corner, k), corner], axis=k)
        return corner
