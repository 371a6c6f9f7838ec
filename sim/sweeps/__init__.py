"""Sweeps: designs of points, and what it takes to run them.

    design = sim.sweeps.latin_hypercube({"lesion.radius": ("0.2 mm", "5 mm")}, n=200, seed=1)
    table = sim.sweep(base, design, store="radius.db", workers=2)

A design is a grid, a sample or a table of points; every point is a row of the table.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sim.errors import nearest

# name -> module; imported when first asked for, as those of `sim`
_PUBLIC = {
    "Axis": "sim.sweeps.design.axis",
    "Design": "sim.sweeps.design.design",
    "SweepTable": "sim.sweeps.sweep_table",
    "grid": "sim.sweeps.design.methods",
    "latin_hypercube": "sim.sweeps.design.methods",
    "load": "sim.sweeps.sweep_table",
    "morris": "sim.sweeps.design.methods",
    "saltelli": "sim.sweeps.design.methods",
    "sobol": "sim.sweeps.design.methods",
    "table": "sim.sweeps.design.methods",
}

_MODULES = {"cluster": "sim.sweeps.engines.cluster"}

__all__ = [*_PUBLIC, *_MODULES]  # noqa: PLE0604

if TYPE_CHECKING:
    from sim.sweeps.design.axis import Axis  # noqa: F401
    from sim.sweeps.design.design import Design  # noqa: F401
    from sim.sweeps.design.methods import (  # noqa: F401
        grid,
        latin_hypercube,
        morris,
        saltelli,
        sobol,
        table,
    )


def __getattr__(name: str):
    if name in _PUBLIC:
        value = getattr(import_module(_PUBLIC[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(_MODULES[name])
    raise AttributeError(f"sim.sweeps has no '{name}'.{nearest(name, __all__)}")


def __dir__() -> list[str]:
    return sorted(__all__)
