"""SciPy's integrators on the same right-hand side: independent judges of small problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps.solution import STATUS, Recorder, Solution
from sim.solvers.steps.task import Task

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse import csc_array


def solve(task: Task, method: str) -> Solution:
    """Integrate a task with scipy.integrate's `method`: "BDF" and "Radau" get the sparse Jacobian, "LSODA"
    a dense one by its own differences.

    SciPy gets the state in units of the scales, for its elimination does not scale: numbers of crystals
    (1e17) round into amounts of 1e-3, which stopped BDF. The units are powers of 2: nothing is rounded.
    Fails with a sentence where SciPy does; outputs are SciPy's interpolants.
    Source: Shampine & Reichelt 1997 (BDF), Hairer & Wanner 1996, IV.8 (Radau IIA 5), Petzold 1983 (LSODA).
    """
    from scipy import integrate

    system, linear, record = task.system, LinearSystem(task.system, pores=True), Recorder(task)
    unit = np.exp2(np.round(np.log2(system.tolerances(1.0))))

    def rhs(t: float, x: np.ndarray) -> np.ndarray:
        dy = np.empty_like(x)
        system.rhs(t, x * unit, dy)
        return dy / unit

    def jacobian(t: float, x: np.ndarray) -> csc_array:
        linear.linearise(t, x * unit)
        J = linear.sparse().tocsc()
        J.data *= np.repeat(unit, np.diff(J.indptr)) / unit[J.indices]
        return J

    options = {} if method == "LSODA" else {"jac": jacobian}
    integrator = getattr(integrate, method)(
        rhs,
        task.t0,
        task.y0 / unit,
        task.stop(task.t0),
        rtol=task.rtol,
        atol=task.atol_of_mean / unit,
        **options,
    )
    if method == "BDF":  # SciPy subtracts from these rows before it has filled them
        integrator.D[2:] = 0.0
    status, message = "finished", ""
    record.reach(task.t0, lambda t: integrator.y * unit)
    try:
        while _goes_on(integrator, task):
            if record.steps >= task.max_steps:
                status, message = "failed", task.too_many_steps(integrator.t)
                break
            reason = integrator.step()
            if integrator.status == "failed":
                status = "failed"
                message = f"SciPy {method} stopped at t = {integrator.t:.6g} s: {reason}"
                break
            if record.next_output <= integrator.t:
                record.reach(integrator.t, _in_units(integrator.dense_output(), unit))
            record.step(integrator.t, integrator.y * unit)
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    return record.solution(
        integrator.t, integrator.y * unit, status, message,
        rhs=integrator.nfev, jacobians=integrator.njev, factorisations=integrator.nlu,
    )  # fmt: skip


def _goes_on(integrator: Any, task: Task) -> bool:
    """Whether there is more to do. At a turn the bound of its steps moves on, and its history stays."""
    if integrator.status == "finished" and integrator.t < task.t1:
        integrator.t_bound = task.stop(integrator.t)
        integrator.status = "running"
        if hasattr(integrator, "_lsoda_solver"):  # which keeps a copy
            integrator._lsoda_solver._integrator.rwork[0] = integrator.t_bound
    return bool(integrator.status == "running")


def _in_units(of: Callable[[float], np.ndarray], unit: np.ndarray) -> Callable[[float], np.ndarray]:
    return lambda t: of(t) * unit
