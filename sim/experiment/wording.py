"""Lines that say what a scenario holds, and how two differ."""

from __future__ import annotations

from collections.abc import Sequence

from sim.experiment.places import domain_text
from sim.experiment.scenario_data import ScenarioData
from sim.experiment.values.given import amount_text, as_given
from sim.notebook.fragments import Cell, Html, Tipped, html_facts, html_fold, html_head, html_list, html_whole
from sim.parameters import Parameters
from sim.parameters.in_html import parameter_folds
from sim.texts import typed_time


def arrow(name: str, old: str, new: str) -> list[str]:
    """ "name: old -> new" where they differ."""
    return [] if old == new else [f"{name}: {old} -> {new}"]


def layers_text(s: ScenarioData) -> str:
    return ", ".join(f"{n} ({c} cells)" for n, c in s.layers)


def amount_at_start(s: ScenarioData, name: str) -> str:
    """An amount at the start as it was given, or with a unit."""
    value = s.initial.get(name, "absent")
    given = value if isinstance(value, str) else as_given(value)
    units = {x.name: x.unit for x in s.model.species}
    return given if isinstance(given, str) else amount_text(given, units.get(name, "1"))


def scenario_html(s: ScenarioData, events: Sequence[str]) -> Html:
    """A scenario in a notebook: what it is, and folded its numbers and what is said of it.

    events: regions, courses, interventions and the like, in words
    """
    start = ", ".join(f"{n} {amount_at_start(s, n)}" for n in s.initial)
    own = Parameters({n: p for n, p in s.parameters.items() if n not in s.model.parameters})
    facts: list[tuple[str, Cell]] = [
        ("geometry", f"{s.geometry.replace('_', ' ')}, {layers_text(s)}"),
        ("domain", domain_text(s.domain) if s.domain else ""),
        ("outer boundary", s.outer), ("duration", typed_time(s.duration)), ("at the start", start),
        ("constants", s.constants), ("growth law", s.growth_law), ("parts", ", ".join(s.parts)),
        ("model", Tipped(s.model.name, repr(s.model))),
    ]  # fmt: skip
    return html_whole(
        html_head(s.name, s.title), html_facts(facts), html_list(events),
        html_fold(
            f"{len(own)} parameters of its own; .parameters shows those of the model too",
            *parameter_folds(own),
        ),
        html_fold("notes", html_list(filter(None, [s.notes]))),
        html_fold("expected", html_list(filter(None, [s.expected]))),
    )  # fmt: skip
