"""Many fluids, group by group of WIDTH: the programs of `fluids` until each group is solved."""

from __future__ import annotations

from typing import NamedTuple

from sim.chemistry.newton.records import Blocks
from sim.chemistry.newton.straight.fluids import FluidPrograms
from sim.chemistry.newton.straight.guess import ROUNDS
from sim.codegen.call import call
from sim.codegen.machine import Routine
from sim.jit.kernel import plain_kernel

LIMIT = 30  # steps after which fluids are left: the kernel for one fluid takes as long as 20 to 40 of a group


class FluidCode(NamedTuple):
    """Addresses of the programs, and how many rows they work in."""

    begin: int
    weigh: int
    narrow: int
    guess: int
    step: int
    finish: int
    rows: int


def fluid_code(t: Blocks) -> FluidCode:
    """The programs for these tables as machine code."""
    p = FluidPrograms(t)
    begin, weigh, narrow, guess, step, finish = (
        Routine(program).address for program in (p.begin, p.weigh, p.narrow, p.guess, p.step, p.finish)
    )
    return FluidCode(begin, weigh, narrow, guess, step, finish, p.rows.end)


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
