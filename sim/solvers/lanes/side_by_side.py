"""Integrate runs side by side: one sequence of steps, as short as the worst of them needs.

A group that cannot be integrated as a whole says so, and leaves no solution: its runs are then to be solved
one by one, by whatever may help a single run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from sim.binder.lanes.runs_in_lanes import RunsInLanes
from sim.simd.constants import WIDTH
from sim.solvers.lanes.operations import side_by_side_state
from sim.solvers.ndf import CELL_STEPS_AT_ONCE, COUNTS, STALL
from sim.solvers.steps import compiled
from sim.solvers.steps.ndf_state import DONE, TOO_SHORT, first_step, note_start
from sim.solvers.steps.solution import STATUS, Recorder, Solution
from sim.solvers.steps.task import Task


def solve_side_by_side(lanes: RunsInLanes, tasks: Sequence[Task]) -> list[Solution] | None:
    """The solutions of tasks, one a run of the lanes, that agree in all but system, first state and absolute
    tolerances; None where the group failed. "interrupted" is the status of all or none.

    The progress of the first task is told of all, observers of nothing. Statistics and undershoot are those
    of the group; statistics["lanes"] tells how many runs it had.
    """
    first = tasks[0]
    task = replace(
        first, system=lanes, y0=lanes.gathered([t.y0 for t in tasks]),
        atol=lanes.gathered([t.atol for t in tasks]),
    )  # fmt: skip
    if task.no_span:
        return None
    lanes.tolerate(task.rtol)
    try:
        found = _marched(task, lanes)
    finally:
        lanes.tolerate(0.0)
    if found.status == "failed":
        return None
    lanes.leave()
    return [
        replace(
            found, t=found.t.copy(), y=lanes.of_run(run, found.y), end=lanes.of_run(run, found.end),
            statistics=found.statistics | {"lanes": lanes.count},
        )
        for run in range(lanes.count)
    ]  # fmt: skip


def _marched(task: Task, lanes: RunsInLanes) -> Solution:
    record = Recorder(task)
    w = side_by_side_state(task, lanes, record)
    march, now = compiled.march(w), w.now[0]
    at_once = min(STALL, max(1, CELL_STEPS_AT_ONCE // lanes.n_cells))
    note_start(task, record, w)
    now.h = first_step(lanes, w, partial(_norms, lanes))
    status, message, window = "finished", "", (0, 0)
    try:
        while True:
            state = march(min(at_once, task.max_steps - int(now.steps)))
            lanes.raise_again()
            steps, failures = int(now.steps), int(now.failures)
            y = w.D[0, : lanes.size]
            record.follow(now.t, y, steps, int(now.kept), now.worst, int(now.worst_species))
            if state == DONE:
                break
            stalled = STALL <= steps - window[0] < failures - window[1]
            if state == TOO_SHORT or stalled or steps >= task.max_steps:
                status = "failed"
                break
            if STALL <= steps - window[0]:
                window = steps, failures
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    counts = {name: int(now[field]) for name, field in COUNTS.items()}
    return record.solution(now.t, w.D[0, : lanes.size], status, message, **counts)


def _norms(lanes: RunsInLanes, v: np.ndarray) -> np.ndarray:
    """Root mean square (runs,) over the unknowns of each run."""
    body, tails = lanes.split(v)
    squares = (body**2).sum(axis=1).reshape(-1, lanes.cells_of_run, WIDTH)
    total = squares.sum(axis=1).reshape(-1) + (tails**2).sum(axis=(1, 2))
    unknowns = lanes.cells_of_run * lanes.n_species + 2 * lanes.n_mobile
    return np.sqrt(total / unknowns)
