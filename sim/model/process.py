"""Formulas with their parameters: processes that change species, and quantities derived from them.

A formula is a plain function of floats. Its argument names say what it needs: one of its own
parameters, a species, a derived quantity, a field of the grid, or the time `t`. `inputs` renames
an argument ({"solid": "DCPD"}) so that one formula serves several species; a dotted name there
({"molar_volume": "mineral.V_HAP"}) means a parameter that belongs to nobody in particular.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sim.codegen.iteration import Iteration
from sim.errors import ModelError, UnitError, shown
from sim.jit.callables import called, plain_function
from sim.model.collector import Sum
from sim.model.species import Coefficient
from sim.model.words.model_tables import change_text
from sim.model.words.spelling import check_line, check_word
from sim.notebook.fragments import html_facts, html_head, html_whole
from sim.parameters import Parameter
from sim.parameters.in_html import parameter_folds
from sim.public import public
from sim.units import parse_unit


def arguments(formula: Callable | Sum, owner: str) -> tuple[str, ...]:
    """The names of the arguments that a formula takes; a sentence when it has *args or the like."""
    if isinstance(formula, Sum):
        return formula.arguments
    try:
        return plain_function(formula).free
    except ModelError as error:
        raise ModelError(f"{owner}: {error}") from None


@dataclass(frozen=True)
class Kernel:
    """Equations solved in every cell behind a Derived (speciation): the one thing that is no formula.

    code: how, as vector code on rows of a group of cells
    initial (memory,): the first content of the rows that keep the last solution of a cell
    numbers(parameters): what the code reads of a run
    alone(parameters): solve(inputs (i,), memory (w,)), which solves a cell that the vector code leaves and
        writes its solution to memory; False where there is none
    tolerate(numbers, rtol): solve from now on as sharply as an integrator of this relative tolerance needs; 0
        to rounding
    """

    code: Iteration
    initial: np.ndarray
    numbers: Callable[[dict[str, float]], np.ndarray]
    alone: Callable[[dict[str, float]], Callable[[np.ndarray, np.ndarray], bool]]
    tolerate: Callable[[np.ndarray, float], None] = lambda numbers, rtol: None


@public
@dataclass(frozen=True)
class Derived:
    """A quantity computed from the state in every cell; several outputs make several quantities.

    labels: what each output is, in words. shown: whether results have it, or it serves others only.
    """

    name: str
    formula: Callable | Sum | Kernel
    parameters: dict[str, Parameter] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    shown: bool = True

    def __post_init__(self) -> None:
        check_line(self.name, "a derived quantity")
        if not self.outputs:
            object.__setattr__(self, "outputs", (self.name,))
        for output in self.outputs:
            check_word(output, "a derived quantity")
        if not self.units:
            object.__setattr__(self, "units", ("1",) * len(self.outputs))
        if len(self.units) != len(self.outputs):
            raise ModelError(f"{self.name}: {len(self.outputs)} outputs but {len(self.units)} units.")
        for unit in self.units:
            try:
                parse_unit(unit)
            except UnitError as error:
                raise ModelError(f"{self.name}: units: {error}") from None
        if not (callable(self.formula) or isinstance(self.formula, Kernel)):
            raise ModelError(
                f"{self.name}: the formula must be a function of named scalars, not {shown(self.formula)}."
            )
        if not isinstance(self.formula, Sum | Kernel):
            _check_given(self)

    @property
    def needs(self) -> tuple[str, ...]:
        if isinstance(self.formula, Kernel):
            return tuple(self.inputs.values())
        return tuple(self.inputs.get(a, a) for a in arguments(self.formula, self.name))


@public
@dataclass(frozen=True)
class Process:
    """A rate [mol m-3 s-1 of bulk volume] and what it changes.

    changes: {species: coefficient}, numbers or parameter names ("-necrosis.Ca_pool" for its
    negative). parameters: {argument: Parameter}; they appear in the model as "<group>.<argument>",
    the group being the process's name up to a colon ("growth: amount" belongs to "growth").
    """

    name: str
    formula: Callable
    changes: dict[str, Coefficient] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    description: str = ""

    def __post_init__(self) -> None:
        check_line(self.name, "a process")
        if not callable(self.formula):
            raise ModelError(
                f"{self.name}: the rate must be a function of named scalars, not {shown(self.formula)}."
            )
        if isinstance(self.formula, Sum):
            raise ModelError(
                f"{self.name}: a Sum cannot be a rate; make it a Derived, and name that in the rate."
            )
        _check_given(self)
        if not self.changes:
            raise ModelError(f"{self.name}: a process must change at least one species.")

    def _repr_html_(self) -> str:
        facts = [("changes", change_text(self.changes)), ("rate", called(self.formula)),
                 ("reads", ", ".join(self.needs))]  # fmt: skip
        folds = parameter_folds(self.parameters) if self.parameters else ()
        return html_whole(html_head(self.name, self.description), html_facts(facts), *folds)

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(self.inputs.get(a, a) for a in arguments(self.formula, self.name))


def _check_given(owner: Derived | Process) -> None:
    """Refuse a formula of the wrong kind, and a parameter that it has been given already or that no formula
    could name."""
    for key in owner.parameters:
        check_word(key, f"a parameter of {owner.name}")
    names = arguments(owner.formula, owner.name)  # type: ignore[arg-type]
    given = plain_function(owner.formula).given  # type: ignore[arg-type]
    for key in owner.parameters:
        if key in given and key not in names:
            raise ModelError(
                f"{owner.name}: '{key}' is fixed in the {called(owner.formula)}, and a parameter too; leave "
                "out one of them."
            )


def group(name: str) -> str:
    """Where the parameters of a process or derived quantity live."""
    return name.split(":")[0].strip()


def coefficient(value: Coefficient, parameters: dict[str, float]) -> float:
    """A stoichiometric coefficient or content as a number; several names are added up."""
    if isinstance(value, tuple | list):
        return sum(coefficient(v, parameters) for v in value)
    if not isinstance(value, str):
        return float(value)
    return -parameters[value[1:]] if value.startswith("-") else parameters[value]


def named_by(value: Coefficient) -> tuple[str, ...]:
    """Names of the parameters that a coefficient is made of."""
    if isinstance(value, tuple | list):
        return tuple(name for v in value for name in named_by(v))
    return (value.removeprefix("-"),) if isinstance(value, str) else ()
