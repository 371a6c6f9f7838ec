"""Activity coefficients, molalities and sums over the species, as straight lines.

What depends on the temperature is read from numbers; what the species are made of is in the code.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.records import Balance, Blocks
from sim.codegen.functions import exp_in_range, fma, nfma, sqrt
from sim.codegen.registers import Memory, Vec

PER_FAMILY = 3  # numbers: B a, ln10 A z^2, ln10 b


def numbers_of(t: Blocks) -> np.ndarray:
    """What programs read: K of the species, then of each family of activity coefficients its numbers."""
    return np.concatenate([t.reactions.K, t.activity.family[:, :PER_FAMILY].ravel()])


class Coefficients(NamedTuple):
    """At one ionic strength."""

    inverse: dict[int, Vec]  # 1/gamma by place in g
    slope: list[Vec]  # d ln gamma/dI of each family
    inverse_I: Vec


def activity_coefficients(I: Vec, number: Memory, t: Blocks) -> Coefficients:
    """1/gamma of every class, and slopes of the families."""
    family, product, ns = t.activity.family, t.activity.product, t.reactions.K.size
    root = sqrt(I)
    inverse = 1.0 / root
    found: dict[int, Vec] = {}
    slopes = []
    for f, (_, az2, _, _, place) in enumerate(family.tolist()):
        Ba, Az2, b = (number.load(ns + PER_FAMILY * f + k) for k in range(PER_FAMILY))
        ln_gamma, slope = I * b, b
        if az2 != 0.0:
            q = 1.0 / fma(root, Ba, 1.0)
            Az2q = Az2 * q
            slope = nfma(0.5 * Az2q * q, inverse, slope)
            ln_gamma = nfma(Az2q, root, ln_gamma)
        slopes.append(slope)
        found[int(place)] = exp_in_range(-ln_gamma)
    for place, a, b in product.tolist():
        found[place] = found[a] * found[b]
    return Coefficients(found, slopes, inverse * inverse)


def molalities(g: dict[int, Vec], number: Memory, t: Blocks) -> list[Vec]:
    """Of all species, from their factors by place in g; products of two that several share are made once."""
    first, factor = t.reactions.factor_first.tolist(), t.reactions.factor.tolist()
    rest, made = shared_pairs([factor[a:b] for a, b in zip(first, first[1:], strict=False)])
    g = dict(g)
    for place, (a, b) in made.items():
        g[place] = g[a] * g[b]
    found = []
    for j, places in enumerate(rest):
        p = g[places[0]]
        for k in places[1:]:
            p = p * g[k]
        found.append(p if j < t.has_inverse.size else p * number.load(j))  # K is 1 of the basis
    return found


def shared_pairs(lists: list[list[int]]) -> tuple[list[list[int]], dict[int, tuple[int, int]]]:
    """The lists with the pair that most of them hold as one number, again and again; {number: pair}."""
    lists = [list(part) for part in lists]
    made: dict[int, tuple[int, int]] = {}
    new = 1 + max(max(part) for part in lists)
    while True:
        counts = Counter(p for part in lists for p in {tuple(sorted(p)) for p in combinations(part, 2)})
        if not counts:
            return lists, made
        (a, b), often = max(counts.items(), key=lambda item: (item[1], [-k for k in item[0]]))
        if often < 2:
            return lists, made
        made[new] = (a, b)
        for part in lists:
            while part.count(a) > (a == b) and b in part:
                part.remove(a)
                part.remove(b)
                part.append(new)
        new += 1


def weighted_sum(values: Sequence[Vec], weights: Sequence[tuple[int, float]]) -> Vec | None:
    """Sum of values[k] times a weight; None where all weights are 0."""
    total: Vec | None = None
    for k, c in weights:
        x = values[k]
        if c == 0.0:
            continue
        if total is None:
            total = x if c == 1.0 else c * x
        elif c == 1.0:
            total = total + x
        elif c == -1.0:
            total = total - x
        else:
            total = fma(x, c, total)
    return total


def terms(i: int, sums: Balance, power: int = 0) -> list[tuple[int, float]]:
    """(species, weight) of sum i; power 1 or 2: times the multiple of the species' class, once or twice."""
    of_i = range(int(sums.first[i]), int(sums.first[i + 1]))
    column = sums.weight if power == 0 else sums.times[:, power - 1]
    return [(int(sums.species[n]), float(column[n])) for n in of_i]
