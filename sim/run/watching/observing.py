"""One run under a watch: when it is looked at, what it is shown, and what becomes of its failure."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from sim.binder.system import System
from sim.errors import WatchWarning, warn_caller
from sim.run.watching.undisturbed import undisturbed
from sim.run.watching.watch import Watch
from sim.texts import duration_text

RUNNING = "running"


class Shown(Protocol):
    """What a watch is called with."""

    def close(self) -> None:
        """The state goes on to change: nothing more is read from it."""


class Stretch(Protocol):
    """A segment of a run."""

    @property
    def system(self) -> System: ...


class Ended(Protocol):
    """How a segment of a run ended."""

    t_end: float
    end: np.ndarray
    status: str
    message: str


class RunObserver:
    """Calls a watch with the present state, as often as it may be called.

    make(segment, t, y, status, call, seconds): a snapshot of the state y at t [s]; call: 1 for the first of
        the run; seconds: of real time since the run began
    """

    def __init__(self, watch: Watch, make: Callable[[Any, float, np.ndarray, str, int, float], Shown]):
        self.watch, self._make = watch, make
        self.failure = ""
        self._began = time.perf_counter()
        self._spent, self._last, self._calls = 0.0, 0.0, 0
        self._segment: Stretch | None = None
        self._cut, self._shown = np.nan, -np.inf

    def begin(self, segment: Stretch, cut: float) -> None:
        """What comes next are states of this segment. cut: the time [s] where it starts, if that is an output
        of its own, just after the one before it; not a number where it is none"""
        self._segment, self._cut = segment, cut

    def step(self, t: float, y: np.ndarray) -> None:
        """As that of a solver's Observer."""
        if not self.watch.at_outputs and self._due():
            self._call(t, y, RUNNING)

    def output(self, t: float, y: np.ndarray) -> None:
        """As that of a solver's Observer."""
        if not self.watch.at_outputs:
            return
        if t == self._cut:
            t = float(np.nextafter(t, np.inf))
        if t > self._shown:  # else the other side of a cut, which is no output
            self._shown = t
            self._call(t, y, RUNNING)

    def end(self, last: Ended) -> None:
        """The run has ended: a last call; where the watch has failed, a message and a warning instead."""
        if self.failure:
            last.message = f"{self.failure} What was computed before is kept."
        else:
            try:
                self._call(last.t_end, last.end, last.status)
            except KeyboardInterrupt:
                pass  # there is nothing left to interrupt
        if self.failure:
            warn_caller(self.failure, WatchWarning)

    def _due(self) -> bool:
        if self._calls == 0:
            return True
        now = time.perf_counter()
        # What has been spent decides, not what the last call took: the share is kept whatever calls take.
        return now - self._last >= self.watch.every and self._spent <= self.watch.share * (now - self._began)

    def _call(self, t: float, y: np.ndarray, status: str) -> None:
        if self._segment is None:
            return
        begun = time.perf_counter()
        self._calls += 1
        seconds = begun - self._began
        try:
            with undisturbed(self._segment.system):
                snapshot = self._make(self._segment, t, y, status, self._calls, seconds)
                try:
                    self.watch.function(snapshot)
                finally:
                    snapshot.close()
        except Exception as error:
            self.failure = _sentence(error, t)
            raise KeyboardInterrupt from error
        finally:
            self._last = time.perf_counter()
            if self._calls > 1:  # the first loads and compiles what all later ones have
                self._spent += self._last - begun


def _sentence(error: Exception, t: float) -> str:
    """What went wrong, and where."""
    said = "".join(traceback.format_exception_only(error)).strip()
    frames = traceback.extract_tb(error.__traceback__)
    where = f", in {frames[-1].name}, line {frames[-1].lineno} of {frames[-1].filename}" if frames else ""
    return f"The watch failed at {duration_text(t)}: {said}{where}."
