"""Many fluids at once, as arrays: the step between `speciate` and the kernel."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from sim.chemistry.tables import SpeciationTables
from sim.errors import ConfigError

LN10 = math.log(10.0)
MANY = 256  # fluids from which on the lanes are worth loading
CHUNKS = 8  # pieces of the work that threads may share


@dataclass(frozen=True, eq=False)
class Solution:
    """Raw kernel output for n fluids.

    x: (n, nc + 2)    m, lng: (n, ns)    status: (n,)    totals: (n, nc), acidity included
    """

    x: np.ndarray
    m: np.ndarray
    lng: np.ndarray
    status: np.ndarray
    totals: np.ndarray
    worst: np.ndarray  # (n,) component with the largest imbalance


def solve_totals(
    tables: SpeciationTables,
    totals: np.ndarray,
    pH: np.ndarray | None = None,
    acidity: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> Solution:
    """Solve n fluids of totals (n, nc) [mol/kgw] at given pH, or at given acidity (n,) [mol/kgw].

    start: x (n, nc + 2) of an earlier solution.
    """
    n, nc = totals.shape
    ns = len(tables.species)
    h = tables.components.index("H")
    x = np.full((n, nc + 2), np.nan) if start is None else np.array(start)
    totals = np.array(totals)
    is_fixed = np.zeros(nc, dtype=np.uint8)
    if pH is not None:
        is_fixed[h] = 1
        x[:, h] = -LN10 * pH
    elif acidity is not None:
        totals[:, h] = acidity
    m, lng = np.zeros((n, ns)), np.zeros((n, ns))
    status = np.zeros(n, dtype=np.int64)
    _solve(tables, totals, is_fixed, x, m, lng, status)
    with np.errstate(invalid="ignore"):
        found = m @ tables.nu
        size = m @ np.abs(tables.nu) + np.abs(totals) + 1e-300
        off = np.where(is_fixed == 1, 0.0, np.abs(found - totals) / size)
    if pH is not None:
        totals[:, h] = found[:, h]
    return Solution(x, m, lng, status, totals, np.argmax(off, axis=1))


def _solve(tables: SpeciationTables, totals, is_fixed, x, m, lng, status) -> None:
    """Many fluids in lanes, and what those leave, or few fluids, one by one."""
    from sim.chemistry.speciation import solve_many  # here: `import sim` must not start the compiler

    n = status.size
    left = np.arange(n)
    start = x
    if n >= MANY:
        from sim.chemistry.lanes import layout, solve_blocks

        start = x.copy()
        work = np.zeros((CHUNKS, layout(tables.lanes)[-1]))
        solve_blocks(totals, is_fixed, x, m, lng, work, status, *tables.lanes)
        left = np.flatnonzero(status)
    if left.size:
        rows = [np.ascontiguousarray(a[left]) for a in (totals, start, m, lng, status)]
        work = np.zeros((CHUNKS if left.size >= 64 else 1, tables.work_size))
        solve_many(rows[0], is_fixed, *rows[1:4], work, rows[4], *tables.arrays)
        for a, found in zip((x, m, lng, status), rows[1:], strict=True):
            a[left] = found


def neutralised(
    tables: SpeciationTables, T: np.ndarray, level: np.ndarray, pH_given: bool, k: int
) -> Solution:
    """Adjust total k until the fluid is neutral; the charge of a fluid is z . totals exactly."""
    z = tables.component_charge
    T = np.array(T)
    x = None
    for _ in range(60):
        found = solve_totals(tables, T, level if pH_given else None, 1e-3 * level, x)
        charge = found.totals @ z
        T[:, k] -= charge / z[k]
        x = found.x
        if np.any(T[:, k] < 0.0):
            name = tables.components[k]
            raise ConfigError(f"charge_balance = '{name}' would need a negative total of {name}.")
        if not np.any(np.abs(charge) > 1e-16):
            break
    return found
