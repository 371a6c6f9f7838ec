"""What a user would otherwise call: CVODE and SciPy's BDF as they come, on the same right-hand side."""

from __future__ import annotations

import numpy as np

from sim.solvers.steps.solution import Recorder, per_cell


def unpreconditioned(system, t0, t1, y0, t_eval, rtol, atol, progress=None, max_steps=200_000):
    """CVODE as it comes: BDF, Newton, GMRES without a preconditioner."""
    from sksundae.cvode import CVODE

    count, record, state = [0], Recorder(system, t_eval, atol, progress), np.empty(system.size)

    def rhs(t, y, dy):
        count[0] += 1
        state[:] = y
        system.rhs(t, state, dy)

    integrator = CVODE(
        rhs, method="BDF", rtol=rtol, atol=per_cell(system, atol), linsolver="gmres", krylov_dim=30
    )
    t, y, status, message = t0, np.array(y0, float), "finished", ""
    try:
        integrator.init_step(t0, y)
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


def differenced(system, t0, t1, y0, t_eval, rtol, atol, progress=None, max_steps=200_000):
    """SciPy's BDF as a user would call it: the pattern of the Jacobian, grouped differences, sparse LU.

    The solver "bdf" gets our derivatives instead, which spares it most of its work.
    """
    from scipy import integrate

    from sim.solvers.linear.newton_matrix import LinearSystem

    record, linear = Recorder(system, t_eval, atol, progress), LinearSystem(system)
    linear.slopes[:] = 1.0
    linear.conductance, linear.loss, linear.porosity = system.couplings()
    pattern = linear.sparse() != 0

    def rhs(t, y):
        dy = np.empty_like(y)
        system.rhs(t, np.array(y), dy)
        return dy

    integrator = integrate.BDF(
        rhs, t0, np.array(y0, float), t1, rtol=rtol, atol=per_cell(system, atol), jac_sparsity=pattern
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
