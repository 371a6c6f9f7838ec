"""Where the vector code of the pore water finds the numbers of a run and its own rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.chemistry.pore_water import PoreWater
from sim.codegen.iteration import RowsFrom
from sim.codegen.registers import Memory, Vec

# Rates differ by what the solution is off: noise of 1e-12 stops an integrator that is asked for ten
# digits. After a step in ln activity below this a further one would move by rounding only.
SHARP_STEP = 1e-8

# A background that is not there [mol/kgw]: it then stands in no balance that rounding can see.
NEXT_TO_NOTHING = 1e-50

DENSITY, AW_SLOPE, STOP, TOTAL = range(4)  # places among the numbers; of the totals, the first


@dataclass(frozen=True)
class WaterPlaces:
    """Sizes of the parts of the numbers: components, species, numbers of the families of activity, phases;
    and how many components are transported, the first ones."""

    components: int
    species: int
    family: int
    phases: int
    transported: int

    @property
    def K(self) -> int:
        """First of the formation constants."""
        return TOTAL + self.components

    @property
    def families(self) -> int:
        """First of `Activity.family`, row by row."""
        return self.K + self.species

    @property
    def ln_K(self) -> int:
        """First of the solubility products."""
        return self.families + self.family

    @property
    def numbers(self) -> int:
        """How many there are."""
        return self.ln_K + self.phases

    # Rows to work in: ln activities, I and ln a_w; activities; totals.
    @property
    def activity(self) -> int:
        """First row of the activities."""
        return self.components + 2

    @property
    def total(self) -> int:
        """First row of the totals [mol/kgw]."""
        return 2 * self.components + 2

    @property
    def work(self) -> int:
        """How many rows there are."""
        return 3 * self.components + 2


def places_of(tables: PoreWater) -> WaterPlaces:
    """Places for these tables."""
    t = tables.equations
    return WaterPlaces(
        t.has_inverse.size, t.reactions.K.size, t.activity.family.size, tables.minerals.ln_K.size,
        tables.transported,
    )  # fmt: skip


def numbers_of(tables: PoreWater) -> np.ndarray:
    """The numbers of a run, in the order of WaterPlaces."""
    t = tables.equations
    return np.concatenate(
        [
            [tables.density, t.reactions.aw_slope, SHARP_STEP],
            np.where(tables.total > 0.0, tables.total, NEXT_TO_NOTHING),
            t.reactions.K,
            t.activity.family.ravel(),
            tables.minerals.ln_K,
        ]
    )


def tolerate(numbers: np.ndarray, rtol: float) -> None:
    """From now on a cell counts as solved after a step in ln activity of 0.03 sqrt(rtol): what is left is
    its square, a thousandth of the tolerance. 0: to rounding. numbers: of `numbers_of`, written to."""
    numbers[STOP] = max(SHARP_STEP, 0.03 * math.sqrt(rtol))


class WaterNumbers:
    """The numbers as programs read them."""

    def __init__(self, at: WaterPlaces, numbers: Memory):
        self._numbers = numbers
        self.K, self.families = RowsFrom(numbers, at.K), RowsFrom(numbers, at.families)
        self.ln_K = RowsFrom(numbers, at.ln_K)

    @property
    def density(self) -> Vec:
        """Of water [kg/m3]."""
        return self._numbers.load(DENSITY)

    @property
    def aw_slope(self) -> Vec:
        """kg/mol of `Reactions.aw_slope`."""
        return self._numbers.load(AW_SLOPE)

    @property
    def stop(self) -> Vec:
        """Step in ln activity after which a fluid counts as solved."""
        return self._numbers.load(STOP)

    def total(self, k: int) -> Vec:
        """Total of a component of the background [mol/kgw]."""
        return self._numbers.load(TOTAL + k)
