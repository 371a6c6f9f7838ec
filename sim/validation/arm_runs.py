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

from sim.errors import ConfigError, HapsimError, SweepError
from sim.identity.settings import MAX_STEPS, RTOL
from sim.run.simulate import simulate
from sim.solvers import DEFAULT
from sim.sweeps.engines import processes
from sim.validation.wanted import Reading

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario


DIED = "its worker process died: killed, crashed or out of memory."


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
    """When a process dies, the runs in hand are made again one at a time: the one that dies alone is told."""
    from concurrent.futures import FIRST_COMPLETED, wait

    from joblib.externals.loky import BrokenProcessPool

    waiting, suspects = list(range(len(tasks)))[::-1], list[int]()
    running: dict[Any, int] = {}
    pool, finished, idle_deaths = _pool(count), False, 0
    try:
        while waiting or suspects or running:
            broken = False
            while (suspects or waiting) and len(running) < (1 if suspects else count) and not broken:
                k = (suspects or waiting).pop()  # no more at once: loky stumbles over what it cancels
                try:
                    with processes.interrupt_later():
                        running[pool.submit(run_arm, tasks[k])] = k
                except BrokenProcessPool:
                    (suspects if suspects else waiting).append(k)
                    broken = True
            done = wait(list(running), timeout=0.5, return_when=FIRST_COMPLETED).done if running else set()
            for future in done:
                try:
                    found = future.result()
                except BrokenProcessPool:
                    broken = True
                    continue
                idle_deaths = 0
                yield running.pop(future), found
            if broken:
                pool.shutdown(wait=True, kill_workers=True)
                idle_deaths += not running
                if idle_deaths >= processes.STARTS:
                    raise SweepError(
                        f"worker processes died {idle_deaths} times in a row before a run. Is there memory "
                        "enough? workers=0 runs here."
                    )
                if len(running) == 1:
                    yield running.popitem()[1], ArmRun((), DIED)
                suspects += running.values()
                running.clear()
                pool = _pool(count)
        finished = True
    finally:
        until = time.monotonic() + 1.0
        while any(not (f.running() or f.done()) for f in running) and time.monotonic() < until:
            time.sleep(0.002)
        with suppress(Exception):
            pool.shutdown(wait=True, kill_workers=not finished)


def _pool(count: int) -> Any:
    from joblib.externals.loky import ProcessPoolExecutor

    with processes.interrupt_later():
        return ProcessPoolExecutor(
            max_workers=count, env=processes.ONE_THREAD, initializer=_begin, initargs=(os.getpid(),)
        )


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
