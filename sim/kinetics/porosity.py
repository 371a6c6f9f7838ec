"""Pores fill with mineral."""

from __future__ import annotations

from sim.kinetics.smooth import floored


def open_porosity(phi0, HAP, OCP, DCPD, ACP, granules, V_HAP, V_OCP, V_DCPD, V_ACP):
    """phi0 less the volume of all solids [-]; what is left for more mineral, zero or below when full."""
    return phi0 - V_HAP * HAP - V_OCP * OCP - V_DCPD * DCPD - V_ACP * (ACP + granules)


def porosity(open_porosity, phi_min, floor_width):
    """Water-filled share of the tissue [-], floored smoothly: some water always stays."""
    return floored(open_porosity, phi_min, floor_width)
