"""The operations of `ndf_steps` on planes, boxes and very long lines: passes shared out to threads.

Pieces of the state are summed one by one and then over the pieces, so that no sum depends on how
many threads share them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.simd.threads import Pool
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps import differences
from sim.solvers.steps.differences import PIECE
from sim.solvers.steps.ndf_state import first_state
from sim.solvers.steps.solution import Recorder
from sim.solvers.steps.task import Task

ORDERS = 8  # rows of differences


class Shared:
    """The state of an integration over a System: arrays, and what is done to them.

    now: see ndf_state · D (8, size) differences · atol (size,) of each unknown in the norm
    times, outputs: where and into what outputs go
    """

    def __init__(self, task: Task, record: Recorder):
        system, n = task.system, task.system.size
        self.system, self.record, self.rtol, self.atol = system, record, task.rtol, task.atol_of_mean
        self.now = first_state(task)
        self.times, self.outputs = record.t_eval, record.y
        self.linear = LinearSystem(system)
        self.D = np.zeros((ORDERS, n))
        self.y, self.psi, self.scale, self.d, self.f, self.r, self.dy = (np.zeros(n) for _ in range(7))
        self.pieces = -(-n // PIECE)
        self.pool = Pool(2)
        self.sums = np.zeros(self.pieces)
        self.pairs = np.zeros((self.pieces, 2))
        self.work = [np.zeros((ORDERS, PIECE)) for _ in range(self.pool.size)]

    def run(self, kernel: Callable[..., None], *arguments: object) -> None:
        """A kernel over all pieces."""
        self.pool.run(lambda share, a, b: kernel(a, b, *arguments), self.pieces)


def rhs(w, t, y, out):
    before = int(w.system.failures.sum())
    w.system.rhs(t, y, out)
    return int(w.system.failures.sum()) - before


def linearise(w, t):
    w.linear.linearise(t, w.y)


def factor(w, c):
    return w.linear.factor(c)


def solve(w):
    w.linear.solve(w.r, w.dy)


def predict(w, order, weight):
    w.run(
        differences.predict,
        w.D,
        order,
        weight,
        w.rtol,
        w.atol,
        differences.Predicted(w.y, w.psi, w.scale, w.d),
    )


def start(w, h):
    w.run(differences.start, h, w.f, w.D)


def residual(w, c):
    w.run(differences.residual, c, w.f, w.psi, w.d, w.r)


def advance(w):
    w.run(differences.advance, w.dy, w.y, w.d, w.scale, w.sums)
    return float(w.sums.sum())


def square(w, v):
    w.run(differences.square, v, w.scale, w.sums)
    return float(w.sums.sum())


def accept(w, order):
    w.run(differences.accept, w.D, order, w.d, w.scale, w.pairs)
    lower, higher = w.pairs.sum(axis=0)
    return float(lower), float(higher)


def rescale(w, order, M):
    w.pool.run(lambda s, a, b: differences.rescale(a, b, w.D, order, M, w.work[s]), w.pieces)


def interpolate(w, order, weight):
    w.run(differences.interpolate, w.D, order, weight, w.dy)


def lowest(w, y):
    return w.record.lowest(y)
