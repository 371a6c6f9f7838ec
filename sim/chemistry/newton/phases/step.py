"""A Newton step of a fluid and the phases beside it, as a program of straight lines.

Which phases are present is part of the iteration: a solid whose amount falls to zero is let go, and of
solids that are supersaturated and not there the one that is furthest above is taken in. At the end every
solid is at equilibrium, or absent and not supersaturated.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math
from typing import Any, NamedTuple

from sim.chemistry.newton.lines.elimination import Factors, factorise
from sim.chemistry.newton.lines.species import (
    Coefficients,
    activity_coefficients,
    molalities,
    numbers_of,
    terms,
    weighted_sum,
)
from sim.chemistry.newton.phases.border import Border, solve_extents, weighed
from sim.chemistry.newton.phases.records import GivenRows, Phases, StateRows
from sim.chemistry.newton.records import SMALLEST_I, Blocks
from sim.codegen.functions import exp_in_range, fma, maximum, minimum, nfma, select
from sim.codegen.program import Program, groups, numbers
from sim.codegen.registers import LaneMask, Vec

LAST_STEP = 2e-8  # what is left after a step this small is its square
NEAR = 4e-15  # of the terms of each balance
SATURATED = 1e-11  # ln saturation that counts as none
LACKING = -1000.0  # ln saturation of a phase without one of its components
CALM = 0.5  # a longest step of ln activities below which another solid is taken in
LONGEST = 2.0  # step of a ln activity


def step_program(p: Phases, t: Blocks) -> Program:
    """The step; it counts the fluids that were not solved before it. A solved fluid stays as it is.

    Arrays: state (`StateRows`), what is given (`GivenRows`), `numbers_of` the tables.
    """
    to, of = StateRows.of(p, t), GivenRows.of(p, t)

    def body(on: Any, state: Any, given: Any, number: Any) -> LaneMask:
        return _Step(p, t, to, of, state, given, number).take()

    return Program("fluids_with_phases", (groups(to.end), groups(of.end), numbers(numbers_of(t).size)), body)


def begin_program(p: Phases, t: Blocks) -> Program:
    """Activities of the components from their logarithms; the arrays of `step_program`."""
    to, of = StateRows.of(p, t), GivenRows.of(p, t)

    def body(_on: Any, state: Any, given: Any, _number: Any) -> None:
        for k in range(t.has_inverse.size):
            a = exp_in_range(state.load(to.x + k)) * (1.0 - given.load(of.absent + k))
            state.store(to.activity + k, a)

    return Program("activities", (groups(to.end), groups(of.end), numbers(numbers_of(t).size)), body)


class _Borders(NamedTuple):
    """Where A meets the balances of I and a_w."""

    corner: Vec
    corner_water: Vec
    b: list[Vec]
    c: list[Vec | None]


class _Step:
    """One step, register by register."""

    def __init__(
        self, p: Phases, t: Blocks, to: StateRows, of: GivenRows, state: Any, given: Any, number: Any
    ) -> None:
        self.p, self.t, self.to, self.of, self.state, self.given = p, t, to, of, state, given
        self.number = number
        nc = t.has_inverse.size
        self.x = [state.load(to.x + k) for k in range(nc)]
        self.a = [state.load(to.activity + k) for k in range(nc)]
        self.I, self.L = state.load(to.x + nc), state.load(to.x + nc + 1)
        self.absent = [given.load(of.absent + k) for k in range(nc)]
        n = range(p.share.size)
        self.extent = [state.load(to.extent + i) for i in n]
        self.present = [state.load(to.present + i) for i in n]
        self.solids = [given.load(of.solids + i) for i in n]

    def take(self) -> LaneMask:
        """Read, step, write."""
        t, p = self.t, self.p
        coefficients = activity_coefficients(self.I, self.number, t)
        aw, m = self._molalities(coefficients)
        sums, sum_m, I_of_m, border = self._sums(m, coefficients)
        off, sizes = self._imbalances(sums, m)
        gaps = self._ln_saturations()
        solved = self._solved(off, sizes, gaps, aw, sum_m, I_of_m)
        present = self._take_in(gaps)
        factors = factorise(m, sums, self.absent, t)
        y, z = factors.solve_full(off), factors.solve_full(border.b)
        columns = [self._column(i, factors) for i in range(p.share.size)]
        corner, off_I, off_w = border.corner, I_of_m - self.I, -sum_m
        corner_water = border.corner_water
        for k in range(len(sums)):
            c, s = border.c[k], sums[k]
            if c is not None:
                corner, off_I = nfma(c, z[k], corner), fma(c, y[k], off_I)
            corner_water, off_w = nfma(s, z[k], corner_water), fma(s, y[k], off_w)
        # Beyond a fold of the activity model there is no step: NaN ends the lane.
        inverse_corner = 1.0 / select(corner > 1e-3, corner, math.nan)
        frame = Border(border.c, y, z, columns, inverse_corner, off_I)
        de, present = solve_extents(frame, gaps, present, p)
        for column, v in zip(columns, de, strict=True):
            by_c, by_sum = weighed(border.c, column), weighed(sums, column)
            off_I = off_I if by_c is None else fma(by_c, v, off_I)
            off_w = off_w if by_sum is None else fma(by_sum, v, off_w)
        dI = off_I * inverse_corner
        slope = self.t.reactions.aw_slope
        dL = fma(nfma(corner_water, dI, off_w), slope, 1.0 - aw) / aw
        size, dx = abs(dL), []
        for k in range(len(sums)):
            down = fma(z[k], dI, y[k])
            for column, v in zip(columns, de, strict=True):
                entry = column[k]
                if entry is not None:
                    down = fma(entry, v, down)
            dx.append(-down)
            size = maximum(size, abs(down))
        self._write(solved, dx, dI, dL, de, present, size, coefficients.inverse_I, sums)
        return ~solved

    def _molalities(self, found: Coefficients) -> tuple[Vec, list[Vec]]:
        t, nc = self.t, len(self.x)
        g = dict(found.inverse)
        for k, a in enumerate(self.a):
            g[k] = a
            if t.has_inverse[k]:
                g[nc + k] = (1.0 - self.absent[k]) / (a + self.absent[k])
        aw = exp_in_range(self.L)
        g[2 * nc], g[2 * nc + 1] = aw, 1.0 / aw
        return aw, molalities(g, self.number, t)

    def _sums(self, m: list[Vec], found: Coefficients) -> tuple[list[Vec], Vec, Vec, _Borders]:
        balance, family = self.t.balance, self.t.activity.family
        zero = m[0].of.number(0.0)
        corner, corner_water, sum_m, I_of_m = zero + 1.0, zero, zero, zero
        for f in range(family.shape[0]):
            slope, half = found.slope[f], 0.5 * family[f, 3]
            rows = [weighted_sum(m, terms(balance.family + f, balance, power)) for power in range(3)]
            plain, once, twice = (zero if v is None else v for v in rows)
            sum_m = sum_m + plain
            corner_water = nfma(once, slope, corner_water)
            if half != 0.0:
                I_of_m = fma(once, half, I_of_m)
                corner = fma(twice * half, slope, corner)
        sums: list[Vec] = []
        b: list[Vec] = []
        c: list[Vec | None] = []
        for k in range(len(self.x)):
            total, column, row = zero, zero, None
            for f in range(family.shape[0]):
                i = k * family.shape[0] + f
                plain_k, once_k = (weighted_sum(m, terms(i, balance, power)) for power in (0, 1))
                if plain_k is None:
                    continue
                total = total + plain_k
                if once_k is not None:
                    column = nfma(found.slope[f], once_k, column)
                    if family[f, 3] != 0.0:
                        v = (-0.5 * family[f, 3]) * once_k
                        row = v if row is None else row + v
            sums.append(total)
            b.append(column)
            c.append(row)
        return sums, sum_m, I_of_m, _Borders(corner, corner_water, b, c)

    def _imbalances(self, sums: list[Vec], m: list[Vec]) -> tuple[list[Vec], list[Vec]]:
        """What fluid and phases hold less the totals, and the sizes of the terms."""
        off, sizes, balance = [], [], self.t.balance
        for k, s in enumerate(sums):
            total = self.given.load(self.of.whole + k)
            left, size = s - total, s + abs(total)
            negative = weighted_sum(m, terms(balance.negative + k, balance))
            if negative is not None:
                size = size + negative
            for i, nu in enumerate(self.p.nu[:, k].tolist()):
                if nu != 0.0:
                    v = nu * self.extent[i]
                    left, size = left + v, size + abs(v)
            off.append(left * (1.0 - self.absent[k]))
            sizes.append(size)
        return off, sizes

    def _ln_saturations(self) -> list[Vec]:
        found = []
        for i in range(self.p.share.size):
            v = -self.given.load(self.of.level + i)
            if self.p.water[i] != 0.0:
                v = fma(self.L, float(self.p.water[i]), v)
            for k, nu in enumerate(self.p.nu[i].tolist()):
                if nu != 0.0:
                    v = fma(self.x[k], nu, v)
            for k, nu in enumerate(self.p.nu[i].tolist()):
                if nu > 0.0:
                    v = select(self.absent[k] > 0.5, LACKING, v)
            found.append(v)
        return found

    def _solved(
        self, off: list[Vec], sizes: list[Vec], gaps: list[Vec], aw: Vec, sum_m: Vec, I_of_m: Vec
    ) -> LaneMask:
        """Balances, I, a_w and saturations agree, after a last short step."""
        good = self.state.load(self.to.step) < LAST_STEP
        good = good & (abs(I_of_m - self.I) <= NEAR * (I_of_m + self.I))
        good = good & (abs(fma(sum_m, self.t.reactions.aw_slope, aw - 1.0)) <= NEAR)
        for v, size in zip(off, sizes, strict=True):
            good = good & (abs(v) <= NEAR * size)
        for gap, there in zip(gaps, self.present, strict=True):
            good = good & (select(there > 0.5, abs(gap), gap) <= SATURATED)
        return good

    def _take_in(self, gaps: list[Vec]) -> list[Vec]:
        """Hold one more solid at equilibrium in fluids that are calm: the most supersaturated per ion."""
        calm = self.state.load(self.to.step) < CALM
        above = [
            select((gap > SATURATED) & (there < 0.5), float(share) * gap, 0.0)
            for gap, there, share in zip(gaps, self.present, self.p.share, strict=True)
        ]
        most = gaps[0].of.number(0.0) if gaps else self.I
        for v in above:
            most = maximum(v, most)
        found = []
        for v, there in zip(above, self.present, strict=True):
            first = calm & (v > 0.0) & (v >= most)
            most = select(first, math.inf, most)
            found.append(select(first, 1.0, there))
        return found

    def _column(self, i: int, factors: Factors) -> list[Vec | None]:
        """A^-1 nu of phase i."""
        row: list[Vec | None] = [
            None if nu == 0.0 else nu * (1.0 - self.absent[k]) for k, nu in enumerate(self.p.nu[i].tolist())
        ]
        return factors.solve(row)

    def _write(
        self, solved: LaneMask, dx: list[Vec], dI: Vec, dL: Vec, de: list[Vec], present: list[Vec],
        size: Vec, inverse_I: Vec, sums: list[Vec],
    ) -> None:  # fmt: skip
        state, to, nc = self.state, self.to, len(dx)
        damp = select(size > LONGEST, LONGEST / size, 1.0)
        for k, v in enumerate(dx):
            step = select(solved, 0.0, v * damp)
            state.store(to.x + k, self.x[k] + step)
            state.store(to.activity + k, self.a[k] * exp_in_range(step))
            state.store(to.dissolved + k, sums[k])
        new = maximum(fma(dI, damp, self.I), fma(self.I, 0.2, SMALLEST_I))
        state.store(to.x + nc, select(solved, self.I, new))
        L = maximum(minimum(fma(dL, damp, self.L), 0.0), -2.0)
        state.store(to.x + nc + 1, select(solved, self.L, L))
        change = maximum(abs(dI) * inverse_I, size)
        # A step that is no number stays so: maximum would drop it.
        state.store(to.step, select(solved, state.load(to.step), change + 0.0 * (dI + dL)))
        state.store(to.solved, select(solved, 1.0, 0.0))
        for i, v in enumerate(de):
            extent, there = fma(v, damp, self.extent[i]), present[i]
            if not self.p.endless[i]:
                gone = (there < 0.5) | (extent <= -self.solids[i])
                extent, there = select(gone, -self.solids[i], extent), select(gone, 0.0, there)
            state.store(to.extent + i, select(solved, self.extent[i], extent))
            state.store(to.present + i, select(solved, self.present[i], there))
