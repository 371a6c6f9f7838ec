"""Every name with its kind, its unit and what it means: of the model, of scenarios and of results."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from sim.errors import ParameterError
from sim.model.library import FIELDS, GROWTH_LAWS
from sim.model.library import model as library_model
from sim.model.library.parts import part_names
from sim.model.library.reactions import OMEGA
from sim.model.model import Model
from sim.model.words.model_tables import change_text
from sim.model.words.naming import START, quantity_words, variable_words
from sim.parameters.name_table import NameTable
from sim.parameters.sections import tables_of_file
from sim.parameters.wording import shown_unit, wording, wordings
from sim.public import public
from sim.units import si_unit

HEAD = ("name", "kind", "unit", "description")
PLACE = "layer or region"
ON_SCREEN = "word of summaries and figures"
OF_PATHOLOGY = "word of pathology and radiology"
Row = tuple[str, str, str, str]


@public
def glossary(word: str = "", model: Model | None = None) -> NameTable:
    """All names with kind, unit and description, treatments, words of summaries and figures and of pathology
    among them; with a word, those that hold a part of it.

    model: the library's with all its parts, and the parameters of all growth laws, when None
    Raises UnknownNameError, with the nearest name, where nothing holds the word.
    """
    made = library_model(parts=part_names()) if model is None else model
    others = [library_model(growth_law=law) for law in GROWTH_LAWS[1:]] if model is None else []
    rows: dict[tuple[str, str], Row] = {}
    for row in (*_of_model(made), *_of_results(made), *_of_places(made), *_parameters(made, *others)):
        rows.setdefault(row[:2], row)
    for row in (*_treatments(), *_words()) if model is None else ():
        rows.setdefault(row[:2], row)
    table = NameTable(HEAD, rows.values(), "glossary")
    return table.search(word) if word else table


def glossary_page() -> str:
    """docs/glossary.md: the same, as a page of tables by kind."""
    parts = [
        "# Glossary\n\nEvery name of parameters, scenarios and results. `hapsim glossary WORD` and "
        "`sim.glossary(WORD)` search it;\n`hapsim glossary --markdown` writes this page."
    ]
    rows = list(glossary())
    for kind in dict.fromkeys(row[1] for row in rows):
        lines = [f"## {kind.capitalize()}\n", "| name | unit | description |", "|---|---|---|"]
        lines += [f"| `{n}` | {u} | {d} |" for n, k, u, d in rows if k == kind]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _of_model(m: Model) -> Iterator[Row]:
    for s in m.species:
        said = variable_words(m, s.name, s.unit)
        yield s.name, "solid" if s.solid else "species", said.shown_in, said.description
    for p in m.processes:
        yield p.name, "process", "", f"{p.description} ({change_text(p.changes)})"
    for d in m.derived:
        for name, unit in zip(d.outputs, d.units, strict=True):
            said = quantity_words(m, name)
            yield name, "quantity", shown_unit(unit, said.shown_in), said.description


def _of_results(m: Model) -> Iterator[Row]:
    for d in m.derived:
        for name in (o.removeprefix(OMEGA) for o in d.outputs if o.startswith(OMEGA)):
            for prefix in ("SI_", "S_"):
                yield prefix + name, "result", "1", quantity_words(m, prefix + name).description
    for name, said in wordings("results").items():
        yield name, "result", shown_unit(said.unit, said.shown_in), said.description
    for section, kind in (("pools", "pool of the ledger"), ("elements", "element of the ledger")):
        for name, said in wordings(section).items():
            yield name, kind, "mol", said.description
    for s in m.solids:
        yield s.name, "pool of the ledger", "mol", f"held by {s.solid.title}" if s.solid else ""


def _of_places(m: Model) -> Iterator[Row]:
    for name, said in wordings("places").items():
        if name != START:
            words = said.filled(place=PLACE).description
            yield f"<layer>.{name}", "layer quantity", shown_unit(said.unit or "1"), words
    for name, (_, unit, text) in {**FIELDS, **m.fields}.items():
        yield f"<layer>.{name}", "layer quantity", shown_unit(si_unit(unit)), text
    for s in m.species:
        words = wording("places", START, of=s.description, place=PLACE).description
        yield f"<layer>.{s.name}", "layer quantity", shown_unit(s.unit, s.shown_in), words
    for s in m.species:
        if s.mobile:
            own = wording("outside", s.name).description
            words = own or wording("outside", START, of=s.description).description
            yield f"plasma.{s.name}", "fluid outside", shown_unit(s.unit, s.shown_in), words
    for place, name in (("plasma", "pH"), ("outer", "permeability")):
        said = wording("outside", name)
        yield f"{place}.{name}", "fluid outside", said.unit or "1", said.description


def _parameters(*models: Model) -> Iterator[Row]:
    for m in models:
        for name, p in m.parameters.items():
            yield name, "parameter", p.unit, p.description


def _words() -> Iterator[Row]:
    for section, kind in (("words", ON_SCREEN), ("pathology", OF_PATHOLOGY)):
        for name, said in wordings(section).items():
            yield name, kind, "", said.description


@lru_cache(maxsize=1)
def _treatments() -> tuple[Row, ...]:
    """From the files of data/treatments; what follows from a dose is read above this floor."""
    folder = resources.files("sim") / "data" / "treatments"
    found = []
    for file in sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name):
        given = tables_of_file(file, ParameterError)
        unit = given["dose"]["unit"] if "dose" in given else ""
        words = f"{given['title']}: acts on {given['acts_on']}"
        found.append((file.name.removesuffix(".toml"), "treatment", str(unit), words))
    return tuple(found)
