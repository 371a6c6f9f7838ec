"""Multigrid for the mobile species of a rectangle, a box or a slab, coupled inside every cell.

    (A c)_i = local_i c_i + sum_k K[i, k] (c_i - c_j(i, k)) + loss_i c_i

in amounts per time or amounts per cell ("extensive": what a face takes from one cell it gives to
the next). One V(1,1) cycle with red-black block Gauss-Seidel preconditions flexible GMRES; a last
correction, one number per species, makes the residual of every species sum to zero over the cells.

One cycle reduces the residual 7 to 10 times, 3 to 6 times with stiff reactions or a crust of a
hundredth the conductance. Conductances that jump a thousandfold from cell to cell (white noise), or
thin layers between which the coarse cells cannot tell, leave it at 2 or less: Krylov then counts.
"""

from __future__ import annotations

import numpy as np

from sim.errors import SolverError
from sim.simd.constants import WIDTH
from sim.simd.regions import region
from sim.solvers.linear.coarsening import (
    Lines,
    Turned,
    edge_ways,
    hierarchy,
    interpolation_weights,
    join_along,
    join_cells,
    shape_of,
)
from sim.solvers.linear.cycles import SMALL, v_cycle
from sim.solvers.linear.elimination import BetweenCells
from sim.solvers.linear.krylov import FlexibleGmres, dot
from sim.solvers.linear.levels import Levels, fill_level
from sim.solvers.linear.products import SUMS, matrix_product, sum_blocks, sum_cells, threads_for
from sim.space.geometries import flat_geometries
from sim.space.grid import Grid

# The one-cell system is solved in float64; beyond this condition it has too few digits to conserve.
WORST_CONDITION = 1e13
TOLERANCE, MAX_CYCLES = 0.1, 8  # enough for a step of Newton's method


class Multigrid:
    """Solves A c = b for `n_mobile` (1 to 8) coupled species on a Cartesian grid.

    precision: of everything inside the cycle; products and residuals are float64 in any case.
    `trouble` says in a sentence why `update` returned False, "" when it returned True.
    """

    def __init__(self, grid: Grid, n_mobile: int, precision: type = np.float32):
        flat = flat_geometries()
        if grid.kind not in flat:
            raise SolverError(f"multigrid needs a Cartesian grid ({', '.join(flat)}), not a {grid.kind}.")
        if not 1 <= n_mobile <= WIDTH:
            raise SolverError(f"multigrid takes 1 to {WIDTH} mobile species, not {n_mobile}.")
        if np.dtype(precision) not in (np.float32, np.float64):
            raise SolverError(f"the precision of multigrid is float32 or float64, not {precision!r}.")
        self.grid, self.m, self.trouble = grid, n_mobile, "no matrix has been given yet."
        width = [np.ones(1)] * (3 - len(grid.axes)) + [np.diff(grid.edges[a]) for a in grid.axes]
        self.axes = hierarchy(width)
        self.shapes = [shape_of(width), *(shape_of([a.width for a in axes]) for axes in self.axes)]
        self.dim = max(2, len(grid.axes))
        self.tables = self._tables(np.dtype(precision))
        self.scale = 1.0
        self.statistics = {"v_cycles": 0}
        self.krylov = FlexibleGmres(grid.n_cells * n_mobile)
        self.residual = np.zeros((grid.n_cells, n_mobile))

    def _tables(self, precision: np.dtype) -> Levels:
        """The flat arrays of all levels, all coefficients still zero."""
        last, total = len(self.axes), 0
        levels = np.zeros((last + 1, 10), np.int64)
        parts: dict[str, list[np.ndarray]] = {"parent": [], "other": [], "first": []}
        for level, shape in enumerate(self.shapes):
            pad = shape[1] * shape[2]
            levels[level, :4] = *shape, total + pad
            total += (shape[0] + 2) * pad
            for d in range(3 if level < last else 0):
                levels[level, 4 + d] = sum(a.size for a in parts["parent"])
                levels[level, 7 + d] = sum(a.size for a in parts["first"])
                for name, arrays in parts.items():
                    arrays.append(getattr(self.axes[level][d], name))
        lines = {k: np.concatenate(v) if v else np.zeros(0, np.int64) for k, v in parts.items()}
        return Levels(
            m=self.m, dim=self.dim, total=total, levels=levels, **lines,
            inverse=np.zeros(total * WIDTH * self.m, precision),
            K=np.zeros(total * WIDTH * self.dim, precision),
            W=np.zeros(total * WIDTH * self.dim, precision),
            b=np.zeros(total * WIDTH, precision),
            x=np.zeros(total * WIDTH, precision),
        )  # fmt: skip

    def update(self, matrix: BetweenCells) -> bool:
        """Take a matrix; False when it is singular.

        Its arrays are kept, not copied: they must stay as they are until the next update.
        """
        self.matrix = matrix
        local, K, loss = matrix
        part = np.empty((SUMS, self.m, self.m))
        with threads_for(self.grid.n_cells):
            sum_blocks(local, loss, part)
        self.one_cell = part.sum(axis=0)
        self.trouble = _trouble(self.one_cell)
        if self.trouble:
            return False
        # A power of two, so that float32 holds the entries whatever the units.
        size = np.abs(self.one_cell).max() / self.grid.n_cells + K.max()
        self.scale = 2.0 ** np.round(np.log2(size))
        dim, t = len(self.grid.axes), self.tables
        blocks, ahead, out = local, np.zeros((self.grid.n_cells, self.dim, self.m)), loss
        for d in range(dim):
            inside = self.grid.neighbour[:, 2 * d + 1] >= 0
            ahead[:, self.dim - dim + d] = np.where(inside[:, None], K[:, 2 * d + 1], 0.0)
        for level, shape in enumerate(self.shapes):
            if level:
                with threads_for(blocks.shape[0]):
                    blocks, ahead, out = self._coarsen(level - 1, blocks, ahead, out)
            rows = shape[0] * shape[1]
            bad = np.zeros(rows, np.int64)
            with threads_for(blocks.shape[0]):
                fill_level(t, level, blocks, ahead, out, self.scale, bad, np.zeros((rows, 136)))
            if bad.any():
                size = " x ".join(str(s) for s in shape[3 - dim :])
                self.trouble = f"a diagonal block is singular on the grid of {size} cells."
                return False
        return True

    def _coarsen(self, level, local, K, loss):
        """Coefficients of the next level, and the interpolation from it."""
        t, shape, coarse, axes = self.tables, self.shapes[level], self.shapes[level + 1], self.axes[level]
        cells, stride, step = int(np.prod(coarse)), _strides(shape), _strides(coarse)
        K_out, way = np.empty((cells, self.dim, self.m)), np.zeros_like(loss)
        for d in range(3 - self.dim, 3):
            a, axis = axes[d], d - 3 + self.dim
            i, j, k = d, *(e for e in range(3) if e != d)
            counts, fine, steps = ((v[i], v[j], v[k]) for v in (coarse, stride, step))
            turned = Turned(counts, fine, steps, axes[i].first, axes[j].first, axes[k].first)
            join_along(K, axis, turned, a.ahead, K_out)
            if coarse[d] < shape[d]:
                lines = Lines(int(np.prod(shape[:d])), shape[d], stride[d])
                edge_ways(K, axis, lines, a, way)
                start = (2 - d) * t.total + t.levels[level, 3]
                interpolation_weights(K, loss, axis, lines, a, start, t.W)
        local_out, loss_out = np.empty((cells, self.m, self.m)), np.empty((cells, self.m))
        join_cells(local, loss, way, shape, axes, local_out, loss_out)
        return local_out, K_out, loss_out

    def cycle(self, r: np.ndarray, x: np.ndarray) -> None:
        """x = one V(1,1) cycle for A^-1 r; r, x (n, m) float64."""
        flat = r.reshape(-1)
        size = np.abs(flat).max()
        before = 2.0 ** -np.round(np.log2(size)) if 0 < size < np.inf else 1.0
        with region() as free:
            small = SMALL if free else self.grid.n_cells + 1
            v_cycle(self.tables, flat, x.reshape(-1, copy=False), before, 1.0 / (before * self.scale), small)

    def apply(self, x: np.ndarray, out: np.ndarray) -> None:
        """out = A x; both (n, m) float64."""
        with threads_for(self.grid.n_cells):
            matrix_product(self.matrix, self.grid.neighbour, x, out)

    def solve(
        self, b: np.ndarray, x: np.ndarray, tolerance: float = TOLERANCE, max_cycles: int = MAX_CYCLES
    ) -> tuple[int, float]:
        """x = A^-1 b from zero, both (n, m): (cycles, |b - A x| / |b| in the 2-norm).

        The residual is that of the x returned, after the correction that makes it sum to zero over
        the cells, species by species, to rounding.
        """
        if self.trouble:
            raise SolverError(f"multigrid cannot solve: {self.trouble} Try a shorter step.")
        with threads_for(self.grid.n_cells):
            cycles, left = self._solve(b, x, tolerance, max_cycles)
        self.statistics["v_cycles"] += cycles
        return cycles, left

    def _solve(self, b, x, tolerance, max_cycles):
        shape = b.shape

        def apply(v, out):
            self.apply(v.reshape(shape), out.reshape(shape))

        def precondition(r, out):
            self.cycle(r.reshape(shape), out.reshape(shape))

        flat, flat_x = np.ascontiguousarray(b).reshape(-1), x.reshape(-1, copy=False)
        size = np.sqrt(dot(flat, flat))
        if not np.isfinite(size):
            raise SolverError("multigrid cannot solve: the right-hand side contains numbers not finite.")
        if size == 0.0:
            x[:] = 0.0
            return 0, 0.0
        level = self._level(b)
        rest = self.residual.reshape(-1)
        left = np.sqrt(dot(rest, rest))
        cycles, x[:] = 0, 0.0
        if left > tolerance * size:
            goal = tolerance * size / left
            cycles, _ = self.krylov.solve(apply, precondition, rest, flat_x, goal, max_cycles)
        x += level
        self._subtract(b, x)
        x += np.linalg.solve(self.one_cell, self.sums(self.residual))
        self._subtract(b, x)
        return cycles, float(np.sqrt(dot(rest, rest)) / size)

    def _level(self, b: np.ndarray) -> np.ndarray:
        """The same numbers (m,) in all cells that solve the whole as one cell, as far as that helps.

        Where little reacts or leaves, the solution is this level and small differences, and float32
        could not hold both. Leaves b - A x of it in `residual`.
        """
        level = np.linalg.solve(self.one_cell, self.sums(b))
        uniform, image = np.empty_like(b), np.empty_like(b)
        uniform[:] = level
        self.apply(uniform, image)
        along = dot(image.reshape(-1), image.reshape(-1))
        share = dot(image.reshape(-1), b.reshape(-1)) / along if along > 0.0 else 0.0
        np.multiply(image, -share, out=self.residual)
        self.residual += b
        return share * level

    def _subtract(self, b: np.ndarray, x: np.ndarray) -> None:
        self.apply(x, self.residual)
        np.subtract(b, self.residual, out=self.residual)

    @staticmethod
    def sums(r: np.ndarray) -> np.ndarray:
        """Sum over cells of r (n, m), the same for any number of threads."""
        part = np.empty((SUMS, r.shape[1]))
        sum_cells(r, part)
        return part.sum(axis=0)


def _strides(shape: tuple[int, int, int]) -> tuple[int, int, int]:
    return shape[1] * shape[2], shape[2], 1


def _trouble(M: np.ndarray) -> str:
    """Why the system of the whole grid as one cell cannot be solved; "" when it can."""
    if not np.all(np.isfinite(M)):
        return "the matrix contains numbers that are not finite."
    rows = np.abs(M).max(axis=1)
    if np.any(rows == 0.0):
        return "some species neither reacts, stays nor leaves anywhere: its level is undetermined."
    scaled = M / rows[:, None]
    scaled /= np.maximum(np.abs(scaled).max(axis=0), np.finfo(float).tiny)
    condition = np.linalg.cond(scaled)
    if not condition < WORST_CONDITION:
        return f"the sum of all cells is singular (condition {condition:.1e})."
    return ""
