"""When is a solver stopped, and what may be said of it then? Limits, and how work is spread over a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

HOPELESS = 3.0  # limits


@dataclass(frozen=True)
class Allowance:
    """Processor time [s] that a solver gets on a problem.

    limit: for one run    trial: after which a run that would need more than HOPELESS limits is given up
    budget: for all runs of a solver; no tighter tolerance is begun when it is spent
    patient: {solver: its own limit, without a trial}, so that its bound is as large as can be afforded
    """

    limit: float
    trial: float
    budget: float
    patient: dict[str, float] = field(default_factory=dict)

    def watch(self, name: str, work: Work | None) -> Watch:
        """What watches one run of the solver `name`."""
        if name in self.patient:
            return Watch(self.patient[name], float("inf"), work)
        return Watch(self.limit, self.trial, work)


class Work:
    """How the processor time of a finished run was spread over the time simulated.

    The first transients take most of the steps: half of the work may lie in the first hundredth of
    a run, so shares of time would make a stopped run look far worse than it was.

    path: (t [s], processor time [s]) of every step; one point spreads the work evenly.
    factorisations: of the finished run, where it counts them
    """

    def __init__(self, path: Sequence[tuple[float, float]], factorisations: int | None = None) -> None:
        self.factorisations = factorisations
        self.t = np.array([t for t, _ in path])
        self.spent = np.array([s for _, s in path])
        self.even = len(self.t) == 1

    def share(self, t: float) -> float:
        """Share of the work that lies before t [s], 0-1."""
        at = np.interp(t, np.r_[0.0, self.t], np.r_[0.0, self.spent])
        return float(at / self.spent[-1])


class Watch:
    """A progress function for solvers: keeps (t [s], processor time [s]) of every step, and stops a
    run at its limit, or after a trial that shows it to be hopeless.

    Processor time, not wall clock: on a busy machine that would stop whoever is disturbed. It is
    looked at between steps only; one factorisation can be longer than what was left.
    """

    def __init__(self, limit: float, trial: float = float("inf"), work: Work | None = None) -> None:
        self.limit, self.trial, self.work = limit, trial, work
        self.path: list[tuple[float, float]] = []
        self.began = time.process_time()

    def __call__(self, t: float, _steps: int) -> None:
        spent = time.process_time() - self.began
        self.path.append((t, spent))
        if spent > self.limit or (spent > self.trial and self.expected() > HOPELESS * self.limit):
            raise KeyboardInterrupt

    def expected(self) -> float:
        """Processor time [s] of the whole run, were its work spread as that of `work`: extrapolated."""
        if self.work is None or not self.path:
            return 0.0
        t, spent = self.path[-1]
        return spent / max(self.work.share(t), 1e-9)
