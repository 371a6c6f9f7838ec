"""Units: SI floats to multiply with (`5 * um`, `30 * day`), and text such as "5 mM" made SI.

Everything inside the package is SI; concentrations are mol m-3, which is the same number as mM.
Factors are exact fractions and text is rounded once, so "2.5 mM" is 2.5 and "30 day" is 2592000.0.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from sim.errors import UnitError, shown
from sim.public import public
from sim.units.arrays import float_array, has_axes, holds_many, is_missing
from sim.units.substance import as_amount
from sim.units.text import LONGEST, read_unit
from sim.units.unit_table import (
    NONE,
    SPELLINGS,
    UNITS,
    Dimension,
    dimension_of,
    in_words,
    needed_in_words,
    si_text,
)

M, mM, uM, nM, pM = 1e3, 1.0, 1e-3, 1e-6, 1e-9
m, cm, mm, um, nm = 1.0, 1e-2, 1e-3, 1e-6, 1e-9
s, minute, hour, day, week, year = 1.0, 60.0, 3600.0, 86400.0, 604800.0, 31557600.0
mol, mmol, umol, nmol = 1.0, 1e-3, 1e-6, 1e-9
kg, g, mg, ug = 1.0, 1e-3, 1e-6, 1e-9
L, mL, uL = 1e-3, 1e-6, 1e-9
J, kJ, mJ = 1.0, 1e3, 1e-3
percent = 0.01

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3}(?![0-9]))?")
_TIMES_TEN = re.compile(r"\s*[x*]\s*10\s*(?:(?:\^|\*\*)\s*([+-]?[0-9]{1,3})|([+-][0-9]{1,3}))(?![0-9])")
_COMMA = re.compile(r",([0-9]+)")


class Unit(NamedTuple):
    """SI value of one such unit, and its dimension: powers of (m, kg, s, K, mol)."""

    factor: float
    dimension: Dimension


@public
def parse_unit(text: str, like: str = "") -> Unit:
    """SI factor and dimension of a unit text; a factor only, so degC counts as K.

    like: a unit of the dimension that is expected, if one is; an unknown unit is then answered with the
        nearest of that dimension.
    """
    factor, dimension, _ = read_unit(text, "unit", read_unit(like, "like")[1] if like else None)
    return Unit(float(factor), dimension)


@public
def unit_of(quantity: str, name: str = "value") -> str:
    """The unit part of a quantity text: "5 mM" gives "mM", "5" gives "1"."""
    return _split(quantity, name)[1] or "1"


@public
def si_unit(unit: str) -> str:
    """The SI unit of the same dimension in UDUNITS spelling: "uM/h" gives "mol m-3 s-1"."""
    return si_text(read_unit(unit, "unit")[1])


def _split(text: str, name: str) -> tuple[Fraction, str]:
    if not isinstance(text, str):
        raise UnitError(f"{name} = {shown(text)} is not text; write for example '5 mM'.")
    if len(text) > LONGEST:
        raise UnitError(
            f"{name} = {shown(text, 24)} is longer than {LONGEST} characters; write for example '5 mM'."
        )
    text = text.strip()
    plain = text.translate(SPELLINGS)
    found = _NUMBER.match(plain)
    if found is None:
        raise UnitError(f"{name} = '{text}' does not begin with a number; write for example '5 mM'.")
    number, rest = Fraction(found.group()), plain[found.end() :]
    comma = _COMMA.match(rest)
    if comma:
        point, digits = f"{found.group()}.{comma.group(1)}", comma.group(1)
        other = f" or '{found.group()}{digits}{rest[comma.end() :]}'" if len(digits) == 3 else ""
        raise UnitError(
            f"{name} = '{text}' has a comma in its number; write '{point}{rest[comma.end() :]}'{other}."
        )
    power = _TIMES_TEN.match(rest)  # 2.5 x 10^-3, and 2.5·10⁻³
    if power:
        number, rest = number * Fraction(10) ** int(power.group(1) or power.group(2)), rest[power.end() :]
    if re.match(r"\s*-\s*[0-9]", rest):
        raise UnitError(f"{name} = '{text}' is a range; one number is needed.")
    return number, rest.strip()


@overload
def convert(value: float | str, unit: str, name: str = ...) -> float: ...
@overload
def convert(
    value: NDArray[Any] | list[Any] | tuple[Any, ...], unit: str, name: str = ...
) -> NDArray[np.float64]: ...
def convert(value: Any, unit: str, name: str = "value") -> Any:
    """SI value of what a user gave where a quantity of the dimension of `unit` is needed.

    value: text with a unit ("5 mM"), or a number or array that is in SI already
    Raises UnitError, a sentence beginning with `name`.
    """
    if isinstance(value, str):
        return _from_text(value, unit, name)
    if holds_many(value):
        array = float_array(value, unit, name)
        lost = int(np.isnan(array).sum())
        if lost:
            raise UnitError(
                f"{name} holds {lost} missing values (NaN, None or masked) of {array.size}, which are not "
                "finite numbers; leave them out."
            )
        return array
    return _number(value, name)


def convert_number(value: object, unit: str, name: str = "value") -> float:
    """SI value of what a user gave where one quantity is meant: `convert`, but for lists and arrays.

    An array without axes counts as its number. Raises UnitError, a sentence beginning with `name`.
    """
    if isinstance(value, str):
        return _from_text(value, unit, name)
    if type(value) is np.ndarray and value.ndim == 0:
        value = value.item()
    if not holds_many(value):
        return _number(value, name)
    if not has_axes(value):
        return _number(float(float_array(value, unit, name)[()]), name)
    needed = si_unit(unit)
    what = "one number" if needed == "1" else f"one number in {needed} or one text with its unit"
    kind = "a list" if isinstance(value, list | tuple) else "an array"
    raise UnitError(f"{name} = {shown(value)} is {kind}; {what} is needed. Give one without brackets.")


def _number(value: object, name: str) -> float:
    if is_missing(value) and value is not None and not isinstance(value, float | np.floating):
        raise UnitError(
            f"{name} = {shown(value)} is missing; a number in SI or text such as '5 mM' is needed."
        )
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real | Decimal):
        raise UnitError(
            f"{name} = {shown(value)} is not a quantity; a number in SI or text such as '5 mM' is."
        )
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnitError(f"{name} = {shown(value)} is not a finite number.")
    return number


def _from_text(text: str, unit: str, name: str) -> float:
    needed = read_unit(unit, name)[1]
    number, given = _split(text, name)
    if not given:
        if needed == NONE:
            return _rounded(number, text, name)
        raise UnitError(
            f"{name} = '{text.strip()}' has no unit; {needed_in_words(needed)}. "
            f"Add the unit to the text, or give a plain number in {si_text(needed)}."
        )
    factor, dimension, offset = read_unit(given, f"{name} = '{text.strip()}'", needed)
    if dimension != needed:
        hint = _same_letters(text.strip(), given, needed) or as_amount(
            number * factor, dimension, needed, name
        )
        raise UnitError(
            f"{name} = '{text.strip()}' has the dimension of {in_words(dimension)}; "
            f"{needed_in_words(needed)}.{hint}"
        )
    return _rounded(number * factor + offset, text, name)


def _same_letters(text: str, given: str, needed: Dimension) -> str:
    """A text of the needed dimension that differs little: uM for um, mM for mm, mmol/L for mmol."""
    for unit, (_, dimension) in UNITS.items():
        if unit.casefold() == given.casefold() and dimension == needed and text.endswith(given):
            return f" Did you mean '{text[: -len(given)]}{unit}'?"
    if "/" not in given and read_unit(f"{given}/L", "unit")[1] == needed:
        return f" Did you mean '{text}/L'?"
    return ""


def _rounded(exact: Fraction, text: str, name: str) -> float:
    try:
        number = float(exact)
    except OverflowError:
        number = math.inf
    if math.isinf(number) or (number == 0.0 and exact != 0):
        raise UnitError(f"{name} = '{text.strip()}' is outside what a double holds.")
    return number


@overload
def to_unit(si_value: float, unit: str) -> float: ...
@overload
def to_unit(si_value: NDArray[Any], unit: str) -> NDArray[np.float64]: ...
def to_unit(si_value: Any, unit: str) -> Any:
    """An SI number or array expressed in `unit`: to_unit(86400.0, "day") is 1.0."""
    factor, _, offset = read_unit(unit, "unit")
    if isinstance(si_value, np.ndarray):
        shifted = si_value - float(offset) if offset else si_value.astype(np.float64)
        return shifted / float(factor) if factor >= 1 else shifted * float(1 / factor)
    if not isinstance(si_value, Real) or isinstance(si_value, bool):
        raise UnitError(f"{shown(si_value)} is not a number or an array in SI.")
    if not math.isfinite(si_value):
        return float(si_value)
    return float((_decimal(float(si_value)) - offset) / factor)


def from_unit(value: float, unit: str, name: str = "value") -> float:
    """SI value of a number in `unit`, the same as of its text: from_unit(7, "day") is 604800.0."""
    number = _number(value, name)
    factor, _, offset = read_unit(unit, "unit")
    return _rounded(_decimal(number) * factor + offset, f"{number} {unit}", name)


def _decimal(number: float) -> Fraction:
    return Fraction(repr(number))  # the shortest decimal, which is what a person meant by it


_LADDERS: dict[Dimension, tuple[str, ...]] = {
    dimension_of((0, 0, 1)): ("s", "min", "h", "day", "year"),
    dimension_of((1,)): ("nm", "um", "mm", "m"),
    dimension_of((-3, 0, 0, 0, 1)): ("nM", "uM", "mM", "M"),
}


def readable_unit(si_value: float, unit: str) -> str:
    """A unit for showing values up to `si_value`: hours or days for time, um or mm for length.

    Dimensions without a customary ladder give their SI unit.
    """
    dimension = read_unit(unit, "unit")[1]
    ladder = _LADDERS.get(dimension)
    if ladder is None:
        return si_text(dimension)
    fitting = [u for u in ladder if abs(si_value) >= 2 * float(UNITS[u][0])]
    return fitting[-1] if fitting else (ladder[0] if si_value else si_text(dimension))


def axis_label(name: str, unit: str) -> str:
    """Text for an axis, powers raised: axis_label("HAP", "mol m-3") is 'HAP [mol m$^{-3}$]'."""
    read_unit(unit, "unit")
    if unit.strip() == "1":
        return f"{name} [-]"
    raised = re.sub(r"(?<=[A-Za-z)])(?:\^|\*\*)?([-+]?[0-9]+)", r"$^{\1}$", unit.strip())
    raised = re.sub(r"\bu(?=[A-Za-z])", "µ", raised.replace("degC", "°C"))
    return f"{name} [{raised}]"
