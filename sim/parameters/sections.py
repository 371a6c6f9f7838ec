"""Strict reading of the tables of TOML files: each key by its kind, a sentence for whatever does not fit."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from sim.errors import ConfigError, UnitError, listing, nearest, not_one_of, shown
from sim.parameters.references import read_text
from sim.units import convert

LARGEST_WHOLE = 2**53  # whole numbers beyond are no doubles
LONGEST_TEXT = 10_000  # characters of notes


def tables_of_file(path: str | Path | Traversable, error: type[Exception] = ConfigError) -> dict[str, Any]:
    """The content of a TOML file or resource of the package."""
    try:
        return tomllib.loads(read_text(path, error))
    except (ValueError, RecursionError) as problem:
        if isinstance(problem, error):
            raise
        reason = "nested too deeply" if isinstance(problem, RecursionError) else str(problem)[:200]
        raise error(f"{path} is not valid TOML: {reason}.") from None


def table_of(value: object, where: str, error: type[Exception] = ConfigError) -> dict[str, Any]:
    """The value, which must be a table."""
    if not isinstance(value, dict):
        raise error(f"{where} = {shown(value)} is not a table.")
    return value


class Section:
    """One table of a file. Every key must be one of `keys`; each is asked for by its kind.

    error: what is raised, with a sentence, for whatever does not fit (a number's: UnitError)
    """

    def __init__(
        self, content: object, where: str, keys: Iterable[str], error: type[ConfigError] = ConfigError
    ):
        self.where, self.keys, self.error = where, tuple(keys), error
        if not isinstance(content, dict):
            raise error(f"{where} = {shown(content)} is not a table; it holds {listing(self.keys, 20)}.")
        for key in content:
            if key not in self.keys:
                hint = nearest(key, self.keys) or f" There are {listing(self.keys, 20)}."
                raise error(f"{where} has an unknown key {shown(key)}.{hint}")
        self.content = content

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def needed(self, key: str) -> Any:
        if key not in self.content:
            raise self.error(f"{self.where} lacks '{key}'.")
        return self.content[key]

    def text(self, key: str, default: str = "", most: int = 200) -> str:
        value = self.content.get(key, default)
        if not isinstance(value, str):
            raise self.error(f"{self.where}: {key} = {shown(value)} is not text; put it into quotes.")
        if len(value) > most:
            raise self.error(f"{self.where}: {key} has {len(value)} characters; {most} are the most.")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str = "") -> str:
        """One of some words; a missing key without default is refused."""
        if not default:
            self.needed(key)
        value, known = self.text(key, default), list(choices)
        if value not in known:
            raise self.error(not_one_of(f"{self.where}: {key}", value, known))
        return value

    def yes(self, key: str, default: bool = False) -> bool:
        value = self.content.get(key, default)
        if not isinstance(value, bool):
            raise self.error(f"{self.where}: {key} = {shown(value)} is neither true nor false.")
        return value

    def whole(self, key: str, default: int | None = None, least: int = 0, most: int = 10**6) -> int:
        """A whole number within bounds."""
        value = self.needed(key) if default is None else self.content.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.error(
                f"{self.where}: {key} = {shown(value)} is not a whole number from {least} to {most}."
            )
        return value

    def number(self, key: str, default: float) -> float:
        """A finite number without unit."""
        return finite_number(self.content.get(key, default), f"{self.where}: {key}")

    def si(self, key: str, unit: str) -> float:
        """A quantity [SI]: text with a unit, or a number in SI."""
        return si_quantity(self.needed(key), unit, f"{self.where}: {key}")

    def table(self, key: str) -> dict[str, Any]:
        """A table within this one, or an empty one."""
        return table_of(self.content.get(key, {}), f"{self.where}: {key}", self.error)

    def names(self, key: str, of: str) -> tuple[str, ...]:
        """A list of texts, or none; a single text is refused, for it is a list of its letters."""
        found = self.list(key, of)
        for value in found:
            if not isinstance(value, str):
                raise self.error(f"{self.where}: {key} holds {shown(value)}; it is a list of {of}.")
        return tuple(found)

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers, or none."""
        return tuple(finite_number(v, f"{self.where}: {key}") for v in self.list(key, "numbers"))

    def colour(self, key: str) -> str:
        """Six hexadecimal digits, or ""."""
        value = self.text(key)
        if value and not re.fullmatch("#[0-9A-Fa-f]{6}", value):
            raise self.error(
                f"{self.where}: {key} = {shown(value)} must be six hexadecimal digits, '#B05A1E'."
            )
        return value

    def list(self, key: str, of: str = "values") -> list[Any]:
        value = self.content.get(key, [])
        if not isinstance(value, list):
            raise self.error(
                f"{self.where}: {key} = {shown(value)} is not a list of {of}; write [...] around it."
            )
        return value


def si_quantity(value: object, unit: str, name: str) -> float:
    """SI value of a quantity of a file."""
    return float(convert(quantity(value, name), unit, name))


def quantity(value: object, name: str) -> float | str:
    """Text (a number with a unit, or a word) or a finite number, as it stands."""
    if isinstance(value, str):
        if len(value) > 64:
            raise UnitError(
                f"{name} = {shown(value, 24)} is longer than 64 characters; write for example '5 mM'."
            )
        return value
    return finite_number(value, name)


def finite_number(value: object, name: str) -> float | int:
    """A finite number of a size that a double holds; whole numbers stay whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnitError(f"{name} = {shown(value)} is not a number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise UnitError(f"{name} = {value} is not a finite number.")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise UnitError(f"{name} = {shown(value)} is too large a whole number; write it as 1e20 is written.")
    return value
