"""(I - gamma J) z = r solved cell by cell and then along the grid.

J = local reaction blocks + transport. The immobile species of a cell are eliminated inside it
(Schur complement); what remains couples only the mobile ones between cells. Multiplied by the
volumes and written for pore concentrations c it is symmetric in its couplings,
local c + sum of gamma T (c_i - c_j) + gamma loss c = b: block Thomas along a line of cells and a
sparse LU on small grids (both exact), multigrid on all others. All are conservative: for w with
w'J = 0, w'z = w'r, because every block is stoichiometry times derivatives of rates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.binder.system import System
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
from sim.solvers.linear import elimination
from sim.solvers.linear.choice import choose_solver
from sim.solvers.linear.elimination import PORES, BetweenCells, FrozenTransport
from sim.solvers.linear.pores.derivatives import add_pores, by_porosity, entered_by_pores

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy.sparse import csc_array


class LinearSystem:
    """J at one state, and (I - gamma J)^-1.

    pores: whether J knows how a change of porosity changes transport, where porosity can change
    between: the solver of what couples the cells, chosen once for the grid
    """

    def __init__(self, system: System, pores: bool = False):
        self.system = system
        self.pores = pores and elimination.changing_pores(system)
        n, m, faces = system.n_cells, system.n_mobile + self.pores, system.grid.neighbour.shape[1]
        self.inside, self.units, kept, *_ = elimination.inside_cells(system, system.mobile, self.pores)
        self.slopes = np.zeros((system.n_groups, system.operations.process.size, WIDTH))
        self.factors = np.zeros((system.n_groups, kept, WIDTH))
        self.across = np.zeros((n if self.pores else 0, 2, faces, m))
        self.supply = np.zeros((n if self.pores else 0, 2, system.n_mobile))
        self.matrix = BetweenCells(
            np.zeros((n, m, m)), np.zeros((n, faces, m)), np.zeros((n, m)), self.across
        )
        self.b, self.c = np.zeros((n, m)), np.zeros((n, m))
        self.between = choose_solver(system.grid, m, self.pores)
        self._pool = Pool(256)

    def linearise(self, t: float, y: np.ndarray) -> None:
        """Take J at (t, y), t in s."""
        s = self.system
        s.slopes(t, y, self.slopes)
        self.transport = FrozenTransport(*s.couplings(), self.across, self.supply)
        if self.pores:
            by_porosity(
                s.tables, s.exchange.hindrance, self.transport.porosity, s.cells.c, self.units.per_pores,
                self.across, self.supply,
            )  # fmt: skip

    def factor(self, gamma: float) -> bool:
        """Factor I - gamma J, gamma in s; False when a block is singular (the step is then too long)."""
        s = self.system
        self.inside.gamma[0] = gamma
        bad = [0] * self._pool.size

        def work(share: int, first: int, last: int) -> None:
            bad[share] = elimination.factor(
                first, last, self.slopes, self.inside, self.factors, self.matrix.local
            )

        self._pool.run(work, s.n_groups)
        if sum(bad):
            return False
        if s.n_mobile == 0:
            return True
        elimination.weigh(s.grid.volume, gamma, self.transport, self.matrix)
        if self.pores:
            add_pores(self.across, self.supply, self.matrix.local)
        return self.between.update(self.matrix)

    def solve(self, r: np.ndarray, z: np.ndarray) -> None:
        """z = (I - gamma J)^-1 r over the flat state, tail included."""
        s, inside, units = self.system, self.inside, self.units
        body, tail = s.split(r)
        z_body, z_tail = s.split(z)

        def inwards(share: int, first: int, last: int) -> None:
            elimination.reduce(first, last, body, inside, units, self.factors, z_body, self.b)

        def outwards(share: int, first: int, last: int) -> None:
            elimination.expand(first, last, self.b, inside, units, self.factors, z_body)

        self._pool.run(inwards, s.n_groups)
        if s.n_mobile:
            elimination.times(self.b, s.grid.volume, self.b)
            self.between.solve(self.b, self.c)
            elimination.times(self.c, self.transport.porosity, self.b)
        self._pool.run(outwards, s.n_groups)
        gamma, loss = inside.gamma[0], self.transport.loss
        elimination.entered(loss, gamma, self.c, units, tail.ravel(), z_tail.ravel())
        if self.pores:
            entered_by_pores(self.supply, self.c, units, z_tail.ravel())

    def sparse(self) -> csc_array:
        """J as a scipy.sparse matrix over the flat state (for SciPy's integrators)."""
        from scipy.sparse import csc_array

        s, p, frozen = self.system, self.system.operations, self.transport
        n, k, m = s.n_cells, s.n_species, s.n_mobile
        cells = np.arange(n)
        slopes = self.slopes.transpose(0, 2, 1).reshape(s.n_groups * WIDTH, -1)[:n]
        rows, columns, values = [], [], []
        for to, q, v in zip(*s.stoichiometry, strict=True):
            for j in np.flatnonzero(p.process == q):
                rows.append(cells * k + to)
                columns.append(cells * k + p.species[j])
                values.append(v * slopes[:, j])
        here = cells[:, None] * k + s.mobile
        per_u = 1.0 / (frozen.porosity * s.grid.volume)[:, None]
        rows.append(here.ravel())
        columns.append(here.ravel())
        values.append((-(frozen.loss.sum(1) + frozen.coupling.sum(1)) * per_u).ravel())
        nb = s.grid.neighbour
        for f in range(nb.shape[1]):
            has = nb[:, f] >= 0
            rows.append(here[has].ravel())
            columns.append(here[nb[has, f]].ravel())
            over = (s.grid.volume[has] * frozen.porosity[nb[has, f]])[:, None]
            values.append((frozen.coupling[has, f] / over).ravel())
        for side in (0, 1):
            rows.append(np.broadcast_to(s.body + side * m + np.arange(m), (n, m)).ravel())
            columns.append(here.ravel())
            values.append((-frozen.loss[:, side] / frozen.porosity[:, None]).ravel())
        if self.pores:
            for row, column, value in self._by_pores(slopes):
                rows.append(row)
                columns.append(column)
                values.append(value)
        return csc_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(s.size, s.size),
        )

    def _by_pores(self, slopes: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Rows, columns and values of what `sparse` knows of changing pores. slopes (n, entries)"""
        s, p = self.system, self.system.operations
        n, k, m = s.n_cells, s.n_species, s.n_mobile
        own = np.flatnonzero(p.process == s.n_rates)
        solids = p.species[own]
        logarithm = slopes[:, own] / self.transport.porosity[:, None] / PORES  # of porosity, by amounts
        unit = s.scale[s.mobile]

        def product(
            rows: np.ndarray, by: np.ndarray, cells: np.ndarray
        ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            """Rows (cells, m) that change by (cells, m) of the porosity of these cells."""
            shape = (cells.size, m, solids.size)
            columns = np.broadcast_to((cells[:, None] * k + solids)[:, None, :], shape)
            values = (by * unit)[:, :, None] * logarithm[cells][:, None, :]
            return np.broadcast_to(rows[:, :, None], shape).ravel(), columns.ravel(), values.ravel()

        cells, volume = np.arange(n), s.grid.volume[:, None]
        here = cells[:, None] * k + s.mobile
        whole = self.across[:, 0, :, :m].sum(axis=1) + self.supply.sum(axis=1)
        yield product(here, whole / volume, cells)
        for f in range(s.grid.neighbour.shape[1]):
            has = np.flatnonzero(s.grid.neighbour[:, f] >= 0)
            yield product(here[has], self.across[has, 1, f, :m] / volume[has], s.grid.neighbour[has, f])
        for side in (0, 1):
            tail = np.broadcast_to(s.body + side * m + np.arange(m), (n, m))
            yield product(tail, self.supply[:, side], cells)
