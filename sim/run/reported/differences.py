"""What differs between two results in how they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario
    from sim.parameters import Parameters

SETTINGS = ("solver", "rtol", "atol", "seed")
OF_SCENARIO = (
    "model",
    "geometry",
    "outer",
    "initial",
    "constants",
    "growth_law",
    "parts",
    "layout",
    "duration",
)


class ToldResult(Protocol):
    """What is read of a Result."""

    @property
    def manifest(self) -> dict: ...
    @property
    def parameters(self) -> Parameters: ...
    @property
    def scenario(self) -> Scenario: ...


def differences_text(new: ToldResult, old: ToldResult) -> str:
    """A line for each thing that differs, "old -> new"."""
    mine, theirs = new.manifest, old.manifest
    lines = []
    if mine.get("scenario_text") and theirs.get("scenario_text"):
        found = new.scenario.diff(old.scenario)
        lines = [] if found == "no difference" else found.splitlines()
    else:
        lines += [str(row) for row in old.parameters.diff(new.parameters)]
        keys = (*OF_SCENARIO, "intervention_tables" if "intervention_tables" in mine else "interventions")
        lines += [f"{k}: {theirs.get(k)} -> {mine.get(k)}" for k in keys if mine.get(k) != theirs.get(k)]
    lines += [f"{k}: {theirs.get(k)} -> {mine.get(k)}" for k in SETTINGS if mine.get(k) != theirs.get(k)]
    if mine.get("parent") != theirs.get("parent"):
        lines.append(f"goes on from: {_origin(theirs)} -> {_origin(mine)}")
    return "\n".join(lines) or "no difference"


def _origin(manifest: dict) -> str:
    """What a run goes on from, in a word."""
    parent = manifest.get("parent")
    if not parent:
        return "its first start"
    return f"run {str(parent['hash'])[:8] or 'without hash'} at {parent['time']:.6g} s"
