"""`speciate`: the equilibrium of a fluid from its totals, for scalars and arrays.

Totals and free concentrations are mmol per kg water; in dilute fluids that is mM within 1 %, and
text such as "2.5 mM" is taken as 2.5 mmol per kg water. pH is -log10 of the H+ activity.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sim.chemistry.activity import LN10, range_notes
from sim.chemistry.amounts import celsius, number_array, total_of
from sim.chemistry.constants_sets import BASIS, constants_set
from sim.chemistry.many import SolvedFluids, neutralised, solve_totals, spread, weighted_sums
from sim.chemistry.other_names import component_hint
from sim.chemistry.saturation import ln_iap, saturation_index, saturation_ratio
from sim.chemistry.tables import SpeciationTables
from sim.errors import (
    ConfigError,
    MissingWarning,
    RangeWarning,
    SpeciationError,
    listing,
    nearest,
    shown,
    warn_caller,
)
from sim.units.constants import ZERO_CELSIUS
from sim.units.labels import Wrap, aligned

Value = float | np.ndarray
SMALL = 1e-12  # below it a value is rounding, and shown as 0


class Values(Mapping[str, Value]):
    """Named results, a float or array each; an unknown name is answered with the nearest."""

    def __init__(self, what: str, values: dict[str, Value]) -> None:
        self._what, self._values = what, values

    def __getitem__(self, name: str) -> Value:
        if name not in self._values:
            raise ConfigError(
                f"{shown(name)} is not among the {self._what} of this fluid; "
                f"there are {listing(self._values, 60)}.{nearest(name, self._values)}"
            )
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"{self._what}: {listing(self._values, 60)}"


@dataclass(frozen=True, eq=False, repr=False)
class Fluid:
    """A fluid at equilibrium; each value is a float, or an array (a Series, a DataArray) shaped as the input.

    free: [mmol/kgw] by species (`species` is the same)    activity, gamma: [-] by species
    SI, S: by mineral, S per ion    totals: [mmol/kgw] by component    ionic_strength: [mol/kgw]
    acidity: [mmol/kgw] proton condition    charge: [meq/kgw]    temperature: [deg C]
    converged: False where no equilibrium was found; missing: True where an input was; values are NaN at both
    notes: sentences on missing values, and on what is beyond the range of the activity model or the constants
    """

    pH: Value
    acidity: Value
    ionic_strength: Value
    water_activity: Value
    charge: Value
    converged: np.ndarray | bool
    missing: np.ndarray | bool
    totals: Values
    free: Values
    activity: Values
    gamma: Values
    SI: Values
    S: Values
    temperature: float
    constants: str
    activity_model: str
    notes: tuple[str, ...]
    labelled: Wrap = field(repr=False)
    tables: SpeciationTables = field(repr=False)
    unknowns: np.ndarray = field(repr=False)  # (n, nc + 2): the kernel's x, for the next warm start

    @property
    def species(self) -> Values:
        """Molality of each species [mmol/kgw]."""
        return self.free

    def __repr__(self) -> str:
        head = f"Fluid, constants '{self.constants}', {self.activity_model}, {self.temperature:g} degC"
        shape = np.shape(self.pH)
        if shape:
            head += f", {' x '.join(map(str, shape))} fluids"
        rows = [("pH", self.pH, ""), ("ionic strength", self.ionic_strength, "mol/kgw")]
        rows += [("charge", self.charge, "meq/kgw")]
        rows += [(f"free {n}", self.free[n], "mmol/kgw") for n in ("Ca", "HPO4") if n in self.free]
        rows += [(f"SI {n}", v, "") for n, v in self.SI.items() if not np.all(np.isneginf(v))]
        lines = [head, *(f"  {n:<15}{_span(v)} {unit}".rstrip() for n, v, unit in rows)]
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])


def _span(value: Value) -> str:
    v = np.asarray(value, dtype=float)
    if v.ndim == 0:
        return f"{0.0 if abs(float(v)) < SMALL else float(v):.4g}"
    v = v[~np.isnan(v)]
    return f"{v.min():.4g} to {v.max():.4g}" if v.size else "none converged"


def speciate(
    pH: Any = None,
    acidity: Any = None,
    temperature: Any = 37.0,
    constants: str = "tissue-37C",
    activity: str | None = None,
    *,
    charge_balance: str | None = None,
    **totals: Any,
) -> Fluid:
    """Equilibrium of a fluid with given totals [mmol/kgw].

    Totals: Ca, P, Mg, Na, K, Cl, C, SO4, citrate, PPi, Tris, EDTA, thiosulfate.
    Numbers, arrays (broadcast together), columns of pandas or xarray (which results then are too), or text
    such as "2.5 mM", "2.5 mmol/kgw", "10 mg/dL" (of what leaves no choice), "5 meq/L" (of Ca, Mg, Na, K, Cl);
    what is not given is absent. Where an array has no value (NaN, NA, masked) the fluid is NaN.
    pH: 0-14, or acidity: the proton condition [mmol/kgw], any sign; exactly one of them
    temperature: [deg C], 0-99, or text such as "310.15 K"    constants: name of a set
    activity: "davies" or "truesdell-jones"
    charge_balance: "Na", "K" or "Cl", whose total is then adjusted to an electrically neutral fluid
    Raises ConfigError for what cannot be used, SpeciationError when a single fluid has no solution
    found; in an array such elements are NaN, `converged` is False there, and one warning counts
    them. Warns (RangeWarning) beyond the range of the activity model or the constants, and (MissingWarning)
    of missing values.
    """
    for word, value in (("constants", constants), ("activity", activity), ("charge_balance", charge_balance)):
        if not isinstance(value, str | None):
            raise ConfigError(f"{word} = {shown(value)} is not a name.")
    chosen = constants_set(constants)
    for name in totals:
        if name not in BASIS or name == "H":
            known = [c for c in BASIS if c != "H"]
            hint = component_hint(name, [*known, "pH", "acidity", "temperature", "constants", "activity"])
            raise ConfigError(f"{shown(name)} is not a component; there are {listing(known, 20)}.{hint}")
    if (pH is None) == (acidity is None):
        both = "both were" if pH is not None else "neither was"
        raise ConfigError(f"pH or acidity, exactly one of them, must be given; {both}.")
    values, labelled = aligned(
        {("pH" if acidity is None else "acidity"): pH if acidity is None else acidity, **totals}
    )
    totals = {n: values[n] for n in totals}
    level = (
        number_array("pH", values["pH"])
        if acidity is None
        else total_of("acidity", values["acidity"], signed=True)
    )
    given = {n: total_of(n, v) for n, v in totals.items()}
    for name, v in given.items():
        if name not in chosen.components and np.any(np.nan_to_num(v) != 0.0):
            raise ConfigError(
                f"constants '{constants}' hold no {name}; "
                f"they hold {listing(chosen.components, 20)}. "
                "Leave it out or take 'tissue-37C'."
            )
    if acidity is None and np.any((level < 0.0) | (level > 14.0)):
        worst = level[(level < 0.0) | (level > 14.0)].flat[0]
        raise ConfigError(f"pH = {worst:g} is outside 0-14.")
    degrees = celsius(temperature)
    if charge_balance not in (None, "Na", "K", "Cl"):
        raise ConfigError(
            f"charge_balance = {shown(charge_balance)}; only Na, K or Cl can close the charge."
            f"{nearest(charge_balance, ('Na', 'K', 'Cl'))}"
        )
    components = chosen.components
    tables = chosen.tables(components, degrees + ZERO_CELSIUS, activity)
    try:
        shape = np.broadcast_shapes(level.shape, *(v.shape for v in given.values()))
    except ValueError:
        sizes = ", ".join(f"{n} {v.shape}" for n, v in {"pH": level, **given}.items() if v.shape)
        raise ConfigError(f"the shapes {sizes} do not broadcast together.") from None
    T = np.zeros((math.prod(shape), len(components)))
    for k, c in enumerate(components):
        if c in given:
            T[:, k] = 1e-3 * np.broadcast_to(given[c], shape).ravel()
    level = np.broadcast_to(level, shape).ravel()
    known_rows = ~(np.isnan(T).any(axis=1) | np.isnan(level))
    T, level = T[known_rows], level[known_rows]
    solution = solve_totals(tables, T, level if acidity is None else None, 1e-3 * level)
    if charge_balance is not None:
        solution = neutralised(tables, T, level, acidity is None, components.index(charge_balance))
    if not known_rows.all():
        solution = spread(solution, known_rows)
    if solution.status.any():
        _tell_unsolved(tables, solution, shape)
    notes = notes_on(tables, solution.x[solution.status == 0], degrees, ~known_rows)
    return fluid_of(tables, solution, shape, degrees, labelled, ~known_rows, notes)


def _tell_unsolved(tables: SpeciationTables, found: SolvedFluids, shape: tuple[int, ...]) -> None:
    bad = found.status != 0
    which = tables.components[int(found.worst[np.argmax(bad)])]
    if not shape:
        raise SpeciationError(
            f"no equilibrium found with constants '{tables.constants}': the balance of {which} is furthest "
            "off. Check totals above 1 mol/kgw, or take the other activity model."
        )
    warn_caller(
        f"{int(bad.sum())} of {bad.size} fluids have no equilibrium found; they are NaN, see .converged "
        f"(in the first the balance of {which} is furthest off).",
        UserWarning,
    )


def fluid_of(
    tables: SpeciationTables,
    found: SolvedFluids,
    shape: tuple[int, ...],
    temperature: float,
    labelled: Wrap,
    lost: np.ndarray,
    notes: tuple[str, ...],
) -> Fluid:
    """The fluid that a solution describes; shape: of its values; temperature: [degC]; lost: (n,) whether an
    input was missing; labelled: makes a column of an array.
    """
    nc = len(tables.components)
    x, m, lng, totals = (np.array(a) for a in (found.x, found.m, found.lng, found.totals))
    bad = lost | (found.status != 0)
    for a in (x, m, lng, totals):
        a[bad] = np.nan

    def shaped(a: np.ndarray) -> Value:
        return labelled(a.reshape(shape)) if shape else float(a[0])

    ln_aw = x[:, nc + 1]
    SI = saturation_index(
        ln_iap(x[:, :nc], ln_aw, tables.mineral_nu, tables.mineral_water), tables.mineral_log_K
    )
    S = saturation_ratio(SI, tables.mineral_ions)
    h = tables.components.index("H")

    def named(what: str, names: tuple[str, ...], columns: np.ndarray) -> Values:
        return Values(what, {n: shaped(columns[:, j]) for j, n in enumerate(names)})

    minerals = f"minerals, by constants '{tables.constants}',"
    converged = ~bad.reshape(shape) if shape else True
    return Fluid(
        pH=shaped(-x[:, h] / LN10),
        acidity=shaped(1e3 * totals[:, h]),
        ionic_strength=shaped(x[:, nc]),
        water_activity=shaped(np.exp(ln_aw)),
        charge=shaped(1e3 * weighted_sums(m, tables.charge)),
        converged=converged,
        missing=lost.reshape(shape) if shape else False,
        totals=Values(
            "totals",
            {c: shaped(1e3 * totals[:, k]) for k, c in enumerate(tables.components) if k != h},
        ),
        free=named("species", tables.species, 1e3 * m),
        activity=named("activities", tables.species, m * np.exp(lng)),
        gamma=named("species", tables.species, np.exp(lng)),
        SI=named(minerals, tables.minerals, SI),
        S=named(minerals, tables.minerals, S),
        temperature=float(temperature),
        notes=notes,
        labelled=labelled,
        constants=tables.constants,
        activity_model=tables.activity,
        tables=tables,
        unknowns=x,
    )


def notes_on(
    tables: SpeciationTables, x: np.ndarray, temperature: float, lost: np.ndarray
) -> tuple[str, ...]:
    """Sentences on ranges and missing values, which are warned of as well; x: of the fluids solved."""
    limits = constants_set(tables.constants).temperature_range
    most = float(np.nanmax(x[:, -2], initial=0.0))
    notes = range_notes(tables.activity, most, tables.constants, limits, temperature)
    for note in notes:
        warn_caller(note, RangeWarning)
    if lost.any():
        notes.append(f"{int(lost.sum())} of {lost.size} fluids have missing values given; they are NaN.")
        warn_caller(notes[-1], MissingWarning)
    return tuple(notes)
