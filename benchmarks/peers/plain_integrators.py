"""What a user would otherwise call: CVODE and SciPy's BDF as they come, on the same right-hand side."""

from __future__ import annotations

import numpy as np

from sim.solvers import Task
from sim.solvers.steps.solution import Recorder, Solution


def unpreconditioned(task: Task) -> Solution:
    """CVODE as it comes: BDF, Newton, GMRES without a preconditioner."""
    from sksundae.cvode import CVODE

    system, t1, record = task.system, task.t1, Recorder(task)
    count, state = [0], np.empty(system.size)

    def rhs(t, y, dy):
        count[0] += 1
        state[:] = y
        system.rhs(t, state, dy)

    integrator = CVODE(
        rhs, method="BDF", rtol=task.rtol, atol=task.atol_of_mean, linsolver="gmres", krylov_dim=30
    )
    t, y, status, message = task.t0, np.array(task.y0, float), "finished", ""
    try:
        integrator.init_step(t, y)
        while t < t1:
            out = integrator.step(t1, method="onestep", tstop=t1)
            if not out.success:
                status, message = "failed", str(out.message)
                break
            t, y = float(out.t), np.array(out.y)
            record.step(t, y)
    except KeyboardInterrupt:
        status = "interrupted"
    return record.solution(t, y, status, message, rhs=count[0])


def differenced(task: Task) -> Solution:
    """SciPy's BDF as a user would call it: the pattern of the Jacobian, grouped differences, sparse LU.

    The solver "bdf" gets our derivatives instead, which spares it most of its work.
    """
    from scipy import integrate

    from sim.solvers.linear.elimination import FrozenTransport
    from sim.solvers.linear.newton_matrix import LinearSystem

    system, record, linear = task.system, Recorder(task), LinearSystem(task.system)
    linear.slopes[:] = 1.0
    linear.transport = FrozenTransport(*system.couplings())
    pattern = linear.sparse() != 0

    def rhs(t, y):
        dy = np.empty_like(y)
        system.rhs(t, np.array(y), dy)
        return dy

    integrator = integrate.BDF(
        rhs,
        task.t0,
        np.array(task.y0, float),
        task.t1,
        rtol=task.rtol,
        atol=task.atol_of_mean,
        jac_sparsity=pattern,
    )
    integrator.D[2:] = 0.0  # SciPy subtracts from these rows before it has filled them
    status, message = "finished", ""
    try:
        while integrator.status == "running":
            reason = integrator.step()
            record.step(integrator.t, integrator.y)
    except KeyboardInterrupt:
        status = "interrupted"
    if integrator.status == "failed":
        status, message = "failed", f"SciPy BDF stopped at t = {integrator.t:.3g} s: {reason}"
    return record.solution(
        integrator.t, integrator.y, status, message, rhs=integrator.nfev, jacobians=integrator.njev,
        factorisations=integrator.nlu,
    )  # fmt: skip
