"""Facts about solids, each once: formula, ions, volume, colour; from data/minerals.toml or a table alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from keyword import iskeyword
from pathlib import Path
from typing import Any

from sim.chemistry.formula import composition, elements, molar_mass
from sim.errors import ConfigError, listing, nearest, shown
from sim.parameters import Parameter, parameters_from
from sim.parameters.parameter import CONFIDENCE
from sim.parameters.sections import LONGEST_TEXT, Section, finite_number, table_of, tables_of_file
from sim.parameters.wording import wording
from sim.units import parse_unit

KEYS = (
    "title", "formula", "ions", "volume", "phase", "like", "surface_for", "colour", "crystals", "solubility",
    "description", "contains", "fills_pores",
)  # fmt: skip
SOLUBILITY = ("log_K", "delta_h", "analytic", "source", "confidence", "note")
TERMS = 6  # of the temperature function `analytic`
WATER = "H2O"


@dataclass(frozen=True, eq=False)
class Solid:
    """What is known of a solid, whatever it dissolves in.

    ions: what a formula unit dissolves to, without water of crystallisation
    volume: of one mole of formula units, the parameter `volume_name`
    phase: what sets of constants call its solubility, its name unless given
    like: the solid whose formula, ions and volume it shares
    surface_for: solids that start on its surface
    crystals: {species that counts its crystals: the keys of such a species}
    solubility: as in a set of constants, for sets that have no `phase`; {} where there is none
    own_contents: what a unit holds, where not all of it is a component of the fluid (calcium soaps)
    fills_pores: whether it displaces water; one that takes the place of oil does not
    """

    name: str
    title: str
    formula: str
    ions: Mapping[str, float]
    volume: Parameter
    phase: str = ""
    like: str = ""
    surface_for: tuple[str, ...] = ()
    colour: str = ""
    crystals: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    solubility: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    own_contents: Mapping[str, float] = field(default_factory=dict)
    fills_pores: bool = True

    @property
    def volume_name(self) -> str:
        """The dotted name of the parameter that is its molar volume."""
        return f"mineral.V_{self.like or self.name}"

    @cached_property
    def nu(self) -> float:
        """Ions in a formula unit."""
        return float(sum(self.ions.values()))

    @cached_property
    def molar_mass(self) -> float:
        """[kg/mol]"""
        return molar_mass(self.formula)

    @property
    def density(self) -> float:
        """[kg/m3]"""
        return self.molar_mass / self.volume.si

    @cached_property
    def contains(self) -> dict[str, float]:
        """Components and acidity of a formula unit."""
        return dict(self.own_contents) or composition(self.formula)

    @cached_property
    def reaction(self) -> dict[str, float]:
        """Ions and water that a formula unit dissolves to."""
        water = hydration(self.formula, self.ions)
        return {**self.ions, WATER: water} if water else dict(self.ions)


@lru_cache
def solids() -> dict[str, Solid]:
    """The solids of data/minerals.toml by name."""
    return load_solids(resources.files("sim") / "data" / "minerals.toml", {})


def load_solids(path: str | Path | Traversable, known: Mapping[str, Solid] | None = None) -> dict[str, Solid]:
    """The solids of a TOML file. known: those that `like` may name besides its own; else the package's."""
    return solids_from(tables_of_file(path), str(path), solids() if known is None else known)


def solids_from(content: Mapping[str, Any], where: str, known: Mapping[str, Solid]) -> dict[str, Solid]:
    """The solids of tables already read; `where` names them in errors."""
    found: dict[str, Solid] = {}
    late = [name for name, table in content.items() if isinstance(table, dict) and "like" in table]
    for name in sorted(content, key=lambda n: n in late):  # what others are like comes first
        found[name] = _solid(name, content[name], f"{where}: [{name}]", {**known, **found})
    every = {**known, **found}
    for name, solid in found.items():
        for other in solid.surface_for:
            if other not in every:
                raise ConfigError(
                    f"{where}: [{name}]: surface_for names '{other}', which is no solid."
                    f"{nearest(other, every)}"
                )
    return {name: found[name] for name in content}


def solids_by_phase(of: Mapping[str, Solid]) -> dict[str, Solid]:
    """{phase of a set of constants: the solid whose formula it has}."""
    named = {s.phase: s for s in of.values() if s.phase}
    return {phase: of[s.like] if s.like in of else s for phase, s in named.items()}


def hydration(formula: str, ions: Mapping[str, float]) -> float:
    """Molecules of water in a formula unit beside its ions; ConfigError when they do not add up."""
    left = elements(formula)
    for ion, n in ions.items():
        for element, k in elements(ion).items():
            left[element] = left.get(element, 0.0) - n * k
    water = round(left.get("O", 0.0), 9)
    rest = {e: round(n - {"H": 2.0, "O": 1.0}.get(e, 0.0) * water, 9) for e, n in left.items()}
    off = [f"{n:+g} {e}" for e, n in rest.items() if n]
    if off or water < 0:
        raise ConfigError(
            f"the ions {_sum(ions)} and water do not add up to {formula}"
            f"{': ' + ', '.join(off) if off else ''}."
        )
    return water


def _sum(ions: Mapping[str, float]) -> str:
    return " + ".join(f"{n:g} {ion}" if n != 1 else ion for ion, n in ions.items())


def _solid(name: str, table: object, where: str, known: Mapping[str, Solid]) -> Solid:
    given = Section(table, where, KEYS)
    if not name.isidentifier() or iskeyword(name):
        what = "it is a word of Python" if iskeyword(name) else "use letters, digits and _"
        raise ConfigError(f"{where}: {shown(name)} cannot name a solid: {what}.")
    like = given.text("like")
    if like:
        if like not in known:
            raise ConfigError(f"{where}: there is no solid '{like}' to be like.{nearest(like, known)}")
        twice = [k for k in ("formula", "ions", "volume") if k in given]
        if twice:
            raise ConfigError(
                f"{where} is like {like} and has a {twice[0]} of its own; leave one of them out."
            )
    missing = [k for k in ("title", *(() if like else ("formula", "ions", "volume"))) if k not in given]
    if missing:
        raise ConfigError(f"{where} lacks {listing(missing)}.")
    phase = given.text("phase") or name
    if not f"_{phase}".isidentifier():  # saturations are called after it
        raise ConfigError(f"{where}: phase = {shown(phase)} cannot name a phase: use letters, digits and _.")
    same = known[like] if like else None
    solid = Solid(
        name,
        given.text("title"),
        same.formula if same else given.text("formula"),
        same.ions if same else _ions(given),
        same.volume if same else _volume(given, where),
        phase,
        like,
        given.names("surface_for", "names of solids, as ['HAP']"),
        given.colour("colour"),
        {n: table_of(t, f"{where}: crystals: {n}") for n, t in given.table("crystals").items()},
        _solubility(given.content.get("solubility", {}), f"{where}: solubility"),
        given.text("description", most=LONGEST_TEXT),
        {e: finite_number(n, f"{where}: contains: {e}") for e, n in given.table("contains").items()},
        given.yes("fills_pores", True),
    )
    try:
        _ = solid.contains, solid.own_contents or solid.reaction
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return solid


def _ions(given: Section) -> dict[str, float]:
    found = given.table("ions")
    for ion, n in found.items():
        if finite_number(n, f"{given.where}: ions: {ion}") <= 0:
            raise ConfigError(f"{given.where}: ions: {ion} = {shown(n)} must be positive.")
    return found


def _volume(given: Section, where: str) -> Parameter:
    table = given.content["volume"]
    if not isinstance(table, dict):
        raise ConfigError(
            f"{where}: volume = {shown(table)} must be a table with value, unit, range, source."
        )
    volume = parameters_from({"volume": table}, where)["volume"]
    if parse_unit(volume.unit).dimension != parse_unit("m3/mol").dimension or volume.si <= 0:
        raise ConfigError(
            f"{where}: volume = {volume.text()} must be a positive molar volume, as 74.2 cm3/mol."
        )
    said = wording("parameters", "volume", title=given.text("title"), formula=given.text("formula"))
    return volume.described_as(said.description)


def _solubility(table: object, where: str) -> dict[str, Any]:
    given = Section(table, where, SOLUBILITY)
    if not given.content:
        return {}
    if "analytic" not in given and "log_K" not in given:
        raise ConfigError(f"{where} needs log_K (at 25 C, with delta_h) or analytic.")
    missing = [k for k in ("source", "confidence") if k not in given]
    if missing:
        raise ConfigError(f"{where} lacks {listing(missing)}.")
    given.number("log_K", 0.0)
    given.number("delta_h", 0.0)
    if "analytic" in given and not 1 <= len(given.numbers("analytic")) <= TERMS:
        raise ConfigError(
            f"{where}: analytic has {len(given.numbers('analytic'))} numbers; 1 to {TERMS} are read, "
            "as in sim/data/constants."
        )
    if not given.text("source").strip():
        raise ConfigError(f"{where}: source = '' names no reference.")
    given.choice("confidence", CONFIDENCE)
    given.text("note", most=LONGEST_TEXT)
    return given.content
