"""A gradient-echo scan of a result, a phantom, or a volume of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import ConfigError, shown
from sim.imaging.resonance.dipole import axis_number, checked_volume, dipole_field
from sim.imaging.resonance.echoes import averaged, echo, noisy
from sim.imaging.resonance.images import labelled
from sim.imaging.resonance.instruments import Scanner, scanner
from sim.imaging.resonance.matter import MagneticMatter, of_body, of_volume
from sim.imaging.volumes.averages import regular_centres
from sim.imaging.volumes.of_result import specimen
from sim.imaging.volumes.specimen import AXES, Specimen
from sim.public import public
from sim.space.chance import seed_number

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

AROUND = 2  # voxels on each side of the body at least; a thin one lies in the middle of an odd number
MARGIN = 1.5  # field of view in bodies: the field of a sphere falls to a third from its surface to there
FINEST, COARSEST = 16, 2  # small cells along a side of a voxel
ACROSS = 32  # cells at least from the middle of a round body outwards
CELLS = 128**3  # small cells that are aimed at
MOST_CELLS = 256**3


class Setting(NamedTuple):
    """How a scan is taken. field: direction of the magnet's field; noise: whether there is any"""

    scanner: Scanner
    field: str
    seed: int
    noise: bool


@public
def mri(
    result: Result | Specimen,
    at: float | str | None = None,
    instrument: str | Scanner = "gre_3T",
    seed: int = 0,
    field: str = "z",
    length: float | str | None = None,
    noise: bool = True,
) -> xarray.Dataset:
    """A gradient-echo scan of a result or phantom: xarray.Dataset over (echo, z, y, x).

    at: the time [s or text]; the end when None. length: as for `specimen`
    instrument: one of sim.imaging.scanners(), or a Scanner of one's own
    seed: of the noise; the same picture for the same seed, on any number of threads
    field: direction of the magnet's field, "x", "y" or "z" · noise: False leaves it out
    Variables: magnitude [water at echo time 0 is 1], phase [rad] and, where the instrument weights by
    susceptibility, swi; susceptibility [1, against water] from the phase of the first echo; and the truth
    over voxels: field [1, relative shift] and calcium in solids [mol m-3].
    Solids are taken for apatite of their calcium, and take the place of water. Around the body is water.
    Raises ConfigError.
    """
    setting = _setting(instrument, field, seed, noise)
    of = setting.scanner
    body = result if isinstance(result, Specimen) else _body(result, at, length, of)
    voxels = [
        max(int(np.ceil(MARGIN * a / v)), int(np.ceil(a / v)) // 2 * 2 + 2 * AROUND + 1)
        for a, v in zip(body.size, of.voxel, strict=True)
    ]
    fine = _fineness(voxels)
    spacing = [v / fine for v in of.voxel]
    centres = [regular_centres(n * fine * d, d) for n, d in zip(voxels, spacing, strict=True)]
    return _scanned(of_body(body, centres, spacing), spacing, setting).assign_attrs(body.origin)


def _body(result: Result, at: float | str | None, length: float | str | None, of: Scanner) -> Specimen:
    """A round body is laid on voxels of half those of the scanner, or finer where it is small."""
    if result.space != ("r",):
        return specimen(result, at, length)
    whole = float(result["r_edges"].values[-1])
    return specimen(result, at, length, min(min(of.voxel) / COARSEST, whole / ACROSS))


@public
def gradient_echo(
    calcium: np.ndarray,
    spacing: Sequence[float],
    instrument: str | Scanner = "gre_3T",
    iron: np.ndarray | float = 0.0,
    seed: int = 0,
    field: str = "z",
    noise: bool = True,
) -> xarray.Dataset:
    """A gradient-echo scan of a volume, as `mri` gives it.

    calcium: in apatite (z, y, x) [mol m-3] · iron: of haemosiderin [mol m-3], for contrast
    spacing: of the volume along z, y, x [m], at most half a voxel of the instrument
    Voxels are whole numbers of cells, so their sides are those of the instrument to the nearest cell; cells
    that fill no voxel are left out at the far side.
    """
    setting = _setting(instrument, field, seed, noise)
    return _scanned(of_volume(checked_volume(calcium, spacing, "the calcium"), iron), spacing, setting)


def _setting(instrument: str | Scanner, field: str, seed: int, noise: bool) -> Setting:
    axis_number(field)
    return Setting(scanner(instrument), field, seed_number(seed, "mri"), noise)


def _scanned(held: MagneticMatter, spacing: Sequence[float], how: Setting) -> xarray.Dataset:
    of = how.scanner
    shape = held.calcium.shape
    by = _blocks(shape, spacing, of)
    shift = dipole_field(held.susceptibility, spacing, how.field)
    cut = tuple(slice(0, n // b * b) for n, b in zip(shape, by, strict=True))
    water, relaxation = 1.0 - held.filled[cut], held.relaxation(of.frequency)[cut] + 1.0 / of.T2star
    signals = []
    for k, t in enumerate(of.echo_times):
        seen = averaged(echo(shift[cut], water, relaxation, t, of.frequency), by)
        signals.append(noisy(seen, of.noise, how.seed, f"mri echo {k}") if how.noise and of.noise else seen)
    voxel = (by[0] * spacing[0], by[1] * spacing[1], by[2] * spacing[2])
    found = labelled(np.array(signals), voxel, of, how.field)
    words = {"units": "1", "long_name": "true relative shift of the field"}
    found["field"] = (AXES, averaged(shift[cut], by), words)
    words = {"units": "mol m-3", "long_name": "true calcium in solids"}
    found["calcium"] = (AXES, averaged(held.calcium[cut], by), words)
    return found.assign_attrs(seed=how.seed, noise=of.noise if how.noise else 0.0)


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
