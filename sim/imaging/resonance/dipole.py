"""The field that weakly magnetic matter makes in a large uniform field, and the way back.

Relative shift of the field [1] = dipole kernel * volume susceptibility [1], in k-space (1/3 - k_B^2 / k^2)
(Lorentz's sphere taken out: none inside a uniform sphere). The kernel is cut off at the radius R of the
largest extent, where its transform is that of the whole times 1 - 3 j1(kR) / (kR), and the array is padded
by R: so the sum is that of free space, no image of a periodic one is in it, and pairs further apart than R
do not act. What is left is the grid's: 1.5 % of the root mean square outside a sphere of 30 cells across.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sim.errors import ConfigError, shown
from sim.imaging.volumes.specimen import AXES


def axis_number(along: str) -> int:
    """Which axis of an array a direction is."""
    if along not in AXES:
        raise ConfigError(f"the field lies along {shown(along)}; it can lie along 'x', 'y' or 'z'.")
    return AXES.index(along)


def checked_volume(values: np.ndarray, spacing: Sequence[float], what: str) -> np.ndarray:
    """A finite array of three axes with three positive spacings, as floats."""
    array = np.asarray(values, float)
    if array.ndim != 3 or not array.size:
        raise ConfigError(f"{what} is an array of {array.ndim} axes; give one of three, indexed [z, y, x].")
    if not np.isfinite(array).all():
        raise ConfigError(f"{what} has {int((~np.isfinite(array)).sum())} values that are not finite.")
    if len(spacing) != 3 or not all(np.isfinite(s) and s > 0 for s in spacing):
        raise ConfigError(f"spacing = {shown(spacing)} must be three positive lengths [m], along z, y and x.")
    return array


def _kernel(
    shape: Sequence[int], spacing: Sequence[float], along: int, reach: float = np.inf
) -> Iterator[np.ndarray]:
    """The transform of the dipole kernel on the half-space of a real FFT, plane by plane of the first axis.

    reach: [m] where the kernel is cut off, not at all when infinite
    """
    from scipy import fft

    k = [2.0 * np.pi * fft.fftfreq(n, d) for n, d in zip(shape[:2], spacing[:2], strict=True)]
    k.append(2.0 * np.pi * fft.rfftfreq(shape[2], spacing[2]))
    first, rest = np.square(k[0]), (np.square(k[1])[:, None], np.square(k[2])[None, :])
    for square in first:  # a plane stays in the cache, and the whole would take as much memory as the modes
        kk = square + rest[0] + rest[1]
        zero = kk == 0.0
        kk[zero] = 1.0
        plane = 1.0 / 3.0 - (square, *rest)[along] / kk
        plane[zero] = 0.0
        if np.isfinite(reach):
            q = np.sqrt(kk) * reach
            plane *= 1.0 - 3.0 * (np.sin(q) - q * np.cos(q)) / q**3
        yield plane.astype(np.float32)


def dipole_field(susceptibility: np.ndarray, spacing: Sequence[float], along: str = "z") -> np.ndarray:
    """Relative shift of the field (z, y, x) [1] of a susceptibility (z, y, x) [1] with nothing around it.

    spacing: of the array along z, y, x [m]; along: direction of the field
    Single precision; errors of the grid as said above.
    """
    from scipy import fft

    chi = checked_volume(susceptibility, spacing, "the susceptibility").astype(np.float32)
    lengths = [n * d for n, d in zip(chi.shape, spacing, strict=True)]
    reach = max(lengths)
    padded = [
        fft.next_fast_len(int(np.ceil((a + reach) / d)), real=True)
        for a, d in zip(lengths, spacing, strict=True)
    ]
    modes = fft.rfftn(chi, padded, workers=-1)
    for plane, kernel in zip(modes, _kernel(padded, spacing, axis_number(along), reach), strict=True):
        plane *= kernel
    field = fft.irfftn(modes, padded, workers=-1)
    return field[tuple(slice(n) for n in chi.shape)]


def inverted(field: np.ndarray, spacing: Sequence[float], along: str, threshold: float) -> np.ndarray:
    """Susceptibility (z, y, x) [1] of a relative field (z, y, x) [1], by thresholded division in k-space.

    Where the kernel is smaller than `threshold` the division is by the threshold, with its sign (Shmueli et
    al. 2009); the whole is divided by the mean of what division and kernel make together, so that a point
    keeps its height. Zero in the mean over the padded array.
    """
    from scipy import fft

    given = checked_volume(field, spacing, "the field").astype(np.float32)
    padded = [fft.next_fast_len(2 * n, real=True) for n in given.shape]
    modes = fft.rfftn(given, padded, workers=-1)
    both = np.full(modes.shape[2], 2.0)  # a column of the half-space stands for two of the whole
    both[0] = 1.0
    if padded[2] % 2 == 0:
        both[-1] = 1.0
    height = 0.0
    for plane, kernel in zip(modes, _kernel(padded, spacing, axis_number(along)), strict=True):
        size = np.maximum(np.abs(kernel), np.float32(threshold))
        inverse = np.where(kernel < 0, np.float32(-1.0), np.float32(1.0)) / size
        height += float((kernel * inverse) @ both @ np.ones(padded[1]))
        plane *= inverse
    modes[0, 0, 0] = 0.0
    found = fft.irfftn(modes, padded, workers=-1)[tuple(slice(n) for n in given.shape)]
    return found * (np.prod(padded) / height)
