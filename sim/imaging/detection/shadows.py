"""What a radiograph shows of a result at each output: exact chords through spheres and cylinders."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.imaging.detection.courses import SeenOverTime, densities_at
from sim.imaging.volumes.averages import averages, regular_centres
from sim.imaging.volumes.of_result import block_of, lengths_that_lack, matters_of
from sim.imaging.volumes.rounds import symmetric_edges
from sim.imaging.volumes.specimen import AXES
from sim.imaging.xray.instruments import Instrument, instrument
from sim.imaging.xray.radiograph import PER_PIXEL, transmitted

if TYPE_CHECKING:
    from sim.run.result import Result

PER_CELL = 2  # rays through the thinnest shell


class Rays(NamedTuple):
    """Parallel rays through a result.

    edges: of the grid that they stand for [m]; line: integrates a field (*space) along each ray that is
    unlike the others [unit x m]; laid: what rays give, as (rows, columns) of the grid
    """

    edges: tuple[np.ndarray, np.ndarray]
    line: Callable[[np.ndarray], np.ndarray]
    laid: Callable[[np.ndarray], np.ndarray]


def chords(faces: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Lengths (rays, shells) of rays that pass the centre at distances, in shells between faces [m]."""
    half = np.sqrt(np.maximum(faces[None, :] ** 2 - distances[:, None] ** 2, 0.0))
    return 2.0 * np.diff(half, axis=1)


def rays_through(result: Result, step: float) -> Rays:
    """Rays as `radiograph` takes them. step: how far apart those through a sphere or cylinder are [m]"""
    length = lengths_that_lack(None)
    across = np.array([-0.5 * length, 0.5 * length])
    if result.space == ("r",):
        faces = result.array_of("r_edges")
        edges = symmetric_edges(float(faces[-1]), step)
        places = np.abs(0.5 * (edges[1:] + edges[:-1]))
        if result.manifest["geometry_kind"] != "sphere":
            along = chords(faces, places)
            return Rays((across, edges), lambda field: along @ field, lambda found: found[None, :])
        # Chords bend where they touch a shell, so more of them are needed than there are pixels.
        fine = np.linspace(0.0, float(faces[-1]), 4 * places.size + faces.size)
        through = chords(faces, fine)
        distance = np.hypot(places[:, None], places[None, :])

        def laid(found: np.ndarray) -> np.ndarray:
            return np.interp(distance, fine, found, right=0.0)

        return Rays((edges, edges), lambda field: through @ field, laid)
    block = block_of(result, None, None)
    k = AXES.index(block.beam)
    steps = np.diff(block.edges[k])
    one, other = (e for j, e in enumerate(block.edges) if j != k)
    return Rays(
        (one, other), lambda field: np.tensordot(block.place(field), steps, (k, 0)), lambda found: found
    )


def contrast(name: str) -> Callable[[Result], SeenOverTime]:
    """Of an instrument: the largest contrast that mineral makes in a pixel, without noise [1]."""

    def course(result: Result) -> SeenOverTime:
        return _largest(result, instrument(name, "radiograph"))

    return course


def _finest_cell(result: Result) -> float:
    """The thinnest shell of a cylinder or sphere [m]; no detail of it is smaller."""
    return float(np.diff(result.array_of("r_edges")).min()) if result.space == ("r",) else 0.0


def _largest(result: Result, machine: Instrument) -> SeenOverTime:
    pixel = machine.si("pixel")
    rays = rays_through(result, max(pixel / PER_PIXEL, _finest_cell(result) / PER_CELL))
    densities, matters = densities_at(result), matters_of(result)
    blur = []
    for e in rays.edges:
        centres = regular_centres(float(e[-1] - e[0]), pixel, 0.5 * float(e[0] + e[-1]))
        blur.append(averages(e, centres, pixel, machine.spread))

    @cache
    def seen(k: int) -> float:
        mass = {name: rays.line(d) for name, d in densities(k).items()}
        dark = 1.0 - transmitted(matters, machine, mass, {})
        return float((blur[0] @ rays.laid(dark) @ blur[1].T).max()) if mass else 0.0

    # Blur makes no pixel darker than the darkest ray, and none meets more of a solid than the ray with most.
    each = [{name: rays.line(d).max() for name, d in densities(k).items()} for k in range(result.t.size)]
    worst = {name: np.array([most[name] for most in each]) for name in each[0]}
    bound = 1.0 - transmitted(matters, machine, worst, {})
    return SeenOverTime(np.broadcast_to(bound.ravel(), result.t.shape), seen)
