"""Signal of a gradient echo: water that dephases in the field within a voxel and relaxes in mineral."""

from __future__ import annotations

import numpy as np

from sim.space.chance import normal


def echo(
    field: np.ndarray, water: np.ndarray, relaxation: np.ndarray, time: float, frequency: float
) -> np.ndarray:
    """Complex signal of each small cell (z, y, x), water at echo time 0 being 1.

    field: relative shift [1] · water: share of the volume [0-1] · relaxation: R2* without dephasing [1/s]
    time: of the echo [s] · frequency: of protons [1/s]. Phase rises with the field: + 2 pi f field t
    Within a cell the field is taken as linear, so its mean signal falls by sinc of the turns across it.
    """
    turns = frequency * time * np.asarray(field, np.float32)
    signal = (water * np.exp(-time * relaxation)).astype(np.float32)
    for axis in range(turns.ndim):
        if turns.shape[axis] > 1:
            signal = signal * np.sinc(np.gradient(turns, axis=axis))
    return signal * np.exp(2j * np.pi * turns)


def averaged(cells: np.ndarray, by: tuple[int, int, int]) -> np.ndarray:
    """Means over blocks of by = (cells along z, y, x), which divide the array."""
    (a, b, c), (i, j, k) = cells.shape, by
    return cells.reshape(a // i, i, b // j, j, c // k, k).mean(axis=(1, 3, 5))


def noisy(signal: np.ndarray, deviation: float, seed: int, stream: str) -> np.ndarray:
    """A complex signal with Gaussian noise in both channels, so that its magnitude is Rician.

    deviation: of each channel. Noise depends on seed, stream and place alone, not on threads.
    """
    both = normal(seed, stream, 0, 2 * signal.size).reshape(2, *signal.shape)
    return signal + deviation * (both[0] + 1j * both[1])


def rician_mean(signal: float, deviation: float) -> float:
    """Mean magnitude of a signal with Gaussian noise in both channels."""
    from scipy.special import ive

    half = signal**2 / (4.0 * deviation**2)  # ive is scaled by exp(-half), as the formula wants
    return float(deviation * np.sqrt(np.pi / 2) * ((1 + 2 * half) * ive(0, half) + 2 * half * ive(1, half)))
