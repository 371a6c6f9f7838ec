"""Constants of nature, atomic masses and what a chemical formula weighs; SI throughout.

Source: CODATA 2018 (Tiesinga et al., Rev. Mod. Phys. 93, 025010, 2021); N_A, k_B and the elementary
charge are exact since the 2019 revision of the SI, and R = N_A k_B, F = N_A e follow.
Atomic masses: IUPAC 2021, abridged (Prohaska et al., Pure Appl. Chem. 94, 573, 2022).
"""

from __future__ import annotations

import re

from sim.errors import ConfigError, nearest, shown

N_A = 6.02214076e23  # 1/mol
k_B = 1.380649e-23  # J/K
R = N_A * k_B  # J/mol/K
F = N_A * 1.602176634e-19  # C/mol

ZERO_CELSIUS = 273.15  # K

# kg/mol
ATOMIC_MASS = {
    "H": 1.008e-3,
    "C": 12.011e-3,
    "N": 14.007e-3,
    "O": 15.999e-3,
    "F": 18.998e-3,
    "Na": 22.990e-3,
    "Mg": 24.305e-3,
    "P": 30.974e-3,
    "S": 32.06e-3,
    "Cl": 35.45e-3,
    "K": 39.098e-3,
    "Ca": 40.078e-3,
    "Sr": 87.62e-3,
}

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
    opened, at = -1, 0
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
        elif part.group(1) in ATOMIC_MASS:
            atoms.append((part.group(1), count))
        else:
            hint = nearest(part.group(1), ATOMIC_MASS)
            raise ConfigError(f"'{part.group(1)}' in {formula} has no atomic mass here.{hint}")
    if opened >= 0 or not atoms:
        raise ConfigError(f"'{formula}' is not a chemical formula such as Ca5(PO4)3OH.")
    return atoms


def molar_mass(formula: str) -> float:
    """Mass of one mole of formula units [kg/mol]: molar_mass("Ca5(PO4)3OH") is 0.502307."""
    return sum(n * ATOMIC_MASS[element] for element, n in elements(formula).items())


# The formula unit of each solid as counted throughout the package (HAP holds 5 Ca, not 10).
FORMULA = {
    "HAP": "Ca5(PO4)3OH",
    "OCP": "Ca4H(PO4)3·2.5H2O",
    "DCPD": "CaHPO4.2H2O",
    "ACP": "CaH0.22(PO4)0.74",
    "calcite": "CaCO3",
}
MOLAR_MASS = {name: molar_mass(formula) for name, formula in FORMULA.items()}
