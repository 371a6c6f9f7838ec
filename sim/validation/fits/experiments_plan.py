"""Calibration files over experiments: which experiments, which numbers they share. Data only, never code."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sim.calibration.engine.fit_progress import FitProgress, ProgressFunction
from sim.calibration.fitting import MAX_STEPS, RTOL, FitPlan, pursued_fit
from sim.calibration.free import Free, free_parameters
from sim.calibration.outcome import Calibration
from sim.calibration.plans.fit_plan import (
    CalibrationPlan,
    calibration_from,
    calibration_path,
    free_of,
    options_of,
)
from sim.errors import ConfigError, not_one_of, shown
from sim.experiment.values.file_tables import read_toml
from sim.parameters.sections import Section
from sim.public import public
from sim.sweeps.plans.plan import naming_file
from sim.validation.experiment import Experiment
from sim.validation.fits.statement_runs import SharedNumber, StatementRuns
from sim.validation.reading_files import load_experiment

FIT = ("starts", "seed", "confidence", "profiles", "workers", "rtol", "max_steps", "tolerance")
KEYS = ("title", "notes", "experiments", "free", "fit")


@dataclass(frozen=True)
class ExperimentsPlan:
    """What a calibration file over experiments asks for.

    experiments: whole; their statements marked fitted are fitted to
    shared: the parameters; bounds, log, start: of them, as files of calibrations give them
    options: starts, seed, confidence, profiles, workers, rtol, max_steps
    """

    name: str
    experiments: tuple[Experiment, ...]
    shared: tuple[SharedNumber, ...]
    bounds: Mapping[str, Any]
    log: Mapping[str, bool]
    start: Mapping[str, Any]
    options: dict[str, Any]
    title: str = ""
    notes: str = ""
    file: str = ""

    def check(self) -> tuple[StatementRuns, FitPlan]:
        """The runs and what is asked of the fit; refuses what could not run."""
        with naming_file(self.file):
            asked = {k: v for k, v in self.options.items() if k in FitPlan._fields}
            plan = FitPlan(**asked, limits=True).checked()
            chosen = [self._fitted_part(e) for e in self.experiments]
            free = [self._free(s) for s in self.shared]
            rest = self.options.get("rtol", RTOL), self.options.get("max_steps", MAX_STEPS)
            return StatementRuns(chosen, free, self.shared, *rest), plan

    def run(
        self,
        store: str | os.PathLike | None = None,
        progress: bool | ProgressFunction = False,
        **more: Any,
    ) -> Calibration:
        """Run it; more: options that go before those of the file. Ctrl-C gives the best so far."""
        runs, plan = replace(self, options={**self.options, **more}).check()
        with runs.store(store) if store is not None else nullcontext() as opened:
            return pursued_fit(runs.predict, runs.data, runs.free, plan, opened, FitProgress(progress))

    def experiments_with(self, found: Calibration) -> list[Experiment]:
        """The whole experiments with what a fit found, for the scorecard."""
        runs, _ = self.check()
        return replace(runs, experiments=self.experiments).experiments_at(found.values.tolist())

    def _fitted_part(self, e: Experiment) -> Experiment:
        wanted = tuple(w for w in e.wanted if w.fitted)
        if not wanted:
            raise ConfigError(f"{e.name} has no statement with fitted = true; nothing of it is fitted to.")
        for w in wanted:
            if not w.span.logarithm and min(b for b in w.span[:2] if abs(b) < float("inf")) <= 0:
                raise ConfigError(
                    f"{e.name}: {w.wording}: a bound of 0 or below has no factor; fit to one above."
                )
        return replace(e, wanted=wanted)

    def _free(self, s: SharedNumber) -> Free:
        arms = {
            f"{e.name}, {arm}": scenario
            for e in self.experiments
            if s.moves(e)
            for arm, scenario in e.arms.items()
        }
        if not arms:
            first = next(iter(self.experiments[0].arms.values()))
            free_parameters(first, [s.name])  # says what it has
            raise ConfigError(f"{s.name} is a parameter of none of the experiments that it is meant for.")
        given: dict[str, Any] = {
            key: {s.name: table[s.name]} if s.name in table else None
            for key, table in (("bounds", self.bounds), ("log", self.log), ("start", self.start))
        }
        found = {name: free_parameters(scenario, [s.name], **given)[0] for name, scenario in arms.items()}
        (where, one), *others = found.items()
        for name, other in others:
            if other.start != one.start:
                raise ConfigError(
                    f"{s.name} is {one.shown(one.start)} in {where} and {other.shown(other.start)} in "
                    f"{name}; "
                    "give a start, or name the experiments that share it with of = [...]."
                )
        return replace(one, name=f"{s.name} of {' and '.join(s.of)}") if s.of else one


def load_fit(name: str | Path) -> CalibrationPlan | ExperimentsPlan:
    """Read a calibration file, of a scenario or over experiments: a name of the package, or a path."""
    path = calibration_path(name)
    content = read_toml(path)
    if "experiments" not in content:
        return calibration_from(content, path)
    with naming_file(path.name):
        top = Section(content, path.name, KEYS)
        names = top.names("experiments", "experiments")
        chosen = tuple(load_experiment(_beside(path.parent, n)) for n in names)
        free, bounds, logs, start = free_of(top, ("of",))
        shared = tuple(SharedNumber(n, _of(top, n, [e.name for e in chosen])) for n in free)
        words = top.text("title"), top.text("notes", most=10_000)
        return ExperimentsPlan(
            path.stem, chosen, shared, bounds or {}, logs or {}, start or {},  # type: ignore[arg-type]
            options_of(top, FIT), *words, path.name,
        )  # fmt: skip


@public
def fit(
    plan: str | Path = "experiments",
    workers: int = 0,
    store: str | Path | None = None,
    progress: bool | ProgressFunction = False,
    **options: Any,
) -> Calibration:
    """Fit parameters that experiments share to their statements marked fitted, as a calibration file says.

    plan: a file of the package, or a path · store: keeps every run; the same fit goes on from there
    options: starts, seed, confidence, profiles, rtol, max_steps, instead of the file's
    Deviations (predictions and residuals) are in standard deviations: of a range from its middle, of a limit
    what a figure lacks to lie a hair beyond it. Ctrl-C returns the best so far; its `message` says so.
    """
    found = load_fit(plan)
    if isinstance(found, CalibrationPlan):
        raise ConfigError(f"{found.name} calibrates one scenario; run it by sim.calibrate.")
    for name in options:
        if name not in FIT:
            raise ConfigError(not_one_of("option", name, FIT))
    return found.run(store, progress, workers=workers, **options)


def statement_rows(found: Calibration) -> list[tuple[str, str]]:
    """(deviation in standard deviations, statement), the worst first."""
    pairs = zip(found.residuals, found.data, strict=True)
    return [(f"{r:+.2f}", d.quantity) for r, d in sorted(pairs, key=lambda p: -abs(p[0]))]


def _beside(folder: Path, name: str) -> str | Path:
    return folder / name if name.endswith(".toml") else name


def _of(top: Section, name: str, known: list[str]) -> tuple[str, ...]:
    """The experiments that a parameter belongs to, () for all that have it."""
    given = top.table("free").get(name)
    of = given.get("of") if isinstance(given, Mapping) else None
    if of is None:
        return ()
    names = [of] if isinstance(of, str) else of
    if not isinstance(names, list) or not names or any(n not in known for n in names):
        raise ConfigError(f"{top.where} [free.{shown(name)}]: {not_one_of('of', of, known)}")
    return tuple(names)
