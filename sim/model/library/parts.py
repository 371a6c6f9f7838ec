"""Parts of the library that most scenarios do without (soaps, scar, urine), a file of data/parts each.

A scenario names those that it needs, `parts = ["soaps"]`, so that others do not carry their species.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from sim.chemistry.solids import Solid, solids, solids_from
from sim.errors import ConfigError, ModelError, not_one_of, shown
from sim.model.library.reactions import Reaction, laws, own_parameters, read_reactions
from sim.model.library.tables import species_from
from sim.model.process import Derived
from sim.model.species import Species
from sim.parameters import Parameters, parameters_from
from sim.parameters.sections import LONGEST_TEXT, Section, table_of, tables_of_file
from sim.units import si_unit

__all__ = ["LibraryPart", "Quantity", "named_parts", "part_names", "parts"]

TABLES = ("species", "solids", "parameters", "quantities", "fields")
HEAD = ("title", "description", "ligands")
OF_QUANTITY = ("law", "reads", "unit", "description")


@dataclass(frozen=True)
class Quantity:
    """A quantity that rates of a part share: a formula of sim/kinetics, what it reads, its unit."""

    name: str
    law: str
    reads: Mapping[str, str]
    unit: str
    description: str

    @property
    def output(self) -> str:
        """What formulas call it: its name after the colon."""
        return self.name.rpartition(":")[2].strip()

    def derived(self, numbers: Parameters) -> Derived:
        """The quantity with its parameters from the table."""
        formula, reads = laws()[self.law], dict(self.reads)
        own = own_parameters(self.name, formula, reads, numbers)
        return Derived(self.name, formula, own, reads, (self.output,), (self.unit,), (self.description,))


@dataclass(frozen=True)
class LibraryPart:
    """What a file of data/parts brings.

    ligands: components of the pore water that it transports beside those of every model
    fields: what may be said of layers, with defaults, as data/fields.toml
    """

    name: str
    title: str
    description: str = ""
    species: dict[str, Species] = field(default_factory=dict)
    solids: dict[str, Solid] = field(default_factory=dict)
    parameters: Parameters = field(default_factory=lambda: Parameters({}))
    quantities: tuple[Quantity, ...] = ()
    fields: Parameters = field(default_factory=lambda: Parameters({}))
    reactions: dict[str, Reaction] = field(default_factory=dict)
    ligands: tuple[str, ...] = ()

    @property
    def places(self) -> dict[str, tuple[float, str, str]]:
        """{field: (default, unit, description)} as a model takes them."""
        return {n: (p.si, si_unit(p.unit), p.description) for n, p in self.fields.items()}


def part_names() -> tuple[str, ...]:
    """Names of the parts that the library has."""
    return tuple(parts())


@lru_cache
def parts() -> dict[str, LibraryPart]:
    """{name: part} of data/parts, in the order of their names."""
    folder = resources.files("sim") / "data" / "parts"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {name: _part(name, f) for f in files for name in [f.name.removesuffix(".toml")]}


def named_parts(given: object) -> tuple[str, ...]:
    """Names of parts, each once, in the order of the library; a text may hold several, with commas.

    Raises ConfigError for what is no part.
    """
    words = given.split(",") if isinstance(given, str) else given
    if not isinstance(words, Iterable) or isinstance(words, Mapping):
        raise ConfigError(f"parts = {shown(given)} is not a list of names, as ['soaps'].")
    wanted = [w.strip() if isinstance(w, str) else w for w in words]
    wanted = [w for w in wanted if w not in ("", "none")]
    for word in wanted:
        if not isinstance(word, str) or word not in parts():
            raise ConfigError(not_one_of("parts", word, part_names()))
    return tuple(name for name in parts() if name in wanted)


def _part(name: str, path: Traversable) -> LibraryPart:
    content = tables_of_file(path)
    where = f"parts/{path.name}"
    head = Section(
        content.pop("part", {}), f"{where}: [part]", ("title", "description", "ligands"), ModelError
    )
    tables = {key: table_of(content.pop(key, {}), f"{where}: [{key}]", ModelError) for key in TABLES}
    return LibraryPart(
        name,
        head.text("title", most=LONGEST_TEXT),
        head.text("description", most=LONGEST_TEXT),
        species_from(tables["species"], f"{where}: [species]"),
        solids_from(tables["solids"], f"{where}: [solids]", solids()),
        parameters_from(tables["parameters"], f"{where}: [parameters]"),
        tuple(_quantity(n, t, f"{where}: [quantities.{n}]") for n, t in tables["quantities"].items()),
        parameters_from(tables["fields"], f"{where}: [fields]"),
        read_reactions(content, where),
        head.names("ligands", "components of data/basis.toml"),
    )


def _quantity(name: str, table: Any, where: str) -> Quantity:
    given = Section(table, where, OF_QUANTITY, ModelError)
    law = given.text("law")
    if law not in laws():
        raise ModelError(not_one_of(f"{where}: law", law, laws()))
    return Quantity(
        name, law, given.table("reads"), given.text("unit", "1"), given.text("description", most=LONGEST_TEXT)
    )
