"""Makes the tables of sim/data/imaging from xraydb and spekpy, neither of which hapsim needs to run.

    python -m pip install xraydb spekpy && python tests/imaging/frozen_tables.py

The tests call the same functions where these packages are installed, and compare.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np

DATA = Path(__file__).parents[2] / "sim" / "data"
ENERGIES = np.arange(5, 141)  # [keV]; below 5 nothing passes a centimetre of tissue


def elements() -> list[str]:
    return list(tomllib.loads((DATA / "elements.toml").read_text(encoding="utf-8")))


def attenuation(element: str) -> np.ndarray:
    """Total mass attenuation at ENERGIES [cm2/g], coherent scattering included."""
    import xraydb

    return np.asarray(xraydb.mu_elam(element, ENERGIES * 1e3, kind="total"))


def spectrum(kVp: float, anode: str, angle: float, filters: list[tuple[str, float]]) -> np.ndarray:
    """Photons in bins of 1 keV about ENERGIES, of 1 in all.

    angle: of the anode [degree]; filters: (material, thickness [mm])
    """
    import spekpy

    fine = spekpy.Spek(kvp=kVp, th=angle, dk=0.1, targ=anode)
    for material, thickness in filters:
        fine.filter(material, thickness)
    energy, photons = fine.get_spectrum()
    found = np.histogram(energy, np.append(ENERGIES - 0.5, ENERGIES[-1] + 0.5), weights=photons)[0]
    return found / found.sum()


def spectra() -> dict[str, np.ndarray]:
    tables = tomllib.loads((DATA / "imaging" / "spectra.toml").read_text(encoding="utf-8"))
    return {
        name: spectrum(t["kVp"], t["anode"], t["anode_angle"], [(f["of"], f["mm"]) for f in t["filters"]])
        for name, t in tables.items()
    }


def write(path: Path, columns: dict[str, np.ndarray], pattern: str) -> None:
    rows = [",".join(["keV", *columns])]
    for k, energy in enumerate(ENERGIES):
        rows.append(",".join([str(energy), *(pattern % c[k] for c in columns.values())]))
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(DATA / "imaging" / "attenuation.csv", {e: attenuation(e) for e in elements()}, "%.5g")
    write(DATA / "imaging" / "spectra.csv", spectra(), "%.4g")
