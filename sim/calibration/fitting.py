"""sim.calibrate: fit parameters of a scenario to measured numbers, and say what the fit is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sim.calibration.data import Data, as_data
from sim.calibration.free import Free, free_parameters
from sim.calibration.outcome import Calibration, fitted_scenario
from sim.calibration.problem import Predict, Problem, RunFailed
from sim.calibration.profiles import BetterFound, Profile, trace
from sim.calibration.runs import Runs
from sim.calibration.search import Start, best_of, search
from sim.calibration.spread import Spread, spread
from sim.calibration.verdicts import verdicts
from sim.errors import ConfigError, ScenarioError, not_one_of, shown
from sim.experiment.scenario import Scenario
from sim.run.measures import Measure
from sim.run.simulate import ATOL
from sim.solvers import DEFAULT

RTOL = 1e-6  # finer than a plain run: differences of runs are taken
MAX_STEPS = 20_000  # of a run: some hundreds are usual, and a corner of the bounds may want a million
RESTARTS = 5  # after a profile found a better fit
ERRORS = ("constant", "proportional")


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
) -> Calibration:
    """Fit parameters of a scenario by weighted least squares within bounds.

    data: a CSV with units, Data, or rows (time, quantity, value[, standard deviation]); a quantity is
        "mean X", "total X", "peak X", "X" (its mean), or a key of `observables` (measures with a curve)
    parameters, bounds, log, start: see sim.calibration.free.free_parameters; a parameter without given
        bounds may move in its range
    starts: searches, the first from `start`, the others from a Latin hypercube of this seed
    errors: for data without standard deviations: "constant" within a quantity, or "proportional" to
        the value; their size is then estimated from the residuals
    solver, rtol, atol, max_steps: of sim.simulate, for every run
    profiles: whether to trace profile likelihoods at once; Calibration.profile(name) does so later
    The reported optimum is the best of all runs made. A failed run shortens the step that led to it, and is
    counted in Calibration.failures.
    """
    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"calibrate needs a Scenario, not {shown(scenario)}; try sim.scenario('...').")
    found = as_data(data)
    free = free_parameters(scenario, parameters, bounds, log, start)
    # changed warns where bounds leave the range of a parameter: said once, not in every run
    for ends in zip(*((f.low, f.high) for f in free), strict=True):
        scenario.changed({f.name: float(v) for f, v in zip(free, ends, strict=True)})
    options = {"solver": solver, "rtol": rtol, "atol": atol, "max_steps": max_steps}
    runs = Runs(scenario, found, free, observables, options)
    made = fit(
        runs.predict, found, free, starts=starts, seed=seed, errors=errors, confidence=confidence,
        profiles=profiles,
    )  # fmt: skip
    return replace(made, scenario=fitted_scenario(scenario, free, made.values, found))


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
) -> Calibration:
    """The fit of any forward model: predict(values [SI] (p,)) -> predictions (n,) of the data."""
    if isinstance(starts, bool) or not isinstance(starts, int) or starts < 1:
        raise ConfigError(f"starts = {shown(starts)} must be a whole number, at least 1.")
    if not 0.5 <= confidence < 1:
        raise ConfigError(f"confidence = {shown(confidence)} must lie from 0.5 to below 1; 0.95 is usual.")
    problem = Problem(
        tuple(free), data.values, _scale(data, errors), data.sd is not None, predict,
    )  # fmt: skip
    searches = best_of(problem, starts, seed)
    around, traced, settled = _settled(problem, confidence, profiles)
    best = _best(problem)  # also when a neighbour turned out better by less than it matters
    judged, notes = verdicts(problem, best, around, traced)
    if not settled:
        notes.append(f"profiles found better fits {RESTARTS + 1} times over: take more starts.")
    return _outcome(problem, data, best, around, confidence, traced, judged, notes, searches)


def _settled(problem: Problem, confidence: float, profiles: bool) -> tuple[Spread, dict[str, Profile], bool]:
    """Spread and profiles around the optimum, again from any better fit on the way; whether that ended."""
    for attempt in range(RESTARTS + 1):
        best = _best(problem)
        try:
            around = spread(problem, best, confidence)
        except RunFailed as error:
            raise ConfigError(f"the best fit has no neighbours to judge it by: {error}") from error
        if not profiles or not np.isfinite(around.sigma) or around.sigma == 0:
            return around, {}, True
        traced = {}
        try:
            for i, f in enumerate(problem.free):
                if not around.flat[i]:
                    traced[f.name] = trace(problem, best, around, i, confidence, last=attempt == RESTARTS)
            break
        except BetterFound:
            search(problem, _best(problem))
    return around, traced, problem.best_cost >= problem.cost(best) - 0.01 * around.sigma**2


def _best(problem: Problem) -> np.ndarray:
    if problem.best is None:
        raise ConfigError(
            f"none of {problem.runs} runs could be used; the first said: {problem.failures[0].reason} "
            "Start elsewhere (start=...), or narrow the bounds."
        )
    return problem.best.copy()


def _outcome(
    problem: Problem,
    data: Data,
    best: np.ndarray,
    around: Spread,
    confidence: float,
    traced: dict[str, Profile],
    judged: dict,
    notes: list[str],
    searches: list[Start],
) -> Calibration:
    residuals = problem.residuals(best)
    names = [f.name for f in problem.free]
    made = Calibration(
        None, data, problem.free, problem.outer(best), residuals * problem.scale + problem.values, residuals,
        around, confidence, traced, judged, (), tuple(searches), problem.runs, tuple(problem.failures),
        lambda name: trace(problem, best, around, names.index(name), confidence, last=True),
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
    if errors not in ERRORS:
        raise ConfigError(not_one_of("errors", errors, ERRORS))
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
