"""Tables of species, reactions and numbers: those of the package, read once, and those of a user's files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from sim.chemistry.solids import Solid
from sim.errors import ConfigError, ModelError, nearest, not_one_of, shown
from sim.model.library.reactions import Reaction, read_reactions
from sim.model.species import Coefficient, Named, Species
from sim.parameters import Parameters, load_parameters, parameters_from
from sim.parameters.sections import LONGEST_TEXT, Section, finite_number, table_of, tables_of_file
from sim.units import parse_unit

KEYS = tuple(k for k in Species.__dataclass_fields__ if k not in ("name", "solid"))


@lru_cache
def package_numbers() -> Parameters:
    return load_parameters(_data("processes.toml"))


@lru_cache
def package_places() -> Parameters:
    """What may be said of a layer or region: "fields.citrate", "start.viable"."""
    return load_parameters(_data("fields.toml"))


@lru_cache
def package_species() -> dict[str, Species]:
    return species_from(tables_of_file(_data("species.toml")), "species.toml")


@lru_cache
def package_reactions() -> dict[str, Reaction]:
    return read_reactions(tables_of_file(_data("reactions.toml")), "reactions.toml")


def _data(name: str) -> Traversable:
    return resources.files("sim") / "data" / name


def reactions_file(
    path: str | Path | Traversable,
) -> tuple[dict[str, Reaction], Parameters, dict[str, Species]]:
    """Reactions, parameters and species of a file of reactions."""
    content = tables_of_file(path)
    numbers = parameters_from(content.pop("parameters", {}), f"{path}: [parameters]")
    species = species_from(content.pop("species", {}), f"{path}: [species]")
    return read_reactions(content, str(path)), numbers, species


def species_from(tables: object, where: str) -> dict[str, Species]:
    """Species of tables already read."""
    return {
        name: _species(name, table, f"{where}: [{name}]")
        for name, table in table_of(tables, where, ModelError).items()
    }


def _species(name: str, table: object, where: str) -> Species:
    given = Section(table, where, KEYS, ModelError)
    content = given.content
    diffusivity = content.get("diffusivity", 0.0)
    try:
        parse_unit(unit := given.text("unit", Species.unit))
        return Species(
            name,
            diffusivity=_named(diffusivity, f"{where}: diffusivity"),
            scale=given.number("scale", Species.scale),
            contains={
                e: _coefficient(v, f"{where}: contains: {e}") for e, v in given.table("contains").items()
            },
            unit=unit,
            pool=given.text("pool"),
            signed=given.yes("signed"),
            initial=_coefficient(content.get("initial", Species.initial), f"{where}: initial"),
            initial_per=given.text("initial_per", most=60),
            healthy=_coefficient(content.get("healthy", Species.healthy), f"{where}: healthy"),
            equilibrated=given.yes("equilibrated"),
            description=given.text("description", most=LONGEST_TEXT),
            surface_for=given.names("surface_for", "names of solids, as ['HAP']"),
            adsorption=given.text("adsorption", most=60),
            colour=given.colour("colour"),
            short_name=given.text("short_name", most=60),
            shown_in=given.text("shown_in", most=40),
            covers=given.text("covers", most=60),
        )
    except ConfigError as error:
        text = str(error)
        raise ModelError(text if text.startswith(where) else f"{where}: {text}") from None


def _named(value: object, where: str) -> Named:
    """A number, or text that stands for one."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ModelError(f"{where} = {shown(value)} is neither a number nor the name of a parameter.")
    return finite_number(value, where)


def _coefficient(value: object, where: str) -> Coefficient:
    """A number, the name of a parameter, or a list of such, which are added."""
    return tuple(_named(v, where) for v in value) if isinstance(value, list) else _named(value, where)


def species_of_solids(facts: Iterable[Solid]) -> Iterator[Species]:
    """A species for each solid, and those that count its crystals."""
    for solid in facts:
        yield Species(solid.name, solid=solid)
        yield from species_from(solid.crystals, f"[{solid.name}.crystals]").values()


def check_surfaces(species: Iterable[Species], solids: Iterable[str]) -> None:
    """Refuse species that say they are a surface for what is no solid."""
    known = tuple(solids)
    for s in species:
        for name in s.surface_for:
            if name not in known:
                raise ModelError(
                    f"{s.name}: surface_for names {shown(name)}, which is no solid.{nearest(name, known)}"
                )


def check_covers(species: Iterable[Species], sites: Iterable[str]) -> None:
    """Refuse species that cover what is no field of nucleation sites, or what another one covers."""
    known, taken = tuple(sites), dict[str, str]()
    for s in species:
        if s.covers and s.covers not in known:
            raise ModelError(not_one_of(f"{s.name}: covers", s.covers, known))
        if s.covers in taken:
            raise ModelError(
                f"{s.name} and {taken[s.covers]} both cover {s.covers}, whose bare sites one share tells."
            )
        if s.covers:
            taken[s.covers] = s.name


def crystals_of(facts: Iterable[Solid]) -> list[str]:
    return [name for solid in facts for name in solid.crystals]
