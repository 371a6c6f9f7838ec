"""When a run has outputs [s]: at stated times, or so many of them, dense at first."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from sim.errors import ScenarioError, shown
from sim.experiment.scenario import Scenario
from sim.experiment.timing.moments import SAME_TIME, moments
from sim.identity.settings import Times, checked_times
from sim.texts import typed_time


def output_times(duration: float, times: Times, cuts: Sequence[float] = (), start: float = 0.0) -> np.ndarray:
    """Output times [s]: given, or a number of them, dense at first where things move fastest, and each cut.

    start: where the run begins, at the time of the state that it goes on from
    Given times that lie past an end of the run by a rounding are that end.
    """
    found, slack = checked_times(times), SAME_TIME * duration
    if isinstance(found, int):
        inside = tuple(c for c in cuts if c >= start)
        return _row_of_times(float(start), float(duration), found, inside).copy()
    if found[0] < start - slack or found[-1] > duration + slack:
        given: Any = times  # a row: shown in the words that it was given in
        outside = given[0 if found[0] < start - slack else -1]
        begins = f"{typed_time(start)}, where it begins," if start else "0"
        raise ScenarioError(
            f"times: {shown(outside)} is outside the run, which goes from {begins} to its duration, "
            f"{duration:g} s."
        )
    row = np.array(found)
    for k in range(row.size):  # several that a rounding makes one still rise
        row[k] = max(row[k], np.nextafter(row[k - 1], np.inf) if k else start)
    for k in reversed(range(row.size)):
        row[k] = min(row[k], np.nextafter(row[k + 1], 0.0) if k + 1 < row.size else duration)
    return row


@lru_cache(maxsize=16)  # the points of a sweep have the same
def _row_of_times(start: float, duration: float, count: int, cuts: tuple[float, ...]) -> np.ndarray:
    """A number of times, dense at first, and each cut."""
    row = start + (duration - start) * (np.arange(count) / (count - 1)) ** 2
    row[-1] = duration
    near = np.abs(row[:, None] - np.array(cuts)).min(axis=1, initial=np.inf) <= SAME_TIME * duration
    return np.union1d(row[~near], cuts)


def output_count(scenario: Scenario, times: Times = None) -> int:
    """How many outputs simulate(scenario, times=times) has: a number of them has two more a cut."""
    cuts = [m.at for m in moments(scenario.interventions, scenario.duration)]
    stepped = isinstance(checked_times(times), int)
    return output_times(scenario.duration, times, cuts).size + stepped * len(cuts)
