"""Molalities of all species at given unknowns, and by how much the balances are off."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math

from sim.chemistry.newton.one.work_space import ABSENT, BALANCED, Work
from sim.chemistry.newton.records import Reactions
from sim.jit.kernel import plain_kernel


@plain_kernel(forceinline=True)
def log_gamma(I, az2, ba, b):
    """ln gamma and d(ln gamma)/dI for Davies (ba = 1), Truesdell-Jones and neutrals alike."""
    root = math.sqrt(I)
    q = 1.0 / (1.0 + ba * root)
    return -az2 * root * q + b * I, -0.5 * az2 * q * q / root + b


@plain_kernel(forceinline=True)
def evaluate_balances(x, total, m, work: Work, t: Reactions):
    """Molalities m, imbalances and sizes of the balances at x; returns (sum m, I of m)."""
    off, size, g, slope, kind = work.off, work.size, work.g, work.slope, work.kind
    K, factor_first, factor = t.K, t.factor_first, t.factor
    first, component, nu, gamma_class, classes = t.first, t.component, t.nu, t.gamma_class, t.classes
    nc = off.size
    for k in range(nc):
        off[k] = -total[k]
        size[k] = abs(total[k])
        if kind[k] == ABSENT:
            g[k] = 0.0
            g[nc + k] = 0.0
        else:
            a = math.exp(x[k])
            g[k] = a
            g[nc + k] = 1.0 / a
    g[2 * nc] = math.exp(x[nc + 1])
    g[2 * nc + 1] = 1.0 / g[2 * nc]
    for c in range(slope.size):
        lng, dlng = log_gamma(x[nc], classes[c, 1], classes[c, 2], classes[c, 3])
        g[2 * nc + 2 + c] = math.exp(-lng)
        slope[c] = dlng
    sum_m = 0.0
    sum_z2m = 0.0
    for j in range(m.size):
        p = K[j]
        for i in range(factor_first[j], factor_first[j + 1]):
            p *= g[factor[i]]
        m[j] = p
        sum_m += p
        sum_z2m += classes[gamma_class[j], 0] * p
        for i in range(first[j], first[j + 1]):
            q = nu[i] * p
            k = component[i]
            off[k] += q
            size[k] += abs(q)
    return sum_m, 0.5 * sum_z2m


@plain_kernel(forceinline=True)
def largest_imbalance(x, sum_m, I_of_m, work: Work, t: Reactions):
    """Relative; sets the imbalance to zero where a component is fixed or absent."""
    off, size, kind = work.off, work.size, work.kind
    nc = off.size
    worst = 0.0
    for k in range(nc):
        if kind[k] != BALANCED:
            off[k] = 0.0
        else:
            r = abs(off[k]) / (size[k] + 1e-300)
            if not r <= worst:
                worst = r
    r = abs(x[nc] - I_of_m) / (x[nc] + I_of_m)
    if not r <= worst:
        worst = r
    r = abs(math.exp(x[nc + 1]) - 1.0 + t.aw_slope * sum_m)
    if not r <= worst:
        worst = r
    return worst
