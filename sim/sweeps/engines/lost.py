"""Rows of points whose worker cannot write them any more."""

from __future__ import annotations

import json

from sim.run.record import versions
from sim.sweeps.engines.point import Job, Point, left_behind


def lost(job: Job, point: Point, status: str, reason: str, wall: float) -> dict:
    """The row of a point that took its worker with it. wall: s"""
    return {
        "key": point.key, "index": point.index, "inputs": dict(point.inputs),
        "measures": dict.fromkeys(job.measures), "status": status, "reason": reason, "statistics": {},
        "wall": wall, "versions": versions(), "result": "",
    }  # fmt: skip


def last_words(job: Job, point: Point) -> dict | None:
    """The row that the watchdog of a worker wrote before it ended it; taken away from where it was."""
    path = left_behind(job, point.key)
    try:
        row = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    path.unlink(missing_ok=True)
    return row | {"index": point.index} if row.get("key") == point.key else None
