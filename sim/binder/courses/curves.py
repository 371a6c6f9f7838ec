"""Curves in time: polynomials between times, constant before the first and after the last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import TypeVar

import numpy as np

STRAIGHT = 1e-12  # of the steepest: slopes that differ by less are one
APART = 1e-9  # of a stretch: times that differ by less are one
SAMPLES = np.linspace(0.0, 1.0, 5)  # of a stretch of what is no straight line

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Curve:
    """times (k,): rising [s]; pieces (k, d): coefficients of x^0, x^1, ... on the stretch that begins at each
    time, x going from 0 to 1; of the last row the first counts alone."""

    times: np.ndarray
    pieces: np.ndarray

    def at(self, t: float) -> float:
        """The value at a time [s]."""
        k = int(np.searchsorted(self.times, t, side="right")) - 1
        if k < 0 or k >= self.times.size - 1:
            return float(self.pieces[max(k, 0), 0])
        x = (t - self.times[k]) / (self.times[k + 1] - self.times[k])
        return float(np.polynomial.polynomial.polyval(x, self.pieces[k]))

    def times_number(self, factor: float) -> Curve:
        """The curve of values that are so many times as large."""
        return Curve(self.times, factor * self.pieces)

    @property
    def turns(self) -> np.ndarray:
        """Times at which the slope may change at once."""
        if self.times.size == 1 or self.pieces.shape[1] != 2:
            return self.times if self.times.size > 1 else self.times[:0]
        slope = np.concatenate([[0.0], self.pieces[:-1, 1] / np.diff(self.times), [0.0]])
        change = np.abs(np.diff(slope))
        found: np.ndarray = self.times[change > STRAIGHT * np.abs(slope).max(initial=0.0)]
        return found


def straight(times: Iterable[float], values: Iterable[float]) -> Curve:
    """The curve through values (k,) at times (k,), linear between them."""
    at, y = np.array(list(times), float), np.array(list(values), float)
    return Curve(at, np.stack([y, np.append(np.diff(y), 0.0)], axis=1))


def smooth(times: np.ndarray, value: Callable[[float], float]) -> Curve:
    """The curve of a function of time that is smooth between these times, at which it may jump: of fourth
    degree there."""
    fit = np.linalg.inv(np.vander(SAMPLES, increasing=True))
    pieces = np.zeros((times.size, SAMPLES.size))
    for k in range(times.size - 1):
        at = times[k] + (times[k + 1] - times[k]) * SAMPLES
        at[-1] = np.nextafter(times[k + 1], times[k])  # what it jumps to belongs to the next stretch
        pieces[k] = fit @ [value(float(t)) for t in at]
    pieces[-1, 0] = value(float(times[-1]))
    return Curve(times, pieces)


def combined(
    curves: Sequence[Curve], value: Callable[..., float], case: Callable[..., int] | None = None
) -> Curve:
    """The curve of a function of the values of curves, exact where that is of fourth degree in time.

    case: of these values, which of several functions it is; where that changes, the slope may change at once
    """

    def of(function: Callable[..., T]) -> Callable[[float], T]:
        return lambda t: function(*(c.at(t) for c in curves))

    times = reduce(np.union1d, (c.times for c in curves))
    if case is not None:
        times = np.union1d(times, list(_changes(times, of(case))))
    return smooth(times, of(value))


def _changes(times: np.ndarray, case: Callable[[float], int]) -> Iterator[float]:
    """Where a case changes inside a stretch; the first such time of each, and no nearer to its ends than
    matters."""
    for begin, end in pairwise(times):
        low, high = (float(begin + x * (end - begin)) for x in (APART, 1.0 - APART))
        first = case(low)
        if case(high) == first:
            continue
        while high - low > APART * (end - begin):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if case(middle) == first else (low, middle)
        yield high
