"""Kernels of the elimination inside cells: what is immobile goes, what couples cells is left.

The elimination itself is machine code made for a model (see `programs.cells`), called by its address.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.binder.records import NONE, Stoichiometry
from sim.binder.system import System
from sim.codegen.call import call
from sim.jit.kernel import kernel, plain_kernel
from sim.solvers.linear.programs.cells import cell_routines
from sim.solvers.linear.programs.elimination_order import Elimination, elimination

NO_PORES, NO_SUPPLY = np.zeros((0, 2, 0, 0)), np.zeros((0, 2, 0))
# The change of a logarithm of porosity times gamma is an unknown of its own size: in units of this [s].
PORES = 1e6


class Units(NamedTuple):
    """Scales of the species (s,), their inverses, and which of them are mobile (m,); scales per PORES."""

    scale: np.ndarray
    inverse: np.ndarray
    mobile: np.ndarray
    per_pores: np.ndarray = NONE


class FrozenTransport(NamedTuple):
    """Derivatives of transport times volume [m3/s] at one state, and its porosity (n,).

    coupling (n, k, m): across faces; loss (n, 2, m): through boundaries and by perfusion
    across (n, 2, k, m + 1), supply (n, 2, m): by the logarithm of porosity, see `transport.by_porosity`, in
    units of the scales per PORES; without cells where they are left out
    """

    coupling: np.ndarray
    loss: np.ndarray
    porosity: np.ndarray
    across: np.ndarray = NO_PORES
    supply: np.ndarray = NO_SUPPLY


class BetweenCells(NamedTuple):
    """(A c)_i = local_i c_i + sum_k K[i, k] (c_i - c_j(i, k)) + out_i c_i for the mobile species.

    local (n, m, m), K (n, k, m), out (n, m)
    across (n, 2, k, m): where the last of c is no species but the change of pores, what that brings across
    each face into the cell: -(across[i, 1, k] c_j) of the neighbour's, and what local has of the own; else
    without cells
    """

    local: np.ndarray
    K: np.ndarray
    out: np.ndarray
    across: np.ndarray = NO_PORES


class CellElimination(NamedTuple):
    """What eliminates the immobile species of a system: addresses of routines, see `programs.cells`, and the
    numbers that they take. gamma (1,): of the last factors [s]; coefficient: of assembly"""

    factor: int
    reduce: int
    expand: int
    gamma: np.ndarray
    coefficient: np.ndarray


class InsideCells(NamedTuple):
    """What eliminates species of a system, their units, how many entries of factors it keeps a cell, its
    operations, and which columns are left."""

    by: CellElimination
    units: Units
    kept: int
    order: Elimination
    left: np.ndarray


def changing_pores(system: System) -> bool:
    """Whether porosity depends on the state, so that transport has a derivative by it."""
    return system.n_mobile > 0 and bool((system.operations.process == system.n_rates).any())


def inside_cells(system: System, mobile: np.ndarray, pores: bool = False) -> InsideCells:
    """What eliminates all species of a system but these columns.

    pores: the change of porosity stays too, as if it were one more mobile species that grows at a rate of
    `porosity` and begins at 0: what is found for it is gamma times the change
    """
    p, stoichiometry, scale, left = system.operations, system.stoichiometry, system.scale, mobile
    if pores:
        own = Stoichiometry(np.array([scale.size]), np.array([system.n_rates]), np.ones(1))
        both = zip(stoichiometry, own, strict=True)
        stoichiometry = Stoichiometry(*(np.concatenate([a, b]) for a, b in both))
        left, scale = np.append(mobile, scale.size), np.append(scale, PORES)
    order = elimination((p.process, p.species), stoichiometry, scale, left.tolist())
    made = cell_routines(order, left, p.process.size, system.n_species)
    by = CellElimination(made.factor, made.reduce, made.expand, np.zeros(1), order.assemble.coefficient)
    units = Units(system.scale, 1.0 / system.scale, mobile, system.scale / PORES)
    return InsideCells(by, units, made.kept, order, left)


@plain_kernel(nogil=True)
def factor(first, last, R, by: CellElimination, A, rest):
    """Eliminate the immobile species at by.gamma: A (groups, kept, WIDTH) gets the factors, rest (n, m, m)
    what is left of the mobile ones. Returns how many cells, at least, have a pivot below 1e-12 (the matrix
    is 1 - gamma J, in units of the scales) or an entry that is not a finite number."""
    n = rest.shape[0]
    return call(by.factor, first, last, n, (R, by.gamma, by.coefficient, A, rest))


@plain_kernel(nogil=True)
def reduce(first, last, r, by: CellElimination, units: Units, A, z, b):
    """Right-hand side r (n, s) without its immobile part: b (n, m), in units of the scales; z keeps the
    rest."""
    n = r.shape[0]
    call(by.reduce, first, last, n, (r, units.inverse, A, z, b))


@plain_kernel(nogil=True)
def expand(first, last, x, by: CellElimination, units: Units, A, z):
    """z (n, s), as `reduce` left it, becomes the solution for mobile x (n, m), in the species' units."""
    n = z.shape[0]
    call(by.expand, first, last, n, (x, units.scale, A, z))


@kernel
def weigh(volume, gamma, transport, between):
    """The blocks of a step gamma [s] per cell rather than per volume: `local` times volume and porosity;
    K = gamma x coupling and out = gamma x what is lost to the outside."""
    porosity, coupling, loss = transport.porosity, transport.coupling, transport.loss
    local, K, out = between.local, between.K, between.out
    n, m = loss.shape[0], loss.shape[2]
    for i in range(n):
        v = volume[i] * porosity[i]
        for a in range(local.shape[1]):
            for b in range(local.shape[1]):
                local[i, a, b] *= v
        for a in range(m):
            out[i, a] = gamma * (loss[i, 0, a] + loss[i, 1, a])
            for k in range(coupling.shape[1]):
                K[i, k, a] = gamma * coupling[i, k, a]


@kernel
def times(a, x, out):
    """out (n, m) = a (n, m) times x (n,)."""
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            out[i, k] = a[i, k] * x[i]


@kernel
def entered(loss, gamma, c, units, r, z):
    """The tail: z (2m,) = r - gamma x loss (n, 2, m) x concentrations c (n, m) in units of the scales."""
    unit, mobile = units.scale, units.mobile
    n, m = c.shape[0], mobile.size
    for k in range(z.size):
        z[k] = r[k]
    for i in range(n):
        for side in range(2):
            for k in range(m):
                if loss[i, side, k] != 0.0:
                    z[side * m + k] -= gamma * loss[i, side, k] * c[i, k] * unit[mobile[k]]
