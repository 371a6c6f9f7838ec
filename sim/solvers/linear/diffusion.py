"""Transport alone over a stretch of time, implicitly, at a frozen porosity: one scalar system per species.

The method is SDIRK of second order with gamma = 1 - 1/sqrt(2), L-stable and stiffly accurate (Alexander
1977, SIAM J. Numer. Anal. 14:1006). Both stages have the same matrix. What a stage moves is computed
as fluxes from its concentrations, not from what the solve says: fluxes cancel between cells and enter
the tail of supplies as they enter the cells, so the ledger closes however well the system is solved.
"""

from __future__ import annotations

import numpy as np

from sim.binder.system import System
from sim.jit.kernel import kernel
from sim.solvers.linear.elimination import BetweenCells
from sim.solvers.linear.multigrid import Multigrid
from sim.space.grid import Grid

GAMMA = 1.0 - np.sqrt(0.5)
TOLERANCE, MAX_CYCLES = 1e-10, 40  # of multigrid: relative residual
ENOUGH = 1e-7  # what it may leave after that many cycles; more, and the step is not made
TOGETHER = 8  # species that multigrid takes at once


@kernel(nogil=True)
def tridiagonal(weight, K, out, inverse, b, x):
    """x (n, m) from (weight + K + out) x - K x_neighbours = b, species by species along a line of cells.

    weight (n,): volume x porosity; K (n, 2, m): towards the cell before and after; out (n, m).
    inverse (n, m): work. b is overwritten.
    """
    n, m = b.shape
    faces = K.shape[1]
    for i in range(n):
        for s in range(m):
            d = weight[i] + out[i, s]
            for k in range(faces):
                d += K[i, k, s]
            if i > 0:
                ahead = K[i, 0, s] * inverse[i - 1, s]
                d -= ahead * K[i - 1, 1, s]
                b[i, s] += ahead * b[i - 1, s]
            inverse[i, s] = 1.0 / d
    for i in range(n - 1, -1, -1):
        for s in range(m):
            r = b[i, s]
            if i < n - 1:
                r += K[i, 1, s] * x[i + 1, s]
            x[i, s] = r * inverse[i, s]


class SpeciesAlongLine:
    """update, solve for scalar systems along a line of cells, or in one stirred cell."""

    def __init__(self, cells: int, mobile: int):
        self.inverse = np.zeros((cells, mobile))

    def update(self, weight: np.ndarray, K: np.ndarray, out: np.ndarray) -> bool:
        """Take the matrix weight + K + out of `tridiagonal`."""
        self.weight, self.K, self.out = weight, K, out
        return True

    def solve(self, b: np.ndarray, x: np.ndarray) -> bool:
        """x = A^-1 b, both (n, m); b is overwritten. False when x is not finite."""
        tridiagonal(self.weight, self.K, self.out, self.inverse, b, x)
        return bool(np.isfinite(x).all())


class SpeciesByMultigrid:
    """update, solve for scalar systems on a plane or box, some species at once.

    v_cycles: so far; worst: the largest relative residual that was left
    """

    def __init__(self, grid: Grid, mobile: int):
        self.groups = [slice(k, min(k + TOGETHER, mobile)) for k in range(0, mobile, TOGETHER)]
        self.grids = [Multigrid(grid, g.stop - g.start) for g in self.groups]
        self.worst = 0.0

    @property
    def v_cycles(self) -> int:
        return sum(g.statistics["v_cycles"] for g in self.grids)

    def update(self, weight: np.ndarray, K: np.ndarray, out: np.ndarray) -> bool:
        """Take the matrix weight + K + out, as along a line; False when it is singular."""
        for grid, g in zip(self.grids, self.groups, strict=True):
            m = g.stop - g.start
            local = np.zeros((weight.size, m, m))
            local[:, np.arange(m), np.arange(m)] = weight[:, None]
            parts = (np.ascontiguousarray(a) for a in (K[:, :, g], out[:, g]))
            if not grid.update(BetweenCells(local, *parts)):
                return False
        return True

    def solve(self, b: np.ndarray, x: np.ndarray) -> bool:
        """x = A^-1 b, both (n, m). False when it is not good enough."""
        for grid, g in zip(self.grids, self.groups, strict=True):
            part = np.zeros((b.shape[0], g.stop - g.start))
            _, left = grid.solve(np.ascontiguousarray(b[:, g]), part, TOLERANCE, MAX_CYCLES)
            self.worst = max(self.worst, left)
            if left > ENOUGH:
                return False
            x[:, g] = part
        return bool(np.isfinite(x).all())


class Diffusion:
    """advance(u, tail, dt): u (n, s) and the supplies by transport alone.

    solver: of the linear systems, chosen once for the grid; v_cycles, worst: see SpeciesByMultigrid
    """

    def __init__(self, system: System):
        self.system = system
        n, m = system.n_cells, system.n_mobile
        self.solver: SpeciesAlongLine | SpeciesByMultigrid
        if len(system.grid.shape) <= 1:
            self.solver = SpeciesAlongLine(n, m)
        else:
            self.solver = SpeciesByMultigrid(system.grid, m)
        self.change, self.enter = np.zeros((n, system.n_species)), np.zeros((2, m))
        self.c = np.zeros((n, m))

    @property
    def v_cycles(self) -> int:
        return self.solver.v_cycles if isinstance(self.solver, SpeciesByMultigrid) else 0

    @property
    def worst(self) -> float:
        return self.solver.worst if isinstance(self.solver, SpeciesByMultigrid) else 0.0

    def advance(self, u: np.ndarray, tail: np.ndarray, dt: float) -> bool:
        """In place, over dt [s], at the porosity of the last state evaluated; False when singular."""
        s = self.system
        if s.n_mobile == 0:
            return True
        coupling, loss, porosity = s.couplings()
        step = GAMMA * dt
        if not self.solver.update(s.grid.volume * porosity, step * coupling, step * loss.sum(axis=1)):
            return False
        source, _ = self._fluxes(np.zeros_like(self.c))  # of empty cells: what comes from outside
        source = step * source[:, s.mobile]
        base, first = u[:, s.mobile], None
        for weight in (1.0 - GAMMA, GAMMA):
            if first is not None:
                base = base + (1.0 - GAMMA) * dt * first[:, s.mobile]
            if not self.solver.solve((base + source) * s.grid.volume[:, None], self.c):
                return False
            change, enter = self._fluxes(self.c)
            u += weight * dt * change
            tail += weight * dt * enter
            first = change.copy()
        return True

    def _fluxes(self, c: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.change[:] = 0.0
        self.system.transport(c, self.change, self.enter)
        return self.change, self.enter
