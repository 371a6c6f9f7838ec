"""Tissue buffers, and a pH held from outside.

Acid itself is released by first-order pools, see necrosis.first_order.
"""

from __future__ import annotations

import math


def sites_taken(pH, Ca_free, pK, K_Ca):
    """Shares of protein sites holding H+ and Ca2+ [-, -]: competitive binding of one or the other.

    K_Ca [m3/mol] association constant of Ca2+ with the bare site.
    """
    h = math.exp(2.302585092994046 * (pK - pH))
    ca = K_Ca * max(Ca_free, 0.0)
    total = 1.0 + h + ca
    return h / total, ca / total


def relaxation(share, sites, bound, tau):
    """Bound amount relaxing to share x sites within tau [mol m-3 s-1]; tau stands for "at once"."""
    return (share * sites - bound) / tau


def holding(pH, pH_hold, hold):
    """Acid given to hold the pH at pH_hold [mol m-3 s-1]; none where pH_hold is 0."""
    if pH_hold <= 0.0:
        return 0.0
    return hold * (pH - pH_hold)
