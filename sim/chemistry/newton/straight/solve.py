"""Many fluids, group by group of WIDTH: the programs of `fluids` until each group is solved."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.chemistry.newton.records import FluidEquations
from sim.chemistry.newton.straight.fluids import FluidPrograms
from sim.chemistry.newton.straight.guess import ROUNDS
from sim.codegen.call import call
from sim.codegen.machine import Routine
from sim.jit.kernel import plain_kernel

LIMIT = 30  # steps after which fluids are left: the kernel for one fluid takes as long as 20 to 40 of a group


class FluidRoutines(NamedTuple):
    """The programs as machine code, and how many rows they work in."""

    begin: Routine
    weigh: Routine
    narrow: Routine
    guess: Routine
    step: Routine
    finish: Routine
    rows: int


class FluidCode(NamedTuple):
    """The same as addresses, for compiled code."""

    begin: int
    weigh: int
    narrow: int
    guess: int
    step: int
    finish: int
    rows: int


class _Species:
    """FluidEquations as a key: equal where their programs are, whatever the temperature."""

    def __init__(self, t: FluidEquations):
        self.t = t
        changing = {"K", "classes", "aw_slope"}  # read from the numbers of a call
        r = [v for name, v in zip(t.reactions._fields, t.reactions, strict=True) if name not in changing]
        parts = (*r, t.has_inverse, t.activity.family[:, 3:], *t.activity[1:], *t.balance, *t.factor)
        self._key = tuple(p.tobytes() if isinstance(p, np.ndarray) else p for p in parts)

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Species) and self._key == other._key


def fluid_routines(t: FluidEquations) -> FluidRoutines:
    """The programs for the species of these tables, made once."""
    return _routines(_Species(t))


@lru_cache(maxsize=64)
def _routines(of: _Species) -> FluidRoutines:
    p = FluidPrograms(of.t)
    begin, weigh, narrow, guess, step, finish = (
        Routine(q) for q in (p.begin, p.weigh, p.narrow, p.guess, p.step, p.finish)
    )
    return FluidRoutines(begin, weigh, narrow, guess, step, finish, p.rows.end)


def fluid_code(t: FluidEquations) -> FluidCode:
    """Addresses of the programs for the species of these tables."""
    by = fluid_routines(t)
    begin, weigh, narrow, guess, step, finish = (r.address for r in by[:-1])
    return FluidCode(begin, weigh, narrow, guess, step, finish, by.rows)


@plain_kernel(nogil=True)
def solve_groups(first, last, at_pH, arrays, code: FluidCode):
    """Solve the fluids of groups first..last; arrays: `FluidArrays`, as a plain tuple.

    What is not solved is for the kernel for one fluid: hard fluids, impossible ones, and those of so large
    an ionic strength that a solution may be one of several.
    """
    n = arrays[0].shape[0]
    for group in range(first, last):
        next_one = group + 1
        if call(code.begin, group, next_one, n, arrays) > 0:
            call(code.weigh, group, next_one, n, arrays)
            if not at_pH:
                for _ in range(ROUNDS):
                    call(code.narrow, group, next_one, n, arrays)
            call(code.guess, group, next_one, n, arrays)
        for step in range(1, LIMIT + 1):
            if call(code.step, group, next_one, n, arrays) > 0 and step < LIMIT:
                continue
            if call(code.finish, group, next_one, n, arrays) == 0:
                break
