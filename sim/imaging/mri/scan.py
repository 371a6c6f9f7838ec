"""A gradient-echo scan of a result, or of a volume of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, shown
from sim.imaging.mri.dipole import AXES, axis_number, checked_volume, dipole_field
from sim.imaging.mri.echoes import averaged, echo, noisy
from sim.imaging.mri.images import labelled
from sim.imaging.mri.instruments import Scanner, scanner
from sim.imaging.mri.matter import matter
from sim.imaging.sampling import Sampler, at_time, half_extents, time_of
from sim.public import public
from sim.space.chance import seed_number
from sim.units import convert_number

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

CALCIUM = "Ca_in_mineral"
MARGIN = 1.5  # field of view in domains: the field of a sphere falls to a quarter from its surface to there
FINEST, COARSEST = 16, 2  # small cells along a side of a voxel
CELLS = 128**3  # small cells that are aimed at
MOST_CELLS = 256**3


@public
def mri(
    result: Result,
    at: float | str | None = None,
    instrument: str | Scanner = "gre_3T",
    seed: int = 0,
    field: str = "z",
    length: float | str = "10 mm",
    noise: bool = True,
) -> xarray.Dataset:
    """A gradient-echo scan of a result: magnitude, phase and map of susceptibility over (echo, z, y, x).

    at: the time [s or text]; the end when None · instrument: one of sim.imaging.scanners(), or a Scanner
    seed: of the noise · field: direction of the magnet's field, "x", "y" or "z"
    length: [m or text] of what is extruded, a cylinder along z, a rectangle too, a slab along y and z
    noise: False leaves it out
    Calcium in solids is taken for apatite. Around the domain there is water alone. Raises ConfigError.
    """
    with_ = scanner(instrument)
    time = time_of(result, at)
    reach = _reach(result, length)
    voxels = [
        max(int(np.ceil(MARGIN * 2.0 * reach[a] / v)), 3) for a, v in zip(AXES, with_.voxel, strict=True)
    ]
    fine = _fineness(voxels)
    spacing = [v / fine for v in with_.voxel]
    places = [(np.arange(n * fine) - 0.5 * (n * fine - 1)) * d for n, d in zip(voxels, spacing, strict=True)]
    z, y, x = np.ix_(*places)
    sampler = Sampler(result, (x, y, z))
    calcium = sampler(at_time(result, CALCIUM, time))
    within = (np.abs(x) <= reach["x"]) & (np.abs(y) <= reach["y"]) & (np.abs(z) <= reach["z"])
    calcium = np.where(within, np.maximum(calcium, 0.0), 0.0)  # undershoot of the solver, 1e-6 of the peak
    made = scan(calcium, spacing, with_, seed=seed, field=field, noise=noise)
    facts = {
        "time": time, "time_units": "s", "scenario": str(result.manifest["scenario"]),
        "run": str(result.manifest["hash"]), "title": str(result.manifest["title"]),
    }  # fmt: skip
    return made.assign_attrs(facts)


@public
def scan(
    calcium: np.ndarray,
    spacing: Sequence[float],
    instrument: str | Scanner = "gre_3T",
    iron: np.ndarray | float = 0.0,
    seed: int = 0,
    field: str = "z",
    noise: bool = True,
) -> xarray.Dataset:
    """A gradient-echo scan of a volume, as `mri` gives it.

    calcium: in solids (z, y, x) [mol m-3] · spacing: of the volume along z, y, x [m], at most half a voxel
    iron: of haemosiderin [mol m-3], for contrast
    Voxels are whole numbers of cells, so their sides are those of the instrument to the nearest cell; cells
    that fill no voxel are left out at the far side.
    """
    with_ = scanner(instrument)
    seed_number(seed, "mri")
    axis_number(field)
    array = checked_volume(calcium, spacing, "the calcium")
    by = _blocks(array.shape, spacing, with_)
    held = matter(array, iron)
    shift = dipole_field(np.broadcast_to(held.susceptibility, array.shape), spacing, field)
    cut = tuple(slice(0, n // b * b) for n, b in zip(array.shape, by, strict=True))
    relaxation = held.relaxation + 1.0 / with_.T2star
    signals = []
    for k, t in enumerate(with_.echo_times):
        seen = averaged(echo(shift[cut], held.water[cut], relaxation[cut], t, with_.frequency), by)
        signals.append(noisy(seen, with_.noise, seed, f"mri echo {k}") if noise and with_.noise else seen)
    voxel = (by[0] * spacing[0], by[1] * spacing[1], by[2] * spacing[2])
    found = labelled(np.array(signals), voxel, with_, field)
    found["field"] = (
        AXES,
        averaged(shift[cut], by),
        {"units": "1", "long_name": "true relative shift of the field"},
    )
    found["calcium"] = (
        AXES,
        averaged(array[cut], by),
        {"units": "mol m-3", "long_name": "true calcium in solids"},
    )
    return found.assign_attrs(seed=seed, noise=with_.noise if noise else 0.0)


def _blocks(shape: Sequence[int], spacing: Sequence[float], of: Scanner) -> tuple[int, int, int]:
    """Cells along the sides of a voxel."""
    z, y, x = (max(round(v / s), 1) for v, s in zip(of.voxel, spacing, strict=True))
    if min(z, y, x) < COARSEST:
        raise ConfigError(
            f"spacing = {shown(tuple(spacing))} m is coarser than half a voxel of {of.name}, {of.voxel} m; "
            "the dephasing within voxels needs smaller cells."
        )
    if any(n < b for n, b in zip(shape, (z, y, x), strict=True)):
        raise ConfigError(
            f"the volume of {shape} cells is smaller than a voxel of {of.name}, {(z, y, x)} cells."
        )
    if int(np.prod(shape)) > MOST_CELLS:
        raise ConfigError(f"{shape} are more cells than {MOST_CELLS}; take a coarser volume.")
    return z, y, x


def _reach(result: Result, length: float | str) -> dict[str, float]:
    """{axis: half of the body's extent [m]}, with `length` where it is extruded."""
    reach = half_extents(result)
    half = 0.5 * convert_number(length, "m", "length")
    if not half > 0:
        raise ConfigError(f"length = {shown(length)} must be a positive length, such as '10 mm'.")
    return {axis: reach.get(axis, half) for axis in AXES}


def _fineness(voxels: Sequence[int]) -> int:
    """Small cells along a side of a voxel."""
    count = int(np.prod(voxels))
    if count * COARSEST**3 > MOST_CELLS:
        raise ConfigError(
            f"{' x '.join(map(str, voxels))} voxels are too many for the field within voxels "
            f"({MOST_CELLS // COARSEST**3} at the most); take an instrument with larger voxels, or a shorter "
            "length."
        )
    return int(np.clip((CELLS / count) ** (1 / 3), COARSEST, FINEST))
