"""Numerical differentiation formulas of order 1-5, Newton with a frozen Jacobian (the default solver).

The method of Shampine & Reichelt 1997 (The MATLAB ODE suite, SIAM J. Sci. Comput. 18:1): backward
differences at a quasi-constant step, kappa-modified BDF. What is ours is what stands around it: the
Jacobian of stoichiometry times derivatives (exact, but for what porosity does to transport),
elimination in every cell, block Thomas or multigrid between cells, all passes over the state shared
by threads. A step whose chemistry was not solved in some cell is not accepted.
"""

from __future__ import annotations

import numpy as np

from sim.errors import SolverError
from sim.model.system import System
from sim.model.team import Team
from sim.solvers import differences
from sim.solvers.differences import PIECE
from sim.solvers.preconditioner import LinearSystem
from sim.solvers.solution import STATUS, Progress, Recorder, Solution, per_cell

MAX_ORDER = 5
KAPPA = np.array([0, -0.1850, -1 / 9, -0.0823, -0.0415, 0])  # table 1 there
GAMMA = np.hstack([0, np.cumsum(1 / np.arange(1, MAX_ORDER + 1))])
ALPHA = (1 - KAPPA) * GAMMA
ERROR = KAPPA * GAMMA + 1 / np.arange(1, MAX_ORDER + 2)
NEWTON_ITERATIONS = 4
SHRINK_MOST, GROW_MOST = 0.2, 10.0
# Steps that fell below zero by more than the absolute tolerance and were done again, at most.
MAX_REJECTIONS = 100


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
) -> Solution:
    """Integrate from t0 to t1 [s], output at t_eval (interpolated: outputs never touch the steps)."""
    record = Recorder(system, t_eval, atol, progress)
    if not t1 > t0:
        return record.solution(
            t0, y0, "failed", f"the end, {t1:g} s, does not lie after the start, {t0:g} s."
        )
    stepper = Stepper(system, t0, t1, y0, rtol, per_cell(system, atol))
    status, message = "finished", ""
    pending = list(t_eval)
    while pending and pending[0] <= t0:
        record.keep(pending.pop(0), y0)
    try:
        while stepper.t < t1:
            if record.steps >= max_steps:
                status = "failed"
                message = (
                    f"{max_steps} steps were not enough: t = {stepper.t:.4g} s of {t1:.4g} s was reached. "
                    "Raise max_steps, or loosen rtol."
                )
                break
            message = stepper.step(record.excursion)
            if message:
                status = "failed"
                break
            record.step(stepper.t, stepper.D[0], stepper.seen)
            while pending and pending[0] < stepper.t:
                record.keep(pending[0], stepper.at(pending.pop(0)))
            while pending and pending[0] <= stepper.t:
                record.keep(pending.pop(0), stepper.D[0])
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    except SolverError as e:
        status, message = "failed", f"{STATUS['failed']} At t = {stepper.t:.6g} s: {e}"
    count = dict(stepper.count)
    if stepper.linear.kind == "multigrid":
        count["v_cycles"] = stepper.linear.cycles
    return record.solution(stepper.t, stepper.D[0], status, message, **count)


class Stepper:
    """The state of the integrator: t, backward differences D (8, size), order, step h."""

    def __init__(self, system: System, t0: float, t1: float, y0, rtol: float, atol: np.ndarray):
        self.system, self.t, self.t1, self.rtol, self.atol = system, t0, t1, rtol, atol
        self.linear = LinearSystem(system)
        n = system.size
        self.pieces = -(-n // PIECE)
        self._team = Team(2)
        self.D = np.zeros((MAX_ORDER + 3, n))
        self.y, self.psi, self.scale, self.d = (np.zeros(n) for _ in range(4))
        self.f, self.r, self.dy = (np.zeros(n) for _ in range(3))
        self._sums = np.zeros(self.pieces)
        self._pairs = np.zeros((self.pieces, 2))
        self._work = [np.zeros((MAX_ORDER + 1, PIECE)) for _ in range(self._team.size)]
        self.tolerance = max(10 * np.finfo(float).eps / rtol, min(0.03, rtol**0.5))
        self.count = {
            "rhs": 0, "jacobians": 0, "factorisations": 0, "newton_iterations": 0, "rejected": 0,
            "error_failures": 0, "newton_failures": 0, "singular": 0,
        }  # fmt: skip
        self.D[0], self.trouble, self.unsolved = y0, "", False
        self.span = t1 - t0
        self._begin(self._first_step())

    def _rhs(self, t: float, y: np.ndarray, out: np.ndarray) -> None:
        """The right-hand side; `unsolved` tells whether a kernel found no solution in some cell."""
        self.count["rhs"] += 1
        before = int(self.system.failures.sum())
        self.system.rhs(t, y, out)
        self.unsolved = int(self.system.failures.sum()) > before

    def _run(self, kernel, *arguments) -> None:
        self._team.run(lambda share, a, b: kernel(a, b, *arguments), self.pieces)

    def _norm(self, x: np.ndarray) -> float:
        self._run(differences.square, x, self.scale, self._sums)
        return float(np.sqrt(self._sums.sum() / x.size))

    def _first_step(self) -> float:
        """Hairer, Norsett & Wanner 1993, II.4, for order 1."""
        self._rhs(self.t, self.D[0], self.f)
        self.scale[:] = 1.0 / (self.atol + self.rtol * np.abs(self.D[0]))
        d0, d1 = self._norm(self.D[0]), self._norm(self.f)
        h0 = 1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1
        h0 = min(h0, self.t1 - self.t)
        if not (np.isfinite(d1) and h0 > 0):
            return 0.0
        f1 = np.empty_like(self.f)
        self._rhs(self.t + h0, self.D[0] + h0 * self.f, f1)
        d2 = self._norm(f1 - self.f) / h0
        if not np.isfinite(d2):
            return 1e-3 * h0
        h1 = max(1e-6, 1e-3 * h0) if max(d1, d2) <= 1e-15 else (0.01 / max(d1, d2)) ** 0.5
        return min(100 * h0, h1, self.t1 - self.t)

    def _begin(self, h: float) -> None:
        """Start at order 1 from D[0] with its derivative in f."""
        self.h, self.order, self.equal = h, 1, 0
        self.D[1] = h * self.f
        self.D[2:] = 0.0
        self.current, self.c = False, None  # whether J is of this step, and what is factored

    def step(self, excursion) -> str:
        """One accepted step; a sentence when there is none. excursion(y): see Recorder; kept in `seen`."""
        self.current = False
        while True:
            if not self.h > 10 * np.spacing(abs(self.t)) + 1e-24 * self.span:  # NaN is too short as well
                return self._too_short()
            last = self.t + self.h >= self.t1 - 1e-12 * self.h
            if self.t + self.h > self.t1:
                self._resize((self.t1 - self.t) / self.h)
            t = self.t1 if last else self.t + self.h
            order = self.order
            weight = GAMMA / ALPHA[order]
            self._run(
                differences.predict, self.D, order, weight, self.rtol, self.atol, self.y, self.psi,
                self.scale, self.d,
            )  # fmt: skip
            converged, iterations = self._newton(t, self.h / ALPHA[order])
            if not converged:
                self.count["newton_failures"] += 1
                self._resize(0.5)
                self.current = False  # its J was taken at the end of a step that is no longer tried
                continue
            safety = 0.9 * (2 * NEWTON_ITERATIONS + 1) / (2 * NEWTON_ITERATIONS + iterations)
            error = ERROR[order] * self._norm(self.d)
            if error > 1:
                self.count["error_failures"] += 1
                self._resize(max(SHRINK_MOST, safety * error ** (-1 / (order + 1))))
                continue
            self.seen = excursion(self.y)
            # What begins below zero may come back in its own time.
            if (
                self.seen[0] > max(1.0, 2.0 * excursion(self.D[0])[0])
                and self.count["rejected"] < MAX_REJECTIONS
            ):
                # Error control knows no sign. First order and short steps keep it through whatever
                # just ran out.
                self.count["rejected"] += 1
                self._rhs(self.t, self.D[0], self.f)
                self._begin(0.1 * self.h)
                continue
            break
        self._run(differences.accept, self.D, order, self.d, self.scale, self._pairs)
        self.t = t
        self.equal += 1
        if self.equal > order:
            self._choose(order, error, safety)
        return ""

    def _newton(self, t: float, c: float) -> tuple[bool, int]:
        """Solve d = c f(t, y) - psi for y = prediction + d. A Jacobian that is not of this step gets a
        second chance with one that is."""
        before, rate = None, None
        for k in range(NEWTON_ITERATIONS):
            self._rhs(t, self.y, self.f)
            if k == 0:
                if self.c is None:
                    self._linearise(t)
                if self.c != c:
                    self.count["factorisations"] += 1
                    if not self.linear.factor(c):
                        self.count["singular"] += 1
                        self.trouble = f"I - gamma J is singular at gamma = {c:.3g} s; "
                        break
                    self.c, self.trouble = c, ""
            self.count["newton_iterations"] += 1
            self._run(differences.residual, c, self.f, self.psi, self.d, self.r)
            self.linear.solve(self.r, self.dy)
            self._run(differences.advance, self.dy, self.y, self.d, self.scale, self._sums)
            size = float(np.sqrt(self._sums.sum() / self.y.size))
            if before is not None:
                rate = size / before
            left = NEWTON_ITERATIONS - k
            if not np.isfinite(size) or self.unsolved:
                break
            if rate is not None and (rate >= 1 or rate**left / (1 - rate) * size > self.tolerance):
                break
            if size == 0 or (rate is not None and rate / (1 - rate) * size < self.tolerance):
                return True, k + 1
            before = size
        if not self.current:
            self._run(
                differences.predict, self.D, self.order, GAMMA / ALPHA[self.order], self.rtol, self.atol,
                self.y, self.psi, self.scale, self.d,
            )  # fmt: skip
            self._linearise(t)
            return self._newton(t, c)
        return False, NEWTON_ITERATIONS

    def _linearise(self, t: float) -> None:
        self.count["jacobians"] += 1
        self.linear.linearise(t, self.y)
        self.current, self.c = True, np.nan

    def _resize(self, factor: float) -> None:
        """Another step length: differences of the same polynomial at the new spacing."""
        self.h *= factor
        if factor != 1.0:
            M = _step_matrix(self.order, factor)
            self._team.run(
                lambda share, a, b: differences.rescale(a, b, self.D, self.order, M, self._work[share]),
                self.pieces,
            )
        self.equal = 0

    def _choose(self, order: int, error: float, safety: float) -> None:
        """Order and step by what orders -1, 0, +1 would have erred."""
        lower, higher = np.sqrt(self._pairs.sum(axis=0) / self.y.size)
        errors = [np.inf, error, np.inf]
        if order > 1:
            errors[0] = abs(ERROR[order - 1]) * float(lower)
        if order < MAX_ORDER:
            errors[2] = abs(ERROR[order + 1]) * float(higher)
        with np.errstate(divide="ignore"):
            factors = np.array(errors) ** (-1 / np.arange(order, order + 3))
        best = int(np.argmax(factors))
        self.order = order + best - 1
        self._resize(float(min(GROW_MOST, safety * factors[best])))

    def at(self, t: float) -> np.ndarray:
        """The solution within the last step [same shape as y]."""
        x = (t - self.t) / self.h
        weight = np.cumprod(np.hstack([1.0, (x + np.arange(self.order)) / np.arange(1, self.order + 1)]))
        out = np.empty(self.y.size)
        self._run(differences.interpolate, self.D, self.order, weight, out)
        return out

    def _too_short(self) -> str:
        s = self.system
        rate = np.abs(s.split(self.f)[0]) / s.scale
        whole = bool(np.isfinite(rate).all())
        rate[~np.isfinite(rate)] = np.inf
        i, k = np.unravel_index(int(np.argmax(rate)), rate.shape)
        name = s.model.species[k].name
        if not whole:
            return (
                f"the rate of {name} in cell {i} is not a finite number at t = {self.t:.6g} s; look for a "
                "division by zero or a root of something negative in the processes that change it."
            )
        return (
            f"the step fell below {self.h:.1e} s at t = {self.t:.6g} s; {self.trouble}in cell {i} {name} "
            "changes fastest. "
            f"Try a smaller rtol, or a larger scale for {name}."
        )


def _step_matrix(order: int, factor: float) -> np.ndarray:
    """M with D(new step) = M D(old step): Shampine & Reichelt 1997, section 2.2, (R U)^T."""

    def r(f):
        i, j = np.arange(1, order + 1)[:, None], np.arange(1, order + 1)
        m = np.zeros((order + 1, order + 1))
        m[1:, 1:] = (i - 1 - f * j) / i
        m[0] = 1
        return np.cumprod(m, axis=0)

    return (r(factor) @ r(1.0)).T
