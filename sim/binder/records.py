"""Records that the generated module of a model takes: arrays by name, at no cost in compiled code."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sim.simd.blocks import LANES


class Stoichiometry(NamedTuple):
    """Entry e: a unit of process column[e] changes species row[e] by value[e]."""

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray


class Cells(NamedTuple):
    """What cells hold besides their state, and what an evaluation leaves with them.

    memory (blocks, rows, LANES): warm starts of the kernels; failures (blocks,): cells, summed over the
    evaluations, in which a kernel found no solution
    parameters: those of the run, then what depends on them alone
    c (n, m), porosity (n, 1): pore concentrations and porosity of the last state evaluated
    """

    fields: np.ndarray
    parameters: np.ndarray
    memory: np.ndarray
    failures: np.ndarray
    c: np.ndarray
    porosity: np.ndarray


class Evaluated(NamedTuple):
    """Where results go, by mode: dy (n, s); derived (n, o) and rates (n, q); slopes (blocks, entries, LANES).

    What a mode does not fill is empty.
    """

    dy: np.ndarray
    derived: np.ndarray
    rates: np.ndarray
    slopes: np.ndarray


class KernelSpace(NamedTuple):
    """What a kernel of the model (speciation) takes: arrays to work in, and its constants."""

    scratch: np.ndarray
    tables: tuple


class Workspace(NamedTuple):
    """Arrays of one thread: rows of a block, flat; slopes D of what is beside the graph; changes of species;
    the time; addresses of the routines of the model, in order, that of its slopes last; and those of each
    kernel."""

    rows: np.ndarray
    D: np.ndarray
    changes: np.ndarray
    clock: np.ndarray
    routines: np.ndarray
    kernels: tuple[KernelSpace, ...]


NONE, NONE_3 = np.zeros((0, 1)), np.zeros((0, 1, LANES))  # what a mode does not fill
