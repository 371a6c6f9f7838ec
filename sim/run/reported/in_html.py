"""A result as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np

from sim.notebook.fragments import (
    Cell,
    Html,
    Tipped,
    html_facts,
    html_fold,
    html_head,
    html_list,
    html_table,
    html_whole,
)
from sim.parameters.wording import shown_unit
from sim.run.reported.result_text import began, said_of_run
from sim.texts import number_text, typed_time
from sim.units import to_unit


class ToldOfResult(Protocol):
    """What is read of a result."""

    @property
    def manifest(self) -> dict: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def t(self) -> np.ndarray: ...
    @property
    def names(self) -> Sequence[str]: ...
    def array_of(self, name: str) -> np.ndarray: ...
    def attributes_of(self, name: str) -> dict: ...


def result_html(result: ToldOfResult) -> Html:
    """How a run went and what it holds at its last output; folded: its variables, numbers and versions."""
    m = result.manifest
    counts = ", ".join(f"{v} {k}" for k, v in m["statistics"].items())
    species = f" ({m['undershoot_species']})" if m["undershoot_species"] else ""
    facts: list[tuple[str, Cell]] = [
        ("goes on from", began(m)),
        ("grid", f"{m['geometry']}, outer {m.get('outer', 'not known')}"),
        ("model", Tipped(f"constants {m['constants']}", m["model"])),
        ("time", f"{typed_time(m['t_end'])} of {typed_time(m['duration'])}, {result.t.size} outputs"),
        ("solver", Tipped(f"{m['solver']}, rtol {m['rtol']:g}, {m['wall_seconds']:.2f} s", counts)),
        ("ledger residual", f"{m['ledger_residual']:.1e}"),
        ("largest undershoot", f"{m['undershoot']:.2g} absolute tolerances{species}"),
        ("speciation failures", f"{m['speciation_failures']}" if m["speciation_failures"] else ""),
        ("not balanced", ", ".join(m.get("unbalanced", ()))),
    ]
    versions = [(name, str(v)) for name, v in m.get("versions", {}).items()]
    return html_whole(
        html_head(f"Result of {m['scenario']}", m["message"]), html_facts(facts),
        html_list((*said_of_run(m), *result.notes)),
        html_fold(f"variables at {typed_time(m['t_end'])}", _variables(result)),
        html_fold("made by", html_facts([("hash", m.get("hash", "")), ("platform", m.get("platform", "")),
                                         *versions])),
    )  # fmt: skip


def _variables(result: ToldOfResult) -> Html:
    head = ("name", "least", "most", "unit", "what it is")
    rows = _rows(result) if result.t.size else iter(())
    return html_table(head, rows, all_of_it="result.dataset holds all")


def _rows(result: ToldOfResult) -> Iterator[tuple[Cell, ...]]:
    for name in result.names:
        said: dict[str, Any] = result.attributes_of(name)
        unit = str(said.get("units", "1"))
        shown = shown_unit(unit, said.get("shown_in", ""))
        factor = 1.0 if shown == unit else to_unit(1.0, shown)
        values = result.array_of(name)[-1]
        ends = [number_text(float(f(values)) * factor, 0.0) for f in (np.nanmin, np.nanmax)]
        yield name, *ends, "" if shown == "1" else shown, str(said.get("long_name", ""))
