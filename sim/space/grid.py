"""Grids as tables: volumes, centres, neighbours and boundary faces.

Geometries (sim.space.geometries) differ in their constructor here and in one entry there; everything
downstream sees the same arrays. A slab is 1 m2 in cross-section, a cylinder 1 m long,
a rectangle 1 m deep, so volumes are always in m3 and fluxes in mol/s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.errors import ConfigError


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells, their neighbours and their boundary faces.

    volume (n,) [m3] · centres {axis: (n,)} [m] · edges {axis: (m+1,)} [m]
    neighbour (n, k) index of the cell across each face, -1 where there is none
    area (n, k) [m2] · half (n, k) distance from a cell's centre to that face [m]
    face_cell, face_area, face_half, face_tag (b,): the boundary faces; tags: their names
    """

    kind: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    edges: dict[str, np.ndarray]
    centres: dict[str, np.ndarray]
    volume: np.ndarray
    neighbour: np.ndarray
    area: np.ndarray
    half: np.ndarray
    face_cell: np.ndarray
    face_area: np.ndarray
    face_half: np.ndarray
    face_tag: np.ndarray
    tags: tuple[str, ...]

    @property
    def n_cells(self) -> int:
        return self.volume.size

    @property
    def total_volume(self) -> float:
        """[m3]"""
        return float(self.volume.sum())

    def distance(self) -> np.ndarray:
        """Distance of each cell's centre from the origin [m], shape (n,)."""
        return np.sqrt(sum(self.centres[a] ** 2 for a in self.axes)) if self.axes else np.zeros(1)

    def integrate(self, values: np.ndarray) -> np.ndarray:
        """Volume integral over the last axis, (..., n) -> (...) [unit of values x m3]."""
        return np.asarray(values) @ self.volume

    def __repr__(self) -> str:
        size = " x ".join(str(n) for n in self.shape) or "1"
        return f"Grid({self.kind}, {size} cells, boundaries: {', '.join(self.tags) or 'none'})"


def uniform(length: float, cells: int, start: float = 0.0) -> np.ndarray:
    """Edges of equal cells [m]."""
    return start + length * np.arange(cells + 1) / cells


def well_mixed(volume: float = 1.0, area: float = 0.0) -> Grid:
    """One stirred cell [m3]; `area` [m2] is that of its boundary "outer" (exchange only)."""
    _positive("volume", volume)
    n_face = 1 if area > 0 else 0
    return Grid(
        "well_mixed", (), (), {}, {}, np.array([float(volume)]),
        np.full((1, 1), -1, np.int64), np.zeros((1, 1)), np.zeros((1, 1)),
        np.zeros(n_face, np.int64), np.full(n_face, float(area)), np.zeros(n_face),
        np.zeros(n_face, np.int64), ("outer",)[:n_face],
    )  # fmt: skip


def slab(length: float = 0.0, cells: int = 0, edges: Sequence[float] | None = None) -> Grid:
    """Slab from x = 0 ("left") to x = length ("right") [m]."""
    e = _edges("slab", length, cells, edges)
    one = np.ones(e.size)
    return line_of_cells("slab", "x", e, one, np.diff(e), ("left", "right"))


def cylinder(radius: float = 0.0, cells: int = 0, edges: Sequence[float] | None = None) -> Grid:
    """Long cylinder, radial coordinate r [m]; "outer", and "inner" when it is hollow."""
    e = _edges("cylinder", radius, cells, edges)
    return line_of_cells("cylinder", "r", e, 2 * np.pi * e, np.pi * np.diff(e**2), ("inner", "outer"))


def sphere(radius: float = 0.0, cells: int = 0, edges: Sequence[float] | None = None) -> Grid:
    """Sphere, radial coordinate r [m]; "outer", and "inner" when it is hollow."""
    e = _edges("sphere", radius, cells, edges)
    area, volume = 4 * np.pi * e**2, 4 * np.pi / 3 * np.diff(e**3)
    return line_of_cells("sphere", "r", e, area, volume, ("inner", "outer"))


def rectangle(size: Sequence[float], cells: Sequence[int], start: Sequence[float] = (0, 0)) -> Grid:
    """Rectangle [m] with faces "left", "right" (x) and "bottom", "top" (y)."""
    return _cartesian("rectangle", "xy", size, cells, start)


def box(size: Sequence[float], cells: Sequence[int], start: Sequence[float] = (0, 0, 0)) -> Grid:
    """Box [m] with faces "left", "right" (x), "bottom", "top" (y), "front", "back" (z)."""
    return _cartesian("box", "xyz", size, cells, start)


def _positive(name: str, value: float) -> None:
    if not (np.isfinite(value) and value > 0):
        raise ConfigError(f"grid {name} = {value!r} must be a positive number in SI units.")


def _edges(kind: str, length: float, cells: int, edges: Sequence[float] | None) -> np.ndarray:
    if edges is None:
        _positive(f"length of the {kind}", length)
        if int(cells) != cells or cells < 1:
            raise ConfigError(f"a {kind} needs at least 1 cell, not {cells!r}.")
        return uniform(length, int(cells))
    e = np.asarray(edges, float)
    if e.ndim != 1 or e.size < 2 or not np.all(np.isfinite(e)) or np.any(np.diff(e) <= 0):
        raise ConfigError(f"edges of a {kind} must be a rising list of at least two positions [m].")
    if kind != "slab" and e[0] < 0:
        raise ConfigError(f"edges of a {kind} are radii and cannot start at {e[0]:g} m.")
    return e


def line_of_cells(kind, axis, edges, area, volume, tags) -> Grid:
    """One row of cells; `area` at the edges. Faces of zero area (the axis r = 0) are left out."""
    n = volume.size
    mid = 0.5 * (edges[1:] + edges[:-1])
    half_width = 0.5 * np.diff(edges)
    i = np.arange(n)
    neighbour = np.stack([i - 1, np.where(i + 1 < n, i + 1, -1)], axis=1)
    face_area = np.stack([area[:-1], area[1:]], axis=1)
    half = np.stack([half_width, half_width], axis=1)
    ends = [(0, area[0], 0), (n - 1, area[-1], 1)]
    ends = [(c, a, t) for c, a, t in ends if a > 0]
    kept = sorted({t for _, _, t in ends})
    return Grid(
        kind, (n,), (axis,), {axis: edges}, {axis: mid}, volume,
        neighbour, np.where(neighbour >= 0, face_area, 0.0), half,
        np.array([c for c, _, _ in ends]), np.array([a for _, a, _ in ends]),
        np.array([half_width[c] for c, _, _ in ends]),
        np.array([kept.index(t) for _, _, t in ends]), tuple(tags[t] for t in kept),
    )  # fmt: skip


def _cartesian(kind, axes, size, cells, start) -> Grid:
    """Equal cells; the first axis varies slowest (C order of an array indexed [x, y(, z)])."""
    dim = len(axes)
    if len(size) != dim or len(cells) != dim or len(start) != dim:
        raise ConfigError(f"a {kind} needs {dim} sizes, cell counts and start positions.")
    for s, n in zip(size, cells, strict=True):
        _edges(kind, s, n, None)
    cells = tuple(int(n) for n in cells)
    edges = {a: uniform(size[d], cells[d], start[d]) for d, a in enumerate(axes)}
    step = np.array([size[d] / cells[d] for d in range(dim)])
    index = np.arange(np.prod(cells)).reshape(cells)
    mids = np.meshgrid(*[0.5 * (e[1:] + e[:-1]) for e in edges.values()], indexing="ij")
    volume = np.full(index.size, np.prod(step))
    neighbour, area, half, faces = [], [], [], []
    names = ("left", "right", "bottom", "top", "front", "back")[: 2 * dim]
    for d in range(dim):
        face = np.prod(step) / step[d]
        for side in (0, 1):
            nb = np.full(cells, -1)
            here, there = [slice(None)] * dim, [slice(None)] * dim
            here[d], there[d] = (
                (slice(1, None), slice(None, -1)) if side == 0 else (slice(None, -1), slice(1, None))
            )
            nb[tuple(here)] = index[tuple(there)]
            neighbour.append(nb.ravel())
            area.append(np.where(nb.ravel() >= 0, face, 0.0))
            half.append(np.full(index.size, 0.5 * step[d]))
            edge = np.take(index, 0 if side == 0 else -1, axis=d).ravel()
            faces.append((edge, face, 0.5 * step[d], 2 * d + side))
    return Grid(
        kind, cells, tuple(axes), edges,
        {a: m.ravel() for a, m in zip(axes, mids, strict=True)}, volume,
        np.stack(neighbour, 1), np.stack(area, 1), np.stack(half, 1),
        np.concatenate([f[0] for f in faces]),
        np.concatenate([np.full(f[0].size, f[1]) for f in faces]),
        np.concatenate([np.full(f[0].size, f[2]) for f in faces]),
        np.concatenate([np.full(f[0].size, f[3]) for f in faces]), names,
    )  # fmt: skip
