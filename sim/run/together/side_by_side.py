"""Runs of few cells in the lanes of vector code, which one such run leaves empty.

The runs of a group take the same steps, those of the worst of them, so each is at least as exact as alone;
its numbers differ from those of the run alone within the tolerance, and depend as little on the others.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numba.core import config

from sim.binder.lanes.runs_in_lanes import RunsInLanes, kind_of
from sim.experiment.scenario import Scenario
from sim.identity.settings import Settings
from sim.run.memory import cell_count
from sim.run.record import JUDGED
from sim.run.segments import Segment
from sim.run.simulate import Run
from sim.simd.constants import WIDTH
from sim.solvers.lanes.side_by_side import solve_side_by_side
from sim.solvers.steps.task import Progress

METHOD = "ndf"  # the solver whose steps runs can share
MOST_CELLS = 16  # of a run; with more its own cells fill the lanes
CELLS_AT_ONCE = 4  # of runs in the same lane, so that starting a group is shared by more runs


def may_share(scenario: Scenario, settings: Settings) -> bool:
    """Whether a run of this scenario may have company; what is known before it is built."""
    return (
        settings.solver == METHOD
        and scenario.stochastic is None
        and not getattr(config, "DISABLE_JIT", False)
        and cell_count(scenario) <= MOST_CELLS
    )


def kind(run: Run) -> tuple | None:
    """What runs that `may_share` must have in common to be solved side by side; None for one that shares with
    none."""
    if len(run.record.builder.grid.shape) > 1:
        return None
    systems = [kind_of(s) for g in run.segments for s in (g.system, g.before) if s is not None]
    if None in systems:
        return None
    stretches = tuple((g.start, g.end, g.before is None) for g in run.segments)
    return (run.record.settings, stretches, run.stepped, run.wanted.tobytes(), *systems)


def most_runs(run: Run) -> int:
    """How many runs like this one a group holds."""
    return WIDTH * max(1, CELLS_AT_ONCE // run.record.builder.grid.n_cells)


def solve_together(runs: Sequence[Run], progress: Progress | None = None) -> bool:
    """Solve runs of one `kind`; what comes of it is in their records, `wall` as the share of each.

    False where the group failed: the runs are then to be made anew and solved alone.
    """
    started, states, end = time.perf_counter(), list[np.ndarray](), 0.0
    for k in range(len(runs[0].segments)):
        segments = [run.segments[k] for run in runs]
        lanes = RunsInLanes([g.system for g in segments])
        states = states or _first_states(segments, lanes)
        tasks = [r.begin(g, y, progress) for r, g, y in zip(runs, segments, states, strict=True)]
        if k == 0 and runs[0].wanted[0] == tasks[0].t0:
            _judge(runs, lanes, tasks[0].t0, [task.y0 for task in tasks])
        solutions = solve_side_by_side(lanes, tasks)
        if solutions is None:
            return False
        for run, segment, solution in zip(runs, segments, solutions, strict=True):
            run.end(segment, solution)
        states, end = [s.end for s in solutions], solutions[0].t_end
        if solutions[0].status != "finished":
            break
    if runs[0].record.judged and runs[0].wanted[-1] == end:
        _judge(runs, lanes, end, states)
    else:
        for run in runs:
            run.record.judged.clear()
    for run in runs:
        run.record.wall = (time.perf_counter() - started) / len(runs)
    return True


def _first_states(segments: Sequence[Segment], lanes: RunsInLanes) -> list[np.ndarray]:
    """The state that each run starts from, before any intervention at 0."""
    befores = [g.before for g in segments if g.before is not None]
    before = RunsInLanes(befores) if befores else lanes
    first = segments[0].builder.first
    given = [g.builder.first.given(s) for g, s in zip(segments, before.systems, strict=False)]
    y = first.at_rest(before, before.gathered(given))
    return [before.of_run(k, y) for k in range(len(segments))]


def _judge(runs: Sequence[Run], lanes: RunsInLanes, t: float, states: Sequence[np.ndarray]) -> None:
    """Note what range notes look at, of all runs at once."""
    if JUDGED not in lanes.model.quantities:
        return
    memory, failures = lanes.cells.memory.copy(), lanes.failures.copy()
    found = lanes.evaluate(t, lanes.gathered(states))[0][JUDGED]
    lanes.cells.memory[:], lanes.failures[:] = memory, failures
    for k, run in enumerate(runs):
        run.record.judged.append(found[lanes.rows_of(k)])
