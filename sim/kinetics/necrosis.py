"""Cells die, become leaky and lose their contents; mitochondria take up calcium meanwhile."""

from __future__ import annotations

from sim.kinetics.smooth import ramp, saturating


def first_order(amount, tau):
    """Loss of `amount` with time constant tau [s]: rupture, leak, slow ester release."""
    return amount / tau


def mitochondrial_uptake(leaky, Ca_free, P, capacity, tau_uptake, K_Ca, K_P):
    """Calcium taken into mitochondrial granules [mol Ca m-3 s-1].

    The capacity [mol Ca per m3 of leaky cells] is filled within tau_uptake where calcium and
    phosphate are at hand, and fails with the leaky cells themselves. Source: ultrastructure of
    reperfused infarcts (Shen & Jennings 1972), as a rate law of ours.
    """
    return leaky * capacity / tau_uptake * saturating(Ca_free, K_Ca) * saturating(P, K_P)


def granule_dissolution(granules, ln_omega_ACP2, k_dissolution, nu, width):
    """Granules dissolving where the solution is undersaturated with ACP2 [mol Ca m-3 s-1]."""
    return k_dissolution * granules * ramp(-ln_omega_ACP2 / nu, width)
