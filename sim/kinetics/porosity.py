"""Pores fill with mineral."""

from __future__ import annotations

from sim.kinetics.smooth import floored


def porosity(phi0, HAP, OCP, DCPD, ACP, granules, V_HAP, V_OCP, V_DCPD, V_ACP, phi_min, floor_width):
    """Water-filled share of the tissue [-]: phi0 less the volume of all solids, floored smoothly."""
    solids = V_HAP * HAP + V_OCP * OCP + V_DCPD * DCPD + V_ACP * (ACP + granules)
    return floored(phi0 - solids, phi_min, floor_width)
