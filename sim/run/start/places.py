"""The places of a run: its grid, which layer or region each cell lies in, and what varies with that."""

from __future__ import annotations

import numpy as np

from sim.errors import ScenarioError
from sim.experiment.places import names_of, paint
from sim.experiment.scenario import Scenario
from sim.model.model import Model
from sim.parameters import Parameters
from sim.space.geometries import GEOMETRIES
from sim.space.grid import Grid
from sim.space.maps.measured_map import MeasuredMap
from sim.space.random_field import RandomField


class Places:
    """Layers and regions of a scenario on its grid.

    names: of layers, then of regions that are no layer; layer (n,): index of the name of each cell
    factors: random fields and maps of sites with their factor in each cell (n,)
    contents: maps of solids on the grid, and where they act (n,)
    """

    def __init__(self, scenario: Scenario, grid: Grid):
        self.grid, self.names = grid, names_of(scenario)
        self.layer = locate(scenario, grid)
        sites = [m for m in scenario.maps if m.of in scenario.model.fields]
        self.factors = [(f.field, self._factor(f)) for f in scenario.random_fields]
        self.factors += [(m.of, self._sites(m)) for m in sites]
        rest = [m for m in scenario.maps if m not in sites]
        self.contents = [(m.of, m.laid(grid), self.within(m.region)) for m in rest]

    def fields(self, model: Model, parameters: Parameters) -> dict[str, np.ndarray]:
        """{field: (n,)} of a model from the layers and regions, times random factors."""
        found = {
            name: self.by_layer(parameters, name, default) for name, (default, _, _) in model.fields.items()
        }
        for field, factor in self.factors:
            found[field] = found[field] * factor
        return found

    def by_layer(self, parameters: Parameters, name: str, default: float) -> np.ndarray:
        """The parameter "<layer>.<name>" in each cell (n,), or the default where a layer has none."""
        given = [parameters.get(f"{n}.{name}") for n in self.names]
        return np.array([default if p is None else p.si for p in given])[self.layer]

    def within(self, region: str) -> np.ndarray:
        """Whether each cell (n,) lies in a layer or region; "" is everywhere."""
        if not region:
            return np.ones(self.layer.size, bool)
        return self.layer == self.names.index(region)

    def _factor(self, f: RandomField) -> np.ndarray:
        """A random factor where its region is, 1 elsewhere."""
        return np.where(self.within(f.region), f.factor(self.grid), 1.0)

    def _sites(self, m: MeasuredMap) -> np.ndarray:
        """A measured factor where its voxels and its region are, 1 elsewhere."""
        found = m.laid(self.grid)
        return np.where(self.within(m.region), found.means + 1.0 - found.share, 1.0)


def make_grid(s: Scenario) -> Grid:
    """The grid of a scenario; layers may differ in cell size along a line."""
    geometry = GEOMETRIES[s.geometry]
    if not geometry.axes:
        if s.outer == "fixed":
            raise ScenarioError(
                "a stirred cell has no face to fix a concentration at; use outer='exchange' with "
                "outer.permeability, or outer='closed' with perfusion."
            )
        return geometry.grid(1.0, 1.0 if s.outer == "exchange" else 0.0)
    if s.domain:
        return geometry.of_domain(s.domain)
    return geometry.of_layers([(s.size(name), cells) for name, cells in s.layers])


def locate(s: Scenario, grid: Grid) -> np.ndarray:
    """Index of the layer or region each cell's centre lies in (n,); beyond the last layer, the last."""
    inner = np.cumsum([s.size(name) for name, _ in s.layers[:-1]]) if grid.axes else np.zeros(0)
    return paint(s, grid, np.searchsorted(inner, grid.distance(), side="left"))
