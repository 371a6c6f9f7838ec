"""The operations of `ndf_steps` on planes, boxes and very long lines: passes shared out to threads.

Pieces of the state are summed one by one and then over the pieces, so that no sum depends on how
many threads share them.
"""

from __future__ import annotations

import numpy as np

from sim.codegen.call import call
from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps.ndf_state import first_state
from sim.solvers.steps.passes import (
    ACCEPT,
    ADVANCE,
    INTERPOLATE,
    ORDERS,
    PIECE,
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
from sim.solvers.steps.task import Task

GROUPS = PIECE // WIDTH  # of a piece


@kernel(nogil=True)
def do_pieces(address, first, last, groups, arrays):
    """A pass without sums over pieces first..last."""
    call(address, first * GROUPS, min(groups, last * GROUPS), 0, arrays)


@kernel(nogil=True)
def sum_pieces(address, first, last, groups, arrays, sums):
    """A pass with sums, (pieces, 2 WIDTH), piece by piece."""
    for piece in range(first, last):
        sums[piece] = 0.0
        call(address, piece * GROUPS, min(groups, (piece + 1) * GROUPS), 0, (*arrays, sums[piece]))


class Shared:
    """The state of an integration over a System: arrays, and what is done to them.

    now: see ndf_state · D (8, size) differences · atol (size,) of each unknown in the norm
    times, outputs: where and into what outputs go
    """

    def __init__(self, task: Task, record: Recorder):
        system, n = task.system, padded(task.system.size)
        self.system, self.record, self.rtol, self.atol = system, record, task.rtol, padded_tolerances(task)
        self.now = first_state(task)
        self.times, self.outputs = record.t_eval, record.y
        self.linear = LinearSystem(system)
        self.D = np.zeros((ORDERS, n))
        self.rows = tuple(self.D)
        self.y, self.psi, self.scale, self.d, self.f, self.r, self.dy = (np.zeros(n) for _ in range(7))
        self.pieces = -(-n // PIECE)
        self.pool = Pool(2)
        self.sums = np.zeros((self.pieces, 2 * WIDTH))
        self.passes, self.number, self.rtols = pass_addresses(), np.zeros(1), np.array([self.rtol])

    def run(self, which: int, order: int, *arrays: np.ndarray) -> None:
        """A pass over all pieces."""
        address, groups = self.passes[which, order], self.y.size // WIDTH
        self.pool.run(lambda _, a, b: do_pieces(address, a, b, groups, arrays), self.pieces)

    def summed(self, which: int, order: int, *arrays: np.ndarray) -> np.ndarray:
        """A pass over all pieces, and its two sums."""
        address, groups = self.passes[which, order], self.y.size // WIDTH
        self.pool.run(lambda _, a, b: sum_pieces(address, a, b, groups, arrays, self.sums), self.pieces)
        return self.sums.reshape(-1, 2, WIDTH).sum(axis=(0, 2))


def rhs(w, t, y, out):
    before = int(w.system.failures.sum())
    size = w.system.size
    w.system.rhs(t, y[:size], out[:size])
    return int(w.system.failures.sum()) - before


def linearise(w, t):
    w.linear.linearise(t, w.y[: w.system.size])


def factor(w, c):
    return w.linear.factor(c)


def solve(w):
    size = w.system.size
    w.linear.solve(w.r[:size], w.dy[:size])


def predict(w, order, weight):
    w.run(PREDICT, order, *w.rows, weight, w.rtols, w.atol, w.y, w.psi, w.scale, w.d)


def start(w, h):
    w.number[0] = h
    w.run(START, 0, *w.rows, w.number, w.f)


def residual(w, c):
    w.number[0] = c
    w.run(RESIDUAL, 0, w.number, w.f, w.psi, w.d, w.r)


def advance(w):
    return float(w.summed(ADVANCE, 0, w.dy, w.y, w.d, w.scale)[0])


def square(w, v):
    return float(w.summed(SQUARE, 0, v, w.scale)[0])


def accept(w, order):
    lower, higher = w.summed(ACCEPT, order, *w.rows, w.d, w.scale)
    return float(lower), float(higher)


def rescale(w, order, M):
    w.run(RESCALE, order, *w.rows, M.reshape(-1))


def interpolate(w, order, weight):
    w.run(INTERPOLATE, order, *w.rows, weight, w.dy)


def lowest(w, y):
    return w.record.lowest(y[: w.system.size])
