"""A result of any geometry as a specimen: spheres revolved, cylinders, slabs and planes extruded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.chemistry.solids import solids
from sim.errors import ConfigError, UnknownNameError, listing
from sim.imaging.volumes.rounds import Shells, symmetric_edges
from sim.imaging.volumes.specimen import AXES, Matter, Specimen
from sim.parameters import Parameters, load_parameters
from sim.public import public
from sim.texts import length_text, number_text
from sim.units import convert_number

if TYPE_CHECKING:
    from sim.run.result import Result

MOST_CELLS = 40_000_000  # of a block; a field of them takes 320 MB
BEAMS = {"r": "y", "x": "x"}  # across a cylinder, through a slab; others are seen along z
ROUNDING = 1e-9
PER_FINE = 2.0  # voxels of a round body in a pixel, a slice or the point spread, whichever is least
FINE = 64  # cells from the centre of a cylinder or sphere outwards, where no step is given


@cache
def extents() -> Parameters:
    """What data/imaging/geometry.toml says."""
    return load_parameters(resources.files("sim") / "data" / "imaging" / "geometry.toml")


class Block(NamedTuple):
    """Faces along z, y and x [m], and what takes values of the cells (*space) to the block (z, y, x)."""

    edges: tuple[np.ndarray, np.ndarray, np.ndarray]
    place: Any
    beam: str


class CellFaces(NamedTuple):
    """Where the cells of a run are: kind of geometry, axes as results have them, faces along each [m]."""

    kind: str
    axes: tuple[str, ...]
    faces: Mapping[str, np.ndarray]


@public
def specimen(
    result: Result,
    at: float | str | None = None,
    length: float | str | None = None,
    step: float | str | None = None,
    names: Iterable[str] = (),
) -> Specimen:
    """A result at one time as a body in three dimensions, with all its solids.

    at: the time [s or text]; the end when None; linear between outputs
    length: along each axis that the result lacks [m or text], two of a slab, one of a cylinder and of a
        rectangle, all three of a stirred cell; that of data/imaging/geometry.toml when None
    step: size of the voxels on which spheres and cylinders are laid [m or text]; a 64th of the radius when
        None. Other geometries keep their own cells
    names: other variables to take along, as "viable"
    A slab is mirrored at its mid-plane. A sphere or cylinder is scaled, solid by solid, so that each has the
    mass of the result: `correction` is the largest factor.
    """
    block = block_of(result, length, step)
    cells = int(np.prod([e.size - 1.0 for e in block.edges]))
    if cells > MOST_CELLS:
        raise ConfigError(
            f"step = {step} makes {number_text(float(cells))} voxels of this tissue; {MOST_CELLS} are the "
            "most. Try a larger step."
        )
    wanted = list(names)
    values = _values(result, [*result.solids, *wanted], at)
    found = Specimen(
        block.edges, matters_of(result), _densities(result, values, block), _regions(result, block),
        outermost(result), {n: block.place(values[n]) for n in wanted}, block.beam,
        origin=_origin(result, at),
    )  # fmt: skip
    return _with_true_mass(found, result, values) if result.space == ("r",) else found


def lengths_that_lack(length: float | str | None) -> float:
    """The length [m] of axes that a result has not."""
    size = extents().si("extent.length") if length is None else convert_number(length, "m", "length")
    if size <= 0:
        raise ConfigError(f"length = {length} is not above 0.")
    return size


def block_of(result: Result, length: float | str | None, step: float | str | None) -> Block:
    """How the cells of a result lie in three dimensions; see `specimen`."""
    return block_of_cells(faces_of(result), length, step)


def faces_of(result: Result) -> CellFaces:
    """Where the cells of a result are."""
    faces = {a: result.array_of(f"{a}_edges") for a in result.space}
    return CellFaces(result.manifest["geometry_kind"], result.space, faces)


def finest_step(cells: CellFaces, step: float) -> float:
    """The size of voxels [m] for a round body: `step`, or what fits, up to a voxel of the picture.

    step: half of the least of a pixel, a slice and the point spread. Raises ConfigError where none fits
    """
    wide, axes = 2.0 * float(cells.faces["r"][-1]), 3 if cells.kind == "sphere" else 2
    least = wide / (2 * int(0.5 * MOST_CELLS ** (1.0 / axes)))
    if least > PER_FINE * step * (1 + ROUNDING):
        text = length_text(1.05 * least, 2)
        raise ConfigError(
            f"voxels of {length_text(PER_FINE * step)} in a tissue {length_text(wide)} across are too many. "
            f"Try larger ones, settings={{'pixel': '{text}', 'slice': '{text}', 'spacing': '{text}', 'psf': "
            f"'{text}'}}."
        )
    return max(step, least)


def block_of_cells(cells: CellFaces, length: float | str | None, step: float | str | None) -> Block:
    """The same for cells without a result."""
    axes, faces = cells.axes, cells.faces
    size = lengths_that_lack(length)
    across = np.array([-0.5 * size, 0.5 * size])
    if axes == ("r",):
        return _round(cells, across, step)
    if not axes:
        return Block((across, across, across), lambda v: np.full((1, 1, 1), float(v)), "z")
    if axes == ("x",) and faces["x"][0] >= 0.0:  # half of a slab, from its mid-plane
        x = np.concatenate([-faces["x"][:0:-1], faces["x"]])
        if faces["x"][0] > 0.0:  # the wall of a hollow: nothing between
            x = np.concatenate([-faces["x"][::-1], faces["x"]])
        gap = x.size - 1 - 2 * (faces["x"].size - 1)

        def both(v: np.ndarray) -> np.ndarray:
            return np.concatenate([v[::-1], np.zeros(gap), v])[None, None, :]

        return Block((across, across, x), both, BEAMS["x"])
    shape = [faces[a].size - 1 if a in faces else 1 for a in AXES]
    z, y, x = (_about_zero(faces[a]) if a in faces else across for a in AXES)
    return Block((z, y, x), lambda v: np.reshape(v, shape), BEAMS["x"] if axes == ("x",) else "z")


def _about_zero(faces: np.ndarray) -> np.ndarray:
    return faces - 0.5 * (faces[0] + faces[-1])


def _round(cells: CellFaces, across: np.ndarray, step: float | str | None) -> Block:
    faces = cells.faces["r"]
    fine = float(faces[-1]) / FINE if step is None else convert_number(step, "m", "step")
    if fine <= 0:
        raise ConfigError(f"step = {step} is not above 0.")
    solid = cells.kind == "sphere"
    count = 2.0 * np.ceil(faces[-1] / fine)
    if count ** (3 if solid else 2) > MOST_CELLS:
        raise ConfigError(
            f"step = {step} makes {count:.0f} voxels across this tissue, too many of them; {MOST_CELLS} in "
            "all are the most. Try a larger step."
        )
    edges = symmetric_edges(float(faces[-1]), fine)
    if solid:
        return Block((edges, edges, edges), Shells(faces, (edges, edges, edges)), "z")
    shells = Shells(faces, (edges, edges))
    return Block((across, edges, edges), lambda v: shells(v)[None], BEAMS["r"])


def _values(result: Result, names: list[str], at: float | str | None) -> dict[str, np.ndarray]:
    """{variable: values (*space) at a time}."""
    if at is None:
        return {n: result.array_of(n)[-1] for n in names}
    data = result.only(list(dict.fromkeys(names))).at(at)
    return {n: data[n].transpose(*result.space).values for n in names}


def matters_of(result: Result) -> dict[str, Matter]:
    """The solids of a result by name. Raises ConfigError where one of its model was not kept."""
    _need_all(result)
    facts = {n: result.attributes_of(n) for n in result.solids}
    return {n: Matter(a["formula"], a["molar_mass"] / a["molar_volume"]) for n, a in facts.items()}


def _need_all(result: Result) -> None:
    """A result of which solids were left out would show too little mineral."""
    try:
        named = result.array_of("species")
    except UnknownNameError:  # of an older file
        return
    kept = result.solids  # once: a file's variables are looked through for it
    lost = [s for s in map(str, named) if s in solids() and s not in kept]
    if lost:
        raise ConfigError(
            f"this result was kept without {listing(lost)}, and pictures need all its solids. Run it again "
            "with all variables."
        )


def _densities(result: Result, values: dict[str, np.ndarray], block: Block) -> dict[str, np.ndarray]:
    """Solids that are there at all; below 0 by rounding of the solver is none."""
    found = {}
    for name in result.solids:
        mass = np.maximum(values[name], 0.0) * result.attributes_of(name)["molar_mass"]
        if np.any(mass > 0):
            found[name] = block.place(mass)
    return found


def _regions(result: Result, block: Block) -> dict[str, np.ndarray]:
    layer = result.array_of("layer")
    return {str(n): block.place((layer == n).astype(float)) for n in np.unique(layer)}


def outermost(result: Result) -> str:
    """The region at the far end of the first row of cells: what surrounds the tissue."""
    return str(np.ravel(result.array_of("layer"))[-1])


def _origin(result: Result, at: float | str | None) -> dict[str, Any]:
    m = result.manifest
    time = float(result.t[-1]) if at is None else convert_number(at, "s", "at")
    maps = (m.get("layout") or {}).get("maps", ())
    began = ", ".join(f"a map of {row['of']} (voxels {row['digest']})" for row in maps)
    return {
        "scenario": m["scenario"],
        "time": time,
        "run": m.get("hash", ""),
        "geometry": m["geometry_kind"],
        "version": m["versions"].get("hapsim", ""),
    } | ({"began_with": began} if began else {})


def _with_true_mass(found: Specimen, result: Result, values: dict[str, np.ndarray]) -> Specimen:
    volume = result.array_of("volume")
    if found.edges[0].size == 2:  # a cylinder is counted for a metre of it
        volume = volume * found.size[0]
    densities, worst = {}, 1.0
    for name, density in found.densities.items():
        true = np.maximum(values[name], 0.0) * result.attributes_of(name)["molar_mass"] * volume
        factor = float(true.sum()) / found.mass(name)
        densities[name] = density * factor
        worst = factor if abs(factor - 1) > abs(worst - 1) else worst
    return Specimen(
        found.edges, found.solids, densities, found.regions, found.outside, found.fields, found.beam, worst,
        found.origin,
    )  # fmt: skip
