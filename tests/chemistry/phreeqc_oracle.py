"""PHREEQC as a reference: stored tables, and the live engine where it is installed."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[1] / "data" / "phreeqc"
RENAMED = {"H2CO3": "CO2", "(CO2)2": "CO2_dimer", "Mg(SO4)2": "MgSO4_2"}
LIGANDS = (DATA / "ligands.dat").read_text()
MINERALS = {"Hydroxyapatite": "HAP", "Calcite": "calcite"}


def rows(name: str, **where: str) -> list[dict[str, str]]:
    """Rows of a stored table whose columns equal `where`."""
    with open(DATA / name, newline="") as f:
        return [r for r in csv.DictReader(f) if all(r[k] == v for k, v in where.items())]


def ours(species: str) -> str:
    """PHREEQC's name of a species in the spelling of the package: "HPpi-3" is "HPPi"."""
    bare = re.sub(r"[+-]\d*$", "", species)
    for theirs, name in (("Ppi", "PPi"), ("Cit", "citrate"), ("Edta", "EDTA"), ("Sts", "S2O3")):
        bare = bare.replace(theirs, name)
    return RENAMED.get(bare, bare)


class Live:
    """The engine with hap_rec.dat and tight tolerances; the ligands of ligands.dat are in `LIGANDS`."""

    totals = {
        "Ca": "Ca",
        "P": "P",
        "Mg": "Mg",
        "Na": "Na",
        "K": "K",
        "Cl": "Cl",
        "C": "C(4)",
        "SO4": "S(6)",
        "citrate": "Cit",
        "PPi": "Ppi",
        "Tris": "Tris",
        "EDTA": "Edta",
        "thiosulfate": "Sts",
    }

    def __init__(self, more: str = "") -> None:
        """more: definitions beside the database, as text."""
        from phreeqpython import PhreeqPython

        self.ip = PhreeqPython(database="hap_rec.dat", database_directory=DATA).ip
        self.count = 0
        if more:
            self.ip.run_string(more)

    def solution(self, pH: float, temperature: float, totals: dict[str, float]) -> str:
        """Input text of one solution; totals in mol/kgw."""
        lines = [f"{self.totals[c]} {v:.17g}" for c, v in totals.items() if v > 0]
        return (
            "KNOBS\n -convergence_tolerance 1e-13\n -iterations 500\n"
            f"SOLUTION 1\n -units mol/kgw\n -temp {temperature:.17g}\n -pH {pH:.17g}\n "
            + "\n ".join(lines)
            + "\n"
        )

    def punch(self, text: str, expressions: list[str]) -> np.ndarray:
        """Last row of what BASIC says of the expressions after running the text."""
        program = "\n".join(f" {10 + i} PUNCH {e}" for i, e in enumerate(expressions))
        heads = " ".join(f"c{i}" for i in range(len(expressions)))
        self.ip.run_string(
            f"SELECTED_OUTPUT 1\n -reset false\n -high_precision true\n"
            f"USER_PUNCH 1\n -headings {heads}\n -start\n{program}\n -end\n{text}END\n"
        )
        return np.array(self.ip.get_selected_output_array()[-1], dtype=float)
