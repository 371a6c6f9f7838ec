"""What the points of a sweep have in common, one point, and the run of it: whatever happens, a row."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import ConfigError, SolverError, nearest, shown
from sim.experiment.change import applied
from sim.experiment.scenario import Scenario
from sim.files import write_text
from sim.run import memory
from sim.run.record import versions
from sim.run.result import Result
from sim.run.simulate import ATOL, RTOL, output_times, simulate
from sim.solvers import DEFAULT
from sim.solvers import solver as find_solver
from sim.sweeps.engines.guard import OUT_OF_MEMORY, Guard, Stop
from sim.sweeps.identity.described import described, digest
from sim.texts import size_text

Row = dict  # key, index, inputs, measures, status, reason, statistics, wall, versions, result
KEEP = ("none", "failed", "all")
GRACE = 5.0  # s
WARM_STEPS = 40  # by then an integrator has used all that it is made of
FINISHED, FAILED = "finished", "failed"


@dataclass(frozen=True)
class Job:
    """All that the points of a sweep have in common.

    measures: {name: function of a Result that gives a number}
    times: of output, as simulate takes them, a tuple instead of a list
    timeout: s a point, None for none; memory: bytes that a point may add to its process
    keep: whose results are kept whole, as NetCDF in `folder`: "none", "failed" or "all"
    """

    base: Scenario
    measures: dict[str, Callable[[Result], float]] = field(default_factory=dict)
    solver: str = DEFAULT
    rtol: float = RTOL
    atol: float = ATOL
    times: int | tuple | None = None
    timeout: float | None = None
    memory: float | None = None
    keep: str = "failed"
    folder: str = ""

    def __post_init__(self):
        if not isinstance(self.base, Scenario):
            raise ConfigError(f"a sweep needs a Scenario to change, not {shown(self.base)}.")
        if not isinstance(self.measures, Mapping):
            raise ConfigError(
                f"measures = {shown(self.measures)}; give {{'mineral': sim.measures.total('HAP')}}."
            )
        for name, measure in self.measures.items():
            if not isinstance(name, str) or not callable(measure):
                raise ConfigError(
                    f"the measure {shown(name)} = {shown(measure)} needs a name and a function of a Result."
                )
        find_solver(self.solver)
        if self.keep not in KEEP:
            raise ConfigError(
                f"keep = {shown(self.keep)} is not one of {', '.join(KEEP)}.{nearest(self.keep, KEEP)}"
            )
        for name, value in (("timeout", self.timeout), ("memory", self.memory)):
            if value is not None and not (isinstance(value, Real) and value > 0):
                raise ConfigError(f"{name} = {shown(value)} must be a positive number, or None for none.")


@dataclass(frozen=True)
class Point:
    """A point to run: its place in the design, what identifies it, {axis: SI value or word}."""

    index: int
    key: str
    inputs: dict


class _Trial:
    """What is known of a point so far; filled as it goes, because it may be cut short anywhere."""

    def __init__(self, job: Job, point: Point):
        self.job, self.point = job, point
        self.began = time.perf_counter()
        self.result: Result | None = None
        self.measures: dict[str, float | None] = dict.fromkeys(job.measures)
        self.status, self.reason = "", ""

    def end(self, status: str, reason: str = "") -> None:
        self.status, self.reason = status, reason

    def row(self, result: str = "") -> Row:
        stats = {} if self.result is None else {k: int(v) for k, v in self.result.stats.items()}
        return {
            "key": self.point.key,
            "index": self.point.index,
            "inputs": dict(self.point.inputs),
            "measures": self.measures,
            "status": self.status,
            "reason": self.reason,
            "statistics": stats,
            "wall": time.perf_counter() - self.began,
            "versions": versions(),
            "result": result,
        }


def run_point(job: Job, point: Point, expendable: bool = False, grace: float = GRACE) -> Row:
    """Run a point and take its measures. Never raises, but for KeyboardInterrupt.

    The clock of the time-out starts when the model is compiled. expendable: the process may end itself
    (exit code 75, guard.EXIT_CODE) when the point has not reacted `grace` s after it was told to end;
    its row is then in the file `left_behind`.
    """
    trial = _Trial(job, point)
    guard = Guard(job.timeout, job.memory, grace, _last_word(trial) if expendable else None)
    try:
        scenario = _scenario(trial)
        if scenario is not None:
            if guard.watching:
                _warm(job, scenario)
                trial.began = time.perf_counter()
            with guard:
                _run(trial, scenario, guard)
    except Stop:  # arrived where nothing was left to stop, on the way in or out
        guard.release()
    if trial.status != FINISHED and guard.status:
        trial.end(guard.status, guard.reason)
    return trial.row(_kept(trial))


def left_behind(job: Job, key: str) -> Path:
    """Where a process that ended itself left the row of its last point."""
    return Path(job.folder or tempfile.gettempdir()) / f"{key}.last.json"


def _scenario(trial: _Trial) -> Scenario | None:
    try:
        return applied(trial.job.base, trial.point.inputs)
    except Exception as e:
        trial.end(FAILED, _sentence(e))
        return None


def _run(trial: _Trial, scenario: Scenario, guard: Guard) -> None:
    job = trial.job
    try:
        times = list(job.times) if isinstance(job.times, tuple) else job.times
        if job.memory is not None:
            needed = memory.memory_forecast(scenario, job.solver, _outputs(scenario, times)).peak
            if needed > job.memory:
                texts = size_text(needed), size_text(job.memory)
                trial.end(
                    OUT_OF_MEMORY, "it needs about {} of memory, and {} are allowed a point.".format(*texts)
                )
                return
        progress = guard.check if guard.watching else False
        trial.result = simulate(scenario, job.solver, job.rtol, job.atol, times, progress)
    except MemoryError as e:
        trial.end(OUT_OF_MEMORY, _sentence(e))
        return
    except Exception as e:
        trial.end(FAILED, _sentence(e))
        return
    status = trial.result.status
    if status == "interrupted":
        if not guard.status:  # by the user
            raise KeyboardInterrupt
        return
    if status != FINISHED:
        trial.end(FAILED, trial.result.message)
        return
    _measure(trial)


def _measure(trial: _Trial) -> None:
    """Take all measures; one that fails does not cost the others."""
    wrong, found = "", {}
    for name, same in _alike(trial.job).items():
        if same not in found:
            try:
                found[same] = _number(trial.job.measures[name](trial.result))
            except MemoryError as e:
                trial.end(OUT_OF_MEMORY, f"the measure '{name}': {_sentence(e)}")
                return
            except Exception as e:
                found[same] = None
                wrong = wrong or f"the measure '{name}': {_sentence(e)}"
        trial.measures[name] = found[same]
    trial.end(FAILED if wrong else FINISHED, wrong)


def _number(value: Any) -> float:
    if isinstance(value, str) or np.ndim(value) or np.iscomplexobj(value):
        raise ConfigError(f"it gave {shown(value)}, which is no number.")
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ConfigError(f"it gave {shown(value)}, which is no number.") from None


def _alike(job: Job) -> dict[str, str]:
    """{measure: the hash of what it computes}; equal ones are taken once a point."""
    kept = vars(job)
    if "_alike" not in kept:  # a job is frozen, so once is enough
        try:
            kept["_alike"] = {n: digest(described(m)) for n, m in job.measures.items()}
        except ConfigError:  # one that cannot be described may be unlike any other
            kept["_alike"] = {n: n for n in job.measures}
    return kept["_alike"]


def _outputs(scenario: Scenario, times: Any) -> int:
    return output_times(scenario.duration, times).size


def _warm(job: Job, scenario: Scenario) -> None:
    """Compile what this scenario needs, once a model in a process: some steps of it, before the clock
    starts, or the first point of each worker would be timed out for the compiler."""
    warm = vars(scenario.model).setdefault("_warm", set())
    kind = (job.solver, scenario.geometry, scenario.stochastic is None, scenario.outer)
    if kind in warm:
        return
    warm.add(kind)
    try:
        first = scenario.with_(interventions=())
        result = simulate(first, job.solver, job.rtol, job.atol, times=2, max_steps=WARM_STEPS)
    except Exception:  # what is wrong will be wrong again, under watch, and be told there
        return
    if result.status == "interrupted":
        raise KeyboardInterrupt


def _sentence(e: BaseException) -> str:
    if isinstance(e, ConfigError | SolverError):
        return str(e)
    return f"{type(e).__name__}: {e}".rstrip(": ")


def _kept(trial: _Trial) -> str:
    """The file of the whole result, if it is to be kept, else ""."""
    job = trial.job
    wanted = job.keep == "all" or (job.keep == "failed" and trial.status != FINISHED)
    if not (wanted and job.folder and trial.result is not None):
        return ""
    name = f"{trial.point.key[:32]}.nc"
    try:
        os.makedirs(job.folder, exist_ok=True)
        trial.result.save(Path(job.folder) / name)
    except Exception as e:
        trial.reason = f"{trial.reason} Its result could not be kept: {_sentence(e)}".strip()
        return ""
    return name


def _last_word(trial: _Trial) -> Callable[[str, str], None]:
    def write(status: str, reason: str) -> None:
        row = trial.row() | {"status": status, "reason": reason}
        write_text(left_behind(trial.job, trial.point.key), json.dumps(row), make_folders=True)

    return write
