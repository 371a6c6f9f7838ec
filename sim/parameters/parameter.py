"""One parameter: a number with unit, range, source and confidence."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable
from copy import copy
from typing import Any

from sim.errors import ParameterError, UnitError, not_one_of, shown
from sim.parameters.in_html import parameter_html
from sim.parameters.references import source_keys
from sim.texts import quantity_text
from sim.units import convert, from_unit, parse_unit, to_unit, unit_of
from sim.units.unit_table import OFFSETS, UNITS

CONFIDENCE = ("measured", "derived", "fitted", "assumed")


@dataclasses.dataclass(frozen=True, init=False)
class Parameter:
    """A number in its customary unit, with the range its source supports.

    value: in `unit` (Parameter(7, "day") is seven days), or text ("7 day")
    low, high: bounds in `unit`, or text; None is open. `range=(low, high)` says both
    source: BibTeX keys, separated by commas; "" when there is none
    confidence: measured, derived, fitted or assumed
    Attribute `si` is the value in SI.
    """

    value: float
    unit: str
    low: float | None
    high: float | None
    source: str
    confidence: str
    note: str
    description: str
    si: float = dataclasses.field(init=False, repr=False)

    def __init__(
        self,
        value: float | str,
        unit: str | None = None,
        low: float | str | None = None,
        high: float | str | None = None,
        source: str | Iterable[str] = "",
        confidence: str = "assumed",
        note: str = "",
        description: str = "",
        *,
        range: tuple[Any, Any] | list[Any] | None = None,
    ) -> None:
        if range is not None:
            if not isinstance(range, list | tuple) or len(range) != 2:
                raise ParameterError(f"range = {shown(range)} is not a pair [low, high].")
            if low is not None or high is not None:
                raise ParameterError("the range is given twice; give range, or low and high.")
            low, high = range
        try:
            if unit is None:  # Parameter("5 mM") is in mM, Parameter(0.7) has no dimension
                unit = unit_of(value) if isinstance(value, str) else "1"
            parse_unit(unit)
            number = _in_unit(value, unit, "value")
            bottom = None if low is None else _in_unit(low, unit, "low")
            top = None if high is None else _in_unit(high, unit, "high")
            si = from_unit(number, unit)
        except UnitError as error:
            raise ParameterError(str(error)) from None
        if bottom is not None and top is not None and bottom > top:
            raise ParameterError(f"range [{bottom:g}, {top:g}] {unit} has its bounds swapped.")
        if not isinstance(confidence, str) or confidence not in CONFIDENCE:
            raise ParameterError(not_one_of("confidence", confidence, CONFIDENCE))
        if not isinstance(source, str):
            keys = [str(key) for key in source] if isinstance(source, list | tuple | set | frozenset) else []
            if not keys or keys != list(source):
                raise ParameterError(f"source = {shown(source)} is no text and no list of texts.")
            source = ", ".join(keys)
        for word, text in (("note", note), ("description", description)):
            if not isinstance(text, str):
                raise ParameterError(f"{word} = {shown(text)} is not text.")
        values = (number, unit, bottom, top, source, confidence, note, description, si)
        for field, content in zip(dataclasses.fields(self), values, strict=True):
            object.__setattr__(self, field.name, content)

    @property
    def range(self) -> tuple[float | None, float | None]:
        """(low, high) in `unit`; None is an open end."""
        return self.low, self.high

    @property
    def sources(self) -> tuple[str, ...]:
        """The BibTeX keys of `source`."""
        return source_keys(self.source)

    def at(self, si: float) -> Parameter:
        """The same parameter at another SI value, without source: nobody measured this number."""
        if si == self.si:
            return self
        value, was = to_unit(si, self.unit), f"changed from {self.value:g} {self.unit}"
        said: dict[str, Any] = {"value": value, "source": "", "confidence": "assumed", "note": was}
        if not math.isfinite(value):
            changed = dataclasses.replace(self, **said)
        else:  # all else has been checked when this was made
            changed = copy(self)
            changed.__dict__.update(said)
        object.__setattr__(changed, "si", float(si))  # exactly the number asked for
        return changed

    def described_as(self, description: str) -> Parameter:
        """The same number, with what it is in words; one that says so itself is kept."""
        if self.description or not description:
            return self
        made = copy(self)  # all else has been checked when this was made
        made.__dict__["description"] = description
        return made

    def contains_value(self) -> bool:
        """Whether the value lies in the range, bounds included (to rounding: units are converted)."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        slack = 1e-12 * abs(self.value)
        return low - slack <= self.value <= high + slack

    def refuse_below_zero(self, name: str, low: float | None) -> None:
        """Refuse a negative value of what cannot be negative; low: the lower bound of its range."""
        if self.value < 0 and low is not None and low >= 0:
            raise ParameterError(f"{name} = {self.text()} is negative; zero is the least.")

    def outside(self, name: str, plain: float | None = None) -> str:
        """A sentence on how the value leaves its range, with the likely slip; "" when inside.

        plain: the bare number the user gave, if so; it counts as SI, which is easily forgotten.
        """
        if self.contains_value():
            return ""
        unit = "" if self.unit == "1" else f" {self.unit}"
        if self.low is not None and self.value < self.low:
            bound, where = self.low, "below the lower bound"
        else:
            bound, where = (math.inf if self.high is None else self.high), "above the upper bound"
        ratio = self.value / bound if bound else math.nan
        far = not 1 / 3 < ratio < 3  # nearer is no slip of units
        if ratio > 0 and far:
            where = f"{ratio:.4g} times the {where.split(' the ')[1]}"
        sentence = f"{name} = {self.text()} is {where} {bound:g}{unit}"
        if plain is not None and plain != self.value:
            if dataclasses.replace(self, value=plain).contains_value():
                return f"{sentence}; a plain number is in SI: was '{plain:g}{unit}' meant?"
        return sentence + (self._slip() if far else ".")

    def _slip(self) -> str:
        """The end of the sentence: which unit would bring the number into the range."""
        time = parse_unit(self.unit).dimension == parse_unit("s").dimension
        sizes = (60, 3600, 86400, 24, 1000, 1e6) if time else (1000, 1e6, 60, 3600, 86400, 24)
        for size in sizes:
            for factor in (1 / size, size):
                if dataclasses.replace(self, value=self.value * factor).contains_value():
                    unit = _unit_times(self.unit, factor)
                    if unit:
                        return f"; was it given in {unit}?"
                    times = "smaller" if factor < 1 else "larger"
                    return f"; a number {size:g} times {times} would be inside."
        return "."

    def _repr_html_(self) -> str:
        return parameter_html(self)

    def range_text(self) -> str:
        """The range with its unit, "0.05 to 15 mm"; "at least 0 mM" where an end is open; "" without one."""
        if self.low is None:
            return "" if self.high is None else f"at most {quantity_text(self.high, self.unit)}"
        if self.high is None:
            return f"at least {quantity_text(self.low, self.unit)}"
        return f"{self.low:g} to {quantity_text(self.high, self.unit)}"

    def text(self) -> str:
        """Value and unit, as "0.1 J/m2" or "7 days"."""
        return quantity_text(self.value, self.unit)


def _in_unit(value: object, unit: str, name: str) -> float:
    if isinstance(value, str):
        return to_unit(convert(value, unit, name), unit)
    from_unit(value, unit, name)  # type: ignore[arg-type]  # refuses what is no finite number
    return float(value)  # type: ignore[arg-type]


def _unit_times(unit: str, factor: float) -> str:
    """`unit` with one of its names exchanged so that it is `factor` as large: J/m2, 1e-3: mJ/m2."""
    wanted = parse_unit(unit)
    for found in re.finditer(r"[A-Za-z]+", unit):
        if found.group() in OFFSETS or found.group() not in UNITS:
            continue
        for name, (_, dimension) in UNITS.items():
            if dimension != UNITS[found.group()][1] or name in (*OFFSETS, found.group()):
                continue
            other = unit[: found.start()] + name + unit[found.end() :]
            if math.isclose(parse_unit(other).factor, wanted.factor * factor, rel_tol=1e-12):
                return other
    return ""
