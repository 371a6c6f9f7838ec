"""What outlives a worker: a note of the point it is at, and the row of a point that it had to end.

After a kill the note tells which point was being run. A worker that ends itself, because a point did
not react to its time-out, first writes that point's row into a file.
"""

from __future__ import annotations

import json
import mmap
import os
import struct
import tempfile
import time
from pathlib import Path

from sim.files import write_text
from sim.sweeps.design.job import Job, Point
from sim.sweeps.store.row import Row

LAYOUT = struct.Struct("<qdq")  # index of the point, when it was begun [s since 1970], the worker's process
NOWHERE = -1


class Marker:
    """A small file shared by the worker, which writes, and its driver, which reads."""

    def __init__(self, path: Path, new: bool = False):
        if new:
            path.write_bytes(LAYOUT.pack(NOWHERE, 0.0, 0))
        self._file = open(path, "r+b")
        self._map = mmap.mmap(self._file.fileno(), LAYOUT.size)

    def at(self, index: int) -> None:
        """The worker begins this point."""
        LAYOUT.pack_into(self._map, 0, index, time.time(), os.getpid())

    def between(self) -> None:
        """The worker is at no point."""
        LAYOUT.pack_into(self._map, 0, NOWHERE, time.time(), os.getpid())

    def clear(self) -> None:
        """There is no worker."""
        LAYOUT.pack_into(self._map, 0, NOWHERE, 0.0, 0)

    def read(self) -> tuple[int, float, int]:
        """The point at hand, NOWHERE between points; since when [s since 1970]; process, 0 for none."""
        index, since, process = LAYOUT.unpack_from(self._map, 0)
        return index, since, process

    def close(self) -> None:
        self._map.close()
        self._file.close()


def final_row_path(job: Job, key: str) -> Path:
    """Where a process that ends itself leaves the row of its last point."""
    return Path(job.folder or tempfile.gettempdir()) / f"{key}.last.json"


def write_final_row(job: Job, row: Row) -> None:
    """Leave the row of a point whose process is about to end."""
    write_text(final_row_path(job, row["key"]), json.dumps(row), make_folders=True)


def take_final_row(job: Job, point: Point) -> Row | None:
    """The row that a worker left for this point, and its file is removed; None where there is none."""
    path = final_row_path(job, point.key)
    try:
        row: Row = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    path.unlink(missing_ok=True)
    if row.get("key") != point.key:
        return None
    row["index"] = point.index
    return row
