"""Reactions alone, cell by cell, over a stretch of time: what operator splitting needs of a system."""

from __future__ import annotations

import numpy as np

from sim.binder.records import NONE
from sim.binder.system import System
from sim.model.words.names import TIME
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
from sim.solvers.linear.elimination import inside_cells
from sim.solvers.reactions.rodas import STAGES, STUCK, Control, GroupWork, Reacting, react


class Reactor:
    """advance(t0, t1, y, guess): y (n, s) by the reactions alone, error per step and cell below rtol, atol.

    atol (n, s) [units of the species]
    count (groups, 4): steps, rejected steps, evaluations, 1 where no step succeeded
    """

    def __init__(self, system: System, rtol: float, atol: np.ndarray):
        self.system, self.rtol, self.atol = system, float(rtol), np.ascontiguousarray(atol)
        self.count = np.zeros((system.n_groups, 4), np.int64)
        model = system.model
        needed = {n for q in model.processes for n in q.needs} | {n for d in model.derived for n in d.needs}
        self._timed = TIME in needed
        inside, units, kept, *_ = inside_cells(system, np.zeros(0, np.int64))
        shape, groups = (system.n_cells, system.n_species), system.n_groups
        u, z, f0, ft, f, solved = (np.zeros(shape) for _ in range(6))
        self._reacting = Reacting(
            system.stages, system.stages_of_slopes, system.cells, inside,
            units, u, z, f0, ft, f, solved,
            np.zeros((STAGES, *shape)), np.zeros((groups, system.operations.process.size, WIDTH)),
            np.zeros((groups, kept, WIDTH)), np.zeros((system.n_cells, 0)), NONE,
        )  # fmt: skip
        self._pool = Pool(1, len(system.workspaces))

    def advance(self, t0: float, t1: float, y: np.ndarray, guess: np.ndarray) -> bool:
        """In place; False when a group found no step.

        guess (groups,): the step to begin with, 0 for none; becomes what would have been right, for the
        next stretch that begins with such a transient. The system then knows the pore concentrations
        and the porosity at the end, as after an evaluation of its right-hand side.
        """
        s = self.system
        if guess.shape != (s.n_groups,) or y.shape != (s.n_cells, s.n_species):
            raise ValueError(
                f"y {y.shape} and guess {guess.shape} must be of {s.n_cells} cells in {s.n_groups} groups."
            )
        control = Control(self.rtol, self.atol, self._timed, guess, self.count)

        def work(share: int, first: int, last: int) -> None:
            own = GroupWork(s.workspaces[share], np.zeros(1))
            react(first, last, t0, t1, y, control, self._reacting, own)

        self.count[:, STUCK] = 0
        self._pool.run(work, s.n_groups)
        s.raise_again()
        return not self.count[:, STUCK].any()
