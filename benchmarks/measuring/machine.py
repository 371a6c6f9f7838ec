"""What the measurements were made on: versions, commit, processor, threads, and what it can do."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from functools import lru_cache
from importlib import metadata

import numpy as np
from numba import get_num_threads, njit, prange, set_num_threads

from benchmarks.measuring.timing import ROOT

PACKAGES = (
    "numpy", "scipy", "numba", "llvmlite", "scikit-sundae", "py-pde", "fipy", "phreeqcrm",
    "phreeqpython",
)  # fmt: skip
TRIAD = 8 * 1024 * 1024  # numbers an array: 64 MiB, beyond any cache of a desktop


def _triad(a, b, c, s):
    for i in prange(a.size):
        a[i] = b[i] + s * c[i]


def _chains(x, out):
    """Four independent chains of 32 multiply-adds for each number: arithmetic, hardly memory."""
    for i in range(x.size):
        p = x[i]
        q = p + 0.25
        r = p + 0.5
        s = p + 0.75
        for _ in range(32):
            p = p * x[i] + 0.1
            q = q * x[i] + 0.2
            r = r * x[i] + 0.3
            s = s * x[i] + 0.4
        out[i] = p + q + r + s


def _chains_all(x, out):
    for k in prange(x.shape[0]):
        for _ in range(64):
            chains(x[k], out[k])


# Contraction of a*b+c is what the processor's peak consists of; the package itself never uses it.
triad = njit(parallel=True, error_model="numpy")(_triad)
chains = njit(fastmath={"contract"}, error_model="numpy")(_chains)
chains_all = njit(parallel=True, error_model="numpy")(_chains_all)


def _best(call, repeat: int) -> float:
    call()
    seconds = []
    for _ in range(repeat):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


@lru_cache
def capability(threads: int, quick: bool = False) -> dict:
    """Bandwidth of a triad [B/s] and peak of multiply-adds [flop/s] with that many threads.

    The best of some repeats, because both are limits. The triad counts 24 bytes a number; the
    line that a store fetches first is not counted, as in STREAM.
    """
    before = get_num_threads()
    set_num_threads(min(threads, before))
    try:
        size = TRIAD // (4 if quick else 1)
        a, b, c = np.zeros(size), np.ones(size), np.ones(size)
        bandwidth = 24.0 * size / _best(lambda: triad(a, b, c, 0.5), 5 if quick else 15)
        x = np.linspace(0.0, 0.5, 8 * threads * 1024).reshape(8 * threads, 1024)
        out = np.zeros_like(x)
        flops = 64 * x.size * 4 * 32 * 2 / _best(lambda: chains_all(x, out), 5 if quick else 15)
    finally:
        set_num_threads(before)
    return {"threads": threads, "bandwidth": bandwidth, "flops": flops}


def description(threads: int) -> dict:
    """Versions, commit, processor and threads: what must stand beside any number."""
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "threads": threads,
        "commit": commit(),
        "versions": {p: v for p in PACKAGES if (v := version(p)) is not None},
        "date": time.strftime("%Y-%m-%d"),
    }


def version(package: str) -> str | None:
    """Installed version of a package, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """Name of the processor as the system spells it."""
    try:
        with open("/proc/cpuinfo") as f:
            for line in f:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def commit() -> str:
    """Short commit of the checkout, with "+" where files differ from it; "unknown" outside git."""
    try:
        git = ["git", "-C", str(ROOT)]
        head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
        changed = subprocess.run(
            [*git, "status", "--porcelain", "--untracked-files=no", "--", "sim"],
            capture_output=True,
            text=True,
        )
    except OSError:
        return "unknown"
    if head.returncode:
        return "unknown"
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")
