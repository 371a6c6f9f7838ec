"""Strict reading of the tables of a sweep file: data only, and a sentence for whatever does not fit."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sim.errors import ConfigError, FileFormatError, UnitError, listing, nearest, shown
from sim.units import convert

LARGEST_FILE = 1_000_000  # bytes
MOST_DOTS = 5_000_000  # squared, line by line: tomllib takes time quadratic in the parts of a dotted key
DEEPEST = 6  # tables within tables; a sweep file needs four
LONGEST_TEXT = 10_000  # signs of notes
LARGEST_WHOLE = 2**53  # whole numbers beyond are no doubles
_BYTES = re.compile(r"\s*([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)\s*")
_SIZES = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
_SIZES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file of at most a megabyte.

    Raises FileFormatError, a sentence, for what is no such file.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise FileFormatError(f"{path} {what}.")
    with path.open("rb") as file:  # no stat: a file may grow, or be endless
        data = file.read(LARGEST_FILE + 1)
    if len(data) > LARGEST_FILE:
        raise FileFormatError(f"{path} is larger than {LARGEST_FILE // 1000} kB; a file of settings is not.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is not UTF-8 text (byte {error.start}).") from None
    if sum(line.count(".") ** 2 for line in text.splitlines()) > MOST_DOTS:
        raise FileFormatError(f"{path} has lines with thousands of dots; break lists up into lines.")
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise FileFormatError(f"{path} is not valid TOML: {reason}.") from None
    _shallow(content, path)
    return content


def _shallow(content: dict, path: Path) -> None:
    """Refuse deep nesting; level by level, for recursion would not survive it."""
    level: list[Any] = [content]
    for _ in range(DEEPEST):
        inner = [v for x in level for v in (x.values() if isinstance(x, dict) else x)]
        level = [v for v in inner if isinstance(v, dict | list)]
        if not level:
            return
    raise FileFormatError(f"{path} has more than {DEEPEST} tables or lists within each other.")


class Section:
    """One table of a file. Every key must be one of `keys`; each is asked for by its kind."""

    def __init__(self, content: object, where: str, keys: Iterable[str]):
        self.where, self.keys = where, tuple(keys)
        if not isinstance(content, dict):
            raise ConfigError(
                f"{where} = {shown(content)} is not a table; it holds {listing(self.keys, 20)}."
            )
        for key in content:
            if key not in self.keys:
                hint = nearest(key, self.keys) or f" There are {listing(self.keys, 20)}."
                raise ConfigError(f"{where}: {shown(key)} is not a key of it.{hint}")
        self.content = content

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def needed(self, key: str) -> Any:
        if key not in self.content:
            raise ConfigError(f"{self.where} lacks '{key}'.")
        return self.content[key]

    def text(self, key: str, default: str = "", most: int = 200) -> str:
        value = self.content.get(key, default)
        if not isinstance(value, str):
            raise ConfigError(f"{self.where}: {key} = {shown(value)} is not text; put it into quotes.")
        if len(value) > most:
            raise ConfigError(f"{self.where}: {key} has {len(value)} signs; {most} are the most.")
        return value

    def choice(self, key: str, choices: Iterable[str], default: str = "") -> str:
        """One of some words; a missing key without default is refused."""
        if not default:
            self.needed(key)
        value, known = self.text(key, default), list(choices)
        if value not in known:
            hint = nearest(value, known)
            raise ConfigError(
                f"{self.where}: {key} = {shown(value)} is not one of {listing(known, 20)}.{hint}"
            )
        return value

    def yes(self, key: str, default: bool = False) -> bool:
        value = self.content.get(key, default)
        if not isinstance(value, bool):
            raise ConfigError(f"{self.where}: {key} = {shown(value)} is neither true nor false.")
        return value

    def whole(self, key: str, default: int | None = None, least: int = 0, most: int = 10**6) -> int:
        """A whole number within bounds."""
        value = self.needed(key) if default is None else self.content.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ConfigError(
                f"{self.where}: {key} = {shown(value)} is not a whole number from {least} to {most}."
            )
        return value

    def number(self, key: str, default: float) -> float:
        """A finite number without unit."""
        return finite(self.content.get(key, default), f"{self.where}: {key}")

    def si(self, key: str, unit: str) -> float:
        """A quantity [SI]: text with a unit, or a number in SI."""
        return si(self.needed(key), unit, f"{self.where}: {key}")

    def table(self, key: str) -> dict[str, Any]:
        """A table within this one, or an empty one."""
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            raise ConfigError(f"{self.where}: {key} = {shown(value)} is not a table.")
        return value

    def list(self, key: str, of: str = "values") -> list[Any]:
        value = self.content.get(key, [])
        if not isinstance(value, list):
            raise ConfigError(f"{self.where}: {key} = {shown(value)} is not a list of {of}.")
        return value


def si(value: object, unit: str, name: str) -> float:
    """SI value of a quantity of a file."""
    return float(convert(quantity(value, name), unit, name))


def quantity(value: object, name: str) -> float | str:
    """Text (a number with a unit, or a word) or a finite number, as it stands."""
    if isinstance(value, str):
        if len(value) > 64:
            raise UnitError(f"{name} = {shown(value, 24)} is longer than 64 signs; write for example '5 mM'.")
        return value
    return finite(value, name)


def finite(value: object, name: str) -> float | int:
    """A finite number of a size that a double holds; whole numbers stay whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnitError(f"{name} = {shown(value)} is not a number.")
    if isinstance(value, float) and not math.isfinite(value):
        raise UnitError(f"{name} = {value} is not a finite number.")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise UnitError(f"{name} = {shown(value)} is too large a whole number; write it as 1e20 is written.")
    return value


def size(value: object, name: str) -> float:
    """Bytes: a number, or text such as "2 GB"."""
    if isinstance(value, str):
        found = _BYTES.fullmatch(value)
        if found is None:
            raise UnitError(
                f"{name} = {shown(value)} is not an amount of memory, such as '2 GB' or '500 MB'."
            )
        value = float(found.group(1)) * _SIZES[found.group(2)]
    number = finite(value, name)
    if not number > 0:
        raise UnitError(f"{name} = {number:g} must be above 0 bytes.")
    return float(number)


def flat(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """{dotted name: value} of nested tables: lesion.radius = "2 mm" is written with quotes or without."""
    return _dotted(content, where, lambda value: isinstance(value, dict))


def leaves(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """{dotted name: innermost table}: [axes.lesion.radius] and [axes."lesion.radius"] are the same."""

    def has_tables_only(value: Any) -> bool:
        return isinstance(value, dict) and bool(value) and all(isinstance(v, dict) for v in value.values())

    return _dotted(content, where, has_tables_only)


def _dotted(content: Mapping[str, Any], where: str, is_inner: Callable[[Any], bool]) -> dict[str, Any]:
    """{dotted name: value}, in order, going into every value that `is_inner`."""
    found: dict[str, Any] = {}
    todo: list[tuple[str, Any]] = [(str(k), v) for k, v in reversed(list(content.items()))]
    while todo:
        name, value = todo.pop()
        if is_inner(value):
            todo += [(f"{name}.{k}", v) for k, v in reversed(list(value.items()))]
        elif name in found:
            raise ConfigError(f"{where} gives {shown(name)} twice, with quotes around the name and without.")
        else:
            found[name] = value
    return found
