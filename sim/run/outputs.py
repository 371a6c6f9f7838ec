"""The states of a run at its output times as plain arrays: columns by name, and amounts by pool.

Nothing is made before it is asked for: a sweep that takes the crystals at the end evaluates no speciation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim.binder.system import System
from sim.chemistry.constants_sets import ConstantsSet, extended_set
from sim.chemistry.formula import atomic_masses
from sim.experiment.models import SPECIATION
from sim.model.words.names import OMEGA
from sim.run.continued.state_tables import AMOUNTS, BY_HAND, END, ENTERED, ENTERED_AT_END, FIRST
from sim.run.coordinates import in_place
from sim.run.ledger import inventory, pools, residual
from sim.run.segments import Builder, Segment
from sim.run.watching.undisturbed import undisturbed
from sim.solvers.steps.solution import Solution, where_unsolved

LN10 = np.log(10.0)
CELLS_AT_ONCE = 16_384  # cells times outputs that are handled together


class LedgerBefore(NamedTuple):
    """By element (e,) [mol], where a run goes on: contents at the first start, contents then less what
    had come in, and what interventions had changed."""

    first: np.ndarray
    contents: np.ndarray
    by_hand: np.ndarray


class Outputs:
    """What a run gives at its output times.

    parts: segments with their solutions; starts: the state before each of them and that which it starts from
    kept: names of the columns to have; all when None
    before: the ledger of the runs that this one goes on from; None at the first start
    times (k,): of output [s]; a cut is an output of both its segments, and is here once
    """

    def __init__(
        self,
        builder: Builder,
        parts: Sequence[tuple[Segment, Solution]],
        starts: Sequence[tuple[np.ndarray, np.ndarray]],
        kept: Sequence[str] | None = None,
        before: LedgerBefore | None = None,
    ):
        self.builder, self.kept, self._before = builder, kept, before
        self._parts, self._starts = parts, starts
        self._firsts: list[int] = []
        self._unsolved: dict[str, float] = {}
        times: list[float] = []
        for _, solution in parts:
            first = int(solution.t.size > 0 and bool(times) and solution.t[0] <= times[-1])
            times.extend(solution.t[first:].tolist())
            self._firsts.append(first)
        self.times = np.array(times, dtype=float)

    @property
    def first_system(self) -> System:
        """The system that the run began with."""
        return self._parts[0][0].system

    @property
    def at_end(self) -> dict[str, np.ndarray]:
        """What another run needs to go on, by the names of `state_tables`: bit for bit the state where
        the run ended, which may lie after the last output, and what had come in by each output."""
        segment, solution = self._parts[-1]
        system = segment.system
        amounts, entered = system.split(solution.end)
        by_outputs = np.zeros((self.times.size, *entered.shape))
        for here, k, _, y in self._pieces():
            by_outputs[here] = self._parts[k][0].system.split(y)[1]
        first, by_hand = self._inventories
        contents = inventory(system, solution.end)
        return {
            AMOUNTS: amounts.copy(), ENTERED_AT_END: entered.copy(), ENTERED: by_outputs,
            FIRST: first, END: contents, BY_HAND: by_hand[-1],
        }  # fmt: skip

    @property
    def layer(self) -> np.ndarray:
        """The name of the layer or region of each cell, over the axes of space."""
        places = self.builder.places
        return in_place(np.array(places.names)[places.layer], self.builder.grid)

    def column(self, name: str) -> np.ndarray:
        """Values (k, n) of a variable; KeyError where there is none."""
        species = {x.name: k for k, x in enumerate(self.builder.model.species) if not x.mobile}
        if name not in species or "_evaluated" in self.__dict__:
            return self._evaluated[0][name]
        found = np.empty((self.times.size, self.builder.grid.n_cells))
        for here, k, _, y in self._pieces():
            found[here] = self._parts[k][0].system.split(y)[0][..., species[name]]
        return found

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """{variable: values (k, n)} of all that are kept."""
        return self._evaluated[0]

    @property
    def pools(self) -> dict[str, np.ndarray]:
        """{pool: amounts (k, elements) [mol]}; supplies are cumulative."""
        return self._evaluated[1]

    @property
    def unsolved(self) -> str:
        """In words, where the chemistry of an output has no solution (none is found for a state between
        two steps, or after a step of a solver that failed); else ""."""
        _ = self._evaluated
        if not self._unsolved:
            return ""
        where, t = next(iter(self._unsolved.items()))
        return (
            f"{where[0].upper()}{where[1:]} has no solution at an output from {t:.6g} s on: pH, "
            "concentrations and saturation shown there are the last approximation, and not to be used."
        )

    @cached_property
    def _evaluated(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """Columns and pools: both need what is derived from the states, which is computed once."""
        rows, elements = self.times.size, len(self.builder.model.elements)
        columns: dict[str, np.ndarray] = {}  # filled in place: a list of rows would need all twice
        budget: dict[str, np.ndarray] = {}
        for here, k, t, y in self._pieces():
            system, jump = self._parts[k][0].system, self._inventories[1][k]
            before = system.failures.copy()
            derived, c = system.evaluate_all(t, y)
            if where := where_unsolved(system, before):
                self._unsolved.setdefault(where, float(t[0]))
            for name, values in _quantities(self.builder, system, y, derived, c).items():
                if self.kept is not None and name not in self.kept:
                    continue
                if name not in columns:
                    columns[name] = np.empty((rows, self.builder.grid.n_cells))
                columns[name][here] = values
            found = pools(system, y, derived)
            found["interventions"] = np.broadcast_to(jump, (t.size, elements))
            for name, amounts in found.items():
                budget.setdefault(name, np.zeros((rows, elements)))[here] = amounts
        return columns, budget

    @cached_property
    def residual(self) -> np.ndarray:
        """Relative imbalance (k, elements) of what is held, was supplied and was there at the start."""
        start = self._inventories[0]
        found = np.zeros((self.times.size, len(self.builder.model.elements)))
        for here, k, _, y in self._pieces():
            found[here] = residual(self._parts[k][0].system, y, start, self._inventories[1][k])
        return found

    @cached_property
    def _inventories(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Contents (elements,) at the start [mol], and what interventions changed of them by each segment."""
        start = last = jump = np.zeros(0)
        jumps: list[np.ndarray] = []
        for (segment, solution), (before, y) in zip(self._parts, self._starts, strict=True):
            if not jumps:
                here = inventory(segment.system, before)
                start, last, jump = self._before or LedgerBefore(here, here, np.zeros_like(here))
            jump = jump + inventory(segment.system, y) - last
            jumps.append(jump)
            last = inventory(segment.system, solution.end)
        return start, jumps

    def _pieces(self) -> Iterator[tuple[slice, int, np.ndarray, np.ndarray]]:
        """Rows of the outputs, the number of the segment that they belong to, times, states; no more at once
        than memory is well used by."""
        at, at_once = 0, max(1, CELLS_AT_ONCE // self.builder.grid.n_cells)
        for part, ((_, solution), first) in enumerate(zip(self._parts, self._firsts, strict=True)):
            for k in range(first, solution.t.size, at_once):
                t, y = solution.t[k : k + at_once], solution.y[k : k + at_once]
                yield slice(at, at + t.size), part, t, y
                at += t.size

    def derived_at_ends(self, name: str) -> np.ndarray:
        """A derived quantity (2, n) of the model at the first and the last output. It leaves no trace in the
        systems: what is computed later of all outputs does not depend on whether this was asked for."""
        found = []
        for row, (segment, solution) in ((0, self._parts[0]), (-1, self._parts[-1])):
            system = segment.system
            with undisturbed(system):
                found.append(system.evaluate_all(solution.t[row:][:1], solution.y[row:][:1])[0][name][0])
        return np.array(found)


class OneOutput(Outputs):
    """Outputs of which there is one: what is derived from its state is made without the ledger, which would
    take longer, and copied where it is asked for."""

    def column(self, name: str) -> np.ndarray:
        """As that of Outputs."""
        if name in (s.name for s in self.builder.model.species if not s.mobile):
            return super().column(name)
        return np.array(np.broadcast_to(self._found[name], (1, self.builder.grid.n_cells)))

    @property
    def columns(self) -> dict[str, np.ndarray]:
        """As those of Outputs."""
        return {name: self.column(name) for name in self._found}

    @cached_property
    def _found(self) -> dict[str, np.ndarray]:
        ((_, k, t, y),) = self._pieces()
        system = self._parts[k][0].system
        return _quantities(self.builder, system, y, *system.evaluate_all(t, y))


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
    minerals, unseen = ions_of_phases(builder), hidden(builder)
    for name, values in derived.items():
        if name.startswith("ln_omega_"):
            mineral = name.removeprefix("ln_omega_")
            if mineral not in minerals:
                continue  # a set without this solid says nothing about it
            found[f"SI_{mineral}"] = values / LN10
            found[f"S_{mineral}"] = np.exp(values / minerals[mineral])
        elif name not in unseen:
            found[name] = values
    for name in drawn(builder):  # of each segment: an intervention may change a density
        found[name] = system.fields[:, list(builder.model.fields).index(name)]
    solids = molar_masses(builder)
    if "HAP" in solids:
        found["HAP_density"] = found["HAP"] * solids["HAP"]
    if solids:
        found["Ca_in_mineral"] = mineral_calcium(builder, system, u)
        found["Ca_per_dry_mass"] = per_dry_mass(builder, found["Ca_in_mineral"], found)
    return found


def drawn(builder: Builder) -> list[str]:
    """Fields of the model that a random factor was drawn for."""
    return list(dict.fromkeys(field for field, _ in builder.places.factors))


def mineral_calcium(builder: Builder, system: System, u: np.ndarray) -> np.ndarray:
    """Calcium in solids [mol m-3]."""
    if "Ca" not in builder.model.elements:
        return np.zeros(u.shape[:-1])
    row = system.contents[builder.model.elements.index("Ca")]
    columns = [k for k, s in enumerate(builder.model.species) if s.solid is not None]
    return u[..., columns] @ row[columns]


def per_dry_mass(builder: Builder, calcium: np.ndarray, found: dict[str, np.ndarray]) -> np.ndarray:
    """Calcium in solids per dry mass, mineral included [kg/kg]."""
    dry = np.array([builder.scenario.quantity(n, "dry_density", 250.0) for n in builder.places.names])
    mass = sum(found[n] * m for n, m in reversed(molar_masses(builder).items()) if n in found)
    return calcium * atomic_masses()["Ca"] / (dry[builder.places.layer] + mass)


def constants_of(builder: Builder) -> ConstantsSet:
    """The set of constants of the run, with what solids of the model say of themselves."""
    own = (s.solid for s in builder.model.solids if s.solid is not None and s.solid.solubility)
    return extended_set(builder.scenario.constants, tuple(own))


def ions_of_phases(builder: Builder) -> dict[str, float]:
    """{phase of known saturation: ions in a formula unit}: of the constants, or of a formula of the model."""
    found = {name: phase.nu for name, phase in constants_of(builder).minerals.items()}
    formulas = {o for d in builder.model.derived if d.name != SPECIATION for o in d.outputs}
    held = [s.solid for s in builder.model.solids if s.solid is not None]
    return found | {s.phase: s.nu for s in held if OMEGA + s.phase in formulas}


def molar_masses(builder: Builder) -> dict[str, float]:
    """{solid: kg/mol}, in the order of the species."""
    return {s.name: s.solid.molar_mass for s in builder.model.solids if s.solid is not None}


def hidden(builder: Builder) -> set[str]:
    """Derived quantities that only serve others."""
    return {o for d in builder.model.derived if not d.shown for o in d.outputs}
