"""Run a scenario."""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from sim.errors import ScenarioError, shown
from sim.experiment.scenario import Scenario
from sim.run import memory
from sim.run.record import RunRecord
from sim.run.result import Result
from sim.run.segments import Builder
from sim.solvers import DEFAULT, Task
from sim.solvers import solver as find_solver
from sim.solvers.steps.task import MAX_STEPS, Progress
from sim.units import convert

RTOL = 1e-5
ATOL = 1e-6


def simulate(
    scenario: Scenario,
    solver: str = DEFAULT,
    rtol: float = RTOL,
    atol: float = ATOL,
    times: np.ndarray | list[float | str] | int | None = None,
    progress: bool | Progress = False,
    max_steps: int = MAX_STEPS,
    seed: int | None = None,
) -> Result:
    """Run a scenario from 0 to its duration.

    solver: a name in sim.solvers.SOLVERS
    rtol: relative tolerance per step, 1e-13 to 0.1
    atol: absolute tolerance as a share of each species' declared scale
    times: output times [s or text], rising, or how many; they never influence the solution
    seed: of the stochastic nucleation, instead of the scenario's
    progress: True for a bar, or a function of (time [s], steps)
    Returns a Result also when the run was interrupted or failed: see result.status.
    """
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"simulate needs a Scenario, not {scenario!r}; try sim.scenario('...').")
    if not 1e-13 <= rtol <= 1e-1:
        raise ScenarioError(f"rtol = {rtol!r} is outside 1e-13 to 0.1; 1e-5 is the default.")
    if not 0 < atol <= 1:
        raise ScenarioError(f"atol = {atol!r} must be above 0 and at most 1: it is a share of each scale.")
    chance = scenario.stochastic
    if chance is not None:
        seed = chance.seed if seed is None else seed
        scenario = scenario.with_stochastic_nucleation(seed, chance.interval, chance.sample)
    elif seed is not None:
        raise ScenarioError(
            f"seed = {seed!r} would decide nothing: nucleation is not stochastic in {scenario.name}. Leave "
            "it out, or run scenario.with_stochastic_nucleation(seed=...). A random field has its own seed, "
            "given to with_random_field."
        )
    method = find_solver(solver)
    wanted = output_times(scenario.duration, times)
    forecast, before = memory.admitted(scenario, solver, wanted.size), memory.resident()
    builder = Builder(scenario)
    solve = partial(builder.nuclei.solve, method.solve) if builder.nuclei else method.solve
    record = RunRecord(builder, solver, rtol, atol, seed)
    segments = list(builder.segments())  # all of them now: a slip in the last must not cost the first
    if method.prepare is not None:
        method.prepare(segments[0].system)
    bar, report = _progress(progress, scenario)
    started = time.perf_counter()
    y = None
    try:
        for segment in segments:
            system = segment.system
            y = builder.initial(system) if y is None else segment.change(y)
            record.begin(segment, y)
            inside = (wanted >= segment.start) & (wanted <= segment.end)
            solution = solve(
                Task(
                    system, segment.start, segment.end, y, wanted[inside], rtol, system.tolerances(atol),
                    report, max_steps,
                )
            )  # fmt: skip
            record.end(segment, solution)
            y = solution.end
            if solution.status != "finished":
                break
    finally:
        if bar is not None:
            bar.close()
    result = record.result(time.perf_counter() - started)
    result.manifest["memory"] = memory.account(forecast, before)
    return result


def output_times(duration: float, times: np.ndarray | list | int | None) -> np.ndarray:
    """Output times [s]: given, or a number of them, dense at first where things move fastest."""
    if times is None:
        times = memory.OUTPUTS
    if isinstance(times, int | np.integer) and not isinstance(times, bool):
        if times < 2:
            raise ScenarioError(f"times = {times}: at least 2 output times are needed.")
        x = np.arange(times) / (times - 1)
        return duration * x**2
    if isinstance(times, str | float | bool) or np.ndim(times) != 1 or not len(times):
        raise ScenarioError(
            f"times = {shown(times)} is no row of times; give some, ['1 h', '1 day'], or how many, times=60."
        )
    times = times.tolist() if isinstance(times, np.ndarray) else list(times)
    found = np.array([convert(t, "s", "times") for t in times], float)
    wrong = np.flatnonzero(np.diff(found) <= 0)
    if wrong.size:
        k = int(wrong[0])
        what = "comes twice" if found[k] == found[k + 1] else f"is followed by {shown(times[k + 1])}"
        raise ScenarioError(
            f"times must rise, and {shown(times[k])} {what}; numpy.unique sorts numbers and drops repeats."
        )
    if found[0] < 0 or found[-1] > duration:
        outside = times[0] if found[0] < 0 else times[-1]
        raise ScenarioError(
            f"times: {shown(outside)} is outside the run, which goes from 0 to its duration, {duration:g} s."
        )
    return found


def _progress(progress: bool | Progress, scenario: Scenario):
    if not progress:
        return None, None
    if callable(progress):
        return None, progress
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
