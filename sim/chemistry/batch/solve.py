"""Many fluids and the phases beside them, as arrays: the step between `equilibrate` and the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import SolvedFluids, weighted_sums
from sim.chemistry.newton.phases.records import Found, Given, GivenRows, Phases, StateRows
from sim.chemistry.newton.records import COLD, NOTHING, OK, UNFINISHED
from sim.chemistry.tables import SpeciationTables

GAS = "CO2"
OF_GAS = "C"  # the component that the gas brings
SHARE_OF_GROUPS = 128  # the fewest that are worth a thread of their own
LARGEST_I = 1.0  # mol/kgw; beyond it the activity models may have several solutions
MOST_AT_FIRST = 1e-2  # mol/kgw of a component that was absent; solids seldom dissolve to more
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

    @cached_property
    def numbers(self) -> np.ndarray:
        """What the machine code reads of the tables."""
        from sim.chemistry.newton.lines.species import numbers_of

        return numbers_of(self.tables.blocks)

    @cached_property
    def address(self) -> int:
        """Of the machine code of a step."""
        from sim.chemistry.newton.phases.step import step_program  # here: `import sim` must not start numba
        from sim.codegen.machine import Routine

        return Routine(step_program(self.phases, self.tables.blocks)).address


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
    formed = np.zeros_like(batch.solids)
    x = np.full_like(batch.start, -np.inf)
    x[:, columns] = found.x
    totals = np.zeros_like(batch.totals)
    totals[:, part.column] = _totals_left(batch.totals[:, part.column], found, part)
    formed[:, part.of] = found.extent[:, int(gas) :]
    taken_up = -found.extent[:, 0] if gas else np.zeros(n)
    return SolvedBatch(x, formed, taken_up, totals, found.status)


def _solve_part(part: _Part, batch: Batch, supplied: np.ndarray, columns: np.ndarray) -> Found:
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
        batch.start[:, columns], np.zeros((n, phases)), present, np.empty((n, len(t.components))),
        np.empty(n, np.int64),
    )  # fmt: skip
    _solve_in_lanes(part, given, found, LARGEST_I)
    left = np.flatnonzero(found.status)
    if left.size:
        from sim.chemistry.newton.phases.solve import safe_work_size, start_safely

        rest, again = Given(*(a[left] for a in given)), Found(*(a[left] for a in found))
        work = np.zeros(safe_work_size(phases, t.reactions))
        start_safely(rest, again, work, part.phases, t.reactions)
        _solve_in_lanes(part, rest, again, np.inf)
        for a, new in zip(found, again, strict=True):
            a[left] = new
    return found


def _solve_in_lanes(part: _Part, given: Given, found: Found, largest_I: float) -> None:
    """Newton's iteration for n fluids in groups; a status that is not 0 where it did not end, or beyond
    `largest_I` [mol/kgw], where there may be several solutions."""
    from sim.chemistry.newton.phases.solve import solve_groups
    from sim.simd.threads import Pool

    t, p = part.tables.blocks, part.phases
    n, nc = given.totals.shape
    h = part.tables.components.index("H")
    absent = given.supplied < NOTHING
    absent[:, h] = False
    x = found.x
    x[:, :nc][absent] = 0.0
    _guess_new_components(part.tables, given.supplied, x)
    rows, row = StateRows.of(p, t), GivenRows.of(p, t)
    state, held = np.zeros((n, rows.end)), np.empty((n, row.end))
    state[:, : nc + 2] = x
    np.exp(x[:, :nc], out=state[:, rows.activity : rows.extent])
    state[:, rows.activity : rows.extent][absent] = 0.0
    state[:, rows.extent : rows.present] = found.extent
    state[:, rows.present : rows.dissolved] = found.present
    held[:, : row.absent], held[:, row.absent : row.level] = given.totals, absent
    held[:, row.level : row.solids], held[:, row.solids :] = given.level, given.solids
    groups, fixed = _in_groups(state), _in_groups(held)
    address = part.address

    def work(share: int, first: int, last: int) -> None:
        solve_groups(address, groups[first:last], fixed[first:last], part.numbers)

    Pool(SHARE_OF_GROUPS).run(work, len(groups))
    state = groups.transpose(0, 2, 1).reshape(-1, rows.end)[:n]
    x[:] = state[:, : nc + 2]
    good = (state[:, rows.solved] == 1.0) & (x[:, nc] <= largest_I) & (np.abs(x[:, :nc]) < -COLD).all(axis=1)
    x[:, :nc][absent] = -np.inf
    found.extent[:] = state[:, rows.extent : rows.present]
    found.present[:] = state[:, rows.present : rows.dissolved]
    found.dissolved[:] = state[:, rows.dissolved : rows.step]
    found.status[:] = np.where(good, OK, UNFINISHED)


def _in_groups(columns: np.ndarray) -> np.ndarray:
    """(n, k) as (groups, k, WIDTH); the last group repeats the last fluid."""
    from sim.simd.lanes8 import WIDTH

    n, k = columns.shape
    groups = -(-n // WIDTH)
    if n % WIDTH:
        columns = np.concatenate([columns, np.repeat(columns[-1:], groups * WIDTH - n, axis=0)])
    return np.ascontiguousarray(columns.reshape(groups, WIDTH, k).transpose(0, 2, 1))


def _guess_new_components(t: SpeciationTables, supplied: np.ndarray, x: np.ndarray) -> None:
    """ln activities of what the fluids had nothing of, as if it had no partners but H+."""
    new = np.flatnonzero(np.isneginf(x[:, : supplied.shape[1]]).any(axis=0))
    h, host = t.components.index("H"), t.reactions.host
    for k in new:
        rows = np.isneginf(x[:, k])
        of_k = np.flatnonzero(host == k)
        held = np.exp(LN10 * t.log_K[of_k] + x[rows, h, None] * t.nu[of_k, h]).sum(axis=1)
        x[rows, k] = np.log(np.minimum(supplied[rows, k], MOST_AT_FIRST) / held)


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
