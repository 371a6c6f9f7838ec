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

from sim.chemistry.newton.records import SMALLEST_I, FluidEquations
from sim.chemistry.newton.straight.balances import Balances, Sums, balances_of, total_of
from sim.chemistry.newton.straight.species import factors_of, families, molalities_of
from sim.codegen.functions import exp_in_range, fma, maximum, minimum, nfma, select
from sim.codegen.registers import LaneMask, Memory, Registers, Vec

LONGEST = 3.0  # step in any ln activity
SHORT = 1e-3  # the same with the system of an earlier step
LEAST_CORNER = 1e-3  # below it the activity model folds: there is no step
HELD = 1e200  # what holds a component where it is: nothing that is summed is as large


class Factors:
    """L D L^T of the component block A; solve(y) is A^-1 y.

    below: the entries of L D below the diagonal, inverse: of D by component
    """

    def __init__(self, t: FluidEquations, below: dict[int, Vec], inverse: dict[int, Vec]):
        f = t.factor
        self.below, self.inverse = below, inverse
        self.step, self.entry, self.first = f.step.tolist(), f.entry.tolist(), f.step_first.tolist()
        self.left_first, self.left = f.left_first.tolist(), f.left.tolist()

    def row(self, n: int) -> list[list[int]]:
        """(entry, component of its column) in the row of a step."""
        return self.left[self.left_first[n] : self.left_first[n + 1]]

    def solve(self, given: list[Vec]) -> list[Vec]:
        """A^-1 of a column."""
        return [v for v in self.solve_sparse(given) if v is not None]  # none is: nothing given is

    def solve_sparse(self, given: Sequence[Vec | None]) -> list[Vec | None]:
        """A^-1 of a column; None stands for zero, there and in what comes out."""
        y = list(given)
        for n, k in enumerate(self.step):
            v = y[k]
            for entry, j in self.row(n):
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


def factorised(t: FluidEquations, sums: Sums, total: list[Vec], held: list[Vec] | None = None) -> Factors:
    """Factors of A at these molalities; total: sums of nu m.

    held: what is added to the pivots: 1 of a component that is absent, whose sums are all zero, HELD of one
        whose activity is given, else 0
    """
    at, first, update = t.balance, t.factor.update_first.tolist(), t.factor.update.tolist()
    made = Factors(t, {}, {})
    below, inverse = made.below, made.inverse
    for n, k in enumerate(made.step):
        pivot = total_of([sums(at.diagonal + k)], total[k])
        if held is not None:
            pivot = pivot + held[k]
        # A complex that holds all of two components leaves a pivot of rounding size.
        floor = pivot * 1e-16
        for entry, j in made.row(n):
            pivot = nfma(below[entry] * inverse[j], below[entry], pivot)
        inverse[k] = 1.0 / select(pivot > floor, pivot, floor + 1e-300)
        for p in range(made.first[n], made.first[n + 1]):
            v = total_of([sums(at.below + p)], pivot.of.number(0.0))
            for a, b, j in update[first[p] : first[p + 1]]:
                v = nfma(below[a] * inverse[j], below[b], v)
            below[p] = v
    return made


def minus_product(a: Vec | None, b: Vec, c: Vec | None) -> Vec | None:
    """a - b c; None stands for zero."""
    if c is None:
        return a
    return -(b * c) if a is None else nfma(b, c, a)


def border(found: Balances, z: list[Vec]) -> tuple[Vec, Vec]:
    """I by I, and a_w's balance by I, without the components; z: A^-1 times the column of I."""
    corner, corner_water = found.corner, found.corner_water
    for c, s, v in zip(found.c, found.total, z, strict=True):
        corner, corner_water = nfma(c, v, corner), nfma(s, v, corner_water)
    return corner, corner_water


def border_off(found: Balances, y: list[Vec], I: Vec) -> tuple[Vec, Vec]:
    """What I and a_w's balance are off without the components; y: A^-1 times what those are off."""
    off_I, off_w = found.I_of_m - I, -found.sum_m
    for c, s, v in zip(found.c, found.total, y, strict=True):
        off_I, off_w = fma(c, v, off_I), fma(s, v, off_w)
    return off_I, off_w


class StepSystem(NamedTuple):
    """The linear system of a step, eliminated; z: A^-1 times the column of I."""

    factors: Factors
    z: list[Vec]
    inverse_corner: Vec
    corner_water: Vec

    def rows(self) -> list[Vec]:
        """All its numbers, as `kept_system` takes them."""
        f = self.factors
        return [*f.below.values(), *f.inverse.values(), *self.z, self.inverse_corner, self.corner_water]


def system_size(t: FluidEquations) -> int:
    """How many numbers a StepSystem has."""
    return t.factor.entry.size + 2 * t.has_inverse.size + 2


def kept_system(t: FluidEquations, rows: list[Vec]) -> StepSystem:
    """The StepSystem of these numbers."""
    entries, nc = t.factor.entry.size, t.has_inverse.size
    inverse = dict(zip(t.factor.step.tolist(), rows[entries : entries + nc], strict=True))
    factors = Factors(t, dict(enumerate(rows[:entries])), inverse)
    return StepSystem(factors, rows[entries + nc : -2], rows[-2], rows[-1])


def eliminated(t: FluidEquations, sums: Sums, found: Balances, held: list[Vec] | None = None) -> StepSystem:
    """The system at these molalities."""
    factors = factorised(t, sums, found.total, held)
    z = factors.solve(found.b)
    corner, corner_water = border(found, z)
    # Beyond a fold of the activity model there is no step: NaN ends the fluid.
    return StepSystem(factors, z, 1.0 / select(corner > LEAST_CORNER, corner, math.nan), corner_water)


class Fluids(NamedTuple):
    """The state of a group: ln activities and activities of the components, I, ln a_w."""

    x: list[Vec]
    activity: list[Vec]
    I: Vec
    L: Vec


class GivenTotals(NamedTuple):
    """What the balances should be, and the numbers that they are made with.

    total: of each component    held: see `factorised`    K: of the species    family: `Activity.family`
    """

    total: list[Vec]
    K: Memory
    family: Memory
    aw_slope: Vec
    held: list[Vec] | None = None


class Step(NamedTuple):
    """The fluids after a step, its size, where there is one, and the system that it was taken with."""

    fluids: Fluids
    size: Vec
    is_sound: LaneMask
    system: StepSystem


def newton_step(
    on: Registers, t: FluidEquations, now: Fluids, wanted: GivenTotals, system: StepSystem | None = None
) -> Step:
    """A step. With the system of an earlier one it costs half as much and leaves not the square of the
    distance but its product with that step; it is at most SHORT then."""
    nc = t.has_inverse.size
    at_I = families(t, now.I, wanted.family)
    g = factors_of(t, now.activity, now.L, at_I.inverse_gamma)
    sums = Sums(t, molalities_of(t, g, wanted.K))
    found = balances_of(on, t, sums, at_I.slope)
    longest, exp = (LONGEST, exp_in_range) if system is None else (SHORT, exp_of_short)
    if system is None:
        system = eliminated(t, sums, found, wanted.held)
    y = system.factors.solve([s - T for s, T in zip(found.total, wanted.total, strict=True)])
    off_I, off_w = border_off(found, y, now.I)
    dI = off_I * system.inverse_corner
    aw, inverse_aw = g[2 * nc], g[2 * nc + 1]
    dL = fma(nfma(system.corner_water, dI, off_w), wanted.aw_slope, 1.0 - aw) * inverse_aw
    dx = [-fma(z, dI, v) for z, v in zip(system.z, y, strict=True)]
    step = abs(dL)
    for d in dx:
        step = maximum(abs(d), step)
    damp = select(step > longest, longest / step, 1.0)
    x = [fma(d, damp, old) for d, old in zip(dx, now.x, strict=True)]
    activity = [a * exp(d * damp) for d, a in zip(dx, now.activity, strict=True)]
    I = maximum(fma(dI, damp, now.I), fma(now.I, 0.2, SMALLEST_I))
    L = maximum(minimum(fma(dL, damp, now.L), 0.0), -2.0)
    size = maximum(abs(dI) * at_I.inverse_I, step)
    return Step(Fluids(x, activity, I, L), size, dI == dI, system)


def exp_of_short(d: Vec) -> Vec:
    """e^d for |d| < SHORT."""
    return fma(fma(fma(fma(d, 1 / 24, 1 / 6), d, 0.5), d, 1.0), d, 1.0)
