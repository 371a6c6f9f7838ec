"""What a model is made of, as tables: species, processes with what they change, quantities, fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sim.errors import ModelError, not_one_of
from sim.model.words.naming import HasParts, quantity_words
from sim.notebook.fragments import Html, html_fold, html_head, html_table, html_whole
from sim.parameters.name_table import NameTable
from sim.parameters.wording import shown_unit
from sim.units import si_unit

Rows = Iterator[tuple[str, ...]]


def model_table(model: HasParts, what: str) -> NameTable:
    """One of the tables of a model: "species", "processes", "quantities" or "fields"."""
    if what not in TABLES:
        raise ModelError(not_one_of("what", what, TABLES))
    head, rows = TABLES[what]
    return NameTable(head, rows(model), f"{what} of the model")


def model_html(model: HasParts, head: str) -> Html:
    """All tables of a model for a notebook, folded. head: what it is, in a line"""
    folds = (html_fold(f"{len(t)} {what}", html_table(t.head, t)) for what, t in _all_tables(model))
    return html_whole(html_head(head), *folds)


def _all_tables(model: HasParts) -> Iterator[tuple[str, NameTable]]:
    return ((what, model_table(model, what)) for what in TABLES)


def change_text(changes: Mapping[str, Any]) -> str:
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
