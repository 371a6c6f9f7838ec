"""The numbers of an `ndf` integration that change: one record, which Python and compiled code share.

A NumPy record and not an object, since compiled code must write to it and Python read what it wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.solvers.steps.solution import Recorder
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
        ("turn", np.int64),  # turns that lie behind
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


def note_start(task: Task, record: Recorder, w: Any) -> None:
    """The first state into w (the state of an integration), and into the outputs that are due at once."""
    now = w.now[0]
    w.D[0, : task.y0.size] = task.y0
    for y in record.y[: np.searchsorted(record.t_eval, task.t0, side="right")]:
        y[:] = task.y0
        now.kept += 1
    now.below, now.worst_species = record.lowest(task.y0)
    now.worst = now.below


def first_step(s: Any, w: Any, norms: Callable[[np.ndarray], np.ndarray]) -> float:
    """Hairer, Norsett & Wanner 1993, II.4, for order 1, the shortest that a run would take; 0 where the rates
    are not finite. Leaves the rates in w.f.

    s: the system; norms(v): root mean squares (runs,) of a vector in units of the tolerances
    """
    now, n = w.now[0], s.size
    y, f, other = w.D[0, :n], w.f[:n], w.r[:n]
    t, left = now.t, now.end - now.t
    now.rhs += 2
    s.rhs(t, y, f)
    scale = 1.0 / (w.atol[:n] + w.rtol * np.abs(y))
    d0, d1 = norms(scale * y), norms(scale * f)
    with np.errstate(all="ignore"):
        h0 = min(float(np.where((d0 < 1e-5) | (d1 < 1e-5), 1e-6, 0.01 * d0 / d1).min()), left)
    if not (np.isfinite(d1).all() and h0 > 0):
        return 0.0
    s.rhs(t + h0, y + h0 * f, other)
    d2 = norms(scale * (other - f)) / h0
    if not np.isfinite(d2).all():
        return 1e-3 * h0
    fastest = float(np.maximum(d1, d2).max())
    h1 = max(1e-6, 1e-3 * h0) if fastest <= 1e-15 else (0.01 / fastest) ** 0.5
    return float(min(100 * h0, h1, left))
