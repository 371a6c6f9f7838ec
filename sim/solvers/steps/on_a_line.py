"""The operations of `ndf_steps` on one line of cells, or one stirred cell: compiled, in one thread.

The machine code of a model is called by its addresses, so that nothing here is compiled again for another
model. Not cached alone: `compiled` keeps what it makes of these
operations under a hash of all that goes into it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.binder.courses.following import Followers, Following, follow
from sim.binder.evaluation import evaluate
from sim.binder.records import NONE, Cells, Workspace
from sim.binder.system import System
from sim.codegen.call import call
from sim.jit.kernel import kernel
from sim.simd.by_reference import reference_to
from sim.simd.constants import WIDTH
from sim.solvers.linear import elimination
from sim.solvers.linear.elimination import BetweenCells, CellElimination, FrozenTransport, Units
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.linear.pores.derivatives import add_pores, by_porosity, entered_by_pores
from sim.solvers.linear.thomas import Thomas, Tridiagonal, thomas_factor, thomas_solve
from sim.solvers.steps.ndf_state import first_state
from sim.solvers.steps.passes import (
    ACCEPT,
    ADVANCE,
    INTERPOLATE,
    ORDERS,
    PREDICT,
    RESCALE,
    RESIDUAL,
    SQUARE,
    START,
    padded,
    padded_tolerances,
    pass_addresses,
)
from sim.solvers.steps.solution import Recorder
from sim.solvers.steps.solution import lowest as lowest_of_cells
from sim.solvers.steps.task import Task
from sim.space import transport
from sim.space.transport import TransportTables

inline = kernel(cache=False, _nrt=False)  # nothing allocates, and whoever calls `enter` keeps the arrays


class Line(NamedTuple):
    """The state of an integration: what `ndf_steps` names; what the operations need."""

    now: np.ndarray  # see ndf_state
    times: np.ndarray
    turns: np.ndarray
    outputs: np.ndarray
    rtol: float
    atol: np.ndarray
    D: np.ndarray
    y: np.ndarray
    psi: np.ndarray
    scale: np.ndarray
    d: np.ndarray
    f: np.ndarray
    r: np.ndarray
    dy: np.ndarray
    cells: Cells
    stages: np.ndarray
    stages_of_slopes: np.ndarray
    workspace: Workspace
    nothing: np.ndarray
    tables: TransportTables
    hindrance: np.ndarray
    perfused: np.ndarray
    slopes: np.ndarray
    transport: FrozenTransport
    inside: CellElimination
    units: Units
    factors: np.ndarray
    matrix: BetweenCells
    thomas: Tridiagonal
    b: np.ndarray
    x: np.ndarray
    inverse_atol: np.ndarray  # (n, s) of what counts as an undershoot
    watched: np.ndarray
    low: np.ndarray
    passes: np.ndarray  # addresses, see `passes`
    sums: np.ndarray
    number: np.ndarray  # (1,), what a pass takes
    rtols: np.ndarray  # (1,)
    following: Following
    followers: Followers


ByReference = reference_to(Line)


def line_state(task: Task, record: Recorder) -> Line:
    """The state before the first step."""
    s, n = task.system, padded(task.system.size)
    of = _of_matrix(LinearSystem(s))
    y, psi, scale, d, f, r, dy = (np.zeros(n) for _ in range(7))
    return Line(
        first_state(task), record.t_eval, task.turns, record.y, task.rtol, padded_tolerances(task),
        np.zeros((ORDERS, n)), y, psi, scale, d, f, r, dy,
        s.cells, s.stages, s.stages_of_slopes, s.workspaces[0], NONE,
        s.tables, s.exchange.hindrance, s.exchange.perfused, of.slopes,
        of.transport, of.inside, of.units, of.factors, of.matrix, of.thomas, of.b, of.x,
        record.inverse, record.watched, np.zeros((record.pieces, s.n_species)),
        pass_addresses(), np.zeros(2 * WIDTH), np.zeros(1), np.array([task.rtol]),
        s.courses.record, s.courses.arrays,
    )  # fmt: skip


class OfMatrix(NamedTuple):
    """What a Line has of Newton's matrix."""

    slopes: np.ndarray
    transport: FrozenTransport
    inside: CellElimination
    units: Units
    factors: np.ndarray
    matrix: BetweenCells
    thomas: Tridiagonal
    b: np.ndarray
    x: np.ndarray


def _of_matrix(linear: LinearSystem) -> OfMatrix:
    s, m = linear.system, linear.system.n_mobile
    if not isinstance(linear.between, Thomas):
        raise TypeError(f"{s.grid.kind} is no line of cells; its linear solver is {linear.between!r}.")
    cells, faces = s.grid.neighbour.shape
    coupling, loss = np.zeros((cells, faces, m)), np.zeros((cells, 2, m))
    return OfMatrix(
        linear.slopes, FrozenTransport(coupling, loss, np.ones(cells), linear.across, linear.supply),
        linear.inside, linear.units, linear.factors, linear.matrix, linear.between.factors,
        linear.b, linear.c,
    )  # fmt: skip


def with_pores(w: Line, system: System) -> Line:
    """The same state, with a Newton matrix that knows what changing pores do to transport."""
    return w._replace(**_of_matrix(LinearSystem(system, pores=True))._asdict())


@inline
def cells_of(w, stages, t, y, out):
    """What happens inside cells, into out (flat)."""
    n, s = w.inverse_atol.shape
    w.workspace.clock[0] = t
    follow(w.following, t, w.followers)
    cells, nothing = w.cells, w.nothing
    arrays = (
        y[: n * s], cells.fields.reshape(-1), cells.numbers, w.workspace.clock, w.workspace.rows,
        cells.memory.reshape(-1), cells.c.reshape(-1), cells.porosity.reshape(-1), out, nothing,
    )  # fmt: skip
    evaluate(0, cells.failures.size, n, stages, cells.failures, arrays)


@inline
def rhs(w, t, y, out):
    n, s = w.inverse_atol.shape
    m = w.units.mobile.size
    du, tail = out[: n * s].reshape((n, s)), out[n * s : n * s + 2 * m].reshape((2, m))
    cells = w.cells
    before = cells.failures.sum()
    cells_of(w, w.stages, t, y, out[: n * s])
    tables, porosity, pieces = w.tables, cells.porosity[:, 0], w.perfused.shape[0]
    transport.hindrance(0, pieces, porosity, tables.archie, w.hindrance)
    transport.add_fluxes(0, pieces, tables, cells.c, w.hindrance, du)
    transport.add_perfusion(0, pieces, tables, cells.c, porosity, du, w.perfused)
    transport.add_boundaries(tables, cells.c, w.hindrance, du, tail[0])
    for k in range(m):
        tail[1, k] = 0.0
        for piece in range(pieces):
            tail[1, k] += w.perfused[piece, k]
    return cells.failures.sum() - before


@inline
def linearise(w, t):
    frozen = w.transport
    cells_of(w, w.stages_of_slopes, t, w.y, w.slopes.reshape(-1))
    porosity = w.cells.porosity
    for i in range(frozen.porosity.size):
        frozen.porosity[i] = porosity[i, 0]
    transport.hindrance(0, w.perfused.shape[0], frozen.porosity, w.tables.archie, w.hindrance)
    transport.derivative(w.tables, w.hindrance, frozen.porosity, frozen.coupling, frozen.loss)
    if frozen.across.shape[0] > 0:
        c, unit = w.cells.c, w.units.per_pores
        by_porosity(w.tables, w.hindrance, frozen.porosity, c, unit, frozen.across, frozen.supply)


@inline
def factor(w, c):
    matrix = w.matrix
    w.inside.gamma[0] = c
    if elimination.factor(0, w.slopes.shape[0], w.slopes, w.inside, w.factors, matrix.local) != 0:
        return False
    if w.units.mobile.size == 0:
        return True
    elimination.weigh(w.tables.volume, c, w.transport, matrix)
    if matrix.across.shape[0] > 0:
        add_pores(w.transport.across, w.transport.supply, matrix.local)
    return thomas_factor(matrix, w.thomas) == 0


@inline
def solve(w):
    n, s = w.inverse_atol.shape
    inside, units, frozen = w.inside, w.units, w.transport
    m = units.mobile.size
    r, z = w.r[: n * s].reshape((n, s)), w.dy[: n * s].reshape((n, s))
    blocks = w.slopes.shape[0]
    elimination.reduce(0, blocks, r, inside, units, w.factors, z, w.b)
    if m > 0:
        elimination.times(w.b, w.tables.volume, w.b)
        thomas_solve(w.matrix, w.thomas, w.b, w.x)
        elimination.times(w.x, frozen.porosity, w.b)
    elimination.expand(0, blocks, w.b, inside, units, w.factors, z)
    tail, entered = w.r[n * s : n * s + 2 * m], w.dy[n * s : n * s + 2 * m]
    elimination.entered(frozen.loss, w.now[0].factored, w.x, units, tail, entered)
    if frozen.across.shape[0] > 0:
        entered_by_pores(frozen.supply, w.x, units, entered)


@inline
def differences_of(w):
    """The rows of D, one by one."""
    D = w.D
    return D[0], D[1], D[2], D[3], D[4], D[5], D[6], D[7]


@inline
def summed(w):
    """The two sums that a pass left; the next begins at 0."""
    first, second = w.sums[:WIDTH].sum(), w.sums[WIDTH:].sum()
    w.sums[:] = 0.0
    return first, second


@inline
def predict(w, order, weight):
    arrays = (*differences_of(w), weight, w.rtols, w.atol, w.y, w.psi, w.scale, w.d)
    call(w.passes[PREDICT, order], 0, w.y.size // WIDTH, 0, arrays)


@inline
def start(w, h):
    w.number[0] = h
    call(w.passes[START, 0], 0, w.y.size // WIDTH, 0, (*differences_of(w), w.number, w.f))


@inline
def residual(w, c):
    w.number[0] = c
    call(w.passes[RESIDUAL, 0], 0, w.y.size // WIDTH, 0, (w.number, w.f, w.psi, w.d, w.r))


@inline
def advance(w):
    call(w.passes[ADVANCE, 0], 0, w.y.size // WIDTH, 0, (w.dy, w.y, w.d, w.scale, w.sums))
    return summed(w)[0]


@inline
def square(w, v):
    call(w.passes[SQUARE, 0], 0, w.y.size // WIDTH, 0, (v, w.scale, w.sums))
    return summed(w)[0]


@inline
def accept(w, order):
    call(w.passes[ACCEPT, order], 0, w.y.size // WIDTH, 0, (*differences_of(w), w.d, w.scale, w.sums))
    return summed(w)


@inline
def rescale(w, order, M):
    call(w.passes[RESCALE, order], 0, w.y.size // WIDTH, 0, (*differences_of(w), M.reshape(-1)))


@inline
def interpolate(w, order, weight):
    call(w.passes[INTERPOLATE, order], 0, w.y.size // WIDTH, 0, (*differences_of(w), weight, w.dy))


@inline
def lowest(w, y):
    n, s = w.inverse_atol.shape
    lowest_of_cells(0, w.low.shape[0], y[: n * s].reshape((n, s)), w.inverse_atol, w.low)
    size, species = 0.0, 0
    for piece in range(w.low.shape[0]):
        for k in range(s):
            if w.watched[k] and -w.low[piece, k] > size:
                size, species = -w.low[piece, k], k
    return size, species
