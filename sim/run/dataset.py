"""Solutions turned into labelled arrays: names, units, coordinates, derived quantities."""

from __future__ import annotations

import numpy as np

from sim.binder.kept import once_a_model
from sim.binder.system import System
from sim.chemistry.formula import atomic_masses
from sim.model.model import Model
from sim.model.species import Species
from sim.model.words.naming import variable_words
from sim.run import coordinates
from sim.run.outputs import (
    Outputs,
    drawn,
    hidden,
    ions_of_phases,
    mineral_calcium,
    molar_masses,
    per_dry_mass,
)
from sim.run.segments import Builder
from sim.run.stored.labelled import LabelledArrays
from sim.units import si_unit, to_unit

Variable = tuple[tuple[str, ...], np.ndarray, dict[str, str | float]]  # dimensions, values, attributes


def assemble(outputs: Outputs) -> LabelledArrays:
    """The dataset of a run. Mobile species in pore water, immobile ones per bulk volume."""
    builder, grid = outputs.builder, outputs.builder.grid
    spatial = coordinates.space_of(grid)
    scales = _scales(builder, outputs.first_system)
    variables: dict[str, Variable] = {}
    for name, values in outputs.columns.items():
        attrs = attributes(builder, name)
        if name in scales:  # times the run's atol, this is what it resolves
            attrs["reference_scale"] = scales[name]
        variables[name] = (("time", *spatial), coordinates.in_place(values, grid), attrs)
    attrs = {"constants": builder.scenario.constants, "scenario": builder.scenario.name}
    times = coordinates.of_cells(grid, outputs.times)
    return LabelledArrays.of(variables | _of_cells(outputs), times, attrs)


def scale_of(outputs: Outputs, name: str) -> float:
    """What times a run's atol it resolves of a variable [its unit]; 0 where that is not known."""
    return _scales(outputs.builder, outputs.first_system).get(name, 0.0)


def _of_cells(outputs: Outputs) -> dict[str, Variable]:
    """What each cell is, at all times."""
    grid = outputs.builder.grid
    spatial = coordinates.space_of(grid)
    return {
        "volume": (
            spatial, coordinates.in_place(grid.volume, grid), {"units": "m3", "long_name": "volume of a cell"}
        ),
        "layer": (spatial, outputs.layer, {"long_name": "layer"}),
    }  # fmt: skip


def assemble_one(outputs: Outputs, name: str) -> LabelledArrays | None:
    """One variable as the dataset of a run has it, or the faces of cells along an axis, with coordinates; the
    others are not made. None for any other name."""
    builder, grid = outputs.builder, outputs.builder.grid
    if name in coordinates.edges(grid):
        return LabelledArrays.of({}, coordinates.edges(grid), {})
    found = _of_cells(outputs)
    if name not in found:
        if name not in variables(builder):
            return None
        values = coordinates.in_place(outputs.column(name), grid)
        attrs = attributes(builder, name)
        if scale := scale_of(outputs, name):
            attrs["reference_scale"] = scale
        found[name] = (("time", *coordinates.space_of(grid)), values, attrs)
    return LabelledArrays.of({name: found[name]}, coordinates.of_cells(grid, outputs.times), {})


def assemble_tables(outputs: Outputs) -> LabelledArrays:
    """The tables of a run: its ledger, stoichiometry, contents of species, faces of cells."""
    model, grid, budget = outputs.builder.model, outputs.builder.grid, outputs.pools
    elements = list(model.elements)
    amounts = np.zeros((outputs.times.size, len(elements), len(budget)))
    for k, held in enumerate(budget.values()):
        amounts[..., k] = held
    tables: dict[str, Variable] = {}
    tables["ledger"] = (
        ("time", "element", "pool"), amounts,
        {"units": "mol", "long_name": "amount by pool; supplies are cumulative"},
    )  # fmt: skip
    tables["ledger_residual"] = (
        ("time", "element"), outputs.residual,
        {"units": "1", "long_name": "imbalance relative to turnover"},
    )  # fmt: skip
    tables |= coordinates.stoichiometry(model, outputs.first_system)
    labels: dict[str, tuple] = {
        "time": coordinates.of_cells(grid, outputs.times)["time"],
        **coordinates.edges(grid),
    }
    labels["element"] = ("element", np.array(elements, dtype=str))
    labels["pool"] = ("pool", np.array(list(budget), dtype=str))
    labels["species"] = ("species", np.array([s.name for s in model.species], dtype=str))
    labels["process"] = ("process", np.array([q.name for q in model.processes], dtype=str))
    described = {
        "species": [s.description for s in model.species],
        "process": [q.description for q in model.processes],
    }
    for kind, words in described.items():
        labels[f"{kind}_description"] = (kind, np.array(words, str), {"long_name": f"what each {kind} is"})
    return LabelledArrays.of(tables, labels, {})


def attributes(builder: Builder, name: str) -> dict[str, str | float]:
    """What a variable over time and space says of itself: its unit [SI], words, facts of a solid."""
    unit = _units(builder)[name]
    return {"units": unit, **_words(builder, name, unit), **_facts(builder, name)}


def _scales(builder: Builder, system: System) -> dict[str, float]:
    """Declared scales of species, and what follows from them for masses and calcium of solids."""
    scales = {s.name: float(s.scale) for s in builder.model.species}
    solids = molar_masses(builder)
    if "HAP" in solids:
        scales["HAP_density"] = scales["HAP"] * solids["HAP"]
    if solids:
        scales["Ca_in_mineral"] = float(mineral_calcium(builder, system, system.scale[None])[0])
        per_mass = per_dry_mass(builder, np.full(builder.grid.n_cells, scales["Ca_in_mineral"]), {})
        scales["Ca_per_dry_mass"] = float(per_mass.min())
    return scales


def _facts(builder: Builder, name: str) -> dict[str, str | float]:
    """What figures and summaries want to know of a species, kept with its variable."""
    if name == "Ca_in_mineral":
        return {"molar_mass": atomic_masses()["Ca"]}
    owner = "HAP" if name == "HAP_density" else name
    found = [s for s in builder.model.species if s.name == owner]
    if not found:
        return {}
    s: Species = found[0]
    facts: dict[str, str | float] = {"colour": s.colour} if s.colour else {}
    if s.solid is not None:
        volume = builder.scenario.parameters[s.solid.volume_name].si
        facts |= {"molar_mass": s.solid.molar_mass, "molar_volume": volume}
        if name == owner:  # what says that the variable is a solid
            facts |= {"formula": s.solid.formula, "phase": s.solid.phase}
    return facts if name == owner else {k: v for k, v in facts.items() if k != "colour"}


def _units(builder: Builder) -> dict[str, str]:
    """{variable: unit}, of fields those that a random factor was drawn for."""
    fields = builder.model.fields
    return {name: si_unit(fields[name][1]) for name in drawn(builder)} | _units_of_model(builder.model)


@once_a_model
def _units_of_model(model: Model) -> dict[str, str]:
    units = {s.name: s.unit for s in model.species}
    units |= {o: _spelt(u) for d in model.derived for o, u in zip(d.outputs, d.units, strict=True)}
    units["porosity"] = "1"
    if "HAP" in (s.name for s in model.solids):
        units["HAP_density"] = "kg m-3"
    if model.solids:
        units |= {"Ca_in_mineral": "mol m-3", "Ca_per_dry_mass": "kg kg-1"}
    for name in list(units):
        if name.startswith("ln_omega_"):
            mineral = name.removeprefix("ln_omega_")
            units[f"SI_{mineral}"] = units[f"S_{mineral}"] = "1"
    return units


def _spelt(unit: str) -> str:
    """An SI unit as all variables have it, "mol m-3" for "mol/m3"; another one as it was given."""
    plain = si_unit(unit)
    return plain if to_unit(1.0, unit) == 1.0 else unit


def variables(builder: Builder) -> dict[str, str]:
    """{name: unit} of what a result has over time and space, known before any run."""
    minerals, unseen = ions_of_phases(builder), hidden(builder)
    found = {}
    for name, unit in _units(builder).items():
        mineral = name.partition("_")[2] if name.startswith(("SI_", "S_")) else ""
        if not name.startswith("ln_omega_") and name not in unseen and (not mineral or mineral in minerals):
            found[name] = unit
    return found


def _words(builder: Builder, name: str, unit: str) -> dict[str, str | float]:
    """A variable in words: long and short, and the unit in which people read it."""
    said = variable_words(builder.model, name, unit)
    of = f" ({builder.scenario.constants})" if name.startswith(("SI_", "S_")) else ""
    return {"long_name": said.description + of, "short_name": said.short_name, "shown_in": said.shown_in}
