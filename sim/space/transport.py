"""Two-point fluxes on a neighbour table: diffusion in pore water, boundaries, perfusion.

u = amount per bulk volume, c = u / porosity in pore water. The flux between two cells is
T (c_j - c_i) with T = D A / (d_i/f_i + d_j/f_j) and f = porosity^m (Archie), so both cells
compute the same number with opposite sign and what leaves one enters the other to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.jit.kernel import kernel
from sim.simd.threads import Pool
from sim.space.boundary import Boundary
from sim.space.grid import Grid


class TransportTables(NamedTuple):
    """Arrays of the operator for `m` mobile species on `n` cells."""

    volume: np.ndarray  # (n,) m3
    neighbour: np.ndarray  # (n, k)
    area: np.ndarray  # (n, k) m2
    half: np.ndarray  # (n, k) m
    other_half: np.ndarray  # (n, k) m, of the neighbour across the face
    mobile: np.ndarray  # (m,) columns of the state
    diffusivity: np.ndarray  # (m,) m2/s in free water
    archie: float
    face_cell: np.ndarray  # (b,) open faces only
    face_area: np.ndarray  # (b,)
    face_half: np.ndarray  # (b,)
    face_permeability: np.ndarray  # (b,) m/s, inf for a fixed concentration
    outside: np.ndarray  # (b, m) mol m-3
    perfusion: np.ndarray  # (n,) 1/s
    plasma: np.ndarray  # (m,) mol m-3


def transport_tables(
    grid: Grid,
    mobile: dict[str, int],
    diffusivity: np.ndarray,
    archie: float,
    boundaries: dict[str, Boundary],
    perfusion: np.ndarray,
    plasma: np.ndarray,
) -> TransportTables:
    """Tables for one segment of a run; only open boundary faces are kept. mobile: {species: its column}."""
    other = np.zeros_like(grid.half)
    for k in range(grid.neighbour.shape[1]):
        nb = grid.neighbour[:, k]
        inside = nb >= 0
        # The face seen from the neighbour: the column that points back.
        back = np.argmax(grid.neighbour[nb[inside]] == np.flatnonzero(inside)[:, None], axis=1)
        other[inside, k] = grid.half[nb[inside], back]
    tag_of = [boundaries.get(t, Boundary()) for t in grid.tags]
    open_faces = np.array([tag_of[t].kind != "closed" for t in grid.face_tag], bool)
    sides = [tag_of[t] for t in grid.face_tag[open_faces]]
    permeability = np.array([s.permeability if s.kind == "exchange" else np.inf for s in sides], float)
    outside = np.array([[s.values.get(m, 0.0) for m in mobile] for s in sides], float)
    return TransportTables(
        grid.volume, grid.neighbour, grid.area, grid.half, other,
        np.array(list(mobile.values()), np.int64), np.asarray(diffusivity, float), float(archie),
        grid.face_cell[open_faces], grid.face_area[open_faces], grid.face_half[open_faces],
        permeability, outside.reshape(len(sides), len(mobile)),
        np.asarray(perfusion, float), np.asarray(plasma, float),
    )  # fmt: skip


# Cells are handled, and what perfusion brings is summed, in pieces of this many, so that the sums do
# not depend on how many threads share the pieces.
PIECE = 1024


@kernel(nogil=True)
def hindrance(first, last, porosity, archie, w):
    """w (n,) = porosity^-archie: 1/w is the share of the diffusivity that pores leave."""
    for i in range(first * PIECE, min(w.size, last * PIECE)):
        w[i] = 1.0 / (porosity[i] * porosity[i] if archie == 2.0 else porosity[i] ** archie)


@kernel
def face(area, half, w, other_half, other_w):
    """Conductance of a face per diffusivity [m]: half-cells in series, the same from both sides."""
    return area / (half * w + other_half * other_w)


@kernel
def boundary_face(diffusivity, area, half, w, permeability):
    """Volume of pore water that a boundary face exchanges per second [m3/s]; infinite permeability is a
    fixed concentration."""
    if half == 0.0:
        return permeability * area
    return area / (half * w / diffusivity + 1.0 / permeability)


@kernel(nogil=True)
def add_fluxes(first, last, tables, c, w, dy):
    """Add diffusion to dy (n, s) [mol m-3 s-1]. c (n, m) pore concentrations; w (n,) of `hindrance`.

    Each cell gathers: no two cells write one place.
    """
    volume, neighbour, mobile, diffusivity = (
        tables.volume,
        tables.neighbour,
        tables.mobile,
        tables.diffusivity,
    )
    area, half, other_half = tables.area, tables.half, tables.other_half
    n, m = c.shape
    for piece in range(first, last):
        for i in range(piece * PIECE, min(n, (piece + 1) * PIECE)):
            here, change = c[i], dy[i]
            for k in range(neighbour.shape[1]):
                j = neighbour[i, k]
                if j < 0:
                    continue
                there = c[j]
                g = face(area[i, k], half[i, k], w[i], other_half[i, k], w[j]) / volume[i]
                for s in range(m):
                    change[mobile[s]] += diffusivity[s] * g * (there[s] - here[s])


@kernel(nogil=True)
def add_perfusion(first, last, tables, c, porosity, dy, perfused):
    """Add perfusion to dy (n, s) [mol m-3 s-1]; perfused (pieces, m) [mol/s] is what it brings."""
    volume, mobile, perfusion, plasma = tables.volume, tables.mobile, tables.perfusion, tables.plasma
    n, m = c.shape
    for piece in range(first, last):
        for s in range(m):
            perfused[piece, s] = 0.0
        for i in range(piece * PIECE, min(n, (piece + 1) * PIECE)):
            if perfusion[i] != 0.0:
                for s in range(m):
                    rate = perfusion[i] * porosity[i] * (plasma[s] - c[i, s])
                    dy[i, mobile[s]] += rate
                    perfused[piece, s] += rate * volume[i]


@kernel
def add_boundaries(tables, c, w, dy, supplied):
    """Add what comes through boundary faces to dy, and set supplied (m,) [mol/s]."""
    face_cell, face_area, face_half = tables.face_cell, tables.face_area, tables.face_half
    volume, mobile, diffusivity = tables.volume, tables.mobile, tables.diffusivity
    permeability, outside = tables.face_permeability, tables.outside
    supplied[:] = 0.0
    for b in range(face_cell.size):
        i = face_cell[b]
        for s in range(supplied.size):
            t = boundary_face(diffusivity[s], face_area[b], face_half[b], w[i], permeability[b])
            flow = t * (outside[b, s] - c[i, s])
            dy[i, mobile[s]] += flow / volume[i]
            supplied[s] += flow


@kernel
def derivative(tables, w, porosity, coupling, loss):
    """Derivatives of the transport terms times volume [m3/s], for Jacobians and preconditioners.

    coupling (n, k, m): by the concentration across each face; loss (n, 2, m): taken away, per
    concentration in the cell, through boundaries and by perfusion
    """
    volume, neighbour, diffusivity, perfusion = (
        tables.volume,
        tables.neighbour,
        tables.diffusivity,
        tables.perfusion,
    )
    area, half, other_half = tables.area, tables.half, tables.other_half
    face_cell, face_area, face_half = tables.face_cell, tables.face_area, tables.face_half
    permeability = tables.face_permeability
    n, m = volume.size, diffusivity.size
    coupling[:, :, :] = 0.0
    loss[:, :, :] = 0.0
    for i in range(n):
        for k in range(neighbour.shape[1]):
            j = neighbour[i, k]
            if j >= 0:
                g = face(area[i, k], half[i, k], w[i], other_half[i, k], w[j])
                for s in range(m):
                    coupling[i, k, s] = diffusivity[s] * g
        for s in range(m):
            loss[i, 1, s] = perfusion[i] * porosity[i] * volume[i]
    for b in range(face_cell.size):
        i = face_cell[b]
        for s in range(m):
            loss[i, 0, s] += boundary_face(diffusivity[s], face_area[b], face_half[b], w[i], permeability[b])


@kernel(nogil=True)
def conductances(first, last, tables, w, g):
    """g (n, k), pieces first..last: conductance of each face per diffusivity [m], 0 where there is none."""
    neighbour, area, half, other_half = tables.neighbour, tables.area, tables.half, tables.other_half
    n = w.size
    for i in range(first * PIECE, min(n, last * PIECE)):
        for k in range(neighbour.shape[1]):
            j = neighbour[i, k]
            g[i, k] = face(area[i, k], half[i, k], w[i], other_half[i, k], w[j]) if j >= 0 else 0.0


@kernel
def losses(tables, w, porosity, duration, out):
    """out (n, m): what a concentration of 1 loses in a duration [s] through boundaries, by perfusion [m3]."""
    face_cell, face_area, face_half = tables.face_cell, tables.face_area, tables.face_half
    perfusion, volume, diffusivity = tables.perfusion, tables.volume, tables.diffusivity
    permeability = tables.face_permeability
    for i in range(volume.size):
        for s in range(diffusivity.size):
            out[i, s] = duration * perfusion[i] * porosity[i] * volume[i]
    for b in range(face_cell.size):
        i = face_cell[b]
        for s in range(diffusivity.size):
            t = boundary_face(diffusivity[s], face_area[b], face_half[b], w[i], permeability[b])
            out[i, s] += duration * t


@kernel
def lost(tables, w, porosity, duration, c, unit, tail):
    """Subtract from tail (2, m) what concentrations c (n, m), in units of (m,), lose in a duration [s], as
    `losses` has it [mol]."""
    face_cell, face_area, face_half = tables.face_cell, tables.face_area, tables.face_half
    perfusion, volume, diffusivity = tables.perfusion, tables.volume, tables.diffusivity
    permeability = tables.face_permeability
    for i in range(volume.size):
        if perfusion[i] != 0.0:
            f = duration * perfusion[i] * porosity[i] * volume[i]
            for s in range(diffusivity.size):
                tail[1, s] -= f * c[i, s] * unit[s]
    for b in range(face_cell.size):
        i = face_cell[b]
        for s in range(diffusivity.size):
            t = boundary_face(diffusivity[s], face_area[b], face_half[b], w[i], permeability[b])
            tail[0, s] -= duration * t * c[i, s] * unit[s]


class Exchange:
    """What moves between the cells of a grid and through its boundaries, shared out to threads.

    hindrance (n,): by the pores at the last state; perfused (pieces, m): what perfusion brought, by piece
    """

    def __init__(self, tables: TransportTables):
        cells, mobile = tables.volume.size, tables.diffusivity.size
        self.tables, self.pieces = tables, -(-cells // PIECE)
        self.hindrance, self.perfused = np.ones(cells), np.zeros((self.pieces, mobile))
        self._pool = Pool(2)

    def add(self, c: np.ndarray, porosity: np.ndarray, du: np.ndarray, tail: np.ndarray) -> None:
        """Add to du (n, s) [mol m-3 s-1] what pore concentrations c (n, m) move at a porosity (n,); tail
        (2, m) becomes what enters through boundaries and by perfusion [mol/s]."""
        w = self.hindrance
        self._pool.run(lambda _, a, b: hindrance(a, b, porosity, self.tables.archie, w), self.pieces)
        self._pool.run(lambda _, a, b: self._add_fluxes(a, b, c, porosity, du), self.pieces)
        add_boundaries(self.tables, c, w, du, tail[0])
        tail[1] = self.perfused.sum(axis=0)

    def conductances(self, porosity: np.ndarray, w: np.ndarray, g: np.ndarray) -> None:
        """g (n, k) of the kernel `conductances`, and the hindrance w (n,), at a porosity (n,)."""
        self._pool.run(lambda _, a, b: hindrance(a, b, porosity, self.tables.archie, w), self.pieces)
        self._pool.run(lambda _, a, b: conductances(a, b, self.tables, w, g), self.pieces)

    def _add_fluxes(self, first: int, last: int, c: np.ndarray, porosity: np.ndarray, du: np.ndarray) -> None:
        add_fluxes(first, last, self.tables, c, self.hindrance, du)
        add_perfusion(first, last, self.tables, c, porosity, du, self.perfused)

    def derivative(self, porosity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """coupling (n, k, m) and loss (n, 2, m) [m3/s] of the kernel `derivative`."""
        (cells, faces), mobile = self.tables.neighbour.shape, self.tables.diffusivity.size
        coupling, loss = np.zeros((cells, faces, mobile)), np.zeros((cells, 2, mobile))
        hindrance(0, self.pieces, porosity, self.tables.archie, self.hindrance)
        derivative(self.tables, self.hindrance, porosity, coupling, loss)
        return coupling, loss
