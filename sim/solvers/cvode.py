"""SUNDIALS CVODE: variable-order BDF, Newton-GMRES, our preconditioner (the default solver)."""

from __future__ import annotations

import numpy as np

from sim.binder.system import System
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps.solution import STATUS, Progress, Recorder, Solution, per_cell, unsolved

# Steps that fell below zero by more than the absolute tolerance and were done again, at most.
MAX_REJECTIONS = 100
MOST_STILL = 3  # steps after another that are too short for the clock to move


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
    """Integrate from t0 to t1 [s], output at t_eval.

    GMRES works on differences of the right-hand side, so Newton's matrix is always that of the
    present state; the preconditioner keeps a frozen J, solved exactly on a line of cells and by
    sparse LU elsewhere. (Multiplying with the frozen J instead saves right-hand sides and costs
    half as many steps again.)
    A step that falls below zero by more than atol is done again from the state before it; how
    often is in the statistics ("rejected"). Where the chemistry was not solved in some cell the
    right-hand side is no number, which Newton's iteration does not survive: CVODE then repeats the
    step at a quarter of its length ("unsolved" counts such evaluations). Its binding ignores what a
    right-hand side returns, so that a recoverable error cannot be told in another way.
    """
    from sksundae.cvode import CVODE, CVODEPrecond

    linear = LinearSystem(system)
    count = {
        "rhs": 0, "jacobians": 0, "factorisations": 0, "linear_solves": 0, "rejected": 0,
        "unsolved": 0,
    }  # fmt: skip
    record = Recorder(system, t_eval, atol, progress)

    # CVODE's arrays are read-only, which to numba is another type: it would compile all again.
    state = np.empty(system.size)
    trouble = {"rhs": "", "jacobian": ""}  # where the chemistry was not solved, in this step

    def rhs(t, y, dy):
        count["rhs"] += 1
        state[:] = y
        before = system.failures.copy()
        system.rhs(t, state, dy)
        where = unsolved(system, before)
        if where:
            trouble["rhs"] = where
            if count["rhs"] == 1:
                raise ArithmeticError(f"{where} has no solution in the state that the run starts from")
            count["unsolved"] += 1
            dy[:] = np.nan

    def setup(t, y, dy, jok, jnew, gamma):
        jnew[0] = 0 if jok and count["jacobians"] and not trouble["jacobian"] else 1
        if jnew[0]:
            count["jacobians"] += 1
            state[:] = y
            before = system.failures.copy()
            linear.linearise(t, state)
            trouble["jacobian"] = unsolved(system, before)
        if trouble["jacobian"]:  # there is no right-hand side here either: the step fails by that
            return
        count["factorisations"] += 1
        if not linear.factor(gamma):
            raise ArithmeticError(f"I - gamma J is singular at gamma = {gamma:.3g} s")

    def precondition(t, y, dy, r, z, gamma, delta, side):
        count["linear_solves"] += 1
        if trouble["jacobian"]:
            z[:] = r
        else:
            linear.solve(r, z)

    integrator = CVODE(
        rhs, method="BDF", rtol=rtol, atol=per_cell(system, atol), linsolver="gmres",
        krylov_dim=10, max_nonlin_iters=6,
        precond=CVODEPrecond(setup, precondition),
    )  # fmt: skip
    t, y, status, message = t0, np.array(y0, float), "finished", ""
    pending, interpolated, still = list(t_eval), False, 0
    while pending and pending[0] <= t0:
        record.keep(pending.pop(0), y)
    try:
        integrator.init_step(t0, y)
        while t < t1:
            if record.steps >= max_steps:
                status, message = "failed", too_many(max_steps, t, t1)
                break
            out = integrator.step(t1, method="onestep", tstop=t1)
            if not out.success:
                status, message = "failed", _sentence(out.message, system, t, y, trouble["rhs"])
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
            if not interpolated:  # else CVODE returns the step it has already made
                record.step(t, y)
            interpolated = bool(pending) and pending[0] < t
            while pending and pending[0] < t:
                record.keep(pending[0], integrator.step(pending.pop(0), tstop=t1).y)
            while pending and pending[0] <= t:
                record.keep(pending.pop(0), y)
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    except ArithmeticError as e:
        status, message = "failed", f"{STATUS['failed']} At t = {t:.6g} s: {e}."
    return record.solution(t, y, status, message, **count)


def too_many(limit: int, t: float, t1: float) -> str:
    """What to say when `limit` steps did not reach the end t1 [s]."""
    return (
        f"{limit} steps were not enough: t = {t:.4g} s of {t1:.4g} s was reached. "
        "Raise max_steps, or loosen rtol."
    )


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
