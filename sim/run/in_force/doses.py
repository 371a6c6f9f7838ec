"""What is left in plasma of the courses of a drug, of which the one that began last is given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from sim.binder.courses.curves import Curve, smooth
from sim.experiment.intervention import Intervention
from sim.experiment.scenario import Scenario
from sim.experiment.timing.moments import at_end, in_order
from sim.experiment.treatments.treatment import LAST_HALF_LIFE

MOST_DOSES = 100  # that are followed one by one; of more, plasma has the mean


class _Span(NamedTuple):
    """A time over which plasma is held [s], from where it falls; a dose has no length."""

    start: float
    end: float


def courses_together(cuts: Sequence[Intervention]) -> Iterator[tuple[Intervention, ...]]:
    """What acts in the place of each intervention: all courses of a drug that washes out in that of the last
    one of them, any other by itself."""
    for k, cut in enumerate(cuts):
        if not any(_one_drug(cut, c) for c in cuts[k + 1 :]):
            yield (*(c for c in cuts[:k] if _one_drug(cut, c)), cut)


def end_within(s: Scenario, cut: Intervention) -> float | None:
    """When a course ends within the run [s], or None."""
    return None if cut.until is None or at_end(cut.until, s.duration) else cut.until


def share_in_plasma(s: Scenario, cut: Intervention) -> float | Curve:
    """What is left in plasma of the dose of a course [0-1]: all of it while it is kept up, else just after
    each dose, from where it falls by the half-life until the next; the mean where doses are many.

    It is not given while a course of the same drug is that began later. After the end of what is kept up, and
    after the last dose, it falls to a millionth; then it is none.
    """
    given = cut.given
    if given.half_life is None:
        return 1.0
    end = end_within(s, cut)
    whole, held = _stretches(s, cut), 1.0
    times = given.doses(cut.at, s.duration if end is None else end)
    if len(times) > MOST_DOSES:
        held = given.mean(1.0)
        last = [max((t for t in times if a <= t < b), default=a) if b < np.inf else b for a, b in whole]
        whole = [_Span(a, t) for (a, _), t in zip(whole, last, strict=True)]
    elif given.interval is not None:
        whole = [_Span(t, t) for t in times if any(a <= t < b for a, b in whole)]
    if not whole:
        return 0.0
    if whole[0] == (cut.at, np.inf):
        return held
    return _falling(cut.at, whole, held, given.half_life.si)


def _one_drug(cut: Intervention, other: Intervention) -> bool:
    """Whether two interventions are courses of one drug that washes out."""
    same = cut.treatment == other.treatment and cut.region == other.region
    return bool(cut.treatment) and same and cut.given.half_life is not None


def _stretches(s: Scenario, cut: Intervention) -> list[_Span]:
    """When a course is given: from its start to its end, or without one, less the time of later courses."""
    ordered = in_order(s.interventions, s.duration)
    place = max(k for k, c in enumerate(ordered) if c is cut)
    spans = [_whole(s, cut)]
    for c in ordered[place + 1 :]:
        if _one_drug(cut, c):
            other = _whole(s, c)
            parts = [(_Span(a, min(b, other.start)), _Span(max(a, other.end), b)) for a, b in spans]
            spans = [p for pair in parts for p in pair if p.start < p.end]
    return spans


def _whole(s: Scenario, cut: Intervention) -> _Span:
    end = end_within(s, cut)
    return _Span(cut.at, np.inf if end is None else end)


def _falling(begin: float, spans: Sequence[_Span], held: float, half: float) -> Curve:
    """The share that is `held` in each span, 1 at its end, and falls by the half-life [s] until the next one;
    0 before the first. begin: of the curve [s]"""
    starts, ends = (np.array(column) for column in zip(*spans, strict=True))
    gone = half * LAST_HALF_LIFE
    grid = (ends[:, None] + half * np.arange(LAST_HALF_LIFE + 1)).ravel()
    after = np.repeat(np.append(starts[1:], np.inf), LAST_HALF_LIFE + 1)

    def share(t: float) -> float:
        k = int(np.searchsorted(starts, t, side="right")) - 1
        if k < 0:
            return 0.0
        if t < ends[k]:
            return held
        return 0.0 if t >= ends[k] + gone else float(2.0 ** ((ends[k] - t) / half))

    return smooth(np.unique([begin, *starts, *grid[grid < after]]), share)
