"""Docstrings of the house as Sphinx reads them.

The house writes "name: what it is" under the first lines, further lines of one indented, and "Returns ..."
at the beginning of a line. Here arguments become fields, `:param name:`, and what is returned `:returns:`;
all else stays prose. What reStructuredText would read as markup is escaped; one backtick stands for code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

FIELD = re.compile(r"^(?P<names>\*{0,2}[A-Za-z_]\w*(?:, \*{0,2}[A-Za-z_]\w*)*): +(?P<text>\S.*)$")
SENTENCE = re.compile(r"^(Returns|Raises|Warns|Yields|Source)\b")
# What stands between two arguments of one line: "a: ...; b: ...", "a: ... · b: ...", "a: ...   b: ..."
BETWEEN = r"(?:[;.,]| ·|(?<=\S) {{2,}}) *(?=(?:{names})(?:, (?:{names}))*: )"
PROSE, CODE, RETURNS = "prose", "code", "returns"


class Piece(NamedTuple):
    """Lines that belong together. kind: PROSE, CODE, RETURNS, or the names of a field"""

    kind: str
    lines: list[str]

    @property
    def text(self) -> str:
        """Its lines as one."""
        return " ".join(line.strip() for line in self.lines)


def as_fields(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """The hook of autodoc: changes the lines of a docstring in place."""
    lines[:] = fielded(lines, arguments(obj), what != "module")


def arguments(obj: Any) -> tuple[str, ...]:
    """Names that a function or the constructor of a class takes; none of what is not called."""
    try:
        return tuple(n for n in inspect.signature(obj).parameters if n != "self")
    except (TypeError, ValueError):
        return ()


def fielded(lines: Sequence[str], names: Collection[str] = (), attributes: bool = True) -> list[str]:
    """Lines of a docstring as reStructuredText: prose first, then a field for each of the arguments.

    attributes: whether "name: text" of what is no argument, in a place of its own, is a field too
    """
    prose: list[str] = []
    fields: list[str] = []
    for piece in pieces(lines, names, attributes):
        if piece.kind == CODE:
            prose += ["::", "", *(f"    {line[4:]}" for line in piece.lines), ""]
        elif piece.kind == PROSE:
            prose += [escaped(piece.text), ""]
        elif piece.kind == RETURNS:
            fields.append(f":returns: {escaped(piece.text.removeprefix('Returns '))}")
        else:
            for each in (n.strip("*") for n in piece.kind.split(", ")):
                what = f"param {each}" if each in names else each
                fields.append(f":{what}: {escaped(piece.text)}")
    return [*prose, *fields, ""]


def pieces(lines: Sequence[str], names: Collection[str], attributes: bool) -> list[Piece]:
    """What a docstring is made of, in its order."""
    found = [Piece(PROSE, [])]
    blank = False
    for at, line in enumerate(_split(lines, names)):
        if not line.strip():
            blank = True
            continue
        last, indented = found[-1], line.startswith("    ")
        field = None if indented else FIELD.match(line)
        alone = attributes and at > 0 and (blank or last.kind != PROSE)
        if field and not _is_field(field["names"], names, alone):
            field = None
        if indented and (blank or last.kind == CODE):
            if last.kind != CODE:
                found.append(Piece(CODE, []))
            found[-1].lines.append(line)
        elif field:
            found.append(Piece(field["names"], [field["text"]]))
        elif SENTENCE.match(line):
            found.append(Piece(RETURNS if line.startswith("Returns ") else PROSE, [line]))
        elif blank or last.kind == CODE or (last.kind not in (PROSE, RETURNS) and _begins(line)):
            found.append(Piece(PROSE, [line]))
        else:
            last.lines.append(line)
        blank = False
    return [piece for piece in found if piece.lines]


def _begins(line: str) -> bool:
    """Whether a line under a field is prose again, and not more of the field."""
    return not line.startswith(" ") and not line[0].islower()


def _is_field(given: str, names: Collection[str], alone: bool) -> bool:
    """Of arguments, always; of attributes where it does not stand within a sentence."""
    return {n.strip("*") for n in given.split(", ")} <= set(names) or (alone and given.islower())


def _split(lines: Sequence[str], names: Collection[str]) -> Iterator[str]:
    """Where one argument follows another in a line, each has a line of its own."""
    if not names:
        yield from lines
        return
    between = re.compile(BETWEEN.format(names="|".join(map(re.escape, names))))
    for line in lines:
        listed: list[str] = []
        for part in between.split(line):
            if {n.strip() for n in part.split(",")} <= set(names):  # "a, b: what both are" is not to be cut
                listed.append(part.strip())
            else:
                yield ", ".join([*listed, part])
                listed = []


def escaped(text: str) -> str:
    """Prose as reStructuredText: `code` is literal, and what would be markup is not."""
    return "".join(
        _literal(piece, after) if piece.startswith("`") else MARKUP.sub(r"\\\1", piece)
        for piece, after in pairwise([*re.split(r"(`[^`]+`)", text), ""])
    )


MARKUP = re.compile(r"([\\*|`]|(?<=\w)_(?!\w)|(?<!\w)_(?=\w))")


def _literal(piece: str, after: str) -> str:
    """Code; an empty pair of marks parts it from a letter that follows."""
    return f"``{piece[1:-1].strip()}``" + ("\\ " if re.match(r"\w", after) else "")
