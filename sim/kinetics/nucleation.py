"""Classical nucleation of hydroxyapatite on the substrates of tissue."""

from __future__ import annotations

import math

from sim.kinetics.smooth import ramp, saturating
from sim.units.constants import N_A, k_B


def barrier_constant(interfacial_energy, molar_volume, temperature):
    """B in exp(-B/(ln Omega)^2) [-]: 16 pi/3 gamma^3 v^2/(kT)^3.

    v and Omega both per formula unit Ca5(PO4)3OH: per ion with per ion gives the same number.
    """
    v = molar_volume / N_A
    return 16.0 * math.pi / 3.0 * interfacial_energy**3 * v**2 / (k_B * temperature) ** 3


def critical_size(ln_omega, interfacial_energy, molar_volume, temperature):
    """Diameter of the critical nucleus [m], 4 gamma v/(kT ln Omega)."""
    return 4.0 * interfacial_energy * molar_volume / (N_A * k_B * temperature * ln_omega)


def nucleation(
    ln_omega_HAP, pH, inhibition, room, porosity, hap_m0, hap_m2, core, precursors,
    collagen, serum, elastin, device,
    temperature, molar_volume, interfacial_energy, A_solution, A_site, pH_slope,
    sites_core, sites_precursor, sites_crystal, f_core, f_precursor, f_crystal,
    f_collagen, f_elastin, f_device, half_serum, seed,
):  # fmt: skip
    """Nucleation rate of HAP [m-3 s-1] and critical diameter [m].

    J = g(pH) [ porosity A_solution exp(-b) + inh A_site (sum_s n_s vacant_s exp(-f_s b) + n_x exp(-f_x b)) ],
    b = B/(ln Omega)^2. Poisons act at surfaces, not in free solution. Sites are used up, those of the lowest
    barrier first: vacant_s = 1 - (m0 - sites of lower barriers)/(sites of this barrier). Crystals bring
    sites of their own, n_x by their surface pi m2, on which further crystals start (secondary nucleation):
    deposits of crystals that stay small still fill.
    collagen, elastin, device: sites [m-3], of a matrix with a cover those that lie bare. Collagen acts with
    the nucleator that serum brings (Hamlin & Price 2004).
    g = 10^(pH_slope (pH - 7.4)) is the kinetic handicap of HAP, calibrated on the 10-18 decades
    at pH 6.5 and 3 at pH 10 of Boistelle & Lopez-Valero 1990; interfacial energy cannot give it.
    precursors [mol m-3]: solids on whose surface HAP starts, added up.
    seed [mol m-3]: amounts of substrate below it do not count, or the integrator's own errors would
    nucleate crystals over decades.
    """
    if ln_omega_HAP < 0.5:  # exp(-B/0.25) is far below the smallest double: no kink
        return 0.0, 0.0
    b = barrier_constant(interfacial_energy, molar_volume, temperature) / ln_omega_HAP**2
    n_core = sites_core * ramp(core, seed)
    n_precursor = sites_precursor * ramp(precursors, seed)
    n_collagen = collagen * saturating(serum, half_serum)
    sites = (
        (n_core, f_core), (n_precursor, f_precursor), (n_collagen, f_collagen), (elastin, f_elastin),
        (device, f_device),
    )  # fmt: skip
    crystals = max(hap_m0, 0.0)
    per_site = 0.0
    for n, f in sites:
        if n > 0.0:
            quicker, alike = 0.0, 0.0
            for other, g in sites:
                if g < f:
                    quicker += other
                elif g == f:  # these fill together
                    alike += other
            vacant = ramp(1.0 - max(crystals - quicker, 0.0) / alike, 0.01)
            per_site += n * vacant * math.exp(-f * b)
    secondary = sites_crystal * math.pi * max(hap_m2, 0.0) * math.exp(-f_crystal * b)
    at_surfaces = A_site * (per_site + secondary) * inhibition * room
    rate = A_solution * porosity * math.exp(-b) + at_surfaces
    rate *= math.exp(2.302585092994046 * pH_slope * (pH - 7.4))
    return rate, critical_size(ln_omega_HAP, interfacial_energy, molar_volume, temperature)
