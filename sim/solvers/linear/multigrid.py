"""Multigrid for the mobile species of a rectangle, a box or a slab, coupled inside every cell.

    (A c)_i = local_i c_i + sum_k K[i, k] (c_i - c_j(i, k)) + loss_i c_i

in amounts per time or amounts per cell ("extensive": what a face takes from one cell it gives to
the next). V(1,1) cycles with red-black block Gauss-Seidel are added up to the least residual, all in
single precision. Double is what sums to zero: before the cycles the level of each species is taken out
that solves the whole as one cell, and after them a correction, one number per species, makes the residual
of every species sum to zero over the cells.

One cycle reduces the residual 7 to 10 times, 3 to 6 times with stiff reactions or a crust of a
hundredth the conductance. Conductances that jump a thousandfold from cell to cell (white noise), or
thin layers between which the coarse cells cannot tell, leave it at 2 or less: the sum then counts.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numba.core import config

from sim.errors import SolverError
from sim.simd.barrier import new_barrier
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
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
from sim.solvers.linear.krylov import MinimalResidual
from sim.solvers.linear.levels import Levels, fill_level, solve_small, take_couplings
from sim.solvers.linear.products import (
    PIECES,
    give_out,
    matrix_product,
    shift,
    sum_blocks,
    sum_cells,
    take_in,
)
from sim.space.geometries import flat_geometries
from sim.space.grid import Grid

# The one-cell system is solved in float64; beyond this condition it has too few digits to conserve.
WORST_CONDITION = 1e13
TOLERANCE, MAX_CYCLES = 0.1, 8  # enough for a step of Newton's method
AT_ONCE = 1e-3  # what float32 reduces a residual to before it is computed anew in float64


class NotFiniteError(SolverError):
    """A right-hand side with numbers that are not finite: a step was too long."""


class Multigrid:
    """Solves A c = b for `n_mobile` (1 to 8) coupled species on a Cartesian grid.

    precision: of everything inside the cycles; sums over cells are float64 in any case.
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
        self.at = int(self.tables.levels[0, 3])
        self.scale = 1.0
        self.statistics = {"v_cycles": 0}
        self.least = MinimalResidual(self.tables)
        self.barrier, self.part = new_barrier(), np.zeros((PIECES, max(3, n_mobile + 1)))
        # Compiled code alone can wait for another share of itself.
        self.pool = Pool(SMALL, 1 if getattr(config, "DISABLE_JIT", False) else None)

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
            blocks=np.zeros(self.grid.n_cells * WIDTH * self.m, precision),
            K=np.zeros(total * WIDTH * self.dim, precision),
            W=np.zeros(total * WIDTH * self.dim, precision),
            b=np.zeros(total * WIDTH, precision),
            x=np.zeros(total * WIDTH, precision),
        )  # fmt: skip

    def _run(self, kernel: Callable[..., None], n: int, cells: int, *arguments: object) -> None:
        """kernel(first, last, *arguments) over 0..n, which stand for so many cells."""
        shares = self.pool.shares(cells)
        self.pool.run_shares(lambda k: kernel(k * n // shares, (k + 1) * n // shares, *arguments), shares)

    def _pieces(self, kernel: Callable[..., None], *arguments: object) -> None:
        self._run(kernel, PIECES, self.grid.n_cells, *arguments)

    def _rows(self, kernel: Callable[..., None], *arguments: object) -> None:
        self._run(kernel, self.least.rows, self.grid.n_cells, *arguments)

    def update(self, matrix: BetweenCells, weight: np.ndarray | None = None) -> bool:
        """Take a matrix; False when it is singular. weight (m,): times K, which may then be (n, faces, 1).

        Its arrays are kept, not copied: they must stay as they are until the next update.
        """
        self.matrix = matrix
        self.weight = np.ones(self.m) if weight is None else weight
        local, K, loss = matrix.local, matrix.K, matrix.out
        part = np.empty((PIECES, self.m, self.m))
        self._pieces(sum_blocks, matrix, part)
        self.one_cell = part.sum(axis=0)
        self.trouble = _trouble(self.one_cell)
        if self.trouble:
            return False
        # A power of two, so that float32 holds the entries whatever the units.
        size = np.abs(self.one_cell).max() / self.grid.n_cells + K.max() * self.weight.max()
        self.scale = 2.0 ** np.round(np.log2(size))
        t, unit, cells = self.tables, 1.0 / self.scale, self.grid.n_cells
        self._run(take_couplings, cells, cells, t, self.grid.neighbour, K, self.weight, unit)
        blocks, out = local, loss
        for level, shape in enumerate(self.shapes):
            if level:
                blocks, out = self._coarsen(level - 1, blocks, out, unit)
            rows = shape[0] * shape[1]
            bad = np.zeros(rows, np.int64)
            self._run(fill_level, rows, rows * shape[2], t, level, blocks, out, unit, bad)
            if bad.any():
                size = " x ".join(str(s) for s in shape[3 - len(self.grid.axes) :])
                self.trouble = f"a diagonal block is singular on the grid of {size} cells."
                return False
        return True

    def _coarsen(self, level, local, loss, unit):
        """Coefficients of the next level, and the interpolation from it."""
        t, shape, coarse, axes = self.tables, self.shapes[level], self.shapes[level + 1], self.axes[level]
        cells, fine = int(np.prod(coarse)), int(np.prod(shape))
        stride, step = _strides(shape), _strides(coarse)
        way = np.zeros_like(loss)
        for d in range(3 - self.dim, 3):
            a = axes[d]
            i, j, k = d, *(e for e in range(3) if e != d)
            counts, strides, steps = ((v[i], v[j], v[k]) for v in (coarse, stride, step))
            start, below = ((2 - d) * t.total + int(t.levels[n, 3]) for n in (level, level + 1))
            turned = Turned(counts, strides, steps, axes[i].first, axes[j].first, axes[k].first, start, below)
            self._run(join_along, counts[0] * counts[1], fine, t.K, turned, a.ahead, self.m)
            if coarse[d] < shape[d]:
                lines = Lines(int(np.prod(shape[:d])), shape[d], stride[d], start)
                edge_ways(0, lines.outer, t.K, unit, lines, a, way)
                self._run(
                    interpolation_weights, lines.outer * lines.cells, fine, t.K, t.W, loss, unit, lines, a
                )
        local_out, loss_out = np.empty((cells, self.m, self.m)), np.empty((cells, self.m))
        self._run(join_cells, coarse[0] * coarse[1], fine, shape, axes, local, loss, way, local_out, loss_out)
        return local_out, loss_out

    def _cycle(self) -> None:
        """t.x = one V(1,1) cycle for t.b."""
        shares = self.pool.shares(self.grid.n_cells)
        self.pool.run_shares(lambda k: v_cycle(k, shares, self.barrier, self.tables), shares)
        self.statistics["v_cycles"] += 1

    def cycle(self, r: np.ndarray, x: np.ndarray) -> None:
        """x = one V(1,1) cycle for A^-1 r; r, x (n, m) float64."""
        nothing, t, factor = np.zeros(self.m), self.tables, _near_one(np.abs(r).max())
        self._pieces(take_in, t, r, factor, nothing.astype(t.b.dtype), self.part)
        self._cycle()
        back = 1.0 / (factor * self.scale)
        self._pieces(give_out, self.matrix, nothing, back, self.at, t.x, x, self.part)

    def apply(self, x: np.ndarray, out: np.ndarray) -> None:
        """out = A x; both (n, m) float64."""
        self._pieces(matrix_product, self.matrix, self.weight, self.grid.neighbour, x, out)

    def solve(
        self, b: np.ndarray, x: np.ndarray, tolerance: float = TOLERANCE, max_cycles: int = MAX_CYCLES
    ) -> tuple[int, float]:
        """x = A^-1 b from zero, both (n, m): (cycles, |b - A x| / |b| in the 2-norm).

        The residual of x sums to zero over the cells, species by species, to rounding. Its norm is that of
        the x returned where `tolerance` is below AT_ONCE; else it is what single precision says of x before
        the correction that makes it sum to zero.
        """
        if self.trouble:
            raise SolverError(f"multigrid cannot solve: {self.trouble} Try a shorter step.")
        size, cycles, left = self._solve_once(b, x, tolerance, max_cycles)
        if tolerance >= AT_ONCE or size == 0.0:
            return cycles, left
        residual, correction, sums = np.empty_like(b), np.empty_like(x), np.empty((PIECES, self.m + 1))
        before = np.inf
        while True:
            self.apply(x, residual)
            np.subtract(b, residual, out=residual)
            self._pieces(sum_cells, residual, sums)
            left = float(np.sqrt(sums[:, -1].sum())) / size
            if not tolerance < left < 0.9 * before or cycles >= max_cycles:
                return cycles, left
            before = left
            _, more, _ = self._solve_once(residual, correction, tolerance / left, max_cycles - cycles)
            cycles += more
            x += correction

    def _solve_once(self, b, x, tolerance, max_cycles):
        """The norm of b, cycles made, and the share of the norm left in single precision."""
        sums = np.empty((PIECES, self.m + 1))
        self._pieces(sum_cells, b, sums)
        total = sums.sum(axis=0)
        size = float(np.sqrt(total[-1]))
        if not np.isfinite(size):
            raise NotFiniteError("multigrid cannot solve: the right-hand side contains numbers not finite.")
        if size == 0.0:
            x[:] = 0.0
            return 0.0, 0, 0.0
        factor = _near_one(size / np.sqrt(b.size))
        level, left = self._level(b, total[:-1], size, factor)
        goal = max(tolerance, AT_ONCE) * size
        cycles, y = 0, np.zeros(0)
        if left > goal:
            found = self.least.solve(self._cycle, self._rows, (left * factor) ** 2, goal * factor, max_cycles)
            cycles, y, left = found[0], found[1], found[2] / factor
        back = float(y[0]) / (factor * self.scale) if y.size else 0.0
        self._pieces(give_out, self.matrix, level, back, self.at, self.tables.x, x, self.part)
        rest = total[:-1] - self.part[:, : self.m].sum(axis=0)
        self._pieces(shift, self._in_one_cell(rest), x)
        return size, cycles, left / size

    def _level(self, b, total, size, factor):
        """The same numbers (m,) in all cells that solve the whole as one cell, as far as that helps, and the
        norm of what b - A x leaves of b; times factor, that is in t.b. total, size: sums (m,) and norm of b

        Where little reacts or leaves, the solution is this level and small differences, and float32
        could not hold both.
        """
        level, t = self._in_one_cell(total), self.tables
        while True:
            there = (level * (factor * self.scale)).astype(t.b.dtype)
            self._pieces(take_in, t, b, factor, there, self.part)
            left, image, both = self.part[:, :3].sum(axis=0)
            if not left > (1.0 + 1e-6) * (size * factor) ** 2:
                return level, float(np.sqrt(left)) / factor
            level = level * (both / image)

    def _in_one_cell(self, total: np.ndarray) -> np.ndarray:
        """The level (m,) whose image sums to `total` over the cells."""
        found = total.copy()
        solve_small(self.one_cell.copy(), found)
        return found


def _near_one(size: float) -> float:
    """A power of two that brings numbers of this size to about 1."""
    return float(2.0 ** -np.round(np.log2(size))) if 0.0 < size < np.inf else 1.0


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
