"""The numbers of an `ndf` integration that change: one record, which Python and compiled code share.

A NumPy record and not an object, since compiled code must write to it and Python read what it wrote.
"""

from __future__ import annotations

import numpy as np

from sim.solvers.steps.task import Task

# Failures of Newton's method before its matrix learns what changing pores do to transport. Where pores stay
# open there are none; each costs a matrix and a few right-hand sides.
PATIENCE = 3
GROW_MOST = 10.0  # of a step
GOING, DONE, TOO_SHORT = range(3)  # what `march` returns

COUNTED = (
    "steps", "rhs", "jacobians", "factorisations", "iterations", "rejected", "errors", "failures", "singular",
)  # fmt: skip
STATE = np.dtype(
    [
        ("t", float),  # [s], of the last step accepted
        ("h", float),  # the step [s]
        ("end", float),  # [s]
        ("span", float),  # from start to end [s]
        ("rounding", float),  # the least that Newton's iteration can be asked for
        ("rate", float),  # at which it last converged, NaN where that is not known
        ("factored", float),  # gamma [s] of the factors, NaN where there are none
        ("singular_at", float),  # gamma [s] of the last singular matrix, NaN since one was not
        ("growth", float),  # of the next step, at most
        ("worst", float),  # the largest undershoot so far, in absolute tolerances
        ("below", float),  # that at the last step
        ("worst_species", np.int64),
        ("unknowns", np.int64),  # of the state
        ("order", np.int64),  # 0 before the first step
        ("equal", np.int64),  # steps of equal length
        ("kept", np.int64),  # outputs
        ("unsolved", np.int64),  # cells without a solution at the last evaluation
        ("patience", np.int64),  # failures of Newton's method at which `march` comes back
        ("pores_from", np.int64),  # steps before its matrix knew changing pores, -1 where it does not
        *((name, np.int64) for name in COUNTED),
    ],
    align=True,
)


def first_state(task: Task) -> np.ndarray:
    """The record, (1,), before anything is known but the task."""
    now = np.zeros(1, STATE).view(np.recarray)
    now.t, now.end, now.span = task.t0, task.t1, task.t1 - task.t0
    now.unknowns = task.system.size
    now.rounding = 10 * np.finfo(float).eps / task.rtol
    now.rate = now.factored = now.singular_at = np.nan
    now.patience, now.pores_from, now.growth = PATIENCE, -1, GROW_MOST
    return now
