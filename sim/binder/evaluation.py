"""The compiled loop over groups of cells: stages by their addresses, so that it is one for all models."""

from __future__ import annotations

from sim.binder.stages import ONCE
from sim.codegen.call import call
from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH

PATIENCE = 12  # steps of a group in which all cells are warm
# Of a stage: its kind; an address, or those of begin, step, finish and of what solves single cells.
COLUMNS = 5


@plain_kernel(cache=False)
def iterated(stage, group, n, arrays):
    """A kernel in one group: how many cells, at least, are left without a solution.

    Cells that the vector code leaves (cold ones, and those for which it takes long) are solved one by one,
    and it goes on from there.
    """
    begin, step, finish, alone = stage[1], stage[2], stage[3], stage[4]
    left = call(begin, group, group + 1, n, arrays)
    if left == 0:
        left = stepped(step, group, n, arrays)
        if left == 0 and call(finish, group, group + 1, n, arrays) == 0:
            return 0
    unsolved = call(alone, group, group + 1, n, arrays)
    call(begin, group, group + 1, n, arrays)
    left = stepped(step, group, n, arrays)
    call(finish, group, group + 1, n, arrays)
    return unsolved if unsolved > 0 else left


@plain_kernel(cache=False)
def stepped(step, group, n, arrays):
    """Steps of an iteration until no cell needs another; how many do after PATIENCE of them."""
    left = 1
    for _ in range(PATIENCE):
        left = call(step, group, group + 1, n, arrays)
        if left == 0:
            break
    return left


@plain_kernel(nogil=True)
def evaluate(first, last, n, stages, failures, arrays):
    """The stages for groups first..last of n cells. arrays: those of a stage, flat.

    failures (groups,): counts cells for which a kernel found no solution
    """
    for group in range(first, last):
        there = min(WIDTH, n - WIDTH * group)  # the last cell stands for those that are missing
        for k in range(stages.shape[0]):
            if stages[k, 0] == ONCE:
                call(stages[k, 1], group, group + 1, n, arrays)
            else:
                failures[group] += min(there, iterated(stages[k], group, n, arrays))
