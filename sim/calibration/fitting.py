"""sim.calibrate: fit parameters of a scenario to measured numbers, and say what the fit is worth."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from sim.calibration.data import Data
from sim.calibration.data_file import as_data
from sim.calibration.engine.fit_progress import FitProgress, ProgressFunction
from sim.calibration.engine.outcomes import Failure, Predict, RunFailed
from sim.calibration.engine.run_store import RunStore
from sim.calibration.free import Free, free_parameters, inner_start
from sim.calibration.outcome import Calibration, fitted_scenario
from sim.calibration.problem import TOLERANCE, Problem, problem_of
from sim.calibration.profiles import Profile, profiles_of
from sim.calibration.runs import Runs
from sim.calibration.search import Start, best_of, search
from sim.calibration.spread import Spread, no_spread, spread
from sim.calibration.verdicts import unjudged, verdicts
from sim.errors import ConfigError, ScenarioError, not_one_of, shown
from sim.experiment.scenario import Scenario
from sim.identity.settings import ATOL, Settings
from sim.public import public
from sim.run.measures import Measure
from sim.solvers import DEFAULT

RTOL = 1e-6  # finer than a plain run: differences of runs are taken
MAX_STEPS = 20_000  # of a run: some hundreds are usual, and a corner of the bounds may want a million
RESTARTS = 5  # after a profile found a better fit
ERRORS = ("constant", "proportional")


@public
def calibrate(
    scenario: Scenario,
    data: Any,
    parameters: Iterable[str] | Mapping[str, Sequence[Any]],
    *,
    bounds: Mapping[str, Sequence[Any]] | None = None,
    log: bool | Iterable[str] | None = None,
    start: Mapping[str, float | str] | None = None,
    starts: int = 4,
    seed: int = 1,
    observables: Mapping[str, Measure] | None = None,
    errors: str = "constant",
    confidence: float = 0.95,
    profiles: bool = True,
    solver: str = DEFAULT,
    rtol: float = RTOL,
    atol: float = ATOL,
    max_steps: int = MAX_STEPS,
    workers: int = 0,
    store: str | os.PathLike | None = None,
    progress: bool | ProgressFunction = False,
) -> Calibration:
    """Fit parameters of a scenario by weighted least squares within bounds.

    data: a CSV with units, Data, or rows (time, quantity, value[, standard deviation]); a quantity is
        "mean X", "total X", "peak X", "X" (its mean), each also "... in LAYER", or a key of `observables`
        (measures with a curve)
    parameters, bounds, log, start: see sim.calibration.free.free_parameters; a parameter without given
        bounds may move in its range
    starts: searches, the first from `start`, the others from a Latin hypercube of this seed
    errors: for data without standard deviations: "constant" within a quantity, or "proportional" to
        the value; their size is then estimated from the residuals
    profiles: whether to trace profile likelihoods at once; Calibration.profile(name) does so later
    solver, rtol, atol, max_steps: of sim.simulate, for every run
    workers: 0 runs here, n in as many processes; the numbers do not depend on it
    store: a file that keeps every run; the same fit begun again takes its runs from there and goes on
    progress: True for a line, or a function of a sim.calibration.FitState
    The reported optimum is the best of all runs made. A failed run shortens the step that led to it, and is
    counted in Calibration.failures. Ctrl-C returns the best fit so far, with `message` saying so.
    """
    request = {
        "bounds": bounds, "log": log, "start": start, "starts": starts, "seed": seed,
        "observables": observables, "errors": errors, "confidence": confidence, "profiles": profiles,
        "solver": solver, "rtol": rtol, "atol": atol, "max_steps": max_steps, "workers": workers,
    }  # fmt: skip
    runs, plan = request_of(scenario, data, parameters, request)
    report = FitProgress(progress)
    with runs.store(store) if store is not None else nullcontext() as opened:
        made = pursued_fit(runs.predict, runs.data, runs.free, plan, opened, report)
    return replace(made, scenario=fitted_scenario(scenario, runs.free, made.values, runs.data), forward=runs)


def request_of(
    scenario: Scenario, data: Any, parameters: Any, given: Mapping[str, Any]
) -> tuple[Runs, FitPlan]:
    """What `calibrate` is asked for, checked; nothing is run. given: its keywords"""
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"calibrate needs a Scenario, not {shown(scenario)}; try sim.scenario('...').")
    found = as_data(data)
    free = free_parameters(scenario, parameters, *(given.get(k) for k in ("bounds", "log", "start")))
    asked = {k: given[k] for k in FitPlan._fields if k in given}
    plan = FitPlan(**asked).checked()
    settings = Settings.of(
        given.get("solver", DEFAULT), given.get("rtol", RTOL), given.get("atol", ATOL), None,
        given.get("max_steps", MAX_STEPS),
    )  # fmt: skip
    observables = given.get("observables")
    if observables is not None and not isinstance(observables, Mapping):
        raise ConfigError(f"observables = {shown(observables)}; give {{'core': measure}}.")
    # changed warns where bounds leave the range of a parameter: said once, not in every run
    for ends in zip(*((f.low, f.high) for f in free), strict=True):
        scenario.changed({f.name: float(v) for f, v in zip(free, ends, strict=True)})
    options = {k: getattr(settings, k) for k in ("solver", "rtol", "atol", "max_steps")}
    return Runs(scenario, found, free, observables, options), plan


def fit(
    predict: Predict,
    data: Data,
    free: Sequence[Free],
    *,
    starts: int = 4,
    seed: int = 1,
    errors: str = "constant",
    confidence: float = 0.95,
    profiles: bool = True,
    workers: int = 0,
    progress: bool | ProgressFunction = False,
) -> Calibration:
    """The fit of any forward model: predict(values [SI] (p,)) -> predictions (n,) of the data.

    The other arguments are those of `calibrate`.
    """
    if not callable(predict):
        raise ConfigError(f"predict = {shown(predict)} is no function of the values of the parameters.")
    free = tuple(free) if isinstance(free, Iterable) else (free,)
    if not free or not all(isinstance(f, Free) for f in free):
        raise ConfigError(f"free = {shown(free)}; give a sim.calibration.Free for each parameter.")
    plan = FitPlan(starts, seed, errors, confidence, profiles, workers).checked()
    return pursued_fit(predict, as_data(data), free, plan, None, FitProgress(progress))


class FitPlan(NamedTuple):
    """What is asked of a fit beside model, data and parameters."""

    starts: int = 4
    seed: int = 1
    errors: str = "constant"
    confidence: float = 0.95
    profiles: bool = True
    workers: int = 0
    limits: bool = False  # among the numbers, which nothing near the best fit need feel
    tolerance: float = TOLERANCE  # relative change of the sum of squares that ends a search

    def checked(self) -> FitPlan:
        """Itself; a sentence for what does not fit."""
        for name, least, most in (("starts", 1, 10_000), ("seed", 0, 2**63), ("workers", 0, 1024)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                raise ConfigError(f"{name} = {shown(value)} must be a whole number, at least {least}.")
        if self.errors not in ERRORS:
            raise ConfigError(not_one_of("errors", self.errors, ERRORS))
        level = self.confidence
        if isinstance(level, bool) or not isinstance(level, int | float) or not 0.5 <= level < 1:
            raise ConfigError(f"confidence = {shown(level)} must lie from 0.5 to below 1; 0.95 is usual.")
        if not 0 < self.tolerance < 1:
            given = shown(self.tolerance)
            raise ConfigError(f"tolerance = {given} must lie between 0 and 1; 1e-3 is coarse.")
        if not isinstance(self.profiles, bool):
            raise ConfigError(f"profiles = {shown(self.profiles)} is neither True nor False.")
        return self


def pursued_fit(
    predict: Predict,
    data: Data,
    free: Sequence[Free],
    plan: FitPlan,
    store: RunStore | None,
    report: FitProgress,
) -> Calibration:
    """The fit of a forward model to data, as the plan says."""
    problem = problem_of(
        free,
        data.values,
        _scale(data, plan.errors),
        data.sd is not None,
        predict,
        plan.workers,
        store,
        report,
        plan.tolerance,
    )
    part = Part()
    clean = False
    try:
        _pursue(problem, plan, part)
        clean = True
    except KeyboardInterrupt:
        if problem.best is None:
            raise
        part.message = f"interrupted after {problem.runs} runs, {part.at}: the values are the best so far"
        part.message += ", and the same fit goes on from its store." if store is not None else "."
    finally:
        problem.evaluations.close(kill=not clean)
    return _outcome(problem, data, plan, part)


@dataclass
class Part:
    """What a fit has come to; filled as it goes, because Ctrl-C may end it anywhere."""

    searches: list[Start] = field(default_factory=list)
    around: Spread | None = None
    traced: dict[str, Profile] = field(default_factory=dict)
    settled: bool = True
    at: str = "before the searches had ended"
    message: str = ""


def _pursue(problem: Problem, plan: FitPlan, part: Part) -> None:
    """Search, judge the neighbourhood, trace profiles; again from any better fit on the way."""
    part.searches = best_of(problem, plan.starts, plan.seed)
    for attempt in range(RESTARTS + 1):
        part.at = "while the neighbourhood of the best fit was looked at"
        best = _best(problem)
        try:
            part.around = around = spread(problem, best, plan.confidence)
        except RunFailed as error:
            raise ConfigError(f"the best fit has no neighbours to judge it by: {error}") from error
        if not plan.profiles or not np.isfinite(around.sigma) or around.sigma == 0:
            return
        part.at = "while profiles were traced"
        wanted = [i for i in range(len(problem.free)) if plan.limits or not around.flat[i]]
        traced = profiles_of(problem, best, around, wanted, plan.confidence, last=attempt == RESTARTS)
        if traced is not None:
            part.traced = traced
            break
        search(problem, _best(problem))
    part.settled = problem.best_cost >= problem.cost(best) - 0.01 * around.sigma**2


def _best(problem: Problem) -> np.ndarray:
    if problem.best is None:
        raise ConfigError(
            f"none of {problem.runs} runs could be used; the first said: {problem.failures[0].reason} "
            "Start elsewhere (start=...), or narrow the bounds."
        )
    return problem.best


def _outcome(problem: Problem, data: Data, plan: FitPlan, part: Part) -> Calibration:
    best = _best(problem)  # also when a neighbour turned out better by less than it matters
    residuals = problem.residuals(best)
    around = part.around
    if around is None or (part.message and problem.best_cost < around.base):  # broken off before
        around, part.traced = no_spread(problem), {}
    if part.message:
        judged, notes = unjudged(problem.free, part.message)
    else:
        judged, notes = verdicts(problem, best, around, part.traced)
    if not part.settled:
        notes.append(f"profiles found better fits {RESTARTS + 1} times over: take more starts.")
    names = [f.name for f in problem.free]
    begin = problem.evaluations.known.get(tuple(inner_start(problem.free).tolist()))
    settled_around = around

    def later(name: str) -> Profile:
        i = names.index(name)
        found = profiles_of(problem, best, settled_around, [i], plan.confidence, last=True)
        return found[name] if found else part.traced[name]

    made = Calibration(
        None, data, problem.free, problem.outer(best), residuals * problem.scale + problem.values, residuals,
        around, plan.confidence, part.traced, judged, (), tuple(part.searches), problem.runs,
        problem.failures, later, problem.scale, None if isinstance(begin, Failure) else begin, part.message,
    )  # fmt: skip
    if made.p_value < 0.01:
        notes.append(
            f"the residuals are larger than the standard deviations say (chance {made.p_value:.1g}): the "
            "model or the standard deviations are wrong, and the intervals are too narrow."
        )
    return replace(made, notes=tuple(notes))


def _scale(data: Data, errors: str) -> np.ndarray:
    """Standard deviations, or relative weights where they are unknown (n,) [SI]."""
    if data.sd is not None:
        return data.sd
    size = np.abs(data.values)
    if errors == "proportional":
        if not (size > 0).all():
            raise ConfigError(f"errors='proportional' cannot weight a value of 0 in {data.name}.")
        return size
    quantities = np.array([d.quantity for d in data])
    largest = {q: size[quantities == q].max() for q in data.quantities}
    if not min(largest.values()) > 0:
        raise ConfigError(f"{data.name} has a quantity that is 0 throughout; give standard deviations.")
    return np.array([largest[q] for q in quantities])
