"""Courses: a quantity that follows values in time, linear between them, without a cut in the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import ScenarioError, UnitError, shown
from sim.experiment.values.columns import read_columns
from sim.experiment.values.given import Given, amount_text, as_given, check_unit, seconds, si_number
from sim.experiment.values.relative import Relative, relative
from sim.parameters import Parameter
from sim.public import public
from sim.texts import typed_time
from sim.units import convert_number, parse_unit, si_unit

FEWEST = 2  # points
SHOWN = 4  # points that are told one by one


@public
@dataclass(frozen=True, init=False)
class Course:
    """A quantity that follows a table: values beside times, linear between the points.

    of: what follows it: "plasma.P" (or another species, or pH, of the fluid outside and in the vessels),
        "lesion.perfusion", a field of a layer ("lesion.pH_hold"), or a parameter that rates read ("growth.k")
    times: [s, or text such as "6 hour"], rising; values: as many, text with a unit or SI numbers, the
        scenario's own value by its name, or that times a number ("plasma.P * 1.2")
    file: in place of both, the path of a CSV of two columns with units in its header:
        "time [day], plasma.P [mM]"

    Before the first point the quantity has the first value, after the last the last. The run is not cut:
    no step of a solver passes over a point at which the slope changes. The first state is that of the values
    at 0. Interventions decide while they are in force: one that changes this quantity takes the place of the
    course, which goes on where that ends.
    """

    of: str
    times: tuple[float, ...]
    values: tuple[float | str, ...]

    def __init__(
        self,
        of: str,
        times: Iterable[float | str] = (),
        values: Iterable[float | str] = (),
        file: str | Path | None = None,
    ) -> None:
        if not isinstance(of, str) or not of.strip() or not of.isprintable():
            raise ScenarioError(f"of = {shown(of)} of a course is not a name, such as 'plasma.P'.")
        object.__setattr__(self, "of", of.strip())
        at, given = _listed(times, self._said("times")), _listed(values, self._said("values"))
        if file is not None:
            if at or given:
                raise ScenarioError(f"{self._said()} has a file, and times or values too; give one of them.")
            at, given = read_columns(Path(file))
        if len(at) != len(given):
            raise ScenarioError(
                f"{self._said()} has {len(at)} times and {len(given)} values; it needs as many."
            )
        if len(at) < FEWEST:
            raise ScenarioError(
                f"{self._said()} has {len(at)} points; give two or more, or set {self.of} to one value."
            )
        object.__setattr__(self, "times", tuple(seconds(t, self._said("times")) for t in at))
        object.__setattr__(self, "values", tuple(self._value(v) for v in given))
        for a, b in zip(self.times, self.times[1:], strict=False):
            if not b > a:
                raise ScenarioError(
                    f"{self._said()}: {typed_time(b)} does not lie after {typed_time(a)}; times must rise. "
                    "For a jump take an intervention, or two times close together."
                )

    def _said(self, part: str = "") -> str:
        return f"the course of {self.of}" + (f": {part}" if part else "")

    def _value(self, given: Any) -> float | str:
        """An SI number, or the scenario's own value, as a name or times a number."""
        if isinstance(given, str) and given.strip() == self.of:
            return self.of
        told = relative(given, self._said("values"))
        if told is not None:
            return told
        try:
            return si_number(given, self._said("values"))
        except UnitError as error:
            raise UnitError(f"{error} The scenario's own value is called '{self.of}'.") from None

    def checked(self, own: Callable[[str], Parameter]) -> None:
        """Refuse values of a wrong dimension, or below zero where there is nothing. own: of names"""
        p = own(self.of)
        for value in self.values:
            check_value(value, p, f"the course of {self.of}", own)
        if p.low is not None and p.low >= 0:
            least = min(self.numbers(own))
            if least < 0:
                raise ScenarioError(f"{self._said()} goes down to {least:g}, below zero, which is the least.")

    def numbers(self, own: Callable[[str], Parameter]) -> list[float]:
        """The values [SI]. own: parameters of the scenario, by name"""
        unit = own(self.of).unit
        return [number_of(v, unit, self._said("values"), own, self.of) for v in self.values]

    def table(self) -> dict[str, Any]:
        """The table of a scenario file: texts and numbers as given."""
        values = [v if isinstance(v, str) else as_given(v) for v in self.values]
        return {"of": self.of, "times": list(self.times), "values": values}

    def in_words(self, unit: str, digits: int = 6, most: int = SHOWN) -> str:
        """ "plasma.P follows 1.2 mM at 0 s, 1.8 mM at 6 h"; most: points that are told one by one"""
        return f"{self.of} follows {', '.join(self._points(unit, digits, most))}"

    def _points(self, unit: str, digits: int, most: int) -> Iterator[str]:
        left = len(self.times) - most
        for k, (t, v) in enumerate(zip(self.times, self.values, strict=True)):
            if left > 0 and 0 < k <= left:
                if k == 1:
                    yield f"{left} more points"
                continue
            given = v if isinstance(v, str) else as_given(v)
            if not isinstance(given, str):
                given = amount_text(given, unit, digits) if unit else f"{given:.{digits}g} in SI"
            yield f"{given} at {typed_time(t, digits)}"

    def __str__(self) -> str:
        return self.in_words("")


def _listed(rows: Any, name: str) -> Sequence[Any]:
    if isinstance(rows, str) or not isinstance(rows, Iterable):
        raise ScenarioError(f"{name}: {shown(rows)} is not a list.")
    return list(rows)


def check_value(value: float | str, p: Parameter, name: str, own: Callable[[str], Parameter]) -> None:
    """Refuse a value in another dimension than a parameter has, and names that mean nothing."""
    if isinstance(value, Relative):
        other = own(value.name)
        if parse_unit(other.unit).dimension != parse_unit(p.unit).dimension:
            raise ScenarioError(
                f"{name} = '{value}': {value.name} is in {si_unit(other.unit)}; {si_unit(p.unit)} is needed."
            )
    elif isinstance(value, Given):
        check_unit(value, p.unit, name)


def number_of(
    value: float | str, unit: str, name: str, own: Callable[[str], Parameter], itself: str
) -> float:
    """A value [SI] of a quantity in this unit, which is called `itself` in the scenario."""
    if isinstance(value, Relative):
        return value.factor * own(value.name).si
    if isinstance(value, str):
        return own(itself).si
    return convert_number(as_given(value), unit, name)
