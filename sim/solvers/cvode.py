"""SUNDIALS CVODE: variable-order BDF, Newton-GMRES, our preconditioner.

Source: Hindmarsh et al. 2005 (SUNDIALS, ACM Trans. Math. Softw. 31:363).
"""

from __future__ import annotations

import numpy as np

from sim.binder.system import System
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps.solution import STATUS, Recorder, Solution, where_unsolved
from sim.solvers.steps.task import Task

# Steps that fell below zero by more than the absolute tolerance and were done again, at most.
MAX_REJECTIONS = 100
MAX_RESTARTS = 20
MOST_STILL = 3  # steps after another that are too short for the clock to move


class _Equations:
    """What CVODE calls: right-hand side, set-up and solve of the preconditioner.

    trouble: in words, where the chemistry was not solved in this step, by whom
    """

    def __init__(self, system: System):
        self.system, self.linear = system, LinearSystem(system)
        self.count = {
            "rhs": 0, "jacobians": 0, "factorisations": 0, "linear_solves": 0, "rejected": 0,
            "unsolved": 0, "singular": 0, "restarts": 0,
        }  # fmt: skip
        # CVODE's arrays are read-only, which to numba is another type: it would compile all again.
        self._state = np.empty(system.size)
        self.trouble = {"rhs": "", "jacobian": ""}
        self.gamma_singular = 0.0  # of the last set-up [s], where I - gamma J could not be factored; else 0

    def rhs(self, t: float, y: np.ndarray, dy: np.ndarray) -> None:
        """The right-hand side; no number where the chemistry was not solved."""
        self.count["rhs"] += 1
        self._state[:] = y
        before = self.system.failures.copy()
        self.system.rhs(t, self._state, dy)
        where = where_unsolved(self.system, before)
        if where:
            self.trouble["rhs"] = where
            if self.count["rhs"] == 1:
                raise ArithmeticError(f"{where} has no solution in the state that the run starts from")
            self.count["unsolved"] += 1
            dy[:] = np.nan

    def setup(self, t, y, dy, jok, jnew, gamma) -> None:
        """Renew J where CVODE asks for it, and factor I - gamma J."""
        jnew[0] = 0 if jok and self.count["jacobians"] and not self.trouble["jacobian"] else 1
        if jnew[0]:
            self.count["jacobians"] += 1
            self._state[:] = y
            before = self.system.failures.copy()
            self.linear.linearise(t, self._state)
            self.trouble["jacobian"] = where_unsolved(self.system, before)
        if self.trouble["jacobian"]:  # there is no right-hand side here either: the step fails by that
            return
        self.count["factorisations"] += 1
        self.gamma_singular = 0.0
        if not self.linear.factor(gamma):
            self.gamma_singular = gamma
            self.count["singular"] += 1

    def precondition(self, t, y, dy, r, z, gamma, delta, side) -> None:
        """z = (I - gamma J)^-1 r with the frozen J."""
        self.count["linear_solves"] += 1
        if self.trouble["jacobian"] or self.gamma_singular:
            z[:] = r  # without a preconditioner: where GMRES does not converge so, CVODE shortens the step
        else:
            self.linear.solve(r, z)

    def reason(self, message: str) -> str:
        """Why CVODE stopped, in its words, and what it does not know."""
        if not self.gamma_singular:
            return message
        return f"{message} I - gamma J was singular at gamma = {self.gamma_singular:.3g} s."


def solve(task: Task) -> Solution:
    """Integrate a task by CVODE.

    GMRES works on differences of the right-hand side, so Newton's matrix is always that of the
    present state; the preconditioner keeps a frozen J, solved exactly on a line of cells and by
    sparse LU or multigrid elsewhere. (Multiplying with the frozen J instead saves right-hand sides and
    costs half as many steps again.)
    A step that falls below zero by more than atol is done again from the state before it; how
    often is in the statistics ("rejected"). Where the chemistry was not solved in some cell the
    right-hand side is no number, which Newton's iteration does not survive: CVODE then repeats the
    step at a quarter of its length ("unsolved" counts such evaluations). Its binding ignores what a
    right-hand side returns, so that a recoverable error cannot be told in another way. Where I - gamma J
    is singular (pores that nearly close) the step is tried without a preconditioner, and shortened where
    that does not converge; the next has another gamma ("singular" counts the set-ups). Where error tests
    fail again and again it begins anew at first order from the last good state, 20 times at most
    ("restarts").
    """
    from sksundae.cvode import CVODE, CVODEPrecond

    system, t1, record = task.system, task.t1, Recorder(task)
    equations = _Equations(system)
    count, trouble = equations.count, equations.trouble
    integrator = CVODE(
        equations.rhs, method="BDF", rtol=task.rtol, atol=task.atol_of_mean, linsolver="gmres",
        krylov_dim=10, max_nonlin_iters=6,
        precond=CVODEPrecond(equations.setup, equations.precondition),
    )  # fmt: skip
    t, y, status, message = task.t0, np.array(task.y0, float), "finished", ""
    interpolated, still, stop = False, 0, t1

    def at(time: float) -> np.ndarray:
        return integrator.step(time, tstop=stop).y if time < t else y

    record.reach(t, lambda _: y)
    try:
        integrator.init_step(t, y)
        while t < t1:
            if record.steps >= task.max_steps:
                status, message = "failed", task.too_many_steps(t)
                break
            stop = task.stop(t)
            out = integrator.step(stop, method="onestep", tstop=stop)
            if not out.success and "Error tests failed" in out.message and count["restarts"] < MAX_RESTARTS:
                # Its history of high order does not fit what comes now: begin anew at first order.
                count["restarts"] += 1
                integrator.init_step(t, y)
                continue
            if not out.success:
                status, message = (
                    "failed",
                    _sentence(equations.reason(out.message), system, t, y, trouble["rhs"]),
                )
                break
            below = 0.0 if interpolated else record.lowest(out.y)[0]
            if below > 1.0 and count["rejected"] < MAX_REJECTIONS:
                # Error control knows no sign. Starting again from the last good state takes first
                # order and short steps, which keep it, through whatever just ran out.
                count["rejected"] += 1
                integrator.init_step(t, y)
                continue
            if interpolated or out.t - t > 10 * np.spacing(t):
                still, trouble["rhs"] = 0, ""
            else:
                still += 1
            t, y = float(out.t), np.array(out.y)
            if still == MOST_STILL and trouble["rhs"]:
                status, message = "failed", _sentence("", system, t, y, trouble["rhs"])
                break
            known = interpolated  # then CVODE has returned the step that it had already made
            interpolated = record.next_output < t
            record.reach(t, at)
            if not known:
                record.step(t, y)
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    except ArithmeticError as e:
        status, message = "failed", f"{STATUS['failed']} At t = {t:.6g} s: {e}."
    return record.solution(t, y, status, message, **count)


def _sentence(reason: str, system: System, t: float, y: np.ndarray, where: str) -> str:
    if where:
        return (
            f"CVODE stopped at t = {t:.6g} s: {where} was not solved, however short the step. Look for "
            "amounts that run away there; a smaller rtol may keep them."
        )
    dy = np.zeros_like(y)
    system.rhs(t, y, dy)
    rate = np.abs(system.split(dy)[0]) / system.scale
    rate[~np.isfinite(rate)] = np.inf
    i, k = np.unravel_index(int(np.argmax(rate)), rate.shape)
    name = system.model.species[k].name
    return (
        f"CVODE stopped at t = {t:.6g} s: {reason} In cell {i} {name} changes fastest; try "
        f"solver='bdf', a smaller rtol, or a larger scale for {name}."
    )
