"""What a model becomes once: its rows, the operation list of its derivatives, its compiled module."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from sim.binder import text
from sim.binder.derivatives import Operations, rate_derivatives
from sim.binder.expressions import model_expressions
from sim.binder.kept import once_a_model
from sim.binder.layout import Layout
from sim.codegen.machine import Routine
from sim.graph.programs import ChainRule, rows_program, slopes_program
from sim.jit.modules import generated
from sim.model.model import Model


@dataclass(frozen=True)
class Compiled:
    """What is made of a model once: the generated module, its rows, the operations of derivatives, and the
    routines of its graph: of rows in order, then of slopes."""

    module: ModuleType
    layout: Layout
    operations: Operations
    routines: tuple[Routine, ...]


@once_a_model
def model_text(model: Model) -> str:
    """The generated text that `compiled_model` compiles."""
    return text.write(model)


@once_a_model
def compiled_model(model: Model) -> Compiled:
    """The compiled form of `model`."""
    layout, operations, _ = model_structure(model)
    return Compiled(generated(model_text(model)), layout, operations, _routines(model))


def _routines(model: Model) -> tuple[Routine, ...]:
    """The routines of a model's graph."""
    graph = model_expressions(model)
    layout, _, rule = model_structure(model)
    places = graph.places(layout)
    runs = [run for run in graph.runs if not isinstance(run, int)]
    made = [rows_program(f"rows{k}", places, run) for k, run in enumerate(runs)]
    return tuple(map(Routine, (*made, slopes_program("slopes", places, graph.rows, rule))))


@once_a_model
def model_structure(model: Model) -> tuple[Layout, Operations, ChainRule]:
    """Rows of a block and how derivatives come about: what is known before anything is compiled."""
    layout = Layout(model)
    return layout, *rate_derivatives(model, layout, model_expressions(model))


@once_a_model
def compiled_reactions(model: Model) -> ModuleType:
    """The generated module for reaction steps, compiled when it is first used: only splitting needs it."""
    return generated(text.write(model, "react"))
