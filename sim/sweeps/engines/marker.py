"""Which point a worker is at, in a small file that outlives it: after a kill it says whose fault it was."""

from __future__ import annotations

import mmap
import os
import struct
import time
from pathlib import Path

LAYOUT = struct.Struct("<qdq")  # index of the point, when it was begun [s since 1970], the worker's process
NOWHERE = -1


class Marker:
    """Shared by the worker, which writes, and its driver, which reads."""

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
        return LAYOUT.unpack_from(self._map, 0)

    def close(self) -> None:
        self._map.close()
        self._file.close()
