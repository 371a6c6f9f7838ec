"""The pore water of cells as an iteration: its programs and their slopes, put together."""

from __future__ import annotations

from functools import partial

from sim.chemistry.cell_water.places import places_of
from sim.chemistry.cell_water.programs import CellWater
from sim.chemistry.cell_water.slopes import slopes_of
from sim.chemistry.pore_water import WATER_OUTPUTS, PoreWater
from sim.codegen.iteration import Iteration


def water_iteration(tables: PoreWater) -> Iteration:
    """The vector code for the species and phases of these tables."""
    at = places_of(tables)
    code = CellWater(at, tables.equations, tables.minerals, tables.reported)
    outputs = len(WATER_OUTPUTS) + at.phases
    return Iteration(
        at.transported, outputs, tables.memory, at.work, at.numbers, code.begin, code.step, code.finish,
        partial(slopes_of, code),
    )  # fmt: skip
