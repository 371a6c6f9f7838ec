"""What of a system follows courses: curves with their places, as compiled code takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from sim.binder.courses.curves import Curve
from sim.binder.courses.following import Entries, Followers, Following, follow
from sim.binder.courses.renewal import Renewed
from sim.simd.constants import WIDTH

ARRAYS = Followers._fields
NEVER = np.zeros(0)
ROUNDING = 1e-12  # of a time: turns that are less apart are one


@dataclass(frozen=True, eq=False)
class Followed:
    """A curve, and what follows it: {array of Followers: (places in it, weights, bases)}."""

    curve: Curve
    places: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=dict)


def at_once(index: Iterable[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Entries that hold the value of a curve as it is."""
    at = np.array(list(index), np.int64)
    return at, np.ones(at.size), np.zeros(at.size)


class InTime:
    """What follows courses, in these arrays; `at(t)` has them hold what they should at a time [s].

    record: for compiled code; turns (k,): times at which a slope changes, which no step may pass over
    """

    def __init__(
        self, followed: Sequence[Followed], arrays: Followers, renewed: Renewed | None = None,
        in_lanes: int = 0,
    ):  # fmt: skip
        """in_lanes: numbers of a run, where those of runs lie lane by lane; 0 where they do not"""
        self.followed, self.arrays, self.renewed = followed, arrays, renewed
        size = in_lanes or arrays.numbers.size
        if followed:
            self.record, self.turns = _record(followed, renewed, size, bool(in_lanes)), _turns(followed)
        else:
            self.record, self.turns = _still(size), NEVER

    @property
    def inside_cells(self) -> bool:
        """Whether what happens inside cells depends on them, and not only what comes from outside."""
        return any({"numbers", "fields"} & f.places.keys() for f in self.followed)

    def at(self, t: float) -> None:
        """Have the arrays hold what they should at a time [s]."""
        if self.followed:
            follow(self.record, t, self.arrays)

    def turns_within(self, start: float, end: float) -> np.ndarray:
        """The turns between two times [s], a rounding apart from both."""
        slack = ROUNDING * max(abs(start), abs(end))
        found: np.ndarray = self.turns[(self.turns > start + slack) & (self.turns < end - slack)]
        return found


@lru_cache(maxsize=16)  # most systems follow nothing, and a sweep has thousands of them
def _still(size: int) -> Following:
    """The record where nothing follows a course."""
    return _record((), None, size, True)


def _record(followed: Sequence[Followed], renewed: Renewed | None, size: int, in_lanes: bool) -> Following:
    curves = [f.curve for f in followed]
    numbers, outside, plasma, perfusion, fields = (_places(followed, name) for name in ARRAYS)
    return Following(
        np.cumsum([0, *(c.times.size for c in curves)]),
        np.concatenate([np.zeros(0), *(c.times for c in curves)]), _rows(curves),
        np.zeros(len(curves)), np.full(1, np.nan), numbers, outside, plasma, perfusion, fields,
        np.array([] if renewed is None else [renewed.routine.address], np.int64),
        np.array(() if renewed is None else renewed.read, np.int64),
        np.array(() if renewed is None else renewed.made, np.int64),
        np.zeros(0 if in_lanes or renewed is None else size * WIDTH), size,
    )  # fmt: skip


def _turns(followed: Sequence[Followed]) -> np.ndarray:
    """Times at which a slope changes, one for those a rounding apart."""
    turns = np.unique(np.concatenate([f.curve.turns for f in followed]))
    apart = np.diff(turns, prepend=-np.inf) > ROUNDING * np.abs(turns).max(initial=0.0)
    found: np.ndarray = turns[apart]
    return found


def _rows(curves: Sequence[Curve]) -> np.ndarray:
    degree = max((c.pieces.shape[1] for c in curves), default=1)
    rows = [np.pad(c.pieces, ((0, 0), (0, degree - c.pieces.shape[1]))) for c in curves]
    return np.concatenate([np.zeros((0, degree)), *rows])


def _places(followed: Sequence[Followed], name: str) -> Entries:
    index, which = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    weight, base = [np.zeros(0)], [np.zeros(0)]
    for q, f in enumerate(followed):
        if name in f.places:
            at, by, start = f.places[name]
            index.append(at)
            which.append(np.full(at.size, q))
            weight.append(by)
            base.append(start)
    return Entries(*(np.concatenate(rows) for rows in (index, which, weight, base)))
