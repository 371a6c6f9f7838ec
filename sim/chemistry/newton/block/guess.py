"""Where the Newton steps of a block begin: warm starts examined, cold lanes given a first guess."""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

from sim.chemistry.newton.block.balances import activity_coefficients
from sim.chemistry.newton.records import COLD, NOTHING, SMALLEST_I, Blocks
from sim.jit.kernel import plain_kernel
from sim.simd.row_exponentials import exp_row
from sim.simd.rows import count_lanes, full_row, put_row, rough_log, row_of, select


@plain_kernel
def mark_lanes(w, is_fixed, t: Blocks):
    """Mark absent components and cold lanes; returns how many are warm."""
    at, h = t.at, t.reactions.h
    nc = is_fixed.size
    I = row_of(w, at.x + nc)
    L = row_of(w, at.x + (nc + 1))
    one = full_row(1.0)
    warm = (I >= SMALLEST_I) & (L <= 0.0) & (L > -2.0)
    for k in range(nc):
        put_row(w, at.absent + k, 0.0)
        if is_fixed[k] == 0:
            x = row_of(w, at.x + k)
            good = (x > COLD) & (x < 50.0)
            if k != h:
                total = row_of(w, at.total + k)
                absent = (total >= 0.0) & (total < NOTHING)
                put_row(w, at.absent + k, select(absent, one, 0.0))
                put_row(w, at.x + k, select(absent, 0.0, x))
                good = good | absent
            warm = warm & good
    put_row(w, at.cold, select(warm, 0.0, one))
    return count_lanes(warm)


@plain_kernel
def guess_cold_lanes(w, is_fixed, t: Blocks):
    """First unknowns of the cold lanes: no partners but H+, at the pH where the acidity then balances."""
    at, h, half_z2 = t.at, t.reactions.h, t.guess.half_z2
    first, species, powers = t.guess.first, t.guess.species, t.guess.power
    nc = is_fixed.size
    cold = row_of(w, at.cold) > 0.5
    I = row_of(w, at.x + nc)
    guessed = full_row(SMALLEST_I)
    for k in range(nc):
        if k != h and is_fixed[k] == 0:
            guessed = guessed + row_of(w, at.total + k) * half_z2[k]
    guessed = select(guessed > 0.5, 0.5, guessed)
    put_row(w, at.x + nc, select(cold, guessed, I))
    put_row(w, at.x + (nc + 1), select(cold, 0.0, row_of(w, at.x + (nc + 1))))
    activity_coefficients(w, t)
    gamma_class, K = t.reactions.gamma_class, t.reactions.K
    for i in range(species.size):
        j = species[i]
        inverse_gamma = at.g + (2 * nc + 2 + gamma_class[j])
        put_row(w, at.m + j, row_of(w, inverse_gamma) * K[j])
    xh = row_of(w, at.x + h)
    low = full_row(-46.0)
    high = full_row(5.0)
    tries = 1 if is_fixed[h] == 1 else 12
    for _ in range(tries):
        if is_fixed[h] == 0:
            xh = 0.5 * (low + high)
        a = exp_row(xh)
        inverse = 1.0 / a
        acidity = 0.0 - row_of(w, at.total + h)
        for k in range(nc + 1):
            v = full_row(0.0)
            s = full_row(0.0)
            any_power = False
            for i in range(first[k], first[k + 1]):
                q = row_of(w, at.m + species[i])
                power = powers[i]
                for _ in range(power):
                    q = q * a
                for _ in range(-power):
                    q = q * inverse
                v = v + q
                if power != 0:
                    any_power = True
                    s = s + q * float(power)
            if k == nc:
                acidity = acidity + s
            elif k != h and is_fixed[k] == 0:
                put_row(w, at.off + k, v)
                if any_power:
                    acidity = acidity + row_of(w, at.total + k) * s / v
        above = acidity > 0.0
        high = select(above, xh, high)
        low = select(above, low, xh)
    for k in range(nc):
        if k != h and is_fixed[k] == 0:
            x = rough_log(row_of(w, at.total + k)) - rough_log(row_of(w, at.off + k))
            x = select(row_of(w, at.absent + k) > 0.5, 0.0, x)
            put_row(w, at.x + k, select(cold, x, row_of(w, at.x + k)))
    if is_fixed[h] == 0:
        put_row(w, at.x + h, select(cold, xh, row_of(w, at.x + h)))
