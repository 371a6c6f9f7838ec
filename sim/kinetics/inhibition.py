"""What slows mineral down: one occupancy of its surface by all poisons, and steps pinned between them."""

from __future__ import annotations

import math


def occupancy(
    adsorbed, Mg_free, inhibitor, citrate, ATP, viable,
    K_Mg, Mg_reference, K_protein, K_citrate, K_ATP,
):  # fmt: skip
    """Share of the sites of the mineral's surface that poisons hold [0-1]: Langmuir, x/(1 + x).

    adsorbed: K c summed over species that adsorb (pyrophosphate, drugs) [-]; inhibitor: level of
    proteins, interstitial fluid = 1; citrate, ATP [mol m-3]. Magnesium above its reference acts
    through living cells only (Louvet 2013: none on fixed ones).
    """
    x = max(adsorbed, 0.0) + K_protein * inhibitor + K_citrate * citrate + K_ATP * ATP
    x += K_Mg * max(viable, 0.0) * max(Mg_free - Mg_reference, 0.0)
    return x / (1.0 + x)


def pinning(occupancy, ln_omega_HAP, pin, soft):
    """Factor on growth and on nucleation at surfaces [0-1]: 1 - occupancy (pin/sigma)^2, sigma = ln(Omega)/9.

    Steps cannot pass between poisons that stand closer than the critical diameter of a step, which goes as
    1/sigma (Cabrera & Vermilyea 1958): a threshold, not a slope. soft: its width, sites being unequal.
    """
    sigma = max(ln_omega_HAP, 0.5) / 9.0
    ratio = pin / sigma
    y = (1.0 - occupancy * ratio * ratio) / soft
    if y > 30.0:
        return min(y * soft, 1.0)
    return soft * math.log1p(math.exp(y)) / (soft * math.log1p(math.exp(1.0 / soft)))


def uncovered(occupancy):
    """Share of the surface free of poisons [0-1]: what can dissolve, or grow without steps."""
    return 1.0 - occupancy


def adsorption(concentration, bound, occupancy, hap_m2, K, sites, tau):
    """Poison that crystals take up [mol m-3 s-1]: bound tends to K c (1 - theta) sites pi m2 within tau.

    Langmuir with one surface for all poisons: K c (1 - theta) is the share of its sites that this one
    holds. concentration, bound [mol m-3]; sites [mol m-2] cover crystals; pi m2 is their area per volume,
    hap_m2 being the summed squared diameters. What crystals lose as they dissolve goes back to the water.
    """
    held = K * max(concentration, 0.0) * (1.0 - occupancy) * sites * math.pi * max(hap_m2, 0.0)
    return (held - bound) / tau
