"""Products and sums over all cells of a grid, the same for any number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from numba import get_num_threads, prange, set_num_threads

from sim.simd.regions import ParallelKernel
from sim.solvers.linear.cycles import SMALL

SUMS = 64  # pieces in which cells are summed, whatever the number of threads


@ParallelKernel
def matrix_product(matrix, neighbour, x, out):
    """out = A x. K may be 0 where there is no neighbour (-1)."""
    local, K, loss = matrix.local, matrix.K, matrix.out
    n, m = x.shape
    for chunk in prange(SUMS):
        for i in range(chunk * n // SUMS, (chunk + 1) * n // SUMS):
            for a in range(m):
                s = loss[i, a] * x[i, a]
                for b in range(m):
                    s += local[i, a, b] * x[i, b]
                out[i, a] = s
            for k in range(neighbour.shape[1]):
                j = neighbour[i, k]
                if j >= 0:
                    for a in range(m):
                        out[i, a] += K[i, k, a] * (x[i, a] - x[j, a])


@ParallelKernel
def sum_blocks(local, loss, part):
    """part[chunk] = sum over a chunk of cells of local + diag(loss)."""
    n, m = loss.shape
    for chunk in prange(SUMS):
        for a in range(m):
            for b in range(m):
                part[chunk, a, b] = 0.0
        for i in range(chunk * n // SUMS, (chunk + 1) * n // SUMS):
            for a in range(m):
                for b in range(m):
                    part[chunk, a, b] += local[i, a, b]
                part[chunk, a, a] += loss[i, a]


@ParallelKernel
def sum_cells(r, part):
    """part[chunk] = sum of r over a chunk of cells."""
    n, m = r.shape
    for chunk in prange(SUMS):
        for a in range(m):
            part[chunk, a] = 0.0
        for i in range(chunk * n // SUMS, (chunk + 1) * n // SUMS):
            for a in range(m):
                part[chunk, a] += r[i, a]


@contextmanager
def threads_for(cells: int) -> Iterator[None]:
    """One thread where waking the others takes longer than the work; on a busy machine, far longer."""
    before = get_num_threads()
    set_num_threads(before if cells >= SMALL else 1)
    try:
        yield
    finally:
        set_num_threads(before)
