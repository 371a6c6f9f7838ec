"""Numbers that were given as text: SI floats which remember the text, for showing and for checking units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from sim.errors import ParameterError, RangeWarning, ScenarioError, UnitError, shown, warn_caller
from sim.experiment.values.file_tables import dotted_values
from sim.parameters import Parameter
from sim.parameters.slips import short
from sim.units import convert_number, parse_unit, readable_unit, si_unit, to_unit, unit_of


class Given(float):
    """The SI value of a text such as "20 uM", where the unit that is needed becomes known later.

    It is a float in every respect; `text` is what was written. Given("20 uM") == 0.02.
    """

    text: str

    def __new__(cls, text: str, name: str = "value") -> Given:
        made = super().__new__(cls, convert_number(text, unit_of(text, name), name))
        made.text = text.strip()
        return made

    def __getnewargs__(self) -> tuple[str]:  # type: ignore[override]  # a copy is made from the text
        return (self.text,)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return repr(self.text)


class Seconds(float):
    """A time [s], or a dose, that was judged when it was given: copies of what holds it say nothing again."""


def seconds(value: float | str, name: str) -> Seconds:
    """A time [s or text]. Warns (RangeWarning) of a plain number that hardly anybody means in seconds."""
    number = convert_number(value, "s", name)
    if isinstance(value, Real) and not isinstance(value, bool | Seconds):
        said = short(name, number)
        if said:
            warn_caller(said, RangeWarning)
    return Seconds(number)


def si_number(value: float | str, name: str) -> float:
    """A finite SI number from a number, or from text with a unit (which the number then remembers)."""
    if isinstance(value, Given):
        return value
    return Given(value, name) if isinstance(value, str) else convert_number(value, "1", name)


def as_given(value: float) -> float | str:
    """The text a number was given as, or the number itself."""
    return value.text if isinstance(value, Given) else value


def amount_text(si_value: float, unit: str, digits: int = 6) -> str:
    """A value [SI] as one would type it: "20 uM" of 0.02 mol/m3, else in `unit`. digits: significant ones"""
    if parse_unit(unit).factor == 1:  # SI: one of the customary units, where there are some
        unit = readable_unit(2 * si_value, unit)  # which keeps one digit more before the point
    return f"{to_unit(float(si_value), unit):.{digits}g}" + ("" if si_unit(unit) == "1" else f" {unit}")


def check_unit(value: float, unit: str, name: str) -> None:
    """Refuse a number that was given as text of another dimension than `unit` has."""
    if isinstance(value, Given):
        convert_number(value.text, unit, name)


def check_names(values: object, name: str, held: str = "names and values") -> None:
    """Refuse what is no table, and names in it that are no text."""
    if not isinstance(values, Mapping):
        raise ScenarioError(f"{name} = {shown(values)} is not a table of {held}.")
    for key in values:
        if not isinstance(key, str):
            raise ScenarioError(
                f"{name}: {shown(key)} is not a name; names are text in quotes, such as 'lesion.radius'."
            )


def si_numbers(values: Mapping[str, float | str] | None, name: str) -> dict[str, float]:
    """{dotted name: SI number} of a table of quantities, which may hold tables of its own."""
    if values is not None and not isinstance(values, Mapping):
        raise UnitError(f"{name} = {shown(values)} is not a table of names and values.")
    return {
        key: si_number(value, f"{name}.{key}") for key, value in dotted_values(values or {}, name).items()
    }


def listed_rows(rows: Any, name: str) -> list[Any]:
    """The rows of a list of tables."""
    if isinstance(rows, str | Mapping) or not isinstance(rows, Iterable):
        raise ScenarioError(f"{name}: {shown(rows)} is not a list of tables.")
    return list(rows)


def si_of(name: str, value: float | str, known: Parameter) -> float:
    """The SI value of what is given for a parameter."""
    try:
        return convert_number(value, known.unit, name)
    except UnitError as error:
        raise ParameterError(str(error)) from None


def same_dimension(name: str, p: Parameter, unit: str) -> None:
    """Refuse a parameter of another dimension than `unit` has."""
    if parse_unit(p.unit).dimension != parse_unit(unit).dimension:
        raise ParameterError(f"{name} = {p.text()} is in {si_unit(p.unit)}; {si_unit(unit)} is needed.")
