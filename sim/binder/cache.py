"""What a model becomes once: its rows, the operation list of its derivatives, its machine code."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

from sim.binder import text
from sim.binder.derivatives import Operations, rate_derivatives
from sim.binder.expressions import model_expressions
from sim.binder.kept import once_a_model
from sim.binder.layout import Layout
from sim.binder.stages import ITERATED, ONCE, RATES, SHOW, SLOPES, GroupCode, Stage
from sim.codegen.call import address_of
from sim.codegen.machine import Routine
from sim.codegen.program import Program
from sim.graph.programs import ChainRule
from sim.jit.modules import generated
from sim.model.model import Model


@dataclass(frozen=True, eq=False)
class Compiled:
    """What is made of a model once: its rows, the operations of derivatives, and its machine code.

    routines: made when they are first asked for, by the name of their program
    """

    model: Model
    layout: Layout
    operations: Operations
    code: GroupCode

    def make_ready(self) -> None:
        """Compile the rates, so that what cannot be compiled is told now."""
        assert self.rates is not None  # noqa: S101

    @cached_property
    def rates(self) -> list[tuple[int, ...]]:
        """Stages of an evaluation of changes: kind and addresses; for a kernel its number comes last."""
        return self._addresses(RATES)

    @cached_property
    def show(self) -> list[tuple[int, ...]]:
        """Stages of an evaluation of what is shown."""
        return self._addresses(SHOW)

    @cached_property
    def slopes(self) -> list[tuple[int, ...]]:
        """Stages of an evaluation of derivatives."""
        return self._addresses(SLOPES)

    @cached_property
    def unread(self) -> ModuleType:
        """The module of what is no vector code."""
        return generated(text.write_unread(self.model, self.layout, self.code.graph, self.operations))

    @cached_property
    def _routines(self) -> dict[tuple[str, Any], Routine]:
        return {}

    def _routine(self, program: Program) -> int:
        key = program.name, program.arrays
        if key not in self._routines:
            self._routines[key] = Routine(program)
        return self._routines[key].address

    def _addresses(self, mode: int) -> list[tuple[int, ...]]:
        return [a for stage in self.code.stages(mode) for a in self._of_stage(stage)]

    def _of_stage(self, stage: Stage) -> list[tuple[int, ...]]:
        if stage.kernel >= 0:
            return [(ITERATED, *(self._routine(p) for p in stage.programs), stage.kernel)]
        if stage.programs:
            return [(ONCE, self._routine(stage.programs[0]), 0, 0, 0)]
        names = [f"s{stage.statement}"] + [f"d{stage.statement}"] * stage.differenced
        return [
            (ONCE, address_of(getattr(self.unread, n), len(self.code.arrays(RATES))), 0, 0, 0) for n in names
        ]


@once_a_model
def model_text(model: Model) -> str:
    """The text of all formulas of a model and of how they are put together."""
    return text.write(model)


@once_a_model
def compiled_model(model: Model) -> Compiled:
    """The compiled form of `model`."""
    layout, operations, rule = model_structure(model)
    return Compiled(model, layout, operations, GroupCode(layout, model_expressions(model), operations, rule))


@once_a_model
def compiled_lanes(model: Model) -> Compiled:
    """The compiled form of `model` for lanes that are cells of different runs."""
    layout, operations, rule = model_structure(model)
    code = GroupCode(layout, model_expressions(model), operations, rule, own_numbers=True)
    return Compiled(model, layout, operations, code)


@once_a_model
def model_structure(model: Model) -> tuple[Layout, Operations, ChainRule]:
    """Rows of a block and how derivatives come about: what is known before anything is compiled."""
    layout = Layout(model)
    return layout, *rate_derivatives(model, layout, model_expressions(model))
