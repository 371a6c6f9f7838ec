"""The model of dystrophic calcification, put together from formulas and data.

Species are tables of data/species.toml, solids of data/minerals.toml, reactions of data/reactions.toml,
numbers of data/processes.toml, fields of data/fields.toml; the quantities that rates share are in
quantities.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

from sim.chemistry import pore_water as water
from sim.chemistry.constants_sets import constants_set, constants_sets
from sim.chemistry.solids import Solid, load_solids, solids, solids_by_phase
from sim.errors import ConfigError, ModelError, nearest, not_one_of
from sim.model.checks import check_ligands
from sim.model.library.parts import named_parts
from sim.model.library.parts import parts as library_parts
from sim.model.library.quantities import (
    SPECIATION,
    ligands_of,
    pore_water,
    shared_quantities,
    speciation,
)
from sim.model.library.reactions import check_species, unbalanced
from sim.model.library.tables import (
    check_covers,
    check_surfaces,
    crystals_of,
    package_numbers,
    package_places,
    package_reactions,
    package_species,
    reactions_file,
    species_of_solids,
)
from sim.model.model import Model
from sim.model.process import Derived, Process
from sim.model.species import Species
from sim.model.words.names import OMEGA, TIME, meaning
from sim.parameters import Parameters
from sim.public import public
from sim.units import si_unit

__all__ = ["FIELDS", "GROWTH_LAWS", "model", "pore_water", "speciation", "with_constants"]

GROWTH_LAWS = ("affinity", "spiral", "two_activity")
File = str | Path | Traversable

# name: (default, unit, description); uniform over a layer of a scenario, constant in time
FIELDS = {
    name.removeprefix("fields."): (p.si, si_unit(p.unit), p.description)
    for name, p in package_places().items()
    if name.startswith("fields.")
}


@public
def model(
    constants: str = "tissue-37C",
    growth_law: str = "affinity",
    minerals: File | Iterable[File] = (),
    reactions: File | Iterable[File] = (),
    parts: str | Iterable[str] = (),
    ligands: str | Iterable[str] = (),
) -> Model:
    """The whole model.

    constants: a named set; growth_law: "affinity", "spiral", "two_activity"
    minerals, reactions: paths of further tables, as data/minerals.toml and data/reactions.toml; a table
        with a name that exists replaces it (docs/own_mineral.md, docs/own_reaction.md)
    parts: names of parts of the library that not every scenario has, as "soaps" (`hapsim parts`)
    ligands: components of a fluid, such as "EDTA", that are mobile species of the model and bind ions of its
        pore water, beside those of its parts; one with the name of a field, citrate, takes the place of it
        (docs/own_reaction.md)
    """
    if growth_law not in GROWTH_LAWS:
        raise ConfigError(not_one_of("growth_law", growth_law, GROWTH_LAWS))
    chosen = [library_parts()[name] for name in named_parts(parts)]
    named_ligands = (ligands,) if isinstance(ligands, str) else tuple(ligands)
    bound = tuple(dict.fromkeys([*(n for part in chosen for n in part.ligands), *named_ligands]))
    facts = dict(solids()) | {n: s for part in chosen for n, s in part.solids.items()}
    for path in _paths(minerals):
        facts |= (own := load_solids(path, facts))
        _check_soluble(own.values(), str(path))
        _ = tuple(species_of_solids(own.values()))  # slips of one that does not react are told too
    given, numbers, species = dict(package_reactions()), package_numbers(), dict(package_species())
    for part in chosen:
        given, species = given | part.reactions, species | part.species
        numbers = Parameters({**numbers, **part.parameters})
    for path in _paths(reactions):
        more, values, new = reactions_file(path)
        given, species = given | more, species | new
        numbers = Parameters({**numbers, **values})
    check_species(given.values(), (*species, *facts, *crystals_of(facts.values())))
    named = {s for r in given.values() for s in r.changes}
    reacting = {n: s for n, s in facts.items() if n in named}
    processes = tuple(r.process(numbers, facts, solids_by_phase(facts)) for r in given.values())
    made = (*species.values(), *species_of_solids(reacting.values()))
    check_ligands(bound, made)
    own_quantities = tuple(q.derived(numbers) for part in chosen for q in part.quantities)
    derived = (
        *shared_quantities(constants, growth_law, numbers, made, processes, own_quantities, bound),
        *own_quantities,
    )
    fields = {n: f for n, f in FIELDS.items() if n not in bound}
    _check_free(species, facts, derived, fields)
    check_surfaces(species.values(), facts)
    check_covers(species.values(), (n for n, (_, unit, _) in FIELDS.items() if unit == "m-3"))
    built = Model(
        made,
        processes,
        derived,
        fields | {n: f for part in chosen for n, f in part.places.items()},
        _shared(numbers, made, *derived, *processes),
        "dystrophic calcification",
    )
    wrong = unbalanced(given.values(), built.imbalance({n: p.si for n, p in built.parameters.items()}))
    if wrong:
        raise ModelError(wrong)
    return built


@public
def with_constants(model: Model, constants: str, shifts: Mapping[str, float] | None = None) -> Model:
    """The model with the equilibrium of its pore water by another set of constants.

    shifts: {phase: decades that are added to its log10 solubility product}, to ask how much one matters
    """
    found = [d for d in model.derived if d.name == SPECIATION]
    if not found:
        return model
    phases = [o.removeprefix(OMEGA) for d in found for o in d.outputs if o.startswith(OMEGA)]
    own = (s.solid for s in model.solids if s.solid)
    return model.with_derived(speciation(constants, phases, own, shifts or {}, ligands_of(found)))


def _paths(given: File | Iterable[File]) -> tuple[File, ...]:
    """One path or several."""
    return (given,) if isinstance(given, str | Path | Traversable) else tuple(given)


def _check_soluble(own: Iterable[Solid], where: str) -> None:
    """Refuse a solid of which nothing says how soluble it is: it would never form, without a word."""
    known = dict.fromkeys(m for name in constants_sets() for m in constants_set(name).minerals)
    for solid in own:
        if not solid.solubility and solid.phase not in known:
            raise ModelError(
                f"{where}: [{solid.name}] no set of constants has a phase '{solid.phase}'; give the solid a "
                f"solubility, or a phase that there is.{nearest(solid.phase, known)}"
            )


def _check_free(
    species: Iterable[str], facts: Mapping[str, Solid], derived: Iterable[Derived], fields: Iterable[str]
) -> None:
    """Refuse names of tables that mean something else in formulas or results, reacting or not."""
    taken = {o: "a derived quantity" for d in derived for o in d.outputs}
    taken |= dict.fromkeys(fields, "a field") | {TIME: "the time"}
    counters = crystals_of(facts.values())
    for what, names in (("species", species), ("solid", facts), ("count of crystals", counters)):
        for name in names:
            means = taken.get(name) or meaning(name)
            if means:
                raise ModelError(f"[{name}] cannot name a {what}: '{name}' is {means}; choose another name.")
    of_species = set(species)
    for name in (*facts, *counters):
        if name in of_species:
            raise ModelError(f"[{name}] cannot name a solid: '{name}' is a species; choose another name.")


def _shared(numbers: Parameters, species: Iterable[Species], *owners: Derived | Process) -> Parameters:
    """Parameters that belong to no formula's own group: named in contents, changes and inputs."""
    named = {f"fluid.{b}" for b in water.BACKGROUND}
    named |= {"fluid.temperature", "transport.archie", "growth.seed_diameter"}
    values: list[object] = [v for o in owners for v in o.inputs.values()]
    values += [v for o in owners if isinstance(o, Process) for v in o.changes.values()]
    values += [v for s in species for v in (*s.contains.values(), s.diffusivity, s.initial, s.adsorption)]
    for value in values:
        for v in value if isinstance(value, tuple) else (value,):
            if isinstance(v, str) and "." in v:
                named.add(v.removeprefix("-"))
    return Parameters({n: p for n, p in numbers.items() if n in named})
