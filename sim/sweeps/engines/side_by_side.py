"""Runs that know nothing of each other, in processes of one thread each."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from sim.errors import ConfigError, SweepError
from sim.sweeps.engines import processes

DIED = "its worker process died: killed, crashed or out of memory."

T = TypeVar("T")
R = TypeVar("R")


def checked_workers(workers: int) -> int:
    """The number of processes, or a sentence."""
    if not 0 <= workers <= 1024:
        raise ConfigError(f"workers = {workers} is not a number of processes, 0 (in this one) to 1024.")
    return workers


def side_by_side(
    run: Callable[[T], R], tasks: Sequence[T], count: int, died: R
) -> Generator[tuple[int, R], None, None]:
    """(index, what `run` made of that task) as runs end. count: of processes; died: of one that ends its own

    When a process dies, the runs in hand are made again one at a time: the one that dies alone is told.
    """
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
                        running[pool.submit(run, tasks[k])] = k
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
                    yield running.popitem()[1], died
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
