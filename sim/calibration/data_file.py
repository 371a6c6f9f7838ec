"""Data of what a user has: CSV files with units, rows of numbers, and those of the package."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from sim.calibration.data import MISSING, Data, Datum, checked_datum, data_of_rows, is_missing
from sim.errors import ConfigError, FileFormatError, UnitError, listing, nearest, shown
from sim.experiment.values.columns import cells_of_line
from sim.units import convert_number, from_unit, parse_unit, unit_of

MAX_BYTES = 10_000_000
_NAMES = {
    "time": "time",
    "quantity": "quantity",
    "measure": "quantity",
    "value": "value",
    "standard deviation": "sd",
    "standard_deviation": "sd",
    "sd": "sd",
    "unit": "unit",
    "time unit": "time unit",
    "time_unit": "time unit",
}
_HEAD = re.compile(r"([^\[\]]+?)\s*(?:\[([^\[\]]*)\])?")


def as_data(given: Any) -> Data:
    """Data from what a user has: Data, the path of a CSV, or rows (time, quantity, value[, sd]).

    Rows hold text with units ("7 day", "mean Ca_per_dry_mass", "23.8 ug/mg"), or SI numbers.
    """
    if isinstance(given, Data):
        return given
    if isinstance(given, str | os.PathLike):
        return read(given)
    if isinstance(given, Iterable):
        rows = [(k, _datum(row, k)) for k, row in enumerate(given, 1)]
        return data_of_rows(rows, "data", "", "row")
    raise ConfigError(f"data = {shown(given)} is no data; give the path of a CSV, or rows of numbers.")


def shipped(name: str) -> Data:
    """Data that come with the package: shipped("elastin_implant_rat")."""
    folder = resources.files("sim") / "data" / "calibration"
    known = sorted(f.name[: -len(".csv")] for f in folder.iterdir() if f.name.endswith(".csv"))
    if name not in known:
        raise ConfigError(f"no data are called '{name}'; there are {listing(known)}.{nearest(name, known)}")
    return parse((folder / f"{name}.csv").read_text(encoding="utf-8"), f"{name}.csv")


def read(path: str | os.PathLike) -> Data:
    """Data of a CSV file.

    Columns: time, quantity (or measure), value, and if known: standard deviation, in any order.
    Units stand in the header, "time [day], quantity, value [ug/mg]", or in columns "unit" (of value
    and standard deviation) and "time unit". Lines that begin with # are notes. Any slip is a
    FileFormatError that names the line.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise FileFormatError(f"{path} has {size} bytes; data of up to {MAX_BYTES} are read.")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise FileFormatError(f"{path} is not UTF-8 text; save it as CSV in UTF-8.") from None
    return parse(text, path.name)


def parse(text: str, name: str) -> Data:
    """Data of the text of a CSV; `name` stands in the errors."""
    lines = text.removeprefix("\ufeff").splitlines()
    notes = "\n".join(x.lstrip("# ").rstrip() for x in lines if x.startswith("#"))
    columns: dict[str, tuple[int, str]] = {}
    points: list[tuple[int, Datum | None]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{name}, line {number}"
        cells = [c.strip() for c in cells_of_line(line, where)]
        if not columns:
            columns, width = _header(cells, where), len(cells)
            continue
        if len(cells) != width:
            raise FileFormatError(f"{where} has {len(cells)} fields; the header has {width}.")
        points.append((number, _line({k: cells[i] for k, (i, _) in columns.items()}, columns, where)))
    if not columns:
        raise FileFormatError(f"{name} is empty; a header 'time [day],quantity,value [ug/mg]' is needed.")
    if not points:
        raise FileFormatError(f"{name} has a header but no numbers.")
    try:
        return data_of_rows(points, name, notes, "line")
    except ConfigError as error:
        raise FileFormatError(str(error)) from None


def _header(cells: Sequence[str], where: str) -> dict[str, tuple[int, str]]:
    """{column: (index, unit in brackets)}."""
    for mark, called in ((";", "semicolons"), ("\t", "tabs")):
        if len(cells) == 1 and mark in cells[0]:
            raise FileFormatError(
                f"{where}: columns are separated by {called}; separate them by a comma, and write decimals "
                "with a point (1.5)."
            )
    found: dict[str, tuple[int, str]] = {}
    for i, cell in enumerate(cells):
        match = _HEAD.fullmatch(cell)
        word = match.group(1).strip().casefold() if match else cell
        if match is None or word not in _NAMES:
            hint = nearest(word, _NAMES)
            raise FileFormatError(f"{where}: there is no column {shown(cell)}; known are {_known()}.{hint}")
        column = _NAMES[word]
        if column in found:
            raise FileFormatError(f"{where}: the column '{column}' stands there twice.")
        found[column] = (i, (match.group(2) or "").strip())
    for needed in ("time", "quantity", "value"):
        if needed not in found:
            raise FileFormatError(f"{where}: the column '{needed}' is missing; known are {_known()}.")
    for column, unit in (("time", "time unit"), ("value", "unit")):
        if found[column][1] and unit in found:
            raise FileFormatError(
                f"{where}: the unit of {column} is given twice, in the header and a column."
            )
        if not found[column][1] and unit not in found:
            raise FileFormatError(
                f"{where}: {column} has no unit; write '{column} [{'day' if column == 'time' else 'mM'}]' "
                f"([1] for a plain number), or add a column '{unit}'."
            )
    return found


def _known() -> str:
    return "time, quantity, value, standard deviation, unit, time unit"


def _line(row: dict[str, str], columns: dict[str, tuple[int, str]], where: str) -> Datum | None:
    if row["value"].casefold() in MISSING:
        return None
    unit = row.get("unit") or columns["value"][1]
    time_unit = row.get("time unit") or columns["time"][1]
    sd_unit = columns["sd"][1] or unit if "sd" in columns else unit
    for text, what in ((unit, "value"), (time_unit, "time"), (sd_unit, "standard deviation")):
        if not text:
            raise FileFormatError(f"{where}: {what} has no unit.")
    try:
        if parse_unit(time_unit).dimension != parse_unit("s").dimension:
            raise FileFormatError(f"{where}: time is in '{time_unit}', which is no unit of time.")
        if parse_unit(sd_unit).dimension != parse_unit(unit).dimension:
            raise FileFormatError(
                f"{where}: the standard deviation is in '{sd_unit}', the value in '{unit}'."
            )
        time = from_unit(_number(row["time"], "time", where), time_unit)
        value = from_unit(_number(row["value"], "value", where), unit)
        sd = None
        if row.get("sd", "").casefold() not in MISSING:
            sd = _number(row["sd"], "standard deviation", where) * parse_unit(sd_unit).factor
    except UnitError as error:
        raise FileFormatError(f"{where}: {error}") from None
    try:
        return checked_datum(time, row["quantity"], value, unit, sd)
    except ConfigError as error:
        raise FileFormatError(f"{where}: {error}") from None


def _number(text: str, what: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        hint = "; units stand in the header or a column of their own" if text[:1].isdigit() else ""
        if re.fullmatch(r"[+-]?\d*,\d+([eE][+-]?\d+)?", text):
            hint = f"; write the decimal with a point, {text.replace(',', '.')}"
        raise FileFormatError(f"{where}: {what} = {shown(text)} is not a number{hint}.") from None
    if not math.isfinite(number) or "_" in text:
        raise FileFormatError(f"{where}: {what} = {shown(text)} is not a finite number.")
    return number


def _datum(row: Any, k: int) -> Datum | None:
    where = f"data, row {k}"
    if isinstance(row, Datum):
        return checked_datum(row.time, row.quantity, row.value, row.unit, row.sd)
    if isinstance(row, str) or not isinstance(row, Sequence) or len(row) not in (3, 4):
        raise ConfigError(
            f"{where} = {shown(row)} is not (time, quantity, value) or (..., standard deviation)."
        )
    time, quantity, value, sd = (*row, None)[:4]
    if is_missing(value):
        return None
    sd = None if is_missing(sd) else sd
    unit = unit_of(value) if isinstance(value, str) else "1"
    si = convert_number(value, unit, f"{where}: value")
    spread = None if sd is None else convert_number(sd, unit, f"{where}: standard deviation")
    return checked_datum(convert_number(time, "s", f"{where}: time"), quantity, si, unit, spread)
