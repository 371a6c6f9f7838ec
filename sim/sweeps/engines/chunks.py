"""How many points to hand over at once: some tenths of a second of work, for a transfer costs time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from math import ceil

from sim.sweeps.design.job import Point
from sim.sweeps.store.row import Row

WORTH = 0.3  # s of work in a chunk
ENOUGH = 3.0  # s after which a worker hands in what it has of a chunk: later points may take much longer
LARGEST = 1000  # points of a chunk, however short they are


class Queue:
    """The points still to run. workers: how many share them; block: places of a design whose points are
    handed over together, so that which of them go side by side does not depend on the workers."""

    def __init__(self, points: Iterable[Point], workers: int, block: int = 1):
        self.workers, self.block = max(1, workers), max(1, block)
        self._points = deque(points)
        self._alone: set[str] = set()
        self._seconds, self._count = 0.0, 0.0

    def __len__(self) -> int:
        return len(self._points)

    def take(self) -> list[Point]:
        """The next chunk; a point that was at hand when a worker died comes alone."""
        first = self._points.popleft()
        chunk = [first]
        if first.key in self._alone:
            return chunk
        size = self._size()
        while self._points and self._points[0].key not in self._alone:
            same = self._points[0].index // self.block == chunk[-1].index // self.block
            if len(chunk) >= size and not same:
                break
            chunk.append(self._points.popleft())
        return chunk

    def back(self, chunk: Iterable[Point], alone: bool) -> None:
        """Points to run again, and next."""
        chunk = list(chunk)
        if alone:
            self._alone.update(p.key for p in chunk)
        self._points.extendleft(reversed(chunk))

    def done(self, chunk: Sequence[Point], rows: Sequence[Row], seconds: float) -> None:
        """What came of a chunk; points that its worker did not come to are run next."""
        self.took(len(rows), seconds)
        done = {row["index"] for row in rows}
        self.back([p for p in chunk if p.index not in done], alone=False)

    def took(self, count: int, seconds: float) -> None:
        """What a chunk took its worker [s]. Old ones count less: points may take longer along an axis."""
        self._count, self._seconds = 0.7 * self._count + count, 0.7 * self._seconds + seconds

    def _size(self) -> int:
        if not self._count:
            return 1
        worth = int(WORTH * self._count / max(self._seconds, 1e-9))
        # Half of an even share: workers come to the end together though points differ.
        share = ceil((len(self._points) + 1) / (2 * self.workers))
        return max(1, min(worth, share, LARGEST))
