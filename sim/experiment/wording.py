"""Lines that say what a scenario holds, and how two differ."""

from __future__ import annotations

from sim.experiment.scenario_data import ScenarioData
from sim.experiment.values.given import amount_text, as_given


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
