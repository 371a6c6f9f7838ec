"""The operations of `ndf_steps` on planes, boxes and very long lines: passes shared out to threads.

Operations that read and write the same vectors are done together, by chunks of cells: what `residual` and
`linearise` are asked for is done by `solve` and `factor`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.codegen.call import call
from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
from sim.solvers.linear.choice import LinearSolver, choose_solver
from sim.solvers.linear.elimination import BetweenCells, inside_cells
from sim.solvers.linear.multigrid import Multigrid, NotFiniteError
from sim.solvers.linear.pores.around_multigrid import ChangingPores
from sim.solvers.linear.pores.derivatives import add_pores, by_porosity, entered_by_pores
from sim.solvers.linear.programs.cells import reduce_in_place
from sim.solvers.steps import chunks
from sim.solvers.steps.chunks import CHUNK, Evaluation, Extent, Tolerances, Vectors, chunk_passes
from sim.solvers.steps.ndf_state import first_state
from sim.solvers.steps.passes import (
    HIGHEST,
    INTERPOLATE,
    ORDERS,
    PIECE,
    RESCALE,
    START,
    padded,
    pass_addresses,
)
from sim.solvers.steps.solution import Recorder
from sim.solvers.steps.task import Task
from sim.space.transport import losses, lost

GROUPS = PIECE // WIDTH  # of a piece
NOTHING = np.zeros((0, 0))


@kernel(nogil=True)
def do_pieces(address, first, last, groups, arrays):
    """A pass over pieces first..last."""
    call(address, first * GROUPS, min(groups, last * GROUPS), 0, arrays)


class Shared:
    """The state of an integration over a System: arrays, and what is done to them.

    now: see ndf_state · D (8, size) differences · d: the row of D where the correction is
    times, outputs: where and into what outputs go; turns: where steps must end
    between: the solver of what couples the cells
    """

    def __init__(self, task: Task, record: Recorder):
        s, n = task.system, padded(task.system.size)
        self.system, self.record, self.rtol = s, record, task.rtol
        self.now, self.times, self.outputs = first_state(task), record.t_eval, record.y
        self.turns = task.turns
        cells = s.n_cells
        self.of = Extent(cells, s.n_species, -(-(cells // WIDTH) // CHUNK), n)
        self.D = np.zeros((ORDERS, n))
        self.rows = tuple(self.D)
        self.tolerances = _tolerances(task, self.of)
        self.v = Vectors(
            np.zeros(n), np.zeros(n), NOTHING, NOTHING, np.zeros((self.of.chunks + 1, 2 * WIDTH))
        )  # fmt: skip
        self.y, self.f, self.d = self.v.y, self.v.f, self.D[3]
        self.r, self.dy = self.y, self.f  # before the first step, and between two
        self.fresh, self.linearised = True, task.t0  # f holds rates; time of the slopes [s]
        self.pieces, self.pool, self.chunk_pool = -(-n // PIECE), Pool(2), Pool(32, len(s.workspaces))
        self.order, self.weight = 1, np.zeros(HIGHEST + 1)  # of the prediction
        self.passes, self.own, self.number = pass_addresses(), chunk_passes(), np.zeros(1)
        self.squares = (0.0, 0.0)  # of the last correction, and of all of a step, in units of tolerances
        self.eliminate()

    def eliminate(self, pores: bool = False) -> None:
        """What solves Newton's equations; pores: with what changing pores do to transport."""
        s = self.system
        self.inside, self.units, kept, order, left = inside_cells(s, s.mobile, pores)
        cells, m, faces = s.n_cells, left.size, s.grid.neighbour.shape[1]
        self.v = self.v._replace(b=np.zeros((cells, m)), c=np.zeros((cells, m)))
        self.across = np.zeros((cells if pores else 0, 2, faces, m))
        self.supply = np.zeros((cells if pores else 0, 2, s.n_mobile))
        self.diffusivity = np.zeros(m)
        self.diffusivity[: s.n_mobile] = s.tables.diffusivity
        self.reduce = reduce_in_place(order, left, s.n_species)
        self.factors = np.zeros((s.n_groups, kept, WIDTH))
        self.slopes = [np.zeros(0) for _ in range(self.chunk_pool.size)]
        self.slopes_of_chunk = CHUNK * s.operations.process.size * WIDTH
        so_far = self.between.statistics if pores else {}
        self.between: LinearSolver = choose_solver(s.grid, m, pores)
        for name, n in so_far.items():
            self.between.statistics[name] += n
        self.faces = np.zeros((cells, faces))
        self.matrix = BetweenCells(
            np.zeros((cells, m, m)), self.faces[:, :, None], np.zeros((cells, m)), self.across
        )
        self.porosity, self.hindrance = np.ones(cells), np.ones(cells)

    @property
    def atol(self) -> np.ndarray:
        """Absolute tolerances (size,) in the norm."""
        of, t = self.of, self.tolerances
        whole = of.cells // WIDTH * WIDTH * of.species
        rest = of.size - whole
        own = t.atol[: t.atol.size - rest]
        own = own if t.each else np.tile(own, of.chunks)[:whole]
        return np.concatenate([own, t.atol[t.atol.size - rest :]])

    def rates(self) -> np.ndarray:
        """f, evaluated again at the last state tried where something else was put there."""
        if not self.fresh:
            size = self.system.size
            self.system.rhs(self.now[0].t, self.y[:size], self.f[:size])
            self.fresh = True
        return self.f

    def run(self, which: int, order: int, *arrays: np.ndarray) -> None:
        """A pass over all pieces."""
        address, groups = self.passes[which, order], self.y.size // WIDTH
        self.pool.run(lambda _, a, b: do_pieces(address, a, b, groups, arrays), self.pieces)

    def over_chunks(self, kernel: Callable[..., None], *arguments: object) -> None:
        """A kernel over all chunks, and what is left behind them."""
        self.chunk_pool.run(lambda _, a, b: kernel(a, b, self.of, *arguments), self.of.chunks + 1)

    def summed(self) -> tuple[float, float]:
        """The two sums that the chunks left."""
        first, second = self.v.sums.reshape(-1, 2, WIDTH).sum(axis=(0, 2))
        return float(first), float(second)


def _tolerances(task: Task, of: Extent) -> Tolerances:
    """Absolute tolerances, of one chunk where they are the same in all cells."""
    atol, cells, species = task.atol, of.cells, of.species
    mean = 3.0 * np.sqrt(cells)
    u, whole = atol[: cells * species].reshape(cells, species), cells // WIDTH * WIDTH * species
    same = bool((u == u[0]).all())
    rest = np.ones(of.size - whole)
    rest[: task.system.size - whole] = atol[whole:] / mean
    own = np.tile(u[0], CHUNK * WIDTH) if same else atol[:whole]
    return Tolerances(np.array([task.rtol]), np.concatenate([own / mean, rest]), 0 if same else 1)


def rhs(w, t, y, out):
    before, size = int(w.system.failures.sum()), w.system.size
    w.system.rhs(t, y[:size], out[:size])
    w.fresh = True
    return int(w.system.failures.sum()) - before


def linearise(w, t):
    w.linearised = t


def factor(w, c):
    """Slopes and factors, chunk by chunk, then what couples the cells."""
    s, matrix = w.system, w.matrix
    w.inside.gamma[0] = c
    s.courses.at(w.linearised)
    cells = s.cells
    x = Evaluation(
        cells.fields.reshape(-1), cells.numbers, cells.memory.reshape(-1), cells.c.reshape(-1),
        cells.porosity.reshape(-1), cells.failures, w.porosity,
    )  # fmt: skip
    stages, bad, u = s.stages_of_slopes, [0] * w.chunk_pool.size, w.y[: s.body]

    def work(share: int, first: int, last: int) -> None:
        if not w.slopes[share].size:
            w.slopes[share] = np.zeros(w.slopes_of_chunk)
        space = s.workspaces[share]
        space.clock[0] = w.linearised
        bad[share] = chunks.factor_chunks(
            first, last, s.grid.volume, stages, u, x, space, w.slopes[share], w.inside, w.factors, matrix
        )  # fmt: skip

    w.chunk_pool.run(work, -(-s.n_groups // CHUNK))
    s.raise_again()
    if sum(bad):
        return False
    if s.n_mobile == 0:
        return True
    s.exchange.conductances(w.porosity, w.hindrance, w.faces)
    losses(s.tables, w.hindrance, w.porosity, c, matrix.out)
    if w.across.size:
        by_porosity(s.tables, w.hindrance, w.porosity, cells.c, w.units.per_pores, w.across, w.supply)
        add_pores(w.across, w.supply, matrix.local)
    weight = c * w.diffusivity
    if isinstance(w.between, Multigrid | ChangingPores):
        return w.between.update(matrix, weight)
    return w.between.update(matrix._replace(K=matrix.K * weight))


def solve(w):
    s, of, v, d = w.system, w.of, w.v, w.d
    w.over_chunks(
        chunks.inward_chunks,
        (w.own.residual[w.order], w.reduce),
        (w.rows, w.weight, w.number),
        v,
        w.units,
        w.factors,
        s.grid.volume,
    )
    w.fresh = False
    if s.n_mobile:
        try:
            w.between.solve(v.b, v.c)
        except NotFiniteError:  # the iteration has gone astray, which its size will tell
            v.c[:] = np.nan
    w.over_chunks(
        chunks.outward_chunks, w.inside, d, v, w.units, w.factors, w.porosity, w.own.advance, w.tolerances
    )
    _, tail = s.split(v.f[: s.size])
    lost(s.tables, w.hindrance, w.porosity, w.inside.gamma[0], v.c, s.scale[s.mobile], tail)
    if w.across.size:
        entered_by_pores(w.supply, v.c, w.units, tail.ravel())
    chunks.advance_chunk(of.chunks, of, w.own.advance, d, v, w.tolerances)
    w.squares = w.summed()


def predict(w, order, weight):
    w.d, w.order, w.weight = w.D[order + 2], order, weight
    w.over_chunks(chunks.predict_chunks, w.own.predict[order], w.rows, w.v)


def start(w, h):
    w.number[0] = h
    w.run(START, 0, *w.rows, w.number, w.f)


def residual(w, c):
    w.number[0] = c


def advance(w):
    return w.squares[0]


def square(w, v):
    if v is not w.d:
        raise ValueError("the norm of the correction is the only one that is known.")
    return w.squares[1]


def accept(w, order):
    w.over_chunks(chunks.accept_chunks, w.own.accept[order], w.rows, w.v, w.tolerances)
    return w.summed()


def rescale(w, order, M):
    w.run(RESCALE, order, *w.rows, M.reshape(-1))


def interpolate(w, order, weight):
    w.run(INTERPOLATE, order, *w.rows, weight, w.f)


def lowest(w, y):
    return w.record.lowest(y[: w.system.size])
