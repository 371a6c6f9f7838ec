"""A row of a sweep: one attempt at a point, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from sim.identity.versions import installed_versions

if TYPE_CHECKING:
    from sim.sweeps.design.axis import Value
    from sim.sweeps.design.job import Job, Point

FINISHED, FAILED, KILLED = "finished", "failed", "killed"
TIMED_OUT, OUT_OF_MEMORY = "timed out", "out of memory"
UNFINISHED = (FAILED, TIMED_OUT, OUT_OF_MEMORY, KILLED)


class Row(TypedDict):
    """key, index, inputs: of the point; status, reason: how it ended, and why so
    run: the `hash` in the manifest of its run, "" where no run came to a result
    statistics: counts of the solver, and how many were solved together: "lanes", or "lanes_failed" where each
        then ran alone; wall: s it took; result: file of the whole result, "" for none
    """

    key: str
    index: int
    inputs: dict[str, Value]
    measures: dict[str, float | None]
    status: str
    reason: str
    run: str
    statistics: dict[str, int]
    wall: float
    versions: dict[str, str]
    result: str


def empty_row(job: Job, point: Point, status: str, reason: str, wall: float) -> Row:
    """The row of a point of which nothing is known but how it ended. wall: s"""
    return {
        "key": point.key, "index": point.index, "inputs": dict(point.inputs),
        "measures": dict.fromkeys(job.measures), "status": status, "reason": reason, "run": "",
        "statistics": {}, "wall": wall, "versions": installed_versions(), "result": "",
    }  # fmt: skip
