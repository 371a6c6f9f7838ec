"""The explicit Runge-Kutta pair of Dormand & Prince 1980, order 5(4): for what is not stiff.

Coefficients: J. Comput. Appl. Math. 6:19; the interpolant of fourth order is that of Shampine 1986
(Math. Comput. 46:135). Each stage is one pass over the state. The tail of supplies is part of the
state, so linear invariants are kept to rounding.
"""

from __future__ import annotations

import numpy as np

from sim.binder.system import System
from sim.solvers.steps import stages
from sim.solvers.steps.one_step import OneStep, integrate
from sim.solvers.steps.solution import Progress, Solution, per_cell
from sim.solvers.steps.spectral_radius import SpectralRadius

ORDER = 5
C = np.array([0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1])
A = np.zeros((7, 7))
A[1, :1] = [1 / 5]
A[2, :2] = [3 / 40, 9 / 40]
A[3, :3] = [44 / 45, -56 / 15, 32 / 9]
A[4, :4] = [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729]
A[5, :5] = [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656]
A[6, :6] = [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]
E = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
# Columns are powers 1 to 4 of the place within the step.
P = np.array(
    [
        [1, -8048581381 / 2820520608, 8663915743 / 2820520608, -12715105075 / 11282082432],
        [0, 0, 0, 0],
        [0, 131558114200 / 32700410799, -68118460800 / 10900136933, 87487479700 / 32700410799],
        [0, -1754552775 / 470086768, 14199869525 / 1410260304, -10690763975 / 1880347072],
        [0, 127303824393 / 49829197408, -318862633887 / 49829197408, 701980252875 / 199316789632],
        [0, -282668133 / 205662961, 2019193451 / 616988883, -1453857185 / 822651844],
        [0, 40617522 / 29380423, -110615467 / 29380423, 69997945 / 29380423],
    ]
)
STABLE = 3.3  # h |eigenvalue| on the negative real axis
LOOK_AGAIN = 100  # steps between two looks at the stiffness


def solve(
    system: System,
    t0: float,
    t1: float,
    y0: np.ndarray,
    t_eval: np.ndarray,
    rtol: float,
    atol: np.ndarray,
    progress: Progress | None = None,
    max_steps: int = 200_000,
    *,
    step: float | None = None,
) -> Solution:
    """Integrate from t0 to t1 [s]; `step` [s] fixes the step, for tests of order.

    What is too stiff is refused at once and at intervals, with the cell and species that are fastest.
    """
    method = DormandPrince(system, t0, y0, rtol, per_cell(system, atol))
    return integrate(method, t1, t_eval, atol, progress, max_steps, step)


class DormandPrince(OneStep):
    """K (7, size): the stages; the last one of a step is the first of the next."""

    power = 5

    def __init__(self, *arguments):
        super().__init__(*arguments)
        n = self.system.size
        self.K = np.zeros((7, n))
        self.z, self.old, self.e = (np.zeros(n) for _ in range(3))
        self.count |= {"unsolved": 0}
        self.radius, self._looked = SpectralRadius(self.system), -LOOK_AGAIN
        self._fresh = True
        self.rhs(self.t, self.y, self.K[0])

    def first_step(self, t1: float) -> float:
        return self.explicit_first_step(self.K[0], t1)

    def attempt(self, h: float) -> float:
        if not self._fresh:
            self.K[0] = self.K[6]
            self._fresh = True
        for k in range(1, 7):
            self.run(stages.combine, self.y, 1.0, self.K, h * A[k], k, self.z)
            self.rhs(self.t + C[k] * h, self.z, self.K[k])
        self.run(stages.combine, self.y, 0.0, self.K, h * E, 7, self.e)
        self.run(stages.error, self.y, self.z, self.e, self.rtol, self.atol, self._sums)
        return self.mean()

    def accept(self, h: float) -> None:
        self.t_old, self.h, self.t = self.t, h, self.t + h
        self.old, self.y, self.z = self.y, self.z, self.old
        self._fresh = False

    def at(self, t: float) -> np.ndarray:
        x = (t - self.t_old) / self.h
        out = np.empty_like(self.y)
        weight = self.h * (P @ x ** np.arange(1, 5))
        self.run(stages.combine, self.old, 1.0, self.K, weight, 7, out)
        return out

    def out_of_reach(self, t1: float, max_steps: int, steps: int) -> str:
        if steps < self._looked + LOOK_AGAIN:
            return ""
        self._looked = steps
        f = self.K[0] if self._fresh else self.K[6]
        rate = self.radius.estimate(self.t, self.y, f)
        self.count["rhs"] += self.radius.evaluations
        self.radius.evaluations = 0
        need = rate * (t1 - self.t) / STABLE
        if need <= max_steps - steps:
            return ""
        cell, name = self.radius.where()
        return (
            f"too stiff for an explicit method: at t = {self.t:.4g} s {name} in cell {cell} answers within "
            f"{1 / rate:.2g} s, so the {t1 - self.t:.4g} s that are left would take {need:.2g} steps of the "
            f"{max_steps - steps} allowed. Use solver='ndf' or 'cvode'."
        )
