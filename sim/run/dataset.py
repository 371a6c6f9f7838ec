"""Solutions turned into one labelled dataset: names, units, coordinates, derived quantities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.binder.system import System
from sim.chemistry.constants_sets import ConstantsSet, extended_set
from sim.chemistry.formula import atomic_masses
from sim.model.species import Species
from sim.model.words.naming import variable_words
from sim.run import coordinates
from sim.run.ledger import pools, residual
from sim.run.segments import Builder, Segment
from sim.solvers.steps.solution import Solution
from sim.units import si_unit, to_unit

if TYPE_CHECKING:
    import xarray

LN10 = np.log(10.0)
Variable = tuple[tuple[str, ...], np.ndarray, dict[str, str | float]]  # dimensions, values, attributes
CELLS_AT_ONCE = 16_384  # cells times outputs that are handled together


def assemble(
    builder: Builder,
    parts: list[tuple[Segment, Solution]],
    start: np.ndarray,
    jumps: list[tuple[float, np.ndarray]],
    kept: Sequence[str] | None = None,
) -> tuple[xarray.Dataset, xarray.Dataset]:
    """The dataset of a run, and its tables. Mobile species in pore water, immobile ones per bulk volume.

    kept: variables to have, all when None
    """
    import xarray as xr

    grid, model = builder.grid, builder.model
    outputs = sum(solution.t.size for _, solution in parts)
    columns: dict[str, np.ndarray] = {}  # filled in place: a list of rows would need all twice
    times: list[float] = []
    budget: list[np.ndarray] = []
    wrong: list[np.ndarray] = []
    pool_names: list[str] = []
    at_once = max(1, CELLS_AT_ONCE // grid.n_cells)
    for (segment, solution), (_, jump) in zip(parts, jumps, strict=True):
        system = segment.system
        first = int(solution.t.size > 0 and bool(times) and solution.t[0] <= times[-1])
        for k in range(first, solution.t.size, at_once):  # a cut is an output of both its segments
            t, y = solution.t[k : k + at_once], solution.y[k : k + at_once]
            derived, c = system.evaluate_all(t, y)
            here = slice(len(times), len(times) + t.size)
            for name, values in _quantities(builder, system, y, derived, c).items():
                if kept is not None and name not in kept:
                    continue
                if name not in columns:
                    columns[name] = np.empty((outputs, grid.n_cells))
                columns[name][here] = values
            found = pools(system, y, derived)
            found["interventions"] = np.broadcast_to(jump, (t.size, *start.shape))
            pool_names = list(found)
            budget.append(np.stack(list(found.values()), axis=-1))
            wrong.append(residual(system, y, start, jump))
            times.extend(t.tolist())
    spatial = coordinates.space_of(grid)
    dims = ("time", *spatial)
    units, scales = _units(builder), _scales(builder, parts[0][0].system)
    variables: dict[str, Variable] = {}
    for name, values in columns.items():
        data = coordinates.in_place(values[: len(times)], grid)
        attrs: dict[str, str | float] = {"units": units[name], **_words(builder, name, units[name])}
        attrs |= _facts(builder, name)
        if name in scales:  # times the run's atol, this is what it resolves
            attrs["reference_scale"] = scales[name]
        variables[name] = (dims, data, attrs)
    elements = list(model.elements)
    tables: dict[str, Variable] = {}
    tables["ledger"] = (
        ("time", "element", "pool"), _joined(budget, (len(times), len(elements), len(pool_names))),
        {"units": "mol", "long_name": "amount by pool; supplies are cumulative"},
    )  # fmt: skip
    tables["ledger_residual"] = (
        ("time", "element"), _joined(wrong, (len(times), len(elements))),
        {"units": "1", "long_name": "imbalance relative to turnover"},
    )  # fmt: skip
    tables |= coordinates.stoichiometry(model, parts[0][0].system)
    said: dict[str, str | float] = {"units": "m3", "long_name": "volume of a cell"}
    variables["volume"] = (spatial, coordinates.in_place(grid.volume, grid), said)
    names = np.array(builder.places.names)
    layer = coordinates.in_place(names[builder.places.layer], grid)
    variables["layer"] = (spatial, layer, {"long_name": "layer"})
    coords = coordinates.of_cells(grid, times)
    labels: dict[str, tuple] = {"time": coords["time"], **coordinates.edges(grid)}
    labels["element"] = ("element", np.array(elements, dtype=str))
    labels["pool"] = ("pool", np.array(pool_names, dtype=str))
    labels["species"] = ("species", np.array([s.name for s in model.species], dtype=str))
    labels["process"] = ("process", np.array([q.name for q in model.processes], dtype=str))
    described = {
        "species": [s.description for s in model.species],
        "process": [q.description for q in model.processes],
    }
    for kind, words in described.items():
        labels[f"{kind}_description"] = (kind, np.array(words, str), {"long_name": f"what each {kind} is"})
    attrs = {"constants": builder.scenario.constants, "scenario": builder.scenario.name}
    return xr.Dataset(variables, coords, attrs), xr.Dataset(tables, labels)


def _joined(parts: list[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Parts one after the other; a run refused at its start has none."""
    return np.concatenate(parts) if parts else np.zeros(shape)


def _quantities(
    builder: Builder, system: System, y: np.ndarray, derived: dict[str, np.ndarray], c: np.ndarray
) -> dict[str, np.ndarray]:
    """Values (outputs, cells), or (cells,) where they are the same at all, of states y (outputs, size)."""
    u, _ = system.split(y)
    found: dict[str, np.ndarray] = {}
    k = 0
    for s, x in enumerate(builder.model.species):
        if x.mobile:
            found[x.name], k = c[..., k], k + 1
        else:
            found[x.name] = u[..., s]
    minerals, hidden = _constants(builder).minerals, _hidden(builder)
    for name, values in derived.items():
        if name.startswith("ln_omega_"):
            mineral = name.removeprefix("ln_omega_")
            if mineral not in minerals:
                continue  # a set without this solid says nothing about it
            found[f"SI_{mineral}"] = values / LN10
            found[f"S_{mineral}"] = np.exp(values / minerals[mineral].nu)
        elif name not in hidden:
            found[name] = values
    for name in drawn(builder):  # of each segment: an intervention may change a density
        found[name] = system.fields[:, list(builder.model.fields).index(name)]
    solids = _molar_masses(builder)
    if "HAP" in solids:
        found["HAP_density"] = found["HAP"] * solids["HAP"]
    if solids:
        found["Ca_in_mineral"] = mineral_calcium(builder, system, u)
        found["Ca_per_dry_mass"] = _per_dry_mass(builder, found["Ca_in_mineral"], found)
    return found


def drawn(builder: Builder) -> list[str]:
    """Fields of the model that a random factor was drawn for."""
    return list(dict.fromkeys(f.field for f, _ in builder.places.factors))


def mineral_calcium(builder: Builder, system: System, u: np.ndarray) -> np.ndarray:
    """Calcium in solids [mol m-3]."""
    if "Ca" not in builder.model.elements:
        return np.zeros(u.shape[:-1])
    row = system.contents[builder.model.elements.index("Ca")]
    columns = [k for k, s in enumerate(builder.model.species) if s.solid is not None]
    return u[..., columns] @ row[columns]


def _per_dry_mass(builder: Builder, calcium: np.ndarray, found: dict[str, np.ndarray]) -> np.ndarray:
    """Calcium in solids per dry mass, mineral included [kg/kg]."""
    dry = np.array([builder.scenario.quantity(n, "dry_density", 250.0) for n in builder.places.names])
    mass = sum(found[n] * m for n, m in reversed(_molar_masses(builder).items()) if n in found)
    return calcium * atomic_masses()["Ca"] / (dry[builder.places.layer] + mass)


def _scales(builder: Builder, system: System) -> dict[str, float]:
    """Declared scales of species, and what follows from them for masses and calcium of solids."""
    scales = {s.name: float(s.scale) for s in builder.model.species}
    solids = _molar_masses(builder)
    if "HAP" in solids:
        scales["HAP_density"] = scales["HAP"] * solids["HAP"]
    if solids:
        scales["Ca_in_mineral"] = float(mineral_calcium(builder, system, system.scale[None])[0])
        per_mass = _per_dry_mass(builder, np.full(builder.grid.n_cells, scales["Ca_in_mineral"]), {})
        scales["Ca_per_dry_mass"] = float(per_mass.min())
    return scales


def _constants(builder: Builder) -> ConstantsSet:
    """The set of constants of the run, with what solids of the model say of themselves."""
    own = (s.solid for s in builder.model.solids if s.solid is not None and s.solid.solubility)
    return extended_set(builder.scenario.constants, tuple(own))


def _molar_masses(builder: Builder) -> dict[str, float]:
    """{solid: kg/mol}, in the order of the species."""
    return {s.name: s.solid.molar_mass for s in builder.model.solids if s.solid is not None}


def _hidden(builder: Builder) -> set[str]:
    """Derived quantities that only serve others."""
    return {o for d in builder.model.derived if not d.shown for o in d.outputs}


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
    model = builder.model
    units = {name: si_unit(model.fields[name][1]) for name in drawn(builder)}
    units |= {s.name: s.unit for s in model.species}
    units |= {o: _spelt(u) for d in model.derived for o, u in zip(d.outputs, d.units, strict=True)}
    units["porosity"] = "1"
    if "HAP" in _molar_masses(builder):
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
    minerals, hidden = _constants(builder).minerals, _hidden(builder)
    found = {}
    for name, unit in _units(builder).items():
        mineral = name.partition("_")[2] if name.startswith(("SI_", "S_")) else ""
        if not name.startswith("ln_omega_") and name not in hidden and (not mineral or mineral in minerals):
            found[name] = unit
    return found


def _words(builder: Builder, name: str, unit: str) -> dict[str, str | float]:
    """A variable in words: long and short, and the unit in which people read it."""
    said = variable_words(builder.model, name, unit)
    of = f" ({builder.scenario.constants})" if name.startswith(("SI_", "S_")) else ""
    return {"long_name": said.description + of, "short_name": said.short_name, "shown_in": said.shown_in}
