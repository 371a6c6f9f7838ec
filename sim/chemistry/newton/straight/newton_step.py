"""One Newton step of a group of fluids, as in `block.iteration`, written out for a set of species.

The order of elimination and the sums over species are those of `operation_lists`. All components are
present and balanced: blocks with others are left to the kernels there.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math
from functools import reduce
from typing import NamedTuple

from sim.chemistry.newton.records import SMALLEST_I, Blocks
from sim.chemistry.newton.straight.species import Z2, factors_of, families, molalities_of
from sim.codegen.functions import exp_in_range, fma, maximum, minimum, nfma, select
from sim.codegen.registers import LaneMask, Memory, Registers, Vec

LONGEST = 3.0  # step in any ln activity
LEAST_CORNER = 1e-3  # below it the activity model folds: there is no step


class Sums:
    """The sums of `Balance` over molalities m."""

    def __init__(self, t: Blocks, m: dict[int, Vec]):
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


def balances_of(on: Registers, t: Blocks, sums: Sums, slope: list[Vec]) -> Balances:
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


class Factors:
    """L D L^T of the component block A; solve(y) is A^-1 y."""

    def __init__(self, t: Blocks, sums: Sums, total: list[Vec]):
        f, at = t.factor, t.balance
        self.step, self.entry = f.step.tolist(), f.entry.tolist()
        self.first, self.left_first, self.left = f.step_first.tolist(), f.left_first.tolist(), f.left.tolist()
        update_first, update = f.update_first.tolist(), f.update.tolist()
        self.below: dict[int, Vec] = {}
        self.inverse: dict[int, Vec] = {}
        for n, k in enumerate(self.step):
            pivot = total_of([sums(at.diagonal + k)], total[k])
            # A complex that holds all of two components leaves a pivot of rounding size.
            floor = pivot * 1e-16
            for entry, j in self._of_row(n):
                v = self.below[entry]
                pivot = nfma(v * self.inverse[j], v, pivot)
            self.inverse[k] = 1.0 / select(pivot > floor, pivot, floor + 1e-300)
            for p in range(self.first[n], self.first[n + 1]):
                v = total_of([sums(at.below + p)], pivot.of.number(0.0))
                for a, b, j in update[update_first[p] : update_first[p + 1]]:
                    v = nfma(self.below[a] * self.inverse[j], self.below[b], v)
                self.below[p] = v

    def _of_row(self, n: int) -> list[list[int]]:
        return self.left[self.left_first[n] : self.left_first[n + 1]]

    def solve(self, given: list[Vec]) -> list[Vec]:
        """A^-1 of a column."""
        y = list(given)
        for n, k in enumerate(self.step):
            for entry, j in self._of_row(n):
                y[k] = nfma(self.below[entry], y[j], y[k])
            y[k] = y[k] * self.inverse[k]
        for n in range(len(self.step) - 1, -1, -1):
            k, total = self.step[n], None
            for p in range(self.first[n], self.first[n + 1]):
                v = self.below[p]
                total = v * y[self.entry[p]] if total is None else fma(v, y[self.entry[p]], total)
            y[k] = y[k] if total is None else nfma(total, self.inverse[k], y[k])
        return y


class Fluids(NamedTuple):
    """The state of a group: ln activities and activities of the components, I, ln a_w."""

    x: list[Vec]
    activity: list[Vec]
    I: Vec
    L: Vec


def newton_step(
    on: Registers, t: Blocks, now: Fluids, total: list[Vec], K: Memory, family: Memory, aw_slope: Vec
) -> tuple[Fluids, Vec, LaneMask]:
    """The fluids after a step, the size of the step, and where there is one."""
    nc = t.has_inverse.size
    at_I = families(t, now.I, family)
    g = factors_of(t, now.activity, now.L, at_I.inverse_gamma)
    sums = Sums(t, molalities_of(t, g, K))
    found = balances_of(on, t, sums, at_I.slope)
    factors = Factors(t, sums, found.total)
    y = factors.solve([s - T for s, T in zip(found.total, total, strict=True)])
    z = factors.solve(found.b)
    corner, corner_water = found.corner, found.corner_water
    off_I, off_w = found.I_of_m - now.I, -found.sum_m
    for k in range(nc):
        corner, off_I = nfma(found.c[k], z[k], corner), fma(found.c[k], y[k], off_I)
        corner_water, off_w = nfma(found.total[k], z[k], corner_water), fma(found.total[k], y[k], off_w)
    dI = off_I / select(corner > LEAST_CORNER, corner, math.nan)
    aw, inverse_aw = g[2 * nc], g[2 * nc + 1]
    dL = fma(nfma(corner_water, dI, off_w), aw_slope, 1.0 - aw) * inverse_aw
    dx = [-fma(z[k], dI, y[k]) for k in range(nc)]
    step = abs(dL)
    for d in dx:
        step = maximum(abs(d), step)
    damp = select(step > LONGEST, LONGEST / step, 1.0)
    x = [fma(d, damp, old) for d, old in zip(dx, now.x, strict=True)]
    activity = [a * exp_in_range(d * damp) for d, a in zip(dx, now.activity, strict=True)]
    I = maximum(fma(dI, damp, now.I), fma(now.I, 0.2, SMALLEST_I))
    L = maximum(minimum(fma(dL, damp, now.L), 0.0), -2.0)
    size = maximum(abs(dI) * at_I.inverse_I, step)
    return Fluids(x, activity, I, L), size, dI == dI
