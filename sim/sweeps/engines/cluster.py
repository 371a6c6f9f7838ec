"""Points on the workers of a Dask cluster, streamed: some chunks are under way at any time, never all.

The job is a task of its own, so the scheduler keeps it: a worker gets it once, from there or from a
neighbour, and so does one that joins later or takes the place of a lost one. Dask runs a chunk again
whose worker was lost. A point notes in a file that it has begun; the third worker that begins it finds
two such notes and records it as killed. Where machines share no folder, Dask itself gives up on what
was at hand when four workers died (KilledWorker). One process runs one point at a time.
"""

from __future__ import annotations

import os
import platform
import queue
import time
import uuid
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from sim.errors import ConfigError, SweepError, not_installed, shown
from sim.jit.locks import RenewedLock
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.chunks import ENOUGH, Queue
from sim.sweeps.engines.first_steps import first_steps, one_of_each_kind
from sim.sweeps.engines.groups import rows_in_lanes
from sim.sweeps.engines.point import run_point
from sim.sweeps.engines.worker_death import final_row_path, take_final_row
from sim.sweeps.store.row import KILLED, Row, empty_row
from sim.units import convert_number

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["connect", "run"]

AHEAD = 2  # chunks for every worker thread: one that runs and one that waits for it
DEATHS = 2  # workers that a point may end
POLL = 2.0  # s between checks of the connection


def connect(address: str, timeout: float | str = "10 s") -> Client:
    """A client of the scheduler at an address such as "tcp://10.0.0.1:8786"; a sentence when none answers.

    timeout: s to wait for the answer
    """
    try:
        from distributed import Client
    except ImportError as e:
        raise ConfigError(not_installed("sweeps on a cluster need", "dask[distributed]")) from e
    seconds = convert_number(timeout, "s", "timeout")
    try:
        return Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError) as e:
        raise SweepError(
            f"no Dask scheduler answers at {shown(address)} within {seconds:g} s. Is it running there "
            "(`dask scheduler`), is the address its tcp:// one, and does a firewall stand between?"
        ) from e


def run(job: Job, points: Sequence[Point], client: Client) -> Generator[list[Row], None, None]:
    """Rows as they come, some at a time."""
    waiting, deaths = Queue(points, 1, job.lanes), Counter[str]()
    arrived: queue.SimpleQueue = queue.SimpleQueue()
    under_way: dict = {}
    name = uuid.uuid4().hex
    carried = client.submit(_same_job, job, key=f"hapsim-job-{name}")
    here, samples = (platform.node(), os.getpid()), one_of_each_kind(points)
    looked = 0.0
    try:
        while waiting or under_way:
            if time.monotonic() - looked > POLL:
                waiting.workers = _threads(client)
                looked = time.monotonic()
            while waiting and len(under_way) < AHEAD * waiting.workers:
                chunk = waiting.take()
                future = client.submit(
                    _run, carried, chunk, samples, name, here, key=f"hapsim-points-{uuid.uuid4().hex}"
                )
                under_way[future.key] = future, chunk
                future.add_done_callback(lambda f: arrived.put(f.key))
            try:
                key = arrived.get(timeout=POLL)
            except queue.Empty:
                continue
            future, chunk = under_way.pop(key)
            rows = _collected(job, future, chunk, waiting, deaths)
            del future  # the scheduler forgets the rows
            if rows:
                yield rows
    finally:
        if client.status == "running":
            client.cancel([f for f, _ in under_way.values()] + [carried])


def _threads(client: Client) -> int:
    """Threads of all workers at present, at least 1."""
    if client.status != "running":
        raise SweepError(
            "the connection to the Dask scheduler is lost. The points so far are stored; run the same sweep "
            "again when it is back."
        )
    return max(1, sum(client.nthreads().values()))


def _collected(
    job: Job, future: Future, chunk: Sequence[Point], waiting: Queue, deaths: Counter[str]
) -> list[Row]:
    """Rows of a future that is done; what it could not do goes back to `waiting`."""
    from distributed import KilledWorker

    try:
        rows, seconds = future.result()
    except KilledWorker as e:
        deaths.update(p.key for p in chunk if len(chunk) == 1)
        if deaths[chunk[0].key] < DEATHS:  # it may have waited beside the point that ended the worker
            waiting.back(chunk, alone=True)
            return []
        reason = f"the workers that ran it died, one after the other: killed, crashed or out of memory ({e})"
        return [empty_row(job, chunk[0], KILLED, reason, 0.0)]
    except Exception as e:
        if future.cancelled() or future.status == "lost":
            waiting.back(chunk, alone=False)
            return []
        raise SweepError(f"a worker of the cluster cannot run points: {type(e).__name__}: {e}") from e
    waiting.done(chunk, rows, seconds)
    return rows


# In the worker ----------------------------------------------------------------------------------

_ONE_AT_A_TIME = RenewedLock()  # kernels that share their scratch, and a watchdog for one point
_COMPILED: set[str] = set()  # sweeps whose formulas this process has loaded


def _same_job(job: Job) -> Job:
    """The job as something that workers pass on to one another."""
    return job


def _run(
    job: Job, points: Sequence[Point], samples: Sequence[Point], sweep: str, driver: tuple[str, int]
) -> tuple[list[Row], float]:
    """Rows of some points, of the first of them where they take long, and what they took [s]."""
    from numba import get_num_threads, set_num_threads

    with _ONE_AT_A_TIME.lock:
        before = get_num_threads()
        set_num_threads(1)
        try:
            if sweep not in _COMPILED:
                first_steps(job, samples)
                _COMPILED.add(sweep)
            expendable = _expendable(driver)
            started = time.perf_counter()
            rows: list[Row] = []
            for some in _in_turn(job, points, sweep, expendable):
                rows += some
                if time.perf_counter() - started > ENOUGH:
                    break
            return rows, time.perf_counter() - started
        finally:
            set_num_threads(before)


def _in_turn(job: Job, points: Sequence[Point], sweep: str, expendable: bool) -> Iterator[list[Row]]:
    """Rows of points one after the other, or of those that go together, without notes: where a worker dies at
    several, Dask ends with KilledWorker, and they come back one by one."""
    if job.lanes and len(points) > 1:
        yield from rows_in_lanes(job, points, lambda p: _noted(job, p, sweep, expendable))
    else:
        yield from ([_noted(job, p, sweep, expendable)] for p in points)


def _noted(job: Job, point: Point, sweep: str, expendable: bool) -> Row:
    """The row of a point, with a note while it runs."""
    note = final_row_path(job, point.key).with_suffix(f".{sweep[:8]}.begun")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        with note.open("a") as f:
            f.write("x")
            begun = f.tell()
        if begun == 1:  # of an earlier sweep, with another time-out perhaps
            final_row_path(job, point.key).unlink(missing_ok=True)
    except OSError:  # a folder of the driver's machine, not of this one
        return run_point(job, point, expendable=expendable)
    try:
        row = take_final_row(job, point)
        if row is not None:  # a worker before this one ended itself at it
            return row
        if begun > DEATHS:
            reason = f"its worker died {DEATHS} times at this point: killed, crashed or out of memory."
            return empty_row(job, point, KILLED, reason, 0.0)
        return run_point(job, point, expendable=expendable)
    finally:
        note.unlink(missing_ok=True)


def _expendable(driver: tuple[str, int]) -> bool:
    """Whether a point that ignores its time-out may end this process: a nanny has to start it again."""
    from distributed import get_worker

    return driver != (platform.node(), os.getpid()) and get_worker().nanny is not None
