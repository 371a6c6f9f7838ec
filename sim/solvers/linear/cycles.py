"""The multigrid V-cycle, by bands of slabs: rows of a plane, planes of a box.

A share of the cycle has a band of each level. It goes through it once downwards and once upwards, one
operation a slab or two behind the other, so that what they read lies in the cache. Slabs at the edges of a
band are done before those within, or after them, with all shares waiting for each other in between. Each
cell gets the same numbers however many shares there are.
"""

from __future__ import annotations

from sim.jit.kernel import plain_kernel
from sim.simd.barrier import wait_for_all
from sim.solvers.linear.levels import Levels
from sim.solvers.linear.row_kernels import prolong_row, relax_row, restrict_row

SMALL = 4096  # cells of a level below which one thread does it, before others have come to the barrier
RED, BLACK = 0, 1


@plain_kernel
def slab_rows(t: Levels, level):
    """Slabs of a level, and rows in each."""
    return (t.levels[level, 0], t.levels[level, 1]) if t.dim == 3 else (t.levels[level, 1], 1)


@plain_kernel
def relax(t: Levels, slab, rows, level, colour, from_zero):
    for row in range(slab * rows, (slab + 1) * rows):
        relax_row(t, row, level, colour, from_zero)


@plain_kernel
def restrict(t: Levels, slab, level):
    _, rows = slab_rows(t, level + 1)
    for row in range(slab * rows, (slab + 1) * rows):
        restrict_row(t, row, level)


@plain_kernel
def prolong(t: Levels, slab, rows, level):
    for row in range(slab * rows, (slab + 1) * rows):
        prolong_row(t, row, level)


@plain_kernel
def descend(t: Levels, level, share, shares, barrier):
    """Red from zero, black, and the right-hand side of the next level."""
    slabs, rows = slab_rows(t, level)
    coarse, _ = slab_rows(t, level + 1)
    a, b = share * slabs // shares, (share + 1) * slabs // shares
    first = t.levels[level, 7 if t.dim == 3 else 8]
    if shares > 1:
        relax(t, a, rows, level, RED, True)
        relax(t, b - 1, rows, level, RED, True)
        wait_for_all(barrier, shares)
    done = 0  # coarse slabs, where one share has all
    for s in range(a, b + 1):
        if s < b and (shares == 1 or a < s < b - 1):
            relax(t, s, rows, level, RED, True)
        if s > a:
            relax(t, s - 1, rows, level, BLACK, False)
        while shares == 1 and done < coarse and (t.first[first + done + 1] < s or s == b):
            restrict(t, done, level)
            done += 1
    if shares > 1:
        wait_for_all(barrier, shares)
        for slab in range(share * coarse // shares, (share + 1) * coarse // shares):
            restrict(t, slab, level)


@plain_kernel
def ascend(t: Levels, level, share, shares, barrier):
    """Add what the next level found, black, red."""
    slabs, rows = slab_rows(t, level)
    a, b = share * slabs // shares, (share + 1) * slabs // shares
    if shares > 1:
        prolong(t, a, rows, level)
        prolong(t, b - 1, rows, level)
        wait_for_all(barrier, shares)
    for s in range(a, b + 2):
        if s < b and (shares == 1 or a < s < b - 1):
            prolong(t, s, rows, level)
        if a < s <= b:
            relax(t, s - 1, rows, level, BLACK, False)
        if a + 1 < s and (shares == 1 or a + 2 < s < b + 1):
            relax(t, s - 2, rows, level, RED, False)
    if shares > 1:
        wait_for_all(barrier, shares)
        relax(t, a, rows, level, RED, False)
        relax(t, b - 1, rows, level, RED, False)


@plain_kernel(nogil=True)
def v_cycle(share, shares, barrier, t: Levels):
    """x = one V(1,1) cycle from zero for b, on the finest level.

    Red, black on the way down; black, red on the way up: the cycle is then symmetric but for the
    transfers. All shares must run at once.
    """
    last, top = t.levels.shape[0] - 1, 0
    while shares > 1 and top < last:  # levels that are shared
        slabs, rows = slab_rows(t, top)
        if slabs < 4 * shares or slabs * rows * t.levels[top, 2] < SMALL:
            break
        top += 1
    for level in range(top):
        descend(t, level, share, shares, barrier)
        wait_for_all(barrier, shares)
    if share == 0:
        for level in range(top, last):
            descend(t, level, 0, 1, barrier)
        relax(t, 0, 1, last, RED, True)
        for level in range(last - 1, top - 1, -1):
            ascend(t, level, 0, 1, barrier)
    wait_for_all(barrier, shares)
    for level in range(top - 1, -1, -1):
        ascend(t, level, share, shares, barrier)
        wait_for_all(barrier, shares)
