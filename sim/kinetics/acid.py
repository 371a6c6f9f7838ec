"""Tissue buffers. (Acid itself is released by first-order pools, see necrosis.first_order.)"""

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
