"""What is made of a phase: the field without its jumps, a map of susceptibility, the mask of SWI."""

from __future__ import annotations

import numpy as np


def wrapped(phase: np.ndarray) -> np.ndarray:
    """An angle [rad] from -pi to pi."""
    return np.angle(np.exp(1j * np.asarray(phase)))


def unwrapped(phase: np.ndarray, trusted: np.ndarray | None = None) -> np.ndarray:
    """The phase [rad] whose steps are in least squares those of a wrapped one; its mean is zero.

    trusted: where a phase is more than noise, everywhere when None; steps to and from others count as none
    Poisson's equation of the wrapped steps with closed sides, by a cosine transform (Ghiglia & Romero 1994).
    """
    from scipy import fft

    source = np.zeros(phase.shape)
    size = np.zeros(phase.shape)
    for axis, n in enumerate(phase.shape):
        if n > 1:
            step = wrapped(np.diff(phase, axis=axis))
            if trusted is not None:
                step *= np.take(trusted, range(1, n), axis) & np.take(trusted, range(n - 1), axis)
            pad = [(0, 0)] * phase.ndim
            pad[axis] = (1, 1)
            source += np.diff(np.pad(step, pad), axis=axis)
        wave = 2.0 * np.cos(np.pi * np.arange(n) / n) - 2.0
        size = size + wave.reshape([-1 if a == axis else 1 for a in range(phase.ndim)])
    modes = fft.dctn(source, norm="ortho", workers=-1)
    size.flat[0] = 1.0
    modes = modes / size
    modes.flat[0] = 0.0
    return fft.idctn(modes, norm="ortho", workers=-1)


def high_passed(signal: np.ndarray, width: float) -> np.ndarray:
    """Phase [rad] of a complex signal (z, y, x) less that of its blur in each slice (homodyne filter).

    width: wavelength [voxels] at which half of the amplitude is blurred away
    """
    from scipy.ndimage import gaussian_filter

    deviation = width * np.sqrt(2.0 * np.log(2.0)) / (2.0 * np.pi)
    blur = [
        gaussian_filter(part, (0.0, deviation, deviation), mode="nearest")
        for part in (signal.real, signal.imag)
    ]
    return np.angle(signal * np.conj(blur[0] + 1j * blur[1]))


def mask_of(phase: np.ndarray) -> np.ndarray:
    """1 where the phase is negative, falling to 0 at pi [0-1] (Haacke et al. 2009).

    Where the field is raised, as in a vein along it, a voxel is darkened; where calcium lowers it, it stays.
    """
    return np.clip((np.pi - phase) / np.pi, 0.0, 1.0)


def field_of(phase: np.ndarray, magnitude: np.ndarray, least: float, turns_per_unit: float) -> np.ndarray:
    """Relative field [1] from a wrapped phase [rad]; zero where the magnitude is below `least`.

    turns_per_unit: turns of phase for a relative field of 1. The middle value of the outermost voxels is
    taken as that of no field.
    """
    trusted = magnitude >= least
    whole = unwrapped(phase, trusted)
    shell = np.ones(phase.shape, bool)
    shell[tuple(slice(1, -1) if n > 2 else slice(None) for n in phase.shape)] = False
    rest = whole[shell] if shell.any() else whole
    found = (whole - np.median(rest)) / (2.0 * np.pi * turns_per_unit)
    return np.where(trusted, found, 0.0)
