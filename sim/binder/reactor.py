"""Reactions alone, cell by cell, over a stretch of time: what operator splitting needs of a system."""

from __future__ import annotations

import numpy as np

from sim.binder.cache import reactions
from sim.binder.system import System
from sim.model.model import TIME
from sim.simd.threads import Team

STEPS, REJECTED, EVALUATIONS, STUCK = range(4)  # columns of Reactor.count


class Reactor:
    """advance(t0, t1, y, guess): y (n, s) by the reactions alone, error per step and cell below rtol, atol.

    programme: an Elimination of all species (see sim.binder.elimination_order). atol (n, s).
    count (blocks, 4): steps, rejected steps, evaluations, 1 where no step succeeded. The compiled
    entry is a module of its own, made when the first Reactor of a model is.
    """

    def __init__(self, system: System, programme, rtol: float, atol: np.ndarray):
        self.system, self.programme, self.rtol = system, programme, float(rtol)
        self.atol = np.ascontiguousarray(atol)
        self.count = np.zeros((system.n_blocks, 4), np.int64)
        self._module = reactions(system.model)
        self._timed = any(TIME in q.needs for q in (*system.model.processes, *system.model.derived))
        self._team = Team(1, len(system._work))

    def advance(self, t0: float, t1: float, y: np.ndarray, guess: np.ndarray) -> bool:
        """In place; False when a block found no step.

        guess (blocks,): the step to begin with, 0 for none; becomes what would have been right, for the
        next stretch that begins with such a transient. The system then knows the pore concentrations
        and the porosity at the end, as after an evaluation of its right-hand side.
        """
        s, o = self.system, self.programme
        p = s.programme
        programme = (p.partial, p.pores, p.kernels, p.target, p.factor, p.source, p.first, p.process.size)
        elimination = (o.n_entries, o.ones, o.assemble, o.factor, o.forward, o.backward)

        def work(share: int, first: int, last: int):
            V, D, G, rates, *extra = s._work[share]
            self._module.react(
                first, last, t0, t1, y, s.fields, s.p, s.memory, s.failures, s._c, s._porosity,
                self.rtol, self.atol, guess, self.count, s.row, s.column, s.value, *programme,
                s.scale, self._timed, *elimination, V, D, G, rates, *extra,
            )  # fmt: skip

        self.count[:, STUCK] = 0
        self._team.run(work, s.n_blocks)
        return not self.count[:, STUCK].any()
