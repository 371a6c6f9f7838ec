"""Means of a volume of voxels over the shells of a cylinder or sphere, from points spread on each shell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

LAYERS = 4  # radii in a shell, at the middles of parts of equal volume
FEWEST, MOST = 256, 50_000  # points of a radius
PER_VOXEL = 4.0  # points on the surface of a voxel that a radius crosses
FINE = 8  # parts of a voxel's side where the outermost shell cuts it
GOLDEN = np.pi * (3.0 - np.sqrt(5.0))  # angle between points of a spiral that covers a sphere evenly


def shell_means(
    values: np.ndarray, faces: np.ndarray, middle: Sequence[float], sides: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Per shell the sum of what lies in it over its volume, and the share of it that voxels cover.

    values: on two axes of a cylinder, three of a sphere; faces: (shells + 1,) radii [m]
    middle, sides: of the volume about the axis or centre, and of a voxel, in the order of the axes [m]
    A mean is that of points that are spread evenly over the shell, so a constant comes out exactly.
    """
    shape, n = np.array(values.shape), values.ndim
    start = np.array(middle) - 0.5 * shape * np.array(sides)
    finest = float(min(sides))
    sums, shares = np.zeros(faces.size - 1), np.zeros(faces.size - 1)
    for k, (low, high) in enumerate(zip(faces, faces[1:], strict=False)):
        parts = low**n + (np.arange(LAYERS) + 0.5) / LAYERS * (high**n - low**n)
        for radius in parts ** (1.0 / n):
            points = radius * _directions(n, radius / finest)
            at = np.floor((points - start) / np.array(sides)).astype(int)
            inside = np.all((at >= 0) & (at < shape), axis=1)
            found = values[tuple(at[inside].T)]
            sums[k] += found.sum() / len(points) / LAYERS
            shares[k] += np.count_nonzero(inside) / len(points) / LAYERS
    return sums, shares


def within(values: np.ndarray, radius: float, middle: Sequence[float], sides: Sequence[float]) -> float:
    """Integral of a volume over a disc or ball [values times m2 or m3]; voxels at its edge count by parts."""
    axes = [
        m + (np.arange(c) - 0.5 * (c - 1)) * s for m, c, s in zip(middle, values.shape, sides, strict=True)
    ]
    near, far = (_distances(axes, sides, sign) for sign in (-1.0, 1.0))
    cell = float(np.prod(sides))
    total = float(values[far <= radius].sum())
    cut = np.argwhere((near < radius) & (far > radius) & (values != 0.0))
    parts = (np.arange(FINE) + 0.5) / FINE - 0.5
    inner = np.stack(np.meshgrid(*[parts * s for s in sides], indexing="ij"), -1).reshape(-1, len(sides))
    for at in cut:
        centre = np.array([a[i] for a, i in zip(axes, at, strict=True)])
        share = np.mean(((inner + centre) ** 2).sum(1) <= radius**2)
        total += float(values[tuple(at)]) * share
    return total * cell


def _distances(axes: Sequence[np.ndarray], sides: Sequence[float], sign: float) -> np.ndarray:
    """Of the nearest (-1) or farthest (1) point of each voxel from the axis or centre."""
    squares = np.zeros((1,) * len(axes))
    for k, (a, s) in enumerate(zip(axes, sides, strict=True)):
        reach = np.maximum(np.abs(a) + 0.5 * sign * s, 0.0)
        squares = squares + reach.reshape([-1 if j == k else 1 for j in range(len(axes))]) ** 2
    return np.sqrt(squares)


def _directions(n: int, radius: float) -> np.ndarray:
    """Unit vectors (points, n), evenly spread; radius: in voxels, which says how many."""
    around = 2.0 * np.pi * radius if n == 2 else 4.0 * np.pi * radius**2
    count = int(np.clip(PER_VOXEL * around, FEWEST, MOST))
    k = np.arange(count) + 0.5
    if n == 2:
        angle = 2.0 * np.pi * k / count
        return np.stack([np.sin(angle), np.cos(angle)], 1)
    z, angle = 1.0 - 2.0 * k / count, GOLDEN * k
    flat = np.sqrt(1.0 - z * z)
    return np.stack([z, flat * np.sin(angle), flat * np.cos(angle)], 1)
