"""Many fluids and the phases beside them, as arrays: the step between `equilibrate` and the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from sim.chemistry.activity import LN10
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.many import SolvedFluids, weighted_sums
from sim.chemistry.newton.phases.records import FoundFluids, GivenFluids, GivenRows, Phases, StateRows
from sim.chemistry.newton.records import LARGEST_I, NOTHING
from sim.chemistry.tables import SpeciationTables

if TYPE_CHECKING:
    from sim.chemistry.newton.phases.solve import StepCode

GAS = "CO2"
OF_GAS = "C"  # the component that the gas brings
SHARE_OF_GROUPS = 128  # the fewest that are worth a thread of their own
MOST_AT_FIRST = 1e-2  # mol/kgw of a component that was absent; solids seldom dissolve to more


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
    def code(self) -> StepCode:
        """The machine code of a step. Its group is to be replaced: threads have their own."""
        from sim.chemistry.newton.phases.solve import StepCode  # here: `import sim` must not start numba
        from sim.chemistry.newton.phases.step import begin_program, step_program
        from sim.codegen.machine import Routine

        p, t = self.phases, self.tables.equations
        begin, step = (Routine(program(p, t)).address for program in (begin_program, step_program))
        none = np.zeros((0, 0, 0))
        K, family = t.reactions.K, np.ascontiguousarray(t.activity.family)
        h = self.tables.components.index("H")
        return StepCode(begin, step, StateRows.of(p, t), GivenRows.of(p, t), none, none, K, family, h)


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
    supplied = batch.totals
    if np.any(batch.solids):
        rows = [whole.minerals.index(m) for m in batch.minerals]
        supplied = supplied + weighted_sums(batch.solids, whole.mineral_nu[rows])
    gas = batch.ln_pressure is not None
    always = ("H", OF_GAS) if gas else ("H",)
    there = supplied.sum(axis=0) > 0.0  # none but acidity is negative
    chosen = tuple(c for c, yes in zip(whole.components, there.tolist(), strict=True) if yes or c in always)
    part = _part(whole, chosen, batch.minerals, gas)
    found = _solve_part(part, batch)
    formed = found.extent[:, int(gas) :]
    if part.of.size < len(batch.minerals) or np.any(np.diff(part.of) != 1):
        formed = np.zeros_like(batch.solids)
        formed[:, part.of] = found.extent[:, int(gas) :]
    taken_up = -found.extent[:, 0] if gas else np.zeros(n)
    return SolvedBatch(found.x, formed, taken_up, found.totals, found.status)


def _solve_part(part: _Part, batch: Batch) -> FoundFluids:
    gas = batch.ln_pressure is not None
    n, phases = batch.totals.shape[0], part.phases.share.size
    level, solids = np.empty((n, phases)), np.zeros((n, phases))
    level[:] = part.ln_K
    solids[:, int(gas) :] = batch.solids[:, part.of]
    if batch.ln_pressure is not None:
        level[:, 0] += batch.ln_pressure
    present = (solids > 0.0) | (part.phases.endless == 1)
    given = GivenFluids(batch.totals, part.column, level, solids)
    found = FoundFluids(
        np.array(batch.start), np.zeros((n, phases)), present.astype(float), np.empty_like(batch.totals),
        np.empty(n, np.int64),
    )  # fmt: skip
    if gas or np.any(solids):
        _guess_new_components(part, _supplied(part, given), found.x)
    _solve_in_lanes(part, given, found, LARGEST_I)
    left = np.flatnonzero(found.status)
    if left.size:
        rest, again = _some(given, left), FoundFluids(*(a[left] for a in found))
        _start_safely(part, rest, again)
        _solve_in_lanes(part, rest, again, np.inf)
        for a, new in zip(found, again, strict=True):
            a[left] = new
    return found


def _some(given: GivenFluids, rows: np.ndarray) -> GivenFluids:
    return GivenFluids(given.totals[rows], given.column, given.level[rows], given.solids[rows])


def _supplied(part: _Part, given: GivenFluids) -> np.ndarray:
    """(n, nc) What fluid and solids hold; of the component of a gas at least what it dissolves."""
    supplied = given.totals[:, given.column] + weighted_sums(given.solids, part.phases.nu)
    t = part.tables
    if part.phases.endless.any():
        c = t.components.index(OF_GAS)
        dissolved = np.exp(given.level[:, 0] + LN10 * t.log_K[t.species.index(GAS)])
        supplied[:, c] = np.maximum(supplied[:, c], dissolved)
    return supplied


def _start_safely(part: _Part, given: GivenFluids, found: FoundFluids) -> None:
    from sim.chemistry.newton.phases.solve import safe_work_size, start_safely

    r, p = part.tables.reactions, part.phases
    columns = np.append(part.column, [-2, -1])
    small = GivenFluids(given.totals[:, part.column], np.arange(part.column.size), given.level, given.solids)
    start = FoundFluids(found.x[:, columns], *found[1:])
    start_safely(small, _supplied(part, given), start, np.zeros(safe_work_size(p.share.size, r)), p, r)
    found.x[:, columns] = start.x


def _solve_in_lanes(part: _Part, given: GivenFluids, found: FoundFluids, largest_I: float) -> None:
    from sim.chemistry.newton.phases.solve import solve_groups
    from sim.simd.constants import WIDTH
    from sim.simd.threads import Pool

    code = part.code

    def work(share: int, first: int, last: int) -> None:
        state, held = (np.zeros((1, rows.end, WIDTH)) for rows in (code.rows, code.row))
        own = code._replace(state=state, held=held)
        solve_groups(first, last, given, found, largest_I, own, part.phases)

    Pool(SHARE_OF_GROUPS).run(work, -(-given.totals.shape[0] // WIDTH))


def _guess_new_components(part: _Part, supplied: np.ndarray, x: np.ndarray) -> None:
    """ln activities of what the fluids had nothing of, as if it had no partners but H+."""
    t = part.tables
    h, host = t.components.index("H"), t.reactions.host
    for k, column in enumerate(part.column):
        rows = np.isneginf(x[:, column]) & (supplied[:, k] >= NOTHING)
        if rows.any():
            of_k = np.flatnonzero(host == k)
            acid = x[rows, part.column[h], None] * t.nu[of_k, h]
            held = np.exp(LN10 * t.log_K[of_k] + acid).sum(axis=1)
            x[rows, column] = np.log(np.minimum(supplied[rows, k], MOST_AT_FIRST) / held)


def fluids_at_end(tables: SpeciationTables, batch: SolvedBatch) -> SolvedFluids:
    """Molalities and activity coefficients at the end."""
    from sim.chemistry.newton.one.solve import species_of_fluids

    n, ns = batch.x.shape[0], len(tables.species)
    m, lng = np.zeros((n, ns)), np.zeros((n, ns))
    species_of_fluids(batch.totals, batch.x, m, lng, np.zeros(tables.work_size), tables.reactions)
    return SolvedFluids(batch.x, m, lng, batch.status, batch.totals, np.zeros(n, np.int64))
