"""Means of a field over voxels: one matrix an axis, exact for fields that are constant in each cell."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr


def averages(edges: np.ndarray, centres: np.ndarray, width: float, spread: float = 0.0) -> np.ndarray:
    """The matrix (windows, cells) that takes values of cells to their means over windows along an axis.

    edges: (cells + 1,) rising [m]; centres: (windows,) of the windows, width: of each [m]
    spread: standard deviation of the Gaussian that blurs the field first [m]
    What a row lacks to 1 lies outside of the cells. The mean over a window [a, b] of a blurred cell [p, q] is
    (G(b-p) - G(a-p) - G(b-q) + G(a-q)) / (b-a), G being the second integral of the Gaussian.
    """
    low, high = centres - 0.5 * width, centres + 0.5 * width
    rise = _second_integral(high[:, None] - edges, spread) - _second_integral(low[:, None] - edges, spread)
    return (rise[:, :-1] - rise[:, 1:]) / width


def _second_integral(u: np.ndarray, spread: float) -> np.ndarray:
    """Twice integrated Gaussian of a standard deviation; of none, the ramp max(u, 0)."""
    if spread == 0.0:
        return np.maximum(u, 0.0)
    scaled = u / spread
    density = np.exp(-0.5 * scaled**2) / np.sqrt(2.0 * np.pi)
    return u * ndtr(scaled) + spread * density


def averaged(field: np.ndarray, along: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    """A field (z, y, x) taken to windows by a matrix for each axis; a field of several, (n, z, y, x)."""
    first = field.ndim - 3
    # The axis that shrinks most goes first, which makes the next product small.
    for k in sorted(range(3), key=lambda k: along[k].shape[0] / along[k].shape[1]):
        field = np.moveaxis(np.tensordot(along[k], field, (1, first + k)), 0, first + k)
    return np.ascontiguousarray(field)


def regular_centres(length: float, step: float, offset: float = 0.0) -> np.ndarray:
    """Centres [m] of the windows of a width that cover a length about 0, moved by an offset."""
    count = max(1, int(np.ceil(length / step - 1e-9)))
    return (np.arange(count) - 0.5 * (count - 1)) * step + offset
