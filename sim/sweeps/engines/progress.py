"""How far a sweep is: a bar in a terminal or notebook, a line every tenth elsewhere (a batch job's log)."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from sim.sweeps.store.row import FINISHED, Row
from sim.texts import duration_text

ProgressFunction = Callable[[int, int], None]


class Progress:
    """Counts the rows of this run. wanted: points that are missing; before: those stored already."""

    def __init__(self, show: bool | ProgressFunction, wanted: int, before: int):
        self.wanted, self.before, self.done = wanted, before, 0
        self.counts: Counter[str] = Counter()
        self.began = time.perf_counter()
        self._tell = show if callable(show) else None
        self._bar = _bar(wanted + before, before) if show is True and is_watched() else None
        self._lines = show is True and self._bar is None
        self._tenth = 0

    def add(self, rows: Sequence[Row]) -> None:
        """Some points are done, and their rows are in the store."""
        self.done += len(rows)
        self.counts.update(row["status"] for row in rows)
        if self._tell is not None:
            self._tell(self.before + self.done, self.before + self.wanted)
        if self._bar is not None:
            self._bar.set_postfix_str(self._bad(), refresh=False)
            self._bar.update(len(rows))
        tenth = 10 * self.done // max(1, self.wanted)
        if self._lines and sys.stderr is not None and tenth > self._tenth:
            self._tenth = tenth
            print(self.line(), file=sys.stderr, flush=True)

    def line(self) -> str:
        """ "sweep: 40 of 400 points (10 %), 12.1 points/s, 30 s left, 2 failed"."""
        took = time.perf_counter() - self.began
        rate = self.done / took if took > 0 else 0.0
        whole, done = self.before + self.wanted, self.before + self.done
        left = duration_text((self.wanted - self.done) / rate, 2) if rate > 0 else "some time"
        text = f"sweep: {done} of {whole} points ({100 * done // max(1, whole)} %), {rate:.3g} points/s"
        text += f", {left} left" if self.done < self.wanted else f", took {duration_text(took, 2)}"
        return ", ".join(filter(None, [text, self._bad()]))

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

    def _bad(self) -> str:
        return ", ".join(f"{n} {status}" for status, n in self.counts.items() if status != FINISHED)


def is_watched() -> bool:
    """Whether the output is shown as it comes: in a terminal, or by a notebook's kernel."""
    if sys.stderr is None:  # as pythonw has it
        return False
    if sys.stderr.isatty():
        return True
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return getattr(shell, "kernel", None) is not None


def _bar(total: int, before: int):
    from tqdm.auto import tqdm

    return tqdm(total=total, initial=before, desc="sweep", unit=" points", mininterval=0.2, smoothing=0.05)
