"""What a fit minimises: weighted residuals of a forward model, every evaluation counted and remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.calibration.free import Free

Predict = Callable[[np.ndarray], np.ndarray]


class RunFailed(RuntimeError):
    """The forward model gave no prediction for these parameters; the text says why."""


@dataclass(frozen=True)
class Failure:
    """A run that failed inside a fit: where, and the sentence that says why."""

    values: tuple[float, ...]
    reason: str


@dataclass
class Problem:
    """Residuals (prediction - value) / scale as a function of inner coordinates.

    free: the parameters (p); values (n,) [SI]
    scale (n,) [SI]: standard deviations when `known`, else relative weights up to one common factor
    predict: SI values of the parameters (p,) -> predictions (n,); raises RunFailed
    Where a run fails, residuals are NaN: the trust region shrinks, no penalty is invented.
    """

    free: tuple[Free, ...]
    values: np.ndarray
    scale: np.ndarray
    known: bool
    predict: Predict
    runs: int = 0
    failures: list[Failure] = field(default_factory=list)
    best: np.ndarray | None = None
    best_cost: float = np.inf
    _seen: dict[bytes, np.ndarray] = field(default_factory=dict)

    @property
    def size(self) -> tuple[int, int]:
        """Numbers and parameters, (n, p)."""
        return self.values.size, len(self.free)

    def outer(self, inner: np.ndarray) -> np.ndarray:
        """SI values of inner coordinates."""
        return np.array([f.outer(float(x)) for f, x in zip(self.free, inner, strict=True)])

    def residuals(self, inner: np.ndarray) -> np.ndarray:
        """(n,); NaN where the run failed. Equal points are run once."""
        inner = np.array(inner, float)
        key = inner.tobytes()
        if key not in self._seen:
            self._seen[key] = self._run(inner)
        return self._seen[key]

    def _run(self, inner: np.ndarray) -> np.ndarray:
        values = self.outer(inner)
        self.runs += 1
        try:
            found = np.asarray(self.predict(values), float)
            wrong = np.flatnonzero(~np.isfinite(found))
            if wrong.size:
                raise RunFailed(f"the prediction of number {wrong[0] + 1} is {found[wrong[0]]}.")
        except RunFailed as error:
            self.failures.append(Failure(tuple(float(v) for v in values), str(error)))
            return np.full(self.values.size, np.nan)
        residuals = (found - self.values) / self.scale
        cost = float(residuals @ residuals)
        if cost < self.best_cost:
            self.best, self.best_cost = inner.copy(), cost
        return residuals

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
        out = np.empty((self.values.size, len(wanted)))
        for k, i in enumerate(wanted):
            f, x = self.free[i], float(inner[i])
            low, high = f.inner_bounds
            step = min(f.difference_step(x), 0.25 * f.width)
            ends = []
            for to in (max(x - step, low), min(x + step, high)):
                moved = np.array(inner, float)
                moved[i] = to
                r = self.residuals(moved) if to != x else np.full(self.values.size, np.nan)
                if np.isfinite(r).all():
                    ends.append((to, r))
            if len(ends) < 2:
                here = self.residuals(np.array(inner, float))
                if not ends or not np.isfinite(here).all():
                    raise RunFailed(f"no run succeeded beside {f.name} = {f.shown(f.outer(x))}.")
                ends.append((x, here))
            (a, ra), (b, rb) = ends
            out[:, k] = (rb - ra) / (b - a)
        return out
