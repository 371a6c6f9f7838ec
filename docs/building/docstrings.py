"""Docstrings of the house as Sphinx reads them.

The house writes "name: what it is" under the first lines, further lines of one indented, and "Returns ..."
at the beginning of a line. Here arguments become fields, `:param name:`, and what is returned `:returns:`;
all else stays prose. What reStructuredText would read as markup is escaped; one backtick stands for code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator
from typing import Any

FIELD = re.compile(r"^(?P<names>\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*): +(?P<text>\S.*)$")
BEGINS = re.compile(r"^(Returns|Raises|Warns|Source:|Yields)\b")
BEHIND = r"(?:;| ·|(?<=\S) {{3,}}) *(?=(?:{names})(?:, (?:{names}))*: )"


def as_fields(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """The hook of autodoc: changes the lines of a docstring in place."""
    lines[:] = fielded(lines, arguments(obj) if what in ("function", "class", "method") else ())


def arguments(obj: Any) -> tuple[str, ...]:
    """Names that a function or the constructor of a class takes."""
    try:
        return tuple(n for n in inspect.signature(obj).parameters if n != "self")
    except (TypeError, ValueError):
        return ()


def fielded(lines: list[str], names: Collection[str] = ()) -> list[str]:
    """Lines of a docstring as reStructuredText: prose first, then a field for each of the arguments."""
    prose: list[str] = []
    fields: list[str] = []
    for kind, words in _blocks(lines, names):
        if kind == "code":
            prose += ["::", "", *(f"    {w}" for w in words), ""]
        elif kind == "prose":
            prose += [escaped(" ".join(words)), ""]
        elif kind == "returns":
            text = " ".join(words).removeprefix("Returns ").strip()
            fields.append(f":returns: {escaped(text)}")
        else:
            text = " ".join(words)
            for each in kind.split(", "):
                fields += _field(each.strip("*"), text, each.strip("*") in names)
    return [*prose, *fields, ""]


def _field(name: str, text: str, argument: bool) -> list[str]:
    if argument:
        return [f":param {name}: {escaped(text)}"]
    return [f":{name}: {escaped(text)}"]


def _blocks(lines: list[str], names: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    """(what it is, its lines) of each piece: "prose", "code", "returns", or the names of a field."""
    kind, words, blank, code = "prose", [], True, False
    for line in [*_split(lines, names), ""]:
        text = line.strip()
        found = None if line.startswith(" ") else FIELD.match(line)
        if found and not _is_field(found["names"], names, blank, kind):
            found = None
        if not text:
            if words and not code:
                yield kind, words
                kind, words = "prose", []
            blank = True
            continue
        if line.startswith("    ") and (code or (blank and kind == "prose" and not words)):
            if not code:
                kind, words, code = "code", [], True
            words.append(line[4:])
            blank = False
            continue
        if found or (BEGINS.match(line) and not line.startswith(" ")) or code:
            if words:
                yield kind, words
            code, words = False, []
            kind = found["names"] if found else "returns" if line.startswith("Returns ") else "prose"
            text = found["text"] if found else text
        elif kind not in ("prose", "returns") and not line.startswith(" "):
            yield kind, words  # prose goes on after a field
            kind, words = "prose", []
        words.append(text)
        blank = False
    if words:
        yield kind, words


def _is_field(given: str, names: Collection[str], blank: bool, kind: str) -> bool:
    """Of arguments, always; else where it stands as a piece of its own and not within a sentence."""
    if {n.strip("*") for n in given.split(", ")} <= set(names):
        return True
    return given.islower() and (blank or kind not in ("prose", "returns"))


def _split(lines: list[str], names: Collection[str]) -> Iterator[str]:
    """Lines on which one argument follows another, as "timeout: ...; memory: ...", are several."""
    if not names:
        yield from lines
        return
    behind = re.compile(BEHIND.format(names="|".join(map(re.escape, names))))
    for line in lines:
        if line.strip():
            indent = "" if FIELD.match(line) else line[: len(line) - len(line.lstrip())]
            first, *more = behind.split(line)
            yield first
            yield from (indent * 0 + m for m in more)
        else:
            yield line


def escaped(text: str) -> str:
    """Prose as reStructuredText: `code` is literal, and what would be markup is not."""
    pieces = re.split(r"(`[^`]+`)", text)
    return "".join(
        f"``{p[1:-1].strip()}``" + ("\\ " if k + 1 < len(pieces) and re.match(r"\w", pieces[k + 1]) else "")
        if k % 2
        else re.sub(r"([\\*|`]|(?<=\w)_(?!\w)|(?<!\w)_(?=\w))", r"\\\1", p)
        for k, p in enumerate(pieces)
    )
