"""What a mass or an amount of charge is as an amount of substance, where a name says of what: for errors.

A name such as "plasma.Ca" ends in an element; its molar mass is that of data/elements.toml, its charge that
of data/basis.toml, if it is dissolved as the bare ion.
"""

from __future__ import annotations

import tomllib
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from sim.units.text import read_unit
from sim.units.unit_table import Dimension, dimension_of, si_text

_MOLES, _KILOGRAMS, _CHARGES, _OSMOLES = ((0, 0, 0, 0, 1), (0, 1), (0, 0, 0, 0, 0, 1), (0,) * 6 + (1,))


class Substance(NamedTuple):
    """molar_mass [kg/mol]; charge: of the ion, 0 where it is dissolved in several forms"""

    name: str
    molar_mass: Fraction
    charge: int


@lru_cache
def substances() -> dict[str, Substance]:
    """The elements by symbol."""
    folder = resources.files("sim") / "data"
    elements = tomllib.loads((folder / "elements.toml").read_text(encoding="utf-8"))
    basis = tomllib.loads((folder / "basis.toml").read_text(encoding="utf-8"))
    bare = {c["ion"]: c["charge"] for name, c in basis.items() if c["ion"] == name}
    found = {}
    for name, table in elements.items():
        mass = Fraction(str(table["value"])) * read_unit(table["unit"], name)[0]
        found[name] = Substance(name, mass, bare.get(name, 0))
    return found


def as_amount(value: Fraction, dimension: Dimension, needed: Dimension, name: str) -> str:
    """The end of a sentence about a mass or a charge given where moles are needed; "" for anything else.

    value: in SI; name: what the sentence is about, as "plasma.Ca"
    """
    over = tuple(n - d for n, d in zip(needed, dimension, strict=True))
    kinds = {what: _difference(_MOLES, what) for what in (_KILOGRAMS, _CHARGES, _OSMOLES)}
    what = next((k for k, change in kinds.items() if change == over), None)
    if what is None:
        return ""
    of = substances().get(name.rpartition(".")[2])
    if what == _OSMOLES:
        return " Osmoles count every dissolved particle; give the amount of this one."
    if what == _CHARGES:
        if of is None or not of.charge:
            return (
                " An equivalent is a mole of charge: divide by the charge of the ion, "
                "2 for Ca2+ and Mg2+, 1 for Na+, K+ and Cl-."
            )
        moles, reason = value / abs(of.charge), f"its charge is {of.charge:+d}"
    elif of is None:
        return " Divide the mass by the molar mass."
    else:
        moles, reason = value / of.molar_mass, f"counted as {of.name}, {float(of.molar_mass) * 1e3:g} g/mol"
    return f" Write '{_text(moles, needed)}' ({reason})."


def _difference(moles: tuple[int, ...], what: tuple[int, ...]) -> Dimension:
    a, b = dimension_of(moles), dimension_of(what)
    return dimension_of(tuple(p - q for p, q in zip(a, b, strict=True)))


def _text(moles: Fraction, dimension: Dimension) -> str:
    if dimension == dimension_of((-3, 0, 0, 0, 1)):
        return f"{float(moles):.6g} mM"
    return f"{float(moles):.6g} {si_text(dimension)}"
