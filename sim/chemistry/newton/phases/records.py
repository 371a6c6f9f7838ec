"""The records of the kernels for fluids with phases, and the rows of a block that they add."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.records import Blocks


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


class Given(NamedTuple):
    """n fluids and the phases beside them [mol/kgw]."""

    totals: np.ndarray  # (n, nc) of the fluid
    supplied: np.ndarray  # (n, nc) at least what may dissolve: tells what is absent, and a first guess
    level: np.ndarray  # (n, phases)
    solids: np.ndarray  # (n, phases) amounts at the start


class Found(NamedTuple):
    """What the kernels take as a start and fill in."""

    x: np.ndarray  # (n, nc + 2)
    extent: np.ndarray  # (n, phases) formed since the start [mol/kgw]
    present: np.ndarray  # (n, phases) 1 where a phase is at equilibrium
    dissolved: np.ndarray  # (n, nc) sums of nu m
    status: np.ndarray  # (n,)


class PhaseLayout(NamedTuple):
    """The row of the work space of a block, behind those of `BlockLayout`, at which each quantity begins."""

    whole: int  # nc totals of the fluid at the start
    size: int  # nc, what the imbalances are compared with
    level: int
    given: int  # amounts at the start [mol/kgw]
    extent: int  # what has formed since [mol/kgw]
    present: int  # 1 where the phase is held at equilibrium, else 0
    used: int  # 1 in every lane if the phase is present in any
    gap: int  # ln saturation
    change: int  # step of the extent
    by_I: int  # nu . A^-1 times the column of I
    by_c: int  # the row of I times `columns`
    by_sum: int  # the sums of nu m times `columns`
    columns: int  # phases x nc: A^-1 nu
    matrix: int  # phases x phases: ln saturations by extents
    end: int


def phase_layout(phases: int, t: Blocks) -> PhaseLayout:
    """Rows for so many phases."""
    nc = t.has_inverse.size
    one = phases + 1  # no quantity is empty
    sizes = PhaseLayout(
        whole=nc, size=nc, level=one, given=one, extent=one, present=one, used=one, gap=one, change=one,
        by_I=one, by_c=one, by_sum=one, columns=one * nc, matrix=one * one, end=0,
    )  # fmt: skip
    return PhaseLayout(*(int(n) for n in t.at.end + np.cumsum([0, *sizes[:-1]])))
