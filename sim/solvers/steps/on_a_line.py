"""The operations of `ndf_steps` on one line of cells, or one stirred cell: compiled, in one thread.

The formulas of the model are called through a pointer to their compiled form, so that nothing here
is compiled again for another model. Not cached alone: `compiled` keeps what it makes of these
operations under a hash of all that goes into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.binder.derivatives import Operations
from sim.binder.records import NONE, NONE_3, Cells, Evaluated, Stoichiometry, Workspace
from sim.binder.text import RATES, SLOPES
from sim.jit.kernel import kernel
from sim.simd.by_reference import reference_to
from sim.solvers.linear import elimination
from sim.solvers.linear.elimination import BetweenCells, CellElimination, FrozenTransport, Units
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.linear.thomas import Thomas, Tridiagonal, thomas_factor, thomas_solve
from sim.solvers.steps import differences
from sim.solvers.steps.ndf_state import first_state
from sim.solvers.steps.solution import Recorder
from sim.solvers.steps.solution import lowest as lowest_of_cells
from sim.solvers.steps.task import Task
from sim.space import transport
from sim.space.transport import TransportTables

ORDERS = 8  # rows of differences
inline = kernel(cache=False, _nrt=False)  # nothing allocates, and whoever calls `enter` keeps the arrays


class Line(NamedTuple):
    """The state of an integration: the model's compiled formulas, called through a pointer; what
    `ndf_steps` names; what the operations need."""

    formulas: Callable[..., None]
    now: np.ndarray  # see ndf_state
    times: np.ndarray
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
    stoichiometry: Stoichiometry
    operations: Operations
    workspace: Workspace
    nothing: Evaluated
    tables: TransportTables
    openness: np.ndarray
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
    sums: np.ndarray
    pairs: np.ndarray
    work: np.ndarray


ByReference = reference_to(Line)


def line_state(task: Task, record: Recorder) -> Line:
    """The state before the first step."""
    s, n = task.system, task.system.size
    linear, cells, m = LinearSystem(s), s.n_cells, s.n_mobile
    if not isinstance(linear.between, Thomas):
        raise TypeError(f"{s.grid.kind} is no line of cells; its linear solver is {linear.between!r}.")
    pieces, faces = -(-n // differences.PIECE), s.grid.neighbour.shape[1]
    y, psi, scale, d, f, r, dy = (np.zeros(n) for _ in range(7))
    return Line(
        s.formulas, first_state(task), record.t_eval, record.y, task.rtol, task.atol_of_mean,
        np.zeros((ORDERS, n)), y, psi, scale, d, f, r, dy,
        s.cells, s.stoichiometry, s.operations, s.workspaces[0], Evaluated(NONE, NONE, NONE, NONE_3),
        s.tables, s.exchange.openness, s.exchange.perfused, linear.slopes,
        FrozenTransport(np.zeros((cells, faces, m)), np.zeros((cells, 2, m)), np.ones(cells)),
        linear.inside, linear.units, linear.factors, linear.matrix, linear.between.factors,
        linear.b, linear.c,
        record.inverse, record.watched, np.zeros((record.pieces, s.n_species)),
        np.zeros(pieces), np.zeros((pieces, 2)), np.zeros((ORDERS, differences.PIECE)),
    )  # fmt: skip


@inline
def cells_of(w, mode, t, y, out):
    n, s = w.inverse_atol.shape
    u = y[: n * s].reshape((n, s))
    blocks = w.slopes.shape[0]
    w.formulas(mode, 0, blocks, t, u, w.cells, w.stoichiometry, w.operations, out, w.workspace)


@inline
def rhs(w, t, y, out):
    n, s = w.inverse_atol.shape
    m = w.units.mobile.size
    du, tail = out[: n * s].reshape((n, s)), out[n * s :].reshape((2, m))
    cells, nothing = w.cells, w.nothing
    before = cells.failures.sum()
    cells_of(w, RATES, t, y, Evaluated(du, nothing.derived, nothing.rates, nothing.slopes))
    tables, porosity, pieces = w.tables, cells.porosity[:, 0], w.perfused.shape[0]
    transport.openness(0, pieces, porosity, tables.archie, w.openness)
    transport.add_fluxes(0, pieces, tables, cells.c, w.openness, porosity, du, w.perfused)
    transport.add_boundaries(tables, cells.c, w.openness, du, tail[0])
    for k in range(m):
        tail[1, k] = 0.0
        for piece in range(pieces):
            tail[1, k] += w.perfused[piece, k]
    return cells.failures.sum() - before


@inline
def linearise(w, t):
    nothing, frozen = w.nothing, w.transport
    cells_of(w, SLOPES, t, w.y, Evaluated(nothing.dy, nothing.derived, nothing.rates, w.slopes))
    porosity = w.cells.porosity
    for i in range(frozen.porosity.size):
        frozen.porosity[i] = porosity[i, 0]
    transport.openness(0, w.perfused.shape[0], frozen.porosity, w.tables.archie, w.openness)
    transport.derivative(w.tables, w.openness, frozen.porosity, frozen.coupling, frozen.loss)


@inline
def factor(w, c):
    matrix = w.matrix
    w.inside.gamma[0] = c
    if elimination.factor(0, w.slopes.shape[0], w.slopes, w.inside, w.factors, matrix.local) != 0:
        return False
    if w.units.mobile.size == 0:
        return True
    elimination.weigh(w.tables.volume, c, w.transport, matrix)
    return thomas_factor(matrix, w.thomas) == 0


@inline
def solve(w):
    n, s = w.inverse_atol.shape
    inside, units, frozen = w.inside, w.units, w.transport
    r, z = w.r[: n * s].reshape((n, s)), w.dy[: n * s].reshape((n, s))
    blocks = w.slopes.shape[0]
    elimination.reduce(0, blocks, r, inside, units, w.factors, z, w.b)
    if units.mobile.size > 0:
        elimination.times(w.b, w.tables.volume, w.b)
        thomas_solve(w.matrix, w.thomas, w.b, w.x)
        elimination.times(w.x, frozen.porosity, w.b)
    elimination.expand(0, blocks, w.b, inside, units, w.factors, z)
    elimination.entered(frozen.loss, w.now[0].factored, w.x, units, w.r[n * s :], w.dy[n * s :])


@inline
def predict(w, order, weight):
    to = differences.Predicted(w.y, w.psi, w.scale, w.d)
    differences.predict(0, w.sums.size, w.D, order, weight, w.rtol, w.atol, to)


@inline
def start(w, h):
    differences.start(0, w.sums.size, h, w.f, w.D)


@inline
def residual(w, c):
    differences.residual(0, w.sums.size, c, w.f, w.psi, w.d, w.r)


@inline
def advance(w):
    differences.advance(0, w.sums.size, w.dy, w.y, w.d, w.scale, w.sums)
    return w.sums.sum()


@inline
def square(w, v):
    differences.square(0, w.sums.size, v, w.scale, w.sums)
    return w.sums.sum()


@inline
def accept(w, order):
    differences.accept(0, w.sums.size, w.D, order, w.d, w.scale, w.pairs)
    return w.pairs[:, 0].sum(), w.pairs[:, 1].sum()


@inline
def rescale(w, order, M):
    differences.rescale(0, w.sums.size, w.D, order, M, w.work)


@inline
def interpolate(w, order, weight):
    differences.interpolate(0, w.sums.size, w.D, order, weight, w.dy)


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
