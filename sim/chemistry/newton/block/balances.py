"""Molalities of all species of a block, and by how much the balances are off.

w is the work space (rows, LANES) of a block, laid out as `BlockLayout` says; row 0 of a quantity is
followed by its others.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

from sim.chemistry.newton.records import Accuracy, Balance, Blocks
from sim.jit.kernel import plain_kernel
from sim.simd.row_exponentials import exp_row
from sim.simd.rows import (
    abs_row,
    count_lanes,
    fma,
    full_row,
    minus_product,
    put_row,
    row_of,
    select,
    sqrt_row,
)


@plain_kernel
def sum_over_species(w, m, i, sums: Balance):
    """Sum i of `Balance`; the molalities begin at row m."""
    species, weight = sums.species, sums.weight
    found = full_row(0.0)
    for q in range(sums.first[i], sums.first[i + 1]):
        found = fma(row_of(w, m + species[q]), weight[q], found)
    return found


@plain_kernel
def activity_coefficients(w, t: Blocks):
    """1/gamma of every class and d(ln gamma)/dI of every family, at the I of w."""
    at, family, product = t.at, t.activity.family, t.activity.product
    I = row_of(w, at.x + t.has_inverse.size)
    root = sqrt_row(I)
    inverse = 1.0 / root
    put_row(w, at.inverse_I, inverse * inverse)
    for f in range(family.shape[0]):
        slope = full_row(family[f, 2])
        ln_gamma = I * slope
        if family[f, 1] != 0.0:
            q = 1.0 / fma(root, family[f, 0], 1.0)
            az2q = q * family[f, 1]
            slope = minus_product(slope, 0.5 * az2q * q, inverse)
            ln_gamma = minus_product(ln_gamma, az2q, root)
        put_row(w, at.slope + f, slope)
        put_row(w, at.g + int(family[f, 4]), exp_row(0.0 - ln_gamma))
    for i in range(product.shape[0]):
        made = row_of(w, at.g + product[i, 1]) * row_of(w, at.g + product[i, 2])
        put_row(w, at.g + product[i, 0], made)


@plain_kernel
def log_gammas(w, t: Blocks):
    """ln gamma of every class into the rows of 1/gamma."""
    at, family = t.at, t.activity.family
    class_family, class_times = t.activity.class_family, t.activity.class_times
    nc = t.has_inverse.size
    I = row_of(w, at.x + nc)
    root = sqrt_row(I)
    for c in range(class_family.size):
        f = class_family[c]
        q = family[f, 1] * root / fma(root, family[f, 0], 1.0)
        put_row(w, at.g + (2 * nc + 2 + c), (I * family[f, 2] - q) * class_times[c])


@plain_kernel
def molalities(w, fresh, t: Blocks):
    """Molalities of all species at the unknowns of w; fresh: the step has left no activities in g."""
    at, has_inverse = t.at, t.has_inverse
    K, first, factor = t.reactions.K, t.reactions.factor_first, t.reactions.factor
    nc = has_inverse.size
    for k in range(nc):
        if fresh:
            a = exp_row(row_of(w, at.x + k)) * (1.0 - row_of(w, at.absent + k))
            put_row(w, at.g + k, a)
        if has_inverse[k] == 1:
            a = row_of(w, at.g + k)
            absent = row_of(w, at.absent + k)
            put_row(w, at.g + (nc + k), (1.0 - absent) / (a + absent))
    aw = exp_row(row_of(w, at.x + (nc + 1)))
    put_row(w, at.g + 2 * nc, aw)
    put_row(w, at.g + (2 * nc + 1), 1.0 / aw)
    activity_coefficients(w, t)
    for j in range(K.size):
        p = row_of(w, at.g + factor[first[j]]) * K[j]
        for i in range(first[j] + 1, first[j + 1]):
            p = p * row_of(w, at.g + factor[i])
        put_row(w, at.m + j, p)


@plain_kernel
def balances(w, is_fixed, accuracy: Accuracy, t: Blocks):
    """Imbalances and borders b, c; returns how many lanes are solved to `accuracy`."""
    at, family, sums = t.at, t.activity.family, t.balance
    first, species, weight, times = sums.first, sums.species, sums.weight, sums.times
    nc, nf = is_fixed.size, family.shape[0]
    I = row_of(w, at.x + nc)
    sum_m = full_row(0.0)
    I_of_m = full_row(0.0)
    corner = full_row(1.0)
    corner_water = full_row(0.0)
    for f in range(nf):
        once = full_row(0.0)  # sums of m, t m and t^2 m, t the multiple of ln gamma
        twice = full_row(0.0)
        for n in range(first[sums.family + f], first[sums.family + f + 1]):
            m = row_of(w, at.m + species[n])
            sum_m = sum_m + m
            once = fma(m, times[n, 0], once)
            twice = fma(m, times[n, 1], twice)
        slope = row_of(w, at.slope + f)
        half = 0.5 * family[f, 3]
        I_of_m = fma(once, half, I_of_m)
        corner = fma(twice * half, slope, corner)
        corner_water = minus_product(corner_water, once, slope)
    put_row(w, at.sum_m, sum_m)
    put_row(w, at.I_of_m, I_of_m)
    put_row(w, at.corner, corner)
    put_row(w, at.corner_water, corner_water)
    is_near = row_of(w, at.step) < accuracy.last_step
    tolerance = select(is_near, full_row(accuracy.near), accuracy.converged)
    good = abs_row(I - I_of_m) <= tolerance * (I + I_of_m)
    aw = row_of(w, at.g + 2 * nc)
    good = good & (abs_row(fma(sum_m, t.reactions.aw_slope, aw - 1.0)) <= tolerance)
    for k in range(nc):
        if is_fixed[k] == 1:
            for to in (at.off, at.sum, at.b, at.c):
                put_row(w, to + k, 0.0)
            continue
        s = full_row(0.0)
        b = s
        c = s
        for f in range(nf):
            i = k * nf + f
            if first[i] != first[i + 1]:
                q = full_row(0.0)  # sum of nu m times the family's multiple
                for n in range(first[i], first[i + 1]):
                    m = row_of(w, at.m + species[n])
                    s = fma(m, weight[n], s)
                    q = fma(m, times[n, 0], q)
                b = minus_product(b, row_of(w, at.slope + f), q)
                c = fma(q, -0.5 * family[f, 3], c)
        put_row(w, at.sum + k, s)
        put_row(w, at.b + k, b)
        put_row(w, at.c + k, c)
        total = row_of(w, at.total + k)
        off = (s - total) * (1.0 - row_of(w, at.absent + k))
        put_row(w, at.off + k, off)
        s = s + abs_row(total)
        i = sums.negative + k
        if first[i] != first[i + 1]:
            s = s + sum_over_species(w, at.m, i, sums)
        good = good & (abs_row(off) <= tolerance * s)
    put_row(w, at.solved, select(good, full_row(1.0), 0.0))
    return count_lanes(good)
