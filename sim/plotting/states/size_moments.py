"""What moments of crystals say of their sizes: exactly, within bounds, or under an assumption.

A population is known by its moments 0 to 3: number, summed diameters, squares, cubes (sim.kinetics.growth).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.errors import ConfigError, not_one_of

SHAPES = ("log-normal", "gamma", "none")
ROUNDING = 1e-6  # relative: by how much moments of crystals of one size may miss each other
FITS = 1.25  # factor in volume within which a distribution of an assumed shape may stand for the crystals


class Sizes(NamedTuple):
    """number [m-3]; mean and spread, the standard deviation, of diameters [m]
    second, third: mean square [m2] and mean cube [m3] of diameters
    """

    number: float
    mean: float
    spread: float
    second: float
    third: float

    @property
    def one_size(self) -> bool:
        """Whether all crystals are of one size, as far as the moments tell."""
        return self.spread**2 <= ROUNDING * self.second


def sizes_of(m0: float, m1: float, m2: float, m3: float) -> Sizes:
    """What is exact. Raises ConfigError for moments that no population has."""
    mean, second, third = m1 / m0, m2 / m0, m3 / m0
    variance = second - mean**2
    if min(mean, second, third) <= 0 or variance < -ROUNDING * second:
        raise ConfigError(
            f"number, length and area of crystals ({m0:.3g} m-3, {m1:.3g} m-2, {m2:.3g} m-1) are those of no "
            "population: the mean square of sizes would be less than the square of their mean."
        )
    if mean * third < second**2 * (1.0 - ROUNDING):
        raise ConfigError(
            f"length, area and volume of crystals ({m1:.3g} m-2, {m2:.3g} m-1, {m3:.3g}) are those of no "
            "population with sizes above zero."
        )
    return Sizes(m0, mean, math.sqrt(max(variance, 0.0)), second, third)


def share_below(sizes: Sizes, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The least and the greatest share of crystals smaller than each size `at` [m] of all populations with
    these four moments: no assumption (Chebyshev-Markov-Stieltjes inequalities).

    They are attained by the population that has a size of exactly `at` and as few others as can be: one
    other size and some of the cube far out, or one other and some of no size.
    """
    low, high = np.zeros(at.size), np.ones(at.size)
    for k, x in enumerate(np.asarray(at, float)):
        nodes = _with_far(sizes, x) or _with_none(sizes, x)
        low[k] = sum(w for size, w in nodes if size < x)
        high[k] = sum(w for size, w in nodes if size <= x)
    return np.clip(low, 0.0, 1.0), np.clip(high, 0.0, 1.0)


def _with_far(s: Sizes, x: float) -> list[tuple[float, float]]:
    """Two sizes with the moments 0 to 2, one of them x, and less than the cube; [] where there are none."""
    if x == s.mean:
        return []
    other = (s.second - s.mean * x) / (s.mean - x)
    share = (other - s.mean) / (other - x)
    cube = share * x**3 + (1.0 - share) * other**3
    if other < 0 or not 0 <= share <= 1 or cube > s.third:
        return []
    return [(x, share), (other, 1.0 - share)]


def _with_none(s: Sizes, x: float) -> list[tuple[float, float]]:
    """Sizes zero, x and one other with the moments 0 to 3."""
    if x <= 0 or s.second == s.mean * x:
        return [(0.0, 0.0), (max(x, 0.0), 1.0)] if x > 0 else []
    other = (s.third - s.second * x) / (s.second - s.mean * x)
    length = (other * s.mean - s.second) / (other - x)  # of those of size x, by length
    here, there = length / x, (s.mean - length) / other
    return [(0.0, 1.0 - here - there), (x, here), (other, there)]


def assumed_share_below(sizes: Sizes, shape: str, at: np.ndarray) -> np.ndarray:
    """Share of crystals smaller than sizes `at` [m] in the log-normal or gamma distribution with number,
    mean and spread of these."""
    if shape == "log-normal":
        width = math.sqrt(math.log(sizes.second / sizes.mean**2))
        middle = math.log(sizes.mean) - 0.5 * width**2
        z = (np.log(np.maximum(at, 1e-300)) - middle) / (width * math.sqrt(2.0))
        return np.array([0.5 * math.erfc(-v) for v in z])
    from scipy.special import gammainc

    order = (sizes.mean / sizes.spread) ** 2
    return gammainc(order, np.maximum(at, 0.0) * order / sizes.mean)


def assumed_volume(sizes: Sizes, shape: str) -> float:
    """The volume of the distribution of that shape, as a multiple of that of the crystals."""
    q = (sizes.spread / sizes.mean) ** 2
    cube = (1.0 + q) ** 3 if shape == "log-normal" else (1.0 + q) * (1.0 + 2.0 * q)
    return cube * sizes.mean**3 / sizes.third


def known_shape(shape: str) -> str:
    """A shape by name."""
    if shape not in SHAPES:
        raise ConfigError(not_one_of("shape", shape, SHAPES))
    return shape


def largest_size(sizes: Sizes) -> float:
    """The larger of the two sizes that have all four moments [m]; the mean where all are of one size."""
    if sizes.one_size:
        return sizes.mean
    matrix = np.array([[1.0, sizes.mean], [sizes.mean, sizes.second]])
    scale = np.diag([1.0, 1.0 / sizes.mean])  # sizes are of 1e-9 m: solved in means
    c, b = np.linalg.solve(
        scale @ matrix @ scale, -np.array([sizes.second / sizes.mean**2, sizes.third / sizes.mean**3])
    )
    return sizes.mean * float(max(np.roots([1.0, b, c]).real))
