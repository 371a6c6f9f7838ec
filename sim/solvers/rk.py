"""Explicit Runge-Kutta methods: for what is not stiff. The method is a value (steps/tableau.py).

Each stage is one pass over the state. The tail of supplies is part of the state, so linear invariants
are kept to rounding.
"""

from __future__ import annotations

import numpy as np

from sim.solvers.steps import stages
from sim.solvers.steps.one_step import OneStep, integrate
from sim.solvers.steps.solution import Solution
from sim.solvers.steps.spectral_radius import SpectralRadius
from sim.solvers.steps.tableau import DORMAND_PRINCE, RungeKutta
from sim.solvers.steps.task import Task

ORDER = DORMAND_PRINCE.order
LOOK_AGAIN = 100  # steps between two looks at the stiffness


def solve(task: Task, method: RungeKutta = DORMAND_PRINCE) -> Solution:
    """Integrate a task by an explicit Runge-Kutta method.

    What is too stiff is refused at once and at intervals, with the cell and species that are fastest.
    """
    return integrate(ExplicitRungeKutta(task, method), task)


class ExplicitRungeKutta(OneStep):
    """K (stages, size): the last one of a step is the first of the next."""

    def __init__(self, task: Task, method: RungeKutta):
        super().__init__(task)
        self.method, self.power = method, method.error_order + 1
        n = self.system.size
        self.K = np.zeros((method.stages, n))
        self.old, self.e = np.zeros(n), np.zeros(n)
        self.count |= {"unsolved": 0}
        self.radius, self._looked = SpectralRadius(self.system), -LOOK_AGAIN
        self._fresh = True
        self.rhs(self.t, self.y, self.K[0])

    def first_step(self, t1: float) -> float:
        return self.explicit_first_step(self.K[0], t1)

    def attempt(self, h: float) -> float:
        m = self.method
        if not self._fresh:
            self.K[0] = self.K[-1]
            self._fresh = True
        for k in range(1, m.stages):
            self.run(stages.combine, self.y, 1.0, self.K, h * m.A[k], k, self.z)
            self.rhs(self.t + m.c[k] * h, self.z, self.K[k])
        self.run(stages.combine, self.y, 0.0, self.K, h * m.E, m.stages, self.e)
        self.run(stages.error, self.y, self.z, self.e, self.rtol, self.atol, self._sums)
        return self.mean()

    def accept(self, h: float) -> None:
        self.t_old, self.h, self.t = self.t, h, self.t + h
        self.old, self.y, self.z = self.y, self.z, self.old
        self._fresh = False

    def at(self, t: float) -> np.ndarray:
        x, P = (t - self.t_old) / self.h, self.method.P
        out = np.empty_like(self.y)
        weight = self.h * (P @ x ** np.arange(1, P.shape[1] + 1))
        self.run(stages.combine, self.old, 1.0, self.K, weight, self.method.stages, out)
        return out

    def out_of_reach(self, t1: float, max_steps: int, steps: int) -> str:
        if steps < self._looked + LOOK_AGAIN:
            return ""
        self._looked = steps
        f = self.K[0] if self._fresh else self.K[-1]
        rate = self.radius.estimate(self.t, self.y, f)
        self.count["rhs"] += self.radius.evaluations
        self.radius.evaluations = 0
        need = rate * (t1 - self.t) / self.method.stable
        if need <= max_steps - steps:
            return ""
        cell, name = self.radius.where()
        return (
            f"too stiff for an explicit method: at t = {self.t:.4g} s {name} in cell {cell} answers within "
            f"{1 / rate:.2g} s, so the {t1 - self.t:.4g} s that are left would take {need:.2g} steps of the "
            f"{max_steps - steps} allowed. Use solver='ndf' or 'cvode'."
        )
