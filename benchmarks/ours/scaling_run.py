"""One size of the scaling section in a process of its own: `python -m benchmarks.ours.scaling_run TASK`."""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from benchmarks.measuring.timing import limit_process, peak_memory, until
from benchmarks.problems import lesion, of_scenario
from sim.solvers import SOLVERS, Task


def main(task: dict) -> dict:
    """Set up, integrate for at most `limit` seconds, and say what was done."""
    limit_process(task["processor"])
    started = time.perf_counter()
    system, y0, end = of_scenario(lesion(task["cells"], task["geometry"], task["days"]))
    made = time.perf_counter()
    # Compile what the size does not decide, so that the clock below measures running.
    small, first, _ = of_scenario(lesion(8, task["geometry"], task["days"]))
    solve = SOLVERS[task["solver"]].solve
    rtol = task["rtol"]
    solve(Task(small, 0.0, 60.0, first, np.array([60.0]), rtol, small.tolerances(0.1 * rtol)))
    compiled = time.perf_counter()
    before, cpu = peak_memory(), time.process_time()
    began = time.perf_counter()
    found = solve(
        Task(
            system, 0.0, end, y0, np.array([end]), rtol, system.tolerances(0.1 * rtol),
            until(task["limit"]), 10**9,
        )
    )  # fmt: skip
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    counts = {k: int(v) for k, v in found.statistics.items() if np.isscalar(v)}
    return {
        "status": found.status, "message": found.message, "reached": found.t_end / end,
        "seconds": seconds, "cpu": cpu, "setup": made - started, "compile": compiled - made,
        "ns_per_cell_step": 1e9 * seconds / system.n_cells / max(1, counts.get("steps", 0)),
        "unknowns": system.size, "memory": peak_memory(), "memory_before": before,
        "finite": bool(np.all(np.isfinite(found.end))), **counts,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(json.loads(sys.argv[1]))))
