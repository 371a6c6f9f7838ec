"""Solvers: one right-hand side, several integrators, one way to call them."""

from __future__ import annotations

from functools import partial

from sim.errors import SolverError, nearest, shown
from sim.solvers import cvode, ndf, rk, rkc, scipy_ivp, strang
from sim.solvers.row import Held, Solver
from sim.solvers.steps.solution import STATUS, Solution
from sim.solvers.steps.task import Task

__all__ = ["DEFAULT", "SOLVERS", "STATUS", "Held", "Solution", "Solver", "Task", "solver"]

SOLVERS: dict[str, Solver] = {
    row.name: row
    for row in (
        Solver(
            "ndf", ndf.solve, "differentiation formulas 1-5, Newton, block Thomas or multigrid",
            # 8 differences and 7 of its own; on planes 2 of its own, both ends and the tolerances
            Held(vectors=15, linear=True, of_planes=13),
            prepare=ndf.prepare,
        ),
        Solver(
            "cvode", cvode.solve, "SUNDIALS CVODE, BDF 1-5, Newton-GMRES, block preconditioner",
            # 7 Nordsieck vectors, 7 of its own, 3 of Newton's method, 11 Krylov vectors and 4 beside them,
            # 5 of ours
            Held(vectors=37, linear=True),
        ),
        Solver(
            "bdf", partial(scipy_ivp.solve, method="BDF"), "SciPy BDF 1-5, sparse LU",
            Held(vectors=20, linear=True, sparse=6, factors="all", copies=2),  # 8 differences, 12 others
            planes=False,
        ),
        Solver(
            "radau", partial(scipy_ivp.solve, method="Radau"), "SciPy Radau IIA 5, sparse LU",
            # 3 stages and their factors, one real, one complex (as two real ones); has not been measured
            Held(vectors=30, linear=True, sparse=8, factors="all", copies=4),
            planes=False,
        ),
        Solver(
            "lsoda", partial(scipy_ivp.solve, method="LSODA"), "SciPy LSODA, dense: small, brief problems",
            Held(vectors=12, linear=True, dense=1),
            planes=False, brief=True,
        ),
        Solver(
            "rk", rk.solve, "explicit Runge-Kutta 5(4): what is not stiff",
            Held(vectors=13),  # 7 stages and its own
            order=rk.ORDER, stiff=False,
        ),
        Solver(
            "rkc", rkc.solve, "Runge-Kutta-Chebyshev: fine grids, mild reactions",
            Held(vectors=11),  # both ends of a step and its own
            order=rkc.ORDER, stiff=False,
        ),
        Solver(
            "strang", strang.solve, "splitting: Rodas3 in every cell, implicit diffusion",
            Held(vectors=8, linear=True),
            order=strang.ORDER,
        ),
    )
}  # fmt: skip

DEFAULT = "ndf"


def solver(name: str) -> Solver:
    """The solver called `name`."""
    if not isinstance(name, str) or name not in SOLVERS:
        raise SolverError(
            f"no solver is called {shown(name)}; there are {', '.join(SOLVERS)}.{nearest(name, SOLVERS)}"
        )
    return SOLVERS[name]
