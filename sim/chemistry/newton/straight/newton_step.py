"""One Newton step of a group of fluids, written out for a set of species.

The order of elimination and the sums over species are those of `operation_lists`. Left out are the terms
by which a_w enters the balances: those of H2O taken up, of relative order 0.02 m. They slow the last digits
of a_w only.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from sim.chemistry.newton.records import SMALLEST_I, Blocks
from sim.chemistry.newton.straight.balances import Balances, Sums, balances_of, total_of
from sim.chemistry.newton.straight.species import factors_of, families, molalities_of
from sim.codegen.functions import exp_in_range, fma, maximum, minimum, nfma, select
from sim.codegen.registers import LaneMask, Memory, Registers, Vec

LONGEST = 3.0  # step in any ln activity
LEAST_CORNER = 1e-3  # below it the activity model folds: there is no step
HELD = 1e200  # what holds a component where it is: nothing that is summed is as large


class Factors:
    """L D L^T of the component block A; solve(y) is A^-1 y.

    held: what is added to the pivots: 1 of a component that is absent, whose sums are all zero, HELD of one
        whose activity is given, else 0
    """

    def __init__(self, t: Blocks, sums: Sums, total: list[Vec], held: list[Vec] | None = None):
        f, at = t.factor, t.balance
        self.step, self.entry = f.step.tolist(), f.entry.tolist()
        self.first, self.left_first, self.left = f.step_first.tolist(), f.left_first.tolist(), f.left.tolist()
        update_first, update = f.update_first.tolist(), f.update.tolist()
        self.below: dict[int, Vec] = {}
        self.inverse: dict[int, Vec] = {}
        for n, k in enumerate(self.step):
            pivot = total_of([sums(at.diagonal + k)], total[k])
            if held is not None:
                pivot = pivot + held[k]
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
        return [v for v in self.solve_sparse(given) if v is not None]  # none is: nothing given is

    def solve_sparse(self, given: Sequence[Vec | None]) -> list[Vec | None]:
        """A^-1 of a column; None stands for zero, there and in what comes out."""
        y = list(given)
        for n, k in enumerate(self.step):
            v = y[k]
            for entry, j in self._of_row(n):
                v = minus_product(v, self.below[entry], y[j])
            y[k] = None if v is None else v * self.inverse[k]
        for n in range(len(self.step) - 1, -1, -1):
            k, total = self.step[n], None
            for p in range(self.first[n], self.first[n + 1]):
                v = y[self.entry[p]]
                if v is not None:
                    total = self.below[p] * v if total is None else fma(self.below[p], v, total)
            if total is not None:
                y[k] = minus_product(y[k], total, self.inverse[k])
        return y


def minus_product(a: Vec | None, b: Vec, c: Vec | None) -> Vec | None:
    """a - b c; None stands for zero."""
    if c is None:
        return a
    return -(b * c) if a is None else nfma(b, c, a)


class Reduced(NamedTuple):
    """What is left of the system without the components: I by I, a_w's balance by I, what both are off."""

    corner: Vec
    corner_water: Vec
    off_I: Vec
    off_w: Vec


def reduced(found: Balances, y: list[Vec], z: list[Vec], I: Vec) -> Reduced:
    """y, z: A^-1 times the imbalances, and times the column of I."""
    corner, corner_water = found.corner, found.corner_water
    off_I, off_w = found.I_of_m - I, -found.sum_m
    for k, (c, s) in enumerate(zip(found.c, found.total, strict=True)):
        corner, off_I = nfma(c, z[k], corner), fma(c, y[k], off_I)
        corner_water, off_w = nfma(s, z[k], corner_water), fma(s, y[k], off_w)
    return Reduced(corner, corner_water, off_I, off_w)


class Fluids(NamedTuple):
    """The state of a group: ln activities and activities of the components, I, ln a_w."""

    x: list[Vec]
    activity: list[Vec]
    I: Vec
    L: Vec


class Wanted(NamedTuple):
    """What the balances should be, and the numbers that they are made with.

    total: of each component    held: see Factors    K: of the species    family: `Activity.family`
    """

    total: list[Vec]
    K: Memory
    family: Memory
    aw_slope: Vec
    held: list[Vec] | None = None


def newton_step(on: Registers, t: Blocks, now: Fluids, wanted: Wanted) -> tuple[Fluids, Vec, LaneMask]:
    """The fluids after a step, the size of the step, and where there is one."""
    nc = t.has_inverse.size
    at_I = families(t, now.I, wanted.family)
    g = factors_of(t, now.activity, now.L, at_I.inverse_gamma)
    sums = Sums(t, molalities_of(t, g, wanted.K))
    found = balances_of(on, t, sums, at_I.slope)
    factors = Factors(t, sums, found.total, wanted.held)
    y = factors.solve([s - T for s, T in zip(found.total, wanted.total, strict=True)])
    z = factors.solve(found.b)
    left = reduced(found, y, z, now.I)
    dI = left.off_I / select(left.corner > LEAST_CORNER, left.corner, math.nan)
    aw, inverse_aw = g[2 * nc], g[2 * nc + 1]
    dL = fma(nfma(left.corner_water, dI, left.off_w), wanted.aw_slope, 1.0 - aw) * inverse_aw
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
