"""How long does the main job take, and against what?

    python -m benchmarks.main_job [--repeat 5] [--out benchmarks/main_job.json]

The question: infarct_myocardium, 120 cells in one dimension, 30 days, cold (everything compiled anew
in a new process), in a new process with a warm cache, and repeated; and ndf and CVODE with the same
preconditioner against SciPy's BDF with sparse LU on the same right-hand side, as error against time.
The error is that of the end state, in units of the declared scales, against CVODE at rtol 1e-10.
Answers are checked before timing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import numpy as np

import sim

SCENARIO = "infarct_myocardium"
ONE_RUN = (
    "import time; t = time.perf_counter(); import sim; "
    f"r = sim.simulate(sim.scenario('{SCENARIO}')); print(time.perf_counter() - t)"
)


def fresh(cache: str) -> float:
    """Seconds from `import sim` to the result in a new process, with the given compile cache."""
    environment = {**os.environ, "HAPSIM_CACHE": cache}
    out = subprocess.run(  # noqa: S603
        [sys.executable, "-c", ONE_RUN], env=environment, capture_output=True, text=True, check=True
    )
    return float(out.stdout)


def end_state(result: sim.Result) -> np.ndarray:
    """The last state in units of each species' scale, (species, cells)."""
    species = sim.scenario(SCENARIO).model.species
    return np.array([result[s.name].values[-1] / s.scale for s in species])


def measure(solver: str, rtol: float, reference: np.ndarray, repeat: int) -> dict:
    """Median and spread of wall seconds, and the error."""
    scenario = sim.scenario(SCENARIO)
    seconds, error = [], np.nan
    for _ in range(repeat):
        started = time.perf_counter()
        result = sim.simulate(scenario, solver=solver, rtol=rtol, atol=rtol / 10, times=2)
        seconds.append(time.perf_counter() - started)
        if not result.success:
            raise SystemExit(result.message)
        state = end_state(result)
        error = float(np.sqrt(np.mean(((state - reference) / (1 + np.abs(reference))) ** 2)))
    return {
        "solver": solver, "rtol": rtol, "error": error, "seconds": statistics.median(seconds),
        "fastest": min(seconds), "slowest": max(seconds), **result.stats,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as cache:
        cold = fresh(cache)
        warm = statistics.median(fresh(cache) for _ in range(3))
    reference = end_state(
        sim.simulate(sim.scenario(SCENARIO), solver="cvode", rtol=1e-10, atol=1e-11, times=2)
    )
    tolerances = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7)
    rows = [measure(s, r, reference, options.repeat) for s in ("ndf", "cvode") for r in tolerances]
    rows += [measure("bdf", r, reference, max(1, options.repeat // 2)) for r in (1e-3, 1e-4, 1e-5)]
    report = {
        "question": __doc__.split("\n")[0],
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "versions": {p: metadata.version(p) for p in ("numpy", "scipy", "numba", "scikit-sundae")},
        "cold_seconds": cold,
        "new_process_warm_cache_seconds": warm,
        "runs": rows,
    }
    options.out.write_text(json.dumps(report, indent=1))
    print(f"cold {cold:.1f} s; new process, warm cache {warm:.1f} s")
    for r in rows:
        print(
            f"{r['solver']:6s} rtol {r['rtol']:.0e}: error {r['error']:.1e}, {r['seconds']:.2f} s "
            f"({r['fastest']:.2f}-{r['slowest']:.2f}), {r['steps']} steps, {r['rhs']} rhs"
        )


if __name__ == "__main__":
    main()
