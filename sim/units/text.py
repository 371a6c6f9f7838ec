"""Reading unit text: the table of known units, their dimensions in words, and a small parser.

No eval, no recursion beyond one level, text of at most 64 characters: hostile input fails at once.
Factors are exact fractions, so that a quantity is rounded once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from sim.errors import UnitError, nearest, shown

Dimension = tuple[int, int, int, int, int]
"""Powers of m, kg, s, K, mol."""

LONGEST = 64  # characters of text accepted as a quantity or a unit
_LARGEST_POWER = 20
_KELVIN = Fraction("273.15")  # 0 degC


def _table() -> dict[str, tuple[Fraction, Dimension]]:
    """Every unit name with its exact factor; written out once here, never extended at run time."""
    prefix = {"": "1", "k": "1e3", "M": "1e6", "d": "1e-1", "c": "1e-2", "m": "1e-3", "u": "1e-6"}
    prefix |= {"n": "1e-9", "p": "1e-12", "f": "1e-15"}
    none, length, mass, time = (0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0)
    volume, amount, conc = (3, 0, 0, 0, 0), (0, 0, 0, 0, 1), (-3, 0, 0, 0, 1)
    energy, activity = (2, 1, -2, 0, 0), (0, 0, -1, 0, 1)
    enzyme = Fraction(1, 60_000_000)  # 1 U turns over 1 umol per minute
    families: list[tuple[str, str, Fraction, Dimension]] = [
        ("m", " k d c m u n p", Fraction(1), length),
        ("g", " k m u n p", Fraction(1, 1000), mass),
        ("s", " m u n", Fraction(1), time),
        ("mol", " k m u n p f", Fraction(1), amount),
        ("eq Eq Osm", " m u", Fraction(1), amount),
        ("M", " m u n p f", Fraction(1000), conc),
        ("L l", " d m u n p", Fraction(1, 1000), volume),
        ("J", " k M m u n", Fraction(1), energy),
        ("cal", " k", Fraction("4.184"), energy),
        ("N", " k m u n", Fraction(1), (1, 1, -2, 0, 0)),
        ("Pa", " k M m", Fraction(1), (-1, 1, -2, 0, 0)),
        ("U IU", " k m", enzyme, activity),
        ("kat", " m u n", Fraction(1), activity),
    ]
    table: dict[str, tuple[Fraction, Dimension]] = {}
    for names, prefixes, factor, dimension in families:
        for name in names.split():
            for p in prefixes.split(" "):
                table[p + name] = (Fraction(prefix[p]) * factor, dimension)
    for names, value, dimension in (
        ("min minute minutes", "60", time),
        ("h hr hour hours", "3600", time),
        ("d day days", "86400", time),
        ("week weeks", "604800", time),
        ("yr year years", "31557600", time),
        ("sec second seconds", "1", time),
        ("Angstrom angstrom", "1e-10", length),
        ("kgw", "1", mass),  # kilogram of water, as written in aqueous chemistry
        ("atm", "101325", (-1, 1, -2, 0, 0)),
        ("bar", "1e5", (-1, 1, -2, 0, 0)),
        ("mmHg", "133.322387415", (-1, 1, -2, 0, 0)),
        ("K degC", "1", (0, 0, 0, 1, 0)),
        ("% percent", "0.01", none),
        ("1 pH cell cells site sites", "1", none),
    ):
        table |= dict.fromkeys(names.split(), (Fraction(value), dimension))
    return table


UNITS = _table()

# dimension: its name in a sentence, how it is written, what a user may type
KINDS: dict[Dimension, tuple[str, str, str]] = {
    (0, 0, 0, 0, 0): ("a number without dimension", "1", "1, %"),
    (1, 0, 0, 0, 0): ("a length", "m", "m, mm, um, nm"),
    (2, 0, 0, 0, 0): ("an area", "m2", "m2, mm2, um2"),
    (3, 0, 0, 0, 0): ("a volume", "m3", "m3, mL, uL"),
    (0, 1, 0, 0, 0): ("a mass", "kg", "kg, g, mg"),
    (0, 0, 1, 0, 0): ("a time", "s", "s, minute, hour, day, year"),
    (0, 0, 0, 1, 0): ("a temperature", "K", "K, degC"),
    (0, 0, 0, 0, 1): ("an amount", "mol", "mol, mmol, umol"),
    (-3, 0, 0, 0, 1): ("a concentration", "mol m-3", "M, mM, uM, mol/m3"),
    (-3, 0, -1, 0, 1): ("a reaction rate", "mol m-3 s-1", "mM/h, umol/L/min, U/L"),
    (0, 0, -1, 0, 0): ("a rate per time", "s-1", "1/s, 1/h, 1/day"),
    (2, 0, -1, 0, 0): ("a diffusivity", "m2 s-1", "m2/s, um2/s, cm2/s"),
    (1, 0, -1, 0, 0): ("a speed", "m s-1", "m/s, nm/s, um/h"),
    (0, 1, -2, 0, 0): ("an interfacial energy", "J m-2", "J/m2, mJ/m2"),
    (2, 1, -2, 0, 0): ("an energy", "J", "J, kJ"),
    (2, 1, -2, 0, -1): ("a molar energy", "J mol-1", "J/mol, kJ/mol"),
    (2, 1, -2, -1, -1): ("a molar entropy", "J mol-1 K-1", "J/mol/K"),
    (-1, 1, -2, 0, 0): ("a pressure", "Pa", "Pa, kPa, mmHg, bar"),
    (-1, 1, -1, 0, 0): ("a viscosity", "Pa s", "Pa s, mPa s"),
    (3, 0, 0, 0, -1): ("a molar volume or binding constant", "m3 mol-1", "m3/mol, L/mol, 1/M"),
    (3, 0, -1, 0, -1): ("a second-order rate constant", "m3 mol-1 s-1", "1/M/s, L/mol/s"),
    (-3, 0, 0, 0, 0): ("a number density", "m-3", "1/m3, 1/mL"),
    (-3, 0, -1, 0, 0): ("a nucleation rate", "m-3 s-1", "1/(m3 s)"),
    (-1, 0, 0, 0, 0): ("an area per volume", "m-1", "1/m, m2/mL"),
    (-2, 0, 0, 0, 1): ("an amount per area", "mol m-2", "mol/m2, umol/m2"),
    (-2, 0, -1, 0, 1): ("a flux", "mol m-2 s-1", "mol/m2/s, umol/m2/s"),
    (0, 0, -1, 0, 1): ("an enzyme activity", "mol s-1", "U, umol/min"),
    (0, -1, 0, 0, 1): ("a molality", "mol kg-1", "mol/kg, mmol/kg"),
    (0, 1, 0, 0, -1): ("a molar mass", "kg mol-1", "g/mol"),
    (-3, 1, 0, 0, 0): ("a mass density", "kg m-3", "g/cm3, mg/mL"),
}

_MARK = re.compile(r"\s*([A-Za-z%]+|\*\*|\^|[-+]?[0-9]+|[*/().])|\s+\Z")
_SPELLINGS = str.maketrans(
    {"µ": "u", "μ": "u", "·": "*", "⋅": "*", "×": "*", "−": "-", "Å": "Angstrom", "°": "deg"}
    | {"¹": "1", "²": "2", "³": "3", "⁻": "-"}
)
_SLIPS = {"C": "degC", "Celsius": "degC"}


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
            hint = f" Did you mean '{_SLIPS[mark]}'?" if mark in _SLIPS else nearest(mark, UNITS)
            raise UnitError(f"'{mark}' is not a known unit.{hint}")
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
        return factor**power, _times((0, 0, 0, 0, 0), dimension, power)


def _times(a: Dimension, b: Dimension, power: int) -> Dimension:
    return (
        a[0] + power * b[0],
        a[1] + power * b[1],
        a[2] + power * b[2],
        a[3] + power * b[3],
        a[4] + power * b[4],
    )


@lru_cache(maxsize=1024)
def _read(text: str) -> tuple[Fraction, Dimension, Fraction]:
    """Exact factor, dimension and zero offset (degC alone has one) of a short unit text."""
    reader = _Reader(text.translate(_SPELLINGS))
    factor, dimension = reader.product(0)
    if reader.marks[reader.at] == ")":
        raise UnitError("a parenthesis is closed that was not opened.")
    if "degC" not in reader.names:
        return factor, dimension, Fraction(0)
    if len(reader.marks) > 2:
        raise UnitError("degC stands alone only; in a compound unit write K.")
    return factor, dimension, _KELVIN


def read_unit(text: object, where: str) -> tuple[Fraction, Dimension, Fraction]:
    if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
        raise UnitError(f"{where}: {shown(text)} is not a unit; text such as 'mM' or 'm2/s' is needed.")
    try:
        return _read(text.strip())
    except UnitError as error:
        raise UnitError(f"{where}: {error}") from None


def si_text(dimension: Dimension) -> str:
    if dimension in KINDS:
        return KINDS[dimension][1]
    powers = dict(zip(("m", "kg", "s", "K", "mol"), dimension, strict=True))
    ordered = [(n, powers[n]) for n in ("mol", "kg", "m", "s", "K") if powers[n]]
    ordered.sort(key=lambda pair: pair[1] < 0)  # stable: positive powers first
    return " ".join(n if p == 1 else f"{n}{p}" for n, p in ordered)


def in_words(dimension: Dimension) -> str:
    if dimension in KINDS:
        return f"{KINDS[dimension][0]} ({KINDS[dimension][1]})"
    return f"a quantity in {si_text(dimension)}"


def needed_in_words(dimension: Dimension) -> str:
    if dimension in KINDS:
        kind, _, examples = KINDS[dimension]
        return f"{kind} ({examples}) is needed"
    return f"{in_words(dimension)} is needed"
