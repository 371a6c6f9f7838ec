"""Run a scenario."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

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
from sim.experiment.timing.moments import moments, not_reached
from sim.identity.settings import ATOL, MAX_STEPS, RTOL, Settings, Times
from sim.run import dataset, memory
from sim.run.asked.output_times import output_times
from sim.run.asked.progress_bar import progress_of
from sim.run.beginning import beginning_at
from sim.run.continued.agreement import left_out_notes
from sim.run.continued.run_state import RunState, state_of
from sim.run.in_force.treated import treatment_notes
from sim.run.lazy_result import finished_result
from sim.run.record import RunRecord, constants_notes
from sim.run.result import Result
from sim.run.segments import Builder, Segment
from sim.run.snapshot import Snapshot, snapshot_of
from sim.run.watching.observing import RunObserver
from sim.run.watching.watch import Watch, as_watch
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
    start: Result | None = None,
    at: float | str | None = None,
    until: float | str | None = None,
    watch: Watch | Callable[[Snapshot], object] | None = None,
) -> Result:
    """Run a scenario from 0 to its duration, or go on from a state of another run.

    solver: a name in sim.solvers.SOLVERS
    rtol: relative tolerance per step, 1e-13 to 0.1
    atol: absolute tolerance as a share of each species' declared scale
    times: output times [s, text or timedelta], rising, or how many, to which the states just before
        and just after each cut are then added; they never influence the solution
    seed: of the stochastic nucleation, instead of the scenario's
    variables: names of those to keep over space and time, all when None; the ledger is always whole
    progress: True for a bar, or a function of (time [s], steps), which ends the run by raising
        KeyboardInterrupt: Ctrl-C itself reaches runs of the main thread only
    start: a result to go on from, finished or not, of the same grid; the scenario may differ in
        parameters, in interventions and in species that come in. The clock goes on: times, interventions
        and the end are counted from the first start; what was to act once before the state does not act.
    at: which of its outputs [s or text]; where it ended when None
    until: when the run ends [s or text], instead of the scenario's duration
    watch: a function of a Snapshot, the present state as a result, called some times a second of real time;
        sim.Watch(function, every=...) says how often, plotting.live() draws. The numbers of the run are the
        same with and without. Where the function fails, the run ends there, as by Ctrl-C, its message tells
        why, and a WatchWarning too.
    Warns (RangeWarning) of solids that the constants do not hold, and beyond the range of the chemistry, and
    (TissueWarning) of tissue that nothing says is alive, (UnreachedWarning) of interventions beyond the end;
    the sentences stand in the manifest as `notes`. So does that on a drug which the run before had in plasma
    and the scenario leaves out (RangeWarning).
    Warns (LongRunWarning) before a run whose draws of nucleation take long.
    Returns a Result also when the run was interrupted or failed: see result.status. One that goes on has
    the outputs from there on (`result.joined(start)` has all) and the ledger of the whole history.
    """
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"simulate needs a Scenario, not {scenario!r}; try sim.scenario('...').")
    watch = as_watch(watch)
    if until is not None:
        scenario = scenario.changed({"duration": until})
    state = _state(start, at)
    settings = Settings.of(solver, rtol, atol, times, max_steps)
    begins = 0.0 if state is None else state.time
    if scenario.duration > begins:  # refused in the words that they were given in
        output_times(scenario.duration, times, start=begins)
    record = solved(scenario, settings, progress, seed, variables, state, watch)
    result, told = finished_result(record), told_before(record.builder.scenario, state)
    for note in result.manifest["notes"]:
        if note not in told:
            warn_caller(note, RangeWarning)
    return result


def _state(start: Result | None, at: float | str | None) -> RunState | None:
    """The state of a result that a run goes on from; None for a run from the first start."""
    if start is None:
        if at is not None:
            raise ScenarioError(
                f"at = {shown(at)} is a time of a run to go on from, which is not given; give "
                "start=result, or until=... for the end of the run."
            )
        return None
    if not isinstance(start, Result):
        raise ScenarioError(f"start = {shown(start)} is not a Result; sim.simulate and sim.load return one.")
    return state_of(start, at)


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

    def first(self) -> np.ndarray:
        """The state before the first segment's interventions."""
        return self.record.beginning.first(self.segments[0])

    def begin(
        self,
        segment: Segment,
        left: np.ndarray,
        progress: Progress | None,
        observer: RunObserver | None = None,
    ) -> Task:
        """What a solver is asked for a segment. left: the state before its cut"""
        settings, system = self.record.settings, segment.system
        y = segment.change(left)
        self.record.begin(y, left)
        inside = (self.wanted >= segment.start) & (self.wanted <= segment.end)
        return Task(
            system, segment.start, segment.end, y, self.wanted[inside], settings.rtol,
            system.tolerances(settings.atol), progress, settings.max_steps, observer=observer,
        )  # fmt: skip

    def cut_of(self, segment: Segment) -> float:
        """The time [s] of the cut that a segment starts with, where both its sides are outputs; else NaN."""
        first = segment is self.segments[0]  # whose start is no cut where a run goes on without a step
        both = self.stepped and segment.start > 0 and (not first or segment.cuts)
        return segment.start if both else np.nan

    def end(self, segment: Segment, solution: Solution) -> None:
        """Note what came of a segment."""
        if solution.t.size and self.cut_of(segment) == segment.start:  # the step is seen, and just after it
            solution.t[0] = np.nextafter(segment.start, np.inf)
        self.record.end(segment, solution)


def prepared(
    scenario: Scenario,
    settings: Settings,
    seed: int | None = None,
    variables: Sequence[str] | None = None,
    state: RunState | None = None,
) -> Run:
    """All of a run that comes before its first step, warnings and refusals included.

    state: that the run goes on from
    """
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
    for note, kind in told_before(scenario, state).items():  # now, not after hours
        warn_caller(note, kind)
    builder = Builder(scenario)
    beginning = beginning_at(builder, state)
    cuts = [m.at for m in moments(scenario.interventions, scenario.duration)]
    wanted = output_times(scenario.duration, times, cuts, beginning.time)
    stepped = isinstance(times, int)
    kept = _kept(builder, variables)
    outputs = wanted.size + stepped * len(cuts)
    forecast = memory.admitted(scenario, settings.solver, outputs, kept=None if kept is None else len(kept))
    if builder.nuclei and (cost := builder.nuclei.forecast(settings.max_steps)):
        warn_caller(cost, LongRunWarning)
    record = RunRecord(builder, settings, kept, (forecast, memory.resident()), beginning)
    # All segments now: a slip in the last must not cost the first.
    return Run(record, beginning.segments(list(builder.segments())), wanted, stepped)


def solved(
    scenario: Scenario,
    settings: Settings,
    progress: bool | Progress = False,
    seed: int | None = None,
    variables: Sequence[str] | None = None,
    state: RunState | None = None,
    watch: Watch | None = None,
) -> RunRecord:
    """Run a scenario as `simulate` does; what was noted, from which a result can be made."""
    run = prepared(scenario, settings, seed, variables, state)
    record, method, nuclei = run.record, find_solver(settings.solver), run.record.builder.nuclei
    solve = partial(nuclei.solve, method.solve) if nuclei else method.solve
    if method.prepare is not None:
        method.prepare(run.segments[0].system)
    bar, report = progress_of(progress, record.builder.scenario, record.beginning.time)
    started = time.perf_counter()
    y = None
    observer = None if watch is None else RunObserver(watch, partial(snapshot_of, record))
    try:
        for segment in run.segments:
            left = run.first() if y is None else y
            if observer:
                observer.begin(segment, run.cut_of(segment))
            solution = solve(run.begin(segment, left, report, observer))
            run.end(segment, solution)
            y = solution.end
            if solution.status != "finished":
                break
    finally:
        if bar is not None:
            bar.close()
    record.wall = time.perf_counter() - started
    if observer:
        observer.end(record.parts[-1][1])
    return record


def told_before(scenario: Scenario, state: RunState | None) -> dict[str, type[Warning]]:
    """Sentences on what to mind that are known before a run, with the kind of warning that each is.

    state: that the run goes on from
    """
    told: dict[str, type[Warning]] = {note: RangeWarning for note in constants_notes(scenario)}
    told |= {note: RangeWarning for note in treatment_notes(scenario)}
    told |= {note: RangeWarning for note in left_out_notes(state, scenario)}
    told |= {note: TissueWarning for note in unsaid_living(scenario)}
    return told | dict.fromkeys(not_reached(scenario.interventions, scenario.duration), UnreachedWarning)


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
