"""Reading unit text: a small parser, and what was probably meant where a name is unknown.

No eval, no recursion beyond one level, text of at most 64 characters: hostile input fails at once.
Factors are exact fractions, so that a quantity is rounded once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from fractions import Fraction
from functools import lru_cache

from sim.errors import UnitError, shown
from sim.units.unit_table import NONE, OFFSETS, PARTS_PER, SLIPS, SPELLINGS, UNITS, Dimension, dimension_of

LONGEST = 64  # characters of text accepted as a quantity or a unit
_LARGEST_POWER = 20
_MARK = re.compile(r"\s*([A-Za-z%]+|\*\*|\^|[-+]?[0-9]+|[*/().])|\s+\Z")


class UnknownUnit(UnitError):
    """A name that is no unit. name: it"""

    def __init__(self, name: str) -> None:
        super().__init__(f"'{name}' is not a known unit.")
        self.name = name


def _marks(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        found = _MARK.match(text, at)
        if found is None:
            raise UnitError(f"the sign '{text[at:].strip()[:1]}' has no meaning in a unit.")
        at = found.end()
        if found.group(1):
            yield found.group(1)


class _Reader:
    """Product and quotient of unit names with integer powers; parentheses one level deep."""

    def __init__(self, text: str) -> None:
        self.marks = [*_marks(text), ""]
        self.at = 0
        self.names: list[str] = []

    def take(self) -> str:
        self.at += 1
        return self.marks[self.at - 1]

    def product(self, depth: int) -> tuple[Fraction, Dimension]:
        factor, dimension = self.signed_power(depth) if self.marks[self.at] != "/" else UNITS["1"]
        divided = False
        while (mark := self.marks[self.at]) not in ("", ")"):
            if mark in ("/", "*", "."):
                self.take()
            if mark != "/" and divided:
                _check_known(self.marks[self.at])
                raise UnitError("a product after '/' has two readings; write J/mol/K or J/(mol K).")
            divided = mark == "/"
            f, d = self.signed_power(depth)
            sign = -1 if divided else 1
            factor *= f**sign
            dimension = _times(dimension, d, sign)
        return factor, dimension

    def signed_power(self, depth: int) -> tuple[Fraction, Dimension]:
        mark = self.take()
        if mark == "(":
            if depth:
                raise UnitError("parentheses may be one level deep.")
            factor, dimension = self.product(depth + 1)
            if self.take() != ")":
                raise UnitError("a parenthesis is not closed.")
        elif mark in UNITS:
            factor, dimension = UNITS[mark]
            self.names.append(mark)
        elif mark[:1].isalpha():
            raise UnknownUnit(mark)
        else:
            raise UnitError(f"a unit name is missing before '{mark}'." if mark else "a unit is missing.")
        caret = self.marks[self.at] in ("^", "**")
        if caret:
            self.take()
        if not re.fullmatch(r"[-+]?[0-9]+", self.marks[self.at]):
            if caret:
                raise UnitError("a power is missing after '^'.")
            return factor, dimension
        power = int(self.take())
        if power == 0 or abs(power) > _LARGEST_POWER:
            raise UnitError(f"the power {power} is not between 1 and {_LARGEST_POWER} in size.")
        return factor**power, _times(NONE, dimension, power)


def _check_known(mark: str) -> None:
    if mark[:1].isalpha() and mark not in UNITS:
        raise UnknownUnit(mark)


def _times(a: Dimension, b: Dimension, power: int) -> Dimension:
    return dimension_of(tuple(p + power * q for p, q in zip(a, b, strict=True)))


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[Fraction, Dimension, Fraction]:
    """Exact factor, dimension and zero offset (degC and degF alone have one) of a short unit text."""
    reader = _Reader(text.translate(SPELLINGS))
    factor, dimension = reader.product(0)
    if reader.marks[reader.at] == ")":
        raise UnitError("a parenthesis is closed that was not opened.")
    shifted = [name for name in reader.names if name in OFFSETS]
    if not shifted:
        return factor, dimension, Fraction(0)
    if len(reader.marks) > 2:
        raise UnitError(f"{shifted[0]} stands alone only; in a compound unit write K.")
    return factor, dimension, OFFSETS[shifted[0]]


def read_unit(
    text: object, where: str, wanted: Dimension | None = None
) -> tuple[Fraction, Dimension, Fraction]:
    """Factor, dimension and offset of a unit text. wanted: the dimension that a suggestion should have."""
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise UnitError(f"{where}: {shown(text)} is not a unit; text such as 'mM' or 'm2/s' is needed.")
    try:
        return _read(text.strip())
    except UnknownUnit as error:
        raise UnitError(f"{where}: {error}{_meant(text.strip(), error.name, wanted)}") from None
    except UnitError as error:
        raise UnitError(f"{where}: {error}") from None


def _meant(text: str, name: str, wanted: Dimension | None) -> str:
    """The words " Did you mean 'X'?" for an unknown name: the nearest with which the text is as wanted."""
    if name in PARTS_PER:
        return " Say of what: write mg/L or mg/kg."
    fits = {d: wanted is None or _with_name(text, name, d) == wanted for _, d in UNITS.values()}
    names = [unit for unit, (_, dimension) in UNITS.items() if fits[dimension]]
    if name in SLIPS:
        return f" Did you mean '{SLIPS[name]}'?" if SLIPS[name] in names else ""
    close = [n for n in names if n.casefold() == name.casefold()]
    if not close:
        ranked = [(_likeness(name, n), n) for n in names]
        best = max(ranked, default=(0.0, ""))[0]
        close = [n for share, n in ranked if share == best >= 0.6] if len(name) > 1 else []
    close.sort(key=lambda n: n[:1] != name[:1])
    return f" Did you mean {' or '.join(repr(n) for n in close[:2])}?" if close else ""


def _likeness(given: str, name: str) -> float:
    """From 0 to 1; a slip of capitals counts little."""
    exact, folded = (
        SequenceMatcher(None, a, b).ratio() for a, b in ((given, name), (given.casefold(), name.casefold()))
    )
    return max(exact, folded - 0.05)


def _with_name(text: str, name: str, dimension: Dimension) -> Dimension | None:
    """The dimension of a unit text if `name` had that of `dimension`; None if it is wrong elsewhere too."""
    same = next(unit for unit, (_, d) in UNITS.items() if d == dimension and unit not in OFFSETS)
    try:
        return _read(re.sub(rf"(?<![A-Za-z]){re.escape(name)}(?![A-Za-z])", same, text))[1]
    except UnitError:
        return None
