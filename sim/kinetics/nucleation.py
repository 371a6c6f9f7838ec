"""Classical nucleation of hydroxyapatite on the substrates of tissue."""

from __future__ import annotations

import math

from sim.kinetics.smooth import ramp
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
    ln_omega_HAP, pH, inhibition, porosity, hap_m0, core, precursors, collagen, elastin, device,
    temperature, molar_volume, interfacial_energy, A_solution, A_site, pH_slope,
    sites_core, sites_precursor, f_core, f_precursor, f_collagen, f_elastin, f_device, seed,
):  # fmt: skip
    """Nucleation rate of HAP [m-3 s-1] and critical diameter [m].

    J = g(pH) inh [ porosity A_solution exp(-b) + A_site sum_s n_s vacant exp(-f_s b) ],
    b = B/(ln Omega)^2. Sites are used up: vacant = 1 - m0/n_active, with the number of sites that
    carry the rate, n_active = (sum n e)^2/(sum n e^2) for e = exp(-f b): idle sites do not count.
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
    per_site, weighted = 0.0, 0.0
    for n, f in (
        (n_core, f_core), (n_precursor, f_precursor), (collagen, f_collagen), (elastin, f_elastin),
        (device, f_device),
    ):  # fmt: skip
        e = math.exp(-f * b)
        per_site += n * e
        weighted += n * e * e
    vacant = 0.0
    if weighted > 0.0:
        active = per_site * per_site / weighted
        vacant = ramp(1.0 - max(hap_m0, 0.0) / active, 0.01)
    rate = A_solution * porosity * math.exp(-b) + A_site * vacant * per_site
    rate *= inhibition * math.exp(2.302585092994046 * pH_slope * (pH - 7.4))
    return rate, critical_size(ln_omega_HAP, interfacial_energy, molar_volume, temperature)
