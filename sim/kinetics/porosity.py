"""Pores fill with mineral."""

from __future__ import annotations

from sim.kinetics.smooth import floored


def porosity(open_porosity, phi_min, floor_width):
    """Water-filled share of the tissue [-], floored smoothly: some water always stays.

    open_porosity: that of the tissue less the volume of all solids, zero or below when it is full.
    """
    return floored(open_porosity, phi_min, floor_width)
