"""Solvers: one right-hand side, several integrators, one way to call them."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sim.binder.system import System
from sim.errors import SolverError, nearest
from sim.solvers import cvode, ndf, rk, rkc, scipy_ivp, strang
from sim.solvers.steps.solution import STATUS, Solution

__all__ = ["DEFAULT", "SOLVERS", "STATUS", "Solution", "Solver", "solver"]

# GNU OpenMP's idle threads spin by default; where another process wants the core (a second worker, a
# browser) each parallel region then lasts milliseconds. Read when that library is loaded, at the first.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


@dataclass(frozen=True)
class Solver:
    """An integrator and what it is good for.

    order: its order of convergence in the step, `step=` of solve fixing that; None when it varies order
        and step itself.
    prepare: compiles, outside any clock, what it will need for a system
    """

    name: str
    solve: Callable[..., Solution]
    order: int | None
    description: str
    prepare: Callable[[System], None] | None = None


SOLVERS: dict[str, Solver] = {
    "cvode": Solver(
        "cvode", cvode.solve, None, "SUNDIALS CVODE, BDF 1-5, Newton-GMRES, block preconditioner"
    ),
    "ndf": Solver(
        "ndf", ndf.solve, None, "differentiation formulas 1-5, Newton, block Thomas or multigrid", ndf.prepare
    ),
    "bdf": Solver("bdf", partial(scipy_ivp.solve, method="BDF"), None, "SciPy BDF 1-5, sparse LU"),
    "radau": Solver("radau", partial(scipy_ivp.solve, method="Radau"), None, "SciPy Radau IIA 5, sparse LU"),
    "lsoda": Solver(
        "lsoda", partial(scipy_ivp.solve, method="LSODA"), None, "SciPy LSODA, dense: small, brief problems"
    ),
    "rk": Solver("rk", rk.solve, rk.ORDER, "explicit Runge-Kutta 5(4): what is not stiff"),
    "rkc": Solver("rkc", rkc.solve, rkc.ORDER, "Runge-Kutta-Chebyshev: fine grids, mild reactions"),
    "strang": Solver(
        "strang", strang.solve, strang.ORDER, "splitting: Rodas3 in every cell, implicit diffusion"
    ),
}

DEFAULT = "ndf"


def solver(name: str) -> Solver:
    """The solver called `name`."""
    if name not in SOLVERS:
        raise SolverError(
            f"no solver is called '{name}'; there are {', '.join(SOLVERS)}.{nearest(name, SOLVERS)}"
        )
    return SOLVERS[name]
