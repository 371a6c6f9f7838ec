"""Transport in runs that are worked on together and have nothing to do with each other.

Cells lie lane by lane (cell c of run r is row `first_row(r, cells) + WIDTH c`), tables and derivatives run by
run. Every run has numbers of its own, geometry included; who is whose neighbour is the same in all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.jit.kernel import plain_kernel
from sim.simd.constants import WIDTH
from sim.space.transport import (
    TransportTables,
    add_boundaries,
    add_fluxes,
    add_perfusion,
    derivative,
    hindrance,
)

ALIKE = ("neighbour", "mobile", "face_cell")  # tables that all runs share


class RunTables(NamedTuple):
    """The fields of TransportTables; but for those ALIKE, with the runs as their first axis."""

    volume: np.ndarray
    neighbour: np.ndarray
    area: np.ndarray
    half: np.ndarray
    other_half: np.ndarray
    mobile: np.ndarray
    diffusivity: np.ndarray
    archie: np.ndarray
    face_cell: np.ndarray
    face_area: np.ndarray
    face_half: np.ndarray
    face_permeability: np.ndarray
    outside: np.ndarray
    perfusion: np.ndarray
    plasma: np.ndarray


def run_tables(tables: Sequence[TransportTables]) -> RunTables:
    """The tables of runs, which must share those that are ALIKE."""
    made = [
        getattr(tables[0], name) if name in ALIKE else np.array([getattr(t, name) for t in tables], float)
        for name in RunTables._fields
    ]
    return RunTables(*made)


@plain_kernel
def table_of_run(t, r):
    """The TransportTables of run r."""
    return TransportTables(
        t.volume[r],
        t.neighbour,
        t.area[r],
        t.half[r],
        t.other_half[r],
        t.mobile,
        t.diffusivity[r],
        t.archie[r],
        t.face_cell,
        t.face_area[r],
        t.face_half[r],
        t.face_permeability[r],
        t.outside[r],
        t.perfusion[r],
        t.plasma[r],
    )


@plain_kernel
def first_row(r, cells):
    """The row of the first cell of run r, where each run has so many cells; the next is WIDTH further."""
    return (r // WIDTH) * cells * WIDTH + r % WIDTH


@plain_kernel(nogil=True)
def add_in_runs(tables, c, porosity, w, perfused, du, tails):
    """Add to du (n, s) [mol m-3 s-1] what pore concentrations c (n, m) move at a porosity (n,); tails
    (runs, 2, m) become what enters each run through boundaries and by perfusion [mol/s].

    w (runs, cells) and perfused (1, m) are worked in
    """
    runs, cells = w.shape
    for r in range(runs):
        t, first = table_of_run(tables, r), first_row(r, cells)
        here, pores, change = (
            c[first::WIDTH][:cells],
            porosity[first::WIDTH][:cells],
            du[first::WIDTH][:cells],
        )
        hindrance(0, 1, pores, t.archie, w[r])
        add_fluxes(0, 1, t, here, w[r], change)
        add_perfusion(0, 1, t, here, pores, change, perfused)
        add_boundaries(t, here, w[r], change, tails[r, 0])
        for k in range(perfused.shape[1]):
            tails[r, 1, k] = perfused[0, k]


@plain_kernel(nogil=True)
def derivative_in_runs(tables, porosity, w, frozen):
    """The derivatives of transport in each run, run by run into a FrozenTransport; porosity (n,)."""
    runs, cells = w.shape
    for r in range(runs):
        t, first = table_of_run(tables, r), first_row(r, cells)
        a, b = r * cells, (r + 1) * cells
        for i in range(cells):
            frozen.porosity[a + i] = porosity[first + WIDTH * i]
        hindrance(0, 1, frozen.porosity[a:b], t.archie, w[r])
        derivative(t, w[r], frozen.porosity[a:b], frozen.coupling[a:b], frozen.loss[a:b])
