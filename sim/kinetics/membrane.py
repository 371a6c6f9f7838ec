"""Calcium on acidic phospholipid, and the nucleation core that phosphatase makes from it."""

from __future__ import annotations

import math

from sim.kinetics.smooth import saturating


def phospholipid_binding(lipid, bound_Ca, Ca_free, pH, K_apparent, pK_site, tau):
    """Ca2+ + L = CaL on exposed phospholipid [mol m-3 s-1], protons competing for the site.

    K_apparent [m3/mol] holds the surface potential at 0.15 M salt; tau [s] stands for "at once".
    """
    open_share = 1.0 / (1.0 + math.exp(2.302585092994046 * (pK_site - pH)))
    return (K_apparent * open_share * Ca_free * lipid - bound_Ca) / tau


def core_formation(hydrolysis, leaky, bound_Ca, pH, P_pool, tau_leak, share, half_sites, pK_complex):
    """Phosphate captured by membrane-bound calcium as it is freed [mol m-3 s-1].

    The textbook's "phosphatase binds calcium to phospholipid": at most `share` of the phosphate
    that the enzyme frees is caught, less as fewer sites hold calcium (to the second power: a complex takes
    several, four calcium at the least; Wu 2008), none at acid pH. So is that of phosphate which passes the
    membrane of a ruptured cell on its way out: cells killed where there is calcium keep cores of their own,
    those killed without it do not (Kim 1999).
    """
    deprotonated = 1.0 / (1.0 + math.exp(2.302585092994046 * 2.0 * (pK_complex - pH)))
    freed = hydrolysis + P_pool * leaky / tau_leak
    held = max(bound_Ca, 0.0)
    return share * freed * deprotonated * saturating(held * held, half_sites * half_sites)
