"""Whether a sweep had points enough for its sensitivities, and in words what to do when it had not."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from sim.errors import listing
from sim.sensitivity.responses import Responses

WIDEST = 0.25  # half-width of an interval: of a share, or of an effect in units of the largest mu*
SLACK = 0.05  # by which an estimate of a share may lie outside 0 to 1
DECADES = (
    2.0  # between the 5 % and 95 % points of a positive measure, from which its logarithm is better taken
)


class VarianceShares(Protocol):
    """What is asked of Sobol' indices."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def first(self) -> np.ndarray: ...
    @property
    def first_half(self) -> np.ndarray: ...
    @property
    def total(self) -> np.ndarray: ...
    @property
    def total_half(self) -> np.ndarray: ...
    @property
    def used(self) -> Responses: ...


class SizesOfEffects(Protocol):
    """What is asked of Morris' effects."""

    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def mu(self) -> np.ndarray: ...
    @property
    def mu_interval(self) -> np.ndarray: ...
    @property
    def mu_star(self) -> np.ndarray: ...
    @property
    def mu_star_interval(self) -> np.ndarray: ...
    @property
    def sigma(self) -> np.ndarray: ...
    @property
    def sigma_interval(self) -> np.ndarray: ...
    @property
    def used(self) -> Responses: ...


def shares_enough(found: VarianceShares) -> np.ndarray:
    """Per axis (d,): intervals no wider than WIDEST to either side, estimates within 0 to 1 but for SLACK."""
    good = np.ones(len(found.names), bool)
    for value, half in ((found.first, found.first_half), (found.total, found.total_half)):
        good &= np.isfinite(value) & (half <= WIDEST) & (value >= -SLACK) & (value <= 1 + SLACK)
    return good


def share_remarks(found: VarianceShares) -> tuple[str, ...]:
    """What is wrong with Sobol' indices, sentence by sentence."""
    good, said = shares_enough(found), []
    impossible = [
        n
        for n, first, total in zip(found.names, found.first, found.total, strict=True)
        if max(first, total) > 1 + SLACK or min(first, total) < -SLACK
    ]
    if impossible:
        said.append(f"shares outside 0 to 1: {listing(impossible)}")
    whole, spread = float(found.first.sum()), float(np.sqrt((found.first_half**2).sum()))
    if whole > 1 + 2 * SLACK:
        said.append(f"the first-order shares add up to {whole:.3g} +- {spread:.2g}, and 1 is the most")
    wide = [n for n, ok in zip(found.names, good, strict=True) if not ok and n not in impossible]
    if wide:
        said.append(f"intervals wider than {WIDEST:g} to either side: {listing(wide)}")
    return _advice(said, found.used, "n")


def effects_enough(found: SizesOfEffects) -> np.ndarray:
    """Per axis (d,): the intervals of mu, mu* and sigma no wider, to either side, than WIDEST of the largest
    mu*."""
    return np.logical_and.reduce([_certain(found, *row) for row in _printed(found).values()])


def effect_remarks(found: SizesOfEffects) -> tuple[str, ...]:
    """What is wrong with Morris' effects, sentence by sentence: each number that is printed, by one rule."""
    wide: dict[tuple[str, ...], list[str]] = {}
    for words, row in _printed(found).items():
        axes = tuple(n for n, ok in zip(found.names, _certain(found, *row), strict=True) if not ok)
        if axes:
            wide.setdefault(axes, []).append(words)
    least = f"less certain than {100 * WIDEST:g} % of the largest mu*"
    said = [f"{' and '.join(words)} {least}: {listing(axes)}" for axes, words in wide.items()]
    return _advice(said, found.used, "the trajectories n")


def _printed(found: SizesOfEffects) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """{what it is called: values (d,), ends of their intervals (d, 2)} of all that is printed of effects."""
    return {
        "mu": (found.mu, found.mu_interval),
        "mu*": (found.mu_star, found.mu_star_interval),
        "sigma": (found.sigma, found.sigma_interval),
    }


def _certain(found: SizesOfEffects, values: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Per axis (d,): whether an interval reaches no further to either side than WIDEST of the largest mu*."""
    low, high = ends.T
    reach = np.maximum(high - values, values - low)
    return np.asarray(reach <= WIDEST * found.mu_star.max(initial=0.0))


def _advice(said: list[str], used: Responses, n: str) -> tuple[str, ...]:
    """The sentences with what to try, and the word on a measure over decades."""
    few = [f"too few points: {'; '.join(said)}. Double {n}, from {used.planned} to {2 * used.planned}."]
    made = few if said else []
    decades = _decades(used)
    if decades > DECADES:
        made.append(
            f"the measure runs over {decades:.2g} decades, so that few points decide: take its logarithm "
            "(log=True)."
        )
    return tuple(made)


def _decades(used: Responses) -> float:
    """Between the 5 % and 95 % points of a measure that is positive throughout; else 0."""
    values = used.values.ravel()
    if used.log or not (values > 0).all():
        return 0.0
    low, high = np.quantile(np.log10(values), [0.05, 0.95])
    return float(high - low)
