"""How long does the main job take, and against what?

    python -m benchmarks main_job

The question: infarct_myocardium, 120 cells in one dimension, 30 days, cold (everything compiled anew
in a new process), in a new process with a warm cache, and repeated; and ndf and CVODE with the same
preconditioner against SciPy's BDF with sparse LU on the same right-hand side, as error against time.
The error is that of the end state, in units of the declared scales, against CVODE at rtol 1e-10.
Answers are checked before timing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import numpy as np

import sim
from benchmarks.measuring.timing import Clock, spread

QUESTION = "How long does the main job take (infarct_myocardium, 120 cells, 30 days), and against what?"
SCENARIO = "infarct_myocardium"
ONE_RUN = (
    "import time; t = time.perf_counter(); import sim; "
    f"r = sim.simulate(sim.scenario('{SCENARIO}')); print(time.perf_counter() - t)"
)
RTOLS = {"ndf": (1e-3, 1e-4, 1e-5, 1e-6, 1e-7), "cvode": (1e-3, 1e-4, 1e-5, 1e-6, 1e-7),
         "bdf": (1e-3, 1e-4, 1e-5)}  # fmt: skip
CLOSE = 30.0  # times rtol that an end state may be off: errors of hundreds of steps add up in part


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


def solved(solver: str, rtol: float) -> sim.Result:
    """A run with output at its end only; stops the section where it did not get there."""
    result = sim.simulate(sim.scenario(SCENARIO), solver=solver, rtol=rtol, atol=rtol / 10, times=2)
    if not result.success:
        raise SystemExit(result.message)
    return result


def measured(solver: str, rtol: float, reference: np.ndarray, repeat: int) -> dict:
    """Error, then median and spread of wall seconds."""
    result, clock = solved(solver, rtol), Clock()
    error = np.sqrt(np.mean(((end_state(result) - reference) / (1 + np.abs(reference))) ** 2))
    for _ in range(repeat):
        clock.time(lambda: solved(solver, rtol))
    return {"solver": solver, "rtol": rtol, "error": float(error), **clock.spread(), **result.stats}


def run(quick: bool) -> dict:
    """The section."""
    repeat = 1 if quick else 5
    with tempfile.TemporaryDirectory() as cache:
        cold = spread([fresh(cache)])
        warm = spread([fresh(cache) for _ in range(1 if quick else 3)])
    starts = [
        {"start": "new process, nothing compiled", **cold},
        {"start": "new process, compiled before", **warm},
    ]
    reference = end_state(solved("cvode", 1e-10))
    rows = [
        measured(solver, rtol, reference, max(1, repeat // 2) if solver == "bdf" else repeat)
        for solver, rtols in RTOLS.items()
        for rtol in (rtols[:1] if quick else rtols)
    ]
    checks = [
        {"what": f"{r['solver']} at rtol {r['rtol']:.0e} against CVODE at 1e-10", "value": r["error"],
         "limit": CLOSE * r["rtol"], "passed": r["error"] < CLOSE * r["rtol"]}
        for r in rows
    ]  # fmt: skip
    return {"question": QUESTION, "checks": checks, "notes": [], "tables": {"starts": starts, "runs": rows}}
