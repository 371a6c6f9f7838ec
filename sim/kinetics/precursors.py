"""Amorphous and acidic precursors: ACP, DCPD, OCP. Ostwald's steps come out; they are not put in."""

from __future__ import annotations

import math

from sim.kinetics.smooth import ramp, saturating


def precipitation(solid, ln_omega, room, porosity, k_new, k_grow, barrier, nu, order, seed, width):
    """Formation of a precursor [mol m-3 s-1]: k (Omega^(1/nu) - 1)^p for Omega > 1.

    k = k_new x porosity x exp(-barrier/(ln Omega)^2) (nucleation; the barrier matters close to
    saturation only) + k_grow x solid.
    Less solid than `seed` does not grow: growth on itself would turn the integrator's errors into
    mineral in any solution that stays supersaturated for years.
    """
    s = ramp(math.expm1(ln_omega / nu), width)
    if s == 0.0:
        return 0.0
    new = k_new * porosity * math.exp(-barrier / (ln_omega * ln_omega))
    amount = new + k_grow * ramp(solid, seed)
    return amount * room * s**order


def poisoned(solid, ln_omega, room, porosity, uncovered, k_new, k_grow, barrier, nu, order, seed, width):
    """`precipitation` of a crystalline solid: its steps grow where poisons leave the surface free."""
    rate = precipitation(solid, ln_omega, room, porosity, k_new, k_grow, barrier, nu, order, seed, width)
    return rate * uncovered


def templated(solid, template, ln_omega, inhibition, room, k_template, k_grow, nu, order, seed, width):
    """The same for a phase that starts only on another solid (OCP on DCPD, ACP and cores)."""
    s = ramp(math.expm1(ln_omega / nu), width)
    if s == 0.0:
        return 0.0
    amount = k_template * ramp(template, seed) + k_grow * ramp(solid, seed)
    return amount * inhibition * room * s**order


def coating(ACP, fetuin, colloid, ripe_colloid, k_coat, capacity):
    """Amorphous mineral taken up by fetuin [mol m-3 s-1], until its capacity [mol per mol] is used up."""
    left = 1.0 - (max(colloid, 0.0) + max(ripe_colloid, 0.0)) / (capacity * fetuin + 1e-9)
    return k_coat * fetuin * ACP * ramp(left, 0.05)


def overgrowth(solid, template, ln_omega, k_ripen, nu, width):
    """A denser solid growing on colloid and on itself [mol m-3 s-1], k (Omega^(1/nu) - 1) for Omega > 1."""
    return k_ripen * (max(template, 0.0) + max(solid, 0.0)) * ramp(math.expm1(ln_omega / nu), width)


def ripening(granules, inhibition, ln_omega_HAP, k):
    """Granules turning into apatite where they are [mol HAP m-3 s-1], held by what holds apatite's growth.

    A unit of apatite takes the calcium of five granule units.
    """
    return 0.2 * k * granules * inhibition * saturating(max(ln_omega_HAP, 0.0), 1.0)


def ripened_number(ripening_rate, size, molar_volume):
    """Crystals that ripening makes [m-3 s-1], of `size` each."""
    return ripening_rate * molar_volume / (math.pi / 6.0 * size**3)


def dissolution(solid, ln_omega, k_dissolution, nu, width):
    """Dissolution of a precursor [mol m-3 s-1], first order in the solid, for Omega < 1."""
    return k_dissolution * solid * ramp(-math.expm1(ln_omega / nu), width)
