"""Locks that a forked process can take.

Threads do not follow into a fork, but a lock that one of them holds does, and stays held there for ever.
"""

from __future__ import annotations

import os
import threading
from typing import Any


def held_through_forks() -> Any:
    """A lock that a thread takes again as it likes. A fork waits until it is free: for what is done within a
    moment, and must not be found half done."""
    lock = threading.RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


class RenewedLock:
    """`lock`: one that a thread takes again as it likes, another one in a forked process.

    For what takes long, and of which others see nothing before it is done. `with renewed.lock` gives back the
    one that it took.
    """

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.lock = threading.RLock()
