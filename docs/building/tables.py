"""Text of Markdown pages: tables, places to link to, words in code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    """A name as code, "" where there is none."""
    return f"`{text}`" if text else ""


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; line breaks and bars in cells do no harm."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(str(c)) for c in line) + " |" for line in lines)


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """A list of what is known, a line each; what is empty is left out."""
    return "\n".join(f"* **{what}**: {' '.join(text.split())}" for what, text in rows if text)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def place(name: str) -> str:
    """Where a row can be linked to: a target of HTML, for `#name`."""
    return f'<span id="{slug(name)}"></span>'


def slug(name: str) -> str:
    """The part of an address that names a row, a section or a source."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-")


def number(value: float | None, digits: int = 6) -> str:
    """A number as tables show it; "" where there is none."""
    return "" if value is None else f"{value:.{digits}g}"


def between(low: float | None, high: float | None) -> str:
    """A range, open where a bound is not given."""
    if low is None and high is None:
        return ""
    if low is None:
        return f"at most {number(high)}"
    return f"at least {number(low)}" if high is None else f"{number(low)} to {number(high)}"


def unit(text: str) -> str:
    """A unit as tables show it: nothing for a plain number."""
    return "" if text == "1" else text


def whole(text: str) -> str:
    """Text that no line break splits, where it is short."""
    return f'<span class="whole">{text}</span>' if text and len(text) < 28 else text


def plain(text: str) -> str:
    """Prose of data, safe inside Markdown: what would be markup is escaped, the rest stays."""
    return re.sub(r"(?<!\\)([*_<>\[\]$])", r"\\\1", text)
