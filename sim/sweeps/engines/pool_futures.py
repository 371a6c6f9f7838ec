"""What a pool of processes promises: futures that failed at once, and those that have not left yet."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

MOST = 1.0  # s to wait for what is submitted to leave


class Failed:
    """A future that has failed already."""

    def __init__(self, error: Exception):
        self.error = error

    def done(self) -> bool:
        return True

    running = done

    def result(self):
        raise self.error


def let_depart(futures: Sequence[Any]) -> None:
    """Wait until what was submitted is on its way to a worker, for at most a second.

    A pool that is ended before forgets it, and loky's manager thread then ends with a KeyError when it comes
    to send it: with a traceback, and without taking away what the pool used.
    """
    until = time.monotonic() + MOST
    while not all(f.running() or f.done() for f in futures) and time.monotonic() < until:
        time.sleep(0.002)
