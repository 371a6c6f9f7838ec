"""What a fit minimises: weighted residuals of a forward model, every evaluation counted and remembered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sim.calibration.engine.evaluations import Evaluations
from sim.calibration.engine.fit_progress import FitProgress
from sim.calibration.engine.outcomes import Failure, Predict, RunFailed
from sim.calibration.engine.run_store import RunStore
from sim.calibration.free import Free

TOLERANCE = 1e-9  # of the sum of squares


def problem_of(
    free: Sequence[Free],
    values: np.ndarray,
    scale: np.ndarray,
    known: bool,
    predict: Predict,
    workers: int = 0,
    store: RunStore | None = None,
    report: FitProgress | None = None,
    tolerance: float = TOLERANCE,
) -> Problem:
    """The problem of fitting `predict`: SI values of the parameters (p,) -> predictions (n,)."""

    def outer(inner: Sequence[float]) -> np.ndarray:
        return np.array([f.outer(float(x)) for f, x in zip(free, inner, strict=True)])

    def cost(found: np.ndarray) -> float:
        residuals = (found - values) / scale
        return float(residuals @ residuals)

    return Problem(
        tuple(free),
        values,
        scale,
        known,
        Evaluations(predict, outer, cost, workers, store, report),
        tolerance,
    )


@dataclass
class Problem:
    """Residuals (prediction - value) / scale as a function of inner coordinates.

    free: the parameters (p); values (n,) [SI]
    scale (n,) [SI]: standard deviations when `known`, else relative weights up to one common factor
    evaluations: makes the runs, of all branches of the problem
    tolerance: relative change of the sum of squares at which a search ends
    lowest, failures: the least cost and the failed runs of those that this branch has asked for
    Where a run fails, residuals are NaN: the trust region shrinks, no penalty is invented.
    """

    free: tuple[Free, ...]
    values: np.ndarray
    scale: np.ndarray
    known: bool
    evaluations: Evaluations
    tolerance: float = TOLERANCE
    lowest: float = np.inf
    _failed: dict[tuple[float, ...], Failure] = field(default_factory=dict)

    def branch(self) -> Problem:
        """The same problem for a task of its own, which sees its own runs only."""
        return replace(self, lowest=np.inf, _failed={})

    def adopt(self, branches: Sequence[Problem]) -> None:
        """Take over what branches have seen, in their order."""
        for one in branches:
            self.lowest = min(self.lowest, one.lowest)
            self._failed |= {k: f for k, f in one._failed.items() if k not in self._failed}

    @property
    def runs(self) -> int:
        """Points evaluated, by all branches."""
        return len(self.evaluations.known)

    @property
    def failures(self) -> tuple[Failure, ...]:
        return tuple(self._failed.values())

    @property
    def best(self) -> np.ndarray | None:
        """Inner coordinates of the best of all runs, (p,)."""
        return np.array(self.evaluations.best[1]) if self.evaluations.best else None

    @property
    def best_cost(self) -> float:
        return self.evaluations.best[0] if self.evaluations.best else np.inf

    @property
    def size(self) -> tuple[int, int]:
        """Numbers and parameters, (n, p)."""
        return self.values.size, len(self.free)

    def outer(self, inner: np.ndarray) -> np.ndarray:
        """SI values of inner coordinates."""
        return np.array([f.outer(float(x)) for f, x in zip(self.free, inner, strict=True)])

    def residuals(self, inner: np.ndarray) -> np.ndarray:
        """(n,); NaN where the run failed. Equal points are run once."""
        return self.each([inner])[0]

    def each(self, points: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Residuals at several points, which workers run side by side."""
        keys = [tuple(np.asarray(p, float).tolist()) for p in points]
        made = []
        for key, found in zip(keys, self.evaluations.at(keys), strict=True):
            if isinstance(found, Failure):
                self._failed.setdefault(key, found)
                made.append(np.full(self.values.size, np.nan))
                continue
            residuals = (found - self.values) / self.scale
            self.lowest = min(self.lowest, float(residuals @ residuals))
            made.append(residuals)
        return made

    def reason(self, inner: np.ndarray) -> str:
        """Why the run at these coordinates failed, "" when it did not."""
        values = tuple(self.outer(inner).tolist())
        return next((f.reason for f in self.failures if f.values == values), "")

    def cost(self, inner: np.ndarray) -> float:
        """Sum of squared residuals; NaN where the run failed."""
        r = self.residuals(inner)
        return float(r @ r)

    def jacobian(self, inner: np.ndarray, columns: Sequence[int] | None = None) -> np.ndarray:
        """d residuals / d inner (n, p) by central differences; one-sided at a bound or beside a failed run.

        Raises RunFailed where neither side of a parameter can be run.
        """
        wanted = range(len(self.free)) if columns is None else columns
        here = np.array(inner, float)
        neighbours = [self._neighbours(here, i) for i in wanted]
        asked = [p for pair in neighbours for p in pair if (p != here).any()]
        residuals = dict(zip((p.tobytes() for p in asked), self.each(asked), strict=True))
        out = np.empty((self.values.size, len(wanted)))
        for k, (i, pair) in enumerate(zip(wanted, neighbours, strict=True)):
            run = [(p[i], residuals[p.tobytes()]) for p in pair if p.tobytes() in residuals]
            ends = [(x, r) for x, r in run if np.isfinite(r).all()]
            if len(ends) < 2:
                middle = self.residuals(here)
                if not ends or not np.isfinite(middle).all():
                    f = self.free[i]
                    raise RunFailed(f"no run succeeded beside {f.name} = {f.shown(f.outer(here[i]))}.")
                ends.append((here[i], middle))
            (a, ra), (b, rb) = ends
            out[:, k] = (rb - ra) / (b - a)
        return out

    def _neighbours(self, here: np.ndarray, i: int) -> list[np.ndarray]:
        """Points of a central difference along parameter i, within its bounds."""
        f, x = self.free[i], float(here[i])
        low, high = f.inner_bounds
        step = min(f.difference_step(x), 0.25 * f.width)
        made = []
        for to in (max(x - step, low), min(x + step, high)):
            moved = here.copy()
            moved[i] = to
            made.append(moved)
        return made
