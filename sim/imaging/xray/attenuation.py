"""Mass attenuation of formulas and spectra of x-ray tubes, from the tables of data/imaging."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np

from sim.chemistry.formula import atomic_masses, elements, molar_mass
from sim.chemistry.solids import WATER
from sim.errors import ConfigError, not_one_of
from sim.parameters import Parameters, load_parameters
from sim.public import public

DATA = resources.files("sim") / "data" / "imaging"
CM2_PER_G = 0.1  # [m2/kg]


class Spectrum(NamedTuple):
    """title, peak voltage of the tube [kVp], photons (energies,) of 1 in all."""

    title: str
    kVp: float
    photons: np.ndarray


@cache
def _columns(name: str) -> dict[str, np.ndarray]:
    """Columns of a table of data/imaging by their names."""
    head, *rows = (DATA / name).read_text(encoding="utf-8").split()
    values = np.array([row.split(",") for row in rows], dtype=float).T
    values.flags.writeable = False
    return dict(zip(head.split(","), values, strict=True))


def energies() -> np.ndarray:
    """Energies of photons that all tables are for [keV], rising."""
    return _columns("attenuation.csv")["keV"]


@cache
def xray_numbers() -> Parameters:
    """What data/imaging/xray.toml says."""
    return load_parameters(DATA / "xray.toml")


@cache
def spectra() -> dict[str, Spectrum]:
    """Every spectrum of data/imaging by name."""
    photons = _columns("spectra.csv")
    tables = tomllib.loads((DATA / "spectra.toml").read_text(encoding="utf-8"))
    return {name: Spectrum(t["title"], float(t["kVp"]), photons[name]) for name, t in tables.items()}


def spectrum_of_ct(kVp: float) -> Spectrum:
    """The spectrum of CT at a voltage that there is a table for."""
    known = {s.kVp: s for name, s in spectra().items() if name.startswith("CT_")}
    if kVp not in known:
        raise ConfigError(not_one_of("kVp", f"{kVp:g}", [f"{k:g}" for k in known]))
    return known[kVp]


@cache
def attenuation_table(formula: str) -> np.ndarray:
    """Total mass attenuation of a formula at `energies` [m2 kg-1]."""
    table, masses = _columns("attenuation.csv"), atomic_masses()
    found = sum(n * masses[e] * table[e] for e, n in elements(formula).items()) / molar_mass(formula)
    values = np.asarray(found) * CM2_PER_G
    values.flags.writeable = False
    return values


@public
def mass_attenuation(formula: str, keV: float) -> float:
    """Total mass attenuation coefficient [m2 kg-1], a tenth of the number in cm2/g.

    formula: "H2O", "Ca5(PO4)3OH"; keV: energy of the photons, 5-140, between entries by powers
    Coherent scattering counts as lost. Source: xraydb.
    """
    grid = energies()
    if not grid[0] <= keV <= grid[-1]:
        raise ConfigError(f"keV = {keV:g} is outside the tables, {grid[0]:g} to {grid[-1]:g}.")
    return float(np.exp(np.interp(np.log(keV), np.log(grid), np.log(attenuation_table(formula)))))


def weights(spectrum: Spectrum, body: float) -> np.ndarray:
    """What each energy gives to the signal of a detector that counts energy, behind water, of 1 in all.

    body: thickness of the water [m]
    """
    water = attenuation_table(WATER) * xray_numbers().si("water.density")
    found = spectrum.photons * energies() * np.exp(-water * body)
    return found / found.sum()


def excess(formula: str, density: float) -> np.ndarray:
    """How much more a solid attenuates than the water that it displaces, per its mass [m2 kg-1].

    density: of the solid itself [kg m-3]
    """
    displaced = xray_numbers().si("water.density") / density
    return attenuation_table(formula) - displaced * attenuation_table(WATER)


@public
def ct_slope(formula: str, density: float, kVp: float = 120.0, body: float = 0.2) -> float:
    """Rise of the CT number with the density of a solid that displaces water [HU per kg m-3 (or mg/mL)].

    density: of the solid itself [kg m-3]; kVp: 70, 80, ... 140; body: water that hardens the beam [m]
    Of a detector that counts energy. HAP at 120 kVp behind 20 cm: 1.36, so 130 HU are 95 mg/mL.
    """
    w = weights(spectrum_of_ct(kVp), body)
    return slope_of(w, formula, density)


def slope_of(w: np.ndarray, formula: str, density: float) -> float:
    """The same for weights of energies (`weights`)."""
    water = float(w @ attenuation_table(WATER)) * xray_numbers().si("water.density")
    return 1000.0 * float(w @ excess(formula, density)) / water
