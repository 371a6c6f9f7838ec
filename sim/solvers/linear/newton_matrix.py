"""(I - gamma J) z = r solved cell by cell and then along the grid.

J = local reaction blocks + transport. The immobile species of a cell are eliminated inside it
(Schur complement); what remains couples only the mobile ones between cells. Multiplied by the
volumes and written for pore concentrations c it is symmetric in its couplings,
local c + sum of gamma T (c_i - c_j) + gamma loss c = b: block Thomas along a line of cells and a
sparse LU on small grids (both exact), multigrid on all others. All are conservative: for w with
w'J = 0, w'z = w'r, because every block is stoichiometry times derivatives of rates.
"""

from __future__ import annotations

import numpy as np

from sim.binder.elimination_order import elimination as programme
from sim.binder.system import System
from sim.simd.blocks import LANES
from sim.simd.threads import Team
from sim.solvers.linear import elimination
from sim.solvers.linear.multigrid import Multigrid

# Up to this many cells, and beyond this many mobile species, a sparse LU takes the place of multigrid.
SMALL, MANY = 300, 8


class LinearSystem:
    """J at one state, and (I - gamma J)^-1.

    tolerance, max_cycles: how well multigrid solves (relative residual); nothing else has an error.
    cycles: V-cycles taken so far.
    """

    def __init__(self, system: System, tolerance: float = 0.1, max_cycles: int = 8):
        self.system, self.tolerance, self.max_cycles = system, tolerance, max_cycles
        n, m = system.n_cells, system.n_mobile
        p = system.programme
        self.order = programme(
            p.process, p.species, system.row, system.column, system.value, system.scale, system.mobile
        )
        self.slopes = np.zeros((system.n_blocks, p.process.size, LANES))
        self.factors = np.zeros((system.n_blocks, self.order.n_entries, LANES))
        self.local, self.b, self.c = np.zeros((n, m, m)), np.zeros((n, m)), np.zeros((n, m))
        self.K, self.out = np.zeros((n, system.grid.neighbour.shape[1], m)), np.zeros((n, m))
        self.gamma, self.cycles, self.per_scale = 0.0, 0, 1.0 / system.scale
        self._team = Team(64)
        self._rows = [np.zeros((system.n_species, LANES)) for _ in range(self._team.size)]
        if len(system.grid.shape) <= 1:
            self.kind = "line"
            self.inverse = np.zeros((n, m, m))
        elif m == 0 or n <= SMALL or m > MANY:
            self.kind = "sparse"
        else:
            self.kind = "multigrid"
            self.multigrid = Multigrid(system.grid, m)

    def linearise(self, t: float, y: np.ndarray) -> None:
        """Take J at (t, y)."""
        s = self.system
        s.slopes(t, y, self.slopes)
        self.conductance, self.loss, self.porosity = s.couplings()  # m3/s

    def factor(self, gamma: float) -> bool:
        """Factor I - gamma J; False when a block is singular (the step is then too long)."""
        s, o = self.system, self.order
        self.gamma = gamma
        bad = [0] * self._team.size

        def work(share, first, last):
            bad[share] = elimination.factor(
                first, last, self.slopes, gamma, o.ones, o.assemble, o.factor, o.schur, self.factors,
                self.local,
            )  # fmt: skip

        self._team.run(work, s.n_blocks)
        if sum(bad):
            return False
        if s.n_mobile == 0:
            return True
        elimination.weigh(
            s.grid.volume, self.porosity, gamma, self.conductance, self.loss, self.local, self.K, self.out
        )
        if self.kind == "line":
            work_ = np.zeros(s.n_mobile, np.int64)
            return not elimination.thomas_factor(self.local, self.K, self.out, self.inverse, work_)
        if self.kind == "sparse":
            return self._factor_sparse()
        return self.multigrid.update(self.local, self.K, self.out)

    def solve(self, r: np.ndarray, z: np.ndarray) -> None:
        """z = (I - gamma J)^-1 r over the flat state, tail included."""
        s, o = self.system, self.order
        body, tail = s.split(r)
        z_body, z_tail = s.split(z)

        def inwards(share, first, last):
            elimination.reduce(
                first, last, body, self.per_scale, s.mobile, o.forward, self.factors, self._rows[share],
                z_body, self.b,
            )  # fmt: skip

        def outwards(share, first, last):
            elimination.expand(
                first, last, self.b, s.scale, s.mobile, o.backward, self.factors, self._rows[share], z_body
            )

        self._team.run(inwards, s.n_blocks)
        if s.n_mobile:
            elimination.times(self.b, s.grid.volume, self.b)
            if self.kind == "line":
                elimination.thomas_solve(self.inverse, self.K, self.b, self.c)
            elif self.kind == "sparse":
                self.c[:] = self._lu.solve(self.b.ravel()).reshape(self.b.shape)
            else:
                cycles, _ = self.multigrid.solve(self.b, self.c, self.tolerance, self.max_cycles)
                self.cycles += cycles
            elimination.times(self.c, self.porosity, self.b)
        self._team.run(outwards, s.n_blocks)
        elimination.entered(self.loss, self.gamma, self.c, s.scale, s.mobile, tail.ravel(), z_tail.ravel())

    def _factor_sparse(self) -> bool:
        from scipy.sparse import coo_array
        from scipy.sparse.linalg import splu

        n, m = self.b.shape
        nb = self.system.grid.neighbour
        here = np.arange(n)[:, None] * m + np.arange(m)
        rows = [np.repeat(here, m, axis=1).ravel(), here.ravel()]
        columns = [np.tile(here, (1, m)).ravel(), here.ravel()]
        values = [self.local.ravel(), (self.out + self.K.sum(axis=1)).ravel()]
        for k in range(nb.shape[1]):
            has = nb[:, k] >= 0
            rows.append(here[has].ravel())
            columns.append(here[nb[has, k]].ravel())
            values.append(-self.K[has, k].ravel())
        matrix = coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
        try:
            self._lu = splu(matrix.tocsc())
        except RuntimeError:  # exactly singular
            return False
        return True

    def sparse(self):
        """J as a scipy.sparse matrix over the flat state (for SciPy's integrators)."""
        from scipy.sparse import csc_array

        s, p = self.system, self.system.programme
        n, k, m = s.n_cells, s.n_species, s.n_mobile
        cells = np.arange(n)
        slopes = self.slopes.transpose(0, 2, 1).reshape(s.n_blocks * LANES, -1)[:n]
        rows, columns, values = [], [], []
        for to, q, v in zip(s.row, s.column, s.value, strict=True):
            for j in np.flatnonzero(p.process == q):
                rows.append(cells * k + to)
                columns.append(cells * k + p.species[j])
                values.append(v * slopes[:, j])
        here = cells[:, None] * k + s.mobile
        per_u = 1.0 / (self.porosity * s.grid.volume)[:, None]
        rows.append(here.ravel())
        columns.append(here.ravel())
        values.append((-(self.loss.sum(1) + self.conductance.sum(1)) * per_u).ravel())
        nb = s.grid.neighbour
        for f in range(nb.shape[1]):
            has = nb[:, f] >= 0
            rows.append(here[has].ravel())
            columns.append(here[nb[has, f]].ravel())
            over = (s.grid.volume[has] * self.porosity[nb[has, f]])[:, None]
            values.append((self.conductance[has, f] / over).ravel())
        for side in (0, 1):
            rows.append(np.broadcast_to(s.body + side * m + np.arange(m), (n, m)).ravel())
            columns.append(here.ravel())
            values.append((-self.loss[:, side] / self.porosity[:, None]).ravel())
        return csc_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(s.size, s.size),
        )
