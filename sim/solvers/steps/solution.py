"""What a solver returns, and the words for how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sim.binder.system import System
from sim.jit.kernel import kernel
from sim.simd.constants import WIDTH
from sim.simd.threads import Pool
from sim.solvers.steps.task import Task

# status -> sentence with a remedy
STATUS = {
    "running": "The run is going on.",
    "finished": "The run reached its end.",
    "interrupted": "The run was interrupted; what was computed before is kept.",
    "failed": "The integrator could not go on; what was computed before is kept.",
}


@dataclass
class Solution:
    """States at the output times of one segment.

    t (k,) [s] · y (k, size) · end (size,) the last state reached, at t_end · statistics {name: n}
    undershoot: the largest negative excursion of a species that cannot be negative, in units of
        its absolute tolerance, over all internal steps; undershoot_species names it.
    """

    t: np.ndarray
    y: np.ndarray
    t_end: float
    end: np.ndarray
    status: str = "finished"
    message: str = STATUS["finished"]
    statistics: dict[str, int] = field(default_factory=dict)
    undershoot: float = 0.0
    undershoot_species: str = ""


def where_unsolved(system: System, before: np.ndarray) -> str:
    """In words, where a kernel (speciation) found no solution since `failures` were `before`; else ""."""
    worse = np.flatnonzero(system.failures > before)
    if not worse.size:
        return ""
    first = int(worse[0]) * WIDTH
    last = min(first + WIDTH, system.n_cells) - 1
    return "the chemistry " + (f"of cell {first}" if first == last else f"in one of cells {first}-{last}")


PIECE = 512  # cells looked through in one go


@kernel(nogil=True)
def lowest(first, last, u, inverse, low):
    """low (pieces, s): the least of u (n, s) times inverse (n, s) or (1, s) over the cells of each piece."""
    each = 1 if inverse.shape[0] > 1 else 0
    for piece in range(first, last):
        least = low[piece]
        for k in range(least.size):
            least[k] = 0.0
        for i in range(piece * PIECE, min(u.shape[0], (piece + 1) * PIECE)):
            cell, factor = u[i], inverse[i * each]
            for k in range(least.size):
                least[k] = min(least[k], cell[k] * factor[k])


class Recorder:
    """Collects outputs and watches for undershoot while a solver runs."""

    def __init__(self, task: Task):
        system = task.system
        self.system, self.progress, self._observer = system, task.progress, task.observer
        self.t_eval = np.ascontiguousarray(task.t_eval, float)
        self.t: list[float] = []
        self.y = np.empty((self.t_eval.size + 1, system.size))  # one more for where a run breaks off
        self.steps, self.undershoot, self.species = 0, 0.0, ""
        self._told = 0  # outputs that the observer knows
        atol = system.split(task.atol)[0]
        self._least = 1.0 / (atol[:1] if (atol == atol[0]).all() else atol)  # (1, s), or (n, s)
        self.watched = np.array([not s.signed for s in system.model.species])
        self.pieces = -(-system.n_cells // PIECE)
        self._low = np.zeros((self.pieces, system.n_species))
        self._pool = Pool(8)

    @property
    def inverse(self) -> np.ndarray:
        """Of the absolute tolerances (n, s)."""
        whole = np.broadcast_to(self._least, (self.system.n_cells, self.system.n_species))
        return np.ascontiguousarray(whole)

    def lowest(self, y: np.ndarray) -> tuple[float, int]:
        """The largest negative value in y, in absolute tolerances, and its species."""
        u = self.system.split(y)[0]
        self._pool.run(lambda _, a, b: lowest(a, b, u, self._least, self._low), self.pieces)
        scaled = np.where(self.watched, self._low.min(axis=0), 0.0)
        k = int(np.argmin(scaled))
        return max(0.0, float(-scaled[k])), k

    def step(self, t: float, y: np.ndarray) -> None:
        """Note an internal step, after the outputs that it passed."""
        self.steps += 1
        self.watch(*self.lowest(y))
        self._tell(t, y)

    def _tell(self, t: float, y: np.ndarray) -> None:
        """Report the state that was reached; either report may end the run."""
        if self.progress is not None:
            self.progress(t, self.steps)
        if self._observer is not None:
            while self._told < len(self.t):
                k = self._told
                self._told += 1
                self._observer.output(self.t[k], self.y[k])
            self._observer.step(t, y)

    def watch(self, size: float, species: int) -> None:
        """Note the largest undershoot, in absolute tolerances."""
        if size > self.undershoot:
            self.undershoot, self.species = size, self.system.model.species[species].name

    def reach(self, t: float, at: Callable[[float], np.ndarray]) -> None:
        """Keep the outputs up to t; at(time): the solution there."""
        while len(self.t) < self.t_eval.size and self.t_eval[len(self.t)] <= t:
            time = float(self.t_eval[len(self.t)])
            self.keep(time, at(time))

    @property
    def next_output(self) -> float:
        """The output time that comes next [s]; inf when all are kept."""
        return float(self.t_eval[len(self.t)]) if len(self.t) < self.t_eval.size else np.inf

    def keep(self, t: float, y: np.ndarray) -> None:
        """Keep an output."""
        self.watch(*self.lowest(y))
        self.y[len(self.t)] = y
        self.t.append(float(t))

    def follow(self, t: float, y: np.ndarray, steps: int, kept: int, undershoot: float, species: int) -> None:
        """Take over what an integrator recorded by itself: state, outputs in y[:kept], steps, undershoot."""
        self.steps = steps
        self.t = self.t_eval[:kept].tolist()
        self.watch(undershoot, species)
        self._tell(t, y)

    def solution(
        self, t_end: float, end: np.ndarray, status: str, message: str, **statistics: int
    ) -> Solution:
        """The Solution of what was collected; where a run broke off is an output too."""
        if status != "finished" and np.all(np.isfinite(end)) and (not self.t or t_end > self.t[-1]):
            self.keep(t_end, end)
        y = self.y[: len(self.t)]
        statistics = {"steps": self.steps, **statistics}
        return Solution(
            np.array(self.t), y, float(t_end), np.array(end), status, message or STATUS[status],
            statistics, self.undershoot, self.species,
        )  # fmt: skip
