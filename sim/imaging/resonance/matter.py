"""What is in each small cell for a magnet: susceptibility, water, and relaxation by mineral."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.chemistry.formula import elements, molar_mass
from sim.chemistry.solids import solids
from sim.errors import ConfigError, shown
from sim.imaging.resonance.instruments import mri_numbers
from sim.imaging.volumes.specimen import Specimen

MINERAL = "HAP"  # what calcium in solids is taken for, as far as magnets go
STATIC = 2.0 * np.pi / (3.0 * np.sqrt(3.0))
ROUNDING = 1e-9  # of shares of the volume


class MagneticMatter(NamedTuple):
    """Arrays (z, y, x). calcium: in solids [mol m-3] · filled: share of the volume that solids take [0-1]
    iron: of haemosiderin [mol m-3]"""

    calcium: np.ndarray
    filled: np.ndarray
    iron: np.ndarray

    @property
    def susceptibility(self) -> np.ndarray:
        """[1], against water. Calcium in any solid has that of apatite."""
        known = mri_numbers()
        return (
            known.si(f"susceptibility.{MINERAL}") * self.calcium + known.si("susceptibility.iron") * self.iron
        )

    def relaxation(self, frequency: float) -> np.ndarray:
        """R2* that grains of mineral within the cells add [1/s] at a frequency of protons [1/s].

        Iron relaxes by the field between cells alone.
        """
        return relaxation_per_calcium(frequency) * self.calcium


def relaxation_per_calcium(frequency: float) -> float:
    """R2* by grains at a frequency of protons [1/s], per calcium [m3 mol-1 s-1].

    Static dephasing by round grains that fill a share f: 2 pi / (3 sqrt 3) * f * (2 pi frequency) * chi / 3
    (Yablonskiy & Haacke 1994), f * chi being the susceptibility of the whole.
    """
    known = mri_numbers()
    spread = 2.0 * np.pi * frequency * abs(known.si(f"susceptibility.{MINERAL}")) / 3.0
    return float(known.si("relaxation.grains") * STATIC * spread)


def of_volume(calcium: np.ndarray, iron: np.ndarray | float = 0.0) -> MagneticMatter:
    """A volume (z, y, x) that holds calcium in apatite and iron of haemosiderin [mol m-3]."""
    both = [np.asarray(a, float) for a in (calcium, iron)]
    for name, values in zip(("calcium", "iron"), both, strict=True):
        if not np.isfinite(values).all() or values.min(initial=0.0) < 0.0:
            raise ConfigError(f"{name} in mol/m3 must be finite and not negative, not {shown(values)}.")
    solid = solids()[MINERAL]
    per_calcium = solid.volume.si / solid.contains["Ca"]
    if per_calcium * both[0].max(initial=0.0) > 1.0 + ROUNDING:
        raise ConfigError(
            f"calcium = {both[0].max():.4g} mol/m3 is more than solid {MINERAL} holds, "
            f"{1.0 / per_calcium:.4g}."
        )
    return MagneticMatter(both[0], per_calcium * both[0], np.broadcast_to(both[1], both[0].shape))


def of_body(body: Specimen, centres: Sequence[np.ndarray], widths: Sequence[float]) -> MagneticMatter:
    """A specimen, as means over cells of these centres and widths along z, y and x [m]."""
    shape = tuple(c.size for c in centres)
    calcium, filled = np.zeros(shape), np.zeros(shape)
    for name, density in body.densities.items():
        what, mean = body.solids[name], body.over_voxels(density, centres, widths)
        calcium += mean * (elements(what.formula).get("Ca", 0.0) / molar_mass(what.formula))
        filled += mean / what.density
    return MagneticMatter(calcium, np.minimum(filled, 1.0), np.zeros(shape))
