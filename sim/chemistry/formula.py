"""Chemical formulas: atoms, mass, and what a neutral formula unit is over the basis of the model."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import resources

from sim.errors import ConfigError, nearest, shown
from sim.parameters import load_parameters

# Element -> the ion it is counted as: component, charge, atoms of hydrogen and of oxygen in the ion.
IONS = {
    "Ca": ("Ca", 2, 0, 0),
    "P": ("P", -2, 1, 4),  # HPO4 2-
    "C": ("C", -1, 1, 3),  # HCO3-
    "Mg": ("Mg", 2, 0, 0),
    "Na": ("Na", 1, 0, 0),
    "K": ("K", 1, 0, 0),
    "Cl": ("Cl", -1, 0, 0),
    "S": ("SO4", -2, 0, 4),
}
ACIDITY = "acidity"


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
    for element, n in atoms.items():
        if element not in IONS:
            raise ConfigError(
                f"{formula} holds {element}, which is no component of the fluid; a formula may hold "
                f"{', '.join(IONS)}, H and O."
            )
        component, z, h, o = IONS[element]
        found[component] = n
        charge, hydrogen, oxygen = charge + z * n, hydrogen - h * n, oxygen - o * n
    if abs(hydrogen + charge - 2.0 * oxygen) > 1e-9 * (1.0 + abs(hydrogen) + abs(oxygen)):
        raise ConfigError(
            f"{formula} is no neutral sum of {', '.join(IONS)} ions, H+ and H2O; check its subscripts "
            "(Ca5(PO4)3OH, CaHPO4.2H2O, CaH0.22(PO4)0.74)."
        )
    if charge:
        found[ACIDITY] = -charge
    return found
