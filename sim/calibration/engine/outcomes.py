"""What comes of one evaluation of the forward model: predictions, or a failure with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]


class RunFailed(RuntimeError):
    """The forward model gave no prediction for these parameters; the text says why."""


@dataclass(frozen=True)
class Failure:
    """A run that failed inside a fit: where [SI], and the sentence that says why."""

    values: tuple[float, ...]
    reason: str


Outcome = np.ndarray | Failure


def outcome_of(predict: Predict, values: np.ndarray) -> Outcome:
    """Predictions (n,) at values [SI], or the failure; other errors than RunFailed are raised."""
    try:
        return checked(predict, values)
    except RunFailed as error:
        return Failure(tuple(float(v) for v in values), str(error))


def checked(predict: Predict, values: np.ndarray) -> np.ndarray:
    """Finite predictions (n,); RunFailed where one is not."""
    found = np.asarray(predict(values), float)
    wrong = np.flatnonzero(~np.isfinite(found))
    if wrong.size:
        raise RunFailed(f"the prediction of number {wrong[0] + 1} is {found[wrong[0]]}.")
    return found
