"""What a stained section or a magnet shows of a result at each output."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from sim.chemistry.formula import elements, molar_mass
from sim.imaging.detection.courses import SeenOverTime, densities_at
from sim.imaging.resonance.instruments import scanner
from sim.imaging.resonance.matter import relaxation_per_calcium
from sim.imaging.volumes.averages import averaged, averages, regular_centres
from sim.imaging.volumes.of_result import block_of, matters_of

if TYPE_CHECKING:
    from sim.run.result import Result


def calcium_over_time(result: Result) -> np.ndarray:
    """Calcium in all solids (times, *space) [mol m-3]."""
    found = np.zeros((result.t.size, *result.array_of("volume").shape))
    for name, density in _densities(result).items():
        formula = matters_of(result)[name].formula
        found += density * (elements(formula).get("Ca", 0.0) / molar_mass(formula))
    return found


def densest_calcium(result: Result) -> SeenOverTime:
    """Calcium in solids of the cell that has most [mol m-3]: what dye or silver can bind to."""
    values = calcium_over_time(result).reshape(result.t.size, -1).max(1)
    return SeenOverTime(values, lambda k: float(values[k]))


def _densities(result: Result) -> dict[str, np.ndarray]:
    """{solid: mass per volume (times, *space) [kg m-3]} of solids that are ever there."""
    at = densities_at(result)
    rows = [at(k) for k in range(result.t.size)]
    return {n: np.stack([row[n] for row in rows]) for n in (rows[0] if rows else {})}


def signal_lost(name: str) -> Callable[[Result], SeenOverTime]:
    """Of a scanner: what the darkest voxel lacks of tissue's signal, in standard deviations of its noise.

    At the echo where that is most. Water that mineral displaces and relaxes is counted, not what dephases in
    the field of the whole: that takes more calcium, and comes on top.
    """

    def course(result: Result) -> SeenOverTime:
        of = scanner(name)
        rate = relaxation_per_calcium(of.frequency)
        calcium = calcium_over_time(result)
        matters = matters_of(result)
        filled = np.zeros_like(calcium)
        for solid, density in _densities(result).items():
            filled += density / matters[solid].density
        filled = np.minimum(filled, 1.0)

        def lost(k: int | slice, t: float) -> np.ndarray:
            """Of the cells, at an output or all, and an echo time [standard deviations of the noise]."""
            left = (1.0 - filled[k]) * np.exp(-t * rate * calcium[k])
            return np.asarray((1.0 - left) * np.exp(-t / of.T2star) / of.noise)

        every = [lost(slice(None), t).reshape(result.t.size, -1).max(1) for t in of.echo_times]
        block = block_of(result, None, 0.5 * min(of.voxel))
        along = [
            averages(edges, regular_centres(float(edges[-1] - edges[0]), v), v)
            for edges, v in zip(block.edges, of.voxel, strict=True)
        ]

        @cache
        def seen(k: int) -> float:
            voxels = (
                averaged(block.place(lost(k, t)), (along[0], along[1], along[2])) for t in of.echo_times
            )
            return float(max(v.max() for v in voxels))

        return SeenOverTime(np.max(every, axis=0), seen)

    return course
