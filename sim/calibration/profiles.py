"""Profile likelihoods: the best fit for every value of one parameter, all others fitted again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.calibration.problem import Problem
from sim.calibration.search import search
from sim.calibration.spread import AT_BOUND, Spread

POINTS = 25  # on a side, at most
CLOSE = 0.01  # relative nearness to the threshold, in the root of the likelihood ratio


class BetterFound(Exception):
    """A side of a profile came upon a better fit than the optimum; the fit starts again from there."""


@dataclass(frozen=True)
class Profile:
    """The profile of one parameter.

    values: of the parameter [SI], rising; excess: growth of the weighted sum of squares over its
        minimum, in units of the residual variance (the likelihood ratio); others: (k, p) all
        parameters of each point [SI]; threshold: of `excess` at the ends of the interval
    low, high: ends of the interval [SI]; open_low, open_high: whether the threshold was not reached
        on that side, and why ("" when it was reached); such an end is the last value tried
    """

    name: str
    unit: str
    values: np.ndarray
    excess: np.ndarray
    others: np.ndarray
    threshold: float
    confidence: float
    low: float
    high: float
    open_low: str = ""
    open_high: str = ""

    @property
    def flat(self) -> bool:
        """Whether the data bound the parameter on neither side."""
        return bool(self.open_low and self.open_high)

    @property
    def bounded(self) -> bool:
        """Whether the data bound the parameter on both sides."""
        return not (self.open_low or self.open_high)

    def to_dataframe(self):
        """value [SI] and excess, a row a point."""
        import pandas as pd

        return pd.DataFrame({self.name: self.values, "excess": self.excess})

    def __repr__(self) -> str:
        from sim.units import to_unit

        low, high = (f"{to_unit(v, self.unit):.4g}" for v in (self.low, self.high))
        unit = "" if self.unit == "1" else f" {self.unit}"
        text = f"Profile of {self.name}: {low} to {high}{unit} ({100 * self.confidence:g} %)"
        for side, why in (("below", self.open_low), ("above", self.open_high)):
            text += f"; open {side}: {why}" if why else ""
        return f"{text}; {self.values.size} points"


def threshold(found: Spread, confidence: float) -> float:
    """The growth of the sum of squares [residual variances] that ends an interval: chi2 or F."""
    from scipy import stats

    if found.known:
        return float(stats.chi2.ppf(confidence, 1))
    return float(stats.f.ppf(confidence, 1, found.dof))


def profiles_of(
    problem: Problem,
    best: np.ndarray,
    found: Spread,
    wanted: Sequence[int],
    confidence: float,
    last: bool = False,
) -> dict[str, Profile] | None:
    """{parameter: its profile around the optimum}, of those in `wanted`.

    None when the re-fitted others gave a better fit than `best`, unless `last`; problem.best is then that.
    """
    limit = threshold(found, confidence)
    problem.residuals(best)  # known, and the first that each side sees
    branches = [problem.branch() for _ in wanted for _ in (-1, 1)]
    sides = [
        _Side(branch, best, found, i, limit, direction, last)
        for branch, (i, direction) in zip(branches, [(i, d) for i in wanted for d in (-1, 1)], strict=True)
    ]
    walked = problem.evaluations.side_by_side([side.walked for side in sides], "sides of profiles")
    problem.adopt(branches)
    if not all(walked):
        return None
    return {problem.free[i].name: _profile(problem, i, limit, confidence, *sides[2 * k : 2 * k + 2])
            for k, i in enumerate(wanted)}  # fmt: skip


def _profile(
    problem: Problem, i: int, limit: float, confidence: float, below: _Side, above: _Side
) -> Profile:
    points = [*reversed(below.points[1:]), *above.points]
    f = problem.free[i]
    return Profile(
        f.name, f.unit, np.array([f.outer(p[i]) for p, _ in points]),
        np.array([z**2 for _, z in points]), np.array([problem.outer(p) for p, _ in points]),
        limit, confidence, f.outer(below.end), f.outer(above.end), below.why, above.why,
    )  # fmt: skip


class _Side:
    """One side of a profile. z = root of the excess is nearly linear in the parameter."""

    def __init__(
        self,
        problem: Problem,
        best: np.ndarray,
        found: Spread,
        i: int,
        limit: float,
        direction: int,
        last: bool,
    ):
        self.last = last
        self.problem, self.i, self.direction = problem, i, direction
        self.base, self.sigma, self.target = problem.cost(best), found.sigma, np.sqrt(limit)
        self.others = [k for k in range(len(problem.free)) if k != i]
        self.points = [(best, 0.0)]
        f = problem.free[i]
        self.bound = f.inner_bounds[direction > 0]
        error = found.standard_errors[i]
        self.largest = 0.25 * f.width
        step = self.target * error / 2
        self.step = step if np.isfinite(step) and 0 < step < self.largest else 0.2 * self.largest
        self.slopes = np.zeros(len(problem.free))  # of the others, along the linearised profile
        if np.isfinite(error) and error > 0:
            self.slopes = np.nan_to_num(found.covariance[i] / error**2)
        self.end, self.why = float(best[i]), ""

    def walked(self) -> bool:
        """Walk; whether no better fit was found on the way."""
        try:
            self.walk()
        except BetterFound:
            return False
        return True

    def walk(self) -> None:
        """Step outwards until the threshold is crossed, the bound reached, or runs fail."""
        for _ in range(POINTS):
            last, z = self.points[-1]
            if abs(last[self.i] - self.bound) <= AT_BOUND * self.problem.free[self.i].width:
                self.why = f"the bound {self._shown(self.bound)} is reached first"
                return
            to = last[self.i] + self.direction * self.step
            if self.direction * (self.bound - to) <= AT_BOUND * self.problem.free[self.i].width:
                to = self.bound
            point, new = self._fitted(last, to)
            if point is None:
                if self.step > 1e-3 * self.largest:
                    self.step /= 4
                    continue
                self.why = f"runs fail beyond {self._shown(last[self.i])}"
                return
            if new > 10 * self.target:
                self.step /= 5  # far beyond: the linearised error misled
                continue
            if new >= self.target:
                self._close_in((last, z), (point, new))
                return
            if new < z - 0.05 * self.target:  # downhill again: another valley, which may be deeper
                search(self.problem, point)
                self._check()
            self.points.append((point, new))
            self.end = float(to)
            if new - z < 0.3 * self.target:
                self.step = min(2 * self.step, self.largest)
        self.why = f"not reached in {POINTS} steps, at {self._shown(self.end)}"

    def _close_in(self, inside: tuple, outside: tuple) -> None:
        """The crossing between two points: false position, halving where it creeps."""
        found = {to[self.i]: (to, z) for to, z in (inside, outside)}
        for k in range(10):
            (a, za), (b, zb) = inside, outside
            if min(abs(zb - self.target), abs(self.target - za)) < CLOSE * self.target:
                break
            share = 0.5 if k % 3 == 2 else (self.target - za) / (zb - za)
            to = a[self.i] + share * (b[self.i] - a[self.i])
            point, z = self._fitted(a if share < 0.5 else b, to)
            if point is None:
                break
            if z >= self.target:
                outside = (point, z)
            else:
                inside = (point, z)
            found[point[self.i]] = (point, z)
        (a, za), (b, zb) = inside, outside
        share = (self.target - za) / (zb - za)
        self.end = float(a[self.i] + share * (b[self.i] - a[self.i]))
        del found[self.points[-1][0][self.i]]
        self.points += sorted(found.values(), key=lambda p: self.direction * p[0][self.i])

    def _fitted(self, last: np.ndarray, to: float) -> tuple[np.ndarray | None, float]:
        """The best point with parameter i at `to`, and its z; None where no run succeeds."""
        problem = self.problem
        guess = last + self.slopes * (to - last[self.i])
        for k in self.others:
            low, high = problem.free[k].inner_bounds
            guess[k] = min(max(guess[k], low), high)
        plain = last.copy()
        guess[self.i] = plain[self.i] = to
        costs = [float(r @ r) for r in problem.each([guess, plain])]
        if not np.isfinite(costs).any():
            return None, np.nan
        point = (guess, plain)[int(np.nanargmin(costs))]
        if self.others:
            point, _ = search(problem, point, self.others)
        self._check()
        excess = (problem.cost(point) - self.base) / self.sigma**2
        return point, float(np.sqrt(max(excess, 0.0)))

    def _check(self) -> None:
        if not self.last and self.problem.lowest < self.base - 0.01 * self.sigma**2:
            raise BetterFound

    def _shown(self, inner: float) -> str:
        f = self.problem.free[self.i]
        return f.shown(f.outer(inner))
