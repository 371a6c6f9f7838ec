"""`equilibrate`: fluids with solids that may form or dissolve, closed or open to CO2.

The water that solids take up or give off (order 1e-5 of the whole) is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.chemistry.amounts import total_of
from sim.chemistry.batch.equilibrium import Equilibrium
from sim.chemistry.batch.solve import GAS, OF_GAS, Batch, SolvedBatch, solve_batch
from sim.chemistry.fluid import Fluid, notes_on
from sim.errors import ConfigError, SpeciationError, listing, nearest, shown, warn_caller
from sim.units import convert_number, float_array, has_axes, to_unit
from sim.units.labels import aligned

USUAL = "HAP"
HIGHEST_PRESSURE = 1e6  # Pa; beyond it CO2 is no ideal gas


def equilibrate(
    fluid: Fluid,
    mineral: str | None = None,
    amount: Any = 0.0,
    *,
    minerals: Sequence[str] | None = None,
    pCO2: Any = None,
) -> Equilibrium:
    """Bring a fluid to equilibrium with one solid or several, closed to everything else or open to CO2.

    mineral: a solid (HAP by default), or minerals: several. Each ends at saturation, or absent and at most
        saturated: which of them are present is found.
    amount: solid present at the start [mmol/kgw], which may dissolve: one number, or one for each fluid; of
        several solids {mineral: amount}. Totals and acidity of fluid plus solids are kept.
    pCO2: partial pressure of a gas without end [Pa], or text such as "40 mmHg"; one, or one for each fluid.
        An ideal gas: its CO2 in water is that of Henry's law. `CO2_taken_up` says what it gave.
    Raises ConfigError for what cannot be used, SpeciationError when a single fluid has no equilibrium found;
    in an array such fluids are NaN, `converged` is False there, and one warning counts them.
    """
    if not isinstance(fluid, Fluid):
        raise ConfigError(f"equilibrate needs the Fluid that speciate gives, not {shown(fluid)}.")
    chosen = _solids(fluid, mineral, minerals, pCO2 is not None)
    given = _amounts(chosen, amount)
    if pCO2 is not None:
        given["pCO2"] = pCO2
    columns = aligned({"pH": fluid.pH, **given})[0]
    tables, shape = fluid.tables, np.shape(fluid.pH)
    n = fluid.unknowns.shape[0]
    solids = np.zeros((n, len(chosen)))
    for i, name in enumerate(chosen):
        if name in given:
            solids[:, i] = _of_each(f"amount of {name}", 1e-3 * total_of("amount", columns[name]), shape)
    pressure = _pressure(columns["pCO2"], fluid, shape) if pCO2 is not None else None
    totals = np.empty((n, len(tables.components)))
    for k, c in enumerate(tables.components):
        np.multiply(1e-3, np.ravel(fluid.acidity if c == "H" else fluid.totals[c]), out=totals[:, k])
    missing = np.isnan(solids).any(axis=1) | np.ravel(fluid.missing)
    if pressure is not None:
        missing |= np.isnan(pressure)
    known = ~missing
    if np.isnan(totals.sum()):
        known &= ~np.isnan(totals).any(axis=1)
    ln_pressure = None if pressure is None else np.log(pressure)
    if known.all():
        solution = solve_batch(Batch(tables, chosen, totals, solids, ln_pressure, fluid.unknowns))
    else:
        some = None if ln_pressure is None else ln_pressure[known]
        part = Batch(tables, chosen, totals[known], solids[known], some, fluid.unknowns[known])
        solution = _spread(solve_batch(part), known)
        solution.status[~(known | missing)] = 1
    bad = solution.status != 0
    if bad.any():
        _tell_unsolved(chosen, bad, shape)
        for a in (solution.x, solution.formed, solution.gas, solution.totals):
            a[bad] = np.nan
    notes = notes_on(tables, solution.x, fluid.temperature, missing)
    return Equilibrium(chosen, pCO2 is not None, notes, solution, solids, missing, fluid)


def _solids(
    fluid: Fluid, mineral: str | None, minerals: Sequence[str] | None, with_gas: bool
) -> tuple[str, ...]:
    """Names of the solids, each known to the constants and once."""
    possible = fluid.tables.minerals
    if minerals is None:
        minerals = (USUAL if mineral is None else mineral,)
    elif mineral is not None:
        raise ConfigError(
            f"mineral = {shown(mineral)} and minerals = {shown(minerals)} are both given; name all solids in "
            "minerals."
        )
    elif isinstance(minerals, str) or not isinstance(minerals, Sequence):
        raise ConfigError(f"minerals = {shown(minerals)} is not a list of names, such as ['HAP', 'DCPD'].")
    for name in minerals:
        if not isinstance(name, str) or name not in possible:
            raise ConfigError(
                f"{shown(name)} cannot form in this fluid with constants '{fluid.tables.constants}'; "
                f"possible: {listing(possible)}.{nearest(name, possible)}"
            )
    if len(set(minerals)) < len(minerals):
        raise ConfigError(f"minerals = {listing(minerals)} names a solid twice.")
    if not minerals and not with_gas:
        raise ConfigError(
            "minerals is empty, and no pCO2 is given: there is nothing to come to equilibrium with."
        )
    return tuple(minerals)


def _amounts(chosen: tuple[str, ...], amount: Any) -> dict[str, Any]:
    """{mineral: amount} of what was given."""
    if not isinstance(amount, Mapping):
        if len(chosen) == 1:
            return {chosen[0]: amount}
        if isinstance(amount, int | float) and amount == 0:
            return {}
        raise ConfigError(
            f"amount = {shown(amount)} does not say of which solid; give {{name: amount}} for "
            f"{listing(chosen)}."
        )
    for name in amount:
        if name not in chosen:
            raise ConfigError(
                f"amount is given of {shown(name)}, which is not among the solids asked for, "
                f"{listing(chosen)}.{nearest(name, chosen)}"
            )
    return dict(amount)


def _of_each(what: str, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """One number, or one for each fluid, as (n,)."""
    if np.shape(values) not in ((), shape):
        raise ConfigError(
            f"{what} has shape {np.shape(values)}; one number, or one for each fluid (shape {shape}), is "
            "needed."
        )
    return np.array(np.broadcast_to(values, shape)).ravel()


def _pressure(value: Any, fluid: Fluid, shape: tuple[int, ...]) -> np.ndarray:
    """Partial pressures [atm] of the gas, (n,)."""
    if OF_GAS not in fluid.tables.components or GAS not in fluid.tables.gases.names:
        raise ConfigError(f"constants '{fluid.tables.constants}' hold no gas {GAS}; leave pCO2 out.")
    pascal = float_array(value, "Pa", "pCO2") if has_axes(value) else convert_number(value, "Pa", "pCO2")
    p = np.asarray(pascal, dtype=float)
    wrong = p[(p <= 0.0) | (p > HIGHEST_PRESSURE)]
    if wrong.size:
        raise ConfigError(
            f"pCO2 = {wrong.flat[0]:g} Pa is outside 0-{HIGHEST_PRESSURE:g} Pa; air has 42 Pa, arterial "
            "blood 5300 Pa. Write '40 mmHg' for other units; without pCO2 the batch is closed."
        )
    return _of_each("pCO2", to_unit(p, "atm"), shape)


def _spread(found: SolvedBatch, rows: np.ndarray) -> SolvedBatch:
    """The solution of some of n fluids as one of all: NaN for the others."""

    def at_rows(values: np.ndarray) -> np.ndarray:
        whole = np.full((rows.size, *values.shape[1:]), np.nan)
        whole[rows] = values
        return whole

    status = np.zeros(rows.size, np.int64)
    status[rows] = found.status
    x, formed, gas, totals = (at_rows(a) for a in (found.x, found.formed, found.gas, found.totals))
    return SolvedBatch(x, formed, gas, totals, status)


def _tell_unsolved(chosen: tuple[str, ...], bad: np.ndarray, shape: tuple[int, ...]) -> None:
    """Say how many have no equilibrium; a single fluid is an error."""
    what = listing(chosen) if chosen else "the gas"
    if not shape:
        raise SpeciationError(
            f"no equilibrium with {what} was found for this fluid. Check totals above 1 mol/kgw, or take the "
            "other activity model."
        )
    warn_caller(
        f"{int(bad.sum())} of {bad.size} fluids have no equilibrium with {what} found; they are NaN, see "
        ".converged.",
        UserWarning,
    )
