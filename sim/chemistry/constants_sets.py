"""Named sets of thermodynamic constants, rewritten over the basis of the model.

A set is a file of data/constants: species with the reaction that forms them, and minerals with the
reaction that dissolves them. Here they are rewritten over the *model basis*, one species per component,

    Ca2+ Mg2+ Na+ K+ Cl- SO4 2- HCO3- HPO4 2- P2O7 4- citrate3- Tris EDTA4- S2O3 2- H+

so that the coefficient of H+ in a species is its share of the acidity: H = [H+] - [OH-] + [H2PO4-]
+ 2 [H3PO4] - [PO4 3-] + [CO2] - [CO3 2-] + ... That sum is what mixing and precipitation conserve.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Any

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.formula import basis
from sim.chemistry.solids import WATER, Solid, solids
from sim.chemistry.tables import OverBasis, SpeciationTables, speciation_tables
from sim.errors import ConfigError, listing, nearest, shown

# Component -> the species it is counted as. H last: every other component is written without it.
BASIS = MappingProxyType({name: c.ion for name, c in basis().items()})


@dataclass(frozen=True)
class AqueousSpecies:
    """One dissolved species: how it forms, how strongly, and its activity parameters."""

    name: str
    charge: int
    reaction: MappingProxyType[str, float]  # empty for a master species
    log_K: float
    delta_h: float  # kJ/mol
    analytic: tuple[float, ...]
    ion_size: float | None  # angstrom
    b: float  # kg/mol
    source: str
    confidence: str
    note: str


@dataclass(frozen=True)
class Mineral:
    """The solubility of one solid: what a formula unit dissolves to, and its solubility product.

    What does not depend on the set (formula, ions, volume) comes from data/minerals.toml.
    """

    name: str
    title: str
    formula: str
    reaction: MappingProxyType[str, float]
    log_K: float
    delta_h: float  # kJ/mol
    analytic: tuple[float, ...]
    nu: float  # ions per formula unit, S = (IAP/Ksp)^(1/nu)
    molar_volume: float  # m3/mol
    density: float  # kg/m3
    source: str
    confidence: str
    note: str


@dataclass(frozen=True)
class Gas:
    """How a gas dissolves from a partial pressure [atm]; ideal."""

    reaction: MappingProxyType[str, float]
    log_K: float
    delta_h: float  # kJ/mol
    analytic: tuple[float, ...]
    source: str
    confidence: str
    note: str


@dataclass(frozen=True, eq=False)
class ConstantsSet:
    """A named, cited set of equilibrium constants."""

    name: str
    title: str
    activity: str
    gas_constant: float  # J/(mol K)
    reference_temperature: float  # K
    temperature_range: tuple[float, float]  # degC, in which it is sound
    water_activity_slope: float  # kg/mol
    species: MappingProxyType[str, AqueousSpecies]
    minerals: MappingProxyType[str, Mineral]
    gases: MappingProxyType[str, Gas]
    components: tuple[str, ...]

    def lacking(self, phases: Iterable[str]) -> list[str]:
        """Those of some phases (ACP2, OCP, ...) whose solubility the set does not say: they never form."""
        return [phase for phase in phases if phase not in self.minerals]

    def log_K(self, T: float) -> dict[str, float]:
        """log10 formation constants over the model basis at T [K], by species."""
        found = self.species_over_basis(T)
        return dict(zip(found.names, found.log_K, strict=True))

    def log_Ksp(self, T: float) -> dict[str, float]:
        """log10 solubility products of the reactions as their source writes them, T [K]."""
        return {n: self._reaction_log_K(m, T) for n, m in self.minerals.items()}

    def tables(
        self,
        components: Iterable[str] | None = None,
        T: float = 310.15,
        activity: str | None = None,
    ) -> SpeciationTables:
        """Arrays for the kernels, for the species that form from `components`; T [K], 273-373.

        activity: "davies" or "truesdell-jones"; the set's own by default.
        """
        chosen = tuple(components) if components is not None else self.components
        return speciation_tables(self, chosen, float(T), activity or self.activity)

    def _reaction_log_K(self, item: AqueousSpecies | Mineral | Gas, T: float) -> float:
        if item.analytic:
            a = (*item.analytic, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)[:6]
            return a[0] + a[1] * T + a[2] / T + a[3] * math.log10(T) + a[4] / T**2 + a[5] * T**2
        shift = 1.0 / self.reference_temperature - 1.0 / T
        return item.log_K + 1e3 * item.delta_h / (LN10 * self.gas_constant) * shift

    def _over_masters(self, T: float) -> dict[str, tuple[dict[str, float], float]]:
        """Each species as master species and the log10 constant of forming it from them."""
        found: dict[str, tuple[dict[str, float], float]] = {"H2O": ({"H2O": 1.0}, 0.0)}
        for name, item in self.species.items():
            if item.reaction:
                found[name] = self._sum(item, found, T)
            else:
                found[name] = ({name: 1.0}, 0.0)
        return found

    def _sum(
        self,
        item: AqueousSpecies | Mineral | Gas,
        found: dict[str, tuple[dict[str, float], float]],
        T: float,
    ) -> tuple[dict[str, float], float]:
        masters: dict[str, float] = {}
        log_K = self._reaction_log_K(item, T)
        sign = 1.0 if isinstance(item, AqueousSpecies) else -1.0  # minerals and gases dissolve
        for part, n in item.reaction.items():
            of_part, log_K_part = found[part]
            log_K += sign * n * log_K_part
            for master, count in of_part.items():
                masters[master] = masters.get(master, 0.0) + n * count
        return masters, log_K

    def species_over_basis(self, T: float) -> OverBasis:
        """Species as they form from the components at T [K]; basis species first."""
        found = self._over_masters(T)
        first = [BASIS[c] for c in self.components]
        names = first + [n for n in self.species if n not in first]
        nu, water, log_K = self._change_basis([found[n] for n in names], found, -1.0)
        return OverBasis(tuple(names), np.rint(nu), np.rint(water), log_K)

    def minerals_over_basis(self, T: float) -> OverBasis:
        """Minerals as they dissolve to the components at T [K]."""
        found = self._over_masters(T)
        rows = [self._sum(m, found, T) for m in self.minerals.values()]
        return OverBasis(tuple(self.minerals), *self._change_basis(rows, found, 1.0))

    def gases_over_basis(self, T: float) -> OverBasis:
        """Gases as they dissolve to the components at T [K], from a pressure in atm."""
        found = self._over_masters(T)
        rows = [self._sum(g, found, T) for g in self.gases.values()]
        return OverBasis(tuple(self.gases), *self._change_basis(rows, found, 1.0))

    def _change_basis(
        self,
        rows: list[tuple[dict[str, float], float]],
        found: dict[str, tuple[dict[str, float], float]],
        sign: float,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        masters = [n for n, s in self.species.items() if not s.reaction]
        basis = [found[BASIS[c]] for c in self.components]
        matrix = np.array([[b.get(n, 0.0) for n in masters] for b, _ in basis])
        parts = np.array([[r.get(n, 0.0) for n in masters] for r, _ in rows])
        nu = np.round(parts @ np.linalg.inv(matrix), 9)
        water = np.array([r.get("H2O", 0.0) for r, _ in rows])
        water = water - nu @ np.array([b.get("H2O", 0.0) for b, _ in basis])
        log_K = np.array([k for _, k in rows]) + sign * (nu @ np.array([k for _, k in basis]))
        return nu, np.round(water, 9), log_K


def constants_sets() -> list[str]:
    """Names of the sets of constants, the default first."""
    folder = resources.files("sim") / "data" / "constants"
    names = sorted(f.name[: -len(".toml")] for f in folder.iterdir() if f.name.endswith(".toml"))
    return sorted(names, key=lambda n: n != "tissue-37C")


@lru_cache(maxsize=16)
def constants_set(name: str) -> ConstantsSet:
    """The named set of constants, read once; ConfigError for an unknown name."""
    known = constants_sets()
    if name not in known:
        raise ConfigError(
            f"{shown(name)} is not a set of constants; there are {listing(known)}.{nearest(name, known)}"
        )
    path = resources.files("sim") / "data" / "constants" / f"{name}.toml"
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    species = {n: _species(n, d) for n, d in data["species"].items()}
    minerals = {n: _mineral(n, d, f"{name}: [minerals.{n}]") for n, d in data["minerals"].items()}
    numbers = ("gas_constant", "reference_temperature", "water_activity_slope")
    return ConstantsSet(
        **{key: data[key] for key in ("name", "title", "activity", *numbers)},
        temperature_range=tuple(data["temperature"]["range"]),
        species=MappingProxyType(species),
        minerals=MappingProxyType(minerals),
        gases=MappingProxyType({n: _gas(d) for n, d in data["gases"].items()}),
        components=tuple(c for c, s in BASIS.items() if s in species),
    )


def _species(name: str, d: dict[str, Any]) -> AqueousSpecies:
    return AqueousSpecies(
        name, d["charge"], MappingProxyType(d.get("reaction", {})), *_strength(d),
        d.get("ion_size"), d.get("b", 0.0), *_origin(d),
    )  # fmt: skip


def _gas(d: dict[str, Any]) -> Gas:
    return Gas(MappingProxyType(d["reaction"]), *_strength(d), *_origin(d))


def _strength(d: Mapping[str, Any]) -> tuple[float, float, tuple[float, ...]]:
    return d.get("log_K", 0.0), d.get("delta_h", 0.0), tuple(d.get("analytic", ()))


def _origin(d: Mapping[str, Any]) -> tuple[str, str, str]:
    return d["source"], d["confidence"], d.get("note", "")


@lru_cache(maxsize=16)
def extended_set(name: str, more: tuple[Solid, ...]) -> ConstantsSet:
    """The named set, with what `more` solids say of their own solubility where the set has no such phase."""
    chosen = constants_set(name)
    minerals = dict(chosen.minerals)
    for solid in more:
        if solid.solubility and solid.phase not in minerals:
            for ion in solid.reaction:
                if ion != WATER and ion not in chosen.species:
                    raise ConfigError(
                        f"{solid.name}: constants '{name}' have no ion {ion}.{nearest(ion, chosen.species)}"
                    )
            minerals[solid.phase] = _solubility(
                solid, solid.phase, solid.title, solid.reaction, solid.solubility
            )
    if len(minerals) == len(chosen.minerals):
        return chosen
    return replace(chosen, minerals=MappingProxyType(minerals))


def shifted_set(chosen: ConstantsSet, shifts: Mapping[str, float]) -> ConstantsSet:
    """The set with decades added to log10 solubility products, {phase: decades}; another set of constants."""
    minerals = dict(chosen.minerals)
    for phase, decades in shifts.items():
        if phase not in minerals:
            raise ConfigError(
                f"{shown(phase)} is not a phase of constants '{chosen.name}'; there are {listing(minerals)}."
                f"{nearest(phase, minerals)}"
            )
        old = minerals[phase]
        analytic = (old.analytic[0] + decades, *old.analytic[1:]) if old.analytic else ()
        minerals[phase] = replace(old, log_K=old.log_K + decades, analytic=analytic)
    return replace(chosen, minerals=MappingProxyType(minerals)) if shifts else chosen


def _mineral(name: str, d: dict[str, Any], where: str) -> Mineral:
    """What a set says of a solid, with the facts of data/minerals.toml."""
    facts, called = solids(), d.get("mineral", name)
    if called not in facts:
        raise ConfigError(
            f"{where}: there is no solid '{called}' in data/minerals.toml.{nearest(called, facts)}"
        )
    solid = facts[called]
    return _solubility(solid, name, d.get("title", solid.title), d["reaction"], d)


def _solubility(
    solid: Solid, name: str, title: str, reaction: Mapping[str, float], d: Mapping[str, Any]
) -> Mineral:
    return Mineral(
        name, title, solid.formula, MappingProxyType(dict(reaction)), *_strength(d),
        solid.nu, solid.volume.si, solid.density, *_origin(d),
    )  # fmt: skip
