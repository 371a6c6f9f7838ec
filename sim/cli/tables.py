"""Plain-text tables for a terminal, and numbers with units as people write them."""

from __future__ import annotations

import math
import shutil
import sys
import textwrap
from collections.abc import Sequence


def width() -> int:
    """Columns to fill: those of the terminal, at most 100; 100 in a pipe."""
    return min(shutil.get_terminal_size().columns, 100) if sys.stdout.isatty() else 100


def table(rows: Sequence[Sequence[str]], head: Sequence[str] | None = None) -> str:
    """Rows in columns; in a terminal each line is cut to its width."""
    lines = [list(r) for r in ([head, *rows] if head else rows)]
    widths = [max(len(r[i]) for r in lines) for i in range(len(lines[0]))]
    padded = ("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in lines)
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    return "\n".join(cut(line.rstrip(), limit) for line in padded)


def cut(text: str, limit: int) -> str:
    """A line no longer than `limit`, with dots where it was cut."""
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."


def paragraph(text: str, indent: str = "") -> str:
    """Text wrapped to the width."""
    return textwrap.fill(" ".join(text.split()), width(), initial_indent=indent, subsequent_indent=indent)


def duration_text(seconds: float) -> str:
    """ "38 min", "2.5 h", "7 days", "3 years"; "never" for an onset that did not come."""
    if not math.isfinite(seconds):
        return "never"
    for size, unit in ((31557600.0, "year"), (86400.0, "day"), (3600.0, "h"), (60.0, "min")):
        if seconds >= (2 if unit == "year" else 1) * size * (1 - 1e-9):
            count = f"{seconds / size:.3g}"
            plural = "s" if unit in ("day", "year") and count != "1" else ""
            return f"{count} {unit}{plural}"
    return f"{seconds:.3g} s"


def length_text(metres: float) -> str:
    """ "5 mm", "250 um"."""
    return f"{metres * 1e3:.4g} mm" if metres >= 1e-3 else f"{metres * 1e6:.4g} um"


def number(value: float) -> str:
    """Three digits without a power of ten where people would not write one: 0.0123, 2870."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < 1e-6:
        return "< 1e-6"
    text = f"{value:.3g}"
    return f"{float(text):.0f}" if 1e3 <= abs(value) < 1e6 else text
