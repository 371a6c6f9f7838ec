"""Random numbers on a lattice that covers the plane: the same at a place whatever the window looked at."""

from __future__ import annotations

import numpy as np

from sim.space.chance import uniform

TILE = 32  # points along a side that are drawn at once
OFFSET = 2**20  # tiles on either side of the origin
SPREAD, REACH = 0.6, 2  # of the blur, and the lattice points on either side that it takes in


def lattice(seed: int, stream: str, low: tuple[int, int], high: tuple[int, int], count: int) -> np.ndarray:
    """Uniforms in (0, 1), (count, rows, columns), at lattice points low <= (row, column) < high."""
    first = [a // TILE for a in low]
    last = [(b - 1) // TILE + 1 for b in high]
    bands = []
    for i in range(first[0], last[0]):
        row = []
        for j in range(first[1], last[1]):
            number = (i + OFFSET) * 2 * OFFSET + j + OFFSET
            row.append(uniform(seed, stream, number, count * TILE * TILE).reshape(count, TILE, TILE))
        bands.append(np.concatenate(row, axis=2))
    whole = np.concatenate(bands, axis=1)
    a, b = low[0] - first[0] * TILE, low[1] - first[1] * TILE
    return whole[:, a : a + high[0] - low[0], b : b + high[1] - low[1]]


def roughness(seed: int, stream: str, v: np.ndarray, u: np.ndarray, length: float) -> np.ndarray:
    """A smooth random field (v, u) of mean 0 and variance 1 at each point, which varies over a length.

    v, u: places of rows and columns, in the unit of length. Normal numbers on a lattice of that step, blurred
    by a Gaussian of SPREAD steps.
    """
    from scipy.special import ndtri

    index = [np.floor(p / length).astype(int) for p in (v, u)]
    low = int(index[0].min()) - REACH + 1, int(index[1].min()) - REACH + 1
    high = int(index[0].max()) + REACH + 1, int(index[1].max()) + REACH + 1
    values = ndtri(lattice(seed, stream, low, high, 1)[0])
    for axis, (below, places) in enumerate(zip(index, (v / length, u / length), strict=True)):
        taps = below[:, None] + np.arange(1 - REACH, REACH + 1)
        weight = np.exp(-0.5 * ((taps - places[:, None]) / SPREAD) ** 2)
        weight /= np.sqrt((weight**2).sum(axis=1, keepdims=True))
        blur = np.zeros((places.size, values.shape[axis]))
        np.put_along_axis(blur, taps - low[axis], weight, axis=1)
        values = np.moveaxis(np.tensordot(blur, values, (1, axis)), 0, axis)
    return values
