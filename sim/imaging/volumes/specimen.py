"""A specimen: a body in three dimensions with densities of solids, and the tissue that they lie in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sim.chemistry.solids import solids
from sim.errors import ConfigError, shown, unknown
from sim.imaging.volumes.averages import averaged, averages
from sim.public import public
from sim.units import convert_number

AXES = ("z", "y", "x")
WATER = "water"  # the tissue of phantoms
SIMULATED = "simulated by hapsim; not a patient"  # said of every picture of a result or phantom


class Matter(NamedTuple):
    """What rays meet: its formula, and the density of the solid itself [kg m-3]."""

    formula: str
    density: float


@dataclass(frozen=True, eq=False)
class Specimen:
    """Fields that are constant in each cell of a block.

    edges: faces of the cells along z, y and x [m]; solids: what they are, by name
    densities: {solid: mass per volume of tissue (z, y, x) [kg m-3]}
    regions: {region: share of the cell that it fills (z, y, x)}; outside: the region that lies around
    fields: other variables (z, y, x), in their own units
    beam: the axis along which a radiograph is taken unless told otherwise
    correction: what masses were multiplied with to be those of the result; a voxel holds a shell, not quite
    origin: where it came from, for what is said of a picture
    """

    edges: tuple[np.ndarray, np.ndarray, np.ndarray]
    solids: Mapping[str, Matter]
    densities: Mapping[str, np.ndarray]
    regions: Mapping[str, np.ndarray]
    outside: str
    fields: Mapping[str, np.ndarray] = field(default_factory=dict)
    beam: str = "z"
    correction: float = 1.0
    origin: Mapping[str, Any] = field(default_factory=dict)

    @property
    def size(self) -> tuple[float, float, float]:
        """Lengths along z, y and x [m]."""
        z, y, x = (float(e[-1] - e[0]) for e in self.edges)
        return z, y, x

    def mass(self, solid: str) -> float:
        """Mass of a solid [kg]."""
        z, y, x = (np.diff(e) for e in self.edges)
        return float(np.einsum("zyx,z,y,x->", self.densities[solid], z, y, x))

    def matrices(
        self, centres: Sequence[np.ndarray], widths: Sequence[float], spreads: Sequence[float] = (0.0,) * 3
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """What `averaged` needs for windows with these centres, widths and blur along z, y and x [m]."""
        z, y, x = (averages(e, c, w, s)
                   for e, c, w, s in zip(self.edges, centres, widths, spreads, strict=True))  # fmt: skip
        return z, y, x

    def over_voxels(
        self, cells: np.ndarray, centres: Sequence[np.ndarray], widths: Sequence[float]
    ) -> np.ndarray:
        """Means of a field (z, y, x) over voxels."""
        return averaged(cells, self.matrices(centres, widths))


@public
def phantom(densities: Mapping[str, np.ndarray], spacing: Sequence[float | str]) -> Specimen:
    """A body made by hand, in water: what a phantom of a scanner is.

    densities: {solid: mass per volume (z, y, x) [kg m-3], the same number as mg/mL}; "HAP", "calcite", ...
    spacing: sizes of the voxels along z, y and x [m, or text such as "0.1 mm"]
    Raises ConfigError for arrays that do not fit, and for densities that are no numbers or below 0.
    """
    if len(spacing) != 3 or not densities:
        raise ConfigError("a phantom has at least one solid, and three sizes of voxels, along z, y and x.")
    steps = [convert_number(s, "m", "spacing") for s in spacing]
    if min(steps) <= 0:
        raise ConfigError(f"spacing = {shown(list(spacing))} needs sizes above 0.")
    arrays = {name: np.asarray(a, dtype=float) for name, a in densities.items()}
    shapes = {a.shape for a in arrays.values()}
    shape = shapes.pop()
    if shapes or len(shape) != 3 or 0 in shape:
        raise ConfigError("the densities of a phantom are arrays of one shape (z, y, x).")
    known = solids()
    for name, a in arrays.items():
        if name not in known:
            raise ConfigError(unknown("a solid", name, known))
        if not (np.isfinite(a).all() and (a >= 0).all()):
            raise ConfigError(f"the density of {name} has values below 0, or that are no numbers.")
    z, y, x = ((np.arange(n + 1) - 0.5 * n) * step for n, step in zip(shape, steps, strict=True))
    matters = {name: Matter(known[name].formula, known[name].density) for name in arrays}
    water = {WATER: np.ones(shape)}
    return Specimen((z, y, x), matters, arrays, water, WATER, origin={"scenario": "phantom"})
