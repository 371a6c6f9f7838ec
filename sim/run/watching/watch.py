"""Who looks at a run while it goes on, and how often."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sim.errors import ConfigError, shown
from sim.public import public
from sim.units import convert_number

EVERY = 0.5  # s of real time between two looks
SHARE = 0.02  # of the real time of a run that looks may take
OUTPUTS = "output"


class Watch:
    """A function that is called with a `Snapshot` of a run while it goes on: sim.simulate(..., watch=...).

    every: real time between two calls [s or text], or "output": at each output time, and at no other
    share: of the run's real time that the calls may take, above 0, at most 1. A function that takes longer is
        called less often; calls at outputs are all made.
    The first call comes with the first step, the last when the run has ended: its snapshot says how.
    """

    @public
    def __init__(self, function: Callable, every: float | str = EVERY, share: float = SHARE):
        self.function, self.share = function, float(share)
        self.at_outputs = every == OUTPUTS
        self.every = 0.0 if self.at_outputs else convert_number(every, "s", "every")
        if not self.every >= 0.0:
            raise ConfigError(f"every = {shown(every)} must be a time of at least 0 s, or '{OUTPUTS}'.")
        if not 0.0 < self.share <= 1.0:
            raise ConfigError(f"share = {shown(share)} must be above 0 and at most 1, a share of real time.")

    def __repr__(self) -> str:
        often = "at outputs" if self.at_outputs else f"every {self.every:g} s, {100 * self.share:g} % at most"
        return f"Watch({getattr(self.function, '__qualname__', type(self.function).__name__)}, {often})"


def as_watch(given: Watch | Callable[[Any], object] | None) -> Watch | None:
    """What was given as `watch`, or a sentence."""
    if given is None or isinstance(given, Watch):
        return given
    if not callable(given):
        raise ConfigError(
            f"watch = {shown(given)} is neither a function of a snapshot nor a sim.Watch; "
            "plot.live() of sim.plotting makes one."
        )
    return Watch(given)
