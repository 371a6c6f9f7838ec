"""Whether a shape reaches beyond the grid that it is painted on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from sim.space.grid import Grid
from sim.space.mask import Mask
from sim.space.shapes import Difference, HalfSpace, Intersection, Shape, Union


def reaches_beyond(shape: Shape, grid: Grid) -> bool:
    """Whether a shape holds points half a cell outside of the grid. A half-space is meant to; a line
    is cut at its mid-plane, axis or centre; a mask refuses it itself."""
    if isinstance(shape, Union):
        return any(reaches_beyond(s, grid) for s in shape.of)
    if _masked(shape) or not _bounded(shape):
        return False
    return any(shape.inside(rim).any() for rim in _rims(grid))


def _bounded(shape: Shape) -> bool:
    if isinstance(shape, Union):
        return all(_bounded(s) for s in shape.of)
    if isinstance(shape, Intersection):
        return any(_bounded(s) for s in shape.of)
    return _bounded(shape.of[0]) if isinstance(shape, Difference) else not isinstance(shape, HalfSpace)


def _masked(shape: Shape) -> bool:
    return isinstance(shape, Mask) or any(_masked(s) for s in getattr(shape, "of", ()))


def _rims(grid: Grid) -> Iterator[Grid]:
    """Points beyond each outer face of a grid, half a cell away, as the centres of a grid."""
    line = len(grid.axes) == 1
    beyond, within = {}, {}
    for a in grid.axes:
        e = grid.edges[a]
        low, high = 1.5 * e[0] - 0.5 * e[1], 1.5 * e[-1] - 0.5 * e[-2]
        beyond[a] = [high] if line else [low, high]
        within[a] = np.concatenate([[low], 0.5 * (e[1:] + e[:-1]), [high]])
    for a in grid.axes:
        for position in beyond[a]:
            points = np.meshgrid(*([position] if b == a else within[b] for b in grid.axes), indexing="ij")
            centres = {b: x.ravel() for b, x in zip(grid.axes, points, strict=True)}
            yield replace(grid, centres=centres)
