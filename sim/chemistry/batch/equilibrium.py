"""What `equilibrate` gives: the fluids left, and the solids present."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.batch.solve import GAS, SolvedBatch, fluids_at_end
from sim.chemistry.fluid import Fluid, Value, Values, fluid_of


@dataclass(frozen=True, eq=False, repr=False)
class Equilibrium:
    """End of a batch; each value is a float, or an array (a Series, a DataArray) shaped as the fluid's.

    minerals: the solids that were asked for    open_to_gas: whether CO2 could enter and leave
    notes: sentences as those of a `Fluid`
    """

    minerals: tuple[str, ...]
    open_to_gas: bool
    notes: tuple[str, ...]
    solution: SolvedBatch = field(repr=False)  # NaN where unsolved or missing
    given: np.ndarray = field(repr=False)  # (n, minerals) mol/kgw at the start
    lost: np.ndarray = field(repr=False)  # (n,) an input was missing
    start: Fluid = field(repr=False)

    def _shaped(self, values: np.ndarray) -> Value:
        shape = np.shape(self.start.pH)
        found: Value = self.start.labelled(values.reshape(shape)) if shape else float(values[0])
        return found

    def _by_mineral(self, columns: np.ndarray) -> Values:
        return Values("solids", {m: self._shaped(columns[:, i]) for i, m in enumerate(self.minerals)})

    @property
    def pH(self) -> Value:
        """pH at the end [-]."""
        return self._shaped(self.solution.x[:, self.start.tables.components.index("H")] / -LN10)

    @property
    def acidity(self) -> Value:
        """Proton condition of the fluid at the end [mmol/kgw]."""
        return self._shaped(1e3 * self.solution.totals[:, self.start.tables.components.index("H")])

    @property
    def totals(self) -> Values:
        """Dissolved totals at the end [mmol/kgw]."""
        columns = 1e3 * self.solution.totals
        names = self.start.tables.components
        return Values("totals", {c: self._shaped(columns[:, k]) for k, c in enumerate(names) if c != "H"})

    @property
    def mineral(self) -> str:
        """The solid, or the solids with commas between."""
        return ", ".join(self.minerals)

    @property
    def solids(self) -> Values:
        """Each solid at the end [mmol/kgw]."""
        return self._by_mineral(1e3 * (self.given + self.solution.formed))

    @property
    def solid(self) -> Value | Values:
        """The solid at the end [mmol/kgw]; by mineral where several were asked for."""
        return self.solids[self.minerals[0]] if len(self.minerals) == 1 else self.solids

    @property
    def formed(self) -> Value | Values:
        """What of the solid formed [mmol/kgw], negative where it dissolved; by mineral if several."""
        found = self._by_mineral(1e3 * self.solution.formed)
        return found[self.minerals[0]] if len(self.minerals) == 1 else found

    @property
    def CO2_taken_up(self) -> Value:
        """CO2 that came from the gas [mmol/kgw], negative where it left; 0 in a closed batch."""
        return self._shaped(1e3 * self.solution.gas)

    @property
    def converged(self) -> np.ndarray | bool:
        """False where no equilibrium was found, and where an input was missing; values are NaN there."""
        shape = np.shape(self.start.pH)
        good = ~(self.lost | (self.solution.status != 0))
        return good.reshape(shape) if shape else bool(good[0])

    @cached_property
    def fluid(self) -> Fluid:
        """The fluid at the end, with all its species; made when first asked for."""
        start = self.start
        found = fluids_at_end(start.tables, self.solution)
        shape = np.shape(start.pH)
        return fluid_of(start.tables, found, shape, start.temperature, start.labelled, self.lost, self.notes)

    @property
    def SI(self) -> Values:
        """Saturation indices at the end [-]."""
        return self.fluid.SI

    def __repr__(self) -> str:
        where = f", open to {GAS}" if self.open_to_gas else ""
        amounts = ", ".join(f"{n} {v}" for n, v in self.solids.items())
        return f"Equilibrium with {self.mineral or 'the gas'}{where}: {amounts} mmol/kgw\n{self.fluid!r}"
