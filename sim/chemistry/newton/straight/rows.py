"""What the vector code for many fluids works on: the numbers of a call, and the rows of a group."""

# ruff: noqa: E741  -- I is the ionic strength

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.records import FluidEquations
from sim.chemistry.newton.straight.newton_step import Fluids, system_size
from sim.codegen.functions import select
from sim.codegen.iteration import RowsFrom
from sim.codegen.registers import LaneMask, Memory, Vec

AW_SLOPE, AT_PH, FIRST = range(3)  # places among the numbers; FIRST: of K


class FluidNumbers:
    """The numbers of a call as programs read them."""

    def __init__(self, t: FluidEquations, numbers: Memory):
        self.aw_slope = numbers.load(AW_SLOPE)
        self.at_pH = numbers.load(AT_PH) > 0.5
        self.K, self.family = RowsFrom(numbers, FIRST), RowsFrom(numbers, FIRST + t.reactions.K.size)


def fluid_numbers(t: FluidEquations, at_pH: bool) -> np.ndarray:
    """The numbers of a call: kg/mol of `Reactions.aw_slope`, whether pH is given, K, `Activity.family`."""
    r = t.reactions
    return np.concatenate([[r.aw_slope, float(at_pH)], r.K, t.activity.family.ravel()])


class FluidRows(NamedTuple):
    """The row of the work space of a group at which each quantity begins, and their end."""

    x: int  # nc + 2 unknowns: ln activities, I, ln a_w
    activity: int  # nc
    total: int  # nc [mol/kgw]
    held: int  # nc, see `factorised`
    barred: int  # 1 of a fluid that is not for this code, else 0
    cold: int  # 1 of a fluid without a warm start, else 0
    low: int  # activities of H between which the first guess looks
    high: int
    weight: int  # of the first guess
    system: int  # of the last step, see `StepSystem.rows`
    end: int

    @classmethod
    def of(cls, t: FluidEquations, weights: int) -> FluidRows:
        """For these tables."""
        nc = t.has_inverse.size
        return cls(*accumulate((0, nc + 2, nc, nc, nc, 1, 1, 1, 1, weights, system_size(t))))


class GroupAtWork:
    """The rows of a group as registers."""

    def __init__(self, rows: FluidRows, work: Memory):
        self.rows, self.work = rows, work
        self.nc = rows.total - rows.activity

    def load(self, row: int, count: int) -> list[Vec]:
        """Rows from one on."""
        return [self.work.load(row + k) for k in range(count)]

    def now(self) -> Fluids:
        """The unknowns."""
        x = self.load(self.rows.x, self.nc + 2)
        return Fluids(x[: self.nc], self.load(self.rows.activity, self.nc), x[self.nc], x[self.nc + 1])

    def put(self, new: Fluids, where: LaneMask | None = None) -> None:
        """Write the unknowns, of all fluids or of some."""
        rows = (*new.x, new.I, new.L, *new.activity)
        for k, value in enumerate(rows):
            row = self.rows.x + k  # activities follow upon x
            self.work.store(row, value if where is None else select(where, value, self.work.load(row)))
