"""Two-point fluxes on a neighbour table: diffusion in pore water, boundaries, perfusion.

u = amount per bulk volume, c = u / porosity in pore water. The flux between two cells is
T (c_j - c_i) with T = A / (d_i/(D f_i) + d_j/(D f_j)) and f = porosity^m (Archie), so both cells
compute the same number with opposite sign and what leaves one enters the other to rounding.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from sim.space.boundary import Boundary
from sim.space.grid import Grid


class TransportTables(NamedTuple):
    """Arrays of the operator for `m` mobile species on `n` cells."""

    volume: np.ndarray  # (n,) m3
    neighbour: np.ndarray  # (n, k)
    area: np.ndarray  # (n, k) m2
    half: np.ndarray  # (n, k) m
    other_half: np.ndarray  # (n, k) m, of the neighbour across the face
    diffusivity: np.ndarray  # (m,) m2/s in free water
    archie: float
    face_cell: np.ndarray  # (b,) open faces only
    face_area: np.ndarray  # (b,)
    face_half: np.ndarray  # (b,)
    face_permeability: np.ndarray  # (b,) m/s, inf for a fixed concentration
    outside: np.ndarray  # (b, m) mol m-3
    perfusion: np.ndarray  # (n,) 1/s
    plasma: np.ndarray  # (m,) mol m-3


def tables(
    grid: Grid,
    mobile: list[str],
    diffusivity: np.ndarray,
    archie: float,
    boundaries: dict[str, Boundary],
    perfusion: np.ndarray,
    plasma: np.ndarray,
) -> TransportTables:
    """Tables for one segment of a run; only open boundary faces are kept."""
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
        np.asarray(diffusivity, float), float(archie),
        grid.face_cell[open_faces], grid.face_area[open_faces], grid.face_half[open_faces],
        permeability, outside.reshape(len(sides), len(mobile)),
        np.asarray(perfusion, float), np.asarray(plasma, float),
    )  # fmt: skip


def _conductance(diffusivity, area, half, f, other_half, other_f):
    """Volume of pore water that a unit concentration difference exchanges per second [m3/s]."""
    return diffusivity * area / (half / f + other_half / other_f)


def _face_conductance(diffusivity, area, half, f, permeability):
    """The same for a boundary face [m3/s]; infinite permeability is a fixed concentration."""
    if half == 0.0:
        return permeability * area
    return area / (half / (diffusivity * f) + 1.0 / permeability)


conductance = njit(cache=True, error_model="numpy")(_conductance)
face_conductance = njit(cache=True, error_model="numpy")(_face_conductance)


def _add_transport(tables, mobile, c, porosity, dy, supplied):
    """Add transport to dy (n, s) [mol m-3 s-1] and set supplied (2, m) [mol/s].

    c (n, m) pore concentrations; mobile (m,) columns of dy. supplied[0] enters through
    boundaries, supplied[1] through perfusion. Each cell gathers: no two cells write one place.
    """
    (volume, neighbour, area, half, other_half, diffusivity, archie, face_cell, face_area,
     face_half, permeability, outside, perfusion, plasma) = tables  # fmt: skip
    n, m = c.shape
    supplied[:, :] = 0.0
    for i in range(n):
        f_i = porosity[i] ** archie
        for k in range(neighbour.shape[1]):
            j = neighbour[i, k]
            if j < 0:
                continue
            f_j = porosity[j] ** archie
            for s in range(m):
                t = conductance(diffusivity[s], area[i, k], half[i, k], f_i, other_half[i, k], f_j)
                dy[i, mobile[s]] += t * (c[j, s] - c[i, s]) / volume[i]
        if perfusion[i] != 0.0:
            for s in range(m):
                rate = perfusion[i] * porosity[i] * (plasma[s] - c[i, s])
                dy[i, mobile[s]] += rate
                supplied[1, s] += rate * volume[i]
    for b in range(face_cell.size):
        i = face_cell[b]
        f_i = porosity[i] ** archie
        for s in range(m):
            t = face_conductance(diffusivity[s], face_area[b], face_half[b], f_i, permeability[b])
            flow = t * (outside[b, s] - c[i, s])
            dy[i, mobile[s]] += flow / volume[i]
            supplied[0, s] += flow


add_transport = njit(cache=True, error_model="numpy")(_add_transport)


def _derivative(tables, porosity, coupling, loss):
    """Derivatives of the transport terms, for Jacobians and preconditioners.

    coupling (n, k, m): d(du_i/dt)/dc_j across each face [1/s]
    loss (n, 2, m): d(du_i/dt)/dc_i taken away through boundaries and by perfusion [1/s]
    """
    (volume, neighbour, area, half, other_half, diffusivity, archie, face_cell, face_area,
     face_half, permeability, outside, perfusion, plasma) = tables  # fmt: skip
    n, m = volume.size, diffusivity.size
    coupling[:, :, :] = 0.0
    loss[:, :, :] = 0.0
    for i in range(n):
        f_i = porosity[i] ** archie
        for k in range(neighbour.shape[1]):
            j = neighbour[i, k]
            if j < 0:
                continue
            f_j = porosity[j] ** archie
            for s in range(m):
                t = conductance(diffusivity[s], area[i, k], half[i, k], f_i, other_half[i, k], f_j)
                coupling[i, k, s] = t / volume[i]
        for s in range(m):
            loss[i, 1, s] = perfusion[i] * porosity[i]
    for b in range(face_cell.size):
        i = face_cell[b]
        f_i = porosity[i] ** archie
        for s in range(m):
            t = face_conductance(diffusivity[s], face_area[b], face_half[b], f_i, permeability[b])
            loss[i, 0, s] += t / volume[i]


derivative = njit(cache=True, error_model="numpy")(_derivative)
