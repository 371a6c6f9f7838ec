"""The model of dystrophic calcification, put together from formulas and data.

Species are tables of data/species.toml, solids of data/minerals.toml, reactions of data/reactions.toml,
numbers of data/processes.toml; here are the quantities that rates share. `model` takes more such files.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np

from sim.chemistry import aqueous as water
from sim.chemistry import aqueous_lanes
from sim.chemistry.constants_sets import extended_set
from sim.chemistry.solids import Solid, load_solids, solids, solids_by_phase
from sim.errors import ConfigError, ModelError, nearest
from sim.kinetics import acid, growth, inhibition, nucleation, phosphatase, porosity
from sim.model.collector import SURFACE, VOLUME, Sum
from sim.model.model import Model
from sim.model.process import Derived, Kernel, Process
from sim.model.reactions import (
    OMEGA,
    TEMPLATE,
    Reaction,
    check_species,
    own_parameters,
    read_reactions,
    unbalanced,
)
from sim.model.species import Species
from sim.parameters import Parameters, load_parameters, parameters_from
from sim.parameters.references import read_text

GROWTH_LAWS = ("affinity", "spiral", "two_activity")
Files = Iterable[str | Path | Traversable]

# name: (default, unit, description); uniform over a layer of a scenario, constant in time
FIELDS = {
    "phi0": (0.7, "1", "pore water of the tissue without mineral"),
    "buffer": (0.0, "mol m-3", "titratable sites of tissue protein"),
    "collagen": (0.0, "m-3", "nucleation sites on collagen"),
    "elastin": (0.0, "m-3", "nucleation sites on elastin"),
    "device": (0.0, "m-3", "nucleation sites on an implant"),
    "pH_hold": (0.0, "1", "pH imposed from outside; 0 leaves it free"),
    "inhibitor": (1.0, "1", "level of protein inhibitors, interstitial fluid = 1"),
}
WATER_LABELS = {
    "pH": "pH",
    "ionic_strength": "ionic strength",
    "Ca_free": "free calcium ions",
    "P_free": "free orthophosphate",
    "C_free": "free carbonate and CO2",
}


def model(
    constants: str = "tissue-37C", growth_law: str = "affinity", minerals: Files = (), reactions: Files = ()
) -> Model:
    """The whole model.

    constants: a named set; growth_law: "affinity", "spiral", "two_activity"
    minerals, reactions: paths of further tables, as data/minerals.toml and data/reactions.toml; a table
        with a name that exists replaces it
    """
    if growth_law not in GROWTH_LAWS:
        raise ConfigError(
            f"growth_law = '{growth_law}' is not one of {', '.join(GROWTH_LAWS)}."
            f"{nearest(growth_law, GROWTH_LAWS)}"
        )
    facts = dict(solids())
    for path in minerals:
        facts |= load_solids(path, facts)
    given, numbers, species = dict(_reactions()), _numbers(), dict(_species())
    for path in reactions:
        more, own, new = _own_file(path)
        given, species = given | more, species | new
        numbers = Parameters({**numbers, **own})
    check_species(given.values(), (*species, *facts, *_crystals(facts.values())))
    named = {s for r in given.values() for s in r.changes}
    reacting = {n: s for n, s in facts.items() if n in named}
    processes = tuple(r.process(numbers, facts, solids_by_phase(facts)) for r in given.values())
    made = (*species.values(), *_solid_species(reacting.values()))
    derived = tuple(_derived(constants, growth_law, numbers, made, processes))
    built = Model(
        made,
        processes,
        derived,
        FIELDS,
        _shared(numbers, made, *derived, *processes),
        "dystrophic calcification",
    )
    wrong = unbalanced(given.values(), built.imbalance({n: p.si for n, p in built.parameters.items()}))
    if wrong:
        raise ModelError(wrong)
    return built


def speciation(constants: str, phases: Iterable[str], more: Iterable[Solid] = ()) -> Derived:
    """Equilibrium of the pore water with a named set of constants.

    phases: whose saturation is computed; more: solids with a solubility of their own
    """
    wanted, own = tuple(phases), tuple(s for s in more if s.solubility)

    def tables(p: dict[str, float]) -> tuple:
        background = {b: p[f"fluid.{b}"] for b in water.BACKGROUND}
        return aqueous_lanes.lane_tables(
            extended_set(constants, own), p["fluid.temperature"], background, wanted
        )

    names = {n: n for n in water.COMPONENTS[: water.TRANSPORTED]}
    found = water.outputs_of(wanted)
    labels = tuple(WATER_LABELS.get(n, "") for n in found)
    return Derived("speciation", pore_water(tables), {}, names, tuple(found), tuple(found.values()), labels)


def with_constants(model: Model, constants: str) -> Model:
    """The model with the equilibrium of its pore water by another set of constants."""
    found = [d for d in model.derived if d.name == "speciation"]
    if not found:
        return model
    phases = [o.removeprefix(OMEGA) for d in found for o in d.outputs if o.startswith(OMEGA)]
    return model.with_derived(speciation(constants, phases, (s.solid for s in model.solids if s.solid)))


def pore_water(tables: Callable[[dict[str, float]], tuple]) -> Kernel:
    """The kernel of speciation in blocks of cells; tables(parameters): aqueous_lanes.lane_tables."""
    return Kernel(
        "sim.chemistry.aqueous_lanes", "aqueous_lanes", "aqueous_slopes_lanes", water.MEMORY,
        np.full(water.MEMORY, np.nan), aqueous_lanes.scratch_size, tables,
    )  # fmt: skip


@lru_cache
def _numbers() -> Parameters:
    return load_parameters(_data("processes.toml"))


@lru_cache
def _species() -> dict[str, Species]:
    return _species_of(_tables(_data("species.toml")), "species.toml")


@lru_cache
def _reactions() -> dict[str, Reaction]:
    return read_reactions(_tables(_data("reactions.toml")), "reactions.toml")


def _data(name: str) -> Traversable:
    return resources.files("sim") / "data" / name


def _tables(path: str | Path | Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path, ConfigError))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None


def _own_file(path: str | Path | Traversable) -> tuple[dict[str, Reaction], Parameters, dict[str, Species]]:
    """Reactions, parameters and species of a file of reactions."""
    content = _tables(path)
    numbers = parameters_from(content.pop("parameters", {}), str(path))
    species = _species_of(content.pop("species", {}), str(path))
    return read_reactions(content, str(path)), numbers, species


def _species_of(tables: Mapping[str, Mapping[str, Any]], where: str) -> dict[str, Species]:
    """Species of tables already read."""
    keys = [k for k in Species.__dataclass_fields__ if k not in ("name", "solid")]
    found = {}
    for name, table in tables.items():
        for key in table:
            if key not in keys:
                raise ModelError(f"{where}: [{name}] has an unknown key '{key}'.{nearest(key, keys)}")
        entry = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
        contains = table.get("contains", {})
        entry["contains"] = {e: tuple(v) if isinstance(v, list) else v for e, v in contains.items()}
        found[name] = Species(name, **entry)
    return found


def _solid_species(facts: Iterable[Solid]) -> Iterator[Species]:
    """A species for each solid, and those that count its crystals."""
    for solid in facts:
        yield Species(solid.name, solid=solid)
        yield from _species_of(solid.crystals, solid.name).values()


def _crystals(facts: Iterable[Solid]) -> list[str]:
    return [name for solid in facts for name in solid.crystals]


def _shared(numbers: Parameters, species: Iterable[Species], *owners: Derived | Process) -> Parameters:
    """Parameters that belong to no formula's own group: named in contents, changes and inputs."""
    named = {f"fluid.{b}" for b in water.BACKGROUND}
    named |= {"fluid.temperature", "transport.archie", "growth.seed_diameter"}
    values: list[object] = [v for o in owners for v in o.inputs.values()]
    values += [v for o in owners if isinstance(o, Process) for v in o.changes.values()]
    values += [v for s in species for v in (*s.contains.values(), s.diffusivity, s.initial)]
    for value in values:
        for v in value if isinstance(value, tuple) else (value,):
            if isinstance(v, str) and "." in v:
                named.add(v.removeprefix("-"))
    return Parameters({n: p for n, p in numbers.items() if n in named})


def _derived(
    constants: str, law: str, numbers: Parameters, species: Iterable[Species], processes: Iterable[Process]
) -> Iterator[Derived]:
    """The quantities that rates share, in the order in which results show them."""

    def derived(
        name: str, formula: Callable | Sum, outputs: str = "", units: str = "1", *, shown: bool = True,
        within: str = "", label: str = "", **inputs: str,
    ) -> Derived:  # fmt: skip
        """A quantity with its parameters from data/processes.toml; within: the group they are in."""
        names = tuple((outputs or name).split())
        given = tuple(units.split("; ")) if ";" in units else (units,) * len(names)
        key = f"{within}: {name}" if within else name
        own = {} if isinstance(formula, Sum) else own_parameters(key, formula, inputs, numbers)
        return Derived(key, formula, own, inputs, names, given, tuple(label.split("; ")), shown)

    V, T = "mineral.V_HAP", "fluid.temperature"
    held = [s.solid for s in reversed(tuple(species)) if s.solid is not None]
    read = [n.removeprefix(OMEGA) for p in processes for n in p.needs if n.startswith(OMEGA)]
    phases = dict.fromkeys([*(s.phase for s in held if s.phase), *read])
    yield derived("open_porosity", Sum(VOLUME, taken_from="phi0"), within="porosity", shown=False)
    yield derived("porosity", porosity.porosity, label="porosity")
    yield speciation(constants, phases, held)
    yield derived("sites", acid.sites_taken, "share_H share_Ca", within="buffer", shown=False)
    yield derived("pH_factors", phosphatase.pH_factors, "f_alk f_acid", within="phosphatase", shown=False)
    yield derived("ester_hydrolysis", phosphatase.hydrolysis, units="mol m-3 s-1", within="phosphatase")
    yield derived("inhibition", inhibition.inhibition, label="inhibition factor")
    yield derived(
        "nucleation", nucleation.nucleation, "nucleation_rate critical_diameter",
        units="m-3 s-1; m", label="nucleation rate of HAP; critical diameter", temperature=T, molar_volume=V,
    )  # fmt: skip
    room = {
        "porosity": "open_porosity", "phi_min": "porosity.phi_min", "width": "porosity.room_width",
    }  # fmt: skip
    yield derived("room", growth.room, shown=False, **room)
    laws = {"affinity": growth.affinity, "spiral": growth.spiral, "two_activity": growth.two_activity}
    extra = {"molar_volume": V} if law == "two_activity" else {}
    key = {"affinity": "growth"}.get(law, law)
    yield derived(
        "growth_rate",
        laws[law],
        units="m s-1",
        within=key,
        label="growth rate of HAP crystals",
        **room,
        **extra,
    )
    yield derived(
        "shrinkage", growth.dissolution, units="s-1", within="dissolution",
        ln_omega_HAP="ln_omega_HAP", molar_volume=V,
    )  # fmt: skip
    for name in dict.fromkeys(n for p in processes for n in p.needs if n.startswith(TEMPLATE)):
        yield derived(name, Sum(SURFACE, name.removeprefix(TEMPLATE)), units="mol m-3", shown=False)
