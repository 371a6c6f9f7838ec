"""What a row of SOLVERS says: how a solver is called, what it is good for, what it keeps in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sim.binder.system import System
from sim.solvers.steps.solution import Solution
from sim.solvers.steps.task import Task


@dataclass(frozen=True)
class Held:
    """What a solver keeps during a run, from which its memory is forecast.

    vectors: whole states, its own and those passed between it and us
    linear: whether it keeps derivatives, factors of cells and what couples them
    of_planes: vectors on planes and boxes, where it works there by chunks of cells and keeps no derivatives;
        0 where it does not
    sparse: times that many entries of a sparse matrix
    factors: which unknowns a sparse LU has in two or three dimensions: "", "mobile" or "all"
    copies: of those factors at once (a new one is made before the old one goes)
    dense: whole matrices over all unknowns
    """

    vectors: int
    linear: bool = False
    of_planes: int = 0
    sparse: int = 0
    factors: Literal["", "mobile", "all"] = ""
    copies: int = 0
    dense: int = 0


@dataclass(frozen=True)
class Solver:
    """An integrator and what it is good for. All that the package knows of it, its tests included.

    solve: a function of a Task that returns a Solution; it raises nothing for what a run may meet, but
        says in the status and message of the Solution how it ended
    description: a line for people, without the name
    memory: see Held
    order: its order of convergence in the step, which Task.step then fixes; None when it varies order and
        step itself
    stiff: whether it takes reactions as stiff as those of the named scenarios
    planes: whether planes and boxes of many cells are within its reach
    brief: whether it is for small problems over seconds only
    prepare: compiles, outside any clock, what it will need for a system
    """

    name: str
    solve: Callable[[Task], Solution]
    description: str
    memory: Held
    order: int | None = None
    stiff: bool = True
    planes: bool = True
    brief: bool = False
    prepare: Callable[[System], None] | None = None
