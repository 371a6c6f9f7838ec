"""How names may be written: words that formulas hold, and lines that are only read."""

from __future__ import annotations

import re
import unicodedata
from keyword import iskeyword

from sim.errors import HapsimError, ModelError, shown

LONGEST = 64  # characters of a name: it heads columns and stands beside axes
_LINE = re.compile(r"[\w +():-]+")


def check_word(name: object, what: str, kind: type[HapsimError] = ModelError, formula: bool = True) -> None:
    """Refuse a name that cannot be a word: letters, digits and _, not beginning with a digit.

    what: "a species"; kind: of the error; formula: whether formulas name it, so that it must be Python's too
    """
    if not isinstance(name, str) or not name.isidentifier():
        digit = " It may not begin with a digit." if isinstance(name, str) and name[:1].isdigit() else ""
        raise kind(f"{shown(name)} cannot name {what}: use letters, digits and _.{digit}")
    _check_length(name, what, kind)
    if not formula:
        return
    if iskeyword(name):
        raise kind(f"'{name}' cannot name {what}: it is a word of Python; '{name}_' may.")
    plain = unicodedata.normalize("NFKC", name)
    if plain != name:
        raise kind(
            f"'{name}' cannot name {what}: Python reads it as '{plain}' in formulas, which looks alike "
            f"and is another name; write '{plain}'."
        )


def check_line(name: object, what: str, kind: type[HapsimError] = ModelError) -> None:
    """Refuse a name that is no line of words, as "growth: amount" is; the group before a colon is one too.

    It heads columns and is part of names as "<group>.<argument>", which dots and signs would cut.
    """
    good = isinstance(name, str) and _LINE.fullmatch(name) and name == name.strip()
    if not isinstance(name, str) or not good or not name.split(":")[0].strip():
        raise kind(
            f"{shown(name)} cannot name {what}: use letters, digits, _, blanks, +, - and brackets, and a "
            "colon between group and part, as in 'growth: amount'."
        )
    _check_length(name, what, kind)


def _check_length(name: str, what: str, kind: type[HapsimError]) -> None:
    if len(name) > LONGEST:
        raise kind(
            f"{shown(name)} cannot name {what}: it has {len(name)} characters, {LONGEST} at most. Say what "
            "it is in the description."
        )
