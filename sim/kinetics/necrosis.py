"""Cells die, become leaky and lose their contents; mitochondria take up calcium meanwhile."""

from __future__ import annotations

from sim.kinetics.smooth import ramp, saturating


def first_order(amount, tau):
    """Loss of `amount` with time constant tau [s]: rupture, leak, slow ester release."""
    return amount / tau


def rupture(doomed, perfusion, tau_death, reflow, flow_half):
    """Rupture of dying cells [1/s]: in tau_death without flow, hastened where blood comes back.

    Reflow brings oxygen, calcium and a normal pH to cells that cannot use them, and bursts them in minutes
    (Shen & Jennings 1972). reflow: cells that burst per exchange of their fluid; flows below flow_half hardly
    do it.
    """
    return doomed * (1.0 / tau_death + reflow * ramp(perfusion, flow_half))


def mitochondrial_uptake(mito_room, Ca_free, P, tau_uptake, K_Ca, K_P):
    """Calcium taken into mitochondrial granules [mol Ca m-3 s-1].

    mito_room [mol Ca m-3] is what mitochondria of ruptured cells can still take; it is used up
    here, and lost as they fail. A pump: it works in solutions that are undersaturated with the
    granules' mineral. Source: ultrastructure of reperfused infarcts (Shen & Jennings 1972), as a
    rate law of ours.
    """
    return mito_room / tau_uptake * saturating(Ca_free, K_Ca) * saturating(P, K_P)
