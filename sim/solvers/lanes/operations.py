"""The operations of `ndf_steps` on runs side by side (binder.lanes): compiled, in one thread.

What is done to vectors of the state is what a line of cells does. Sizes of errors and of corrections are
those of the worst run, each in the norm that it has alone, so that no run is less exact than by itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.binder.courses.following import Followers, Following, follow
from sim.binder.evaluation import evaluate
from sim.binder.lanes.runs_in_lanes import RunsInLanes
from sim.binder.records import NONE, Cells, Workspace
from sim.codegen.call import call
from sim.jit.kernel import kernel
from sim.simd.by_reference import reference_to
from sim.simd.constants import WIDTH
from sim.solvers.lanes.norms import squares_address
from sim.solvers.linear.elimination import (
    BetweenCells,
    CellElimination,
    FrozenTransport,
    Units,
    entered,
    expand,
    reduce,
    weigh,
)
from sim.solvers.linear.programs.cells import cell_routines
from sim.solvers.linear.programs.elimination_order import coefficients
from sim.solvers.linear.programs.elimination_order import elimination as elimination_order
from sim.solvers.linear.thomas import Thomas, Tridiagonal, thomas_factor, thomas_solve
from sim.solvers.steps.ndf_state import first_state
from sim.solvers.steps.on_a_line import (  # noqa: F401  -- operations
    differences_of,
    interpolate,
    lowest,
    predict,
    rescale,
    residual,
    start,
    summed,
)
from sim.solvers.steps.passes import ACCEPT, ADVANCE, ORDERS, padded, pass_addresses
from sim.solvers.steps.solution import Recorder
from sim.solvers.steps.task import Task
from sim.space.runs_apart import RunTables, add_in_runs, derivative_in_runs, first_row

inline = kernel(cache=False, _nrt=False)  # nothing allocates, and whoever calls `enter` keeps the arrays
FACES = 2  # of a cell along a line; a stirred one has them to nowhere


class SideBySide(NamedTuple):
    """The state of an integration: what `ndf_steps` names; what the operations need.

    Arrays of `transport`, `matrix`, `thomas`, `b` and `x` lie run by run, one line of cells after the other
    without faces between runs; `local` and `b_of_cells` lane by lane, as the state does.
    """

    now: np.ndarray  # see ndf_state; unknowns: of one run
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
    tables: RunTables
    hindrance: np.ndarray
    perfused: np.ndarray
    slopes: np.ndarray
    transport: FrozenTransport
    inside: CellElimination
    units: Units
    factors: np.ndarray
    local: np.ndarray
    b_of_cells: np.ndarray
    volume: np.ndarray
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
    squares: int  # address, see `norms`
    of_lanes: np.ndarray  # (WIDTH,)
    following: Following
    followers: Followers


ByReference = reference_to(SideBySide)


def side_by_side_state(task: Task, lanes: RunsInLanes, record: Recorder) -> SideBySide:
    """The state before the first step. task: of the lanes."""
    n, cells, m = padded(lanes.size), lanes.n_cells, lanes.n_mobile
    p, mobile, units = lanes.operations, lanes.mobile, lanes.scale
    order = elimination_order((p.process, p.species), lanes.stoichiometry, units, mobile.tolist())
    made = cell_routines(order, mobile, p.process.size, own=True)
    of_runs = [coefficients(order, p.species, s.stoichiometry, units) for s in lanes.systems]
    inside = CellElimination(made.factor, made.reduce, made.expand, np.zeros(1), lanes.by_lanes(of_runs))
    atol = np.ones(n)
    atol[: lanes.size] = task.atol / (3.0 * np.sqrt(lanes.cells_of_run))  # see Task.atol_of_mean
    now = first_state(task)
    now["unknowns"] = lanes.cells_of_run * lanes.n_species + 2 * m
    now["patience"] = np.iinfo(np.int64).max  # the matrix here never knows what changing pores do
    y, psi, scale, d, f, r, dy = (np.zeros(n) for _ in range(7))
    return SideBySide(
        now, record.t_eval, task.turns, record.y, task.rtol, atol, np.zeros((ORDERS, n)),
        y, psi, scale, d, f, r, dy,
        lanes.cells, lanes.stages, lanes.stages_of_slopes, lanes.workspaces[0], NONE,
        lanes.run_tables, lanes.hindrance, lanes.perfused,
        np.zeros((lanes.n_groups, lanes.operations.process.size, WIDTH)),
        FrozenTransport(np.zeros((cells, FACES, m)), np.zeros((cells, 2, m)), np.ones(cells)),
        inside, Units(units, 1.0 / units, mobile), np.zeros((lanes.n_groups, made.kept, WIDTH)),
        np.zeros((cells, m, m)), np.zeros((cells, m)), lanes.run_tables.volume.reshape(-1),
        BetweenCells(np.zeros((cells, m, m)), np.zeros((cells, FACES, m)), np.zeros((cells, m))),
        Thomas(cells, m, FACES).factors, np.zeros((cells, m)), np.zeros((cells, m)),
        record.inverse, record.watched, np.zeros((record.pieces, lanes.n_species)),
        pass_addresses(), np.zeros(2 * WIDTH), np.zeros(1), np.array([task.rtol]),
        squares_address(lanes.n_species), np.zeros(WIDTH),
        lanes.courses.record, lanes.courses.arrays,
    )  # fmt: skip


@inline
def cells_of(w, stages, t, y, out):
    """What happens inside cells, into out (flat): WIDTH runs after the others, each with its numbers."""
    n, s = w.inverse_atol.shape
    w.workspace.clock[0] = t
    follow(w.following, t, w.followers)
    cells, nothing, each = w.cells, w.nothing, w.hindrance.shape[1]
    for k in range(cells.numbers.shape[0]):
        arrays = (
            y[: n * s],
            cells.fields.reshape(-1),
            cells.numbers[k],
            w.workspace.clock,
            w.workspace.rows,
            cells.memory.reshape(-1),
            cells.c.reshape(-1),
            cells.porosity.reshape(-1),
            out,
            nothing,
        )
        evaluate(k * each, (k + 1) * each, n, stages, cells.failures, arrays)


@inline
def rhs(w, t, y, out):
    n, s = w.inverse_atol.shape
    runs, m = w.hindrance.shape[0], w.units.mobile.size
    cells = w.cells
    before = cells.failures.sum()
    cells_of(w, w.stages, t, y, out[: n * s])
    du = out[: n * s].reshape((n, s))
    tails = out[n * s : n * s + runs * 2 * m].reshape((runs, 2, m))
    add_in_runs(w.tables, cells.c, cells.porosity[:, 0], w.hindrance, w.perfused, du, tails)
    return cells.failures.sum() - before


@inline
def linearise(w, t):
    cells_of(w, w.stages_of_slopes, t, w.y, w.slopes.reshape(-1))
    derivative_in_runs(w.tables, w.cells.porosity[:, 0], w.hindrance, w.transport)


@inline
def factor(w, c):
    matrix, local = w.matrix, w.local
    inside, (runs, each) = w.inside, w.hindrance.shape
    inside.gamma[0] = c
    for k in range(runs // WIDTH):
        arrays = (w.slopes, inside.gamma, inside.coefficient[k], w.factors, local)
        if call(inside.factor, k * each, (k + 1) * each, local.shape[0], arrays) != 0:
            return False
    m = w.units.mobile.size
    if m == 0:
        return True
    for run in range(runs):
        first = first_row(run, each)
        for i in range(each):
            here, there = local[first + WIDTH * i], matrix.local[run * each + i]
            for a in range(m):
                for b in range(m):
                    there[a, b] = here[a, b]
    weigh(w.volume, c, w.transport, matrix)
    return thomas_factor(matrix, w.thomas) == 0


@inline
def solve(w):
    n, s = w.inverse_atol.shape
    inside, units, frozen = w.inside, w.units, w.transport
    m, (runs, each) = units.mobile.size, w.hindrance.shape
    r, z = w.r[: n * s].reshape((n, s)), w.dy[: n * s].reshape((n, s))
    blocks = w.slopes.shape[0]
    reduce(0, blocks, r, inside, units, w.factors, z, w.b_of_cells)
    if m > 0:
        for run in range(runs):
            first = first_row(run, each)
            for i in range(each):
                here, j = w.b_of_cells[first + WIDTH * i], run * each + i
                for a in range(m):
                    w.b[j, a] = here[a] * w.volume[j]
        thomas_solve(w.matrix, w.thomas, w.b, w.x)
        for run in range(runs):
            first = first_row(run, each)
            for i in range(each):
                here, j = w.b_of_cells[first + WIDTH * i], run * each + i
                for a in range(m):
                    here[a] = w.x[j, a] * frozen.porosity[j]
    expand(0, blocks, w.b_of_cells, inside, units, w.factors, z)
    gamma = w.now[0].factored
    for run in range(runs):
        a, b = run * each, (run + 1) * each
        at = n * s + run * 2 * m
        entered(frozen.loss[a:b], gamma, w.x[a:b], units, w.r[at : at + 2 * m], w.dy[at : at + 2 * m])


@inline
def worst(w, v):
    """The largest sum of (v scale)^2 over the unknowns of a run; no number where one is none."""
    n, s = w.inverse_atol.shape
    m, (runs, each) = w.units.mobile.size, w.hindrance.shape
    scale, sums, largest = w.scale, w.of_lanes, 0.0
    arrays = (v[: n * s], scale[: n * s], sums)
    for k in range(runs // WIDTH):
        sums[:] = 0.0
        call(w.squares, k * each, (k + 1) * each, n, arrays)
        for lane in range(WIDTH):
            total, at = sums[lane], n * s + (k * WIDTH + lane) * 2 * m
            for j in range(at, at + 2 * m):
                total += (v[j] * scale[j]) ** 2
            if not total <= largest:
                largest = total
                if not total >= 0.0:
                    return total
    return largest


@inline
def advance(w):
    call(w.passes[ADVANCE, 0], 0, w.y.size // WIDTH, 0, (w.dy, w.y, w.d, w.scale, w.sums))
    summed(w)
    return worst(w, w.dy)


@inline
def square(w, v):
    return worst(w, v)


@inline
def accept(w, order):
    call(w.passes[ACCEPT, order], 0, w.y.size // WIDTH, 0, (*differences_of(w), w.d, w.scale, w.sums))
    summed(w)
    return worst(w, w.D[order]), worst(w, w.D[order + 2])
