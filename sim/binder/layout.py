"""Where each quantity of a model stands: rows of a block, columns of parameters, who needs whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sim.errors import ModelError
from sim.model.model import Model
from sim.model.process import Derived, Kernel, Process, arguments
from sim.model.words.names import POROSITY, TIME


@dataclass(frozen=True)
class Statement:
    """One line of a model: a formula or a kernel, the rows it reads and the rows it writes.

    reads: per argument a row, or None for a parameter or the time; output: first row written,
    `count` rows. formula: None for a kernel, which has a place among the kernels instead.
    """

    owner: Derived | Process
    formula: Callable | None
    reads: tuple[int | None, ...]
    output: int
    count: int
    kernel: int = -1


@dataclass
class Layout:
    """Rows of a block, in this order: amounts, pore concentrations, fields, porosity where the model
    has none, derived quantities, rates."""

    model: Model
    row: dict[str, int] = field(default_factory=dict)
    before: list[Statement] = field(default_factory=list)  # what porosity needs
    after: list[Statement] = field(default_factory=list)  # the other derived quantities, then the rates

    def __post_init__(self) -> None:
        m = self.model
        self.parameter = {name: k for k, name in enumerate(m.parameters)}
        self.species = len(m.species)
        self.c = self.species
        self.fields = self.c + len(m.mobile)
        at = self.fields + len(m.fields)
        self.row |= {s.name: k for k, s in enumerate(m.species)}
        self.row |= {n: self.c + k for k, n in enumerate(m.mobile)}
        self.row |= {n: self.fields + k for k, n in enumerate(m.fields)}
        self.given_porosity = POROSITY in m.quantities or POROSITY in m.fields
        if not self.given_porosity:
            self.row[POROSITY] = at
            at += 1
        self.derived = at
        self.row |= {n: self.derived + k for k, n in enumerate(m.quantities)}
        self.rates = self.derived + len(m.quantities)
        self.rows = self.rates + len(m.processes)
        first, later = _around_porosity(m)
        kernels = [d for d in m.order if isinstance(d.formula, Kernel)]
        for d in first:
            self.before.append(self._statement(d, self.row[d.outputs[0]], kernels))
        for d in later:
            self.after.append(self._statement(d, self.row[d.outputs[0]], kernels))
        for k, q in enumerate(m.processes):
            self.after.append(self._statement(q, self.rates + k, kernels))

    @property
    def statements(self) -> list[Statement]:
        return [*self.before, *self.after]

    def _statement(self, owner: Derived | Process, output: int, kernels: list[Derived]) -> Statement:
        count = len(owner.outputs) if isinstance(owner, Derived) else 1
        formula = owner.formula
        if isinstance(formula, Kernel):
            place = next(i for i, d in enumerate(kernels) if d is owner)
            taken = tuple(self.row[n] for n in owner.inputs.values())
            return Statement(owner, None, taken, output, count, place)
        reads = tuple(self._read(owner, a) for a in arguments(formula, owner.name))
        return Statement(owner, formula, reads, output, count)

    def _read(self, owner: Derived | Process, argument: str) -> int | None:
        name = self.named(owner, argument)
        return None if name in self.parameter or name == TIME else self.row[name]

    def named(self, owner: Derived | Process, argument: str) -> str:
        """What an argument of a formula stands for: a parameter's full name or a quantity."""
        if argument in owner.parameters and argument not in owner.inputs:
            return self.model.parameter_names[owner.name, argument]
        return owner.inputs.get(argument, argument)


def _around_porosity(model: Model) -> tuple[list[Derived], list[Derived]]:
    """Derived quantities that porosity needs, and the rest; porosity cannot need a mobile species."""
    made = {o: d for d in model.derived for o in d.outputs}
    needed: set[str] = set()
    stack = [POROSITY] if POROSITY in made else []
    while stack:
        d = made[stack.pop()]
        needed.add(d.name)
        for n in d.needs:
            if n in model.mobile:
                raise ModelError(
                    f"porosity depends on '{n}', a pore-water concentration, which is itself the "
                    "amount divided by porosity; let it depend on immobile species only."
                )
            if n in made:
                stack.append(n)
    return (
        [d for d in model.order if d.name in needed],
        [d for d in model.order if d.name not in needed],
    )
