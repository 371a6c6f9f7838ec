"""Points one after the other, here. Nothing protects this process from a point that kills it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.sweeps.engines.point import Job, Point, run_point


def run(job: Job, points: Sequence[Point]) -> Iterator[list[dict]]:
    """Rows as they come, one at a time."""
    for point in points:
        yield [run_point(job, point)]
