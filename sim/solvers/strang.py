"""Strang splitting: half a step of reactions, a step of transport, half a step of reactions.

Strang 1968 (SIAM J. Numer. Anal. 5:506). Reactions run cell by cell with steps of their own, transport
is implicit, each at its own pace: good where everything moves at the pace of the coupling, and a judge
of the coupled integrators anywhere. Where diffusion feeds a reaction within one step, the coupling is
what limits the step, and the error control makes it so.
"""

from __future__ import annotations

import numpy as np

from sim.errors import SolverError
from sim.solvers.linear.diffusion import Diffusion
from sim.solvers.reactions.reactor import Reactor
from sim.solvers.reactions.rodas import EVALUATIONS, REJECTED, STEPS
from sim.solvers.steps import stages
from sim.solvers.steps.one_step import OneStep, integrate
from sim.solvers.steps.solution import Solution
from sim.solvers.steps.task import Task

ORDER = 2
INSIDE = 0.1  # tolerance of the reactions' own steps, in that of the splitting
BEGIN = 1e-6  # first step, of the whole span


def solve(task: Task) -> Solution:
    """Integrate a task by splitting.

    Adaptive: a step is two of half the length, and one of the whole length tells their error.
    """
    return integrate(Strang(task), task)


class Strang(OneStep):
    """doubling: whether a step is two, and one of the whole length for their error (not at a fixed step).
    middle: the state half-way through the last step, where there is one.
    """

    power = 3

    def __init__(self, task: Task):
        super().__init__(task)
        system = self.system
        if system.courses.inside_cells:
            raise SolverError(
                "strang lets what comes from outside follow a course (plasma, perfusion), not what happens "
                "inside cells: groups of cells are at times of their own there. Use solver='ndf' or 'cvode'."
            )
        self.doubling = task.step is None
        self.reactor = Reactor(system, INSIDE * task.rtol, system.split(INSIDE * task.atol)[0])
        self.diffusion = Diffusion(system)
        # Only after transport do reactions begin with a transient.
        self._before, self._after = np.zeros(system.n_groups), np.zeros(system.n_groups)
        self.old, self.whole, self.middle = (np.zeros(system.size) for _ in range(3))
        self._mid = np.zeros(system.size)

    def first_step(self, t1: float) -> float:
        return BEGIN * (t1 - self.t)

    def attempt(self, h: float) -> float:
        if not self.doubling:
            return 0.0 if self._strang(self.t, h, self.y, self.z) else np.inf
        done = (
            self._strang(self.t, h, self.y, self.whole)
            and self._strang(self.t, h / 2, self.y, self._mid)
            and self._strang(self.t + h / 2, h / 2, self._mid, self.z)
        )
        self._count()
        if not done:
            return np.inf
        self.whole -= self.z
        # Not a third of it, as Richardson has it for second order: where a layer is thinner than the way
        # diffusion goes in a step, splitting is of first order, and this is the error of the short steps.
        self.run(stages.error, self.y, self.z, self.whole, self.rtol, self.atol, self._sums)
        return self.mean()

    def accept(self, h: float) -> None:
        self.t_old, self.h, self.t = self.t, h, self.t + h
        self.old, self.y, self.z = self.y, self.z, self.old
        self.middle, self._mid = self._mid, self.middle
        self._count()

    def at(self, t: float) -> np.ndarray:
        """The parabola through start, middle and end; a line where there is no middle."""
        x = (t - self.t_old) / self.h
        if not self.doubling:
            return (1 - x) * self.old + x * self.y
        a, b, c = (1 - x) * (1 - 2 * x), 4 * x * (1 - x), x * (2 * x - 1)
        return a * self.old + b * self.middle + c * self.y

    def _strang(self, t: float, h: float, y: np.ndarray, z: np.ndarray) -> bool:
        """z = one step from y; False when a part of it failed."""
        z[:] = y
        u, tail = self.system.split(z)
        if not self._react(t, t + h / 2, u, self._before):
            return False
        self.system.courses.at(t + h / 2)  # of what is linear within a step, the mean
        return self.diffusion.advance(u, tail, h) and self._react(t + h / 2, t + h, u, self._after)

    def _react(self, t: float, t1: float, u: np.ndarray, guess: np.ndarray) -> bool:
        return self.reactor.advance(t, t1, u, guess) and bool(np.isfinite(u).all())

    def _count(self) -> None:
        steps, rejected, evaluations = self.reactor.count.sum(axis=0)[[STEPS, REJECTED, EVALUATIONS]]
        blocks = self.system.n_groups
        self.count |= {
            "rhs": int(round(evaluations / blocks)),
            "reaction_steps": int(round(steps / blocks)),
            "reaction_rejected": int(round(rejected / blocks)),
            "v_cycles": self.diffusion.v_cycles,
        }
