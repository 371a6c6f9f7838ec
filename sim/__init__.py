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
    "memory_forecast": "sim.memory",
    "scenario": "sim.catalogue",
    "scenarios": "sim.catalogue",
    "simulate": "sim.simulation",
    "speciate": "sim.chemistry.fluid",
    "sweep": "sim.sweeps.driver",
}
_MODULES = ("library", "measures", "plotting", "shapes", "sweeps", "units")

__all__ = [*_PUBLIC, *_MODULES, "__version__"]  # noqa: PLE0604

if TYPE_CHECKING:
    from sim import library, measures, plotting, shapes, sweeps, units  # noqa: F401
    from sim.catalogue import scenario, scenarios  # noqa: F401
    from sim.chemistry.batch import equilibrate  # noqa: F401
    from sim.chemistry.equilibria import constants_sets  # noqa: F401
    from sim.chemistry.fluid import speciate  # noqa: F401
    from sim.experiment import Scenario  # noqa: F401
    from sim.intervention import Intervention  # noqa: F401
    from sim.memory import memory_forecast  # noqa: F401
    from sim.model.model import Model  # noqa: F401
    from sim.model.process import Derived, Process  # noqa: F401
    from sim.model.species import Species  # noqa: F401
    from sim.parameters import Parameter  # noqa: F401
    from sim.result import Result, load  # noqa: F401
    from sim.simulation import simulate  # noqa: F401
    from sim.sweeps.driver import sweep  # noqa: F401


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
