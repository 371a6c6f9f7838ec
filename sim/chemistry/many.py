"""Many fluids at once, as arrays: the step between `speciate` and the kernels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.newton.records import OK, UNFINISHED
from sim.chemistry.tables import SpeciationTables
from sim.errors import ConfigError

MANY = 1000  # fluids; fewer are done one by one before the vector code is loaded (40 to 80 ms)
SHARE_OF_GROUPS, SHARE_OF_FLUIDS = 128, 64  # the fewest that are worth a thread of their own


@dataclass(frozen=True, eq=False)
class SolvedFluids:
    """Raw kernel output for n fluids.

    x: (n, nc + 2)    m, lng: (n, ns)    status: (n,)    totals: (n, nc), acidity included
    """

    x: np.ndarray
    m: np.ndarray
    lng: np.ndarray
    status: np.ndarray
    totals: np.ndarray
    worst: np.ndarray  # (n,) where unsolved, the component with the largest imbalance


def solve_totals(
    tables: SpeciationTables,
    totals: np.ndarray,
    pH: np.ndarray | None = None,
    acidity: np.ndarray | None = None,
    start: np.ndarray | None = None,
) -> SolvedFluids:
    """Solve n fluids of totals (n, nc) [mol/kgw] at given pH, or at given acidity (n,) [mol/kgw].

    start: x (n, nc + 2) of an earlier solution.
    """
    n, nc = totals.shape
    ns = len(tables.species)
    h = tables.components.index("H")
    x = np.full((n, nc + 2), np.nan) if start is None else np.array(start, order="C")
    totals = np.array(totals, dtype=float, order="C")
    is_fixed = np.zeros(nc, dtype=np.uint8)
    if pH is not None:
        is_fixed[h] = 1
        x[:, h] = -LN10 * pH
    elif acidity is not None:
        totals[:, h] = acidity
    found = SolvedFluids(
        x, np.zeros((n, ns)), np.zeros((n, ns)), np.zeros(n, np.int64), totals, np.zeros(n, np.int64)
    )
    _solve(tables, is_fixed, found)
    bad = np.flatnonzero(found.status)
    if bad.size:
        found.worst[bad] = _furthest_off(tables, is_fixed, found.m[bad], totals[bad])
    if pH is not None:
        totals[:, h] = weighted_sums(found.m, tables.nu[:, h])
    return found


def weighted_sums(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """values (n, k) times weights (k,) or (k, j), without BLAS.

    For matrices as thin as these a BLAS wakes its threads, which then spin and cost several times what
    the product does.
    """
    result: np.ndarray = np.einsum("nk,k...->n...", values, weights)
    return result


def _furthest_off(
    tables: SpeciationTables, is_fixed: np.ndarray, m: np.ndarray, totals: np.ndarray
) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        size = weighted_sums(m, np.abs(tables.nu)) + np.abs(totals) + 1e-300
        off = np.abs(weighted_sums(m, tables.nu) - totals) / size
    return np.argmax(np.where(is_fixed == 1, 0.0, off), axis=1)


def _solve(tables: SpeciationTables, is_fixed: np.ndarray, found: SolvedFluids) -> None:
    """Fill in a solution: many fluids as vector code, and what that leaves, or few fluids, one by one."""
    n = found.status.size
    left, start = np.arange(n), found.x
    if n >= MANY:
        start = found.x.copy()
        _solve_groups(tables, bool(is_fixed.any()), found)
        left = np.flatnonzero(found.status)
    if left.size:
        rest = [np.ascontiguousarray(a[left]) for a in (start, found.m, found.lng, found.status)]
        _solve_one_by_one(tables, is_fixed, found.totals[left], *rest)
        for a, new in zip((found.x, found.m, found.lng, found.status), rest, strict=True):
            a[left] = new


def _solve_groups(tables: SpeciationTables, at_pH: bool, found: SolvedFluids) -> None:
    from sim.chemistry.newton.straight.rows import fluid_numbers
    from sim.chemistry.newton.straight.solve import (  # here: `import sim` must not start numba
        fluid_code,
        solve_groups,
    )
    from sim.simd.constants import WIDTH
    from sim.simd.threads import Pool

    code, n = fluid_code(tables.equations), found.status.size
    numbers, solved = fluid_numbers(tables.equations, at_pH), np.zeros((n, 1))

    def work(share: int, first: int, last: int) -> None:
        rows = np.zeros((code.rows, WIDTH))
        arrays = (found.totals, found.x, found.m, found.lng, solved, rows, numbers)
        solve_groups(first, last, at_pH, arrays, code)

    Pool(SHARE_OF_GROUPS).run(work, -(-n // WIDTH))
    found.status[:] = np.where(solved[:, 0] == 1.0, OK, UNFINISHED)


def _solve_one_by_one(
    tables: SpeciationTables, is_fixed: np.ndarray, totals: np.ndarray, *arrays: np.ndarray
) -> None:
    """arrays: x, m, ln gamma and status, filled in."""
    from sim.chemistry.newton.one.solve import solve_fluids
    from sim.simd.threads import Pool

    def work(share: int, first: int, last: int) -> None:
        some = [a[first:last] for a in arrays]
        scratch = np.zeros(tables.work_size)
        solve_fluids(totals[first:last], is_fixed, *some, scratch, tables.reactions)

    Pool(SHARE_OF_FLUIDS).run(work, totals.shape[0])


def spread(found: SolvedFluids, rows: np.ndarray) -> SolvedFluids:
    """The solution of some of n fluids, `rows` (n,) being True, as one of all: NaN for the others."""

    def at_rows(values: np.ndarray, otherwise: float) -> np.ndarray:
        whole = np.full((rows.size, *values.shape[1:]), otherwise, values.dtype)
        whole[rows] = values
        return whole

    x, m, lng, totals = (at_rows(a, np.nan) for a in (found.x, found.m, found.lng, found.totals))
    return SolvedFluids(x, m, lng, at_rows(found.status, 0), totals, at_rows(found.worst, 0))


def neutralised(
    tables: SpeciationTables, T: np.ndarray, level: np.ndarray, pH_given: bool, k: int
) -> SolvedFluids:
    """Adjust total k until the fluid is neutral; the charge of a fluid is z . totals exactly."""
    z = tables.component_charge
    T = np.array(T)
    x = None
    for _ in range(60):
        found = solve_totals(tables, T, level if pH_given else None, 1e-3 * level, x)
        charge = weighted_sums(found.totals, z)
        T[:, k] -= charge / z[k]
        x = found.x
        if np.any(T[:, k] < 0.0):
            name = tables.components[k]
            raise ConfigError(f"charge_balance = '{name}' would need a negative total of {name}.")
        if not np.any(np.abs(charge) > 1e-16):
            break
    return found
