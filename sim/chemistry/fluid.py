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

from sim.chemistry.activity import LN10
from sim.chemistry.amounts import number_array, total_of
from sim.chemistry.constants_sets import BASIS, constants_set
from sim.chemistry.many import SolvedFluids, neutralised, solve_totals, weighted_sums
from sim.chemistry.saturation import ln_iap, saturation_index, saturation_ratio
from sim.chemistry.tables import SpeciationTables
from sim.errors import ConfigError, SpeciationError, listing, nearest, shown, warn_caller

CELSIUS = 273.15
Value = float | np.ndarray


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
    """A fluid at equilibrium; each value is a float, or an array shaped as the input.

    free: [mmol/kgw] by species (`species` is the same)    activity, gamma: [-] by species
    SI, S: by mineral, S per ion    totals: [mmol/kgw] by component    ionic_strength: [mol/kgw]
    acidity: [mmol/kgw] proton condition    charge: [meq/kgw]    temperature: [deg C]
    """

    pH: Value
    acidity: Value
    ionic_strength: Value
    water_activity: Value
    charge: Value
    converged: np.ndarray | bool
    totals: Values
    free: Values
    activity: Values
    gamma: Values
    SI: Values
    S: Values
    temperature: float
    constants: str
    activity_model: str
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
        rows += [(f"free {n}", self.free[n], "mmol/kgw") for n in ("Ca", "HPO4") if n in self.free]
        rows += [(f"SI {n}", v, "") for n, v in self.SI.items() if not np.all(np.isneginf(v))]
        return "\n".join([head, *(f"  {n:<15}{_span(v)} {unit}".rstrip() for n, v, unit in rows)])


def _span(value: Value) -> str:
    v = np.asarray(value, dtype=float)
    if v.ndim == 0:
        return f"{float(v):.4g}"
    v = v[~np.isnan(v)]
    return f"{v.min():.4g} to {v.max():.4g}" if v.size else "none converged"


def speciate(
    pH: Any = None,
    acidity: Any = None,
    temperature: float = 37.0,
    constants: str = "tissue-37C",
    activity: str | None = None,
    *,
    charge_balance: str | None = None,
    **totals: Any,
) -> Fluid:
    """Equilibrium of a fluid with given totals [mmol/kgw].

    Totals: Ca, P, Mg, Na, K, Cl, C, SO4, citrate, PPi, Tris.
    Numbers, arrays (broadcast together) or text such as "2.5 mM"; what is not given is absent.
    pH: 0-14, or acidity: the proton condition [mmol/kgw], any sign; exactly one of them
    temperature: [deg C], 0-99    constants: name of a set    activity: "davies" or "truesdell-
        jones"
    charge_balance: "Na", "K" or "Cl", whose total is then adjusted to an electrically neutral fluid
    Raises ConfigError for what cannot be used, SpeciationError when a single fluid has no solution
    found; in an array such elements are NaN, `converged` is False there, and one warning counts
    them.
    """
    chosen = constants_set(constants)
    for name in totals:
        if name not in BASIS or name == "H":
            known = [c for c in BASIS if c != "H"]
            hint = nearest(name, [*known, "pH", "acidity", "temperature", "constants", "activity"])
            raise ConfigError(f"{shown(name)} is not a component; there are {listing(known, 12)}.{hint}")
    given = {n: total_of(n, v) for n, v in totals.items()}
    for name, v in given.items():
        if name not in chosen.components and np.any(v != 0.0):
            raise ConfigError(
                f"constants '{constants}' hold no {name}; "
                f"they hold {listing(chosen.components, 12)}. "
                "Leave it out or take 'tissue-37C'."
            )
    if (pH is None) == (acidity is None):
        both = "both were" if pH is not None else "neither was"
        raise ConfigError(f"pH or acidity, exactly one of them, must be given; {both}.")
    level = number_array("pH", pH) if acidity is None else total_of("acidity", acidity, signed=True)
    if acidity is None and np.any((level < 0.0) | (level > 14.0)):
        worst = level[(level < 0.0) | (level > 14.0)].flat[0]
        raise ConfigError(f"pH = {worst:g} is outside 0-14.")
    if not 0.0 <= temperature < 100.0:
        raise ConfigError(f"temperature = {shown(temperature)} degC is outside 0-99.")

    if charge_balance not in (None, "Na", "K", "Cl"):
        raise ConfigError(
            f"charge_balance = {shown(charge_balance)}; only Na, K or Cl can close the charge."
            f"{nearest(charge_balance, ('Na', 'K', 'Cl'))}"
        )
    components = chosen.components
    tables = chosen.tables(components, temperature + CELSIUS, activity)
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
    solution = solve_totals(tables, T, level if acidity is None else None, 1e-3 * level)
    if charge_balance is not None:
        solution = neutralised(tables, T, level, acidity is None, components.index(charge_balance))
    return fluid_of(tables, solution, shape, temperature)


def fluid_of(
    tables: SpeciationTables, found: SolvedFluids, shape: tuple[int, ...], temperature: float
) -> Fluid:
    """The fluid that a solution describes; shape: of its values; temperature: [degC]."""
    names, nc = tables.species, len(tables.components)
    bad = found.status != 0
    if bad.any():
        which = tables.components[int(found.worst[np.argmax(bad)])]
        if not shape:
            raise SpeciationError(
                f"no equilibrium found with constants '{tables.constants}': "
                f"the balance of {which} is furthest off. "
                "Check totals above 1 mol/kgw, or take the other activity model."
            )
        warn_caller(
            f"{int(bad.sum())} of {bad.size} fluids have no equilibrium found; "
            "they are NaN, see .converged "
            f"(in the first the balance of {which} is furthest off).",
            UserWarning,
        )
    x, m, lng, totals = (np.array(a) for a in (found.x, found.m, found.lng, found.totals))
    for a in (x, m, lng, totals):
        a[bad] = np.nan

    def shaped(a: np.ndarray) -> Value:
        return a.reshape(shape) if shape else float(a[0])

    ln_aw = x[:, nc + 1]
    SI = saturation_index(
        ln_iap(x[:, :nc], ln_aw, tables.mineral_nu, tables.mineral_water), tables.mineral_log_K
    )
    S = saturation_ratio(SI, tables.mineral_ions)
    h = tables.components.index("H")
    activities = m * np.exp(lng)
    converged = ~bad.reshape(shape) if shape else True
    return Fluid(
        pH=shaped(-x[:, h] / LN10),
        acidity=shaped(1e3 * totals[:, h]),
        ionic_strength=shaped(x[:, nc]),
        water_activity=shaped(np.exp(ln_aw)),
        charge=shaped(1e3 * weighted_sums(m, tables.charge)),
        converged=converged,
        totals=Values(
            "totals",
            {c: shaped(1e3 * totals[:, k]) for k, c in enumerate(tables.components) if k != h},
        ),
        free=Values("species", {n: shaped(1e3 * m[:, j]) for j, n in enumerate(names)}),
        activity=Values("activities", {n: shaped(activities[:, j]) for j, n in enumerate(names)}),
        gamma=Values("species", {n: shaped(np.exp(lng[:, j])) for j, n in enumerate(names)}),
        SI=Values("minerals", {n: shaped(SI[:, i]) for i, n in enumerate(tables.minerals)}),
        S=Values("minerals", {n: shaped(S[:, i]) for i, n in enumerate(tables.minerals)}),
        temperature=float(temperature),
        constants=tables.constants,
        activity_model=tables.activity,
        tables=tables,
        unknowns=x,
    )
