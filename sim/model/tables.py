"""Tables of species, reactions and numbers: those of the package, read once, and those of a user's files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from sim.chemistry.solids import Solid
from sim.errors import ConfigError, ModelError, nearest
from sim.model.reactions import Reaction, read_reactions
from sim.model.species import Species
from sim.parameters import Parameters, load_parameters, parameters_from
from sim.parameters.references import read_text


@lru_cache
def package_numbers() -> Parameters:
    return load_parameters(_data("processes.toml"))


@lru_cache
def package_species() -> dict[str, Species]:
    return species_from(_tables(_data("species.toml")), "species.toml")


@lru_cache
def package_reactions() -> dict[str, Reaction]:
    return read_reactions(_tables(_data("reactions.toml")), "reactions.toml")


def _data(name: str) -> Traversable:
    return resources.files("sim") / "data" / name


def _tables(path: str | Path | Traversable) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path, ConfigError))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from None


def reactions_file(
    path: str | Path | Traversable,
) -> tuple[dict[str, Reaction], Parameters, dict[str, Species]]:
    """Reactions, parameters and species of a file of reactions."""
    content = _tables(path)
    numbers = parameters_from(content.pop("parameters", {}), str(path))
    species = species_from(content.pop("species", {}), str(path))
    return read_reactions(content, str(path)), numbers, species


def species_from(tables: Mapping[str, Mapping[str, Any]], where: str) -> dict[str, Species]:
    """Species of tables already read."""
    keys = [k for k in Species.__dataclass_fields__ if k not in ("name", "solid")]
    found = {}
    for name, table in tables.items():
        for key in table:
            if key not in keys:
                raise ModelError(f"{where}: [{name}] has an unknown key '{key}'.{nearest(key, keys)}")
        entry: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
        contains = table.get("contains", {})
        entry["contains"] = {e: tuple(v) if isinstance(v, list) else v for e, v in contains.items()}
        found[name] = Species(name, **entry)
    return found


def species_of_solids(facts: Iterable[Solid]) -> Iterator[Species]:
    """A species for each solid, and those that count its crystals."""
    for solid in facts:
        yield Species(solid.name, solid=solid)
        yield from species_from(solid.crystals, solid.name).values()


def crystals_of(facts: Iterable[Solid]) -> list[str]:
    return [name for solid in facts for name in solid.crystals]
