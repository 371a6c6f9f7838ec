"""How the runs were made that a result goes on from, as its manifest keeps it."""

from __future__ import annotations

from typing import Any

from sim.identity.settings import ATOL, MAX_STEPS, OUTPUTS, RTOL
from sim.solvers import DEFAULT

# What decides the numbers of a run, and how it ended, of its manifest.
KEPT = (
    "scenario", "scenario_text", "no_scenario", "duration", "solver", "rtol", "atol", "max_steps", "times",
    "variables", "hash", "status", "message", "t_end", "parent", "before", "draws",
)  # fmt: skip
USUAL: dict[str, Any] = {
    "solver": DEFAULT, "rtol": RTOL, "atol": ATOL, "times": OUTPUTS, "variables": None,
    "max_steps": MAX_STEPS,
}  # fmt: skip


def recipe(manifest: dict[str, Any]) -> dict[str, Any]:
    """How one run was made."""
    return {k: manifest[k] for k in KEPT if k in manifest}


def recipes(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """How a run and all that it goes on from were made, the first one first."""
    return [*manifest.get("history", ()), recipe(manifest)]
