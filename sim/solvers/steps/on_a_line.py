"""The operations of `ndf_steps` on one line of cells, or one stirred cell: compiled, in one thread.

The formulas of the model are called through a pointer to their compiled form, so that nothing here
is compiled again for another model. Not cached alone: `compiled_steps` keeps what it makes of this
text under a hash of all that goes into it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import types
from numba.experimental import structref

from sim.binder.system import NONE, NONE_3, System
from sim.binder.text import RATES, SLOPES
from sim.jit.kernel import kernel
from sim.solvers.linear import elimination
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps import differences
from sim.solvers.steps.solution import Recorder
from sim.solvers.steps.solution import lowest as lowest_of_cells
from sim.space import transport

ORDERS = 8  # rows of differences
inline = kernel(cache=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)


class Line(NamedTuple):
    """The state of an integration: the model's compiled formulas, called through a pointer; what
    `ndf_steps` names; what the operations need."""

    cells: object
    real: np.ndarray
    whole: np.ndarray
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
    before: tuple  # arguments of the formulas between y and dy, between r and R, and from V on
    between: tuple
    behind: tuple
    none: np.ndarray
    none_3: np.ndarray
    failures: np.ndarray
    tables: tuple
    mobile: np.ndarray
    c: np.ndarray  # (n, m) pore concentrations
    porosity: np.ndarray  # (n, 1)
    openness: np.ndarray
    perfused: np.ndarray
    slopes: np.ndarray
    coupling: np.ndarray
    loss: np.ndarray
    porosity_of_slopes: np.ndarray  # (n,)
    order: tuple  # of elimination
    factors: np.ndarray
    local: np.ndarray
    K: np.ndarray
    out: np.ndarray
    inverse: np.ndarray
    pivots: np.ndarray
    gamma: np.ndarray  # of the factors
    b: np.ndarray
    x: np.ndarray
    rows: np.ndarray
    per_unit: np.ndarray
    unit: np.ndarray
    inverse_atol: np.ndarray  # (n, s) of what counts as an undershoot
    watched: np.ndarray
    low: np.ndarray
    sums: np.ndarray
    pairs: np.ndarray
    work: np.ndarray


@structref.register
class Reference(types.StructRef):
    """A Line as compiled code hands it on: by reference, its arrays would fill a thousand registers."""


class ByReference:
    """ByReference(*line) in compiled code: the Line behind a Reference."""


structref.define_constructor(ByReference, Reference, list(Line._fields))


def line(system: System, record: Recorder, rtol: float, atol: np.ndarray, real, whole) -> Line:
    """The state before the first step."""
    s, linear, n = system, LinearSystem(system), system.size
    o, cells, m = linear.order, s.n_cells, s.n_mobile
    pieces = -(-n // differences.PIECE)
    faces = s.grid.neighbour.shape[1]
    return Line(
        s.cells, real, whole, record.t_eval, record.y, rtol, atol,
        np.zeros((ORDERS, n)), *(np.zeros(n) for _ in range(7)),
        *s.arguments(s._c, s._porosity, 0), NONE, NONE_3, s.failures,
        s.tables, s.mobile, s._c, s._porosity, s._openness, s._perfused,
        linear.slopes, np.zeros((cells, faces, m)), np.zeros((cells, 2, m)), np.ones(cells),
        (o.ones, o.assemble, o.factor, o.schur, o.forward, o.backward),
        linear.factors, linear.local, np.zeros((cells, faces, m)), np.zeros((cells, m)), linear.inverse,
        np.zeros(m, np.int64), np.zeros(1), linear.b, linear.c, linear._rows[0], linear.per_scale, s.scale,
        record.inverse, record.watched, np.zeros((record.pieces, s.n_species)),
        np.zeros(pieces), np.zeros((pieces, 2)), np.zeros((ORDERS, differences.PIECE)),
    )  # fmt: skip


@inline
def _cells(w, mode, t, y, dy, R):
    n, s = w.inverse_atol.shape
    u = y[: n * s].reshape((n, s))
    first = (mode, 0, w.failures.size, t, u)
    w.cells(*(first + w.before + (dy, w.none, w.none) + w.between + (R,) + w.behind))


@inline
def rhs(w, t, y, out):
    n, s = w.inverse_atol.shape
    du, tail = out[: n * s].reshape((n, s)), out[n * s :].reshape((2, w.mobile.size))
    before = w.failures.sum()
    _cells(w, RATES, t, y, du, w.none_3)
    porosity, pieces = w.porosity[:, 0], w.perfused.shape[0]
    transport.openness(0, pieces, porosity, w.tables.archie, w.openness)
    transport.add_fluxes(0, pieces, w.tables, w.mobile, w.c, w.openness, porosity, du, w.perfused)
    transport.add_boundaries(w.tables, w.mobile, w.c, w.openness, du, tail[0])
    for k in range(w.mobile.size):
        tail[1, k] = 0.0
        for piece in range(pieces):
            tail[1, k] += w.perfused[piece, k]
    return w.failures.sum() - before


@inline
def linearise(w, t):
    _cells(w, SLOPES, t, w.y, w.none, w.slopes)
    for i in range(w.porosity_of_slopes.size):
        w.porosity_of_slopes[i] = w.porosity[i, 0]
    transport.openness(0, w.perfused.shape[0], w.porosity_of_slopes, w.tables.archie, w.openness)
    transport.derivative(w.tables, w.openness, w.porosity_of_slopes, w.coupling, w.loss)


@inline
def factor(w, c):
    w.gamma[0] = c
    ones, assemble, ops, schur, _, _ = w.order
    if elimination.factor(0, w.failures.size, w.slopes, c, ones, assemble, ops, schur, w.factors, w.local):
        return False
    if w.mobile.size == 0:
        return True
    elimination.weigh(w.tables.volume, w.porosity_of_slopes, c, w.coupling, w.loss, w.local, w.K, w.out)
    return elimination.thomas_factor(w.local, w.K, w.out, w.inverse, w.pivots) == 0


@inline
def solve(w):
    n, s = w.inverse_atol.shape
    _, _, _, _, forward, backward = w.order
    r, z = w.r[: n * s].reshape((n, s)), w.dy[: n * s].reshape((n, s))
    blocks = w.failures.size
    elimination.reduce(0, blocks, r, w.per_unit, w.mobile, forward, w.factors, w.rows, z, w.b)
    if w.mobile.size > 0:
        elimination.times(w.b, w.tables.volume, w.b)
        elimination.thomas_solve(w.inverse, w.K, w.b, w.x)
        elimination.times(w.x, w.porosity_of_slopes, w.b)
    elimination.expand(0, blocks, w.b, w.unit, w.mobile, backward, w.factors, w.rows, z)
    elimination.entered(w.loss, w.gamma[0], w.x, w.unit, w.mobile, w.r[n * s :], w.dy[n * s :])


@inline
def predict(w, order, weight):
    differences.predict(0, w.sums.size, w.D, order, weight, w.rtol, w.atol, w.y, w.psi, w.scale, w.d)


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
