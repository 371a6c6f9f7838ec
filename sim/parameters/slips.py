"""Numbers that look like a slip: a plain number where another unit was meant, or far off any range."""

from __future__ import annotations

import math
from numbers import Real

from sim.parameters.clinic import taken_for
from sim.parameters.parameter import Parameter
from sim.units import convert_number, parse_unit, si_unit

FAR = 1e6  # times the upper bound of a range: no unit is off by more and still meant
SHORT = 1000.0  # [s]; days written as a plain number are below the first
LONG = 0.1  # [m]; no tissue here is larger, and millimetres written as a plain number are


def slip(name: str, value: object, unit: str, parameter: Parameter | None = None) -> str:
    """Why a value that somebody typed cannot be meant, as a sentence; "" when it can.

    value: as it was given, text with a unit or a plain number, which is in SI
    parameter: whose range is asked; without one, or without a range, times and lengths are judged alone
    """
    plain = isinstance(value, Real) and not isinstance(value, bool)
    if not plain and not isinstance(value, str):
        return ""
    number = convert_number(value, unit, name)
    if number == 0 or not math.isfinite(number):
        return ""
    if parameter is not None and parameter.range != (None, None):
        tried = parameter.at(number)
        high = parameter.high
        if high is not None and high > 0 and tried.value > FAR * high:
            return f"{tried.outside(name, number if plain else None)} Nothing as far off is taken here."
        if not plain or si_unit(unit) == "1":
            return ""
        said = tried.outside(name, number)
        otherwise = taken_for(name, [tried], None, fed=True)
        return (
            f"{said} {otherwise} Write '{tried.text()}' if that is meant.".replace("  ", " ") if said else ""
        )
    return short(name, number, unit) or _long(name, number, unit) if plain else ""


def short(name: str, number: float, unit: str = "s") -> str:
    """Why a plain number of seconds cannot be meant; "" when it can."""
    if si_unit(unit) != "s" or not 0 < number < SHORT or parse_unit(unit).factor != 1:
        return ""
    return (
        f"{name} = {number:g} is {number:g} s, for a plain number is in SI: was '{number:g} day' meant? "
        f"Write '{number:g} s' if it was not."
    )


def _long(name: str, number: float, unit: str) -> str:
    if si_unit(unit) != "m" or abs(number) <= LONG:
        return ""
    return (
        f"{name} = {number:g} is {number:g} m, for a plain number is in SI: was '{number:g} mm' meant? "
        f"Write '{number:g} m' if it was not."
    )
