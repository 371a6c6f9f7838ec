"""Names that mean something already: what results hold beside a model's own, and the words of places.

A species, a derived quantity or a field of such a name would hide what results mean by it, or be hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sim.errors import ModelError, listing
from sim.space.geometries import GEOMETRIES

TIME = "t"
POROSITY = "porosity"
PH = "pH"
OMEGA = "ln_omega_"  # of a phase: what speciation gives, and results show as SI_ and S_
UNACCOUNTED = "unaccounted"  # pool, and beginning of the names, of what processes make or lose

AXES = tuple(dict.fromkeys(a for g in GEOMETRIES.values() for a in g.axes))
END = ("amounts", "contents", "entered", "interventions", "cell", "side", "mobile")
RESULTS: dict[str, str] = {
    "time": "the time of a result",
    "time_days": "the time of a result",
    **dict.fromkeys(AXES, "a coordinate of results"),
    **{f"{a}_{end}": "faces of cells in results" for a in AXES for end in ("edge", "edges")},
    "element": "the elements in the ledger of a result",
    "pool": "the pools in the ledger of a result",
    "species": "the list of species in results",
    "process": "the list of processes in results",
    "ledger": "the ledger of a result",
    "ledger_residual": "the imbalance in the ledger of a result",
    "volume": "the volume of cells in results",
    "layer": "the layers and regions in results",
    "stoichiometry": "what processes change, in results",
    "contents": "what species contain, in results",
    "species_unit": "the units of species in results",
    "entered": "what was supplied up to each output of a result",
    "first_contents": "what the tissue held at the start, in results",
    **{f"end_{n}": "the state that a result ends with" for n in END},
    "species_description": "the list of species in results",
    "process_description": "the list of processes in results",
    "HAP_density": "the mass of hydroxyapatite in results",
    "Ca_in_mineral": "the calcium in solids of results",
    "Ca_per_dry_mass": "the calcium in solids of results",
}
PREFIXES = {
    OMEGA: "a saturation that speciation gives",
    "SI_": "a saturation index of results",
    "S_": "a supersaturation ratio of results",
}
# What "<layer>.<word>" means in a scenario, whatever the model holds.
PLACES = {
    "radius": "the size of a layer",
    "thickness": "the size of a layer",
    "cells": "the cells of a layer",
    "perfusion": "the perfusion of a layer",
    "dry_density": "the dry mass of a layer",
}
READABLE = ("perfusion",)  # of these, what a field may hold: formulas read it where it is one
# Rows that the ledger of a result makes itself.
POOLS = {
    "ions": "the free ions of the pore water",
    "complexes": "the complexes of the pore water",
    "interventions": "what interventions put in or took out",
}
SUPPLIED = "supplied by "


def meaning(name: str, *more: Mapping[str, str]) -> str:
    """What results mean by a name, in words, or ""; more: tables of further names."""
    for table in (RESULTS, *more):
        if name in table:
            return table[name]
    return next((words for start, words in PREFIXES.items() if name.startswith(start)), "")


def check_free(species: Iterable[str], fields: Iterable[str], outputs: Iterable[str]) -> None:
    """Refuse names that results or places use. outputs: of derived quantities, for which those of places
    are free, and those of saturations too: whoever computes one may call it so."""
    acidity = {PH: "the pH of fluids and places, a derived quantity"}
    only_species = acidity | {POROSITY: "the share of pores, a derived quantity or a field"}
    for what, names, tables in (
        ("species", species, (PLACES, only_species)),
        ("field", (n for n in fields if n not in READABLE), (PLACES, acidity)),
        ("derived quantity", outputs, ()),
    ):
        for name in names:
            means = meaning(name, *tables)
            if means and not (what == "derived quantity" and name.startswith(OMEGA)):
                raise ModelError(
                    f"'{name}' cannot name a {what}: it is {means}. Choose another name, such as "
                    f"'{_other(name)}'."
                )


def check_pool(pool: str, owner: str) -> None:
    """Refuse a pool that the ledger makes itself."""
    if pool in POOLS or pool.startswith(SUPPLIED):
        means = POOLS.get(pool, "what came in from outside")
        raise ModelError(
            f"{owner}: the pool '{pool}' of the ledger is {means}; take another (not one of "
            f"{listing(POOLS)}, and none that begins with '{SUPPLIED.strip()}')."
        )


def _other(name: str) -> str:
    prefix = next((p for p in PREFIXES if name.startswith(p)), "")
    return f"own_{name.removeprefix(prefix)}" if prefix else f"own_{name}"
