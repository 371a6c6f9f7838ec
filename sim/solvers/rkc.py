"""Runge-Kutta-Chebyshev of second order: explicit stages whose number grows with the stiffness.

Sommeijer, Shampine & Verwer 1997 (RKC: an explicit solver for parabolic PDEs, J. Comput. Appl. Math.
88:315). s stages reach 0.65 s^2 along the negative real axis, so diffusion on a fine grid costs the
root of what it costs other explicit methods. For eigenvalues near the negative real axis only.
"""

from __future__ import annotations

import numpy as np

from sim.solvers.steps import stages
from sim.solvers.steps.one_step import OneStep, integrate
from sim.solvers.steps.solution import Solution
from sim.solvers.steps.spectral_radius import SpectralRadius
from sim.solvers.steps.task import Task

ORDER = 2
DAMPING = 2 / 13
REACH = 0.653  # h |eigenvalue| / s^2, at that damping
MOST_STAGES = 1000  # rounding grows with s^2
LOOK_AGAIN = 25  # steps between two estimates of the spectral radius
EVALUATIONS_PER_STEP = 10  # the budget, for each step that max_steps allows


def coefficients(s: int) -> tuple[np.ndarray, ...]:
    """mu, nu, mu~, gamma~ of stages 2..s and the times c of stages 0..s; index = stage. Eq. 2.5-2.9.

    mu~[1] is that of the first stage.
    """
    w0 = 1.0 + DAMPING / s**2
    T, T1, T2 = np.ones(s + 1), np.zeros(s + 1), np.zeros(s + 1)  # Chebyshev polynomials, derivatives
    T[1], T1[1] = w0, 1.0
    for j in range(2, s + 1):
        T[j] = 2 * w0 * T[j - 1] - T[j - 2]
        T1[j] = 2 * w0 * T1[j - 1] - T1[j - 2] + 2 * T[j - 1]
        T2[j] = 2 * w0 * T2[j - 1] - T2[j - 2] + 4 * T1[j - 1]
    w1 = T1[s] / T2[s]
    b = np.full(s + 1, 1 / (4 * w0**2))
    b[2:] = T2[2:] / T1[2:] ** 2
    a = 1.0 - b * T
    mu, nu, forward, back = (np.zeros(s + 1) for _ in range(4))
    mu[2:] = 2 * b[2:] * w0 / b[1:-1]
    nu[2:] = -b[2:] / b[:-2]
    forward[1] = b[1] * w1
    forward[2:] = 2 * b[2:] * w1 / b[1:-1]
    back[2:] = -a[1:-1] * forward[2:]
    c = np.zeros(s + 1)
    c[1] = forward[1]
    for j in range(2, s + 1):
        c[j] = mu[j] * c[j - 1] + nu[j] * c[j - 2] + forward[j] + back[j]
    return mu, nu, forward, back, c


def solve(task: Task) -> Solution:
    """Integrate a task by Runge-Kutta-Chebyshev.

    The budget is 10 evaluations for each step of max_steps; what cannot fit is refused at once and
    at intervals, with the cell and species that are fastest.
    """
    return integrate(Chebyshev(task), task)


class Chebyshev(OneStep):
    """f0, f1: derivatives at y and z. K (4, size): both states and derivatives of the last step."""

    power = 3

    def __init__(self, task: Task):
        super().__init__(task)
        n = self.system.size
        self.f0, self.f1, self.spare = (np.zeros(n) for _ in range(3))
        self.K = np.zeros((4, n))
        self.radius, self._looked = SpectralRadius(self.system), -LOOK_AGAIN
        self._tables: dict[int, tuple[np.ndarray, ...]] = {}
        self.most = int(min(MOST_STAGES, max(2, round(np.sqrt(self.rtol / (10 * np.finfo(float).eps))))))
        self.count |= {"most_stages": 0, "unsolved": 0}
        self.rhs(self.t, self.y, self.f0)
        self._estimate()

    def _estimate(self) -> None:
        self.radius.estimate(self.t, self.y, self.f0)
        self.count["rhs"] += self.radius.evaluations
        self.radius.evaluations = 0
        self._known = True  # of this very state

    def first_step(self, t1: float) -> float:
        h = self.explicit_first_step(self.f0, t1)
        return min(h, max(1.0 / self.radius.value, 1e-3 * h)) if self.radius.value > 0 else h

    def longest(self) -> float:
        return REACH * (self.most**2 - 1) / self.radius.value if self.radius.value > 0 else np.inf

    def attempt(self, h: float) -> float:
        s = min(self.most, max(2, int(np.ceil(np.sqrt(1.0 + h * self.radius.value / REACH)))))
        self.count["most_stages"] = max(s, self.count["most_stages"])
        if s not in self._tables:
            self._tables[s] = coefficients(s)
        mu, nu, forward, back, c = self._tables[s]
        one, two, f = self.z, self.spare, self.f1
        two[:] = self.y
        self.run(stages.combine, self.y, 1.0, self.f0[None], np.array([h * forward[1]]), 1, one)
        for j in range(2, s + 1):
            self.rhs(self.t + c[j - 1] * h, one, f)
            share = stages.Shares(mu[j], nu[j], h * forward[j], h * back[j])
            self.run(stages.chebyshev, share, self.y, one, two, f, self.f0)
            one, two = two, one
        self.z, self.spare = one, two
        self.rhs(self.t + h, self.z, self.f1)
        ends = stages.StepEnds(h, self.y, self.z, self.f0, self.f1)
        self.run(stages.chebyshev_error, ends, self.rtol, self.atol, self._sums)
        error = self.mean()
        if not error <= 1.0 and not self._known:  # it may have been the stages that were too few
            self._estimate()
        return error

    def accept(self, h: float) -> None:
        self.t_old, self.h, self.t = self.t, h, self.t + h
        for row, x in zip(self.K, (self.y, self.z, self.f0, self.f1), strict=True):
            row[:] = x
        self.y[:], self.f0[:] = self.z, self.f1
        self._known = False

    def at(self, t: float) -> np.ndarray:
        """Hermite's cubic."""
        x = (t - self.t_old) / self.h
        rise = x * x * (3 - 2 * x)
        weight = np.array([1 - rise, rise, self.h * x * (1 - x) ** 2, self.h * x * x * (x - 1)])
        out = np.empty_like(self.y)
        self.run(stages.combine, self.y, 0.0, self.K, weight, 4, out)
        return out

    def out_of_reach(self, t1: float, max_steps: int, steps: int) -> str:
        if steps >= self._looked + LOOK_AGAIN:
            self._looked = steps
            if not self._known:
                self._estimate()
        left = EVALUATIONS_PER_STEP * max_steps - self.count["rhs"]
        rate = self.radius.value
        need = rate * (t1 - self.t) / (REACH * self.most)  # with the longest steps there are
        if need <= left and left > 0:
            return ""
        cell, name = self.radius.where()
        return (
            f"too stiff even for stabilised stages: at t = {self.t:.4g} s {name} in cell {cell} answers "
            f"within {1 / max(rate, 1e-300):.2g} s, so the {t1 - self.t:.4g} s that are left would take at "
            f"least {need:.2g} evaluations; {max(left, 0)} are left ({EVALUATIONS_PER_STEP} for each step of "
            "max_steps). Use solver='ndf' or 'cvode'."
        )
