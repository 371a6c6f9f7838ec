"""Activity coefficients and molalities of a group, from the lists of `operation_lists`, written out.

What depends on temperature (K, the families' numbers) is read from arrays, so that the code is that of a
set of species. Products of the same factors are taken once.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sim.chemistry.newton.records import FluidEquations
from sim.codegen.functions import exp_in_range, fma, nfma, sqrt
from sim.codegen.registers import Memory, Vec

BA, AZ2, B, Z2, FIRST = range(5)  # columns of Activity.family


class Families(NamedTuple):
    """What the ionic strength gives: 1/gamma by place in g, ln gamma and its slope in I by family, 1/I."""

    inverse_gamma: dict[int, Vec]
    ln_gamma: list[Vec]
    slope: list[Vec]
    inverse_I: Vec


def families(t: FluidEquations, I: Vec, numbers: Memory) -> Families:
    """numbers: `Activity.family`, row by row."""
    root = sqrt(I)
    inverse = 1.0 / root
    g: dict[int, Vec] = {}
    ln_gammas, slopes = [], []
    for f, row in enumerate(t.activity.family.tolist()):
        ba, az2, b = (numbers.load(len(row) * f + k) for k in (BA, AZ2, B))
        slope, ln_gamma = b, I * b
        if row[Z2] != 0.0:
            q = 1.0 / fma(root, ba, 1.0)
            az2q = q * az2
            slope = nfma(0.5 * az2q * q, inverse, slope)
            ln_gamma = nfma(az2q, root, ln_gamma)
        ln_gammas.append(ln_gamma)
        slopes.append(slope)
        g[int(row[FIRST])] = exp_in_range(-ln_gamma)
    for made, a, c in t.activity.product.tolist():
        g[made] = g[a] * g[c]
    return Families(g, ln_gammas, slopes, inverse * inverse)


def factors_of(
    t: FluidEquations, activity: Sequence[Vec], L: Vec, inverse_gamma: dict[int, Vec]
) -> dict[int, Vec]:
    """The vector g of `Reactions`: activities, their inverses where needed, a_w = e^L, 1/a_w, 1/gamma."""
    nc = t.has_inverse.size
    g = dict(inverse_gamma)
    for k, a in enumerate(activity):
        g[k] = a
        if t.has_inverse[k]:
            g[nc + k] = 1.0 / a
    g[2 * nc] = exp_in_range(L)
    g[2 * nc + 1] = 1.0 / g[2 * nc]
    return g


def molalities_of(
    t: FluidEquations, g: dict[int, Vec], K: Memory, wanted: Iterable[int] | None = None
) -> dict[int, Vec]:
    """{species: molality}, of all or those that are wanted."""
    lists, products = shared_factors(t)
    g, nc = dict(g), t.has_inverse.size
    made = {p: (a, b) for p, a, b in products}

    def factor(p: int) -> Vec:
        if p not in g:
            a, b = made[p]
            g[p] = factor(a) * factor(b)
        return g[p]

    found = {}
    for j in range(len(lists)) if wanted is None else wanted:
        m = factor(lists[j][0])
        for p in lists[j][1:]:
            m = m * factor(p)
        found[j] = m if j < nc else m * K.load(j)  # K = 1 of the basis species
    return found


def shared_factors(t: FluidEquations) -> tuple[list[list[int]], list[tuple[int, int, int]]]:
    """The factors of each species, and products (place, factor, factor) that several species share.

    Again and again the pair of factors that most species have becomes a factor of its own, at a place
    behind those of g.
    """
    first, factor = t.reactions.factor_first.tolist(), t.reactions.factor.tolist()
    lists = [factor[a:b] for a, b in zip(first, first[1:], strict=False)]
    place = 2 * t.has_inverse.size + 2 + len(t.reactions.classes) + len(t.activity.product)  # the end of g
    products: list[tuple[int, int, int]] = []
    while True:
        pairs: Counter[tuple[int, int]] = Counter()
        for of in lists:
            pairs.update({(min(a, b), max(a, b)) for i, a in enumerate(of) for b in of[i + 1 :]})
        (a, b), n = max(pairs.items(), key=lambda item: (item[1], item[0])) if pairs else ((0, 0), 0)
        if n < 2:
            return lists, products
        products.append((place, a, b))
        for of in lists:
            while of.count(a) > 0 and of.count(b) > (a == b):
                of.remove(a)
                of.remove(b)
                of.append(place)
        place += 1
