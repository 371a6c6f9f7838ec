"""The pore water of a cell: what is transported, what kinetics ask for, and the tables between them.

Totals of Ca, P, C, acidity H and the ligands that a model names change in a simulation; Mg, Na, K and Cl
are uniform backgrounds.
The kernels that generated code calls are in `cell_water`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.chemistry.activity import LN10, water_density
from sim.chemistry.constants_sets import ConstantsSet, constants_set, constants_sets
from sim.chemistry.formula import basis
from sim.chemistry.newton.records import FluidEquations
from sim.chemistry.solids import solids, solids_by_phase
from sim.errors import ConfigError, SpeciationError, listing, not_one_of

TRANSPORTED, LIGANDS, BACKGROUND = (
    tuple(n for n, c in basis().items() if c.pore_water == kind)
    for kind in ("transported", "ligand", "background")
)
PHASES = tuple(solids_by_phase(solids()))  # solids whose saturation is computed unless told otherwise
WATER_OUTPUTS = {
    "pH": "1", "ionic_strength": "mol kg-1", "Ca_free": "mol m-3", "P_free": "mol m-3", "C_free": "mol m-3",
    "Mg_free": "mol m-3", "a_Ca": "1", "a_PO4": "1",
}  # fmt: skip

CA, P, C, H = range(len(TRANSPORTED))  # places among the components

# A set of constants without a solid: its ln Omega is -1000, and the solid never forms.
NEVER = 1000.0

# Totals this small [mol/kgw] are rounded away from zero, so that a trial state at the integrator's
# tolerance below zero still has a solution; relative error (1e-12/2T)^2 at total T.
TINY = 1e-12


def outputs_of(phases: Sequence[str] = PHASES) -> dict[str, str]:
    """{name: unit} of what the kernels compute, in order."""
    return WATER_OUTPUTS | {f"ln_omega_{m}": "1" for m in phases}


def transported(ligands: Sequence[str] = ()) -> tuple[str, ...]:
    """Components whose totals change in a simulation, in their order: with these ligands after H.

    Raises ConfigError for what is no ligand, and for one that is named twice.
    """
    for name in ligands:
        if name not in LIGANDS:
            raise ConfigError(not_one_of("ligand", name, LIGANDS))
    if len(set(ligands)) < len(ligands):
        raise ConfigError(f"ligands = {listing(ligands)} must be different ones; name each once.")
    return (*TRANSPORTED, *ligands)


def components_of(ligands: Sequence[str] = ()) -> tuple[str, ...]:
    """Components of the pore water in their order: what is transported, then the background."""
    return (*transported(ligands), *BACKGROUND)


class Minerals(NamedTuple):
    """Dissolution of the phases over the components."""

    nu: np.ndarray  # (phases, components)
    water: np.ndarray
    ln_K: np.ndarray


class Reported(NamedTuple):
    """Species that make up the outputs."""

    free_P: np.ndarray  # all species of P and H alone
    free_C: np.ndarray
    PO4: int
    Mg: int


class PoreWater(NamedTuple):
    """What the kernels read of the pore water of a run; it holds no scratch, and threads may share it."""

    components: tuple[str, ...]
    density: float  # of water, kg/m3
    total: np.ndarray  # (components,) mol/kgw, those of the background
    is_fixed: np.ndarray
    minerals: Minerals
    reported: Reported
    equations: FluidEquations

    @property
    def transported(self) -> int:
        """How many components are transported: the first ones."""
        return len(self.components) - len(BACKGROUND)

    @property
    def memory(self) -> int:
        """How many numbers a solution is: ln activities of the components, ionic strength, ln a_w."""
        return len(self.components) + 2


def pore_water_tables(
    constants: str | ConstantsSet,
    temperature: float,
    background: dict[str, float],
    phases: Sequence[str] = PHASES,
    ligands: Sequence[str] = (),
) -> PoreWater:
    """Tables of the kernels: temperature [K], totals of the background [mol m-3], solids whose saturation
    is computed, ligands that are transported."""
    chosen = constants_set(constants) if isinstance(constants, str) else constants
    return _tables_of(
        chosen, temperature, tuple(background[b] for b in BACKGROUND), tuple(phases), tuple(ligands)
    )


@lru_cache(maxsize=16)  # a sweep asks for the same ones at each of its points, several times
def _tables_of(
    chosen: ConstantsSet, temperature: float, background: tuple[float, ...], phases: tuple[str, ...],
    ligands: tuple[str, ...],
) -> PoreWater:  # fmt: skip
    components = components_of(ligands)
    _check_held(chosen, ligands)
    t = chosen.tables(components, temperature)
    nu = np.zeros((len(phases), len(components)))
    water, ln_K = np.zeros(len(phases)), np.full(len(phases), NEVER)
    for i, mineral in enumerate(phases):
        if mineral in t.minerals:
            k = t.minerals.index(mineral)
            nu[i], water[i] = t.mineral_nu[k], t.mineral_water[k]
            ln_K[i] = t.mineral_log_K[k] * LN10
    density = water_density(temperature)
    total = np.array([0.0] * len(transported(ligands)) + [b / density for b in background])
    free_P, free_C = (_species_of(t.nu != 0, (k, H)) for k in (P, C))
    reported = Reported(free_P, free_C, t.species.index("PO4"), t.species.index("Mg"))
    is_fixed = np.zeros(len(components), np.uint8)
    return PoreWater(components, density, total, is_fixed, Minerals(nu, water, ln_K), reported, t.equations)


def _check_held(chosen: ConstantsSet, ligands: Sequence[str]) -> None:
    """Refuse a ligand that the set of constants does not hold."""
    for name in ligands:
        if name not in chosen.components:
            sets = [s for s in constants_sets() if name in constants_set(s).components]
            raise ConfigError(
                f"constants '{chosen.name}' hold no {name}, a ligand of the model; take a set that does "
                f"({listing(sets)}), or a model without it."
            )


def _species_of(holds: np.ndarray, components: tuple[int, int]) -> np.ndarray:
    """Species that hold the first of two components, and none beside the two."""
    others = [k for k in range(holds.shape[1]) if k not in components]
    return np.flatnonzero(holds[:, components[0]] & ~holds[:, others].any(axis=1))


def acidity_at(pH: float, totals: Sequence[float], tables: PoreWater) -> float:
    """Acidity H [mol m-3] that gives this pH with totals of Ca, P, C and the ligands [mol m-3]."""
    from sim.chemistry.newton.straight.one_fluid import (
        solve_one,  # here: names and units need no machine code
    )

    r = tables.equations.reactions
    total = tables.total.copy()
    given = [k for k in range(tables.transported) if k != H]
    total[given] = np.array(totals) / tables.density
    x = np.full(tables.memory, np.nan)
    x[H] = -pH * LN10
    m, solved = solve_one(tables.equations, total, x, at_pH=True)
    if not solved:
        shown = ", ".join(f"{tables.components[k]} = {v:g}" for k, v in zip(given, totals, strict=True))
        raise SpeciationError(f"no equilibrium was found for {shown} mM at pH {pH:g}.")
    acidity = 0.0
    for j in range(m.size):
        for i in range(r.first[j], r.first[j + 1]):
            if r.component[i] == H:
                acidity += r.nu[i] * m[j]
    return float(acidity * tables.density)
