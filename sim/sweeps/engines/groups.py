"""Points side by side: those of few cells whose runs agree share the lanes of vector code.

Points are looked through BLOCK at a time; what cannot be grouped, and what fails in a group, runs alone as
every point does where lanes are not used.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from sim.experiment.change import applied
from sim.run.lazy_result import LazyResult
from sim.run.simulate import Run, prepared
from sim.run.together.side_by_side import kind, most_runs, solve_together
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.point import Trial, judged, run_point
from sim.sweeps.store.row import Row

BLOCK = 64  # points that are looked through at once
LEAST = 96  # points of a sweep from which it pays to load, or compile, the code of lanes
FEWEST = 2  # runs of a group


def rows_in_lanes(
    job: Job, points: Sequence[Point], alone: Callable[[Point], Row] | None = None
) -> Iterator[list[Row]]:
    """Rows of the points, those of the first BLOCK first; alone: runs a point by itself.

    What a block has when Ctrl-C comes is handed in before it goes on.
    """
    single = alone or (lambda p: run_point(job, p))
    for first in range(0, len(points), BLOCK):
        rows: list[Row] = []
        block = points[first : first + BLOCK]
        place = {p.key: k for k, p in enumerate(block)}
        try:
            for row in _block(job, block, single):
                rows.append(row)
        except KeyboardInterrupt:
            if rows:
                yield rows
            raise
        yield sorted(rows, key=lambda row: place[row["key"]])


def _block(job: Job, points: Sequence[Point], alone: Callable[[Point], Row]) -> Iterator[Row]:
    """Rows of some points, groups as they are full."""
    groups: dict[tuple, list[tuple[Trial, Run]]] = {}
    for point in points:
        found = _prepared(job, point)
        if found is None:
            yield alone(point)
            continue
        which, trial, run = found
        group = groups.setdefault(which, [])
        group.append((trial, run))
        if len(group) == most_runs(run):
            yield from _group(groups.pop(which), alone)
    for group in groups.values():
        yield from _group(group, alone)


def _prepared(job: Job, point: Point) -> tuple[tuple, Trial, Run] | None:
    """The kind of a point's run and the run, ready to go; None for one that runs alone."""
    trial = Trial(job, point)
    try:
        run = prepared(applied(job.base, point.inputs), job.settings)
    except Exception:  # alone it says what is wrong
        return None
    trial.spent = time.perf_counter() - trial.began
    which = kind(run)
    return None if which is None else (which, trial, run)


def _group(group: Sequence[tuple[Trial, Run]], alone: Callable[[Point], Row]) -> Iterator[Row]:
    """Rows of points that are solved together; alone where that fails or there are too few."""
    if len(group) < FEWEST:
        yield from (alone(trial.point) for trial, _ in group)
        return
    began = time.perf_counter()
    try:
        done = solve_together([run for _, run in group])
    except Exception:  # a point that brings it about fails alone, and says why
        done = False
    if not done:
        for trial, _ in group:
            row = alone(trial.point)
            row["statistics"] = row["statistics"] | {"lanes_failed": len(group)}
            yield row
        return
    share = (time.perf_counter() - began) / len(group)
    for trial, run in group:
        trial.began = time.perf_counter() - share - trial.spent
        yield judged(trial, LazyResult(run.record))
