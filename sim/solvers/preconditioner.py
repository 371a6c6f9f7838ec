"""(I - gamma J) z = r solved cell by cell and then along the grid.

J = local reaction blocks + transport. The immobile species of a cell are eliminated inside it
(Schur complement); what remains couples only the mobile ones between cells: block Thomas along a
line of cells (exact), a sparse LU of the same matrix on any other grid (exact, for moderate
sizes). Both are conservative: for w with w'J = 0, w'z = w'r, because every block is stoichiometry
times derivatives of rates.
"""

from __future__ import annotations

import numpy as np

from sim.model.system import System
from sim.solvers.elimination import (
    eliminate,
    prolong,
    restrict,
    thomas_factor,
    thomas_solve,
    times,
)


class LinearSystem:
    """J at one state, and (I - gamma J)^-1."""

    def __init__(self, system: System):
        self.system = system
        n, s, m = system.n_cells, system.n_species, system.n_mobile
        q = s - m
        self.mobile = system.mobile
        self.immobile = np.array([k for k in range(s) if k not in set(self.mobile)], np.int64)
        self.block, self.scaled = np.zeros((n, s, s)), np.zeros((n, s, s))
        self.inner, self.pivot = np.zeros((n, q, q)), np.zeros((n, q), np.int64)
        self.up, self.low = np.zeros((n, q, m)), np.zeros((n, m, q))
        self.schur, self.pivot_m = np.zeros((n, m, m)), np.zeros((n, m), np.int64)
        self.y, self.b = np.zeros((n, q)), np.zeros((n, m))
        self.gamma = 0.0
        self.line = len(system.grid.shape) <= 1
        self._lu = None

    def linearise(self, t: float, y: np.ndarray) -> None:
        """Take J at (t, y). Calls the right-hand side once, for the porosity."""
        scratch = np.empty_like(y)
        self.system.rhs(t, y, scratch)
        self.coupling, self.loss, self.porosity = self.system.couplings()
        self.system.blocks(t, y, self.block)
        # Crystal numbers beside concentrations span 20 decades: pivots are compared in units of
        # each species' scale, or elimination would mix rounding of one into the other.
        scale = self.system.scale
        np.multiply(self.block, scale[None, None, :] / scale[None, :, None], out=self.scaled)

    def factor(self, gamma: float) -> bool:
        """Factor I - gamma J; False when a block is singular (the step is then too long)."""
        self.gamma = gamma
        bad = eliminate(
            self.scaled, gamma, self.mobile, self.immobile, self.coupling, self.loss,
            self.porosity, self.inner, self.pivot, self.up, self.low, self.schur,
        )  # fmt: skip
        if bad or self.mobile.size == 0:
            return not bad
        if self.line:
            return not thomas_factor(self.schur, gamma, self.coupling, self.porosity, self.pivot_m)
        return self._factor_sparse()

    def solve(self, r: np.ndarray, z: np.ndarray) -> None:
        """z = (I - gamma J)^-1 r over the flat state, tail included."""
        s = self.system
        body, tail = s.split(r)
        z_body, z_tail = s.split(z)
        restrict(body, s.scale, self.mobile, self.immobile, self.inner, self.pivot, self.low, self.y, self.b)
        if self.mobile.size:
            if self.line:
                thomas_solve(self.schur, self.gamma, self.coupling, self.porosity, self.pivot_m, self.b)
            else:
                self.b[:] = self._lu.solve(self.b.ravel()).reshape(self.b.shape)
        prolong(self.b, s.scale, self.mobile, self.immobile, self.up, self.y, z_body)
        weight = s.grid.volume[:, None] * z_body[:, self.mobile] / self.porosity[:, None]
        z_tail[:] = tail - self.gamma * np.einsum("ikm,im->km", self.loss, weight)

    def times(self, v: np.ndarray, out: np.ndarray) -> None:
        """out = J v over the flat state."""
        s = self.system
        body, tail = s.split(v)
        out_body, out_tail = s.split(out)
        times(
            self.block, self.coupling, self.loss, self.porosity, s.grid.neighbour, s.grid.volume,
            self.mobile, body, tail, out_body, out_tail,
        )  # fmt: skip

    def _factor_sparse(self) -> bool:
        from scipy.sparse import coo_array
        from scipy.sparse.linalg import splu

        n, m = self.b.shape
        nb = self.system.grid.neighbour
        here = np.arange(n)[:, None] * m + np.arange(m)
        rows = [np.repeat(here, m, axis=1).ravel()]
        columns = [np.tile(here, (1, m)).ravel()]
        values = [self.schur.ravel()]
        for k in range(nb.shape[1]):
            has = nb[:, k] >= 0
            rows.append(here[has].ravel())
            columns.append(here[nb[has, k]].ravel())
            off = -self.gamma * self.coupling[has, k] / self.porosity[nb[has, k]][:, None]
            values.append(off.ravel())
        matrix = coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
        try:
            self._lu = splu(matrix.tocsc())
        except RuntimeError:  # exactly singular
            return False
        return True

    def sparse(self):
        """J as a scipy.sparse matrix over the flat state (for SciPy's integrators)."""
        from scipy.sparse import csc_array

        s = self.system
        n, k, m = s.n_cells, s.n_species, s.n_mobile
        cells = np.arange(n)
        local = np.arange(k)
        rows = [(cells[:, None, None] * k + local[:, None] + 0 * local).ravel()]
        columns = [(cells[:, None, None] * k + 0 * local[:, None] + local).ravel()]
        values = [self.block.ravel()]
        here = cells[:, None] * k + self.mobile
        out = self.loss.sum(1) + self.coupling.sum(1)
        rows.append(here.ravel())
        columns.append(here.ravel())
        values.append((-out / self.porosity[:, None]).ravel())
        nb = s.grid.neighbour
        for f in range(nb.shape[1]):
            has = nb[:, f] >= 0
            rows.append(here[has].ravel())
            columns.append(here[nb[has, f]].ravel())
            values.append((self.coupling[has, f] / self.porosity[nb[has, f]][:, None]).ravel())
        for side in (0, 1):
            rows.append(np.broadcast_to(s.body + side * m + np.arange(m), (n, m)).ravel())
            columns.append(here.ravel())
            flow = -self.loss[:, side] * (s.grid.volume / self.porosity)[:, None]
            values.append(flow.ravel())
        return csc_array(
            (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
            shape=(s.size, s.size),
        )
