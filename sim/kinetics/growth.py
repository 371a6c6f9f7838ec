"""Growth and dissolution of HAP crystals by moments of their size distribution.

A crystal of diameter L has volume (pi/6) L^3. The state holds m0, m1, m2 [number, length, area per
bulk volume] and, instead of m3, the amount HAP = (pi/6) m3/V: the stoichiometry is then in whole
numbers and the ledger exact.
"""

from __future__ import annotations

import math

from sim.kinetics.smooth import ramp


def third_moment(HAP, molar_volume):
    """m3 [m3 per m3] from the amount [mol m-3]."""
    return 6.0 / math.pi * molar_volume * HAP


def room(porosity, phi_min, width):
    """Factor that switches growth off smoothly as pores fill [0-1]; porosity without its floor."""
    free = ramp(porosity - phi_min, 0.05 * width)
    return free / (free + width)


def affinity(ln_omega_HAP, inhibition, porosity, k, n, phi_min, width):
    """Growth rate dL/dt [m/s], k inh (Omega^(1/9) - 1)^n for Omega > 1.

    k is that of the diameter. Constant-composition form, n = 2 in seeded growth (Koutsopoulos &
    Dalas 2000).
    """
    s = math.expm1(ln_omega_HAP / 9.0)
    if s <= 0.0:
        return 0.0
    return k * inhibition * room(porosity, phi_min, width) * s**n


def spiral(ln_omega_HAP, inhibition, porosity, k, sigma_1, phi_min, width):
    """Growth rate dL/dt [m/s], k inh sigma^2 tanh(sigma_1/sigma)/sigma_1, sigma = ln(Omega)/9.

    Burton, Cabrera & Frank 1951, eq. 43: parabolic below sigma_1 and linear above.
    """
    sigma = ln_omega_HAP / 9.0
    if sigma <= 0.0:
        return 0.0
    bcf = sigma * sigma / sigma_1 * math.tanh(sigma_1 / sigma)
    return k * inhibition * room(porosity, phi_min, width) * bcf


def two_activity(ln_omega_HAP, a_Ca, a_PO4, inhibition, porosity, k, molar_volume, phi_min, width):
    """Growth rate dL/dt [m/s], 2 V k {Ca}{PO4} (1 - Omega^(-1/9)).

    k [mol m-2 s-1] with activities on the molal scale. Inskeep & Silvertooth 1988; the last
    factor, absent there, makes the rate vanish at equilibrium.
    """
    back = ramp(-math.expm1(-ln_omega_HAP / 9.0), 1e-3)
    rate = 2.0 * molar_volume * k * a_Ca * a_PO4 * back
    return rate * inhibition * room(porosity, phi_min, width)


def dissolution(ln_omega_HAP, HAP, hap_m2, k, n, molar_volume, m3_scale):
    """Relative shrinkage of all moments [1/s], 3 k (1 - Omega^(1/9))^n m2/m3 for Omega < 1.

    k is the rate of the diameter [m/s]. m3_scale keeps the ratio finite where there is no mineral.
    """
    s = -math.expm1(ln_omega_HAP / 9.0)
    if s <= 0.0:
        return 0.0
    m3 = max(third_moment(HAP, molar_volume), 0.0)
    return 3.0 * k * ramp(s, 1e-3) ** n * max(hap_m2, 0.0) / (m3 + m3_scale)


def birth_length(nucleation_rate, critical_diameter):
    """dm1/dt by new crystals of critical size."""
    return nucleation_rate * critical_diameter


def birth_area(nucleation_rate, critical_diameter):
    """dm2/dt by new crystals of critical size."""
    return nucleation_rate * critical_diameter**2


def birth_amount(nucleation_rate, critical_diameter, molar_volume):
    """HAP in new crystals [mol m-3 s-1]."""
    return nucleation_rate * math.pi / 6.0 * critical_diameter**3 / molar_volume


def growth_length(growth_rate, hap_m0):
    """dm1/dt by growth."""
    return growth_rate * hap_m0


def growth_area(growth_rate, hap_m1):
    """dm2/dt by growth."""
    return 2.0 * growth_rate * hap_m1


def growth_amount(growth_rate, hap_m2, molar_volume):
    """HAP grown on crystals [mol m-3 s-1], (pi/6) 3 G m2/V."""
    return math.pi / 2.0 * growth_rate * hap_m2 / molar_volume


def shrink(moment, shrinkage):
    """Loss of a moment, or of HAP, by dissolution."""
    return shrinkage * moment
