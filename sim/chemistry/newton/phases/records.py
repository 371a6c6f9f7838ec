"""The records of the kernels for fluids with phases, and the rows that they work in."""

from __future__ import annotations

from itertools import accumulate
from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.records import FluidEquations


class Phases(NamedTuple):
    """Phases that dissolve over the components: ln saturation is nu . ln a + water ln a_w - level.

    A solid has an amount of zero or more and is at most saturated; a gas of fixed pressure is there
    without end, at equilibrium always. The most stable solids come first: of phases that cannot be at
    equilibrium together in a step the first are kept.
    """

    nu: np.ndarray  # (phases, nc)
    water: np.ndarray  # (phases,)
    share: np.ndarray  # (phases,) 1/sum |nu|: ln saturation per ion is what phases are compared by
    endless: np.ndarray  # (phases,) 1 for a gas


class GivenFluids(NamedTuple):
    """n fluids and the phases beside them [mol/kgw]."""

    totals: np.ndarray  # (n, all), of the fluid
    column: np.ndarray  # (nc,) the components that are there, among all
    level: np.ndarray  # (n, phases)
    solids: np.ndarray  # (n, phases) amounts at the start, 0 of a gas


class FoundFluids(NamedTuple):
    """What the kernels take as a start and fill in."""

    x: np.ndarray  # (n, all + 2)
    extent: np.ndarray  # (n, phases) formed since the start [mol/kgw]
    present: np.ndarray  # (n, phases) 1 where a phase is at equilibrium
    totals: np.ndarray  # (n, all) of the fluid at the end
    status: np.ndarray  # (n,)


class StateRows(NamedTuple):
    """The row of the state of a fluid at which each quantity begins."""

    x: int  # nc + 2 unknowns: ln activities, I, ln a_w
    activity: int  # nc
    extent: int  # what has formed of each phase since the start [mol/kgw]
    present: int  # 1 where the phase is held at equilibrium, else 0
    dissolved: int  # nc sums of nu m
    step: int  # the last one
    solved: int  # 1 or 0
    end: int

    @classmethod
    def of(cls, p: Phases, t: FluidEquations) -> StateRows:
        """For the phases p."""
        n, nc = p.nu.shape
        return cls(*accumulate((0, nc + 2, nc, n, n, nc, 1, 1)))


class GivenRows(NamedTuple):
    """The row of what is given of a fluid at which each quantity begins."""

    whole: int  # nc totals at the start
    absent: int  # nc: 1 where a component is absent, else 0
    level: int
    solids: int
    end: int

    @classmethod
    def of(cls, p: Phases, t: FluidEquations) -> GivenRows:
        """For the phases p."""
        n, nc = p.nu.shape
        return cls(*accumulate((0, nc, nc, n, n)))
