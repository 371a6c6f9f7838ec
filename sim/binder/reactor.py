"""Reactions alone, cell by cell, over a stretch of time: what operator splitting needs of a system."""

from __future__ import annotations

import numpy as np

from sim.binder.cache import compiled_reactions
from sim.binder.elimination_order import Elimination
from sim.binder.rodas import Control
from sim.binder.system import System
from sim.model.words.names import TIME
from sim.simd.threads import Pool

STEPS, REJECTED, EVALUATIONS, STUCK = range(4)  # columns of Reactor.count


class Reactor:
    """advance(t0, t1, y, guess): y (n, s) by the reactions alone, error per step and cell below rtol, atol.

    order: an Elimination of all species. atol (n, s) [units of the species].
    count (blocks, 4): steps, rejected steps, evaluations, 1 where no step succeeded. The compiled
    entry is a module of its own, made when the first Reactor of a model is.
    """

    def __init__(self, system: System, order: Elimination, rtol: float, atol: np.ndarray):
        self.system, self.order, self.rtol = system, order, float(rtol)
        self.atol = np.ascontiguousarray(atol)
        self.count = np.zeros((system.n_blocks, 4), np.int64)
        self._module = compiled_reactions(system.model)
        model = system.model
        needed = {n for q in model.processes for n in q.needs} | {n for d in model.derived for n in d.needs}
        self._timed = TIME in needed
        self._pool = Pool(1, len(system.workspaces))

    def advance(self, t0: float, t1: float, y: np.ndarray, guess: np.ndarray) -> bool:
        """In place; False when a block found no step.

        guess (blocks,): the step to begin with, 0 for none; becomes what would have been right, for the
        next stretch that begins with such a transient. The system then knows the pore concentrations
        and the porosity at the end, as after an evaluation of its right-hand side.
        """
        s = self.system
        control = Control(self.rtol, self.atol, s.scale, self._timed, guess, self.count)

        def work(share: int, first: int, last: int) -> None:
            self._module.react(
                first, last, t0, t1, y, s.cells, control, s.stoichiometry, s.operations, self.order,
                s.workspaces[share],
            )  # fmt: skip

        self.count[:, STUCK] = 0
        self._pool.run(work, s.n_blocks)
        return not self.count[:, STUCK].any()
