"""SciPy's integrators on the same right-hand side: independent judges of small problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps.solution import STATUS, Recorder, Solution
from sim.solvers.steps.task import Task

if TYPE_CHECKING:
    from scipy.sparse import csc_array


def solve(task: Task, method: str) -> Solution:
    """Integrate a task with scipy.integrate's `method`: "BDF" and "Radau" get the sparse Jacobian, "LSODA"
    a dense one by its own differences.

    Fails with a sentence where SciPy does; outputs are SciPy's interpolants.
    Source: Shampine & Reichelt 1997 (BDF), Hairer & Wanner 1996, IV.8 (Radau IIA 5), Petzold 1983 (LSODA).
    """
    from scipy import integrate

    system, linear, record = task.system, LinearSystem(task.system), Recorder(task)

    def rhs(t: float, y: np.ndarray) -> np.ndarray:
        dy = np.empty_like(y)
        system.rhs(t, y, dy)
        return dy

    def jacobian(t: float, y: np.ndarray) -> csc_array:
        linear.linearise(t, y)
        return linear.sparse().tocsc()

    options = {} if method == "LSODA" else {"jac": jacobian}
    integrator = getattr(integrate, method)(
        rhs, task.t0, np.array(task.y0, float), task.t1, rtol=task.rtol, atol=task.atol_of_mean, **options
    )
    if method == "BDF":  # SciPy subtracts from these rows before it has filled them
        integrator.D[2:] = 0.0
    status, message = "finished", ""
    record.reach(task.t0, lambda t: integrator.y)
    try:
        while integrator.status == "running":
            if record.steps >= task.max_steps:
                status, message = "failed", task.too_many_steps(integrator.t)
                break
            reason = integrator.step()
            if integrator.status == "failed":
                status = "failed"
                message = f"SciPy {method} stopped at t = {integrator.t:.6g} s: {reason}"
                break
            record.step(integrator.t, integrator.y)
            if record.next_output <= integrator.t:
                record.reach(integrator.t, integrator.dense_output())
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    return record.solution(
        integrator.t, integrator.y, status, message,
        rhs=integrator.nfev, jacobians=integrator.njev, factorisations=integrator.nlu,
    )  # fmt: skip
