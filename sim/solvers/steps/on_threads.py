"""The operations of `ndf_steps` on planes, boxes and very long lines: passes shared out to threads.

Pieces of the state are summed one by one and then over the pieces, so that no sum depends on how
many threads share them.
"""

from __future__ import annotations

import numpy as np

from sim.binder.system import System
from sim.simd.threads import Team
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps import differences
from sim.solvers.steps.differences import PIECE
from sim.solvers.steps.solution import Recorder

ORDERS = 8  # rows of differences


class Shared:
    """The state of an integration over a System: arrays, and what is done to them.

    real, whole: see ndf_steps · D (8, size) differences · atol (size,) of each unknown in the norm
    times, outputs: where and into what outputs go
    """

    def __init__(self, system: System, record: Recorder, rtol: float, atol: np.ndarray, real, whole):
        n = system.size
        self.system, self.record, self.rtol, self.atol = system, record, rtol, atol
        self.real, self.whole = real, whole
        self.times, self.outputs = record.t_eval, record.y
        self.linear = LinearSystem(system)
        self.D = np.zeros((ORDERS, n))
        self.y, self.psi, self.scale, self.d, self.f, self.r, self.dy = (np.zeros(n) for _ in range(7))
        self._pieces = -(-n // PIECE)
        self._team = Team(2)
        self._sums = np.zeros(self._pieces)
        self._pairs = np.zeros((self._pieces, 2))
        self._work = [np.zeros((ORDERS, PIECE)) for _ in range(self._team.size)]

    def run(self, kernel, *arguments) -> None:
        """A kernel over all pieces."""
        self._team.run(lambda share, a, b: kernel(a, b, *arguments), self._pieces)


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
    w.run(differences.predict, w.D, order, weight, w.rtol, w.atol, w.y, w.psi, w.scale, w.d)


def start(w, h):
    w.run(differences.start, h, w.f, w.D)


def residual(w, c):
    w.run(differences.residual, c, w.f, w.psi, w.d, w.r)


def advance(w):
    w.run(differences.advance, w.dy, w.y, w.d, w.scale, w._sums)
    return float(w._sums.sum())


def square(w, v):
    w.run(differences.square, v, w.scale, w._sums)
    return float(w._sums.sum())


def accept(w, order):
    w.run(differences.accept, w.D, order, w.d, w.scale, w._pairs)
    lower, higher = w._pairs.sum(axis=0)
    return float(lower), float(higher)


def rescale(w, order, M):
    w._team.run(lambda s, a, b: differences.rescale(a, b, w.D, order, M, w._work[s]), w._pieces)


def interpolate(w, order, weight):
    w.run(differences.interpolate, w.D, order, weight, w.dy)


def lowest(w, y):
    return w.record.lowest(y)
