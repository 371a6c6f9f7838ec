"""The runs of a fit: each point once, here or in processes, remembered, stored and reported.

A fit is a set of tasks (searches, sides of profiles) that ask for batches of points and see nothing but the
answers. So what a task does cannot depend on the number of workers or on which run ends first.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeVar

import numpy as np

from sim.calibration.engine.fit_progress import FitProgress
from sim.calibration.engine.outcomes import Failure, Outcome, Predict, RunFailed, checked, outcome_of
from sim.calibration.engine.run_store import RunStore
from sim.calibration.engine.worker_pool import WorkerPool

T = TypeVar("T")
Point = tuple[float, ...]  # in search coordinates

PATIENCE = 0.2  # s between looks at what else may have happened


class Stopped(BaseException):
    """The fit is being ended; raised in its tasks."""


class Evaluations:
    """Outcomes at points, and the best of them.

    predict: of a fit; outer: search coordinates to SI values; cost: of predictions
    workers: processes, 0 for none; store: runs of an earlier, unfinished fit, and where to add those of now
    known: {point: outcome} of all points that were asked for; best: (cost, point), the lowest of all
    """

    def __init__(
        self,
        predict: Predict,
        outer: Callable[[Point], np.ndarray],
        cost: Callable[[np.ndarray], float],
        workers: int = 0,
        store: RunStore | None = None,
        report: FitProgress | None = None,
    ):
        self.predict, self.outer, self.cost, self.store = predict, outer, cost, store
        self.report = report or FitProgress(False)
        self.known: dict[Point, Outcome] = {}
        self.best: tuple[float, Point] | None = None
        self.reused = 0
        self._workers = workers
        self._pool: WorkerPool | None = None
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._waiting: dict[Point, list[_Request]] = {}
        self._stopped = False
        self._task = threading.local()

    def first(self, point: Point) -> None:
        """The first run, here: what it raises beside RunFailed, or for RunFailed, is the request's fault."""
        if point in self.known or self._take_stored(point):
            return
        values, began = self.outer(point), time.perf_counter()
        try:
            found: Outcome = checked(self.predict, values)
        except RunFailed as error:
            if error.__cause__ is not None:
                raise error.__cause__ from None
            found = Failure(tuple(values.tolist()), str(error))
        self._take(point, found, time.perf_counter() - began)

    def at(self, points: Sequence[Point]) -> list[Outcome]:
        """Outcomes at points, in order; new ones are run, side by side where there are workers."""
        new = [p for p in dict.fromkeys(points) if p not in self.known]
        if new and getattr(self._task, "inside", False):
            request = _Request(new)
            self._inbox.put(lambda: self._asked(request))
            request.ready.result()
        elif new and self._workers > 0:
            request = _Request(new)
            self._asked(request)
            self._serve(request.ready.done)
        else:
            for p in new:
                if not self._take_stored(p):
                    began = time.perf_counter()
                    self._take(p, outcome_of(self.predict, self.outer(p)), time.perf_counter() - began)
        return [self.known[p] for p in points]

    def side_by_side(self, tasks: Sequence[Callable[[], T]], stage: str = "") -> list[T]:
        """What the tasks return. They run one after the other, or, with workers, in threads of this process
        that wait for their runs; the first error of a task is raised when all have ended."""
        self.report.stage(stage, len(tasks))
        if self._workers == 0 or len(tasks) == 1:
            found = []
            for task in tasks:
                found.append(task())
                self.report.task_done()
            return found
        return self._threaded(tasks)

    def close(self, kill: bool = False) -> None:
        """Let processes end; what is asked for later is run here and not stored."""
        self._workers, pool, self._pool = 0, self._pool, None
        if pool is not None:
            pool.close(kill)
        self.store = None
        self.report.close()

    def _threaded(self, tasks: Sequence[Callable[[], T]]) -> list[T]:
        self._start_pool()  # else a task would run its points in its own thread
        ends: list[Future[T]] = [Future() for _ in tasks]

        def attempt(task: Callable[[], T], end: Future[T]) -> None:
            self._task.inside = True
            try:
                end.set_result(task())
            except BaseException as error:
                end.set_exception(error)
            self._inbox.put(self.report.task_done)

        threads = [
            threading.Thread(target=attempt, args=pair, daemon=True) for pair in zip(tasks, ends, strict=True)
        ]
        for thread in threads:
            thread.start()
        try:
            self._serve(lambda: all(end.done() for end in ends) and self._inbox.empty())
        except BaseException:
            self._stop(threads)
            raise
        return [end.result() for end in ends]

    def _stop(self, threads: Sequence[threading.Thread]) -> None:
        """End all tasks: whatever they wait for does not come."""
        self._stopped = True
        while any(t.is_alive() for t in threads):
            for request in {id(r): r for rs in self._waiting.values() for r in rs}.values():
                request.give_up()
            self._waiting.clear()
            try:
                self._inbox.get(timeout=0.05)()
            except (queue.Empty, Stopped):
                continue

    def _serve(self, done: Callable[[], bool]) -> None:
        """Do what comes in, in this thread, until `done`."""
        while not done():
            try:
                event = self._inbox.get(timeout=PATIENCE)
            except queue.Empty:
                continue
            event()

    def _asked(self, request: _Request) -> None:
        if self._stopped:
            request.give_up()
            return
        for p in request.points:
            if p in self.known or self._take_stored(p):
                request.came(p)
                continue
            self._waiting.setdefault(p, []).append(request)
            if len(self._waiting[p]) == 1:
                self._start_pool().submit(p, self.outer(p))

    def _came(self, point: Point, found: Outcome, wall: float) -> None:
        if self._stopped:
            return
        self._take(point, found, wall)
        for request in self._waiting.pop(point, ()):
            request.came(point)

    def _start_pool(self) -> WorkerPool:
        if self._pool is None:
            self._pool = WorkerPool(self.predict, self._workers, self._inbox.put, self._came)
        return self._pool

    def _take_stored(self, point: Point) -> bool:
        """Whether an earlier fit left the run at this point; it is then known."""
        found = self.store.found(self.outer(point)) if self.store is not None else None
        if found is None:
            return False
        self.reused += 1
        self._remember(point, found)
        return True

    def _take(self, point: Point, found: Outcome, wall: float) -> None:
        if self.store is not None:
            self.store.add(self.outer(point), found, wall)
        self._remember(point, found)

    def _remember(self, point: Point, found: Outcome) -> None:
        self.known[point] = found
        if not isinstance(found, Failure):
            mine = (self.cost(found), point)
            if self.best is None or mine < self.best:
                self.best = mine
        lowest = self.best[0] if self.best else float("nan")
        self.report.run_done(isinstance(found, Failure), lowest, self.reused)


class _Request:
    """Points that a task waits for."""

    def __init__(self, points: Sequence[Point]):
        self.points = tuple(points)
        self._missing = set(points)
        self.ready: Future[None] = Future()

    def came(self, point: Point) -> None:
        self._missing.discard(point)
        if not self._missing and not self.ready.done():
            self.ready.set_result(None)

    def give_up(self) -> None:
        if not self.ready.done():
            self.ready.set_exception(Stopped())
