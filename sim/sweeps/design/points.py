"""The points of a design, each with what identifies it."""

from __future__ import annotations

from sim.sweeps.design.design import Design
from sim.sweeps.design.job import Job, Point


def points_of(job: Job, design: Design) -> list[Point]:
    """The points of a design in order; those equal to an earlier one are left out."""
    again = design.settings["repeats"]
    return [
        Point(k, job.key(inputs), dict(inputs))
        for k, inputs in enumerate(design.points)
        if str(k) not in again
    ]
