"""What happens in a group of cells, one stage after the other: programs that share one set of arrays.

A stage is done once, or it is an iteration of a kernel. Which stages there are depends on what is wanted of
an evaluation: changes of the state, what is shown, or derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from sim.binder.derivatives import Operations
from sim.binder.expressions import Expressions
from sim.binder.layout import Layout, Statement
from sim.codegen.iteration import Chosen, IterationRows, RowsFrom
from sim.codegen.program import ArrayLayout, Program, cells, groups, numbers, scratch
from sim.codegen.registers import LaneMask, Memory, Vec
from sim.graph.expressions import Node
from sim.graph.programs import ChainRule, write_rows, write_slopes
from sim.model.process import Kernel
from sim.model.words.names import POROSITY

RATES, SHOW, SLOPES = 0, 1, 2  # what is wanted of an evaluation
ONCE, ITERATED = 0, 1  # kinds of stages


class StageArrays(NamedTuple):
    """Arrays of a stage, in the order in which its program takes them.

    state (cells, species); fields (cells, fields); numbers: of the run; clock: the time; work: rows of the
    group; memory: last solutions of the kernels; c (cells, mobile): pore concentrations; porosity (cells, 1);
    out, more: by what is wanted, RATES: changes (cells, species) and nothing; SHOW: derived quantities and
    rates (cells, .); SLOPES: slopes (groups, entries, WIDTH) and nothing
    """

    state: Memory
    fields: Memory
    numbers: Memory
    clock: Memory
    work: Memory
    memory: Memory
    c: Memory
    porosity: Memory
    out: Memory
    more: Memory


@dataclass(frozen=True)
class Stage:
    """programs: one, or begin, step and finish of the kernel of this number; None: a statement that is no
    vector code, and whether it is differenced"""

    programs: tuple[Program, ...]
    kernel: int = -1
    statement: int = -1
    differenced: bool = False


class GroupCode:
    """The stages of a model.

    own_numbers: whether each lane has numbers of its own (numbers, WIDTH), for lanes of different runs
    """

    def __init__(
        self,
        layout: Layout,
        graph: Expressions,
        operations: Operations,
        rule: ChainRule,
        own_numbers: bool = False,
    ):
        self.layout, self.graph, self.operations, self.rule = layout, graph, operations, rule
        self.own_numbers = own_numbers
        model = layout.model
        self.kernels = [d.formula for d in model.order if isinstance(d.formula, Kernel)]
        codes = [k.code for k in self.kernels]
        self.n_numbers = len(layout.parameter) + len(graph.uniform)
        self.coefficients = _named_coefficients(layout)
        at = self.n_numbers + len(self.coefficients)
        self.kernel_numbers: list[int] = []  # where those of each kernel begin
        for code in codes:
            self.kernel_numbers.append(at)
            at += code.numbers
        self.numbers = at
        self.D = layout.rows  # first row of slopes that are no nodes
        self.work = [self.D + operations.n_d + sum(c.work for c in codes[:k]) for k in range(len(codes))]
        self.rows = self.D + operations.n_d + sum(c.work for c in codes)
        self.kept = [sum(c.memory for c in codes[:k]) for k in range(len(codes))]
        self.memory = max(1, sum(c.memory for c in codes))
        self.places = graph.places(layout)

    def arrays(self, mode: int) -> tuple[ArrayLayout, ...]:
        """Layouts of the arrays of a stage."""
        o, model = self.layout, self.layout.model
        wanted = {
            RATES: (cells(o.species), cells(1)),
            SHOW: (cells(len(model.quantities)), cells(len(model.processes))),
            SLOPES: (groups(self.operations.process.size), cells(1)),
        }[mode]
        of_run = scratch(self.numbers) if self.own_numbers else numbers(self.numbers)
        return (
            cells(o.species), cells(max(1, len(model.fields))), of_run, numbers(1),
            scratch(self.rows), groups(self.memory), cells(len(model.mobile)), cells(1), *wanted,
        )  # fmt: skip

    def stages(self, mode: int) -> list[Stage]:
        """What is done, in order."""
        made = [self._stage(Program("load", self.arrays(RATES), self._load))]
        runs = list(self.graph.runs)
        last: dict[int, Node] = {}
        if mode == RATES and runs and isinstance(runs[-1], dict):
            last = runs[-1]
            runs.pop()
        for k, run in enumerate(runs):
            made += self._run(k, run, mode)
        if mode == RATES:
            made.append(self._stage(Program("changes", self.arrays(RATES), self._changes(last))))
        elif mode == SHOW:
            made.append(self._stage(Program("shown", self.arrays(SHOW), self._shown)))
        else:
            made.append(self._stage(Program("slopes", self.arrays(SLOPES), self._slopes)))
        return made

    def _stage(self, program: Program) -> Stage:
        return Stage((program,))

    def _run(self, k: int, run: dict[int, Node] | int, mode: int) -> list[Stage]:
        if isinstance(run, dict):
            return [self._stage(Program(f"rows{k}", self.arrays(RATES), self._rows(run)))]
        s = self.layout.statements[run]
        if s.kernel < 0:
            return [Stage((), statement=run, differenced=mode == SLOPES)]
        code, rows = self.kernels[s.kernel].code, self._rows_of(s)
        made = [Stage(self._iterated(s.kernel, rows), s.kernel)]
        if mode == SLOPES:
            body = _with_rows(code.slopes, rows)
            made.append(self._stage(Program(f"kernel_slopes{s.kernel}", self.arrays(RATES), body)))
        return made

    def _iterated(self, k: int, rows: Callable[..., IterationRows]) -> tuple[Program, ...]:
        code = self.kernels[k].code
        bodies = {"begin": code.begin, "step": code.step, "finish": code.finish}
        return tuple(
            Program(f"kernel{k}_{name}", self.arrays(RATES), _with_rows(body, rows))
            for name, body in bodies.items()
        )

    def _rows_of(self, s: Statement) -> Callable[..., IterationRows]:
        """Where the code of a kernel finds things among the arrays of a stage."""
        i, reads = s.kernel, tuple(r for r in s.reads if r is not None)
        slopes = self.D + int(self.operations.kernels[i])

        def rows(W: Memory, memory: Memory, run: Memory) -> IterationRows:
            return IterationRows(
                Chosen(W, 0, reads), RowsFrom(W, s.output), RowsFrom(memory, self.kept[i]),
                RowsFrom(W, self.work[i]), RowsFrom(run, self.kernel_numbers[i]), RowsFrom(W, slopes),
            )  # fmt: skip

        return rows

    def _load(self, on: Any, *arrays: Memory) -> None:
        """The state and the fields into their rows."""
        a = StageArrays(*arrays)
        for k in range(self.layout.species):
            a.work.store(k, a.state.load(k))
        for k in range(len(self.layout.model.fields)):
            a.work.store(self.layout.fields + k, a.fields.load(k))
            if self.layout.fields + k == self.layout.row[POROSITY]:
                a.porosity.store(0, a.fields.load(k))

    def _rows(self, made: dict[int, Node]) -> Callable[..., None]:
        """A run of the graph: all its rows, pore concentrations and porosity also for others to read."""

        def body(on: Any, *arrays: Memory) -> None:
            a = StageArrays(*arrays)
            found = write_rows(self.places, made, a.work, a.numbers, a.clock)
            for row in made:
                value = on.vec(found(row))
                a.work.store(row, value)
                if row in self._told:
                    self._tell(row, value, a)

        return body

    @cached_property
    def _told(self) -> frozenset[int]:
        """Rows that others read: pore concentrations and porosity."""
        first = self.layout.c
        return frozenset((*range(first, first + len(self.layout.model.mobile)), self.layout.row[POROSITY]))

    def _tell(self, row: int, value: Vec, a: StageArrays) -> None:
        if row == self.layout.row[POROSITY]:
            a.porosity.store(0, value)
        else:
            a.c.store(row - self.layout.c, value)

    def _tell_beside(self, a: StageArrays) -> None:
        """A porosity that is no row of the graph and no field, when all rows are known."""
        row = self.layout.row[POROSITY]
        if row not in self.graph.rows and POROSITY not in self.layout.model.fields:
            a.porosity.store(0, a.work.load(row))

    def _changes(self, made: dict[int, Node]) -> Callable[..., None]:
        """Stoichiometry times rates; what is shown only is not evaluated. made: the last run."""
        graph, layout, q0 = self.graph.graph, self.layout, self.layout.rates
        changes: dict[int, Node] = {}
        for e, (species, process, value) in enumerate(_entries(layout)):
            v = self._coefficient(e, value)
            part = graph.mul(v, graph.leaf(q0 + process))
            old = changes.get(species)
            changes[species] = part if old is None else graph.add(old, part)
        first = layout.rows + self.rows  # rows that are none: of what is made here
        all_made = made | {first + k: n for k, n in changes.items()}

        def body(on: Any, *arrays: Memory) -> None:
            a = StageArrays(*arrays)
            found = write_rows(self.places, all_made, a.work, a.numbers, a.clock)
            for row in made:
                if row in self._told:
                    self._tell(row, on.vec(found(row)), a)
            self._tell_beside(a)
            for k in range(layout.species):
                a.out.store(k, on.vec(found(first + k)) if k in changes else on.number(0.0))

        return body

    def _coefficient(self, e: int, value: float | None) -> Node:
        graph = self.graph.graph
        if value is not None:
            return graph.constant(value)
        return graph.parameter(self.n_numbers + self.coefficients.index(e))

    def _shown(self, on: Any, *arrays: Memory) -> None:
        """Derived quantities and rates, from their rows."""
        a = StageArrays(*arrays)
        self._tell_beside(a)
        for k in range(len(self.layout.model.quantities)):
            a.out.store(k, a.work.load(self.layout.derived + k))
        for k in range(len(self.layout.model.processes)):
            a.more.store(k, a.work.load(self.layout.rates + k))

    def _slopes(self, on: Any, *arrays: Memory) -> None:
        a = StageArrays(*arrays)
        self._tell_beside(a)
        slopes = RowsFrom(a.work, self.D)
        write_slopes(self.places, self.graph.rows, self.rule, a.work, slopes, a.out, a.numbers, a.clock)

    def numbers_of(
        self, parameters: np.ndarray, values: dict[str, float], stoichiometry: np.ndarray
    ) -> np.ndarray:
        """The numbers of a run: parameters, what is uniform, coefficients, those of the kernels.

        values: the parameters by name; stoichiometry: the value of each entry
        """
        own = [k.numbers(values) for k in self.kernels]
        return np.concatenate([self.graph.numbers(parameters), stoichiometry[self.coefficients], *own])

    @cached_property
    def initial(self) -> np.ndarray:
        """First content of the memory of a cell."""
        parts = [np.asarray(k.initial, float) for k in self.kernels]
        return np.concatenate([*parts, np.zeros(self.memory - sum(p.size for p in parts))])


def _with_rows(
    body: Callable[..., Any], rows: Callable[..., IterationRows]
) -> Callable[..., LaneMask | None]:
    """The body of a kernel as that of a stage."""

    def of_stage(on: Any, *arrays: Memory) -> LaneMask | None:
        a = StageArrays(*arrays)
        found: LaneMask | None = body(on, rows(a.work, a.memory, a.numbers))
        return found

    return of_stage


def _entries(layout: Layout) -> list[tuple[int, int, float | None]]:
    """(species, process, coefficient) in the order of a System's stoichiometry; None: it depends on
    parameters."""
    index = {s.name: k for k, s in enumerate(layout.model.species)}
    return [
        (index[s], q, float(v) if isinstance(v, int | float) else None)
        for q, process in enumerate(layout.model.processes)
        for s, v in process.changes.items()
    ]


def _named_coefficients(layout: Layout) -> list[int]:
    """Entries of the stoichiometry that are numbers of the run."""
    return [e for e, (_, _, value) in enumerate(_entries(layout)) if value is None]
