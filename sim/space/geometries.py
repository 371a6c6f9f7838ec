"""The geometries a scenario can have: one entry each, and everything that depends on which it is.

A new geometry is a constructor of a Grid (sim.space.grid) and an entry of GEOMETRIES. What a geometry
is called, how many axes it has, what grid layers or a domain give, which faces look outwards, how many
cells a run will have and what chance needs to know of its true size all follow from the entry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.space import grid as grids
from sim.space.grid import Grid

Domain = Sequence[tuple[float, int]]


class Nominal(NamedTuple):
    """What a grid takes as 1: its name, its SI unit, and an example of its true size."""

    what: str
    unit: str
    example: str


@dataclass(frozen=True)
class Geometry:
    """One geometry.

    axes: names of the coordinates; "r" is a radius, () a stirred cell
    grid: makes the grid: of one axis grid(edges=...), of more grid(sizes, cells, starts), of none
        grid(volume, area of its boundary)
    flat: whether faces across an axis all have the same area (Cartesian)
    mirrored: axes along which the tissue lies on both sides of the origin; along others from 0 on
    inside: boundaries that do not face the surroundings (a mid-plane, the wall of a hollow core)
    nominal: what the grid takes as 1, for what depends on true volumes; None where volumes are true
    """

    name: str
    axes: tuple[str, ...]
    grid: Callable[..., Grid]
    flat: bool = False
    mirrored: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    nominal: Nominal | None = None

    def of_layers(self, layers: Domain) -> Grid:
        """The grid of layers (thickness [m], cells) from the centre outwards.

        Along a line layers may differ in the size of their cells; otherwise cells are equal.
        """
        if len(self.axes) != 1:
            return self.of_domain(self.domain(layers))
        edges = np.zeros(1)
        for size, cells in layers:
            edges = np.concatenate([edges, grids.uniform(size, cells, edges[-1])[1:]])
        return self.grid(edges=edges)

    def of_domain(self, domain: Domain) -> Grid:
        """The grid of equal cells over a domain, (length [m], cells) an axis."""
        if len(self.axes) == 1:
            ((length, cells),) = domain
            return self.grid(length, cells)
        starts = [-0.5 * a if axis in self.mirrored else 0.0
                  for axis, (a, _) in zip(self.axes, domain, strict=True)]  # fmt: skip
        return self.grid([a for a, _ in domain], [n for _, n in domain], starts)

    def domain(self, layers: Domain) -> tuple[tuple[float, int], ...]:
        """(length [m], cells) of each axis when the layers decide."""
        reach, cells = sum(size for size, _ in layers), sum(n for _, n in layers)
        sides = [2 if axis in self.mirrored else 1 for axis in self.axes]
        return tuple((k * reach, k * cells) for k in sides)

    def cell_count(self, cells: Sequence[int], domain: Domain = ()) -> int:
        """Cells of the grid of a domain, or of layers of these numbers of cells."""
        rows = domain or self.domain([(0.0, n) for n in cells])
        return math.prod(n for _, n in rows)

    def outer(self, grid: Grid) -> tuple[str, ...]:
        """The boundaries of a grid of this geometry that face the surroundings."""
        return tuple(tag for tag in grid.tags if tag not in self.inside)


GEOMETRIES: dict[str, Geometry] = {
    g.name: g
    for g in (
        Geometry("well_mixed", (), grids.well_mixed, nominal=Nominal("volume", "m3", "1 mm3")),
        Geometry(
            "slab", ("x",), grids.slab, flat=True, inside=("left",),
            nominal=Nominal("cross-section", "m2", "1 mm2"),
        ),
        Geometry(
            "cylinder", ("r",), grids.cylinder, inside=("inner",), nominal=Nominal("length", "m", "10 um")
        ),
        Geometry("sphere", ("r",), grids.sphere, inside=("inner",)),
        Geometry(
            "rectangle", ("x", "y"), grids.rectangle, flat=True, mirrored=("x", "y"),
            nominal=Nominal("depth", "m", "10 um"),
        ),
        Geometry("box", ("x", "y", "z"), grids.box, flat=True, mirrored=("x", "y", "z")),
    )
}  # fmt: skip


def flat_geometries() -> list[str]:
    """Names of those with a Cartesian grid."""
    return [g.name for g in GEOMETRIES.values() if g.flat]
