"""The multigrid V-cycle: operations on the rows of a level, in parallel where they are many."""

from __future__ import annotations

from numba import prange

from sim.jit.kernel import kernel
from sim.solvers.linear.row_kernels import copy_row, prolong_row, relax_row, restrict_row

SMALL = 4096  # cells below which starting the threads takes longer than the sweep
CHUNKS = 64  # pieces that a level's rows are shared out in, whatever the number of threads
ZERO, RELAX, RESTRICT, PROLONG, PACK, UNPACK = range(6)


@kernel
def do_rows(t, what, colour, low, high, level, v, factor):
    """One operation on rows low..high of a level."""
    for row in range(low, high):
        if what == ZERO or what == RELAX:
            relax_row(t, row, level, colour, what == ZERO)
        elif what == RESTRICT:
            restrict_row(t, row, level)
        elif what == PROLONG:
            prolong_row(t, row, level)
        else:
            copy_row(t, row, what == PACK, v, factor)


@kernel(parallel=True)
def do_rows_in_parallel(t, what, colour, rows, level, v, factor):
    """`do_rows` on all rows of a level, in parallel. Rows of one operation do not depend on each other."""
    for chunk in prange(CHUNKS):
        do_rows(t, what, colour, chunk * rows // CHUNKS, (chunk + 1) * rows // CHUNKS, level, v, factor)


@kernel
def do_level(t, what, colour, level, v, factor, small):
    """`do_rows` on a level; one of fewer than `small` cells by one thread."""
    on = level + 1 if what == RESTRICT else level
    rows = t.levels[on, 0] * t.levels[on, 1]
    if rows * t.levels[on, 2] < small:
        do_rows(t, what, colour, 0, rows, level, v, factor)
    else:
        do_rows_in_parallel(t, what, colour, rows, level, v, factor)


@kernel
def v_cycle(t, r, z, before, after, small):
    """z = one V(1,1) cycle from zero for r, both flat [cell, species].

    Red, black on the way down; black, red on the way up: the cycle is then symmetric but for the
    transfers. before, after: factors that bring r to about 1, and the result back. small: cells of a
    level below which one thread does it
    """
    last = t.levels.shape[0] - 1
    do_level(t, PACK, 0, 0, r, before, small)
    for level in range(last):
        do_level(t, ZERO, 0, level, r, before, small)
        do_level(t, RELAX, 1, level, r, before, small)
        do_level(t, RESTRICT, 0, level, r, before, small)
    do_level(t, ZERO, 0, last, r, before, small)
    for level in range(last - 1, -1, -1):
        do_level(t, PROLONG, 0, level, r, before, small)
        do_level(t, RELAX, 1, level, r, before, small)
        do_level(t, RELAX, 0, level, r, before, small)
    do_level(t, UNPACK, 0, 0, z, after, small)
