"""What a method sees of a result at each output, worked out when asked for, and a bound that costs little."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.imaging.volumes.averages import averaged, averages
from sim.imaging.volumes.of_result import block_of, matters_of, outermost
from sim.imaging.xray.attenuation import slope_of, weights, xray_numbers
from sim.imaging.xray.ct import noise_over
from sim.imaging.xray.frames import finest, frame_of
from sim.imaging.xray.instruments import Instrument, instrument
from sim.imaging.xray.tissues import numbers_for
from sim.run.measures import first_above

if TYPE_CHECKING:
    from sim.run.result import Result

SCORED, NODULE = "score.least_area", "dual_energy.area"  # of data/imaging/xray.toml
PARTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)  # of a nodule, where more is needed, as noise is larger over less


class SeenOverTime(NamedTuple):
    """bound: no more is seen at each output than this (times,); seen: what is, by the number of the output"""

    bound: np.ndarray
    seen: Callable[[int], float]


def first_time(course: SeenOverTime, t: np.ndarray, level: float) -> float:
    """First time at which a course exceeds a level [s], linear between outputs; inf if never."""
    for k in np.flatnonzero(course.bound > level):
        if course.seen(int(k)) > level:
            before = max(int(k) - 1, 0)
            values = np.array([course.seen(before), course.seen(int(k))])
            return first_above(values, np.array([t[before], t[k]]), level)
    return float("inf")


def densities_at(result: Result) -> Callable[[int], dict[str, np.ndarray]]:
    """{solid: mass per volume (*space) [kg m-3]} by the number of the output, of solids that are ever there.

    One output at a time: all of a box at once would be as large as its result again.
    """
    held = {n: result.array_of(n) for n in matters_of(result)}
    there = {n: result.attributes_of(n)["molar_mass"] for n, v in held.items() if v.max() > 0.0}
    return lambda k: {n: np.maximum(held[n][k], 0.0) * mass for n, mass in there.items()}


def densest_cell(result: Result) -> SeenOverTime:
    """Density of all mineral in the cell that has most [kg m-3]."""
    densities, none = densities_at(result), np.zeros(result.array_of("volume").shape)
    values = [float(sum(densities(k).values(), none).max()) for k in range(result.t.size)]
    return SeenOverTime(np.array(values), values.__getitem__)


def ct_number(name: str) -> Callable[[Result], SeenOverTime]:
    """Of an instrument: the highest CT number that touching pixels of the smallest scored area reach [HU]."""

    def course(result: Result) -> SeenOverTime:
        scanner = instrument(name, "ct")
        slopes = _slopes(result, scanner)
        layer = result.array_of("layer")
        number = numbers_for(np.unique(layer).tolist(), result.manifest["scenario"])
        tissue = np.array([number[n] for n in layer.ravel().tolist()]).reshape(layer.shape)
        areas = {xray_numbers().si(SCORED): 1.0}
        return _over_areas(result, scanner, slopes, tissue, number[outermost(result)], areas)

    return course


def dual_energy_density(name: str, low: float, high: float) -> Callable[[Result], SeenOverTime]:
    """Of an instrument at two voltages: the highest density of HAP over the area of a nodule [kg m-3].

    Over less it counts less, as the noise of its mean is larger.
    """

    def course(result: Result) -> SeenOverTime:
        from sim.chemistry.solids import solids

        scanners = [instrument(name, "ct").with_settings({"kVp": kVp}) for kVp in (low, high)]
        one, other = (_slopes(result, s) for s in scanners)
        hap = solids()["HAP"]
        unit = [slope_of(weights(s.spectrum, s.si("body")), hap.formula, hap.density) for s in scanners]
        slopes = {solid: (one[solid] - other[solid]) / (unit[0] - unit[1]) for solid in one}
        none, nodule = np.zeros(result.array_of("volume").shape), xray_numbers().si(NODULE)
        noise = {part * nodule: noise_over(scanners[0], part * nodule) for part in PARTS}
        areas = {area: noise[nodule] / deviation for area, deviation in noise.items()}
        return _over_areas(result, scanners[0], slopes, none, 0.0, areas)

    return course


def _slopes(result: Result, scanner: Instrument) -> dict[str, float]:
    w = weights(scanner.spectrum, scanner.si("body"))
    return {name: slope_of(w, m.formula, m.density) for name, m in matters_of(result).items()}


def _over_areas(
    result: Result,
    scanner: Instrument,
    slopes: Mapping[str, float],
    tissue: np.ndarray,
    around: float,
    areas: Mapping[float, float],
) -> SeenOverTime:
    """Of what densities times slopes on tissue show, blurred and sliced as by a scanner, without noise.

    areas: {area over which it is told [m2]: what it counts there, 1 or less}
    """
    densities = densities_at(result)

    def over(k: int) -> np.ndarray:
        return sum((slopes[n] * d for n, d in densities(k).items()), tissue - around)

    block = block_of(result, None, finest(scanner))
    deep, high, wide = (float(e[-1] - e[0]) for e in block.edges)
    frame = frame_of((deep, high, wide), scanner)
    if "z" not in result.space:  # slices of what does not change along z, and the middle one of a ball
        frame = frame._replace(z=np.zeros(1))
    pixel = scanner.si("pixel")
    z, y, x = (
        averages(edges, centres, width, spread)
        for edges, centres, width, spread in zip(
            block.edges, frame, (scanner.si("slice"), pixel, pixel), (0.0, scanner.spread, scanner.spread),
            strict=True,
        )
    )  # fmt: skip
    counts = {max(1, int(np.ceil(area / pixel**2 - 1e-9))): weight for area, weight in areas.items()}

    @cache
    def seen(k: int) -> float:
        image = averaged(block.place(over(k)), (z, y, x))
        return around + max(w * highest_over(plane, n) for plane in image for n, w in counts.items())

    bound = [around + max(float(over(k).max()), 0.0) for k in range(result.t.size)]
    return SeenOverTime(np.array(bound), seen)


def highest_over(plane: np.ndarray, count: int) -> float:
    """The highest level that so many pixels reach which touch each other, corners too."""
    from scipy.ndimage import label

    if count >= plane.size:
        return float(plane.min())
    values = np.unique(plane)[::-1]
    # So many pixels reach this level at all; where they do not touch, lower ones are tried by halves.
    low = int(np.searchsorted(-values, -np.partition(plane, -count, None)[-count]))
    high = values.size - 1  # at the lowest level all pixels are one area
    middle = low
    while low < high:
        marked, _ = label(plane >= values[middle], np.ones((3, 3)))
        if np.bincount(marked.ravel())[1:].max() >= count:
            high = middle
        else:
            low = middle + 1
        middle = (low + high) // 2
    return float(values[low])
