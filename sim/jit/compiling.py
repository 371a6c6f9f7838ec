"""Whether code is being compiled: told as it begins, for it takes long and nothing else shows it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from numba.core import event

from sim.jit.kernel import ClosureCache


class _Told(event.Listener):
    """Tells of compiling in one thread; code that was kept is loaded without."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self.tell, self.thread = tell, threading.get_ident()

    def on_start(self, event: Any) -> None:
        dispatcher = event.data.get("dispatcher")
        kept = isinstance(getattr(dispatcher, "_cache", None), ClosureCache)
        if kept and threading.get_ident() == self.thread:
            self.tell()

    def on_end(self, event: Any) -> None:
        """Nothing: a caller compiles its callees within."""


@contextmanager
def told_of_compiling(tell: Callable[[], None]) -> Iterator[None]:
    """Within it `tell` is called whenever this thread begins to compile a kernel that was not kept."""
    with event.install_listener("numba:compile", _Told(tell)):
        yield
