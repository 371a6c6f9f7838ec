"""How do time and memory grow with the grid? The infarct in squares and cubes, one and two threads.

Each size runs in a process of its own with a time limit; a run that is stopped still says how
far it came and what a step of a cell cost. Sizes above one that did not make a step are not tried.
"""

from __future__ import annotations

from numba import get_num_threads

from benchmarks.measuring.timing import isolated
from sim.solvers import DEFAULT

QUESTION = "How do wall clock, memory and iterations grow with the number of cells?"
SOLVER, RTOL, DAYS = DEFAULT, 1e-4, 30.0
SIZES = {"rectangle": (32, 64, 128, 256, 512), "box": (32, 48, 64, 96)}
QUICK = {"rectangle": (8, 16), "box": (6, 8)}
DIMENSIONS = {"rectangle": 2, "box": 3}
STARTING = 45.0  # s that a process may take beside the run, to start and to load or compile


def run(quick: bool, limit: float | None = None) -> dict:
    """The section. limit: seconds of integration for each size."""
    limit = limit or (4.0 if quick else 30.0)
    rows, notes = [], []
    for geometry, sizes in (QUICK if quick else SIZES).items():
        for threads in sorted({1, min(2, get_num_threads())}):
            for n in sizes if threads == 1 else sizes[::-1][::2][::-1]:  # the largest, and every other
                task = {
                    "geometry": geometry, "cells": n, "days": 1.0 if quick else DAYS, "solver": SOLVER,
                    "rtol": RTOL, "limit": limit,
                }  # fmt: skip
                found = isolated("benchmarks.ours.scaling_run", task, limit + STARTING, threads)
                row = {"geometry": geometry, "side": n, "cells": n ** DIMENSIONS[geometry],
                       "threads": threads, "solver": SOLVER}  # fmt: skip
                rows.append(row | found)
                if "failed" in found or not found.get("steps"):
                    why = found.get("failed") or "no step was made"
                    notes.append(
                        f"{geometry} {n}, {threads} thread{'s' * (threads > 1)}: {why} within "
                        f"{limit:.0f} s, and {STARTING:.0f} s for starting; larger ones were not tried."
                    )
                    break
    bad = sum(not r.get("finite", True) for r in rows)
    lost = {r["geometry"] for r in rows} - {r["geometry"] for r in rows if r.get("steps")}
    checks = [
        {"what": "every run that ended did so with finite numbers", "value": float(bad), "limit": 1.0,
         "passed": bad == 0},
        {"what": "grids of which no size made a step", "value": float(len(lost)), "limit": 1.0,
         "passed": not lost},
    ]  # fmt: skip
    return {"question": QUESTION, "checks": checks, "notes": notes, "tables": {"runs": rows}}
