"""What living tissue does: it clears crystals that are new and few, makes pyrophosphate, and heals as scar.

Dead tissue does none of it; phagocytes that come to a dead place have a rate of their own.
"""

from __future__ import annotations

from sim.kinetics.smooth import saturating


def clearance(viable, macrophages, sheltered, HAP, k, load, k_macrophage, load_macrophage):
    """Rate at which cells take mineral up, relative to what there is [1/s].

    First order while mineral is scarce; cells are full at `load` of hydroxyapatite [mol m-3], so that an
    established deposit outlives them. sheltered: share of mineral that they cannot reach (within lamellae
    of elastin). macrophages: their density, 1 where a vital rim is full of them.
    """
    mineral = max(HAP, 0.0)
    own = k * max(viable, 0.0) / (1.0 + mineral / load)
    eaten = k_macrophage * macrophages / (1.0 + mineral / load_macrophage)
    return (1.0 - sheltered) * (own + eaten)


def digestion(core, macrophages, HAP, k_macrophage, load_macrophage):
    """Nucleation cores that phagocytes take apart [mol m-3 s-1], at the rate at which they take mineral.

    They eat a dead cell whole, its membranes with the cores on them, not only what has crystallised there:
    debris of a frozen heart stays for weeks without macrophages (van Amerongen 2007). The phospholipid is
    given back, so that it can hold calcium again: little is eaten rather than much.
    """
    return core * k_macrophage * macrophages / (1.0 + max(HAP, 0.0) / load_macrophage)


def pyrophosphate(viable, ENPP1, P, rate, K_P):
    """Pyrophosphate made of phosphate and released by living cells [mol m-3 s-1].

    ENPP1: their production relative to the mean of the body (the enzyme on exported ATP, and ANK).
    """
    return rate * ENPP1 * max(viable, 0.0) * saturating(P, K_P)


def unmasking(masked, k, k_auto):
    """Loss of the cover of a matrix [1/s]: proteases, first order, and hastened by what lies bare.

    masked: share of its sites still covered; k_auto: fragments of the bare matrix draw further proteases.
    """
    return masked * (k + k_auto * max(1.0 - masked, 0.0))


def bare(sites, masked):
    """Nucleation sites that lie bare [m-3], of all that a matrix has [m-3]. masked: share that is covered"""
    return sites * max(1.0 - masked, 0.0)


def replacement(viable, healing):
    """Living tissue that grows into dead tissue [1/s]: first order in what is still dead.

    healing: share of the dead tissue that is replaced per time [1/s].
    """
    return healing * max(1.0 - viable, 0.0)
