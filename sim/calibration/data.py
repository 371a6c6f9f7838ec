"""Measured numbers to calibrate to: when, what, how much, how certain; read from CSV with units."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from sim.errors import ConfigError, FileFormatError, UnitError, listing, nearest, shown
from sim.texts import day_text, printable
from sim.units import convert, from_unit, parse_unit, to_unit, unit_of

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


@dataclass(frozen=True)
class Datum:
    """One measured number.

    time [s]; quantity: a measure with a curve, as "mean Ca_per_dry_mass", "peak HAP", "HAP" (a mean);
    value, sd [SI]: sd is the standard deviation of the value, None when unknown;
    unit: in which value and sd were given, and are shown
    """

    time: float
    quantity: str
    value: float
    unit: str = "1"
    sd: float | None = None

    def text(self) -> str:
        """As "mean Ca_per_dry_mass at 7 days: 23.8 ug/mg"."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        spread = "" if self.sd is None else f" +- {to_unit(self.sd, self.unit):g}"
        return f"{self.quantity} at {day_text(self.time)}: {to_unit(self.value, self.unit):g}{spread}{unit}"


@dataclass(frozen=True)
class Data:
    """Measured numbers in the order given, all with standard deviations or none.

    notes: the comment lines of the file, among them its source
    remarks: sentences on what was left out of the file, or looks odd in it
    """

    points: tuple[Datum, ...]
    name: str = "data"
    notes: str = ""
    remarks: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.points:
            raise ConfigError(f"{self.name} holds no numbers to calibrate to.")
        bare = [d for d in self.points if d.sd is None]
        if bare and len(bare) < len(self.points):
            raise ConfigError(
                f"{self.name}: {len(bare)} of {len(self.points)} numbers have no standard deviation, the "
                f"first being {bare[0].text()}. Give all or none: weights need a common measure."
            )

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[Datum]:
        return iter(self.points)

    @property
    def values(self) -> np.ndarray:
        """The numbers [SI], (n,)."""
        return np.array([d.value for d in self.points])

    @property
    def sd(self) -> np.ndarray | None:
        """Standard deviations [SI], (n,), or None."""
        if self.points[0].sd is None:
            return None
        return np.array([d.sd for d in self.points], float)

    @property
    def times(self) -> np.ndarray:
        """The distinct times [s], rising."""
        return np.unique([d.time for d in self.points])

    @property
    def quantities(self) -> tuple[str, ...]:
        """The distinct quantities, in order of appearance."""
        return tuple(dict.fromkeys(d.quantity for d in self.points))

    def __repr__(self) -> str:
        lines = [f"Data({self.name}: {len(self)} numbers)", *(f"  {d.text()}" for d in self.points[:12])]
        if len(self) > 12:
            lines.append(f"  and {len(self) - 12} more")
        return printable("\n".join(lines))


def as_data(given: Any) -> Data:
    """Data from what a user has: Data, the path of a CSV, or rows (time, quantity, value[, sd]).

    Rows hold text with units ("7 day", "mean Ca_per_dry_mass", "23.8 ug/mg"), or SI numbers.
    """
    if isinstance(given, Data):
        return given
    if isinstance(given, str | os.PathLike):
        return read(given)
    if isinstance(given, Iterable):
        return Data(tuple(_datum(row, k) for k, row in enumerate(given, 1)), "data")
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
    lines = text.splitlines()
    notes = "\n".join(x.lstrip("# ").rstrip() for x in lines if x.startswith("#"))
    columns: dict[str, tuple[int, str]] = {}
    points = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        where = f"{name}, line {number}"
        cells = [c.strip() for c in next(csv.reader(io.StringIO(line)))]
        if not columns:
            columns, width = _header(cells, where), len(cells)
            continue
        if len(cells) != width:
            raise FileFormatError(f"{where} has {len(cells)} fields; the header has {width}.")
        points.append(_line({k: cells[i] for k, (i, _) in columns.items()}, columns, where))
    if not columns:
        raise FileFormatError(f"{name} is empty; a header 'time [day],quantity,value [ug/mg]' is needed.")
    if not points:
        raise FileFormatError(f"{name} has a header but no numbers.")
    try:
        return Data(tuple(points), name, notes)
    except ConfigError as error:
        raise FileFormatError(str(error)) from None


def _header(cells: Sequence[str], where: str) -> dict[str, tuple[int, str]]:
    """{column: (index, unit in brackets)}."""
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


def _line(row: dict[str, str], columns: dict[str, tuple[int, str]], where: str) -> Datum:
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
        if row.get("sd"):
            sd = _number(row["sd"], "standard deviation", where) * parse_unit(sd_unit).factor
    except UnitError as error:
        raise FileFormatError(f"{where}: {error}") from None
    try:
        return _checked(time, row["quantity"], value, unit, sd)
    except ConfigError as error:
        raise FileFormatError(f"{where}: {error}") from None


def _number(text: str, what: str, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        hint = "; units stand in the header or a column of their own" if text[:1].isdigit() else ""
        raise FileFormatError(f"{where}: {what} = {shown(text)} is not a number{hint}.") from None
    if not math.isfinite(number) or "_" in text:
        raise FileFormatError(f"{where}: {what} = {shown(text)} is not a finite number.")
    return number


def _datum(row: Any, k: int) -> Datum:
    where = f"data, row {k}"
    if isinstance(row, Datum):
        return _checked(row.time, row.quantity, row.value, row.unit, row.sd)
    if isinstance(row, str) or not isinstance(row, Sequence) or len(row) not in (3, 4):
        raise ConfigError(
            f"{where} = {shown(row)} is not (time, quantity, value) or (..., standard deviation)."
        )
    time, quantity, value, sd = (*row, None)[:4]
    unit = unit_of(value) if isinstance(value, str) else "1"
    si = convert(value, unit, f"{where}: value")
    spread = None if sd is None else convert(sd, unit, f"{where}: standard deviation")
    return _checked(convert(time, "s", f"{where}: time"), quantity, si, unit, spread)


def _checked(time: float, quantity: str, value: float, unit: str, sd: float | None) -> Datum:
    if time < 0:
        raise ConfigError(f"time = {time:g} s is negative; a run begins at 0.")
    if not isinstance(quantity, str) or not quantity.strip():
        raise ConfigError("the quantity is empty; write for example 'mean Ca_per_dry_mass'.")
    if sd is not None and not sd > 0:
        raise ConfigError(
            f"standard deviation = {sd:g} must be positive; leave all of them out when unknown."
        )
    return Datum(time, quantity.strip(), value, unit, sd)
