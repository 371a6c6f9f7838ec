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


def room(open_porosity, phi0, bound_water, width):
    """Factor that switches growth off smoothly as pores fill [0-1]; porosity without its floor.

    bound_water: share of the pores' water that mineral cannot displace, as in bone.
    """
    free = ramp(open_porosity - bound_water * phi0, 0.05 * width)
    return free / (free + width)


def affinity(ln_omega_HAP, inhibition, room, k, n):
    """Growth rate dL/dt [m/s], k inh (Omega^(1/9) - 1)^n for Omega > 1.

    k is that of the diameter. Constant-composition form, n = 2 in seeded growth (Koutsopoulos &
    Dalas 2000).
    """
    s = math.expm1(ln_omega_HAP / 9.0)
    if s <= 0.0:
        return 0.0
    return k * inhibition * room * s**n


def spiral(ln_omega_HAP, inhibition, room, k, sigma_1):
    """Growth rate dL/dt [m/s], k inh sigma^2 tanh(sigma_1/sigma)/sigma_1, sigma = ln(Omega)/9.

    Burton, Cabrera & Frank 1951, eq. 43: parabolic below sigma_1 and linear above.
    """
    sigma = ln_omega_HAP / 9.0
    if sigma <= 0.0:
        return 0.0
    bcf = sigma * sigma / sigma_1 * math.tanh(sigma_1 / sigma)
    return k * inhibition * room * bcf


def two_activity(ln_omega_HAP, a_Ca, a_PO4, inhibition, room, k, molar_volume):
    """Growth rate dL/dt [m/s], 2 V k {Ca}{PO4} (1 - Omega^(-1/9)).

    k [mol m-2 s-1] with activities on the molal scale. Inskeep & Silvertooth 1988; the last
    factor, absent there, makes the rate vanish at equilibrium.
    """
    back = ramp(-math.expm1(-ln_omega_HAP / 9.0), 1e-3)
    rate = 2.0 * molar_volume * k * a_Ca * a_PO4 * back
    return rate * inhibition * room


def dissolution(ln_omega_HAP, HAP, hap_m2, uncovered, k, n, molar_volume, m3_scale):
    """Relative shrinkage of all moments [1/s], 3 k u (1 - Omega^(1/9))^n m2/m3 for Omega < 1.

    k is the rate of the diameter [m/s], u the share of the surface free of poisons. m3_scale keeps the
    ratio finite where there is no mineral.
    """
    s = -math.expm1(ln_omega_HAP / 9.0)
    if s <= 0.0:
        return 0.0
    m3 = max(third_moment(HAP, molar_volume), 0.0)
    return 3.0 * k * uncovered * ramp(s, 1e-3) ** n * max(hap_m2, 0.0) / (m3 + m3_scale)


def birth_length(nucleation_rate, critical_diameter):
    """dm1/dt by new crystals of critical size."""
    return nucleation_rate * critical_diameter


def birth_area(nucleation_rate, critical_diameter):
    """dm2/dt by new crystals of critical size."""
    return nucleation_rate * critical_diameter**2


def birth_amount(nucleation_rate, critical_diameter, molar_volume):
    """HAP in new crystals [mol m-3 s-1]."""
    return nucleation_rate * math.pi / 6.0 * critical_diameter**3 / molar_volume


def growth_length(growth_rate, hap_m0, hap_m1, L_max):
    """dm1/dt by growth; a crystal of diameter L grows at G (1 - L/L_max), which closes in the moments."""
    return growth_rate * max(hap_m0 - hap_m1 / L_max, 0.0)


def growth_area(growth_rate, hap_m1, hap_m2, L_max):
    """dm2/dt by growth, the same."""
    return 2.0 * growth_rate * max(hap_m1 - hap_m2 / L_max, 0.0)


def growth_amount(growth_rate, hap_m2, HAP, L_max, molar_volume):
    """HAP grown on crystals [mol m-3 s-1], (pi/6) 3 G (m2 - m3/L_max)/V."""
    left = hap_m2 - third_moment(HAP, molar_volume) / L_max
    return math.pi / 2.0 * growth_rate * max(left, 0.0) / molar_volume


def shrink(moment, shrinkage):
    """Loss of a moment, or of an amount, in proportion to it: by dissolution, or with what takes it away."""
    return shrinkage * moment
