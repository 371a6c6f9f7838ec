"""Points in processes of this machine: loky, one numba thread each, compiled before their first point.

Every worker is a pool of one: when it dies, by a kill or for want of memory, the others go on, and its
marker says which point it was at. That point gets a second worker; when it ends that one too, it is
recorded as killed. loky starts workers without the caller's main module and sends functions of a
notebook, which the standard library's pools do not.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sim.errors import SweepError
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.chunks import ENOUGH, Queue
from sim.sweeps.engines.first_steps import first_steps, one_of_each_kind
from sim.sweeps.engines.groups import rows_in_lanes
from sim.sweeps.engines.point import run_point
from sim.sweeps.engines.pool_futures import Failed, let_depart
from sim.sweeps.engines.worker_death import NOWHERE, Marker, take_final_row
from sim.sweeps.store.row import KILLED, TIMED_OUT, Row, empty_row

DEATHS = 2  # workers that a point may end
STARTS = 3  # in a row that fail before the sweep gives up
POLL = 0.25  # s between checks of overdue points
# s that a worker's own watchdog has to end an overdue point; one that never releases the GIL it cannot end
LENIENCE = 30.0
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has only the second
ONE_THREAD = dict.fromkeys(
    ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
)


def run(job: Job, points: Sequence[Point], count: int) -> Generator[list[Row], None, None]:
    """Rows as they come, some at a time. count: of workers"""
    from joblib.externals.loky import wait

    count = min(count, len(points))
    folder = Path(tempfile.mkdtemp(prefix="hapsim-sweep-"))
    queue, deaths = Queue(points, count, job.lanes), Counter[str]()
    workers: list[_Worker] = []
    failures, clean = 0, False
    try:
        samples = one_of_each_kind(points)
        for k in range(count):
            with interrupt_later():
                workers.append(_Worker(job, samples, folder / f"worker-{k}"))
        while queue or any(w.chunk for w in workers):
            wait([w.future for w in workers if w.future], timeout=POLL, return_when="FIRST_COMPLETED")
            for worker in workers:
                rows: list[Row] = []
                if worker.future and worker.future.done():
                    chunk, begun = worker.chunk, worker.begun
                    found = worker.collect()
                    if found is not None:
                        failures, rows = 0, found[0]
                        queue.done(chunk, *found)
                    else:
                        failures = 0 if begun else failures + 1
                        if failures >= STARTS:
                            raise SweepError(
                                f"{failures} worker processes in a row died before their first point: "
                                f"{worker.death_message}. Is there memory enough? workers=0 runs here."
                            )
                        rows = _after_a_death(job, worker, chunk, queue, deaths)
                        with interrupt_later():
                            worker.start()
                if worker.idle and queue:
                    worker.give(queue.take())  # before its rows are stored: it should not wait for that
                worker.end_overdue()
                if rows:
                    yield rows
        clean = True
    finally:
        for worker in workers:
            worker.stop(kill=not clean)
        for worker in workers:
            worker.pool.shutdown(wait=True, kill_workers=not clean)
            worker.marker.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def interrupt_later() -> Iterator[None]:
    """Ctrl-C waits. A terminal sends it to the workers as well, and one that still imports would die with a
    traceback; they inherit the blocked signal, and ignore it once they can."""
    masked = hasattr(signal, "pthread_sigmask")  # not on Windows
    main = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is not None
    )
    came: list[tuple] = []
    if masked:
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # loky does so otherwise, and then lets Ctrl-C through
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # Another thread of this process may get it all the same.
    before = signal.signal(signal.SIGINT, lambda *a: came.append(a)) if main else None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
        if masked:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if came and callable(before):
            before(*came[0])


@contextmanager
def _streams() -> Iterator[None]:
    """loky flushes stdout and stderr before it starts a process; without a console they are None."""
    absent = [name for name in ("stdout", "stderr") if getattr(sys, name) is None]
    try:
        for name in absent:
            setattr(sys, name, io.StringIO())
        yield
    finally:
        for name in absent:
            setattr(sys, name, None)


class _Worker:
    """A pool of one process, and what it has been given."""

    def __init__(self, job: Job, samples: Sequence[Point], path: Path):
        self.job, self.samples, self.path = job, samples, path
        self.marker = Marker(path, new=True)
        self.death_message = ""
        self.start()

    def start(self) -> None:
        """Start the process; the job travels once."""
        from joblib.externals.loky import ProcessPoolExecutor

        self.pool = ProcessPoolExecutor(
            max_workers=1, env=ONE_THREAD, initializer=end_with, initargs=(os.getpid(),)
        )
        self.chunk: list[Point] = []
        self.begun = self.overdue = False
        self.marker.clear()
        with _streams():
            self.future = self.pool.submit(_begin, self.job, self.samples, str(self.path))

    @property
    def idle(self) -> bool:
        return self.begun and self.future is None

    def give(self, chunk: list[Point]) -> None:
        """Let it run some points."""
        from joblib.externals.loky import BrokenProcessPool

        self.chunk = chunk
        try:
            self.future = self.pool.submit(_run, chunk)
        except BrokenProcessPool as e:  # it died while it was idle
            self.future = Failed(e)

    def collect(self) -> tuple[list[Row], float] | None:
        """Rows and seconds of what it has done; None when it has died."""
        from joblib.externals.loky import BrokenProcessPool

        future, self.future = self.future, None
        try:
            found = future.result()
        except BrokenProcessPool as e:
            self.death_message = str(e.__cause__ or e).strip().splitlines()[-1]
            self.pool.shutdown(wait=True, kill_workers=True)
            return None
        except Exception as e:
            raise SweepError(
                f"the points cannot be sent to worker processes: {e.__cause__ or e}. Write measures and "
                "formulas as plain functions that use no open files or locks, or sweep here, workers=0."
            ) from e
        if not self.begun:
            self.begun = True
            return [], 0.0
        self.chunk = []
        return found

    def stop(self, kill: bool) -> None:
        """Let the process end, or make it."""
        let_depart([self.future] if self.future else [])
        if kill and not self.begun:  # it still reads what loky is about to take away, and would say so
            for pid in list(getattr(self.pool, "_processes", None) or ()):
                os.kill(pid, KILL)
        self.pool.shutdown(wait=False, kill_workers=kill)

    def end_overdue(self) -> None:
        """Kill it when it is at a point for much longer than allowed: nothing in it does so itself."""
        index, since, process = self.marker.read()
        limit = self.job.timeout
        if limit is None or not self.chunk or index == NOWHERE or self.overdue:
            return
        if time.time() - since > limit + LENIENCE:
            self.overdue = True
            os.kill(process, KILL)


def _after_a_death(
    job: Job, worker: _Worker, chunk: Sequence[Point], queue: Queue, deaths: Counter[str]
) -> list[Row]:
    """Put back what a dead worker had in hand; the row of the point that was its end, once that is sure."""
    index, since, _ = worker.marker.read()
    at = [p for p in chunk if p.index == index or len(chunk) == 1]
    if not at:  # it died between points, or before the first: no point was running
        queue.back(chunk, alone=True)
        return []
    point = at[0]
    if job.lanes and len(chunk) > 1:  # one of those beside it may have ended the worker
        together = f"beside {point.key}"
        deaths[together] += 1
        queue.back(chunk, alone=deaths[together] > DEATHS)
        return []
    deaths[point.key] += 1
    wall = time.time() - since
    row = take_final_row(job, point)
    if row is None and worker.overdue:
        row = empty_row(job, point, TIMED_OUT, f"no end after {wall:.3g} s; its worker was killed.", wall)
    if row is None and deaths[point.key] >= DEATHS:
        row = empty_row(
            job, point, KILLED,
            f"its worker died {DEATHS} times at this point: killed, crashed or out of memory.", wall,
        )  # fmt: skip
    queue.back([p for p in chunk if p is not point], alone=False)
    if row is None:
        queue.back([point], alone=True)
        return []
    return [row]


# In the worker ----------------------------------------------------------------------------------

_HERE: dict = {}  # the job and the marker of this process, which serves one sweep


def _begin(job: Job, samples: Sequence[Point], marker: str) -> None:
    """Receive the job; load, or compile, what its points need."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's, which ends us
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _HERE.update(job=job, marker=Marker(Path(marker)))
    _HERE["marker"].between()
    first_steps(job, samples)


def _run(points: Sequence[Point]) -> tuple[list[Row], float]:
    """Rows of some points, of the first of them where they take long, and what they took [s]."""
    job, marker, started = _HERE["job"], _HERE["marker"], time.perf_counter()
    rows: list[Row] = []
    for some in _in_turn(job, points, marker):
        rows += some
        if time.perf_counter() - started > ENOUGH:
            break
    marker.between()
    return rows, time.perf_counter() - started


def _in_turn(job: Job, points: Sequence[Point], marker: Marker) -> Iterator[list[Row]]:
    """Rows of points one after the other, or of those that go together; the marker is at one of these."""

    def alone(point: Point) -> Row:
        marker.at(point.index)
        return run_point(job, point, expendable=True)

    if job.lanes and len(points) > 1:
        marker.at(points[0].index)
        yield from rows_in_lanes(job, points, alone)
    else:
        yield from ([alone(point)] for point in points)


def end_with(driver: int) -> None:
    """End when the driver has: after its kill -9 nothing takes our rows, and no message comes.

    First of all, since a driver may end before it has sent the job.
    """

    def watch() -> None:
        while os.getppid() == driver:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, name="driver watch", daemon=True).start()
