"""A value told as a name times a number: "plasma.PPi * 3". Read by a pattern, never evaluated."""

from __future__ import annotations

import math
import re

from sim.errors import ScenarioError, UnitError, shown
from sim.units import parse_unit, unit_of

LONGEST = 200  # characters of a text that is looked at
_NAME = r"(?P<name>[^\W\d]\w*(?:\.\w+)+)"
_NUMBER = r"(?P<factor>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
_READ = [re.compile(p) for p in (rf"\s*{_NAME}\s*\*\s*{_NUMBER}\s*", rf"\s*{_NUMBER}\s*\*\s*{_NAME}\s*")]
_MEANT = re.compile(r"(?<![\w.])[^\W\d]\w*(?:\.[^\W\d]\w*)+")  # a dotted name


class Relative(str):
    """The scenario's own value of a name, times a number; the text is "plasma.PPi * 3.0"."""

    name: str
    factor: float

    def __new__(cls, text: str) -> Relative:
        found = next((m for p in _READ if (m := p.fullmatch(text[:LONGEST]))), None)
        if found is None or not math.isfinite(float(found["factor"])):
            raise ScenarioError(
                f"{shown(text)} is no name times a number; write 'plasma.PPi * 3' or '0.5 * growth.k': one "
                "name, one number, and one *."
            )
        factor = float(found["factor"])
        made = super().__new__(cls, f"{found['name']} * {factor!r}")
        made.name, made.factor = found["name"], factor
        return made

    def __getnewargs__(self) -> tuple[str]:  # copies are made from the text
        return (str(self),)


def relative(value: object, name: str) -> Relative | None:
    """A value as a name times a number; None where it is something else.

    A product with a dotted name that cannot be read so is refused. name: what the value is of
    """
    if isinstance(value, Relative):
        return value
    if not isinstance(value, str) or "*" not in value or not _MEANT.search(value[:LONGEST]):
        return None
    try:
        return Relative(value)
    except ScenarioError as error:
        try:
            parse_unit(unit_of(value))  # "1 J.s*m" has a dot, and is an amount
        except UnitError:
            raise ScenarioError(f"{name}: {error}") from None
        return None
