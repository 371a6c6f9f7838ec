"""`equilibrate`: a closed batch of fluid with one solid that may form or dissolve.

The one unknown is the extent: ln(IAP/Ksp) falls monotonically as solid forms. It is searched in the
logarithm of what remains of the scarcest component, so that near-total precipitation keeps its
digits. The water that the solid takes up or gives off (order 1e-5 of the whole) is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.amounts import total_of
from sim.chemistry.fluid import Fluid, Value, Values, fluid_of
from sim.chemistry.many import SolvedFluids, solve_totals, spread
from sim.chemistry.saturation import ln_iap
from sim.errors import ConfigError, SpeciationError, listing, nearest, shown, warn_caller
from sim.units.labels import aligned

LEAST = -115.0  # ln of the smallest fraction of a component that may remain, 1e-50


@dataclass(frozen=True, eq=False, repr=False)
class Equilibrium:
    """End of a closed batch: the fluid left, and the solid present [mmol/kgw]."""

    fluid: Fluid
    mineral: str
    solid: Value  # mmol/kgw
    formed: Value = field(repr=False)  # mmol/kgw, negative where solid dissolved

    @property
    def pH(self) -> Value:
        """pH at the end [-]."""
        return self.fluid.pH

    @property
    def acidity(self) -> Value:
        """Proton condition of the fluid at the end [mmol/kgw]."""
        return self.fluid.acidity

    @property
    def totals(self) -> Values:
        """Dissolved totals at the end [mmol/kgw]."""
        return self.fluid.totals

    @property
    def SI(self) -> Values:
        """Saturation indices at the end [-]."""
        return self.fluid.SI

    def __repr__(self) -> str:
        return f"Equilibrium with {self.mineral}, solid {self.solid} mmol/kgw\n{self.fluid!r}"


def equilibrate(fluid: Fluid, mineral: str = "HAP", amount: Any = 0.0) -> Equilibrium:
    """Bring a fluid to equilibrium with one solid, closed to everything else.

    amount: solid present at the start [mmol/kgw], which may dissolve. Totals and acidity of fluid
        plus solid are kept.
    """
    if not isinstance(fluid, Fluid):
        raise ConfigError(f"equilibrate needs the Fluid that speciate gives, not {shown(fluid)}.")
    tables = fluid.tables
    if not isinstance(mineral, str) or mineral not in tables.minerals:
        raise ConfigError(
            f"{shown(mineral)} cannot form in this fluid with constants '{tables.constants}'; "
            f"possible: {listing(tables.minerals)}.{nearest(mineral, tables.minerals)}"
        )
    i = tables.minerals.index(mineral)
    shape = np.shape(fluid.pH)
    h = tables.components.index("H")
    n = fluid.unknowns.shape[0]
    T = np.empty((n, len(tables.components)))
    for k, c in enumerate(tables.components):
        T[:, k] = 1e-3 * np.ravel(fluid.acidity if k == h else fluid.totals[c])
    given = aligned({"pH": fluid.pH, "amount": amount})[0]["amount"]
    solid = 1e-3 * total_of("amount", given)
    if np.shape(solid) not in ((), shape):
        raise ConfigError(
            f"amount = {shown(amount)} has shape {np.shape(solid)}; one number, or one for each fluid "
            f"(shape {shape}), is needed."
        )
    initial = np.array(np.broadcast_to(solid, shape)).ravel()
    lost = np.ravel(fluid.missing) | np.isnan(initial)
    known = ~(lost | np.isnan(T).any(axis=1))
    batch = _Batch(tables, i, T[known], fluid.unknowns[known])
    extent = np.full(n, np.nan)
    extent[known], solution = batch.solve(initial[known])
    bad = np.array(~known & ~lost)
    bad[known] = ~np.isfinite(batch.drive(solution)) & (extent[known] > -initial[known])
    solution = solution if known.all() else spread(solution, known)
    if bad.any() and not shape:
        raise SpeciationError(f"no equilibrium with {mineral} was found for this fluid.")
    if bad.any():
        warn_caller(f"{int(bad.sum())} of {n} fluids have no equilibrium with {mineral}.", UserWarning)

    def shaped(a: np.ndarray) -> Value:
        return fluid.labelled(a.reshape(shape)) if shape else float(a[0])

    end = fluid_of(tables, solution, shape, fluid.temperature, fluid.labelled, ~known)
    return Equilibrium(end, mineral, shaped(1e3 * (initial + extent)), shaped(1e3 * extent))


class _Batch:
    """n closed batches: extent [mol/kgw] to totals to driving force."""

    def __init__(self, tables: Any, i: int, totals: np.ndarray, start: np.ndarray) -> None:
        self.tables, self.i, self.totals, self.start = tables, i, totals, start
        self.nu = tables.mineral_nu[i]
        self.h = tables.components.index("H")
        self.takes = np.flatnonzero((self.nu > 0) & (np.arange(self.nu.size) != self.h))
        self.most = np.min(totals[:, self.takes] / self.nu[self.takes], axis=1)

    def remaining(self, fraction: np.ndarray) -> np.ndarray:
        """Totals with `fraction` of the most that could form left, exact for the scarcest."""
        least = self.totals - self.nu * self.most[:, None]
        least[:, self.takes] = np.maximum(least[:, self.takes], 0.0)
        scarce = self.totals[:, self.takes] / self.nu[self.takes] <= self.most[:, None] * (1 + 1e-15)
        least[:, self.takes] = np.where(scarce, 0.0, least[:, self.takes])
        return least + self.nu * (self.most * fraction)[:, None]

    def solved(self, totals: np.ndarray, rows: np.ndarray) -> SolvedFluids:
        return solve_totals(self.tables, totals, None, totals[:, self.h], self.start[rows])

    def drive(self, found: SolvedFluids) -> np.ndarray:
        """ln(IAP/Ksp) [-]."""
        t, nc = self.tables, self.nu.size
        iap = ln_iap(
            found.x[:, :nc],
            found.x[:, nc + 1],
            t.mineral_nu[self.i : self.i + 1],
            t.mineral_water[self.i :][:1],
        )
        return np.where(found.status == 0, iap[:, 0] - LN10 * t.mineral_log_K[self.i], np.nan)

    def solve(self, initial: np.ndarray) -> tuple[np.ndarray, SolvedFluids]:
        """Extent of precipitation (negative: dissolution) of each batch, and the fluid then."""
        n = self.totals.shape[0]
        now = self.drive(self.solved(self.totals, np.arange(n)))
        extent = np.zeros(n)
        totals = np.array(self.totals)
        forms = np.flatnonzero(now > 0.0)
        if forms.size:
            s = self._root(
                lambda s, r: self.remaining_at(np.exp(s), r),
                np.full(forms.size, LEAST),
                np.zeros(forms.size),
                forms,
            )
            extent[forms] = -self.most[forms] * np.expm1(s)
            totals[forms] = self.remaining_at(np.exp(s), forms)
        dissolves = np.flatnonzero((now < 0.0) & (initial > 0.0))
        if dissolves.size:
            amount = initial[dissolves]
            at_end = self._with(amount, dissolves)
            d = self.drive(self.solved(at_end, dissolves))
            extent[dissolves] = -amount
            totals[dissolves] = at_end
            part = dissolves[d > 0.0]
            if part.size:
                log = self._root(
                    lambda s, r: self._with(np.exp(s), r),
                    np.full(part.size, np.log(1e-30)), np.log(initial[part]), part,
                )  # fmt: skip
                extent[part] = -np.exp(log)
                totals[part] = self._with(np.exp(log), part)
        return extent, self.solved(totals, np.arange(n))

    def remaining_at(self, fraction: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """`remaining` for some rows only."""
        some = _Batch(self.tables, self.i, self.totals[rows], self.start[rows])
        return some.remaining(fraction)

    def _with(self, dissolved: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return self.totals[rows] + self.nu * dissolved[:, None]

    def _root(self, totals_at: Any, low: np.ndarray, high: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Zero of the driving force between low (< 0) and high (> 0), all rows at once.

        Regula falsi with the Illinois rule, and a bisection whenever the bracket did not halve in
        three steps.
        """
        f_low = np.full(low.size, np.nan)
        f_high = np.full(low.size, np.nan)
        low, high = np.array(low), np.array(high)
        s = 0.5 * (low + high)
        side = np.zeros(low.size)
        width = high - low
        for step in range(200):
            f = self.drive(self.solved(totals_at(s, rows), rows))
            if np.all((np.abs(f) < 1e-12) | (high - low < 4e-16 * (1.0 + np.abs(s))) | np.isnan(f)):
                break
            positive = f > 0.0
            again = np.where(positive, side > 0, side < 0)
            f_low = np.where(positive & again, 0.5 * f_low, np.where(positive, f_low, f))
            f_high = np.where(~positive & again, 0.5 * f_high, np.where(positive, f, f_high))
            high, low = np.where(positive, s, high), np.where(positive, low, s)
            side = np.where(positive, 1.0, -1.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                new = (low * f_high - high * f_low) / (f_high - f_low)
            inside = (new > low) & (new < high)
            if step % 3 == 2:
                inside &= high - low < 0.5 * width
                width = high - low
            done = np.abs(f) < 1e-12
            s = np.where(done, s, np.where(inside, new, 0.5 * (low + high)))
        return s
