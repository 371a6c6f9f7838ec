"""The plain arrays that the Newton kernels read, for chosen components at one temperature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol

import numpy as np

from sim.chemistry.activity import LN10, debye_hueckel
from sim.chemistry.newton.operation_lists import operation_lists
from sim.chemistry.newton.records import FluidEquations, Reactions, work_size
from sim.errors import ConfigError, listing, nearest, shown

ACTIVITY_MODELS = ("davies", "truesdell-jones")


class DissolvedSpecies(Protocol):
    """What is read of a species."""

    @property
    def charge(self) -> int: ...
    @property
    def ion_size(self) -> float | None: ...  # angstrom
    @property
    def b(self) -> float: ...  # kg/mol


class DissolvingMineral(Protocol):
    """What is read of a mineral."""

    @property
    def nu(self) -> float: ...  # ions per formula unit


class OverBasis(NamedTuple):
    """Species or minerals written over the components: shares, molecules of water, log10 K."""

    names: tuple[str, ...]
    nu: np.ndarray  # (names, components)
    water: np.ndarray
    log_K: np.ndarray


class Constants(Protocol):
    """What the tables are made from: a ConstantsSet."""

    @property
    def name(self) -> str: ...
    @property
    def components(self) -> tuple[str, ...]: ...
    @property
    def water_activity_slope(self) -> float: ...
    @property
    def species(self) -> Mapping[str, DissolvedSpecies]: ...
    @property
    def minerals(self) -> Mapping[str, DissolvingMineral]: ...
    def species_over_basis(self, T: float) -> OverBasis: ...
    def minerals_over_basis(self, T: float) -> OverBasis: ...
    def gases_over_basis(self, T: float) -> OverBasis: ...


@dataclass(frozen=True, eq=False)
class SpeciationTables:
    """What the kernels need for chosen components at one temperature; plain arrays.

    nu: (ns, nc) share of each component in each species    water: (ns,) molecules of water taken up
    log_K: (ns,) log10 formation constant over the basis; species k is the basis species of
        component k for k < nc
    mineral_nu: (minerals, nc), mineral_water, mineral_log_K: dissolution over the basis
    gases: the same of gases, from a pressure in atm
    """

    constants: str
    activity: str
    temperature: float  # K
    A: float
    B: float
    components: tuple[str, ...]
    species: tuple[str, ...]
    charge: np.ndarray
    nu: np.ndarray
    water: np.ndarray
    log_K: np.ndarray
    minerals: tuple[str, ...]
    mineral_nu: np.ndarray
    mineral_water: np.ndarray
    mineral_log_K: np.ndarray
    mineral_ions: np.ndarray
    gases: OverBasis
    reactions: Reactions

    @cached_property
    def equations(self) -> FluidEquations:
        """What vector code for groups of fluids is written from."""
        return operation_lists(self.reactions)

    @property
    def work_size(self) -> int:
        """Length of the work vector of the kernels for one fluid."""
        return work_size(len(self.components), len(self.reactions.classes))

    @property
    def component_charge(self) -> np.ndarray:
        """Charge of each component's basis species; times the totals it is the fluid's charge."""
        return self.charge[: len(self.components)]


@lru_cache(maxsize=64)
def speciation_tables(
    constants: Constants, chosen: tuple[str, ...], T: float, activity: str
) -> SpeciationTables:
    """Arrays for `constants` (a ConstantsSet) restricted to the components `chosen`; T [K]."""
    if activity not in ACTIVITY_MODELS:
        raise ConfigError(
            f"activity = {shown(activity)} is not a model of activity coefficients; "
            f"there are {listing(ACTIVITY_MODELS)}.{nearest(activity, ACTIVITY_MODELS)}"
        )
    if not 273.0 <= T <= 373.0:
        raise ConfigError(f"T = {T:g} K is outside 273-373 K (liquid water near body temperature).")
    for c in chosen:
        if c not in constants.components:
            raise ConfigError(
                f"{shown(c)} is not a component of constants '{constants.name}'; "
                f"there are {listing(constants.components, 20)}.{nearest(c, constants.components)}"
            )
    if "H" not in chosen or len(set(chosen)) != len(chosen):
        raise ConfigError(f"components = {listing(chosen, 20)} must hold H, and each only once.")

    column = [constants.components.index(c) for c in chosen]
    others = [k for k in range(len(constants.components)) if k not in column]

    def over_chosen(found: OverBasis, rows: list[int]) -> OverBasis:
        names = tuple(found.names[j] for j in rows)
        return OverBasis(names, found.nu[rows][:, column], found.water[rows], found.log_K[rows])

    found = constants.species_over_basis(T)
    formed = [j for j in range(len(constants.components), len(found.names)) if not found.nu[j, others].any()]
    names, nu, water, log_K = over_chosen(found, column + formed)
    species = [constants.species[n] for n in names]
    A, B = debye_hueckel(T)
    gclass, classes = _gamma_classes(species, activity, A, B)

    def of_chosen(found: OverBasis) -> OverBasis:
        return over_chosen(found, [i for i in range(len(found.names)) if not found.nu[i, others].any()])

    solids = of_chosen(constants.minerals_over_basis(T))

    h = chosen.index("H")
    host = [_host(row, h) for row in nu]
    factor_first, factor = _factors(nu, water, gclass, len(chosen))
    at = [np.flatnonzero(row) for row in nu]
    reactions = Reactions(
        10.0**log_K,
        factor_first.astype(np.uint32),
        factor.astype(np.uint32),
        np.cumsum([0] + [len(i) for i in at]),
        np.concatenate(at).astype(np.uint32),
        np.concatenate([row[i] for row, i in zip(nu, at, strict=True)]),
        gclass.astype(np.uint32),
        classes,
        np.ascontiguousarray(water),
        np.array(host),
        h,
        constants.water_activity_slope,
    )
    return SpeciationTables(
        constants.name,
        activity,
        T,
        A,
        B,
        chosen,
        names,
        np.array([float(s.charge) for s in species]),
        nu,
        water,
        log_K,
        solids.names,
        solids.nu,
        solids.water,
        solids.log_K,
        np.array([constants.minerals[n].nu for n in solids.names]),
        of_chosen(constants.gases_over_basis(T)),
        reactions,
    )


def _gamma_classes(
    species: list[DissolvedSpecies], activity: str, A: float, B: float
) -> tuple[np.ndarray, np.ndarray]:
    """Class of each species, and per class z^2, ln10 A z^2, B a (1 for Davies), ln10 b.

    ln gamma = -(ln10 A z^2) sqrt(I)/(1 + (B a) sqrt(I)) + (ln10 b) I covers all three models.
    """
    classes: dict[tuple[float, float, float, float], int] = {}
    gclass = []
    for s in species:
        z2 = float(s.charge**2)
        if s.charge == 0:
            key = (0.0, 0.0, 1.0, LN10 * s.b)
        elif activity == "davies" or s.ion_size is None:
            key = (z2, LN10 * A * z2, 1.0, LN10 * 0.3 * A * z2)
        else:
            key = (z2, LN10 * A * z2, B * s.ion_size, LN10 * s.b)
        gclass.append(classes.setdefault(key, len(classes)))
    return np.array(gclass), np.array(list(classes))


def _host(row: np.ndarray, h: int) -> int:
    """The one component other than H in a species of one such; -1 for H only, -2 for any other."""
    others = [k for k in np.flatnonzero(row) if k != h]
    if not others:
        return -1
    return int(others[0]) if len(others) == 1 and row[others[0]] == 1.0 else -2


def _factors(nu: np.ndarray, water: np.ndarray, gclass: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Per species, the places in the kernel's g to multiply: a, 1/a, a_w, 1/a_w, 1/gamma."""
    first, factor = [0], []
    for row, w, c in zip(nu, water, gclass, strict=True):
        for k in np.flatnonzero(row):
            factor += [int(k) if row[k] > 0 else n + int(k)] * abs(int(row[k]))
        factor += [2 * n if w > 0 else 2 * n + 1] * abs(int(w))
        factor.append(2 * n + 2 + int(c))
        first.append(len(factor))
    return np.array(first), np.array(factor)
