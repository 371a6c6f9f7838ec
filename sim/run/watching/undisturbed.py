"""Evaluating a system beside a run that goes on, or before its outputs are evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sim.binder.system import System


@contextmanager
def undisturbed(system: System) -> Iterator[None]:
    """What is evaluated within leaves no trace in the system, bit for bit: last solutions of the kernels,
    counts of failures, numbers that follow courses, how sharply kernels solve (within: to rounding)."""
    cells, courses = system.cells, system.courses
    memory, failures, numbers = cells.memory.copy(), cells.failures.copy(), cells.numbers.copy()
    time = float(courses.record.time[0]) if courses.followed else 0.0
    system.tolerate(0.0)
    try:
        yield
    finally:
        if courses.followed and time == time:  # not a number before the first evaluation
            courses.at(time)
        cells.memory[:], cells.failures[:], cells.numbers[:] = memory, failures, numbers
