"""Chemical formulas: atoms, mass, and what a neutral formula unit is over the basis of the model."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple

from sim.errors import ConfigError, nearest, shown
from sim.parameters import load_parameters

ACIDITY = "acidity"


class Component(NamedTuple):
    """The ion that a component is counted as, its charge, and the element of formulas that it counts.

    pore_water: "transported", "background" or "ligand" in a simulation    title: what its total is called
    also: other names    weighed_as: {what a mass may be meant of: formula, per mole of the component}
    """

    ion: str
    charge: int
    element: str = ""
    pore_water: str = ""
    title: str = ""
    also: tuple[str, ...] = ()
    weighed_as: Mapping[str, str] = MappingProxyType({})


@lru_cache
def basis() -> dict[str, Component]:
    """The components of a fluid, H last, from data/basis.toml."""
    text = (resources.files("sim") / "data" / "basis.toml").read_text(encoding="utf-8")
    return {
        name: Component(**{**table, "also": tuple(table.get("also", ()))})
        for name, table in tomllib.loads(text).items()
    }


@lru_cache
def atomic_masses() -> dict[str, float]:
    """{element: mass of one mole [kg]}, from data/elements.toml."""
    table = load_parameters(resources.files("sim") / "data" / "elements.toml")
    return {element: p.si for element, p in table.items()}


_PART = re.compile(r"([A-Z][a-z]?|[()])([0-9]+(?:\.[0-9]+)?)?")


def elements(formula: str) -> dict[str, float]:
    """Atoms of each element in one formula unit: "CaHPO4.2H2O" has Ca 1, H 5, P 1, O 6.

    Parentheses one level deep, subscripts may be fractions (CaH0.22(PO4)0.74).
    """
    if not isinstance(formula, str):
        raise ConfigError(f"{shown(formula)} is not a chemical formula such as Ca5(PO4)3OH.")
    if len(formula) > 64:
        raise ConfigError(f"{shown(formula, 24)} is too long for a chemical formula.")
    total: dict[str, float] = {}
    # Water of crystallisation: CaHPO4.2H2O. After a fractional subscript write the raised dot.
    for piece in re.split(r"[.·](?=[0-9.]*H2O$)", formula, maxsplit=1):
        head = re.match(r"[0-9]+(?:\.[0-9]+)?(?=[A-Z(])", piece)
        times = float(head.group()) if head else 1.0
        for element, n in _atoms(piece[head.end() if head else 0 :], formula):
            total[element] = total.get(element, 0.0) + times * n
    return total


def _atoms(text: str, formula: str) -> list[tuple[str, float]]:
    atoms: list[tuple[str, float]] = []
    opened, at, masses = -1, 0, atomic_masses()
    while at < len(text):
        part = _PART.match(text, at)
        if part is None or (part.group(1) == "(") == (opened >= 0) and part.group(1) in "()":
            raise ConfigError(f"'{formula}' is not a chemical formula such as Ca5(PO4)3OH.")
        at, count = part.end(), float(part.group(2) or 1)
        if part.group(1) == "(":
            opened = len(atoms)
        elif part.group(1) == ")":
            atoms[opened:] = [(e, n * count) for e, n in atoms[opened:]]
            opened = -1
        elif part.group(1) in masses:
            atoms.append((part.group(1), count))
        else:
            hint = nearest(part.group(1), masses)
            raise ConfigError(f"'{part.group(1)}' in {formula} has no atomic mass here.{hint}")
    if opened >= 0 or not atoms:
        raise ConfigError(f"'{formula}' is not a chemical formula such as Ca5(PO4)3OH.")
    return atoms


def molar_mass(formula: str) -> float:
    """Mass of one mole of formula units [kg/mol]: molar_mass("Ca5(PO4)3OH") is 0.502307."""
    masses = atomic_masses()
    return sum(n * masses[element] for element, n in elements(formula).items())


def composition(formula: str) -> dict[str, float]:
    """What a formula unit holds: components of the model by amount, and "acidity".

    Over the basis Ca2+, HPO4 2-, HCO3-, H+, H2O: Ca5(PO4)3OH is 5 Ca, 3 P and -4 acidity, for
    5 Ca2+ + 3 HPO4 2- + H2O = Ca5(PO4)3OH + 4 H+. Raises ConfigError for a formula that is no neutral
    sum of such ions.
    """
    atoms = elements(formula)
    found: dict[str, float] = {}
    charge, hydrogen, oxygen = 0.0, atoms.pop("H", 0.0), atoms.pop("O", 0.0)
    known = {c.element: (name, c) for name, c in basis().items() if c.element}
    for element, n in atoms.items():
        if element not in known:
            raise ConfigError(
                f"{formula} holds {element}, which is no component of the fluid; a formula may hold "
                f"{', '.join(known)}, H and O."
            )
        name, component = known[element]
        ion = elements(component.ion)
        found[name] = n
        charge += component.charge * n
        hydrogen, oxygen = hydrogen - ion.get("H", 0.0) * n, oxygen - ion.get("O", 0.0) * n
    if abs(hydrogen + charge - 2.0 * oxygen) > 1e-9 * (1.0 + abs(hydrogen) + abs(oxygen)):
        raise ConfigError(
            f"{formula} is no neutral sum of {', '.join(known)} ions, H+ and H2O; check its subscripts "
            "(Ca5(PO4)3OH, CaHPO4.2H2O, CaH0.22(PO4)0.74)."
        )
    if charge:
        found[ACIDITY] = -charge
    return found
