"""The best values: least squares from several starts, within bounds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from sim.calibration.engine.outcomes import RunFailed
from sim.calibration.free import inner_start
from sim.calibration.problem import Problem

XTOL = 1e-7  # of the parameters, far below any interval
EVALUATIONS = 100  # per start


@dataclass(frozen=True)
class Start:
    """Where a search began and ended [SI], and how; the cost is NaN when its first run failed."""

    begin: tuple[float, ...]
    end: tuple[float, ...]
    cost: float
    message: str


def starting_points(problem: Problem, starts: int, seed: int) -> np.ndarray:
    """The given start and a Latin hypercube over the bounds, (starts, p) inner coordinates."""
    from scipy.stats import qmc

    first = inner_start(problem.free)[None]
    if starts == 1:
        return first
    shares = qmc.LatinHypercube(len(problem.free), rng=seed).random(starts - 1)
    bounds = np.array([f.inner_bounds for f in problem.free])
    return np.concatenate([first, bounds[:, 0] + shares * (bounds[:, 1] - bounds[:, 0])])


def search(problem: Problem, begin: np.ndarray, free: list[int] | None = None) -> tuple[np.ndarray, str]:
    """Least squares from one start, over the coordinates in `free` (all when None): end and message.

    The problem remembers the best of all evaluations, whatever this search returns.
    """
    from scipy.optimize import least_squares

    moving = list(range(len(problem.free))) if free is None else free
    point = np.array(begin, float)
    if not np.isfinite(problem.residuals(point)).all():
        return point, f"its first run failed: {problem.reason(point)}"

    def full(x: np.ndarray) -> np.ndarray:
        whole = point.copy()
        whole[moving] = x
        return whole

    low, high = np.array([problem.free[i].inner_bounds for i in moving]).T
    try:
        found = least_squares(
            lambda x: problem.residuals(full(x)), point[moving], lambda x: problem.jacobian(full(x), moving),
            bounds=(low, high), ftol=problem.tolerance, xtol=XTOL, gtol=1e-12, x_scale="jac",
            max_nfev=EVALUATIONS,
        )  # fmt: skip
    except RunFailed as error:
        return point, f"given up: {error}"
    message = "converged" if found.status > 0 else f"stopped after {EVALUATIONS} steps"
    return _snapped(problem, full(found.x), moving), message


def _snapped(problem: Problem, point: np.ndarray, moving: list[int]) -> np.ndarray:
    """The point on a bound where that is as good: the interior method only approaches bounds."""
    for i in moving:
        low, high = problem.free[i].inner_bounds
        for bound in (low, high):
            if 0 < abs(point[i] - bound) < 0.02 * (high - low):
                on = point.copy()
                on[i] = bound
                if problem.cost(on) <= problem.cost(point):
                    point = on
    return point


def best_of(problem: Problem, starts: int, seed: int) -> list[Start]:
    """Searches from every start; the optimum is problem.best."""
    begins = starting_points(problem, starts, seed)
    branches = [problem.branch() for _ in begins]
    problem.evaluations.first(tuple(begins[0].tolist()))
    tasks = [partial(_searched, branch, begin) for branch, begin in zip(branches, begins, strict=True)]
    try:
        return problem.evaluations.side_by_side(tasks, "searches")
    finally:
        problem.adopt(branches)


def _searched(problem: Problem, begin: np.ndarray) -> Start:
    end, message = search(problem, begin)
    first, last = (tuple(problem.outer(p).tolist()) for p in (begin, end))
    return Start(first, last, problem.cost(end), message)
