"""The run of one point: whatever happens, a row."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import ConfigError, RangeWarning, SolverError, shown, warn_caller
from sim.experiment.change import applied
from sim.experiment.scenario import Scenario
from sim.run import memory
from sim.run.asked.output_times import output_times
from sim.run.lazy_result import LazyResult
from sim.run.result import Result
from sim.run.simulate import solved
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.first_steps import compile_for
from sim.sweeps.engines.guard import Guard, Stop
from sim.sweeps.engines.worker_death import write_final_row
from sim.sweeps.store.row import FAILED, FINISHED, OUT_OF_MEMORY, Row, empty_row
from sim.texts import size_text

GRACE = 5.0  # s


class Trial:
    """What is known of a point so far; filled as it goes, because it may be cut short anywhere."""

    def __init__(self, job: Job, point: Point):
        self.job, self.point = job, point
        self.began, self.spent = time.perf_counter(), 0.0  # s
        self.result: LazyResult | None = None
        self.measures: dict[str, float | None] = dict.fromkeys(job.measures)
        self.status, self.reason = "", ""

    def end(self, status: str, reason: str = "") -> None:
        self.status, self.reason = status, reason

    def row(self, file: str = "") -> Row:
        """What is known, as a row. file: that of the whole result"""
        row = empty_row(self.job, self.point, self.status, self.reason, time.perf_counter() - self.began)
        row["measures"], row["result"] = self.measures, file
        if self.result is not None:
            row["statistics"] = self.result.stats
            row["run"] = self.result.run_hash
        return row


def run_point(job: Job, point: Point, expendable: bool = False, grace: float = GRACE) -> Row:
    """Run a point and take its measures. Never raises, but for KeyboardInterrupt.

    The clock of the time-out starts when the model is compiled. expendable: the process may end itself
    (exit code 75, guard.EXIT_CODE) when the point has not reacted `grace` s after it was told to end;
    its row is then in the file `final_row_path`.
    """
    trial = Trial(job, point)
    guard = Guard(job.timeout, job.memory, grace, _final_row_writer(trial) if expendable else None)
    try:
        scenario = _scenario(trial)
        if scenario is not None:
            if guard.watching:
                compile_for(job, scenario)
                trial.began = time.perf_counter()
            with guard:
                _run(trial, scenario, guard)
    except Stop:  # arrived where nothing was left to stop, on the way in or out
        guard.release()
    if trial.status != FINISHED and guard.status:
        trial.end(guard.status, guard.reason)
    return trial.row(_kept(trial))


def _scenario(trial: Trial) -> Scenario | None:
    try:
        return applied(trial.job.base, trial.point.inputs)
    except Exception as e:
        trial.end(FAILED, _sentence(e))
        return None


def _run(trial: Trial, scenario: Scenario, guard: Guard) -> None:
    job, how = trial.job, trial.job.settings
    try:
        if job.memory is not None:
            outputs = output_times(scenario.duration, how.times).size
            needed = memory.memory_forecast(scenario, how.solver, outputs).peak
            if needed > job.memory:
                texts = size_text(needed), size_text(job.memory)
                trial.end(
                    OUT_OF_MEMORY, "it needs about {} of memory, and {} are allowed a point.".format(*texts)
                )
                return
        progress = guard.check if guard.watching else False
        result = LazyResult(solved(scenario, how, progress))
    except MemoryError as e:
        trial.end(OUT_OF_MEMORY, _sentence(e))
        return
    except Exception as e:
        trial.end(FAILED, _sentence(e))
        return
    _judge(trial, result, bool(guard.status))


def judged(trial: Trial, result: LazyResult) -> Row:
    """The row of a trial whose run came to this result, as `run_point` makes it."""
    _judge(trial, result, stopped=False)
    return trial.row(_kept(trial))


def _judge(trial: Trial, result: LazyResult, stopped: bool) -> None:
    """How a run ended, and its measures. stopped: whether a guard ended it"""
    trial.result = result
    status = result.status
    if status == "interrupted":
        if not stopped:  # by the user
            raise KeyboardInterrupt
        return
    if status != FINISHED:
        trial.end(FAILED, result.message)
        return
    _measure(trial, result)
    try:
        for note in result.record.notes_of_ends():
            warn_caller(note, RangeWarning)
    except Exception as e:  # a warning too, where warnings are errors
        trial.end(FAILED, _sentence(e))


def _measure(trial: Trial, result: Result) -> None:
    """Take all measures; one that fails does not cost the others."""
    wrong, found = "", dict[str, float | None]()
    for name, same in trial.job.measure_hashes.items():
        if same not in found:
            try:
                found[same] = _number(trial.job.measures[name](result))
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


def _sentence(e: BaseException) -> str:
    if isinstance(e, ConfigError | SolverError):
        return str(e)
    return f"{type(e).__name__}: {e}".rstrip(": ")


def _kept(trial: Trial) -> str:
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


def _final_row_writer(trial: Trial) -> Callable[[str, str], None]:
    def write(status: str, reason: str) -> None:
        row = trial.row()
        row["status"], row["reason"] = status, reason
        write_final_row(trial.job, row)

    return write
