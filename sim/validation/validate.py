"""Run experiments and judge them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import ConfigError, ScenarioError
from sim.public import public
from sim.sweeps.engines.side_by_side import checked_workers
from sim.validation.arm_runs import ArmRun, ArmTask, run_arms
from sim.validation.experiment import Experiment
from sim.validation.reading_files import experiments, load_experiment
from sim.validation.run_progress import RunProgress, TellProgress
from sim.validation.scorecard import FAIL, NOT_RUN, Judged, Scorecard, ScoreRow
from sim.validation.wanted import Wanted

Runs = dict[tuple[int, str], ArmRun]  # by place of the experiment and name of the arm


@public
def validate(
    names: Sequence[str | Path | Experiment] | None = None,
    changes: Mapping[str, Any] | None = None,
    workers: int = 0,
    progress: bool | TellProgress = False,
) -> Scorecard:
    """Run experiments and compare them with what was measured.

    names: of experiments of the package, or paths of files; all of the package when None
    changes: values in all arms, {name: text with a unit, SI number, word}, as `Scenario.changed` takes
        them; a name that none of the experiments has is refused, and where one lacks it, it stays as it is
    workers: processes, 0 to run here; progress: True for a line, or a function of (runs done, runs in all)
    Ctrl-C keeps what was run; the message of the scorecard says so.
    """
    chosen = [e if isinstance(e, Experiment) else load_experiment(e) for e in names or experiments()]
    card = scored(with_changes(chosen, changes or {}), workers, progress, changes or {})
    return with_causes(card, workers)


def with_causes(card: Scorecard, workers: int = 0) -> Scorecard:
    """The scorecard with failed experiments run again under the changes that show their cause."""
    failed = [r.experiment for r in card.rows if r.verdict == FAIL and r.experiment.counterfactual]
    if card.message or not failed:
        return card
    found = scored([e.changed(e.counterfactual) for e in failed], workers)
    others = {r.experiment.name: r for r in found.rows if r.verdict != NOT_RUN}
    rows = tuple(replace(r, otherwise=others.get(r.experiment.name)) for r in card.rows)
    return replace(card, rows=rows, message=found.message)


def with_changes(chosen: Iterable[Experiment], changes: Mapping[str, Any]) -> list[Experiment]:
    """The experiments with other values wherever they have such a name."""
    found = list(chosen)
    for name, value in changes.items():
        having = [e.has(name) for e in found]
        if not any(having):
            found[0].changed({name: value})  # says what it has
            raise ScenarioError(f"'{name}' is nothing that all arms of an experiment have.")
        found = [e.changed({name: value}) if has else e for e, has in zip(found, having, strict=True)]
    return found


def scored(
    chosen: Sequence[Experiment],
    workers: int = 0,
    progress: bool | TellProgress = False,
    changes: Mapping[str, Any] | None = None,
) -> Scorecard:
    """Run experiments as they are; changes: what was changed in them, to be told with the scores."""
    (runs,), message = run_together([chosen], workers, progress)
    return Scorecard(_rows(chosen, runs), dict(changes or {}), message)


def run_together(
    groups: Sequence[Sequence[Experiment]], workers: int, progress: bool | TellProgress
) -> tuple[list[Runs], str]:
    """The runs of several groups of experiments, as far as they were made, and why not all were, or ""."""
    if not all(groups):
        raise ConfigError("no experiment was named; leave names out for all that there are.")
    keys = [(g, k, arm) for g, some in enumerate(groups) for k, e in enumerate(some) for arm in e.readings]
    tasks = [_task(groups[g][k], arm) for g, k, arm in keys]
    found: list[Runs] = [{} for _ in groups]
    message = ""
    report = RunProgress(progress, len(tasks))
    try:
        with closing(run_arms(tasks, checked_workers(workers))) as runs:
            for index, run in runs:
                group, k, arm = keys[index]
                found[group][k, arm] = run
                report.one_more()
    except KeyboardInterrupt:
        if missing := len(tasks) - sum(map(len, found)):
            message = f"interrupted: {missing} of {len(tasks)} runs are missing."
    finally:
        report.close()
    return found, message


def _task(e: Experiment, arm: str) -> ArmTask:
    return ArmTask(e.arms[arm], e.times(arm), e.readings[arm])


def card_of(chosen: Sequence[Experiment], runs: Runs) -> Scorecard:
    """The scorecard of runs that were made."""
    return Scorecard(_rows(chosen, runs))


def _rows(chosen: Sequence[Experiment], runs: Runs) -> tuple[ScoreRow, ...]:
    return tuple(
        _row(e, {arm: run for (n, arm), run in runs.items() if n == k}) for k, e in enumerate(chosen)
    )


def _row(e: Experiment, runs: Mapping[str, ArmRun]) -> ScoreRow:
    """The row of an experiment from the runs of its arms, as far as they were made."""
    notes = dict.fromkeys(f"{arm}: {text}" for arm, run in runs.items() for text in run.notes)
    wall = sum(run.wall for run in runs.values())
    return ScoreRow(e, tuple(_judged(e, w, runs) for w in e.wanted), tuple(notes), wall)


def _judged(e: Experiment, wanted: Wanted, runs: Mapping[str, ArmRun]) -> Judged:
    numbers = []
    for one in wanted.readings:
        run = runs.get(one.arm)
        if run is None:
            return Judged(wanted, float("nan"), run=False)
        if run.reason:
            return Judged(wanted, float("nan"), f"{one.arm} failed: {run.reason}")
        numbers.append(run.numbers[e.readings[one.arm].index(one)])
    return Judged(wanted, wanted.figure(tuple(numbers)))
