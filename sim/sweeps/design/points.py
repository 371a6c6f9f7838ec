"""The points of a design, each with what identifies it."""

from __future__ import annotations

from sim.errors import ConfigError
from sim.sweeps.design.design import Design
from sim.sweeps.design.job import Job, Point


def points_of(job: Job, design: Design) -> list[Point]:
    """The points of a design in order; those equal to an earlier one are left out. ConfigError where a
    measure is called as an axis is: one column cannot hold both."""
    for axis in design.axes:
        if axis.name in job.measures:
            raise ConfigError(f"'{axis.name}' is an axis and a measure; give the measure another name.")
    again = design.settings["repeats"]
    return [
        Point(k, job.key(inputs), dict(inputs))
        for k, inputs in enumerate(design.points)
        if str(k) not in again
    ]
