"""Points one after the other, here. Nothing protects this process from a point that kills it."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.point import run_point
from sim.sweeps.store.row import Row


def run(job: Job, points: Sequence[Point]) -> Generator[list[Row], None, None]:
    """Rows as they come, one at a time."""
    for point in points:
        yield [run_point(job, point)]
