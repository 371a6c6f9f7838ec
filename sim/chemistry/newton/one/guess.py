"""First unknowns of a fluid about which nothing is known."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

import math

from sim.chemistry.newton.one.balances import log_gamma
from sim.chemistry.newton.one.work_space import ABSENT, BALANCED, Work
from sim.chemistry.newton.records import SMALLEST_I, Reactions
from sim.jit.kernel import plain_kernel


@plain_kernel
def guess_unknowns(total, x, work: Work, t: Reactions):
    """First x: components without partners but H+, at the pH where the acidity then balances."""
    # the sums of m and of (power of H) m over the species of each component
    g, kind, held, acid, h = work.g, work.kind, work.y, work.trial, t.h
    K, first, component, nu, host = t.K, t.first, t.component, t.nu, t.host
    gamma_class, classes = t.gamma_class, t.classes
    nc = total.size
    I = SMALLEST_I
    for k in range(nc):
        if k != h and kind[k] == BALANCED:
            I += 0.5 * classes[gamma_class[k], 0] * total[k]  # species k is component k itself
    I = min(I, 0.5)
    x[nc] = I
    x[nc + 1] = 0.0
    for c in range(work.slope.size):
        lng, _ = log_gamma(I, classes[c, 1], classes[c, 2], classes[c, 3])
        g[2 * nc + 2 + c] = math.exp(-lng)
    low = x[h] if kind[h] != BALANCED else -46.0
    high = x[h] if kind[h] != BALANCED else 5.0
    for _ in range(24):
        xh = 0.5 * (low + high)
        acidity = -total[h]
        for k in range(nc):
            held[k] = 0.0
            acid[k] = 0.0
        for j in range(host.size):
            of = host[j]
            if of < -1 or (of >= 0 and kind[of] == ABSENT):
                continue
            power = 0.0
            for i in range(first[j], first[j + 1]):
                if component[i] == h:
                    power = nu[i]
            v = K[j] * g[2 * nc + 2 + gamma_class[j]] * math.exp(power * xh)
            if of == -1:
                acidity += power * v
            else:
                held[of] += v
                acid[of] += power * v
        for k in range(nc):
            if k != h and kind[k] == BALANCED:
                acidity += total[k] * acid[k] / held[k]
        if acidity > 0.0:
            high = xh
        else:
            low = xh
        if kind[h] != BALANCED:
            break
    for k in range(nc):
        if kind[k] == BALANCED:
            x[k] = xh if k == h else math.log(total[k] / held[k])
