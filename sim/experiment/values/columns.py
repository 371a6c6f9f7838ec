"""A CSV of two columns with their units in the header: times, and what is at them."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from sim.errors import FileFormatError, UnitError, shown
from sim.units import convert_number, parse_unit

LARGEST = 10_000_000  # bytes
_HEAD = re.compile(r"\s*([^\[\]]*?)\s*\[([^\[\]]+)\]\s*")
TIME = "time"


def read_columns(path: Path) -> tuple[list[float], list[str]]:
    """Times [s] and values, text with the unit of their column, of a file such as

        time [day], plasma.P [mM]
        0, 1.2
        0.5, 1.7

    Lines that begin with # are notes. Any slip is a FileFormatError that names the line.
    """
    if not path.is_file():
        what = "is not a file" if path.exists() else "does not exist"
        raise FileFormatError(f"{path} {what}; a CSV of times and values is needed.")
    with path.open("rb") as file:  # a file may grow, or be endless
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise FileFormatError(f"{path} is larger than {LARGEST // 1_000_000} MB; a course is not.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    rows = [
        (k, cells_of_line(line, f"{path}, line {k}"))
        for k, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not rows:
        raise FileFormatError(f"{path} is empty; it needs a header, 'time [day], plasma.P [mM]'.")
    of_time, of_value = _header(path, *rows[0])
    times, values = [], []
    for k, cells in rows[1:]:
        if len(cells) != 2:
            raise FileFormatError(f"{path}, line {k}: two numbers are needed, a time and a value.")
        for cell in cells:
            _number(path, k, cell)
        times.append(convert_number(f"{cells[0].strip()} {of_time}", "s", "time"))
        values.append(cells[1].strip() + ("" if of_value == "1" else f" {of_value}"))
    return times, values


def cells_of_line(line: str, where: str) -> list[str]:
    """The cells of a line of a CSV, which has no line ends in its cells. Raises FileFormatError."""
    try:
        return next(csv.reader([line]))
    except csv.Error as error:  # of a cell that is enormous
        raise FileFormatError(f"{where}: this is no line of a CSV ({error}).") from None


def _header(path: Path, line: int, cells: list[str]) -> tuple[str, str]:
    """The units of both columns."""
    found = [_HEAD.fullmatch(cell) for cell in cells]
    if len(found) != 2 or None in found or found[0][1].casefold() != TIME:  # type: ignore[index]
        raise FileFormatError(
            f"{path}, line {line}: {shown(', '.join(cells))} is no header of two columns with units, such as "
            "'time [day], plasma.P [mM]' ([1] where there is none); commas separate columns."
        )
    units = found[0][2].strip(), found[1][2].strip()  # type: ignore[index]
    try:
        if parse_unit(units[0]).dimension != parse_unit("s").dimension:
            raise FileFormatError(f"{path}, line {line}: time is in '{units[0]}', which is no unit of time.")
        parse_unit(units[1])
    except UnitError as error:
        raise FileFormatError(f"{path}, line {line}: {error}") from None
    return units


def _number(path: Path, line: int, cell: str) -> None:
    try:
        convert_number(cell.strip(), "1")
    except UnitError:
        raise FileFormatError(
            f"{path}, line {line}: {shown(cell.strip())} is not a number; units stand in the header."
        ) from None
