"""Many fluids and the phases beside them, as arrays: the step between `equilibrate` and the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import SHARE_OF_BLOCKS, SolvedFluids, weighted_sums
from sim.chemistry.newton.phases.records import Found, Given, PhaseLayout, Phases, phase_layout
from sim.chemistry.tables import SpeciationTables

GAS = "CO2"
OF_GAS = "C"  # the component that the gas brings
# A total is told from the terms it is the difference of while it is this share of them; below, the sum
# over the species has more digits.
SHARE_OF_TERMS = 1e-3


@dataclass(frozen=True, eq=False)
class Batch:
    """n fluids [mol/kgw], and what they are brought to equilibrium with.

    totals: (n, nc) with acidity    solids: (n, minerals) at the start    ln_pressure: (n,) of the gas [atm]
    start: (n, nc + 2) unknowns of an earlier solution
    """

    tables: SpeciationTables
    minerals: tuple[str, ...]
    totals: np.ndarray
    solids: np.ndarray
    ln_pressure: np.ndarray | None
    start: np.ndarray


@dataclass(frozen=True, eq=False)
class SolvedBatch:
    """The fluids at the end; formed and taken up since the start.

    x: (n, nc + 2)    formed: (n, minerals), gas: (n,), totals: (n, nc) [mol/kgw]    status: (n,)
    """

    x: np.ndarray
    formed: np.ndarray
    gas: np.ndarray
    totals: np.ndarray
    status: np.ndarray


@dataclass(frozen=True, eq=False)
class _Part:
    """What is really there: tables without components that no fluid has, and the phases that can form."""

    tables: SpeciationTables
    column: np.ndarray  # of the components, among all
    of: np.ndarray  # of the solids, among the minerals asked for
    phases: Phases
    ln_K: np.ndarray
    layout: PhaseLayout


@lru_cache(maxsize=64)
def _part(
    whole: SpeciationTables, chosen: tuple[str, ...], minerals: tuple[str, ...], with_gas: bool
) -> _Part:
    t = whole
    if chosen != whole.components:
        t = constants_set(whole.constants).tables(chosen, whole.temperature, whole.activity)
    # The most stable first: of solids that depend on each other the first is kept.
    rows = [t.minerals.index(m) for m in minerals if m in t.minerals]
    rows.sort(key=lambda i: t.mineral_log_K[i] / np.abs(t.mineral_nu[i]).sum())
    nu, water, log_K = t.mineral_nu[rows], t.mineral_water[rows], t.mineral_log_K[rows]
    if with_gas:
        i = t.gases.names.index(GAS)
        nu = np.concatenate([t.gases.nu[i : i + 1], nu])
        water, log_K = np.append(t.gases.water[i], water), np.append(t.gases.log_K[i], log_K)
    endless = np.zeros(len(nu), np.uint8)
    endless[: int(with_gas)] = 1
    share = 1.0 / np.abs(nu).sum(axis=1)
    return _Part(
        t,
        np.array([whole.components.index(c) for c in chosen]),
        np.array([minerals.index(t.minerals[i]) for i in rows], int),
        Phases(np.ascontiguousarray(nu), np.ascontiguousarray(water), share, endless),
        LN10 * log_K,
        phase_layout(len(nu), t.blocks),
    )


def solve_batch(batch: Batch) -> SolvedBatch:
    """Solve n fluids; the status is not 0 where that failed."""
    whole, n = batch.tables, batch.totals.shape[0]
    h = whole.components.index("H")
    supplied = batch.totals
    if np.any(batch.solids):
        rows = [whole.minerals.index(m) for m in batch.minerals]
        supplied = supplied + weighted_sums(batch.solids, whole.mineral_nu[rows])
    there = supplied.any(axis=0)
    there[h] = True
    gas = batch.ln_pressure is not None
    if gas:
        there[whole.components.index(OF_GAS)] = True
    chosen = tuple(c for c, yes in zip(whole.components, there, strict=True) if yes)
    part = _part(whole, chosen, batch.minerals, gas)
    columns = np.append(part.column, [-2, -1])
    found = _solve_part(part, batch, supplied, columns)
    x, totals, formed = batch.start, batch.totals, np.zeros_like(batch.solids)
    x = np.full_like(batch.start, -np.inf)
    x[:, columns] = found.x
    totals = np.zeros_like(batch.totals)
    totals[:, part.column] = _totals_left(batch.totals[:, part.column], found, part)
    formed[:, part.of] = found.extent[:, int(gas) :]
    taken_up = -found.extent[:, 0] if gas else np.zeros(n)
    return SolvedBatch(x, formed, taken_up, totals, found.status)


def _solve_part(part: _Part, batch: Batch, supplied: np.ndarray, columns: np.ndarray) -> Found:
    from sim.chemistry.newton.block.iteration import LARGEST_I  # here: `import sim` must not start numba
    from sim.chemistry.newton.phases.solve import safe_work_size, start_safely

    t, gas = part.tables, batch.ln_pressure is not None
    n, phases = batch.totals.shape[0], part.phases.share.size
    level, solids, present = (np.empty((n, phases)) for _ in range(3))
    level[:] = part.ln_K
    solids[:, int(gas) :] = batch.solids[:, part.of]
    supplied = supplied[:, part.column]
    if batch.ln_pressure is not None:
        level[:, 0] += batch.ln_pressure
        solids[:, 0] = 0.0
        c = t.components.index(OF_GAS)
        dissolved = np.exp(batch.ln_pressure) * 10.0 ** (t.gases.log_K[0] + t.log_K[t.species.index(GAS)])
        supplied[:, c] = np.maximum(supplied[:, c], dissolved)
    np.greater(solids, 0.0, out=present)
    present[:, : int(gas)] = 1.0
    given = Given(batch.totals[:, part.column], supplied, level, solids)
    found = Found(
        batch.start[:, columns], np.zeros((n, phases)), present,
        np.empty((n, len(t.components))), np.empty(n, np.int64),
    )  # fmt: skip
    _solve_in_lanes(part, given, found, LARGEST_I)
    left = np.flatnonzero(found.status)
    if left.size:
        rest, again = Given(*(a[left] for a in given)), Found(*(a[left] for a in found))
        work = np.zeros(safe_work_size(phases, t.reactions))
        start_safely(rest, again, work, part.phases, t.reactions)
        _solve_in_lanes(part, rest, again, np.inf)
        for a, new in zip(found, again, strict=True):
            a[left] = new
    return found


def _solve_in_lanes(part: _Part, given: Given, found: Found, largest_I: float) -> None:
    from sim.chemistry.newton.phases.solve import solve_blocks_with_phases
    from sim.simd.blocks import LANES
    from sim.simd.threads import Pool

    n, nc = given.totals.shape
    fixed = np.zeros(nc, np.uint8)

    def work(share: int, first: int, last: int) -> None:
        some = slice(first * LANES, last * LANES)
        scratch = np.zeros((part.layout.end, LANES))
        solve_blocks_with_phases(
            Given(*(a[some] for a in given)), Found(*(a[some] for a in found)),
            scratch, fixed, largest_I, part.phases, part.layout, part.tables.blocks,
        )  # fmt: skip

    Pool(SHARE_OF_BLOCKS).run(work, -(-n // LANES))


def _totals_left(totals: np.ndarray, found: Found, part: _Part) -> np.ndarray:
    """Totals of the fluids at the end: what is left, by difference or by the sum over the species."""
    moved = weighted_sums(found.extent, part.phases.nu)
    left = totals - moved
    h = part.tables.components.index("H")
    few = np.abs(left) < SHARE_OF_TERMS * (np.abs(totals) + np.abs(moved))
    few[:, h] = False
    return np.where(few, found.dissolved, left)


def fluids_at_end(tables: SpeciationTables, batch: SolvedBatch) -> SolvedFluids:
    """Molalities and activity coefficients at the end."""
    from sim.chemistry.newton.one.solve import species_of_fluids

    n, ns = batch.x.shape[0], len(tables.species)
    m, lng = np.zeros((n, ns)), np.zeros((n, ns))
    species_of_fluids(batch.totals, batch.x, m, lng, np.zeros(tables.work_size), tables.reactions)
    return SolvedFluids(batch.x, m, lng, batch.status, batch.totals, np.zeros(n, np.int64))
