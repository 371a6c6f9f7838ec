"""The quantities that rates share: pore water, porosity, growth rate, surfaces; wired from formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from sim.chemistry import pore_water as water
from sim.chemistry.cell_water.one_cell import solve_cell
from sim.chemistry.cell_water.places import numbers_of, tolerate
from sim.chemistry.cell_water.water_iteration import water_iteration
from sim.chemistry.constants_sets import extended_set, shifted_set
from sim.chemistry.pore_water import PoreWater
from sim.chemistry.solids import Solid
from sim.kinetics import acid, growth, inhibition, living, nucleation, phosphatase, porosity, precursors
from sim.model.collector import ADSORBED, SURFACE, VOLUME, Sum
from sim.model.library.reactions import TEMPLATE, own_parameters
from sim.model.process import Derived, Kernel, Process
from sim.model.species import Species
from sim.model.words.names import OMEGA
from sim.parameters import Parameters

SPECIATION = "speciation"
BARE = "bare_"  # before the sites of a matrix: what of them no cover hides


def speciation(
    constants: str,
    phases: Iterable[str],
    more: Iterable[Solid] = (),
    shifts: Mapping[str, float] = MappingProxyType({}),
    ligands: Iterable[str] = (),
) -> Derived:
    """Equilibrium of the pore water with a named set of constants.

    phases: whose saturation is computed; more: solids with a solubility of their own
    shifts: {phase: decades that are added to its log10 solubility product}
    ligands: components of the fluid, such as "EDTA", that are species of the model and bind its ions
    Raises ConfigError for a ligand that there is not, or that the set of constants does not hold.
    """
    moved = dict(shifts)  # a plain one travels to other processes
    wanted, own, bound = tuple(phases), tuple(s for s in more if s.solubility), tuple(ligands)

    def tables(p: dict[str, float]) -> PoreWater:
        background = {b: p[f"fluid.{b}"] for b in water.BACKGROUND}
        chosen = shifted_set(extended_set(constants, own), moved)
        return water.pore_water_tables(chosen, p["fluid.temperature"], background, wanted, bound)

    names = {n: n for n in water.transported(bound)}
    found = water.outputs_of(wanted)
    return Derived(SPECIATION, pore_water(tables), {}, names, tuple(found), tuple(found.values()))


def pore_water(tables: Callable[[dict[str, float]], PoreWater]) -> Kernel:
    """Speciation in every cell; tables(parameters): its species, phases and constants. Which components,
    species and phases there are must not depend on the parameters."""
    usual = {"fluid.temperature": 310.15} | {f"fluid.{b}": 1.0 for b in water.BACKGROUND}

    def alone(parameters: dict[str, float]) -> Callable[[np.ndarray, np.ndarray], bool]:
        return partial(solve_cell, tables(parameters))

    code = water_iteration(tables(usual))
    unsolved = np.full(code.memory, np.nan)
    return Kernel(code, unsolved, lambda p: numbers_of(tables(p)), alone, tolerate)


def ligands_of(derived: Iterable[Derived]) -> tuple[str, ...]:
    """The ligands that a speciation among these quantities takes, in their order."""
    return tuple(n for d in derived if d.name == SPECIATION for n in d.inputs.values() if n in water.LIGANDS)


def shared_quantities(
    constants: str,
    law: str,
    numbers: Parameters,
    species: Iterable[Species],
    processes: Iterable[Process],
    given: Iterable[Derived] = (),
    ligands: Iterable[str] = (),
) -> Iterator[Derived]:
    """The quantities that rates share, in the order in which results show them. given: further ones that
    there are; a saturation among them is not asked of the pore water"""

    def derived(
        name: str, formula: Callable[..., Any] | Sum, outputs: str = "", units: str = "1", within: str = "",
        shown: bool = True, inputs: Mapping[str, str] = MappingProxyType({}),
    ) -> Derived:  # fmt: skip
        """A quantity with its parameters from data/processes.toml; within: the group they are in."""
        names = tuple((outputs or name).split())
        given = tuple(units.split("; ")) if ";" in units else (units,) * len(names)
        key = f"{within}: {name}" if within else name
        own = {} if isinstance(formula, Sum) else own_parameters(key, formula, inputs, numbers)
        return Derived(key, formula, own, dict(inputs), names, given, shown=shown)

    V, T = "mineral.V_HAP", "fluid.temperature"
    every = tuple(species)
    held = [s.solid for s in reversed(every) if s.solid is not None]
    read = [n.removeprefix(OMEGA) for p in processes for n in p.needs if n.startswith(OMEGA)]
    known = {o.removeprefix(OMEGA) for d in given for o in d.outputs}
    phases = [p for p in dict.fromkeys([*(s.phase for s in held if s.phase), *read]) if p not in known]
    yield derived("open_porosity", Sum(VOLUME, taken_from="phi0"), within="porosity", shown=False)
    yield derived("porosity", porosity.porosity)
    yield speciation(constants, phases, held, ligands=ligands)
    yield derived("sites", acid.sites_taken, "share_H share_Ca", within="buffer", shown=False)
    yield derived("pH_factors", phosphatase.pH_factors, "f_alk f_acid", within="phosphatase", shown=False)
    yield derived("ester_hydrolysis", phosphatase.hydrolysis, units="mol m-3 s-1", within="phosphatase")
    yield derived("adsorbed", Sum(ADSORBED), within="inhibition", shown=False)
    yield derived("occupancy", inhibition.occupancy, within="inhibition")
    yield derived("inhibition", inhibition.pinning)
    yield derived("uncovered", inhibition.uncovered, within="inhibition", shown=False)
    yield derived("clearance_rate", living.clearance, units="s-1", within="clearance")
    yield derived("room", growth.room, within="porosity", shown=False)
    covers = {s.covers: s.name for s in every if s.covers}
    for sites, cover in covers.items():
        yield derived(
            BARE + sites, living.bare, units="m-3", within=sites, shown=False,
            inputs={"sites": sites, "masked": cover},
        )  # fmt: skip
    at = {sites: BARE + sites for sites in covers}
    yield derived(
        "nucleation", nucleation.nucleation, "nucleation_rate critical_diameter",
        units="m-3 s-1; m",
        inputs={"temperature": T, "molar_volume": V, "precursors": TEMPLATE + "HAP"} | at,
    )  # fmt: skip
    yield derived("ripening_rate", precursors.ripening, units="mol m-3 s-1", within="granules", shown=False)
    yield derived(
        "ripened_number", precursors.ripened_number, units="m-3 s-1", within="granules", shown=False,
        inputs={"molar_volume": V},
    )  # fmt: skip
    laws: dict[str, Callable[..., Any]] = {
        "affinity": growth.affinity, "spiral": growth.spiral, "two_activity": growth.two_activity,
    }  # fmt: skip
    extra = {"molar_volume": V} if law == "two_activity" else {}
    key = {"affinity": "growth"}.get(law, law)
    yield derived(
        "growth_rate",
        laws[law],
        units="m s-1",
        within=key,
        inputs=extra,
    )
    yield derived(
        "shrinkage", growth.dissolution, units="s-1", within="dissolution",
        inputs={"ln_omega_HAP": "ln_omega_HAP", "molar_volume": V},
    )  # fmt: skip
    templates = (n for p in processes for n in p.needs if n.startswith(TEMPLATE))
    for name in dict.fromkeys([TEMPLATE + "HAP", *templates]):
        yield derived(name, Sum(SURFACE, name.removeprefix(TEMPLATE)), units="mol m-3", shown=False)
