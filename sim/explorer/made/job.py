"""One run in a thread of its own, with progress and an end on request. Nobody is called from the thread."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sim.errors import HapsimError
from sim.experiment.scenario import Scenario
from sim.explorer.made.pictures import DrawnFigure
from sim.explorer.made.thread_names import DRAWING_THREAD, RUN_THREAD
from sim.jit.compiling import told_of_compiling
from sim.jit.locks import held_through_forks
from sim.run.result import Result
from sim.run.simulate import simulate

PREPARING, COMPILING, RUNNING, DRAWING, DONE, FAILED = (
    "preparing", "compiling", "running", "drawing", "done", "failed",
)  # fmt: skip
Views = Callable[["Result"], Iterable[tuple[str, Any]]]


_asking = held_through_forks()  # one for all runs and drawings: what is done under it takes a moment
_started: weakref.WeakSet[RunJob] = weakref.WeakSet()


@dataclass(eq=False)
class RunJob:
    """A run, and what is made of its result in the same thread; whoever shows it looks from time to time.

    views: makes (name, view) of a result, one after the other
    state: of the constants above; simulated: time of the run reached [s], of scenario.duration
    begun: whether it is at its steps or beyond, so that there is something to keep
    made: the views that are ready; shown: those of them that whoever looks has taken
    result: also of a run that was cancelled, as far as it came
    """

    scenario: Scenario
    tolerance: float
    views: Views
    state: str = PREPARING
    simulated: float = 0.0
    steps: int = 0
    result: Result | None = None
    made: dict[str, Any] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    failure: str = ""
    begun: bool = False
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _left: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _began: float = field(default_factory=time.perf_counter)
    _ended: float | None = None

    def start(self) -> RunJob:
        """Begin; returns itself."""
        with _asking:
            _started.add(self)
        self._thread = threading.Thread(target=self._work, name=RUN_THREAD, daemon=True)
        self._thread.start()
        return self

    def cancel(self) -> None:
        """End the run at its next step and keep what there is; while code is compiled, right after that."""
        self._cancelled.set()

    def leave(self) -> None:
        """End as soon as may be: nobody waits for the result or its views any more."""
        self._cancelled.set()
        self._left.set()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for its end, at most so long; whether it has ended."""
        if self._thread is not None:
            self._thread.join(seconds)
        return self.over

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def over(self) -> bool:
        """Whether the thread has ended, views included."""
        return self.state in (DONE, FAILED)

    @property
    def busy(self) -> bool:
        """Whether the run itself goes on."""
        return self.state in (PREPARING, COMPILING, RUNNING)

    @property
    def waits(self) -> bool:
        """Whether code that is compiled for another run may hold this one up: one is compiled at a time."""
        with _asking:
            others = [job for job in _started if job is not self]
        return self.state == PREPARING and any(job.state == COMPILING for job in others)

    @property
    def share(self) -> float:
        """How much of the run's time is done, 0 to 1."""
        return min(max(self.simulated / self.scenario.duration, 0.0), 1.0)

    @property
    def elapsed(self) -> float:
        """Since the start, in seconds on the wall."""
        return (self._ended or time.perf_counter()) - self._began

    def _work(self) -> None:
        try:
            self.result = self._simulated()
            self.state = DRAWING
            views = () if self._left.is_set() else self.views(self.result)
            for name, view in views:
                self.made[name] = view
                if self._left.is_set():
                    break
            end = DONE
        except HapsimError as error:
            self.failure, end = str(error), FAILED
        except Exception as error:  # told on the page: nobody sees a traceback of this thread
            self.failure, end = unexpected(error), FAILED
        self._ended = time.perf_counter()
        self.state = end  # last: whoever sees it finds the rest in place

    def _simulated(self) -> Result:
        with told_of_compiling(self._compiling):
            return simulate(self.scenario, rtol=self.tolerance, progress=self._progress)

    def _compiling(self) -> None:
        self.state = COMPILING

    def _progress(self, t: float, steps: int) -> None:
        self.simulated, self.steps, self.state, self.begun = t, steps, RUNNING, True
        if self.cancelled:
            raise KeyboardInterrupt


def unexpected(error: Exception) -> str:
    """What is said on the page of an error that is no sentence of the house."""
    return f"Unexpected {type(error).__name__}: {error}. Please report this fault of hapsim."


class Drawings:
    """Views asked for one by one, drawn in a thread; of one name the last that was asked for counts.

    One that fails is a `DrawnFigure` that says why, and the next is drawn.
    """

    def __init__(self) -> None:
        self._wanted: dict[str, Callable[[], Any]] = {}
        self._ready: dict[str, Any] = {}
        self._working = False
        self._round = 0  # of what was asked for since the last that was forgotten

    def ask(self, name: str, draw: Callable[[], Any]) -> None:
        """Have a view drawn, after those that were asked for before."""
        with _asking:
            self._wanted[name] = draw
            if self._working:
                return
            self._working = True
        threading.Thread(target=self._work, name=DRAWING_THREAD, daemon=True).start()

    def forget(self) -> None:
        """Draw nothing more of what was asked for, and give away nothing that is ready."""
        with _asking:
            self._wanted.clear()
            self._ready.clear()
            self._round += 1

    def taken(self) -> dict[str, Any]:
        """The views that are ready since this was last asked."""
        with _asking:
            found, self._ready = self._ready, {}
        return found

    @property
    def working(self) -> bool:
        """Whether anything is being drawn, or ready and not taken."""
        with _asking:
            return self._working or bool(self._ready)

    def _work(self) -> None:
        while True:
            with _asking:
                if not self._wanted:
                    self._working = False
                    return
                name = next(iter(self._wanted))
                draw, begun = self._wanted.pop(name), self._round
            try:
                view = draw()
            except Exception as error:  # as in a run: nobody sees a traceback of this thread
                view = DrawnFigure(None, failure=unexpected(error))
            with _asking:
                if name not in self._wanted and begun == self._round:
                    self._ready[name] = view
