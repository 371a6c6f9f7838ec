"""hapsim: an open reference simulator of dystrophic calcification.

    import sim
    result = sim.simulate(sim.scenario("infarct_myocardium"))

Not a clinical tool: see the README for what is measured, what is fitted and what is assumed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# name -> module; imported when first asked for, so that `import sim` costs nothing
_PUBLIC = {
    "Derived": "sim.model.process",
    "Intervention": "sim.intervention",
    "Model": "sim.model.model",
    "Parameter": "sim.parameters",
    "Process": "sim.model.process",
    "Result": "sim.result",
    "Scenario": "sim.experiment",
    "Species": "sim.model.species",
    "constants_sets": "sim.chemistry.equilibria",
    "equilibrate": "sim.chemistry.batch",
    "load": "sim.result",
    "scenario": "sim.catalogue",
    "scenarios": "sim.catalogue",
    "simulate": "sim.simulation",
    "speciate": "sim.chemistry.fluid",
}
_MODULES = ("library", "measures", "plotting", "units")

__all__ = [*_PUBLIC, *_MODULES, "__version__"]  # noqa: PLE0604

if TYPE_CHECKING:
    from sim import library, measures, plotting, units
    from sim.catalogue import scenario, scenarios
    from sim.chemistry.batch import equilibrate
    from sim.chemistry.equilibria import constants_sets
    from sim.chemistry.fluid import speciate
    from sim.intervention import Intervention
    from sim.model.model import Model
    from sim.model.process import Derived, Process
    from sim.model.species import Species
    from sim.parameters import Parameter
    from sim.result import Result, load
    from sim.experiment import Scenario
    from sim.simulation import simulate


def __getattr__(name: str):
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f"sim.{name}")
    from sim.errors import nearest

    raise AttributeError(f"sim has no '{name}'.{nearest(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
