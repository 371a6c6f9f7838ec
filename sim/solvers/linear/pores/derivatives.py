"""Derivatives of transport by the porosity of a cell and of its neighbours, at given amounts.

A flux T (c_j - c_i) depends on porosity twice: its conductance T by the hindrance of both cells, and pore
concentrations c = amount / porosity. What is derived here is what `sim.space.transport` computes.
"""

from __future__ import annotations

from sim.jit.kernel import kernel
from sim.space.transport import boundary_face, face


@kernel
def by_porosity(tables, w, porosity, c, unit, across, supply):
    """Derivatives of the transport terms times volume by the logarithm of porosity, at given amounts, in
    units (s,) of each species: [mol/s] where these are 1. c (n, m): pore concentrations.

    across (n, 2, k, m + 1): of what comes across each face, by the own porosity and by the neighbour's; the
    last stays 0; supply (n, 2, m): of what comes through boundaries and by perfusion, by the own
    """
    neighbour, area, half, other_half = tables.neighbour, tables.area, tables.half, tables.other_half
    diffusivity, archie = tables.diffusivity, tables.archie
    face_cell, face_area, face_half = tables.face_cell, tables.face_area, tables.face_half
    mobile, (n, m) = tables.mobile, c.shape
    across[:, :, :, :] = 0.0
    supply[:, :, :] = 0.0
    for i in range(n):
        for k in range(neighbour.shape[1]):
            j = neighbour[i, k]
            if j < 0:
                continue
            g = face(area[i, k], half[i, k], w[i], other_half[i, k], w[j])
            # A share of the resistance lies in each half, and falls by archie x the logarithm.
            here = archie * g * half[i, k] * w[i] / area[i, k]
            there = archie * g * other_half[i, k] * w[j] / area[i, k]
            for s in range(m):
                flow = diffusivity[s] * g / unit[mobile[s]]
                across[i, 0, k, s] = flow * (here * (c[j, s] - c[i, s]) + c[i, s])
                across[i, 1, k, s] = flow * (there * (c[j, s] - c[i, s]) - c[j, s])
        for s in range(m):
            brought = tables.perfusion[i] * porosity[i] * tables.volume[i] * tables.plasma[s]
            supply[i, 1, s] = brought / unit[mobile[s]]
    for b in range(face_cell.size):
        i = face_cell[b]
        for s in range(m):
            permeability = tables.face_permeability[b]
            t = boundary_face(diffusivity[s], face_area[b], face_half[b], w[i], permeability)
            share = 0.0
            if face_half[b] > 0.0:
                share = archie * t * face_half[b] * w[i] / (diffusivity[s] * face_area[b])
            outside = tables.outside[b, s]
            supply[i, 0, s] += t * (share * (outside - c[i, s]) + c[i, s]) / unit[mobile[s]]


@kernel
def add_pores(across, supply, local):
    """The own change of pores, the last column of the weighed blocks `local`."""
    n, m = supply.shape[0], supply.shape[2]
    for i in range(n):
        for a in range(m):
            total = supply[i, 0, a] + supply[i, 1, a]
            for k in range(across.shape[2]):
                total += across[i, 0, k, a]
            local[i, a, m] = -total


@kernel
def entered_by_pores(supply, c, units, z):
    """Add to the tail z (2m,) what the change of pores, the last of c (n, m + 1), lets in."""
    unit, mobile = units.scale, units.mobile
    n, m = c.shape[0], mobile.size
    for i in range(n):
        for side in range(2):
            for k in range(m):
                if supply[i, side, k] != 0.0:
                    z[side * m + k] += supply[i, side, k] * c[i, m] * unit[mobile[k]]
