"""Sweeps on a Dask cluster: a real scheduler and two worker processes, over TCP on the loopback."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_sweep import MEASURES, TIMES, base, but_wall, design, heavy

from sim.errors import SweepError
from sim.sweeps.driver import sweep
from sim.sweeps.engines import cluster

pytest.importorskip("distributed")

HERE = Path(__file__).parent
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE), os.environ.get("PYTHONPATH", "")]),
    "NUMBA_NUM_THREADS": "1",
    "PYTHONWARNINGS": "default",
}
QUIET = ["--no-dashboard"]


def started(*command, says):
    """A process that has said `says` on its standard error; the match."""
    run = subprocess.Popen(
        [sys.executable, "-m", *command],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    for line in run.stderr:
        if found := re.search(says, line):
            os.set_blocking(run.stderr.fileno(), False)  # nobody reads on; the pipe is large enough
            return run, found
    raise AssertionError(f"{command} ended")


@pytest.fixture(scope="module")
def address():
    """A scheduler with two workers of one thread, each minded by a nanny that starts it again."""
    runs = []
    try:
        scheduler, found = started(
            "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *QUIET,
            says=r"Scheduler at:\s+(tcp://\S+)",
        )  # fmt: skip
        runs.append(scheduler)
        for _ in range(2):
            worker, _ = started(
                "distributed.cli.dask_worker", found[1], "--nthreads", "1", "--host", "127.0.0.1", *QUIET,
                says="Starting established connection",
            )  # fmt: skip
            runs.append(worker)
        yield found[1]
    finally:
        for run in reversed(runs):
            run.terminate()
        for run in runs:
            try:
                run.wait(10)
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()
            run.stderr.close()


@pytest.fixture
def client(address):
    with cluster.connect(address) as client:
        yield client


def process():
    return os.getpid()


def test_a_cluster_gives_the_same_rows_while_a_worker_is_killed(client, tmp_path):
    """One of the two is killed when the first rows are there; Dask and its nanny make it good.

    And rows are streamed: the scheduler knows of a few chunks at any time, never of all.
    """
    killed, known, how = [], [], {"measures": MEASURES, "times": TIMES}

    def told(done, whole):
        known.append(client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)))
        if done > 20 and not killed:
            pids = client.run(process)
            assert len(set(pids.values())) == 2
            killed.append(next(iter(pids.values())))
            os.kill(killed[0], signal.SIGKILL)

    table = sweep(base(), design(60), tmp_path / "a.db", client=client, progress=told, **how)
    assert killed
    assert but_wall(table.rows) == but_wall(sweep(base(), design(60), **how).rows)
    assert len(known) > 5
    assert max(known) <= 2 * 2 + 3  # two chunks a worker, the job, and what is being forgotten


def test_a_point_that_kills_its_workers_is_named(client, tmp_path):
    table = sweep(base(), design(5), tmp_path / "a.db", client=client, measures={"heavy": heavy})
    assert table.status.tolist() == ["finished"] * 2 + ["killed"] + ["finished"] * 2
    assert "died 2 times" in table.rows[2]["reason"]


def test_an_unreachable_scheduler_is_a_sentence():
    began = time.perf_counter()
    with pytest.raises(SweepError, match="no Dask scheduler answers at 'tcp://127.0.0.1:9' within 1 s"):
        cluster.connect("tcp://127.0.0.1:9", timeout="1 s")
    assert time.perf_counter() - began < 10


def test_nonsense_for_an_address_is_a_sentence():
    with pytest.raises(SweepError, match="no Dask scheduler answers"):
        cluster.connect("nowhere at all", timeout=1.0)
