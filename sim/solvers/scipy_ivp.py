"""SciPy's integrators on the same right-hand side: independent judges of small problems."""

from __future__ import annotations

import numpy as np

from sim.binder.system import System
from sim.solvers.linear.newton_matrix import LinearSystem
from sim.solvers.steps.solution import STATUS, Progress, Recorder, Solution, per_cell


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
    method: str,
) -> Solution:
    """Integrate with scipy.integrate's `method`: "BDF" and "Radau" get the sparse Jacobian,
    "LSODA" a dense one by its own differences."""
    from scipy import integrate

    linear = LinearSystem(system)
    record = Recorder(system, t_eval, atol, progress)

    def rhs(t, y):
        dy = np.empty_like(y)
        system.rhs(t, y, dy)
        return dy

    def jacobian(t, y):
        linear.linearise(t, y)
        return linear.sparse().tocsc()

    options = {} if method == "LSODA" else {"jac": jacobian}
    integrator = getattr(integrate, method)(
        rhs, t0, np.array(y0, float), t1, rtol=rtol, atol=per_cell(system, atol), **options
    )
    if method == "BDF":  # SciPy subtracts from these rows before it has filled them
        integrator.D[2:] = 0.0
    status, message = "finished", ""
    pending = list(t_eval)
    while pending and pending[0] <= t0:
        record.keep(pending.pop(0), integrator.y)
    try:
        while integrator.status == "running":
            if record.steps >= max_steps:
                status, message = "failed", f"{max_steps} steps were not enough; raise max_steps."
                break
            reason = integrator.step()
            if integrator.status == "failed":
                status = "failed"
                message = f"SciPy {method} stopped at t = {integrator.t:.6g} s: {reason}"
                break
            record.step(integrator.t, integrator.y)
            if pending and pending[0] <= integrator.t:
                dense = integrator.dense_output()
                while pending and pending[0] <= integrator.t:
                    record.keep(pending[0], dense(pending.pop(0)))
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    return record.solution(
        integrator.t, integrator.y, status, message,
        rhs=integrator.nfev, jacobians=integrator.njev, factorisations=integrator.nlu,
    )  # fmt: skip
