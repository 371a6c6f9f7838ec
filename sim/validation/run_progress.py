"""How many runs are done: a bar in a terminal or notebook, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from sim.sweeps.engines.progress import is_watched

TellProgress = Callable[[int, int], None]


class RunProgress:
    """show: True for a bar, or a function of (runs done, runs in all)"""

    def __init__(self, show: bool | TellProgress, wanted: int):
        self.wanted, self.done = wanted, 0
        self._tell = show if callable(show) else None
        self._bar = None
        if show is True and is_watched():
            from tqdm.auto import tqdm

            self._bar = tqdm(total=wanted, desc="validate", unit=" runs", mininterval=0.2)

    def one_more(self) -> None:
        """Another run has ended."""
        self.done += 1
        if self._tell is not None:
            self._tell(self.done, self.wanted)
        if self._bar is not None:
            self._bar.update(1)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
