"""Which solver takes what is left between cells when the immobile species are eliminated."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sim.solvers.linear.elimination import BetweenCells
from sim.solvers.linear.multigrid import Multigrid
from sim.solvers.linear.pores.around_multigrid import ChangingPores
from sim.solvers.linear.sparse_lu import SparseLU
from sim.solvers.linear.thomas import Thomas
from sim.space.grid import Grid

# Up to this many cells, where it takes as long, and beyond this many mobile species, a sparse LU takes the
# place of multigrid. With it a run of 64 cells takes 1.4 times as long, of 256 2.7 times, of a box of 216
# 4.6 times.
SMALL, MANY = 50, 8


class LinearSolver(Protocol):
    """Solves A x = b between cells; statistics: what it counted so far."""

    statistics: dict[str, int]

    def update(self, matrix: BetweenCells) -> bool:
        """Take another matrix; False when it is singular. Multigrid's also takes weights of K."""
        ...

    def solve(self, b: np.ndarray, x: np.ndarray) -> object:
        """x = A^-1 b, both (n, m); b may be overwritten."""
        ...


def choose_solver(grid: Grid, mobile: int, pores: bool = False) -> LinearSolver:
    """Exact along a line and on small grids, multigrid on large ones. pores: whether the last of the mobile
    is the change of pores."""
    if len(grid.shape) <= 1:
        return Thomas(grid.n_cells, mobile, grid.neighbour.shape[1], pores)
    if mobile == 0 or grid.n_cells <= SMALL or mobile - pores > MANY:
        return SparseLU(grid.neighbour)
    return ChangingPores(Multigrid(grid, mobile - 1), grid.neighbour) if pores else Multigrid(grid, mobile)
