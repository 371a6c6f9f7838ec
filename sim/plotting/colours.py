"""Colours of species, phases and pools, and of things that are counted."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from sim.chemistry.solids import solids, solids_by_phase
from sim.public import public

if TYPE_CHECKING:
    from sim.run.result import Result

# Of pools and quantities; those of species and solids are in the data (species.toml, minerals.toml). All are
# apart in lightness too (Okabe-Ito, darkened or lightened).
COLOURS = {
    "pH": "#882255",
    "cells": "#B59B72",
    "ions": "#9CCBE8",
    "complexes": "#3F7FAF",
    "buffer": "#C9CDD3",
    "membrane": "#A3B36C",
    "esters": "#E9D27A",
    "pyrophosphate": "#009E73",
    "other": "#8A8F98",
    "Mg": "#44AA99",
}
FALLBACK = ("#332288", "#117733", "#AA4499", "#999933", "#661100", "#6699CC")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (5, 1.5, 1, 1.5)))
KIN = {
    "HAP_density": "HAP", "Ca_in_mineral": "Ca", "Ca_per_dry_mass": "Ca", "Ca_free": "Ca",
    "P_free": "P", "C_free": "C", "Mg_free": "Mg",
}  # fmt: skip


@public
def colour(name: str, result: Result | None = None) -> str:
    """The colour of a species, phase, pool or quantity derived from one.

    result: a run whose own species say their colour themselves
    """
    key = name.removeprefix("SI_").removeprefix("S_")
    phase = solids_by_phase(solids()).get(key)
    key = phase.name if phase is not None else KIN.get(key, key)
    own = result.dataset[key].attrs.get("colour") if result is not None and key in result.dataset else None
    return own or COLOURS.get(key) or _of_the_data().get(key) or FALLBACK[sum(map(ord, key)) % len(FALLBACK)]


@lru_cache
def _of_the_data() -> dict[str, str]:
    """{species or solid: colour} of the package's tables."""
    text = (resources.files("sim") / "data" / "species.toml").read_text(encoding="utf-8")
    found = {name: str(table["colour"]) for name, table in tomllib.loads(text).items() if "colour" in table}
    return found | {name: solid.colour for name, solid in solids().items() if solid.colour}


def dark_to_light(k: int, count: int) -> tuple[float, float, float, float]:
    """Colour k of `count` in an order that survives grey: dark to light."""
    import matplotlib

    return matplotlib.colormaps["viridis"](0.85 * k / max(count - 1, 1))
