"""Strict reading of TOML files and their tables: data only, and a sentence for whatever does not fit."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sim.errors import (
    ConfigError,
    FileFormatError,
    ParameterError,
    UnitError,
    listing,
    nearest,
    shown,
)
from sim.parameters import Parameter
from sim.parameters.sections import finite_number, quantity

LARGEST_FILE = 1_000_000  # bytes
MOST_DOTS = 5_000_000  # squared, line by line: tomllib takes time quadratic in the parts of a dotted key
DEEPEST = 6  # tables within tables; a sweep file needs four
HDF5 = b"\x89HDF"  # how NetCDF-4 begins
OF_PARAMETER = ("value", "unit", "range", "source", "confidence", "note", "description", "si")


def read_toml(path: Path, largest: int = LARGEST_FILE, deepest: int = DEEPEST) -> dict[str, Any]:
    """The content of a TOML file of at most `largest` bytes, with at most `deepest` tables within another.

    Raises FileFormatError, a sentence, for what is no such file.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise FileFormatError(f"{path} {what}.")
    with path.open("rb") as file:  # no stat: a file may grow, or be endless
        data = file.read(largest + 1)
    if len(data) > largest:
        raise FileFormatError(f"{path} is larger than {largest // 1000} kB; a file of settings is not.")
    if data.startswith(HDF5):
        raise FileFormatError(f"{path} is a NetCDF file, as results are; a TOML file of settings is needed.")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:64]:
        raise FileFormatError(
            f"{path} is not UTF-8 text: it looks like UTF-16 ('Unicode' in some editors). Save it as UTF-8."
        )
    try:
        text = data.decode("utf-8-sig")  # some editors begin a file with a byte order mark
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    if sum(line.count(".") ** 2 for line in text.splitlines()) > MOST_DOTS:
        raise FileFormatError(f"{path} has lines with thousands of dots; break lists up into lines.")
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise FileFormatError(f"{path} is not valid TOML: {reason}.") from None
    _shallow(content, path, deepest)
    return content


def _shallow(content: dict, path: Path, deepest: int) -> None:
    """Refuse deep nesting; level by level, for recursion would not survive it."""
    level: list[Any] = [content]
    for _ in range(deepest):
        inner = [v for x in level for v in (x.values() if isinstance(x, dict) else x)]
        level = [v for v in inner if isinstance(v, dict | list)]
        if not level:
            return
    raise FileFormatError(f"{path} has more than {deepest} tables or lists within each other.")


def dotted_values(content: Mapping[str, Any], where: str) -> dict[str, Any]:
    """{dotted name: value} of nested tables: lesion.radius = "2 mm" is written with quotes or without."""
    return _dotted(content, where, lambda value: isinstance(value, dict))


def dotted_tables(content: Mapping[str, Any], where: str) -> dict[str, Any]:
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


def parameters_in(content: object, where: str) -> dict[str, Any]:
    """{dotted name: number, text or table of a Parameter} of nested tables."""
    if not isinstance(content, Mapping):
        raise ConfigError(f"{where} = {shown(content)} is not a table of names and values.")

    def holds_names(value: Any) -> bool:
        return isinstance(value, dict) and not any(
            key in OF_PARAMETER and not isinstance(inner, dict) for key, inner in value.items()
        )

    found = _dotted(content, where, holds_names)
    return {
        name: value if isinstance(value, dict) else quantity(value, f"{where}: {shown(name)}")
        for name, value in found.items()
    }


def parameter_from(name: str, table: Mapping[str, Any]) -> Parameter:
    """A Parameter from its table: value and unit, or text; range, source, confidence, note if known.

    An end of the range may be inf. si: the number of the calculation, where `value` rounds it.
    """
    for key in table:
        if key not in OF_PARAMETER:
            raise ParameterError(
                f"{name} has an unknown key {shown(key)}; it may have {listing(OF_PARAMETER)}."
                f"{nearest(key, OF_PARAMETER)}"
            )
    if "value" not in table:
        raise ParameterError(f"{name} lacks its value.")
    for key in ("unit", "confidence", "note", "description"):
        if not isinstance(table.get(key, ""), str):
            raise ParameterError(f"{name}: {key} = {shown(table[key])} is not text.")
    given = {key: value for key, value in table.items() if key not in ("si", "range")}
    source = given.get("source", "")
    if not isinstance(source, str) and not (
        isinstance(source, list) and all(isinstance(k, str) for k in source)
    ):
        raise ParameterError(f"{name}: source = {shown(source)} is neither text nor a list of it.")
    try:
        made = Parameter(**given, range=_ends(table.get("range", (None, None))))
        return made if "si" not in table else _exact(made, finite_number(table["si"], "si"))
    except (ParameterError, UnitError) as error:
        raise ParameterError(f"{name}: {error}") from None


def _ends(given: Any) -> Any:
    """A range whose infinite ends are open."""
    if not isinstance(given, list | tuple):
        return given  # a sentence of Parameter's tells
    return [None if isinstance(v, float) and math.isinf(v) else v for v in given]


def _exact(p: Parameter, si: float) -> Parameter:
    if not math.isclose(p.si, si, rel_tol=1e-9):
        raise ParameterError(f"si = {si:g} is not its value, {p.text()}, which is {p.si:g} in SI.")
    object.__setattr__(p, "si", float(si))
    return p
