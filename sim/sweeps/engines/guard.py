"""Ends a point when its time is over or its memory too large.

One thread a process watches over all calls of `Guard`. It ends a call by an exception raised in the
thread that runs it, which a loop in Python cannot miss; compiled code first has to return.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType

from sim.run import memory
from sim.sweeps.store.row import OUT_OF_MEMORY, TIMED_OUT
from sim.texts import size_text

SLACK = 0.1  # s after the time-out in which a solver may end by itself, between two steps
LOOK = 0.05  # s between looks at the memory
# What must not be interrupted: the compiler is called back from where an exception would be lost, and a
# module that is half imported stays half imported. Parts of the paths of files.
UNCUT = (f"{os.sep}numba{os.sep}", f"{os.sep}llvmlite{os.sep}", "<frozen importlib")
EXIT_CODE = 75  # of a process that ended itself, EX_TEMPFAIL of sysexits.h


class Stop(KeyboardInterrupt):
    """Ends a point. Solvers take it as they take Ctrl-C: what they have so far is kept."""


class Guard:
    """with Guard(timeout, memory) as guard: ... runs a call under watch, and swallows its Stop.

    timeout [s], memory [bytes that the process may grow by]: None for none
    status, reason: "timed out" or "out of memory" and a sentence, once it had to be ended; else ""
    on_exit: called after `grace` s without reaction, before the process ends itself; None: never
    """

    def __init__(
        self,
        timeout: float | None = None,
        memory: float | None = None,
        grace: float = 5.0,
        on_exit: Callable[[str, str], None] | None = None,
    ):
        self.timeout, self.memory, self.grace, self.on_exit = timeout, memory, grace, on_exit
        self.status = self.reason = ""
        self.thread = threading.get_ident()
        self.thrown = 0
        self.deadline = self.due = float("inf")
        self.before = 0
        self.outside: CodeType | None = None

    @property
    def watching(self) -> bool:
        return self.timeout is not None or self.memory is not None

    def __enter__(self) -> Guard:
        if self.watching:
            self.outside = sys._getframe(1).f_code
            now = time.monotonic()
            if self.timeout is not None:
                self.deadline = now + self.timeout
                self.due = self.deadline + SLACK
            if self.memory is not None:
                self.before = _process_bytes()
                self.due = min(self.due, now + LOOK)
            _watch.add(self)
        return self

    def __exit__(self, kind, value, trace) -> bool:
        self.release()
        return kind is not None and issubclass(kind, Stop) and bool(self.status)

    def release(self) -> None:
        """End the watch; nothing is thrown from then on. May be called again, and has to be where a Stop
        came out of `with`: one that arrives at the first line of __exit__ keeps it from being run."""
        while self.watching:
            try:
                _watch.remove(self)
                if self.thrown and self.thread == threading.get_ident():
                    _take()
                break
            except Stop:
                continue

    def check(self, t: float = 0.0, steps: int = 0) -> None:
        """Ends the call from within, where it calls this: a solver between its steps."""
        if self.status or time.monotonic() < self.deadline:
            return
        with _watch.lock:
            if self.status:  # meanwhile thrown
                return
            self._end(TIMED_OUT, f"it was not finished after {self.timeout:g} s.")
            self.due = time.monotonic() + self.grace  # for making a result of what there is
        raise Stop(self.reason)

    def look(self, now: float) -> None:
        """What the watching thread does when it is due, under its lock."""
        if self.status:
            if self.on_exit is not None and self.thrown:
                try:
                    self.on_exit(self.status, self.reason)
                finally:
                    os._exit(EXIT_CODE)
            self._throw(now)
        elif now >= self.deadline:
            self._end(TIMED_OUT, f"it was not finished after {self.timeout:g} s.")
            self._throw(now)
        elif self.memory is not None:
            grown = _process_bytes() - self.before
            if grown > self.memory:
                texts = size_text(grown), size_text(self.memory)
                self._end(OUT_OF_MEMORY, "it took {} of memory, and {} are allowed a point.".format(*texts))
                self._throw(now)
            else:
                self.due = min(now + LOOK, self.deadline + SLACK)
        else:
            self.due = self.deadline + SLACK

    def _uncut(self) -> bool:
        """Whether the call is where it should not be cut short just now."""
        frame = sys._current_frames().get(self.thread)
        while frame is not None and frame.f_code is not self.outside:
            if any(part in frame.f_code.co_filename for part in UNCUT):
                return True
            frame = frame.f_back
        return False

    def _end(self, status: str, reason: str) -> None:
        self.status, self.reason = status, reason

    def _throw(self, now: float) -> None:
        if self._uncut():
            self.due = now + LOOK
            return
        self.thrown += 1
        self.due = now + self.grace
        _throw(self.thread, Stop)


def _process_bytes() -> int:
    """Memory of the process [bytes]: what it has, or the most it had where the system does not say."""
    return memory.resident() or memory.peak() or 0


def _throw(thread: int, kind: type) -> bool:
    """Raise `kind` in a thread at its next step in Python; whether there is such a thread."""
    found = ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(kind))
    return found == 1


def _take() -> None:
    """Take a Stop that may not have arrived in this thread.

    It is replaced by one that is waited for. Taken back (an exception of NULL), it would leave Python 3.11
    looking for exceptions at every step: slower from then on, and standing still where a debugger, coverage
    or Hypothesis traces.
    """
    try:
        while _throw(threading.get_ident(), Stop):
            pass
    except Stop:
        return


class _Watch:
    """The thread that watches. Plain locks only: a Stop may arrive between any two lines of Python, and
    those of `threading` that are written in Python would be left half taken."""

    def __init__(self):
        self.start_again()

    def start_again(self) -> None:
        self.lock, self.sleeping = threading.Lock(), threading.Lock()
        self.sleeping.acquire()
        self.guards: set[Guard] = set()
        self.awake_at = 0.0
        self.running = False

    def add(self, guard: Guard) -> None:
        with self.lock:
            self.guards.add(guard)
            if not self.running:
                self.running = True
                threading.Thread(target=self._run, name="sweep guard", daemon=True).start()
            elif guard.due < self.awake_at and self.sleeping.locked():
                self.sleeping.release()

    def remove(self, guard: Guard) -> None:
        with self.lock:
            self.guards.discard(guard)

    def _run(self) -> None:
        while True:
            with self.lock:
                now = time.monotonic()
                for guard in list(self.guards):
                    if guard.due <= now:
                        guard.look(now)
                self.awake_at = min((g.due for g in self.guards), default=now + 60.0)
            self.sleeping.acquire(timeout=max(0.0, min(self.awake_at - now, 60.0)))


_watch = _Watch()
if hasattr(os, "register_at_fork"):  # a thread does not follow into a fork
    os.register_at_fork(after_in_child=_watch.start_again)
