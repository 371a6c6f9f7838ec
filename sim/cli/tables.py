"""Plain-text tables and paragraphs, as wide as the terminal."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence


def text_width() -> int:
    """Columns to fill: those of the terminal, at most 100; 100 in a pipe."""
    return min(shutil.get_terminal_size().columns, 100) if sys.stdout.isatty() else 100


def text_table(rows: Sequence[Sequence[str]], head: Sequence[str] | None = None) -> str:
    """Rows in columns; in a terminal each line is cut to its width."""
    lines = [list(r) for r in ([head, *rows] if head else rows)]
    widths = [max(len(r[i]) for r in lines) for i in range(len(lines[0]))]
    padded = ("  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)) for r in lines)
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    return "\n".join(_cut(line.rstrip(), limit) for line in padded)


def _cut(text: str, limit: int) -> str:
    """A line no longer than `limit`, with dots where it was cut."""
    return text if len(text) <= limit else text[: limit - 3].rstrip() + "..."


def text_paragraph(text: str, indent: str = "") -> str:
    """Text wrapped to the width."""
    return textwrap.fill(
        " ".join(text.split()), text_width(), initial_indent=indent, subsequent_indent=indent
    )


def name_list(rows: Sequence[tuple[str, str]]) -> str:
    """Names, and beside each what there is to say of it, wrapped to the width."""
    wide = max((len(name) for name, _ in rows), default=0)
    return "\n".join(
        textwrap.fill(
            text, text_width(), initial_indent=f"  {name:<{wide}}  ", subsequent_indent=" " * (wide + 4),
            break_long_words=False,
        )
        for name, text in rows
    )  # fmt: skip
