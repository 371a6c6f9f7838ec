"""Records that compiled code takes: arrays by name, at no cost there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Stoichiometry(NamedTuple):
    """Entry e: a unit of process column[e] changes species row[e] by value[e]."""

    row: np.ndarray
    column: np.ndarray
    value: np.ndarray


class Cells(NamedTuple):
    """What cells hold besides their state, and what an evaluation leaves with them.

    numbers: those of the run (GroupCode.numbers_of)
    memory (groups, rows, WIDTH): last solutions of the kernels; failures (groups,): cells, summed over the
    evaluations, in which a kernel found no solution
    c (n, m), porosity (n, 1): pore concentrations and porosity of the last state evaluated
    """

    fields: np.ndarray
    numbers: np.ndarray
    memory: np.ndarray
    failures: np.ndarray
    c: np.ndarray
    porosity: np.ndarray


class Workspace(NamedTuple):
    """Arrays of one thread: the rows of a group, and the time."""

    rows: np.ndarray
    clock: np.ndarray


NONE = np.zeros(0)  # what is not wanted of an evaluation
