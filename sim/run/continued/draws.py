"""Where a run is in its row of draws of nucleation, so that another can go on with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from sim.experiment.nucleation import StochasticNucleation

STREAM = "nucleation"


@dataclass(frozen=True)
class Draws:
    """Which random numbers a run takes, and how far it has drawn.

    seed, interval [s]: as asked for; span [s]: duration of the first run, which decides intervals not given
    stream: name of the random numbers
    first, last: time [s] of the last draw before the run, and of its own last one; 0 where there was none
    """

    seed: int
    interval: float | None
    span: float
    stream: str = STREAM
    first: float = 0.0
    last: float = 0.0

    @classmethod
    def from_table(cls, table: Mapping[str, Any] | None) -> Draws | None:
        """Those that a manifest tells of; None for a run without chance."""
        return cls(**{f.name: table[f.name] for f in fields(cls)}) if table else None

    def after(
        self, before: Draws | None, choice: StochasticNucleation, time: float, at_end: bool, near: float
    ) -> Draws:
        """These, of a run that goes on at a time [s] from another with the draws `before`, or none.

        choice: of this run; at_end: whether the other ended at that time; near [s]: less is no difference
        """
        if before is None:
            return replace(self, first=time, last=time)
        last = before.last
        if not at_end:
            old = StochasticNucleation(before.seed, before.interval, choice.sample)
            ends = old.ends(1.1 * time, before.span)  # beyond it, for the last is cut off
            last = max([before.first, *ends[ends <= time + near].tolist()])
        if (before.seed, before.interval) == (choice.seed, choice.interval):
            return replace(before, first=last, last=last)
        # Other random numbers, for those of these intervals may be used up.
        return replace(self, stream=f"{STREAM}, from {time!r} s", first=last, last=last)

    def stream_of(self, begins: float, near: float) -> str:
        """The name of the random numbers of an interval that begins at a time [s], or of the rest of it where
        a part was drawn by the run before: those of the interval are used up then."""
        return self.stream if abs(self.last - begins) <= near else f"{self.stream}, from {self.last!r} s on"
