"""What a model becomes once: its rows, the operation list of its derivatives, its compiled module."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from sim.binder import text
from sim.binder.derivatives import Operations, rate_derivatives
from sim.binder.kept import once_a_model
from sim.binder.layout import Layout
from sim.jit.modules import generated
from sim.model.model import Model


@dataclass(frozen=True)
class Compiled:
    """What is made of a model once: the generated module, its rows, the operations of derivatives."""

    module: ModuleType
    layout: Layout
    operations: Operations


@once_a_model
def model_text(model: Model) -> str:
    """The generated text that `compiled_model` compiles."""
    return text.write(model)


@once_a_model
def compiled_model(model: Model) -> Compiled:
    """The compiled form of `model`."""
    return Compiled(generated(model_text(model)), *model_structure(model))


@once_a_model
def model_structure(model: Model) -> tuple[Layout, Operations]:
    """Rows of a block and the operations of derivatives: what is known before anything is compiled."""
    layout = Layout(model)
    return layout, rate_derivatives(model, layout)


@once_a_model
def compiled_reactions(model: Model) -> ModuleType:
    """The generated module for reaction steps, compiled when it is first used: only splitting needs it."""
    return generated(text.write(model, "react"))
