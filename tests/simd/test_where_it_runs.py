"""Without the compiler, after a fork, and with any of numba's threads: the same numbers."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest

PROGRAM = """
import sim
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
base = sim.scenario("infarct_myocardium").with_(duration="1 s")
line, plane = base.with_resolution(0.02), base.with_geometry("rectangle").with_resolution(0.03)
def run(s): return [float(v) for v in sim.simulate(s, times=2)["Ca"][-1].values.ravel()]
def on_plane(_=0): return run(plane)
def on_line(_=0): return run(line)
"""


def said(end, **variables):
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", PROGRAM + end], env=os.environ | variables, capture_output=True, text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return np.array(eval(done.stdout.splitlines()[-1]))  # noqa: S307


def test_a_line_and_a_plane_run_without_the_compiler():
    """The same steps in Python: equal to rounding."""
    names: dict = {}
    exec(PROGRAM, names)  # noqa: S102 - here, with the compiler
    of = "run(line) + run(plane) + [sim.speciate(pH=7.2, Ca=2.0, P=1.5).SI['HAP']]"
    assert np.allclose(said(f"print({of})", NUMBA_DISABLE_JIT="1"), eval(of, names), rtol=1e-10)  # noqa: S307


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
def test_planes_run_in_threads_and_in_forks_of_a_process_that_ran_one(layer):
    """And lines, with the same bytes as alone. Regions of OpenMP ended such forks, those of numba's own
    threads a process with two callers."""
    end = """
first, alone = on_plane(), on_line()
with ThreadPoolExecutor(4) as pool:
    lines = pool.map(on_line, range(2))
    threads = list(pool.map(on_plane, range(2)))
    assert list(lines) == [alone, alone]
with get_context("fork").Pool(2) as pool:
    forks = pool.map_async(on_plane, range(2)).get(timeout=120)
print([first, *threads, *forks])
"""
    found = said(end, NUMBA_THREADING_LAYER=layer, NUMBA_NUM_THREADS="2")
    assert (found == found[0]).all()
