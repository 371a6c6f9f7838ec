"""Which voxels of a noisy volume count: connected mineral, and what lies about it as far as blur spreads it.

A threshold on every voxel keeps noise that is high and drops noise that is low, so that what is left is wrong
in the mean, and it drops the faint rim of what is blurred. Here a threshold only says where to look: voxels
above RIM times the noise that touch each other and hold one above SEED times it are mineral; around them, as
far as `reach` and at least to the next voxel, all voxels count, whatever they hold.

Noise of filtered back-projection that is blurred by a Gaussian is correlated up to 1.06 times its full width
at half maximum, and against it beyond. So with a reach of one and a half widths the voxels that make up the
edge of what counts were not chosen by their own noise, and three and a half standard deviations of blur lie
within.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.errors import NoiseWarning, warn_caller

SEED, RIM = 5.0, 2.0  # times the noise; of noise alone one voxel in 3.5 million, and one in 44, is above them
HALF_NORMAL = 0.6744897501960817  # median of the absolute value of a normal number of unit deviation
FAR = 2.0  # times `reach` up to which noise of two voxels is looked at together
WIDTHS = 1.5  # full widths at half maximum of the point spread in `reach`, as it is to be given
UNCORRELATED = 1.06  # widths from which on noise of two voxels does not go together
ALIKE = 1.5  # times that two estimates of the noise may differ and nothing is said
ROUNDING = 1e-9
Sides = tuple[float, float, float]


class Support(NamedTuple):
    """Groups of voxels that count.

    label: of each voxel its group from 1 on, 0 of none (z, y, x); groups: how many
    mineral: voxels that stand out of the noise, in each group some (z, y, x)
    What lies in a group may be below 0, and mineral may not: `amounts` holds each group's sum.
    """

    label: np.ndarray
    groups: int
    mineral: np.ndarray

    @property
    def voxels(self) -> int:
        """How many count."""
        return int(np.count_nonzero(self.label))

    def amounts(self, values: np.ndarray) -> np.ndarray:
        """Values of the mineral in each group, none below 0, and nothing elsewhere.

        They are scaled so that they add up to what all of the group does: what blur spread about mineral is
        put back into it, and not noise that is above 0 about it. A group that adds up to less than nothing
        holds nothing.
        """
        held = np.where(self.mineral, values, 0.0)
        flat = self.label.ravel()
        sums, most = (np.bincount(flat, v.ravel(), self.groups + 1) for v in (values, held))
        factor = np.divide(np.maximum(sums, 0.0), most, out=np.zeros_like(sums), where=most > 0)
        factor[0] = 0.0
        return held * factor[self.label]


def noise_below_zero(values: np.ndarray) -> float:
    """Standard deviation of noise about 0 from the voxels below it, which hold no mineral; 0 where none is.

    By their median: right where most of them hold noise, and far too large where most are fat or air.
    """
    below = -values[values < 0.0]
    return float(np.median(below)) / HALF_NORMAL if below.size else 0.0


def noise_of_pairs(values: np.ndarray, reach: float, sizes: Sides) -> float | None:
    """Standard deviation of noise from differences of voxels along x and y; None where none differ.

    The two of a pair are the least steps apart that are no less than 1.06 times the width of the point
    spread, reach / WIDTHS: their noise is not correlated, or against each other, which makes this up to some
    6 % too large. By the median, so what their tissue holds does not matter as long as most pairs lie in one
    tissue, whichever that is. Those alike to rounding are left out: they were filled in about the scan.
    """
    far = UNCORRELATED * reach / WIDTHS
    found = []
    for axis in (1, 2):
        step = max(int(np.ceil(far / sizes[axis] - ROUNDING)), 1)
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(step, None), slice(None, -step)
        found.append(np.abs(values[tuple(ahead)] - values[tuple(behind)]).ravel())
    every = np.concatenate(found)
    differ = every[every > ROUNDING * np.abs(values).max()]
    return float(np.median(differ)) / (HALF_NORMAL * 2**0.5) if differ.size else None


def told_noise(owner: str, values: np.ndarray, reach: float, sizes: Sides) -> float:
    """Standard deviation of the noise of a volume: the smaller of what its voxels below zero and its pairs
    tell; 0 where nothing lies below zero. Warns (NoiseWarning) where they differ by more than ALIKE times.
    """
    below, pairs = noise_below_zero(values), noise_of_pairs(values, reach, sizes)
    if pairs is None or below <= ROUNDING * np.abs(values).max():  # there is none, but edges of what is there
        return below
    low, high = sorted((below, pairs))
    if high > ALIKE * low:
        told = (
            f"{owner}: voxels below zero tell a noise of {below:.3g}, differences between voxels {pairs:.3g}"
        )
        why = (
            "tissue darker than `zero`, as fat or air, lies below zero, and counts as less than nothing "
            "where it lies about mineral"
            if below > pairs
            else "tissue is brighter than `zero` or not uniform, or much of it is mineral"
        )
        warn_caller(
            f"{told}: {why}. The smaller is used. Give noise=, the standard deviation of voxels in a "
            "uniform piece of tissue without mineral, to be sure of what counts.",
            NoiseWarning,
        )
    return low


def support(values: np.ndarray, noise: float, reach: float, sizes: Sides) -> Support:
    """The voxels that count.

    values: (z, y, x); noise: its standard deviation, in their unit; reach: about mineral [m]
    sizes: of voxels [m]
    """
    from scipy.ndimage import distance_transform_edt, label

    marked, _ = label(values > RIM * noise, np.ones((3, 3, 3)))
    seeds = np.unique(marked[values >= SEED * noise])
    core = np.isin(marked, seeds[seeds > 0])
    if not core.any():
        return Support(np.zeros(values.shape, dtype=int), 0, core)
    # Counted so that one is as far as `reach` along each axis, or to the next voxel.
    steps = [size / max(reach, size) for size in sizes]
    near = distance_transform_edt(~core, sampling=steps) <= 1.0 + ROUNDING
    groups, count = label(near, np.ones((3, 3, 3)))
    return Support(groups, int(count), core)


def deviation_of_sum(values: np.ndarray, of: Support, noise: float, reach: float, sizes: Sides) -> float:
    """Standard deviation of the sum of the voxels that count, by noise, in the unit of a voxel.

    The noise of two voxels goes together as it does outside of what counts, up to FAR times `reach` apart,
    and is taken to be independent beyond. Where nothing lies outside, as if that of each voxel were its own.
    """
    from scipy.fft import irfftn, next_fast_len, rfftn

    reaches = [FAR * max(reach, size) for size in sizes]
    lags = [int(np.ceil(far / size)) for far, size in zip(reaches, sizes, strict=True)]
    window = tuple(
        slice(max(int(at.min()) - 2 * lag, 0), int(at.max()) + 2 * lag + 1)
        for at, lag in zip(np.nonzero(of.label), lags, strict=True)
    )
    here, inside = values[window], of.label[window] > 0
    quiet = ~inside & (np.abs(here) <= SEED * noise)  # what is no noise tells nothing of it
    shape = [next_fast_len(n + lag) for n, lag in zip(here.shape, lags, strict=True)]

    def pairs(field: np.ndarray) -> np.ndarray:
        """Sums over pairs of voxels by how far they are apart, up to the lags."""
        whole = irfftn(np.abs(rfftn(field, shape)) ** 2, shape)
        return whole[np.ix_(*[np.r_[0 : lag + 1, -lag:0] for lag in lags])]

    products, counts = pairs(np.where(quiet, here, 0.0)), np.rint(pairs(quiet.astype(float)))
    steps = [
        np.r_[0 : lag + 1, -lag:0] * size / far for lag, size, far in zip(lags, sizes, reaches, strict=True)
    ]
    apart = sum(np.square(s) for s in np.meshgrid(*steps, indexing="ij"))
    known = (counts > 0) & (apart <= 1.0 + ROUNDING)
    together = np.where(known, products / np.maximum(counts, 1.0), 0.0)
    variance = float((together * pairs(inside.astype(float))).sum())
    return float(np.sqrt(variance)) if variance > 0 else noise * float(np.sqrt(of.voxels))
