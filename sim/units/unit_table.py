"""The units that are known: exact factors and dimensions, and the kinds of quantities in words."""

from __future__ import annotations

from fractions import Fraction

Dimension = tuple[int, int, int, int, int, int, int]
"""Powers of m, kg, s, K, mol, eq, Osm: an equivalent is a mole of charge, an osmole one of particles."""

# Units whose zero is not that of the kelvin: 0 degC, 0 degF.
OFFSETS = {"degC": Fraction("273.15"), "degF": Fraction("459.67") * Fraction(5, 9)}
NONE: Dimension = (0, 0, 0, 0, 0, 0, 0)


def _table() -> dict[str, tuple[Fraction, Dimension]]:
    """Every unit name with its exact factor; written out once here, never extended at run time."""
    prefix = {"": "1", "k": "1e3", "M": "1e6", "d": "1e-1", "c": "1e-2", "m": "1e-3", "u": "1e-6"}
    prefix |= {"n": "1e-9", "p": "1e-12", "f": "1e-15"}
    none, length, mass, time = (0, 0, 0, 0, 0), (1, 0, 0, 0, 0), (0, 1, 0, 0, 0), (0, 0, 1, 0, 0)
    volume, amount, conc = (3, 0, 0, 0, 0), (0, 0, 0, 0, 1), (-3, 0, 0, 0, 1)
    energy, activity = (2, 1, -2, 0, 0), (0, 0, -1, 0, 1)
    charge, osmoles = (0, 0, 0, 0, 0, 1, 0), (0, 0, 0, 0, 0, 0, 1)
    enzyme = Fraction(1, 60_000_000)  # 1 U turns over 1 umol per minute
    families: list[tuple[str, str, Fraction, tuple[int, ...]]] = [
        ("m", " k d c m u n p", Fraction(1), length),
        ("g", " k m u n p", Fraction(1, 1000), mass),
        ("s", " m u n", Fraction(1), time),
        ("mol", " k m u n p f", Fraction(1), amount),
        ("eq Eq", " m u n", Fraction(1), charge),
        ("Osm osm", " m u", Fraction(1), osmoles),
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
                table[p + name] = (Fraction(prefix[p]) * factor, dimension_of(dimension))
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
        ("degF", "5/9", (0, 0, 0, 1, 0)),
        ("% percent", "0.01", none),
        ("1 pH cell cells site sites", "1", none),
    ):
        table |= dict.fromkeys(names.split(), (Fraction(value), dimension_of(dimension)))
    return table


def dimension_of(powers: tuple[int, ...]) -> Dimension:
    """The dimension of the first powers of m, kg, s, K, mol, eq, Osm; the others are zero."""
    a, b, c, d, e, f, g = (*powers, *NONE)[:7]
    return a, b, c, d, e, f, g


UNITS = _table()

# dimension: its name in a sentence, how it is written, what a user may type
_KINDS: dict[tuple[int, ...], tuple[str, str, str]] = {
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
    (0, 0, 0, 0, 0, 1, 0): ("an amount of charge", "eq", "eq, meq"),
    (-3, 0, 0, 0, 0, 1, 0): ("a concentration of charge", "eq m-3", "meq/L, eq/m3"),
    (0, -1, 0, 0, 0, 1, 0): ("charge per mass of water", "eq kg-1", "meq/kg"),
    (0, 0, 0, 0, 0, 0, 1): ("osmoles", "Osm", "Osm, mOsm"),
    (-3, 0, 0, 0, 0, 0, 1): ("an osmolarity", "Osm m-3", "mOsm/L"),
    (0, -1, 0, 0, 0, 0, 1): ("an osmolality", "Osm kg-1", "mOsm/kg"),
}
KINDS: dict[Dimension, tuple[str, str, str]] = {dimension_of(powers): row for powers, row in _KINDS.items()}

# Signs that are written for another.
SPELLINGS = str.maketrans(
    {"µ": "u", "μ": "u", "·": "*", "⋅": "*", "×": "*", "−": "-", "Å": "Angstrom", "°": "deg"}
    | {"–": "-", "⁻": "-", "⁺": "+", "∕": "/", "⁄": "/"}
    | {power: str(n) for n, power in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
)
# Other ways to write a unit -> the name it has here.
SLIPS = {
    "C": "degC", "Celsius": "degC", "F": "degF", "Fahrenheit": "degF", "torr": "mmHg", "Torr": "mmHg",
    "molar": "M", "millimolar": "mM", "micromolar": "uM", "nanomolar": "nM", "cc": "mL", "mcg": "ug",
}  # fmt: skip
PARTS_PER = ("ppm", "ppb")


def si_text(dimension: Dimension) -> str:
    if dimension in KINDS:
        return KINDS[dimension][1]
    powers = dict(zip(("m", "kg", "s", "K", "mol", "eq", "Osm"), dimension, strict=True))
    ordered = [(n, powers[n]) for n in ("mol", "eq", "Osm", "kg", "m", "s", "K") if powers[n]]
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
