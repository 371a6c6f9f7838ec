"""Fat necrosis: lipase frees fatty acids, which stay as an oil, and calcium makes soaps of them."""

from __future__ import annotations

import math

from sim.kinetics.smooth import ramp

ESTERS = 3.0  # fatty acids in a molecule of fat
LEAST = 1e-6  # share of the seed that keeps the logarithm finite where there is no oil


def lipolysis(fat, lipase, k):
    """Fatty acid that lipase frees [mol m-3 s-1]: first order in the fat within its reach.

    lipase: activity relative to that at the start of an attack.
    """
    return k * fat * lipase


def soap_saturation(a_Ca, pH, fatty_acid, fat, pK_acid, pK_soap, seed):
    """ln(Omega) of the calcium soap on the oil, Ca2+ + 2 HA(oil) = CaA2 + 2 H+.

    Omega = {Ca} ({A})^2/K_soap with {A} = x K_acid/{H} at the surface of the oil, in which the acid has the
    mole fraction x; K_acid = {H}{A} over the pure liquid acid (Drzymala 1985).
    seed [mol m-3]: oil below which there is none, so that nothing of it is saturated.
    """
    acid = max(fatty_acid, 0.0)
    x = (acid + LEAST * seed) / (acid + max(fat, 0.0) / ESTERS + seed)
    ions = math.log(x) + 2.302585092994046 * (pH - pK_acid)
    return math.log(max(a_Ca, 1e-30)) + 2.0 * ions + 2.302585092994046 * pK_soap


def soap_formation(fatty_acid, ln_omega, k, nu, width, seed):
    """Soap formed at the surface of the oil [mol m-3 s-1]: k acid (1 - Omega^(-1/nu)) for Omega > 1.

    Fast where calcium is at hand, so that supply and pH decide. Less acid than `seed` does not react.
    """
    return k * ramp(fatty_acid, seed) * ramp(-math.expm1(-max(ln_omega, 0.0) / nu), width)
