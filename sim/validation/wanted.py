"""What an experiment showed, as a statement that a run of the model either meets or does not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError
from sim.run.measures import Measure, first_above
from sim.texts import duration_text, number_text
from sim.units import to_unit
from sim.validation.rules import Span

if TYPE_CHECKING:
    from sim.run.result import Result

OVER_TIME = {"least": np.min, "most": np.max}  # words for `at`


@dataclass(frozen=True)
class Reading:
    """A number that is read from the run of an arm.

    measure: of sim.measures; said: the same in words
    at: time [s], None at the end; over: "least" or "most" of all times instead, else ""
    reaches: a level [SI]; the number is then the time [s] at which the measure first exceeds it
    moment: the time in words, "at 9 days"
    """

    arm: str
    measure: Measure
    said: str
    at: float | None = None
    over: str = ""
    reaches: float | None = None
    moment: str = ""

    def of(self, result: Result) -> float:
        """The number [SI]; inf for a time that does not come."""
        if self.at is None and self.reaches is None and not self.over:
            return float(self.measure(result))
        if self.measure.curve is None:
            raise ConfigError(f"{self.measure.name} is one number a run; leave out at and reaches.")
        curve = self.measure.curve(result)
        values = np.asarray(curve.values, float)
        if self.reaches is not None:
            return first_above(values, result.t, self.reaches)
        if self.over:
            return float(OVER_TIME[self.over](values))
        return float(np.interp(float(self.at or 0.0), result.t, values))


@dataclass(frozen=True)
class Wanted:
    """One statement of an experiment.

    readings: what is read; span: what is accepted of the figure [SI]; unit: in which it is shown
    kind: "value", the first reading; "ratio", of the first to the second; "order", the least ratio of one
        to the one before
    wording: what is read, in words; source: keys of references; confidence: "seen", "derived", "unverified"
    fitted: whether a parameter was fitted to this number
    """

    readings: tuple[Reading, ...]
    span: Span
    unit: str
    kind: str
    wording: str
    source: tuple[str, ...]
    confidence: str
    fitted: bool = False
    note: str = ""

    def figure(self, numbers: tuple[float, ...]) -> float:
        """The figure [SI] from what was read; NaN where it cannot be told, as 0/0 or of a failed run."""
        if self.kind == "value":
            return numbers[0]
        if self.kind == "ratio":
            return _ratio(*numbers)
        steps = [_ratio(b, a) for a, b in zip(numbers[:-1], numbers[1:], strict=True)]
        return math.nan if any(map(math.isnan, steps)) else min(steps)

    def shown(self, figure: float) -> str:
        """A figure in the unit of the statement."""
        return in_unit(figure, self.unit)

    def bounds(self) -> str:
        """What is accepted, in words: "at least 5 mM", "70.1 to 109 ug/mg"."""
        low, high = self.span[:2]
        if low > -math.inf and high < math.inf:
            first = number_text(to_unit(low, self.unit)) if self.unit != "s" else in_unit(low, self.unit)
            return f"{first} to {in_unit(high, self.unit)}"
        return (
            f"at least {in_unit(low, self.unit)}"
            if low > -math.inf
            else f"at most {in_unit(high, self.unit)}"
        )


def in_unit(value: float, unit: str) -> str:
    """A number [SI] as people read it; times as durations."""
    if math.isnan(value):
        return "no number"
    if unit == "s":
        return duration_text(value)
    text = number_text(to_unit(value, unit))
    return text if unit == "1" else f"{text} {unit}"


def _ratio(above: float, below: float) -> float:
    """A ratio of two figures; inf over nothing, NaN where both are nothing or both never come."""
    if math.isinf(above) and math.isinf(below):
        return math.nan
    if below == 0:
        return math.inf if above > 0 else math.nan
    return above / below
