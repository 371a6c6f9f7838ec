"""How far a fit is: a line that renews itself in a terminal or notebook, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from sim.errors import ConfigError, shown
from sim.sweeps.engines.progress import is_watched
from sim.texts import duration_text

EVERY = 10.0  # s between lines of a log


class FitState(NamedTuple):
    """How far a fit is.

    runs: made or taken from the store; failed, reused: of them; cost: the lowest weighted sum of squares
    stage: "searches", "profiles"; done, tasks: of the stage; seconds: since the fit began
    """

    runs: int
    failed: int
    reused: int
    cost: float
    stage: str
    done: int
    tasks: int
    seconds: float

    def text(self) -> str:
        """As "120 runs (15.2 runs/s), 2 failed, sum of squares 3.21, searches: 2 of 4 done"."""
        made = self.runs - self.reused
        rate = f" ({made / self.seconds:.3g} runs/s)" if self.seconds > 0 and made else ""
        parts = [f"{self.runs} runs{rate}"]
        parts += [f"{self.reused} of them stored before"] if self.reused else []
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"sum of squares {self.cost:.4g}"] if self.cost == self.cost else []
        parts += [f"{self.stage}: {self.done} of {self.tasks} done"] if self.stage else []
        return ", ".join(parts)


ProgressFunction = Callable[[FitState], Any]


class FitProgress:
    """show: True for a line on stderr, a function of a FitState, or False."""

    def __init__(self, show: bool | ProgressFunction):
        if not (isinstance(show, bool) or callable(show)):
            raise ConfigError(
                f"progress = {shown(show)} is neither True, False nor a function of a FitState."
            )
        self.state = FitState(0, 0, 0, float("nan"), "", 0, 0, 0.0)
        self._began = self._last = time.perf_counter()
        self._tell = show if callable(show) else None
        self._shows = show is True and sys.stderr is not None  # None in programs without a console
        self._bar = _line() if self._shows and is_watched() else None

    def run_done(self, failed: bool, cost: float, reused: int) -> None:
        """One more run. cost: the lowest so far"""
        old = self.state
        self._now(old._replace(runs=old.runs + 1, failed=old.failed + failed, cost=cost, reused=reused))

    def stage(self, name: str, tasks: int) -> None:
        """Another stage begins."""
        if name:
            self._now(self.state._replace(stage=name, done=0, tasks=tasks))

    def task_done(self) -> None:
        """A search, or a side of a profile, has ended."""
        self._now(self.state._replace(done=min(self.state.done + 1, self.state.tasks)), told=True)

    def close(self) -> None:
        """Leave the last line as it is."""
        if self._bar is not None:
            self._bar.set_description_str(f"fit: {self.state.text()}")
            self._bar.close()
            self._bar = None
        elif self._shows and self.state.runs:
            took = duration_text(time.perf_counter() - self._began, 2)
            self._say(f"fit: {self.state.text()}, took {took}")
        self._shows = False
        self._tell = None

    def _now(self, state: FitState, told: bool = False) -> None:
        """told: worth a line in a log"""
        now = time.perf_counter()
        self.state = state._replace(seconds=now - self._began)
        if self._tell is not None:
            self._tell(self.state)
        if self._bar is not None:
            self._bar.set_description_str(f"fit: {self.state.text()}", refresh=False)
            self._bar.update()
        elif self._shows and (told and now - self._last > 1.0 or now - self._last > EVERY):
            self._last = now
            self._say(f"fit: {self.state.text()}")

    def _say(self, line: str) -> None:
        if sys.stderr is not None:  # pythonw has none, and print would then write to stdout
            print(line, file=sys.stderr, flush=True)


def _line() -> Any:
    from tqdm.auto import tqdm

    return tqdm(bar_format="{desc}", desc="fit", mininterval=0.2)
