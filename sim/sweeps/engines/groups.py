"""Points side by side: those of few cells whose runs agree share the lanes of vector code.

Points are looked through a block of the design at a time, and groups are made in its order, so that rows
depend neither on workers nor on where a sweep was broken off: a group is in the store whole or not at all;
but Ctrl-C keeps the rows that are there, and points whose worker died run alone. What cannot be
grouped, and what fails in a group, runs alone too, as every point does without lanes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from sim.errors import HapsimError, warn_caller
from sim.experiment.change import applied
from sim.run.lazy_result import LazyResult
from sim.run.simulate import Run, prepared
from sim.run.together.side_by_side import kind, may_share, most_runs, solve_together
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.point import Trial, judged, run_point
from sim.sweeps.store.row import Row

BLOCK = 64  # places of a design that are looked through at once
LEAST = 96  # points of a sweep from which it pays to load, or compile, the code of lanes
FEWEST = 2  # runs of a group


def rows_in_lanes(
    job: Job, points: Sequence[Point], alone: Callable[[Point], Row] | None = None
) -> Iterator[list[Row]]:
    """Rows of the points as they come, those of a group together. alone: runs a point by itself"""
    single = alone or (lambda p: run_point(job, p))
    for _, block in groupby(points, lambda p: p.index // job.lanes):
        groups: dict[tuple, list[tuple[Trial, Run]]] = {}
        for point in block:
            found = _prepared(job, point)
            if found is None:
                yield [single(point)]
                continue
            which, trial, run = found
            group = groups.setdefault(which, [])
            group.append((trial, run))
            if len(group) == most_runs(run):
                yield from _rows_of(groups.pop(which), single)
        for group in groups.values():
            yield from _rows_of(group, single)


def _prepared(job: Job, point: Point) -> tuple[tuple, Trial, Run] | None:
    """The kind of a point's run and the run, ready to go; None for one that runs alone."""
    trial = Trial(job, point)
    try:
        scenario = applied(job.base, point.inputs)
        if not may_share(scenario, job.settings):
            return None
        run = prepared(scenario, job.settings)
    except Exception:  # alone it says what is wrong
        return None
    trial.spent = time.perf_counter() - trial.began
    which = kind(run)
    return None if which is None else (which, trial, run)


def _rows_of(group: Sequence[tuple[Trial, Run]], alone: Callable[[Point], Row]) -> Iterator[list[Row]]:
    """Rows of a group; what is there when Ctrl-C comes is handed in before it goes on."""
    rows: list[Row] = []
    try:
        for row in _each(group, alone):
            rows.append(row)
    except KeyboardInterrupt:
        if rows:
            yield rows
        raise
    yield rows


def _each(group: Sequence[tuple[Trial, Run]], alone: Callable[[Point], Row]) -> Iterator[Row]:
    """Rows of points that are solved together; alone where that fails or there are too few."""
    if len(group) < FEWEST:
        yield from (alone(trial.point) for trial, _ in group)
        return
    began = time.perf_counter()
    try:
        done = solve_together([run for _, run in group])
    except (HapsimError, ArithmeticError, MemoryError):  # the point that is to blame says so alone
        done = False
    except Exception as e:
        done = False
        warn_caller(
            f"{len(group)} points cannot be solved side by side ({type(e).__name__}: {e}); each runs alone.",
            RuntimeWarning,
        )
    if not done:
        for trial, _ in group:
            row = alone(trial.point)
            row["statistics"] = row["statistics"] | {"lanes_failed": len(group)}
            yield row
        return
    share = (time.perf_counter() - began) / len(group)
    for trial, run in group:
        trial.began = time.perf_counter() - share - trial.spent  # what it took, its part of the group's time
        yield judged(trial, LazyResult(run.record))
