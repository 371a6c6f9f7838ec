"""What is in each small cell for a magnet: susceptibility, water, and relaxation by mineral."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.chemistry.solids import solids
from sim.errors import ConfigError, shown
from sim.imaging.mri.instruments import mri_numbers

MINERAL = "HAP"  # what calcium in solids is taken for


class Matter(NamedTuple):
    """susceptibility [1], against water · water: share of the volume [0-1] · relaxation: R2* [1/s] beside the
    tissue's; arrays (z, y, x)"""

    susceptibility: np.ndarray
    water: np.ndarray
    relaxation: np.ndarray


def matter(calcium: np.ndarray, iron: np.ndarray | float = 0.0) -> Matter:
    """Matter of tissue that holds calcium in solids, taken for apatite, and iron of haemosiderin [mol m-3].

    Mineral takes the place of water. Iron takes none, and relaxes by its field alone.
    """
    calcium, iron = np.asarray(calcium, float), np.asarray(iron, float)
    for name, values in (("calcium", calcium), ("iron", iron)):
        if not np.isfinite(values).all() or values.min(initial=0.0) < -1e-6 * max(
            values.max(initial=0.0), 1.0
        ):
            raise ConfigError(f"{name} in mol/m3 must be finite and not negative, not {shown(values)}.")
    known = mri_numbers()
    solid = solids()[MINERAL]
    per_calcium = solid.volume.si / solid.contains["Ca"]
    chi = known.si(f"susceptibility.{MINERAL}") * calcium + known.si("susceptibility.iron") * iron
    filled = per_calcium * calcium
    if filled.max(initial=0.0) > 1.0:
        raise ConfigError(
            f"calcium = {calcium.max():.4g} mol/m3 is more than solid {MINERAL} holds, "
            f"{1.0 / per_calcium:.4g}."
        )
    return Matter(chi, 1.0 - filled, known.si("relaxation.bound") * calcium)
