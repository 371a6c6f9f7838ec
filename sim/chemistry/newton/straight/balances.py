"""Sums over the species of a group of fluids, and whether its balances agree.

What is summed is told by `Balance`; the lists are written out.
"""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

from sim.chemistry.newton.records import FluidEquations
from sim.chemistry.newton.straight.species import Z2
from sim.codegen.functions import fma, nfma
from sim.codegen.registers import LaneMask, Registers, Vec


class Sums:
    """The sums of `Balance` over molalities m."""

    def __init__(self, t: FluidEquations, m: dict[int, Vec]):
        b = t.balance
        self.m, self.first = m, b.first.tolist()
        self.species, self.weight, self.times = b.species.tolist(), b.weight.tolist(), b.times.tolist()

    def __call__(self, i: int) -> Vec | None:
        """Sum of weight m; None where it is empty."""
        return self._sum(i, [self.weight[q] for q in range(self.first[i], self.first[i + 1])])

    def by_multiple(self, i: int, power: int) -> Vec | None:
        """Sum of weight t^power m, power 1 or 2, for the multiple t of ln gamma; None where it is empty."""
        return self._sum(i, [self.times[q][power - 1] for q in range(self.first[i], self.first[i + 1])])

    def _sum(self, i: int, weights: list[float]) -> Vec | None:
        total: Vec | None = None
        for q, weight in enumerate(weights, self.first[i]):
            m = self.m[self.species[q]]
            if weight == 0.0:
                continue
            if total is None:
                total = m if weight == 1.0 else m * weight
            elif weight == 1.0:
                total = total + m
            elif weight == -1.0:
                total = total - m
            else:
                total = fma(m, weight, total)
        return total


def total_of(parts: list[Vec | None], of_nothing: Vec) -> Vec:
    """The sum of what is there; `of_nothing` where nothing is."""
    there = [p for p in parts if p is not None]
    return reduce(lambda a, b: a + b, there) if there else of_nothing


class Balances(NamedTuple):
    """Sums nu m of the components, the borders b and c of A, and the rows of I and a_w.

    I_of_m, sum_m: what the molalities make of I and of the sum; corner, corner_water: by I
    """

    total: list[Vec]
    b: list[Vec]
    c: list[Vec]
    I_of_m: Vec
    sum_m: Vec
    corner: Vec
    corner_water: Vec


def balances_of(on: Registers, t: FluidEquations, sums: Sums, slope: list[Vec]) -> Balances:
    """See Balances; slope: d ln gamma/dI of the families."""
    nc, nf, family = t.has_inverse.size, len(slope), t.activity.family.tolist()
    zero = on.number(0.0)
    I_of_m = corner_water = zero
    corner = on.number(1.0)
    sum_m = total_of([sums(t.balance.family + f) for f in range(nf)], zero)
    for f in range(nf):
        i, half = t.balance.family + f, 0.5 * family[f][Z2]
        once, twice = sums.by_multiple(i, 1), sums.by_multiple(i, 2)
        if once is None or twice is None:
            continue
        corner_water = nfma(once, slope[f], corner_water)
        if half != 0.0:
            I_of_m = fma(once, half, I_of_m)
            corner = fma(twice * half, slope[f], corner)
    total, b, c = [], [], []
    for k in range(nc):
        bk = ck = zero
        for f in range(nf):
            q = sums.by_multiple(k * nf + f, 1)
            if q is not None:
                bk = nfma(slope[f], q, bk)
                ck = fma(q, -0.5 * family[f][Z2], ck)
        total.append(total_of([sums(k * nf + f) for f in range(nf)], zero))
        b.append(bk)
        c.append(ck)
    return Balances(total, b, c, I_of_m, sum_m, corner, corner_water)


def term_sizes(t: FluidEquations, sums: Sums, total: Sequence[Vec], wanted: Sequence[Vec]) -> list[Vec]:
    """Of each balance the sizes of its terms, added up; total: sums of nu m, wanted: what they should be."""
    sizes = []
    for k, s in enumerate(total):
        size, negative = s + abs(wanted[k]), sums(t.balance.negative + k)
        sizes.append(size if negative is None else size + negative)
    return sizes


def agree(
    found: Balances, I: Vec, off_water: Vec, off: Sequence[Vec], sizes: Sequence[Vec], tolerance: float
) -> LaneMask:
    """Whether balances are off by no more than `tolerance` of their terms, I and a_w of theirs."""
    good = (abs(found.I_of_m - I) <= tolerance * (found.I_of_m + I)) & (abs(off_water) <= tolerance)
    for v, size in zip(off, sizes, strict=True):
        good = good & (abs(v) <= tolerance * size)
    return good
