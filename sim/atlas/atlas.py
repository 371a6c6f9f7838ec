"""Run every scenario, keep what is done, and set it beside what is known."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sim.atlas.expectations import WRONG, Answer, Expectation, expectation_of, judged, tally
from sim.errors import FileFormatError, HapsimError, ScenarioError, nearest
from sim.experiment.catalogue import scenario, scenarios
from sim.identity.definition import run_fingerprint
from sim.identity.settings import Settings
from sim.public import public
from sim.run import result as results
from sim.sweeps.engines.side_by_side import DIED, checked_workers, side_by_side

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario

RUNS = "runs"
Job = tuple[str, str]  # a scenario, and a treatment or ""
Report = Callable[[str], None]


@dataclass(frozen=True)
class Entry:
    """A condition in an atlas.

    failure: why it was not run, or ""; treated: {treatment: folder of its run}; failed: {treatment: why a run
        under it failed}
    """

    name: str
    expected: Expectation
    folder: Path
    verdicts: tuple[Answer, ...] = ()
    failure: str = ""
    treated: dict[str, Path] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def missed(self) -> bool:
        """Whether any statement is wrong."""
        return any(v.answer == WRONG for v in self.verdicts)

    @property
    def result(self) -> results.Result:
        """The run, read from its file."""
        return results.load(self.folder / "result.nc")


@public
@dataclass(frozen=True)
class Atlas:
    """Conditions with their runs and verdicts, in the order of the scenarios. folder: where its files are"""

    folder: Path
    entries: tuple[Entry, ...] = field(default_factory=tuple)

    @property
    def counts(self) -> dict[str, int]:
        """How many statements are right, wrong, open and not scored."""
        return tally({e.name: e.verdicts for e in self.entries})

    @property
    def rows(self) -> list[tuple[str, str, str, str, str]]:
        """Condition, statement, what is known, what was found, and the answer, a row for each statement."""
        found = [(e.name, v.what, v.wanted, v.found, v.answer) for e in self.entries for v in e.verdicts]
        return found + [(word, "run", "", why, "not run") for word, why in self.failures.items()]

    @property
    def failures(self) -> dict[str, str]:
        """{"scenario" or "scenario@treatment": why it failed}."""
        found = {e.name: e.failure for e in self.entries if e.failure}
        return found | {_word((e.name, t)): why for e in self.entries for t, why in e.failed.items()}

    @property
    def unexplained(self) -> tuple[str, ...]:
        """Conditions with a wrong statement of which no reason is known."""
        return tuple(e.name for e in self.entries if e.missed and not e.expected.reason)

    def summary(self) -> str:
        """ "30 right, 20 wrong, 3 open, 2 not scored"."""
        return ", ".join(f"{n} {word}" for word, n in self.counts.items())


@public
def atlas(
    folder: str | os.PathLike[str],
    names: Iterable[str] | None = None,
    workers: int = 0,
    report: Report | None = None,
    treatments: bool = True,
) -> Atlas:
    """Run scenarios into a folder and judge them; what was run there already, and is the same, is kept.

    names: of scenarios, all when None; workers: processes, none for 0; report: is told a line for each run
    treatments: whether to run each under its treatments too, from the start to the end
    An interruption keeps what is done; the next call goes on.
    """
    wanted = list(dict.fromkeys(scenarios() if names is None else names))
    for name in wanted:
        if name not in scenarios():
            raise ScenarioError(f"no scenario is called '{name}'.{nearest(name, scenarios())}")
    checked_workers(workers)
    base = Path(folder).expanduser()
    (base / RUNS).mkdir(parents=True, exist_ok=True)
    jobs = [(n, "") for n in wanted]
    jobs += [(n, t) for n in wanted for t in (expectation_of(n).treatments if treatments else ())]
    failures: dict[Job, str] = {}
    left = [job for job in jobs if not _kept(_folder(base, job), _scenario(job))]
    say = report or (lambda line: None)
    for job in jobs:
        if job not in left:
            say(f"{_word(job)}: kept")
    for job, failure in _runs(left, base, workers):
        failures[job] = failure
        say(f"{_word(job)}: {failure or 'done'}")
    return Atlas(base, tuple(_entry(n, base, jobs, failures) for n in wanted))


def _word(job: Job) -> str:
    """ "infarct_myocardium@etidronate"."""
    return "@".join(filter(None, job))


def _folder(base: Path, job: Job) -> Path:
    return base / RUNS / _word(job)


def _scenario(job: Job) -> Scenario:
    """The scenario, under its treatment from the start to the end."""
    import warnings

    name, treatment = job
    made = scenario(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # doses of a treatment may lie outside what a scenario calls usual
        return made.treated(treatment) if treatment else made


def _runs(jobs: list[Job], base: Path, workers: int) -> Iterator[tuple[Job, str]]:
    """Runs, as they end, each with why it failed or ""."""
    tasks = [(_folder(base, job), job) for job in jobs]
    if workers < 2 or len(jobs) < 2:
        for task in tasks:
            yield task[1], _run_task(task)
        return
    for k, failure in side_by_side(_run_task, tasks, min(workers, len(jobs)), DIED):
        yield jobs[k], failure


def _run_task(task: tuple[Path, Job]) -> str:
    """Why the run of a job into a folder failed, or ""."""
    return run_into(*task)


def run_into(folder: Path, job: Job) -> str:
    """Run a scenario and write result.nc and its picture into a folder; why it failed, or ""."""
    import warnings

    from sim.run.simulate import simulate

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the notes stand in the manifest, and on the page
            result = simulate(_scenario(job))
    except (HapsimError, MemoryError) as error:  # more than the memory that is free, for one
        return str(error) or type(error).__name__
    if result.status == "interrupted":
        raise KeyboardInterrupt  # Ctrl-C is not of one run, and no word on it
    if not result.success:
        return f"{result.status}: {result.message}"
    folder.mkdir(parents=True, exist_ok=True)
    _draw(result, folder)
    result.save(folder / "result.nc")  # last: it says that the folder is whole
    return ""


def _draw(result: results.Result, folder: Path) -> None:
    from sim.plotting.pictures import windowless_pyplot, write_picture

    plt = windowless_pyplot()
    from sim import plotting

    figure = plotting.story(result)
    write_picture(figure, folder / "story.png", dpi=80)
    plt.close(figure)


def _kept(folder: Path, wanted: Scenario) -> bool:
    """Whether a folder holds this very run."""
    if not (folder / "result.nc").exists() or not (folder / "story.png").exists():
        return False
    try:
        held = results.load(folder / "result.nc").manifest
    except FileFormatError:
        return False
    return held["status"] == "finished" and held["hash"] == run_fingerprint(wanted, Settings())


def _entry(name: str, base: Path, jobs: list[Job], failures: dict[Job, str]) -> Entry:
    """A condition with its answers, and the treated runs that there are."""
    known, failure = expectation_of(name), failures.get((name, ""), "")
    given = [t for n, t in jobs if n == name and t]
    failed = {t: failures[name, t] for t in given if failures.get((name, t))}
    treated = {t: _folder(base, (name, t)) for t in given if t not in failed}
    entry = Entry(name, known, _folder(base, (name, "")), (), failure, treated, failed)
    return entry if failure else replace(entry, verdicts=judged(known, entry.result))
