"""hapsim: an open reference simulator of dystrophic calcification.

    import sim
    result = sim.simulate(sim.scenario("infarct_myocardium"))

Not a clinical tool: see the README for what is measured, what is fitted and what is assumed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

# name -> module; imported when first asked for, so that `import sim` imports nothing slow
_PUBLIC = {
    "Course": "sim.experiment.timing.course",
    "Derived": "sim.model.process",
    "Intervention": "sim.experiment.intervention",
    "Model": "sim.model.model",
    "Parameter": "sim.parameters",
    "Parameters": "sim.parameters",
    "Process": "sim.model.process",
    "Result": "sim.run.result",
    "Scenario": "sim.experiment.scenario",
    "Species": "sim.model.species",
    "Watch": "sim.run.watching.watch",
    "calibrate": "sim.calibration",
    "constants_sets": "sim.chemistry.constants_sets",
    "equilibrate": "sim.chemistry.batch.equilibrate",
    "explore": "sim.explorer.serving",
    "glossary": "sim.model.glossary.entries",
    "load": "sim.run.result",
    "memory_forecast": "sim.run.memory",
    "scenario": "sim.experiment.catalogue",
    "scenarios": "sim.experiment.catalogue",
    "script": "sim.run.script.run_script",
    "simulate": "sim.run.simulate",
    "speciate": "sim.chemistry.fluid",
    "sweep": "sim.sweeps.driver",
    "treatment": "sim.experiment.treatments.treatment",
    "treatments": "sim.experiment.treatments.treatment",
}
_MODULES = {
    "calibration": "sim.calibration",
    "atlas": "sim.atlas",
    "imaging": "sim.imaging",
    "library": "sim.model.library",
    "measures": "sim.imaging.measures",
    "plotting": "sim.plotting",
    "sensitivity": "sim.sensitivity",
    "shapes": "sim.space.shapes",
    "sweeps": "sim.sweeps",
    "units": "sim.units",
    "validation": "sim.validation",
}

__all__ = [*_PUBLIC, *_MODULES, "__version__"]  # noqa: PLE0604

if TYPE_CHECKING:
    from sim import (  # noqa: F401
        calibration,
        imaging,
        plotting,
        sensitivity,
        sweeps,
        units,
        validation,
    )
    from sim.calibration import calibrate  # noqa: F401
    from sim.chemistry.batch.equilibrate import equilibrate  # noqa: F401
    from sim.chemistry.constants_sets import constants_sets  # noqa: F401
    from sim.chemistry.fluid import speciate  # noqa: F401
    from sim.experiment.catalogue import (  # noqa: F401
        scenario,
        scenarios,
    )
    from sim.experiment.intervention import Intervention  # noqa: F401
    from sim.experiment.scenario import Scenario  # noqa: F401
    from sim.experiment.timing.course import Course  # noqa: F401
    from sim.experiment.treatments.treatment import treatment, treatments  # noqa: F401
    from sim.explorer.serving import explore  # noqa: F401
    from sim.imaging import measures  # noqa: F401
    from sim.model import library  # noqa: F401
    from sim.model.glossary.entries import glossary  # noqa: F401
    from sim.model.model import Model  # noqa: F401
    from sim.model.process import Derived, Process  # noqa: F401
    from sim.model.species import Species  # noqa: F401
    from sim.parameters import (  # noqa: F401
        Parameter,
        Parameters,
    )
    from sim.run.memory import memory_forecast  # noqa: F401
    from sim.run.result import (  # noqa: F401
        Result,
        load,
    )
    from sim.run.script.run_script import script  # noqa: F401
    from sim.run.simulate import simulate  # noqa: F401
    from sim.run.watching.watch import Watch  # noqa: F401
    from sim.space import shapes  # noqa: F401
    from sim.sweeps.driver import sweep  # noqa: F401


def __getattr__(name: str):
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(_MODULES[name])
    from sim.errors import nearest

    raise AttributeError(f"sim has no '{name}'.{nearest(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
