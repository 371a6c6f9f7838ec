"""Maps on their grids, kept for the points of a sweep: the same volume on the same cells is laid once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from sim.jit.locks import held_through_forks
from sim.space.grid import Grid
from sim.space.maps.laying import Laid

MOST = 64_000_000  # bytes of all that is kept in a process


class KeptLaid:
    """The latest ones, by what they are made of, up to so many bytes; for threads and forked processes."""

    def __init__(self, most: int = MOST):
        self.most, self.bytes = most, 0
        self._found: OrderedDict[Hashable, Laid] = OrderedDict()
        self._lock = held_through_forks()

    def once(self, key: Hashable, lay: Callable[[], Laid]) -> Laid:
        """What `lay` makes, or made for an equal key; its arrays cannot be written to."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        made = lay()
        for array in (made.means, made.share):
            array.flags.writeable = False
        with self._lock:
            if key not in self._found:
                self._found[key] = made
                self.bytes += _bytes(made)
            while self.bytes > self.most:
                self.bytes -= _bytes(self._found.popitem(last=False)[1])
        return made


def cells_of(grid: Grid) -> Hashable:
    """What tells where the cells of a grid lie."""
    return grid.kind, tuple((axis, grid.edges[axis].tobytes()) for axis in grid.axes)


def _bytes(made: Laid) -> int:
    return int(made.means.nbytes + made.share.nbytes)


KEPT = KeptLaid()
