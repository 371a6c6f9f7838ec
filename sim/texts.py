"""Durations, lengths, sizes and numbers as people write them; one spelling for the whole package.

Text that is read back, "2 GB" or "5 mm", is read by `sim.units`; quantities of any dimension are chosen
a unit there. Here is what is printed on its own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable

DAY, YEAR = 86400.0, 31557600.0  # [s]; sim.units lies above this file
_SLACK = 1 - 1e-9  # 59.9999999999 s from a sum of steps are a minute
# (least duration told in it [s], length [s], name)
_TIMES = ((2 * YEAR, YEAR, "year"), (DAY, DAY, "day"), (3600.0, 3600.0, "h"), (60.0, 60.0, "min"))
_WORDS = frozenset(
    {"year", "week", "day", "hour", "minute", "second"}
)  # units with a plural; symbols have none
# What stands for characters that a terminal or a file without UTF-8 cannot show
_PLAIN = str.maketrans(
    {"├": "|", "└": "`", "─": "-", "µ": "u", "μ": "u", "°": "deg ", "·": "*", "×": "x", "−": "-", "–": "-",
     "²": "2", "³": "3"}
)  # fmt: skip
_BYTES = ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"))


def count_text(count: int, thing: str, things: str = "") -> str:
    """A number of things: "1 point", "12 points". things: the plural where it is not `thing` with an s"""
    return f"{count} {thing if count == 1 else things or thing + 's'}"


def quantity_text(value: float, unit: str, digits: int = 6) -> str:
    """A number with its unit: "7 days", "1 day", "4 mM", "0.7" for the unit "1".

    Units that are words take the plural, which `sim.units` reads as well. digits: significant ones
    """
    number = f"{value:.{digits}g}"
    if unit == "1":
        return number
    return f"{number} {unit}{'s' if unit in _WORDS and number != '1' else ''}"


def duration_text(seconds: float, digits: int = 3) -> str:
    """A length of time [s] in a sentence: "38 min", "2.5 h", "7 days", "3 years".

    "never" for infinity, an onset that did not come. digits: significant ones
    """
    if not math.isfinite(seconds):
        return "never"
    for least, size, unit in _TIMES:
        if seconds >= least * _SLACK:
            return quantity_text(float(significant(seconds / size, digits)), unit)
    return f"{significant(seconds, digits)} s"


def moment_text(seconds: float) -> str:
    """A time of a run [s] beside a curve or above a map: "7 days", "1.5 h", "start" for 0."""
    return "start" if seconds == 0 else duration_text(seconds)


def typed_time(seconds: float, digits: int = 6) -> str:
    """A time [s] as one types it, and as a scenario takes it back: "27.375 days", "12 h" within the first."""
    length = abs(seconds)  # what follows a course may be told of the time before the start
    if length >= DAY * _SLACK or length == 0:
        return quantity_text(seconds / DAY, "day", digits)
    size, unit = next((s, u) for least, s, u in (*_TIMES[2:], (0.0, 1.0, "s")) if length >= least * _SLACK)
    return quantity_text(seconds / size, unit, digits)


def significant(value: float, digits: int = 3) -> str:
    """The significant digits without trailing zeros: 1230, not 1.23e+03; powers of ten from a million."""
    return f"{float(f'{value:.{digits}g}'):g}"


def length_text(metres: float, digits: int = 4) -> str:
    """A length [m]: "5 mm", "250 um". digits: significant ones"""
    if metres >= 1e-3:
        return f"{significant(metres * 1e3, digits)} mm"
    return f"{significant(metres * 1e6, digits)} um"


def size_text(size: float) -> str:
    """An amount of memory or of a file [bytes], in powers of 1000: "2.1 GB", "310 MB"."""
    for per, unit in _BYTES:
        if size >= per:
            return f"{size / per:.3g} {unit}"
    return f"{size / 1e3:.3g} kB"


def number_text(value: float, least: float = 1e-6) -> str:
    """Three digits without a power of ten where people would not write one: 0.0123, 2870.

    least: what is nearer to zero is told by it, "< 1e-6"
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < least:
        return f"< {least:g}".replace("e-0", "e-")
    return significant(value)


def printable(text: str) -> str:
    """The text as stdout can show it: one without UTF-8 (a file on Windows, a C locale) gets plain letters
    for the lines of a tree and for signs of units, and codes for what else it lacks."""
    encoding = getattr(sys.stdout, "encoding", None)
    if not encoding:
        return text
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    except LookupError:
        pass
    return text


def tree(head: str, lines: Iterable[str]) -> str:
    """A head and lines that hang on it, as `repr` shows things of several parts."""
    parts = list(lines)
    return printable("\n".join([head, *(f"├─ {p}" for p in parts[:-1]), *(f"└─ {p}" for p in parts[-1:])]))
