"""The runs of arms: one after the other here, or in processes of one thread each."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sim.errors import ConfigError, HapsimError
from sim.identity.settings import MAX_STEPS, RTOL
from sim.run.simulate import simulate
from sim.solvers import DEFAULT
from sim.sweeps.engines import processes
from sim.validation.wanted import Reading

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario


class ArmTask(NamedTuple):
    """A run to make. times: output times [s]; readings: what is read of it"""

    scenario: Scenario
    times: tuple[float, ...]
    readings: tuple[Reading, ...]
    solver: str = DEFAULT
    rtol: float = RTOL
    max_steps: int = MAX_STEPS


@dataclass(frozen=True)
class ArmRun:
    """What came of it. numbers [SI], in the order of the readings; reason: why there are none

    notes: what the run said of itself, ranges that it left and fluids that it could not solve; wall: s
    """

    numbers: tuple[float, ...]
    reason: str = ""
    notes: tuple[str, ...] = ()
    wall: float = 0.0


def run_arm(task: ArmTask) -> ArmRun:
    """Run and read it. Never raises but for KeyboardInterrupt."""
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they stand among the notes of the run
            result = simulate(
                task.scenario, task.solver, task.rtol, times=task.times, max_steps=task.max_steps
            )
        if result.status == "interrupted":
            raise KeyboardInterrupt
        if not result.success:
            return ArmRun((), result.message, wall=time.perf_counter() - began)
        numbers = tuple(one.of(result) for one in task.readings)
    except (HapsimError, MemoryError, ArithmeticError, LookupError, ValueError) as error:
        return ArmRun((), str(error) or type(error).__name__, wall=time.perf_counter() - began)
    notes = list(result.manifest.get("notes", ()))
    if failures := result.manifest.get("speciation_failures", 0):
        notes.append(f"the equilibrium of {failures} fluids was not found.")
    return ArmRun(numbers, "", tuple(notes), time.perf_counter() - began)


def run_arms(tasks: Sequence[ArmTask], workers: int) -> Generator[tuple[int, ArmRun], None, None]:
    """(index, what came of it) as runs end. workers: processes, 0 for none"""
    if workers <= 0 or len(tasks) < 2:
        for k, task in enumerate(tasks):
            yield k, run_arm(task)
    else:
        yield from _in_processes(tasks, min(workers, len(tasks)))


def _in_processes(tasks: Sequence[ArmTask], count: int) -> Generator[tuple[int, ArmRun], None, None]:
    from concurrent.futures import FIRST_COMPLETED, wait

    from joblib.externals.loky import BrokenProcessPool, ProcessPoolExecutor

    with processes.interrupt_later():
        pool = ProcessPoolExecutor(
            max_workers=count, env=processes.ONE_THREAD, initializer=_begin, initargs=(os.getpid(),)
        )
        open_runs: dict[Any, int] = {pool.submit(run_arm, task): k for k, task in enumerate(tasks)}
    finished = False
    try:
        while open_runs:
            for future in wait(list(open_runs), timeout=0.5, return_when=FIRST_COMPLETED).done:
                k = open_runs.pop(future)
                try:
                    yield k, future.result()
                except BrokenProcessPool:
                    yield k, ArmRun((), "its worker process died: killed, crashed or out of memory.")
        finished = True
    finally:
        with suppress(Exception):
            pool.shutdown(wait=True, kill_workers=not finished)


def _begin(driver: int) -> None:
    processes.end_with(driver)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, which ends us
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def checked_workers(workers: int) -> int:
    """The number of processes, or a sentence."""
    if not 0 <= workers <= 1024:
        raise ConfigError(f"workers = {workers} is not a number of processes, 0 (in this one) to 1024.")
    return workers
