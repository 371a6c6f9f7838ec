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
from sim.imaging.volumes.of_result import PER_FINE, block_of, faces_of, finest_step, matters_of

if TYPE_CHECKING:
    from sim.run.result import Result


def densest_calcium(result: Result) -> SeenOverTime:
    """Calcium in solids of the cell that has most [mol m-3]: what dye or silver can bind to."""
    densities, calcium = densities_at(result), _calcium_per_mass(result)
    none = np.zeros(result.array_of("volume").shape)
    values = [float(_weighted(densities(k), calcium, none).max()) for k in range(result.t.size)]
    return SeenOverTime(np.array(values), values.__getitem__)


def _calcium_per_mass(result: Result) -> dict[str, float]:
    """{solid: calcium in a mass of it [mol/kg]}."""
    formulas = {n: m.formula for n, m in matters_of(result).items()}
    return {n: elements(f).get("Ca", 0.0) / molar_mass(f) for n, f in formulas.items()}


def _weighted(densities: dict[str, np.ndarray], weights: dict[str, float], none: np.ndarray) -> np.ndarray:
    """Densities of solids times weights, added up."""
    return sum((density * weights[n] for n, density in densities.items()), none)


def signal_lost(name: str) -> Callable[[Result], SeenOverTime]:
    """Of a scanner: what the darkest voxel lacks of tissue's signal, in standard deviations of its noise.

    At the echo where that is most. Water that mineral displaces and relaxes is counted, not what dephases in
    the field of the whole: that takes more calcium, and comes on top.
    """

    def course(result: Result) -> SeenOverTime:
        of = scanner(name)
        rate = relaxation_per_calcium(of.frequency)
        densities, calcium = densities_at(result), _calcium_per_mass(result)
        volumes = {n: 1.0 / m.density for n, m in matters_of(result).items()}
        none = np.zeros(result.array_of("volume").shape)

        def lost(k: int) -> list[np.ndarray]:
            """Of the cells at an output, for each echo time [standard deviations of the noise]."""
            there = densities(k)
            water = 1.0 - np.minimum(_weighted(there, volumes, none), 1.0)
            decay = rate * _weighted(there, calcium, none)
            return [
                (1.0 - water * np.exp(-t * decay)) * np.exp(-t / of.T2star) / of.noise for t in of.echo_times
            ]

        bound = [max(float(cells.max()) for cells in lost(k)) for k in range(result.t.size)]
        fine = min(of.voxel) / PER_FINE
        step = finest_step(faces_of(result), fine) if result.space == ("r",) else None
        block = block_of(result, None, step)
        along = [
            averages(edges, regular_centres(float(edges[-1] - edges[0]), v), v)
            for edges, v in zip(block.edges, of.voxel, strict=True)
        ]

        @cache
        def seen(k: int) -> float:
            voxels = (averaged(block.place(cells), (along[0], along[1], along[2])) for cells in lost(k))
            return float(max(v.max() for v in voxels))

        return SeenOverTime(np.array(bound), seen)

    return course
