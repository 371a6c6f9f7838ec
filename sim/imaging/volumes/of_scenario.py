"""The tissue of a scenario before any mineral as a specimen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.experiment.places import names_of
from sim.imaging.volumes.of_result import CellFaces, block_of_cells, finest_step
from sim.imaging.volumes.specimen import Specimen
from sim.run.start.places import locate, make_grid

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario


def bare_tissue(scenario: Scenario, length: float | str | None, step: float) -> Specimen:
    """Layers and regions of a scenario, without solids.

    length: along each axis that the geometry lacks, as for `specimen`; step: of voxels of round bodies [m]
    """
    grid, names = make_grid(scenario), names_of(scenario)
    layer = np.asarray(locate(scenario, grid)).reshape(grid.shape).T
    cells = CellFaces(scenario.geometry, grid.axes[::-1], grid.edges)
    block = block_of_cells(cells, length, finest_step(cells, step) if grid.axes == ("r",) else None)
    regions = {names[k]: block.place((layer == k).astype(float)) for k in np.unique(layer)}
    outside = names[int(np.ravel(layer)[-1])]
    return Specimen(
        block.edges, {}, {}, regions, outside, beam=block.beam, origin={"scenario": scenario.name}
    )
