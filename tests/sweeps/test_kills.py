"""kill -9 of driver and workers at random moments: nothing is lost, done twice or different."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_sweep import MEASURES, TIMES, base, but_wall, design

from sim.sweeps.driver import sweep
from sim.sweeps.store.store import Store
from sim.sweeps.sweep_table import load

HERE = Path(__file__).parent
POINTS = 240

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no signal 9")


def driver(path, workers):
    command = [sys.executable, str(HERE / "small_sweep.py"), str(path), str(workers), str(POINTS)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def children(pid):
    """The worker processes of a driver: those that loky has started to compute."""
    psutil = pytest.importorskip("psutil")
    try:
        return [c.pid for c in psutil.Process(pid).children() if "popen_loky" in " ".join(c.cmdline())]
    except psutil.NoSuchProcess:
        return []


def at_work(run):
    """The workers of a driver, as soon as there are some; none when it ended before."""
    deadline = time.monotonic() + 60
    while run.poll() is None and time.monotonic() < deadline:
        if found := children(run.pid):
            return found
        time.sleep(0.02)
    return []


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_kills_at_random_moments_lose_nothing(tmp_path, kills):
    """As many of the driver as of a worker; the same command again and again until it is
    through, into another store when it came to its end before its kill.

    At most two kills fall on one life of a driver, so no point is blamed for them.
    """
    chance = random.Random(20)  # noqa: S311
    victims = ["driver", "worker"] * (kills // 2)
    chance.shuffle(victims)
    stores = (tmp_path / f"{letter}.db" for letter in "abcdefgh")
    path, rows_before = next(stores), 0
    while victims:
        run = driver(path, 2)
        try:
            assert run.stdout.readline() == "started\n"
            if victims[-1] == "worker":
                workers = at_work(run)
                time.sleep(chance.uniform(0.0, 1.5))
                if workers and run.poll() is None:
                    os.kill(chance.choice(workers), signal.SIGKILL)
                    victims.pop()
                    time.sleep(chance.uniform(0.0, 1.5))
            else:
                time.sleep(chance.uniform(0.0, 4.0))
                if run.poll() is None:
                    victims.pop()
        finally:
            run.kill()
            run.wait()
            run.stdout.close()
        if path.exists():
            with Store.open(path, readonly=True) as store:
                rows = sum(1 for _ in store.each())
            assert rows >= rows_before  # what was there is there
            rows_before = rows
            if rows == POINTS:
                path, rows_before = next(stores), 0
    for name in sorted(p.name for p in tmp_path.glob("?.db")):
        finished = driver(tmp_path / name, 2)
        assert finished.stdout.read() == "started\ndone\n"
        finished.stdout.close()
        assert finished.wait() == 0
    unbroken = sweep(base(), design(POINTS), measures=MEASURES, times=TIMES)
    for store in tmp_path.glob("?.db"):
        table = load(store)
        assert but_wall(table.rows) == but_wall(unbroken.rows)
        with Store.open(store, readonly=True) as opened:  # every point once
            assert sum(1 for _ in opened.each(attempts=True)) == POINTS


def alive(pid):
    """Whether it runs; what has ended and was not waited for does not."""
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("after", [0.0, 1.0, 4.0])
def test_workers_end_with_their_driver(tmp_path, after):
    pytest.importorskip("psutil")
    run = driver(tmp_path / "a.db", 2)
    try:
        deadline = time.monotonic() + 30
        while len(workers := children(run.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert len(workers) == 2
        time.sleep(after)  # while they start, and while they work
    finally:
        run.kill()
        run.wait()
        run.stdout.close()
    deadline = time.monotonic() + 20
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, workers))


@pytest.mark.parametrize("delay", [0.0, 0.1])
def test_ctrl_c_while_workers_start_is_quiet(tmp_path, delay):
    """A terminal sends it to the whole group: also to workers that are still importing."""
    command = [sys.executable, str(HERE / "small_sweep.py"), str(tmp_path / "a.db"), "2", "40"]
    run = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        while run.poll() is None and not children(run.pid):
            time.sleep(0.01)
        deaf = [_masks(pid) for pid in children(run.pid)]  # long before it has imported anything
        time.sleep(delay)
        os.killpg(run.pid, signal.SIGINT)
        said, _ = run.communicate(timeout=60)
    finally:
        run.kill()
    assert said == "started\ndone\n"
    assert run.returncode == 0
    assert all(deaf)


def _masks(pid):
    """Whether a process blocks or ignores Ctrl-C, where the system tells."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return True
    return any(int(v.split()[1], 16) & 2 for v in lines if v.startswith(("SigBlk", "SigIgn")))
