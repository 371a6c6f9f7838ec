"""A Newton step of a fluid and the phases beside it, as a program of straight lines.

Which phases are present is part of the iteration: a solid whose amount falls to zero is let go, and of
solids that are supersaturated and not there the one that is furthest above is taken in. At the end every
solid is at equilibrium, or absent and not supersaturated.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

import math
from typing import Any

from sim.chemistry.newton.phases.border import Border, solve_extents, weighed
from sim.chemistry.newton.phases.records import GivenRows, Phases, StateRows
from sim.chemistry.newton.records import SMALLEST_I, FluidEquations
from sim.chemistry.newton.straight.balances import Balances, Sums, agree, balances_of, term_sizes
from sim.chemistry.newton.straight.newton_step import Factors, border_off, eliminated
from sim.chemistry.newton.straight.species import factors_of, families, molalities_of
from sim.codegen.functions import exp_in_range, fma, maximum, minimum, nfma, select
from sim.codegen.program import ArrayLayout, Program, groups, numbers
from sim.codegen.registers import LaneMask, Memory, Registers, Vec

LAST_STEP = 2e-8  # what is left after a step this small is its square
NEAR = 4e-15  # of the terms of each balance
SATURATED = 1e-11  # ln saturation that counts as none
LACKING = -1000.0  # ln saturation of a phase without one of its components
CALM = 0.5  # a longest step of ln activities below which another solid is taken in
LONGEST = 2.0  # step of a ln activity


def step_program(p: Phases, t: FluidEquations) -> Program:
    """The step; it counts the fluids that were not solved before it. A solved fluid stays as it is.

    Arrays: state (`StateRows`), what is given (`GivenRows`), K of the species, `Activity.family`.
    """

    def body(on: Any, state: Any, given: Any, K: Any, family: Any) -> LaneMask:
        return _Step(on, p, t, state, given).take(K, family)

    return Program("fluids_with_phases", _arrays(p, t), body)


def _arrays(p: Phases, t: FluidEquations) -> tuple[ArrayLayout, ...]:
    sizes = (t.reactions.K.size, t.activity.family.size)
    return groups(StateRows.of(p, t).end), groups(GivenRows.of(p, t).end), *(numbers(n) for n in sizes)


def begin_program(p: Phases, t: FluidEquations) -> Program:
    """Activities of the components from their logarithms; the arrays of `step_program`."""
    to, of = StateRows.of(p, t), GivenRows.of(p, t)

    def body(_on: Any, state: Any, given: Any, _K: Any, _family: Any) -> None:
        for k in range(t.has_inverse.size):
            a = exp_in_range(state.load(to.x + k)) * (1.0 - given.load(of.absent + k))
            state.store(to.activity + k, a)

    return Program("activities", _arrays(p, t), body)


class _Step:
    """One step, register by register."""

    def __init__(self, on: Registers, p: Phases, t: FluidEquations, state: Memory, given: Memory) -> None:
        to, of = StateRows.of(p, t), GivenRows.of(p, t)
        self.on, self.p, self.t, self.to, self.of, self.state, self.given = on, p, t, to, of, state, given
        nc = t.has_inverse.size
        self.x = [state.load(to.x + k) for k in range(nc)]
        self.a = [state.load(to.activity + k) for k in range(nc)]
        self.I, self.L = state.load(to.x + nc), state.load(to.x + nc + 1)
        self.absent = [given.load(of.absent + k) for k in range(nc)]
        n = range(p.share.size)
        self.extent = [state.load(to.extent + i) for i in n]
        self.present = [state.load(to.present + i) for i in n]
        self.solids = [given.load(of.solids + i) for i in n]

    def take(self, K: Memory, family: Memory) -> LaneMask:
        """Read, step, write."""
        t, p, nc = self.t, self.p, len(self.x)
        at_I = families(t, self.I, family)
        g = factors_of(t, self.a, self.L, at_I.inverse_gamma)
        aw, inverse_aw = g[2 * nc], g[2 * nc + 1]
        sums = Sums(t, molalities_of(t, g, K))
        found = balances_of(self.on, t, sums, at_I.slope)
        off, sizes = self._imbalances(found, sums)
        gaps = self._ln_saturations()
        solved = self._solved(off, sizes, gaps, aw, found)
        present = self._take_in(gaps)
        factors, z, inverse_corner, corner_water = eliminated(t, sums, found, self.absent)
        y = factors.solve(off)
        columns = [self._column(i, factors) for i in range(p.share.size)]
        off_I, off_w = border_off(found, y, self.I)
        frame = Border(found.c, y, z, columns, inverse_corner, off_I)
        de, present = solve_extents(frame, gaps, present, p)
        for column, v in zip(columns, de, strict=True):
            by_c, by_sum = weighed(found.c, column), weighed(found.total, column)
            off_I = off_I if by_c is None else fma(by_c, v, off_I)
            off_w = off_w if by_sum is None else fma(by_sum, v, off_w)
        dI = off_I * inverse_corner
        slope = self.t.reactions.aw_slope
        dL = fma(nfma(corner_water, dI, off_w), slope, 1.0 - aw) * inverse_aw
        size, dx = abs(dL), []
        for k in range(nc):
            down = fma(z[k], dI, y[k])
            for column, v in zip(columns, de, strict=True):
                entry = column[k]
                if entry is not None:
                    down = fma(entry, v, down)
            dx.append(-down)
            size = maximum(size, abs(down))
        self._write(solved, dx, dI, dL, de, present, size, at_I.inverse_I, found.total)
        return ~solved

    def _imbalances(self, found: Balances, sums: Sums) -> tuple[list[Vec], list[Vec]]:
        """What fluid and phases hold less the totals, and the sizes of the terms."""
        whole = [self.given.load(self.of.whole + k) for k in range(len(self.x))]
        off, sizes = [], []
        for k, size in enumerate(term_sizes(self.t, sums, found.total, whole)):
            left = found.total[k] - whole[k]
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
        self, off: list[Vec], sizes: list[Vec], gaps: list[Vec], aw: Vec, found: Balances
    ) -> LaneMask:
        """Balances, I, a_w and saturations agree, after a last short step."""
        off_water = fma(found.sum_m, self.t.reactions.aw_slope, aw - 1.0)
        good = self.state.load(self.to.step) < LAST_STEP
        good = good & agree(found, self.I, off_water, off, sizes, NEAR)
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
        return factors.solve_sparse(row)

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
