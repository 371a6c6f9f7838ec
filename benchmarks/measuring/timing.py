"""Clocks: warm-up, repeats, median and spread; limits; runs in a process of their own."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]


class Clock:
    """Wall clock and processor time of a call, of all its threads: equal on an idle machine."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def time(self, call: Callable) -> object:
        """Measure one call; returns what it returns."""
        wall, cpu = time.perf_counter(), time.process_time()
        value = call()
        self.cpu.append(time.process_time() - cpu)
        self.wall.append(time.perf_counter() - wall)
        return value

    def spread(self) -> dict:
        """Median, fastest and slowest [s], how many, and the median of processor time."""
        return spread(self.wall) | {"cpu": statistics.median(self.cpu)}


def spread(seconds: list[float]) -> dict:
    """Median, fastest and slowest of some measurements [s], and how many there were."""
    return {
        "seconds": statistics.median(seconds),
        "fastest": min(seconds),
        "slowest": max(seconds),
        "repeats": len(seconds),
    }


def warmed(call: Callable) -> float:
    """Seconds that compiling took, or loading what was compiled: a first short call less a second."""
    clock = Clock()
    for _ in range(2):
        try:
            clock.time(call)
        except Exception:  # what is measured afterwards will say it
            return 0.0
    return max(0.0, clock.wall[0] - clock.wall[1])


def repeated(call, most: int) -> dict:
    """Median and spread of at most `most` calls: five of what takes less than a second of processor
    time, three below five seconds, one of what takes longer or was broken off."""
    clock = Clock()
    value = clock.time(call)
    count = 5 if clock.cpu[0] < 1.0 else 3 if clock.cpu[0] < 5.0 else 1
    while getattr(value, "status", "") == "finished" and len(clock.wall) < min(most, count):
        value = clock.time(call)
    return {"value": value, **clock.spread()}


def per_call(call: Callable, batch: float = 0.02, repeat: int = 9) -> dict:
    """Seconds of one call of something short: batches of at least `batch` seconds each."""
    started = time.perf_counter()
    call()
    first = time.perf_counter() - started
    started = time.perf_counter()
    call()
    count = max(1, int(batch / max(1e-9, time.perf_counter() - started)))
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        for _ in range(count):
            call()
        seconds.append((time.perf_counter() - started) / count)
    return {**spread(seconds), "compile": max(0.0, first - statistics.median(seconds))}


def until(limit: float) -> Callable[[float, int], None]:
    """A progress function that stops a solver after `limit` seconds of processor time; it keeps what
    it has. Not wall clock: on a busy machine that would stop whoever is disturbed."""
    started = time.process_time()

    def progress(_t: float, _steps: int) -> None:
        if time.process_time() - started > limit:
            raise KeyboardInterrupt

    return progress


def isolated(module: str, task: dict, limit: float, threads: int = 1) -> dict:
    """What `python -m module TASK` prints as JSON in its last line, or {"failed": sentence}.

    A process of its own, so that its memory is its own and its failure nobody else's. It ends after
    `limit` seconds of processor time, which it finds as "processor" in its task, and after four times
    as many in any case.
    """
    task = {**task, "processor": limit}
    count = str(threads)
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "NUMBA_NUM_THREADS": count, "OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count,
        "MKL_NUM_THREADS": count,
    }  # fmt: skip
    started = time.perf_counter()
    try:
        run = subprocess.run(
            [sys.executable, "-m", module, json.dumps(task)],
            capture_output=True, text=True, timeout=4.0 * limit, env=environment, cwd=ROOT, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"failed": f"not finished after {4.0 * limit:.0f} s", "limit": limit}
    whole = time.perf_counter() - started
    if run.returncode == -getattr(signal, "SIGXCPU", 0):
        return {"failed": f"not finished after {limit:.0f} s of processor time", "limit": limit}
    if run.returncode != 0:
        last = run.stderr.strip().splitlines()[-1:] or [f"exit code {run.returncode}"]
        return {"failed": last[0][:200], "limit": limit, "process": whole}
    return {**json.loads(run.stdout.strip().splitlines()[-1]), "process": whole}


def peak_memory() -> float:
    """The most memory this process has held [bytes]; NaN where the system does not say."""
    try:
        # Not getrusage: what it says survives exec, so a small child would report its parent.
        with open("/proc/self/status") as f:
            for line in f:
                if line.startswith("VmHWM"):
                    return 1024.0 * float(line.split()[1])
    except OSError:
        pass
    try:
        import resource
    except ImportError:  # not on Windows
        return float("nan")
    unit = 1 if sys.platform == "darwin" else 1024
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def limit_process(processor: float, memory: float = 0.75) -> None:
    """End this process after `processor` seconds of work, and make an allocation beyond this share of
    the machine's memory fail, not the machine."""
    try:
        import resource

        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        resource.setrlimit(resource.RLIMIT_AS, (int(memory * size), resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_CPU, (int(processor) + 1, resource.RLIM_INFINITY))
    except (ImportError, ValueError, OSError):  # a system without such limits runs without
        return
