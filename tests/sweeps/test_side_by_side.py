"""Runs in processes: one that ends its process is told, the others are made, and none outlives its driver."""

import os
import subprocess
import sys
import time

import pytest

from sim.sweeps.engines.side_by_side import side_by_side

DRIVER = """
import os, sys, time
from sim.sweeps.engines.side_by_side import side_by_side

def work(seconds):
    print(os.getpid(), flush=True)
    time.sleep(seconds)

for _ in side_by_side(work, [600.0, 600.0], 2, None):
    pass
"""


def squared(number):
    if number == 3:
        os._exit(9)
    return number * number


def test_the_run_that_ends_its_process_is_told_and_the_others_are_made():
    found = dict(side_by_side(squared, [1, 2, 3, 4, 5], 2, "died"))
    assert found == {0: 1, 1: 4, 2: "died", 3: 16, 4: 25}


@pytest.mark.skipif(os.name != "posix", reason="kill -9")
def test_processes_end_with_the_one_that_started_them():
    words = [sys.executable, "-c", DRIVER]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as driver:
        workers = [int(driver.stdout.readline()) for _ in range(2)]
        driver.kill()
    until = time.monotonic() + 20.0
    while any(lives(w) for w in workers) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(lives(w) for w in workers)


def lives(process):
    """Whether it runs; one that has ended and that nobody has asked for does not."""
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(") ")[2][0] != "Z"
    except FileNotFoundError:
        return False
    except OSError:
        os.kill(process, 0)
        return True
