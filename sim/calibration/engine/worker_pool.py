"""Processes that run the forward model of a fit: loky, one numba thread each.

When a worker dies the points in hand are run again, one at a time, in new processes: the one that ends its
process alone is recorded as failed.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from sim.calibration.engine.outcomes import Failure, Outcome, Predict, outcome_of
from sim.errors import SweepError
from sim.sweeps.engines import processes
from sim.sweeps.engines.pool_futures import Failed, let_depart

STARTS = 3  # deaths in a row without a single run: processes cannot be had

Point = tuple[float, ...]
Event = Callable[[], None]


class WorkerPool:
    """Runs points; `came(point, outcome, wall [s])` is called for each by whoever calls the posted events.

    post: puts an event into the inbox of the thread that owns the pool
    """

    def __init__(
        self,
        predict: Predict,
        count: int,
        post: Callable[[Event], None],
        came: Callable[[Point, Outcome, float], None],
    ):
        self.predict, self.count, self.post, self.came = predict, count, post, came
        self._queue: deque[tuple[Point, np.ndarray]] = deque()
        self._suspects: deque[tuple[Point, np.ndarray]] = deque()
        self._running: dict[Point, np.ndarray] = {}
        self._futures: list[Any] = []  # of what is running
        self._deaths = 0
        self._generation = 0
        self._executor = self._started()

    def submit(self, point: Point, values: np.ndarray) -> None:
        """Have the model run at `values` [SI]."""
        self._queue.append((point, values))
        self._hand_out()

    def close(self, kill: bool) -> None:
        self._generation += 1
        if kill:
            let_depart(self._futures)
        self._executor.shutdown(wait=True, kill_workers=kill)

    def _started(self) -> Any:
        from joblib.externals.loky import ProcessPoolExecutor

        return ProcessPoolExecutor(
            max_workers=self.count, env=processes.ONE_THREAD, initializer=_begin,
            initargs=(os.getpid(), self.predict),
        )  # fmt: skip

    def _hand_out(self) -> None:
        """Give points to idle processes; one alone while it is not known whose fault a death was."""
        while True:
            waiting = self._suspects or self._queue
            most = 1 if self._suspects else self.count
            if not waiting or len(self._running) >= most:
                return
            point, values = waiting.popleft()
            self._running[point] = values
            with processes.interrupt_later():  # processes may be started now
                future = self._submitted(values)
            self._futures = [f for f in self._futures if not f.done()] + [future]
            generation = self._generation
            future.add_done_callback(lambda f, p=point, g=generation: self.post(lambda: self._ended(p, f, g)))

    def _submitted(self, values: np.ndarray) -> Any:
        from joblib.externals.loky import BrokenProcessPool

        try:
            return self._executor.submit(_evaluate, values)
        except BrokenProcessPool as error:  # a process died while it was idle
            return Failed(error)

    def _ended(self, point: Point, future: Any, generation: int) -> None:
        from joblib.externals.loky import BrokenProcessPool

        if generation != self._generation:
            return  # of processes that are gone; the point is run again
        try:
            found, wall = future.result()
        except BrokenProcessPool as error:
            self._died(error)
            return
        self._deaths = 0
        self._running.pop(point)
        self.came(point, found, wall)
        self._hand_out()

    def _died(self, error: Exception) -> None:
        """New processes; points in hand are suspected, and guilty where only one was."""
        self._generation += 1
        self._deaths += 1
        self._executor.shutdown(wait=True, kill_workers=True)
        text = str(error.__cause__ or error).strip().splitlines()[-1]
        if self._deaths >= STARTS and len(self._running) != 1:
            raise SweepError(
                f"worker processes died {self._deaths} times in a row: {text}. Is there memory enough? "
                "workers=0 runs here."
            )
        self._executor = self._started()
        held, self._running = self._running, {}
        if len(held) == 1:
            ((point, values),) = held.items()
            reason = "its worker process died: killed, crashed or out of memory."
            self.came(point, Failure(tuple(values.tolist()), reason), float("nan"))
        else:
            self._suspects.extend(held.items())
        self._hand_out()


# In the worker ----------------------------------------------------------------------------------

_HERE: dict = {}  # the forward model of this process


def _begin(driver: int, predict: Predict) -> None:
    processes.end_with(driver)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, which ends us
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _HERE["predict"] = predict


def _evaluate(values: np.ndarray) -> tuple[Outcome, float]:
    began = time.perf_counter()
    return outcome_of(_HERE["predict"], values), time.perf_counter() - began
