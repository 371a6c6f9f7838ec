"""Names of a model and of its results in words: species and solids say their own, glossary.toml the rest;
and what a model is made of, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from sim.errors import ModelError, not_one_of
from sim.model.names import OMEGA
from sim.model.process import Derived, Process
from sim.model.reactions import TEMPLATE
from sim.model.species import Coefficient, Species
from sim.parameters import Parameters
from sim.parameters.name_table import NameTable
from sim.parameters.wording import Wording, shown_unit, spaced, wording, wordings
from sim.units import si_unit

OUTSIDE = ("plasma", "outer")  # what is no layer or region
START = "start"  # the entry of glossary.toml for amounts of species
PHASE_PREFIXES = {OMEGA: "ln_omega", "SI_": "SI", "S_": "S", TEMPLATE: "template"}


class HasParts(Protocol):
    """What is asked of a sim.Model here, whose file lies above this one."""

    @property
    def species(self) -> tuple[Species, ...]: ...
    @property
    def processes(self) -> tuple[Process, ...]: ...
    @property
    def derived(self) -> tuple[Derived, ...]: ...
    @property
    def fields(self) -> dict[str, tuple[float, str, str]]: ...
    @property
    def parameters(self) -> Parameters: ...
    @property
    def solids(self) -> tuple[Species, ...]: ...


def variable_words(model: HasParts, name: str, unit: str) -> Wording:
    """A variable of a result in words, none of them empty; unit: SI, for the one in which people read it."""
    own = next((s for s in model.species if s.name == name), None)
    if own is not None:
        said = Wording(own.description or own.label, own.label, own.shown_in)
        if own.mobile:
            said = said._replace(description=f"{said.description}, in pore water")
    elif name in model.fields:
        said = Wording(f"{model.fields[name][2] or spaced(name)}, as drawn")
    else:
        said = quantity_words(model, name)
    short = said.short_name or spaced(name)
    return Wording(said.description or short, short, shown_unit(unit, said.shown_in))


def parameter_words(model: HasParts, name: str) -> str:
    """What the parameter of this name is, a phrase: the model's, a layer's or region's; "" if nobody says."""
    if name in model.parameters:
        return model.parameters[name].description
    place, _, quantity = name.partition(".")
    section = "outside" if place in OUTSIDE else "places"
    said = wording(section, quantity, place=place).description if quantity != START else ""
    held = next((s for s in model.species if s.name == quantity), None)
    if not said and held is not None:
        return wording(section, START, of=held.description or held.label, place=place).description
    field = model.fields.get(quantity)
    return said or (f"{field[2]}, in the {place}" if field and field[2] and place not in OUTSIDE else "")


def quantity_words(model: HasParts, name: str) -> Wording:
    """A quantity that is computed, in words: the model's own labels go before those of glossary.toml."""
    found = wordings("results").get(name) or wordings("quantities").get(name) or _of_phase(model, name)
    said = {o: w for d in model.derived for o, w in zip(d.outputs, d.labels, strict=False)}
    own = said.get(name, "")
    return found._replace(description=own) if own else found


def _of_phase(model: HasParts, name: str) -> Wording:
    """A saturation, or a surface to start on, of a solid."""
    for prefix, kind in PHASE_PREFIXES.items():
        if name.startswith(prefix):
            phase = name.removeprefix(prefix)
            held = (s.solid for s in model.solids if s.solid is not None)
            solid = next((s for s in held if phase in (s.phase, s.name)), None)
            return wording("phases", kind, title=solid.title if solid else phase, name=phase)
    return Wording()


# Tables of what a model is made of: species, processes with what they change, quantities, fields.

Rows = Iterator[tuple[str, ...]]


def model_table(model: HasParts, what: str) -> NameTable:
    """One of the tables of a model: "species", "processes", "quantities" or "fields"."""
    if what not in TABLES:
        raise ModelError(not_one_of("what", what, TABLES))
    head, rows = TABLES[what]
    return NameTable(head, rows(model), f"{what} of the model")


def model_html(model: HasParts) -> str:
    """All tables of a model for a notebook."""
    return "".join(model_table(model, what)._repr_html_() for what in TABLES)


def change_text(changes: Mapping[str, Coefficient]) -> str:
    """What a process changes, as an equation: "4 Ca + 3 P -> OCP + 2 H"."""
    used: list[str] = []
    made: list[str] = []
    for species, n in changes.items():
        parts = n if isinstance(n, tuple | list) else (n,)
        negative = all(v.startswith("-") if isinstance(v, str) else v < 0 for v in parts)
        number = " + ".join(v.lstrip("-") if isinstance(v, str) else f"{abs(v):g}" for v in parts)
        number = f"({number})" if len(parts) > 1 else number
        (used if negative else made).append(species if number == "1" else f"{number} {species}")
    return f"{' + '.join(used) or 'nothing'} -> {' + '.join(made) or 'nothing'}"


def _species(model: HasParts) -> Rows:
    for s in model.species:
        by = [p.name for p in model.processes if s.name in p.changes]
        where = "pore water" if s.mobile else "tissue"
        yield s.name, shown_unit(s.unit, s.shown_in), where, s.description, "; ".join(by)


def _processes(model: HasParts) -> Rows:
    return ((p.name, change_text(p.changes), p.description) for p in model.processes)


def _quantities(model: HasParts) -> Rows:
    for d in model.derived:
        for name, unit in zip(d.outputs, d.units, strict=True):
            said = quantity_words(model, name)
            yield name, shown_unit(unit, said.shown_in), said.description


def _fields(model: HasParts) -> Rows:
    for name, (default, unit, text) in model.fields.items():
        yield name, shown_unit(si_unit(unit)), f"{default:g}", text


TABLES: dict[str, tuple[tuple[str, ...], Callable[[HasParts], Rows]]] = {
    "species": (("name", "unit", "per volume of", "description", "changed by"), _species),
    "processes": (("name", "changes", "description"), _processes),
    "quantities": (("name", "unit", "description"), _quantities),
    "fields": (("name", "unit", "default", "description"), _fields),
}
