"""Points one after the other, here. Nothing protects this process from a point that kills it."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.groups import rows_in_lanes
from sim.sweeps.engines.point import run_point
from sim.sweeps.store.row import Row


def run(job: Job, points: Sequence[Point]) -> Generator[list[Row], None, None]:
    """Rows as they come, one at a time, or of the points that were done together."""
    if job.lanes:
        yield from rows_in_lanes(job, points)
        return
    for point in points:
        yield [run_point(job, point)]
