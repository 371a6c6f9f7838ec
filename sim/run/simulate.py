"""Run a scenario."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from sim.errors import (
    LongRunWarning,
    RangeWarning,
    ScenarioError,
    TissueWarning,
    UnreachedWarning,
    shown,
    unknown,
    warn_caller,
)
from sim.experiment.places import unsaid_living
from sim.experiment.scenario import Scenario
from sim.experiment.timing.moments import SAME_TIME, moments, not_reached
from sim.identity.settings import ATOL, MAX_STEPS, RTOL, Settings, Times, checked_times
from sim.run import dataset, memory
from sim.run.lazy_result import finished_result
from sim.run.record import RunRecord, constants_notes
from sim.run.result import Result
from sim.run.segments import Builder, Segment
from sim.solvers import DEFAULT, Solution, Task
from sim.solvers import solver as find_solver
from sim.solvers.steps.task import Progress


def simulate(
    scenario: Scenario,
    solver: str = DEFAULT,
    rtol: float = RTOL,
    atol: float = ATOL,
    times: Times = None,
    progress: bool | Progress = False,
    max_steps: int = MAX_STEPS,
    seed: int | None = None,
    variables: Sequence[str] | None = None,
) -> Result:
    """Run a scenario from 0 to its duration.

    solver: a name in sim.solvers.SOLVERS
    rtol: relative tolerance per step, 1e-13 to 0.1
    atol: absolute tolerance as a share of each species' declared scale
    times: output times [s, text or timedelta], rising, or how many, to which the states just before
        and just after each cut are then added; they never influence the solution
    seed: of the stochastic nucleation, instead of the scenario's
    variables: names of those to keep over space and time, all when None; the ledger is always whole
    progress: True for a bar, or a function of (time [s], steps), which ends the run by raising
        KeyboardInterrupt: Ctrl-C itself reaches runs of the main thread only
    Warns (RangeWarning) of solids that the constants do not hold, and beyond the range of the chemistry, and
    (TissueWarning) of tissue that nothing says is alive, (UnreachedWarning) of interventions beyond the end;
    the sentences stand in the manifest as `notes`.
    Warns (LongRunWarning) before a run whose draws of nucleation take long.
    Returns a Result also when the run was interrupted or failed: see result.status.
    """
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"simulate needs a Scenario, not {scenario!r}; try sim.scenario('...').")
    settings = Settings.of(solver, rtol, atol, times, max_steps)
    output_times(scenario.duration, times)  # refused in the words that they were given in
    record = solved(scenario, settings, progress, seed, variables)
    result, told = finished_result(record), told_before(record.builder.scenario)
    for note in result.manifest["notes"]:
        if note not in told:
            warn_caller(note, RangeWarning)
    return result


@dataclass(frozen=True, eq=False)
class Run:
    """A run before its first step. Made by `prepared`.

    record: where what comes of it is noted; segments: its stretches without cuts
    wanted: output times [s]; stepped: whether both sides of each cut are outputs
    """

    record: RunRecord
    segments: list[Segment]
    wanted: np.ndarray
    stepped: bool

    def begin(self, segment: Segment, left: np.ndarray, progress: Progress | None) -> Task:
        """What a solver is asked for a segment. left: the state before its cut"""
        settings, system = self.record.settings, segment.system
        y = segment.change(left)
        self.record.begin(y, left)
        inside = (self.wanted >= segment.start) & (self.wanted <= segment.end)
        return Task(
            system, segment.start, segment.end, y, self.wanted[inside], settings.rtol,
            system.tolerances(settings.atol), progress, settings.max_steps,
        )  # fmt: skip

    def end(self, segment: Segment, solution: Solution) -> None:
        """Note what came of a segment."""
        if self.stepped and segment.start > 0 and solution.t.size:  # the step is seen, and just after it
            solution.t[0] = np.nextafter(segment.start, np.inf)
        self.record.end(segment, solution)


def prepared(
    scenario: Scenario,
    settings: Settings,
    seed: int | None = None,
    variables: Sequence[str] | None = None,
) -> Run:
    """All of a run that comes before its first step, warnings and refusals included."""
    chance = scenario.stochastic
    if chance is not None:
        seed = chance.seed if seed is None else seed
        scenario = scenario.changed({"seed": seed})
    elif seed is not None:
        raise ScenarioError(
            f"seed = {seed!r} would decide nothing: nucleation is not stochastic in {scenario.name}. Leave "
            "it out, or run scenario.with_stochastic_nucleation(seed=...). A random field has its own seed, "
            "given to with_random_field."
        )
    times = settings.times
    cuts = [m.at for m in moments(scenario.interventions, scenario.duration)]
    wanted = output_times(scenario.duration, times, cuts)
    stepped = isinstance(times, int)
    for note, kind in told_before(scenario).items():  # now, not after hours
        warn_caller(note, kind)
    builder = Builder(scenario)
    kept = _kept(builder, variables)
    outputs = wanted.size + stepped * len(cuts)
    forecast = memory.admitted(scenario, settings.solver, outputs, kept=None if kept is None else len(kept))
    if builder.nuclei and (cost := builder.nuclei.forecast(settings.max_steps)):
        warn_caller(cost, LongRunWarning)
    record = RunRecord(builder, settings, kept, (forecast, memory.resident()))
    # All segments now: a slip in the last must not cost the first.
    return Run(record, list(builder.segments()), wanted, stepped)


def solved(
    scenario: Scenario,
    settings: Settings,
    progress: bool | Progress = False,
    seed: int | None = None,
    variables: Sequence[str] | None = None,
) -> RunRecord:
    """Run a scenario as `simulate` does; what was noted, from which a result can be made."""
    run = prepared(scenario, settings, seed, variables)
    record, method, nuclei = run.record, find_solver(settings.solver), run.record.builder.nuclei
    solve = partial(nuclei.solve, method.solve) if nuclei else method.solve
    if method.prepare is not None:
        method.prepare(run.segments[0].system)
    bar, report = _progress(progress, record.builder.scenario)
    started = time.perf_counter()
    y = None
    try:
        for segment in run.segments:
            left = segment.first() if y is None else y
            solution = solve(run.begin(segment, left, report))
            run.end(segment, solution)
            y = solution.end
            if solution.status != "finished":
                break
    finally:
        if bar is not None:
            bar.close()
    record.wall = time.perf_counter() - started
    return record


def told_before(scenario: Scenario) -> dict[str, type[Warning]]:
    """Sentences on what to mind that are known before a run, with the kind of warning that each is."""
    told: dict[str, type[Warning]] = {note: RangeWarning for note in constants_notes(scenario)}
    told |= {note: TissueWarning for note in unsaid_living(scenario)}
    return told | dict.fromkeys(not_reached(scenario.interventions, scenario.duration), UnreachedWarning)


def output_times(duration: float, times: Times, cuts: Sequence[float] = ()) -> np.ndarray:
    """Output times [s]: given, or a number of them, dense at first where things move fastest, and each cut.

    Given times that lie past an end of the run by a rounding are that end.
    """
    found, slack = checked_times(times), SAME_TIME * duration
    if isinstance(found, int):
        return _row_of_times(float(duration), found, tuple(cuts)).copy()
    if found[0] < -slack or found[-1] > duration + slack:
        given: Any = times  # a row: shown in the words that it was given in
        outside = given[0 if found[0] < -slack else -1]
        raise ScenarioError(
            f"times: {shown(outside)} is outside the run, which goes from 0 to its duration, {duration:g} s."
        )
    row = np.array(found)
    for k in range(row.size):  # several that a rounding makes one still rise
        row[k] = max(row[k], np.nextafter(row[k - 1], np.inf) if k else 0.0)
    for k in reversed(range(row.size)):
        row[k] = min(row[k], np.nextafter(row[k + 1], 0.0) if k + 1 < row.size else duration)
    return row


@lru_cache(maxsize=16)  # the points of a sweep have the same
def _row_of_times(duration: float, count: int, cuts: tuple[float, ...]) -> np.ndarray:
    """A number of times, dense at first, and each cut."""
    row = duration * (np.arange(count) / (count - 1)) ** 2
    near = np.abs(row[:, None] - np.array(cuts)).min(axis=1, initial=np.inf) <= SAME_TIME * duration
    return np.union1d(row[~near], cuts)


def output_count(scenario: Scenario, times: Times = None) -> int:
    """How many outputs simulate(scenario, times=times) has: a number of them has two more a cut."""
    cuts = [m.at for m in moments(scenario.interventions, scenario.duration)]
    stepped = isinstance(checked_times(times), int)
    return output_times(scenario.duration, times, cuts).size + stepped * len(cuts)


def variables_to_keep(scenario: Scenario, asked: Sequence[str], beside: Sequence[str] = ()) -> list[str]:
    """The variables asked for, and of others those that a run of the scenario will have.

    Raises ScenarioError where one that is asked for will not be there.
    """
    builder = Builder(scenario)
    known = dataset.variables(builder)
    found = _kept(builder, asked) or []
    return list(dict.fromkeys([*found, *(n for n in beside if n in known)]))


def _kept(builder: Builder, given: Sequence[str] | None) -> list[str] | None:
    """Names of variables that the result will have; None for all."""
    if given is None:
        return None
    known = dataset.variables(builder)
    names = [given] if isinstance(given, str) else list(given)
    for name in names:
        if name not in known:
            raise ScenarioError(unknown("a variable of this run", name, known, 8))
    if not names:
        raise ScenarioError("variables = [] keeps nothing; name one, such as 'HAP', or leave it out for all.")
    return list(dict.fromkeys(names))


def _progress(progress: bool | Progress, scenario: Scenario):
    if not progress:
        return None, None
    if callable(progress):
        return None, progress
    if sys.stderr is None:  # no console, as pythonw has none
        return None, None
    from tqdm.auto import tqdm

    day = 86400.0
    span = (
        f"{scenario.duration / day:,.0f}"
        if scenario.duration > 1000 * day
        else f"{scenario.duration / day:.4g}"
    )
    bar = tqdm(
        total=scenario.duration / day, desc=scenario.name, mininterval=0.2,
        bar_format="{l_bar}{bar}| {unit}",
    )  # fmt: skip
    began, last = time.perf_counter(), [0.0]

    def report(t: float, steps: int):
        now = time.perf_counter()
        if now - last[0] > 0.2 or t >= scenario.duration:
            last[0] = now
            done = t / scenario.duration
            # Steps are tiny at first: a forecast from the first hundredth would be of weeks.
            left = f"{(now - began) * (1 - done) / done:.0f} s left" if done > 0.01 else "starting"
            bar.n = t / day
            bar.unit = f"{t / day:,.4g} of {span} day, {steps} steps, {now - began:.0f} s, {left}"
            bar.refresh()

    return bar, report
