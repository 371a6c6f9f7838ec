"""A sparse LU of what couples the cells: exact, for small grids and for many mobile species."""

from __future__ import annotations

import numpy as np

from sim.solvers.linear.elimination import BetweenCells


class SparseLU:
    """update(matrix), solve(b, x) on any grid. neighbour (n, k): cells across faces, -1 for none."""

    def __init__(self, neighbour: np.ndarray):
        self.neighbour = neighbour
        self.statistics: dict[str, int] = {}

    def update(self, matrix: BetweenCells) -> bool:
        """Factor a matrix; False when it is singular."""
        from scipy.sparse import coo_array
        from scipy.sparse.linalg import splu

        (n, m), nb = matrix.out.shape, self.neighbour
        here = np.arange(n)[:, None] * m + np.arange(m)
        rows = [np.repeat(here, m, axis=1).ravel(), here.ravel()]
        columns = [np.tile(here, (1, m)).ravel(), here.ravel()]
        values = [matrix.local.ravel(), (matrix.out + matrix.K.sum(axis=1)).ravel()]
        for k in range(nb.shape[1]):
            has = nb[:, k] >= 0
            rows.append(here[has].ravel())
            columns.append(here[nb[has, k]].ravel())
            values.append(-matrix.K[has, k].ravel())
            if matrix.across.size:
                rows.append(here[has].ravel())
                columns.append(np.repeat(here[nb[has, k], -1], m))
                values.append(-matrix.across[has, 1, k].ravel())
        whole = coo_array((np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))))
        try:
            self._lu = splu(whole.tocsc())
        except RuntimeError:  # exactly singular
            return False
        return True

    def solve(self, b: np.ndarray, x: np.ndarray) -> None:
        """x = A^-1 b, both (n, m)."""
        x[:] = self._lu.solve(b.ravel()).reshape(b.shape)
