"""How far the data pin the parameters down: covariance, intervals, directions that they do not feel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.calibration.problem import Problem

FLAT = 1e-8  # |column of the Jacobian| relative to the largest, below which nothing is felt
AT_BOUND = 1e-6  # share of the width of the bounds
SINGULAR = 1e-3  # ratio of singular values (equal columns) below which differences are noise


@dataclass(frozen=True)
class Spread:
    """Linearised uncertainty at the optimum, in inner coordinates.

    known: whether standard deviations of the data are known
    sigma: factor of the residuals' scale: 1 when standard deviations are known, else estimated;
        NaN when it cannot be (no numbers to spare)
    quantile: of the intervals: normal when standard deviations are known, else Student's t
    covariance (p, p): NaN for parameters at a bound or never felt
    jacobian (n, p); at_bound, flat: per parameter; base: sum of squares at the optimum
    """

    known: bool
    sigma: float
    dof: int
    quantile: float
    covariance: np.ndarray
    correlation: np.ndarray
    jacobian: np.ndarray
    at_bound: np.ndarray
    flat: np.ndarray
    base: float = float("nan")

    @property
    def carried(self) -> bool:
        """Whether ranges are given standard deviations that were carried over to the parameters and nothing
        more: with no number to spare nothing shows whether the model is right."""
        return self.known and self.dof <= 0

    @property
    def felt(self) -> np.ndarray:
        """Indices of the parameters that the covariance covers."""
        return np.flatnonzero(~self.at_bound & ~self.flat)

    @property
    def standard_errors(self) -> np.ndarray:
        """(p,), inner coordinates."""
        return np.sqrt(np.diag(self.covariance))


def spread(problem: Problem, best: np.ndarray, confidence: float) -> Spread:
    """The spread at the optimum; raises RunFailed where no Jacobian can be had."""
    from scipy import stats

    n, p = problem.size
    jacobian = problem.jacobian(best)
    bounds = np.array([f.inner_bounds for f in problem.free])
    at_bound = (np.abs(bounds - best[:, None]) <= AT_BOUND * np.diff(bounds)).any(axis=1)
    # What the data feel: a change over the whole width of the bounds against the residuals' scale
    norms = np.linalg.norm(jacobian, axis=0) * (bounds[:, 1] - bounds[:, 0])
    flat = norms <= FLAT * max(norms.max(), 1.0)
    dof = n - p
    share = 0.5 + confidence / 2
    if problem.known:
        sigma, quantile = 1.0, float(stats.norm.ppf(share))
    elif dof > 0:
        sigma = float(np.sqrt(problem.cost(best) / dof))
        quantile = float(stats.t.ppf(share, dof))
    else:
        sigma = quantile = float("nan")
    felt = np.flatnonzero(~at_bound & ~flat)
    unit = _inverse(jacobian[:, felt])
    covariance, correlation = np.full((2, p, p), np.nan)
    covariance[np.ix_(felt, felt)] = sigma**2 * unit
    size = np.sqrt(np.diag(unit))
    correlation[np.ix_(felt, felt)] = unit / np.outer(size, size)
    return Spread(
        problem.known, sigma, dof, quantile, covariance, correlation, jacobian, at_bound, flat,
        problem.cost(best),
    )  # fmt: skip


def no_spread(problem: Problem) -> Spread:
    """That of a fit that was broken off before it was known: NaN throughout."""
    n, p = problem.size
    nothing, nowhere = np.full((p, p), np.nan), np.zeros(p, bool)
    nan = float("nan")
    return Spread(problem.known, nan, n - p, nan, nothing, nothing, np.full((n, p), np.nan), nowhere, nowhere)


def _inverse(jacobian: np.ndarray) -> np.ndarray:
    """(J'J)^-1 by singular values of J with equal columns; none is taken below 1e-12 of the largest.

    The floor keeps a redundant pair finite: its errors are then huge and its correlation 1.
    """
    if jacobian.shape[1] == 0:
        return np.zeros((0, 0))
    scale = np.linalg.norm(jacobian, axis=0)
    _, s, vt = np.linalg.svd(jacobian / scale, full_matrices=True)
    s = np.concatenate([s, np.zeros(vt.shape[0] - s.size)])
    s = np.maximum(s, 1e-12 * s[0])
    return (vt.T / s**2) @ vt / np.outer(scale, scale)


@dataclass(frozen=True)
class Combination:
    """What the data do tell of a group of parameters: the sum of weights times inner coordinates.

    members: indices; weights: the largest is 1; error: standard error of the sum, in units of sigma
    """

    members: tuple[int, ...]
    weights: np.ndarray
    error: float


def loose_groups(found: Spread, tight: float = 0.99) -> list[tuple[tuple[int, ...], list[Combination]]]:
    """Groups that the data do not tell apart, each with the combinations that they do tell.

    Groups: parameters that share a direction without effect, and pairs with |correlation| > tight.
    """
    felt = found.felt
    if felt.size < 2:
        return []
    scale = np.linalg.norm(found.jacobian[:, felt], axis=0)
    columns = found.jacobian[:, felt] / scale
    _, s, vt = np.linalg.svd(columns, full_matrices=True)
    s = np.concatenate([s, np.zeros(vt.shape[0] - s.size)])
    null = vt[s <= SINGULAR * s[0]]
    groups = []
    if len(null):
        # Members of one group are coupled by the projector on the null space; others are not.
        projector = np.abs(null.T @ null) > 0.02
        todo = {k for k in range(felt.size) if projector[k, k]}
        while todo:
            group, front = set(), {min(todo)}
            while front:
                group |= front
                front = {j for i in front for j in todo if projector[i, j]} - group
            todo -= group
            groups.append(tuple(sorted(int(felt[k]) for k in group)))
    taken = {i for g in groups for i in g}
    for a in range(felt.size):
        for b in range(a + 1, felt.size):
            i, j = int(felt[a]), int(felt[b])
            if abs(found.correlation[i, j]) > tight and not {i, j} <= taken:
                groups.append((i, j))
    return [(g, _told(found, g)) for g in groups]


def _told(found: Spread, group: tuple[int, ...]) -> list[Combination]:
    """Combinations of a group that the data tell best, everything else left free."""
    others = [i for i in found.felt if i not in group]
    scale = np.linalg.norm(found.jacobian[:, group], axis=0)
    inside = found.jacobian[:, group] / scale
    if others:
        q, _ = np.linalg.qr(found.jacobian[:, others])
        inside = inside - q @ (q.T @ inside)
    _, s, vt = np.linalg.svd(inside, full_matrices=False)
    kept = [k for k in range(len(s)) if s[k] > SINGULAR * s[0]]
    kept = kept[: max(1, len(group) - 1)]  # a pair that is nearly redundant has one
    told = []
    for k in kept:
        weights = vt[k] * scale
        largest = weights[np.argmax(np.abs(weights))]
        told.append(Combination(group, weights / largest, 1.0 / (s[k] * abs(largest))))
    return told
