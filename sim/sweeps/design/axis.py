"""One axis of a design: what is varied, and over which values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.errors import ConfigError, nearest, shown
from sim.experiment.targets import WHOLE_NUMBERS
from sim.parameters.given_units import given_unit
from sim.texts import quantity_text
from sim.units import convert_number, readable_unit, si_unit, to_unit, unit_of

Value = float | int | str

SCALES = ("linear", "log")
DIGITS = 12  # of a value between bounds: the same number, and the same key, on every machine
FORMS = (
    "give (low, high) as ('0.2 mm', '5 mm'), (low, high, 'log'), or a list of levels or words, "
    "['1 mM', '2 mM']"
)


@dataclass(frozen=True)
class Axis:
    """What is varied, between bounds or over listed values.

    name: see sim.experiment.targets; low, high: bounds [SI], None when values are listed
    unit: SI unit of bounds and values; "" for words and for plain numbers, which are SI of whatever
        the name needs (Design.with_units fills it in)
    log: equal steps are equal ratios; values: listed levels [SI] or words
    given_in: the unit that bounds and values were written in, in which they are shown; "" where that is not
        one unit, or where they were plain numbers. It decides nothing else
    """

    name: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    log: bool = False
    values: tuple[Value, ...] = ()
    given_in: str = field(default="", compare=False)

    def __post_init__(self):
        if not isinstance(self.name, str) or not self.name.strip():
            raise ConfigError(f"{shown(self.name)} cannot name an axis; 'lesion.radius' could.")
        if self.values:
            return
        if self.low is None or self.high is None:
            raise ConfigError(f"{self.name} has no values to take; {FORMS}.")
        if not self.low < self.high:
            raise crossing_bounds(self.name, self._text(self.low), self._text(self.high))
        if self.log and self.low <= 0:
            raise ConfigError(
                f"{self.name}: a log axis cannot reach down to {self._text(self.low)}; give a lower bound "
                "above zero, or leave out 'log'."
            )

    @classmethod
    def of(cls, name: str, given: Any) -> Axis:
        """An axis from what a user writes.

        given: (low, high), (low, high, "log"); a list of levels or words, a range, an array; a table
            {"low": ..., "high": ..., "scale": "log"} or {"values": [...]}; an Axis. Text has units.
        """
        if isinstance(given, Axis):
            return given
        if isinstance(given, Mapping):
            return cls._from_table(name, given)
        if isinstance(given, tuple):
            return cls._between(name, given)
        if isinstance(given, list | range | np.ndarray):
            return cls.listed(name, list(given))
        raise ConfigError(f"{name} = {shown(given)} is no axis; {FORMS}.")

    @classmethod
    def listed(cls, name: str, given: Sequence[Any]) -> Axis:
        """An axis of listed levels or words, each once."""
        if not given:
            raise ConfigError(f"{name} = [] lists no values; {FORMS}.")
        values, unit = read_values(name, given)
        if len(set(values)) < len(values):
            again = next(g for k, g in enumerate(given) if values[k] in values[:k])
            raise ConfigError(f"{name} lists {shown(again)} twice; each level is needed once.")
        return cls(name, unit=unit, values=values, given_in=unit_written(given))

    @classmethod
    def _between(cls, name: str, given: tuple) -> Axis:
        *bounds, scale = given if len(given) == 3 else (*given, "linear")
        if len(bounds) != 2:
            raise ConfigError(f"{name} = {shown(given)} is no pair of bounds; {FORMS}.")
        if scale not in SCALES:
            raise ConfigError(
                f"{name}: {shown(scale)} is no scale; it is 'linear' or 'log'. To list three levels write "
                f"a list, in square brackets.{nearest(scale, SCALES)}"
            )
        if any(_is_word(b) for b in bounds):
            raise ConfigError(f"{name} = {shown(given)}: words have no bounds; list them, {bounds!r}.")
        (low, high), unit = _read_numbers(name, bounds)
        if not low < high:  # shown as the user wrote them
            raise crossing_bounds(name, bounds[0], bounds[1])
        return cls(name, float(low), float(high), unit, scale == "log", given_in=unit_written(bounds))

    @classmethod
    def _from_table(cls, name: str, table: Mapping) -> Axis:
        known = ("low", "high", "scale", "values")
        for key in table:
            if key not in known:
                raise ConfigError(f"{name}: an axis has no '{key}'.{nearest(key, known)}")
        if "values" in table:
            if len(table) > 1 or not isinstance(table["values"], list):
                raise ConfigError(f"{name}: values = {shown(table['values'])} is a list, and stands alone.")
            return cls.listed(name, table["values"])
        missing = [k for k in ("low", "high") if k not in table]
        if missing:
            raise ConfigError(f"{name} lacks {' and '.join(missing)}, or a list of values.")
        return cls._between(name, (table["low"], table["high"], table.get("scale", "linear")))

    def at(self, share: Any) -> Any:
        """The value at a share 0-1 of the axis; an array (n,) gives a list. Ends are exact.

        Listed values have equal shares of it each.
        """
        shares = np.asarray(share, float)
        if not ((shares >= 0) & (shares <= 1)).all():
            raise ConfigError(f"{self.name}: a share of an axis lies from 0 to 1, not {shown(share)}.")
        found = [self._at(float(s)) for s in np.atleast_1d(shares)]
        return found if shares.ndim else found[0]

    def share(self, value: Value) -> float:
        """Where a value of this axis lies, 0-1; a listed one in the middle of its share."""
        if self.values:
            if value not in self.values:
                known = [str(v) for v in self.values]
                raise ConfigError(f"{self.name} does not take {shown(value)}.{nearest(value, known)}")
            return (self.values.index(value) + 0.5) / len(self.values)
        (low, high), number = self.numbers, float(value)
        if self.log:
            return math.log(number / low) / math.log(high / low)
        return (number - low) / (high - low)

    @property
    def words(self) -> bool:
        """Whether its values are words."""
        return bool(self.values) and isinstance(self.values[0], str)

    @property
    def numbers(self) -> tuple[float, ...]:
        """Its bounds, or its listed levels [SI]; none where it has words."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        return tuple(v for v in self.values if not isinstance(v, str))

    def table(self) -> dict:
        """Plain data: Axis(**table) is this axis."""
        row = {"name": self.name, "low": self.low, "high": self.high, "unit": self.unit, "log": self.log}
        return row | {"values": list(self.values), "given_in": self.given_in}

    @classmethod
    def from_table(cls, table: Mapping) -> Axis:
        """The axis that `table` was made of."""
        return cls(**{**table, "values": tuple(table["values"])})

    def _at(self, share: float) -> Value:
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        low, high = self.numbers
        if share in (0.0, 1.0):
            return low if share == 0 else high
        if self.log:
            value = math.exp(math.log(low) * (1 - share) + math.log(high) * share)
        else:
            value = low + share * (high - low)
        return float(f"{value:.{DIGITS}g}")

    def _text(self, value: float) -> str:
        if not self.unit:
            return f"{value:g}"
        largest = max((abs(v) for v in self.numbers), default=0.0)
        unit = self.given_in or given_unit(self.name, self.unit) or readable_unit(largest, self.unit)
        return quantity_text(float(f"{to_unit(float(value), unit):.{DIGITS}g}"), unit)

    def __repr__(self) -> str:
        if self.values:
            texts = [v if isinstance(v, str) else self._text(v) for v in self.values]
            return f"Axis({self.name}: {', '.join(texts)})"
        scale = ", log" if self.log else ""
        return f"Axis({self.name}: {' to '.join(map(self._text, self.numbers))}{scale})"


def crossing_bounds(name: str, low: Any, high: Any) -> ConfigError:
    """The sentence on bounds that leave no room."""
    return ConfigError(
        f"{name}: the lower bound {low} is not below the upper bound {high}; swap them, or list single "
        f"values, [{low!r}]."
    )


def read_values(name: str, given: Iterable[Any]) -> tuple[tuple[Value, ...], str]:
    """SI values, or words, of what stands on an axis, and their SI unit."""
    given = [g.item() if isinstance(g, np.generic) else g for g in given]
    for k, g in enumerate(given):
        if is_missing(g) and not isinstance(g, float):
            raise ConfigError(f"{name}: value {k + 1} of the list is missing, {shown(g)}; give one.")
    words = [g for g in given if _is_word(g)]
    if words:
        if len(words) < len(given):
            other = next(g for g in given if not _is_word(g))
            raise ConfigError(
                f"{name}: {shown(words[0])} is a word and {shown(other)} a number; an axis holds one kind."
            )
        return tuple(w.strip() for w in words), ""
    return _read_numbers(name, given)


def _read_numbers(name: str, given: Iterable[Any]) -> tuple[tuple[float, ...], str]:
    """SI values of quantities, whole numbers where only those are taken, and their SI unit."""
    given = [g.item() if isinstance(g, np.generic) else g for g in given]
    if name.rpartition(".")[2] in WHOLE_NUMBERS:
        return tuple(_whole(name, g) for g in given), "1"
    unit = ""
    for g in given:
        if isinstance(g, str):
            unit = unit or si_unit(unit_of(g, name))
    # A plain number is SI already; two texts of different dimension are refused by convert.
    return tuple(convert_number(g, unit or "1", name) + 0.0 for g in given), unit


def unit_written(given: Iterable[Any]) -> str:
    """The unit that all of some quantities were written in; "" where they have several, or none."""
    found = {unit_of(g) if isinstance(g, str) and not _is_word(g) else "1" for g in given}
    unit = found.pop() if len(found) == 1 else "1"
    return "" if unit == "1" else unit


def is_missing(given: Any) -> bool:
    """Whether it stands for no value: None, NaN, pandas' NA and NaT, a masked number, an empty cell."""
    if given is None or given is np.ma.masked or type(given).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(given, str):
        return not given.strip()
    return isinstance(given, float | np.floating) and bool(np.isnan(given))


def _is_word(given: Any) -> bool:
    """Text that begins with no number."""
    return (
        isinstance(given, str)
        and not given.strip()[:1].isdigit()
        and given.strip()[:1] not in ("+", "-", ".")
    )


def _whole(name: str, given: Any) -> int:
    if isinstance(given, bool) or not isinstance(given, int | float) or not float(given).is_integer():
        raise ConfigError(f"{name} = {shown(given)} must be a whole number; list them, [1, 2, 3].")
    return int(given)
