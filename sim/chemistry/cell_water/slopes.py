"""Derivatives of the pore water by what is transported, as vector code, at what `CellWater.finish` left.

By the implicit function theorem, J dx = dT with the Jacobian J bordered by the ionic strength and the water
activity, both in full.
"""

# ruff: noqa: E741  -- I is the ionic strength, L is ln a_w

from __future__ import annotations

from dataclasses import dataclass

from sim.chemistry.activity import LN10
from sim.chemistry.cell_water.places import WaterNumbers
from sim.chemistry.cell_water.programs import CellWater
from sim.chemistry.newton.straight.balances import Sums, balances_of
from sim.chemistry.newton.straight.newton_step import factorised, minus_product
from sim.chemistry.newton.straight.species import Z2, Families, factors_of, families, molalities_of
from sim.chemistry.pore_water import CA, TINY, WATER_OUTPUTS, H
from sim.codegen.functions import fma, nfma, sqrt
from sim.codegen.iteration import IterationRows
from sim.codegen.registers import Registers, Vec


def slopes_of(code: CellWater, on: Registers, rows: IterationRows) -> None:
    """d outputs[o]/d inputs[q] into row o transported + q."""
    t, at, reported, now = code.t, code.at, code.reported, code.now(rows)
    nc, n = at.components, WaterNumbers(code.at, rows.numbers)
    at_I = families(t, now.I, n.families)
    g = factors_of(t, now.activity, now.L, at_I.inverse_gamma)
    m = molalities_of(t, g, n.K)
    bordered = _Bordered(code, on, m, at_I, g[2 * nc], n.aw_slope)
    a_PO4 = m[reported.PO4] / g[2 * nc + 2 + int(t.reactions.gamma_class[reported.PO4])]
    for q in range(at.transported):
        change = bordered.change(q)
        factor = 1.0 / n.density
        if q != H:
            v = rows.inputs.load(q) / n.density
            factor = 0.5 * factor * (1.0 + v / sqrt(fma(v, v, TINY * TINY)))
        shown = {
            "pH": change.x[H] * (-1.0 / LN10),
            "ionic_strength": change.I,
            "Ca_free": change.of_molality(CA) * n.density,
            "P_free": change.of_sum(reported.free_P.tolist()) * n.density,
            "C_free": change.of_sum(reported.free_C.tolist()) * n.density,
            "Mg_free": change.of_molality(reported.Mg) * n.density,
            "a_Ca": change.x[CA] * now.activity[CA],
            "a_PO4": change.of_activity(reported.PO4) * a_PO4,
        }
        for o, name in enumerate(WATER_OUTPUTS):
            rows.slopes.store(o * at.transported + q, shown[name] * factor)
        for i in range(at.phases):
            o = len(WATER_OUTPUTS) + i
            rows.slopes.store(o * at.transported + q, code.of_phase(i, change.x, change.L) * factor)


class _Bordered:
    """The Jacobian at a solution, factored, and what it makes of a change of one total."""

    def __init__(
        self, code: CellWater, on: Registers, m: dict[int, Vec], at_I: Families, a_w: Vec, aw_slope: Vec
    ):
        t, sums, nc = code.t, Sums(code.t, m), code.at.components
        self.code, self.m, self.at_I, self.aw_slope, self.on = code, m, at_I, aw_slope, on
        zero, family = on.number(0.0), t.activity.family.tolist()
        found = balances_of(on, t, sums, at_I.slope)
        self.found, self.factors = found, factorised(t, sums, found.total)
        of_water = [sums(t.balance.water + k) for k in range(nc)]
        self.b = self.factors.solve(found.b)
        self.e = [zero if v is None else v for v in self.factors.solve_sparse(of_water)]
        I_by_I, I_by_w, w_by_I = found.corner, zero, found.corner_water
        for f in range(len(family)):
            of_family = sums(t.balance.water_family + f)
            if of_family is not None:
                I_by_w = nfma(of_family, 0.5 * family[f][Z2], I_by_w)
        all_water = sums(t.balance.water_all)
        w_by_w = zero if all_water is None else all_water
        for k in range(nc):
            c, s = found.c[k], found.total[k]
            I_by_I, I_by_w = nfma(c, self.b[k], I_by_I), nfma(c, self.e[k], I_by_w)
            w_by_I, w_by_w = nfma(s, self.b[k], w_by_I), nfma(s, self.e[k], w_by_w)
        self.I_by_I, self.I_by_w = I_by_I, I_by_w
        self.w_by_I, self.w_by_w = w_by_I * aw_slope, fma(w_by_w, aw_slope, a_w)
        self.inverse_determinant = 1.0 / (self.I_by_I * self.w_by_w - self.I_by_w * self.w_by_I)

    def change(self, q: int) -> _Change:
        """What follows a change of the total of component q, per change of that [mol/kgw]."""
        nc, found, zero = self.code.at.components, self.found, self.on.number(0.0)
        column: list[Vec | None] = [None] * nc
        column[q] = self.on.number(1.0)
        y = self.factors.solve_sparse(column)
        off_I: Vec | None = None
        off_w: Vec | None = None
        for k in range(nc):
            off_I, off_w = minus_product(off_I, found.c[k], y[k]), minus_product(off_w, found.total[k], y[k])
        off_I = zero if off_I is None else off_I
        off_w = (zero if off_w is None else off_w) * self.aw_slope
        dI = (off_I * self.w_by_w - off_w * self.I_by_w) * self.inverse_determinant
        dL = (self.I_by_I * off_w - self.w_by_I * off_I) * self.inverse_determinant
        x = []
        for k in range(nc):
            by_I = -(self.b[k] * dI) if y[k] is None else nfma(self.b[k], dI, y[k])  # type: ignore[arg-type]
            x.append(nfma(self.e[k], dL, by_I))
        return _Change(self.code, self.m, self.at_I, x, dI, dL)


@dataclass(frozen=True)
class _Change:
    """A change of the fluids: ln activities of the components, I, ln a_w."""

    code: CellWater
    m: dict[int, Vec]
    at_I: Families
    x: list[Vec]
    I: Vec
    L: Vec

    def of_activity(self, j: int) -> Vec:
        """Of ln activity of a species."""
        r = self.code.t.reactions
        change = self.L * float(r.water[j])
        for i in range(r.first[j], r.first[j + 1]):
            change = fma(self.x[r.component[i]], float(r.nu[i]), change)
        return change

    def of_molality(self, j: int) -> Vec:
        """Of the molality of a species [mol/kgw]."""
        t = self.code.t
        c = t.reactions.gamma_class[j]
        ln_gamma = self.at_I.slope[t.activity.class_family[c]] * float(t.activity.class_times[c])
        return self.m[j] * nfma(ln_gamma, self.I, self.of_activity(j))

    def of_sum(self, species: list[int]) -> Vec:
        """Of the sum of the molalities of some species [mol/kgw]."""
        total = self.of_molality(species[0])
        for j in species[1:]:
            total = total + self.of_molality(j)
        return total
