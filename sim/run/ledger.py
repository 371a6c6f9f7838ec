"""Where calcium, phosphorus, carbon and acidity are: by pool, and what came in from outside."""

from __future__ import annotations

import numpy as np

from sim.binder.system import SUPPLIES, System


def inventory(system: System, y: np.ndarray) -> np.ndarray:
    """Contents less what was supplied, by element [mol]: what only an intervention can change."""
    return system.invariants @ y


def pools(system: System, y: np.ndarray, derived: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """{pool: amounts (outputs, elements) [mol]} of states y (outputs, size) and their derived quantities
    (outputs, cells); supplies are included with the sign of a source."""
    u, tail = system.split(y)
    amounts = system.grid.volume @ u  # mol of each species
    found: dict[str, np.ndarray] = {}
    for k, s in enumerate(system.model.species):
        if not s.contains:
            continue
        pool = s.pool or s.name
        held = amounts[:, k, None] * system.contents[:, k]
        found[pool] = found.get(pool, 0.0) + held
    if "dissolved" in found:
        total = found.pop("dissolved")
        free = total.copy()
        for k, element in enumerate(system.model.elements):
            if f"{element}_free" in derived:  # what speciation says of the free ion
                water = derived[f"{element}_free"] * derived["porosity"]
                free[:, k] = water @ system.grid.volume
        found = {"ions": free, "complexes": total - free, **found}
    for k, side in enumerate(SUPPLIES):
        found[f"supplied by {side}"] = tail[:, k] @ system.contents[:, system.mobile].T
    return found


def residual(system: System, y: np.ndarray, start: np.ndarray, jump: np.ndarray) -> np.ndarray:
    """Relative imbalance (outputs, elements) of states y (outputs, size):
    (contents - supplied - start - interventions)/turnover.

    Turnover is what is held, was supplied and was there at the start, and at least a millionth of
    each species' scale: an element that is absent shows its rounding as small, not as 1.
    """
    u, tail = system.split(y)
    held = system.grid.volume @ np.abs(u) + 1e-6 * system.scale * system.grid.total_volume
    turnover = held @ np.abs(system.contents).T + np.abs(start)
    turnover = turnover + np.abs(tail).sum(axis=1) @ np.abs(system.contents[:, system.mobile]).T
    return (y @ system.invariants.T - start - jump) / np.where(turnover > 0, turnover, 1.0)
