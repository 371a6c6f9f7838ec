"""How a run reports while it goes on: to a function, or as a bar."""

from __future__ import annotations

import sys
import time
from typing import Any

from sim.experiment.scenario import Scenario
from sim.solvers.steps.task import Progress
from sim.texts import DAY


def progress_of(
    progress: bool | Progress, scenario: Scenario, start: float = 0.0
) -> tuple[Any, Progress | None]:
    """The bar to close at the end, if there is one, and the function that is told of steps, or None.

    start: time [s] of the state that the run goes on from
    """
    if not progress:
        return None, None
    if callable(progress):
        return None, progress
    if sys.stderr is None:  # no console, as pythonw has none
        return None, None
    from tqdm.auto import tqdm

    span = (
        f"{scenario.duration / DAY:,.0f}"
        if scenario.duration > 1000 * DAY
        else f"{scenario.duration / DAY:.4g}"
    )
    bar = tqdm(
        total=scenario.duration / DAY, initial=start / DAY, desc=scenario.name, mininterval=0.2,
        bar_format="{l_bar}{bar}| {unit}",
    )  # fmt: skip
    began, last = time.perf_counter(), [0.0]

    def report(t: float, steps: int) -> None:
        now = time.perf_counter()
        if now - last[0] > 0.2 or t >= scenario.duration:
            last[0] = now
            done = (t - start) / (scenario.duration - start)
            # Steps are tiny at first: a forecast from the first hundredth would be of weeks.
            left = f"{(now - began) * (1 - done) / done:.0f} s left" if done > 0.01 else "starting"
            bar.n = t / DAY
            bar.unit = f"{t / DAY:,.4g} of {span} day, {steps} steps, {now - began:.0f} s, {left}"
            bar.refresh()

    return bar, report
