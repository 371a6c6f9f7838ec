"""Parameters as a notebook shows them: sources and confidence are read where the pointer rests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from sim.notebook.fragments import (
    MOST_ROWS,
    Cell,
    Html,
    Tipped,
    html_facts,
    html_fold,
    html_head,
    html_table,
    html_whole,
)
from sim.parameters.references import load_references

FEW = 25  # that are shown at once; more are folded by what stands before the first point of their names
HEAD = ("name", "value", "range", "confidence", "source")


class Documented(Protocol):
    """What is read of a parameter."""

    @property
    def source(self) -> str: ...
    @property
    def sources(self) -> tuple[str, ...]: ...
    @property
    def confidence(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def description(self) -> str: ...
    def text(self) -> str: ...
    def range_text(self) -> str: ...


def source_cell(p: Documented) -> Cell:
    """The keys of the sources; behind them what these are."""
    known = load_references()
    return Tipped(p.source, "\n".join(str(known[k]) for k in p.sources if k in known))


def parameter_row(name: str, p: Documented) -> tuple[Cell, ...]:
    """Name (with what it is), value, range, confidence (with the note), source (in full)."""
    return Tipped(name, p.description), p.text(), p.range_text(), Tipped(p.confidence, p.note), source_cell(p)


def parameters_html(parameters: Mapping[str, Documented]) -> Html:
    """A table; of many parameters one for each group, folded."""
    count = html_head(f"{len(parameters)} parameters")
    return html_whole(count, *parameter_folds(parameters))


def parameter_folds(parameters: Mapping[str, Documented]) -> Iterator[Html]:
    """The same without a head."""
    if len(parameters) <= FEW:
        yield html_table(HEAD, (parameter_row(n, p) for n, p in parameters.items()))
        return
    groups: dict[str, list[str]] = {}
    for name in parameters:
        groups.setdefault(name.partition(".")[0], []).append(name)
    names = list(groups)
    for group in names[:MOST_ROWS]:
        rows = (parameter_row(n, parameters[n]) for n in groups[group])
        yield html_fold(f"{group} ({len(groups[group])})", html_table(HEAD, rows))
    if len(names) > MOST_ROWS:
        yield Html(f"<p>{len(names) - MOST_ROWS} more groups were left out; print() shows all.</p>")


def parameter_html(p: Documented) -> Html:
    """One number with all that is known of it."""
    rows: list[tuple[str, Cell]] = [
        ("value", p.text()), ("range", p.range_text()), ("confidence", p.confidence),
        ("source", source_cell(p)), ("note", p.note),
    ]  # fmt: skip
    return html_whole(html_head(p.text(), p.description), html_facts(rows))


def differences_html(rows: Iterable[tuple[str, float | None, float | None, str]]) -> Html:
    """What changes, old beside new. rows: (name, old, new, unit)"""
    made = [
        (name, *("absent" if v is None else f"{v:g}" for v in (old, new)), "" if unit == "1" else unit)
        for name, old, new, unit in rows
    ]
    return html_table(("name", "old", "new", "unit"), made) if made else html_head("no difference")
