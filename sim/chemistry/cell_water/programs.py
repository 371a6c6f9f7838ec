"""The pore water of a group of cells as vector code: begin, Newton steps, what kinetics ask for.

Made once for a set of species and phases; what depends on the run is read from its numbers.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

from sim.chemistry.activity import LN10
from sim.chemistry.cell_water.places import WaterNumbers, WaterPlaces
from sim.chemistry.newton.records import COLD, LARGEST_I, NOTHING, SMALLEST_I, FluidEquations
from sim.chemistry.newton.straight.newton_step import Fluids, GivenTotals, newton_step
from sim.chemistry.newton.straight.species import factors_of, families, molalities_of
from sim.chemistry.pore_water import CA, TINY, WATER_OUTPUTS, H, Minerals, Reported
from sim.codegen.functions import exp_in_range, fma, sqrt
from sim.codegen.iteration import IterationRows
from sim.codegen.registers import LaneMask, Registers, Vec

WIDEST = 1e3  # mol/kgw, of a total


@dataclass(frozen=True, eq=False)
class CellWater:
    """What the text of the vector code depends on, and its bodies but the slopes."""

    at: WaterPlaces
    t: FluidEquations
    minerals: Minerals
    reported: Reported

    def now(self, rows: IterationRows) -> Fluids:
        """The fluids that the rows to work in hold."""
        at, nc = self.at, self.at.components
        x = [rows.work.load(k) for k in range(nc + 2)]
        return Fluids(x[:nc], [rows.work.load(at.activity + k) for k in range(nc)], x[nc], x[nc + 1])

    def begin(self, on: Registers, rows: IterationRows) -> LaneMask:
        """Totals [mol/kgw], warm start and its activities. Returns cells that are not for this code: cold,
        or out of bounds."""
        at, nc, h, work = self.at, self.at.components, self.t.reactions.h, rows.work
        n = WaterNumbers(at, rows.numbers)
        I, L = rows.memory.load(nc), rows.memory.load(nc + 1)
        good = [I >= SMALLEST_I, L <= 0.0, L > -2.0]
        for k in range(nc):
            v = rows.inputs.load(k) / n.density if k < at.transported else n.total(k)
            if k < at.transported and k != h:
                v = 0.5 * (v + sqrt(fma(v, v, TINY * TINY)))
            x = rows.memory.load(k)
            good += [abs(v) < WIDEST, x > COLD, x < 50.0]
            if k != h:
                good.append(v >= NOTHING)
            work.store(at.total + k, v)
            work.store(k, x)
            work.store(at.activity + k, exp_in_range(x))
        work.store(nc, I)
        work.store(nc + 1, L)
        return ~_all(good)

    def step(self, on: Registers, rows: IterationRows) -> LaneMask:
        """A Newton step. Returns cells in which it was not shorter than asked for: what is left of the others
        is its square."""
        at, nc, work = self.at, self.at.components, rows.work
        n = WaterNumbers(at, rows.numbers)
        total = [work.load(at.total + k) for k in range(nc)]
        wanted = GivenTotals(total, n.K, n.families, n.aw_slope)
        new, size, is_sound, _ = newton_step(on, self.t, self.now(rows), wanted)
        for k in range(nc):
            work.store(k, new.x[k])
            work.store(at.activity + k, new.activity[k])
        work.store(nc, new.I)
        work.store(nc + 1, new.L)
        return ~((size < n.stop) & is_sound)

    def finish(self, on: Registers, rows: IterationRows) -> LaneMask:
        """Outputs [as `outputs_of` says] and memory. Returns cells whose solution is doubtful."""
        t, reported, nc = self.t, self.reported, self.at.components
        n, now = WaterNumbers(self.at, rows.numbers), self.now(rows)
        free_P, free_C = reported.free_P.tolist(), reported.free_C.tolist()
        g = factors_of(t, now.activity, now.L, families(t, now.I, n.families).inverse_gamma)
        m = molalities_of(t, g, n.K, sorted({CA, reported.Mg, reported.PO4, *free_P, *free_C}))
        inverse_gamma = g[2 * nc + 2 + int(t.reactions.gamma_class[reported.PO4])]
        shown = {
            "pH": now.x[H] * (-1.0 / LN10),
            "ionic_strength": now.I,
            "Ca_free": m[CA] * n.density,
            "P_free": _sum([m[j] for j in free_P]) * n.density,
            "C_free": _sum([m[j] for j in free_C]) * n.density,
            "Mg_free": m[reported.Mg] * n.density,
            "a_Ca": now.activity[CA],
            "a_PO4": m[reported.PO4] / inverse_gamma,
        }
        for row, name in enumerate(WATER_OUTPUTS):
            rows.outputs.store(row, shown[name])
        for i in range(self.at.phases):
            omega = self.of_phase(i, now.x, now.L)
            rows.outputs.store(len(WATER_OUTPUTS) + i, omega - n.ln_K.load(i))
        good = [now.I <= LARGEST_I]
        for k, x in enumerate((*now.x, now.I, now.L)):
            rows.memory.store(k, x)
            if k < nc:
                good += [x > COLD, x < 50.0]
        return ~_all(good)

    def of_phase(self, i: int, x: list[Vec], L: Vec) -> Vec:
        """ln of the ion activity product of a phase, or a change of it: nu . x + w L."""
        omega = L * float(self.minerals.water[i])
        for k, nu in enumerate(self.minerals.nu[i].tolist()):
            if nu != 0.0:
                omega = fma(x[k], nu, omega)
        return omega


def _all(masks: list[Any]) -> Any:
    return reduce(lambda a, b: a & b, masks)


def _sum(parts: list[Vec]) -> Vec:
    return reduce(lambda a, b: a + b, parts)
