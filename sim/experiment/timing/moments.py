"""The times at which interventions begin or end, which cut a run into segments."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, NamedTuple, Protocol, TypeVar

from sim.errors import listing
from sim.texts import typed_time

SAME_TIME = 1e-12  # of a run's duration; times that differ by less are one


class Timed(Protocol):
    """What begins at a time [s] and ends at another, or lasts; over: when nothing of it is left, then or
    later."""

    @property
    def at(self) -> float: ...

    @property
    def until(self) -> float | None: ...

    @property
    def over(self) -> float | None: ...


class Labelled(Timed, Protocol):
    """The same, with a label."""

    @property
    def label(self) -> str: ...


C = TypeVar("C", bound=Timed)


class Moment(NamedTuple, Generic[C]):
    """A time [s] at which interventions begin, in this order, or end; and all that are then in force, those
    among them that have ended and of which something is left."""

    at: float
    begin: tuple[C, ...]
    in_force: tuple[C, ...]


def in_order(cuts: Iterable[C], duration: float) -> tuple[C, ...]:
    """Interventions by time; those a rounding apart stay in the order given."""
    given = list(cuts)
    starts = _distinct((c.at for c in given), duration)
    return tuple(sorted(given, key=lambda c: _index(starts, c.at, duration)))


def moments(cuts: Iterable[C], duration: float) -> tuple[Moment[C], ...]:
    """When something begins or ends before the end of a run, a rounding apart being one time."""
    ordered = in_order(cuts, duration)
    ends = [c.until for c in ordered if c.until is not None]
    times = [t for t in _distinct([c.at for c in ordered] + ends, duration) if not at_end(t, duration)]
    slack = SAME_TIME * duration

    def end(given: C) -> int:
        """The first of the times at which nothing of it is left."""
        over = given.over
        return len(times) if over is None else sum(t < over - slack for t in times)

    spans = [(_index(times, c.at, duration), end(c), c) for c in ordered]
    return tuple(
        Moment(
            0.0 if t <= SAME_TIME * duration else t,
            tuple(c for first, _, c in spans if first == k),
            tuple(c for first, end, c in spans if first <= k < end),
        )
        for k, t in enumerate(times)
    )  # fmt: skip


def at_end(time: float, duration: float) -> bool:
    """Whether a time is the end of a run, or later."""
    return time >= duration * (1 - SAME_TIME)


def not_reached(cuts: Iterable[Labelled], duration: float) -> list[str]:
    """A sentence on interventions that do not act since the run ends before, or none."""
    late = [f"{c.label or 'intervention'} at {typed_time(c.at)}" for c in cuts if at_end(c.at, duration)]
    if not late:
        return []
    verb = "do" if len(late) > 1 else "does"
    return [f"the run ends at {typed_time(duration)}, so {listing(late, 6)} {verb} not act."]


def _distinct(times: Iterable[float], duration: float) -> list[float]:
    """Times in order, one for those that are less than a rounding apart."""
    found: list[float] = []
    for t in sorted(times):
        if not found or t - found[-1] > SAME_TIME * duration:
            found.append(t)
    return found


def _index(times: list[float], t: float, duration: float) -> int:
    """Which of the times this one is; their number for one that is none of them."""
    slack = SAME_TIME * duration
    return next((k for k, known in enumerate(times) if 0 <= t - known <= slack), len(times))
