"""Numerical differentiation formulas of order 1-5, Newton with a frozen Jacobian (the default solver).

The method is in `ndf_steps`; this is the conversation around it: progress, interruption, outputs,
and the words for how it ended. What is ours is what stands around the published formulas: the
Jacobian of stoichiometry times derivatives (exact; what porosity does to transport comes in when Newton's
method fails), elimination in every cell, block Thomas or multigrid between cells, lines of cells compiled
whole, planes and boxes shared by threads. A step whose chemistry was not solved in some cell is not accepted.
Source: Shampine & Reichelt 1997 (The MATLAB ODE suite, SIAM J. Sci. Comput. 18:1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from numba.core import config

from sim.binder.kept import once_a_model
from sim.binder.system import GROUPS_PER_THREAD, System
from sim.errors import SolverError
from sim.model.model import Model
from sim.solvers import cvode
from sim.solvers.linear.elimination import changing_pores
from sim.solvers.steps import compiled, ndf_steps
from sim.solvers.steps.ndf_state import DONE, TOO_SHORT, first_step, note_start
from sim.solvers.steps.on_a_line import Line, line_state, with_pores
from sim.solvers.steps.on_threads import Shared
from sim.solvers.steps.solution import STATUS, Recorder, Solution
from sim.solvers.steps.task import Task

CELL_STEPS_AT_ONCE = 8_000  # of a line, some 25 ms: then it listens for Ctrl-C again
STALL = 64  # steps: with more failures of Newton's method than that among them, another integrator goes on
COUNTS = {
    "rhs": "rhs", "jacobians": "jacobians", "factorisations": "factorisations",
    "newton_iterations": "iterations", "rejected": "rejected", "error_failures": "errors",
    "newton_failures": "failures", "singular": "singular",
}  # fmt: skip


def solve(task: Task) -> Solution:
    """Integrate a task (outputs are interpolated and never touch the steps). Speciation is solved as sharply
    as rtol needs.

    Statistics beside those of other solvers: newton_iterations, error_failures and newton_failures
    (steps done again, shorter), singular (matrices), v_cycles of multigrid, pore_steps where Newton's matrix
    had to know what changing pores do to transport, and cvode_steps where Newton's method stalled all the
    same and CVODE went on, which the message says.
    """
    record = Recorder(task)
    if task.no_span:
        return record.solution(task.t0, task.y0, "failed", task.no_span)
    try:
        task.system.tolerate(task.rtol)
        return _marched(task, record)
    finally:
        task.system.tolerate(0.0)


def _marched(task: Task, record: Recorder) -> Solution:
    system = task.system
    w, march, at_once = _begin(task, record)
    now = w.now[0]
    note_start(task, record, w)
    now.h = first_step(system, w, _norms)
    status, message, window = "finished", "", (0, 0)
    try:
        while True:
            state = march(min(at_once, task.max_steps - int(now.steps)))
            system.raise_again()
            steps, failures = int(now.steps), int(now.failures)
            if failures >= now.patience:
                w, march = _with_pores(task, w, march)
            y = w.D[0, : system.size]
            record.follow(now.t, y, steps, int(now.kept), now.worst, int(now.worst_species))
            if state == DONE:
                break
            if state == TOO_SHORT:
                status, message = "failed", _too_short(system, w)
                break
            if STALL <= steps - window[0] and steps < task.max_steps:
                if _stalled(steps - window[0], failures - window[1]):
                    return _handed_over(task, w, record)
                window = steps, failures
            if steps >= task.max_steps:
                status, message = "failed", task.too_many_steps(now.t)
                break
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    except SolverError as e:
        status, message = "failed", f"{STATUS['failed']} At t = {now.t:.6g} s: {e}"
    return record.solution(now.t, w.D[0, : system.size], status, message, **_counts(w))


def _stalled(steps: int, failures: int) -> bool:
    """Whether Newton's method failed too often among so many steps for them to be worth their while."""
    return failures > steps


def _begin(task: Task, record: Recorder) -> tuple[Line | Shared, Callable[[int], int], int]:
    """The state before the first step, the function that takes steps, and how many it may take at once."""
    if _is_line(task.system):
        on_line = line_state(task, record)
        return on_line, compiled.march(on_line), min(64, max(1, CELL_STEPS_AT_ONCE // task.system.n_cells))
    shared = Shared(task, record)
    return shared, partial(ndf_steps.march, shared), 1


def _with_pores(
    task: Task, w: Line | Shared, march: Callable[[int], int]
) -> tuple[Line | Shared, Callable[[int], int]]:
    """From here on with what changing pores do to transport in Newton's matrix, where they can change."""
    now = w.now[0]
    now.patience = np.iinfo(np.int64).max
    if not changing_pores(task.system):
        return w, march
    now.pores_from = now.steps
    now.factored = now.rate = np.nan
    if isinstance(w, Shared):
        w.eliminate(pores=True)
        return w, march
    full = with_pores(w, task.system)
    return full, compiled.march(full)


def _is_line(system: System) -> bool:
    """Whether one thread does it all, so that its steps can be compiled whole; never where nothing is."""
    return (
        not getattr(config, "DISABLE_JIT", False)
        and len(system.grid.shape) <= 1
        and system.n_groups < 2 * GROUPS_PER_THREAD
    )


@once_a_model
def _done(model: Model) -> set[str]:
    """What has been done for a model: "prepared"."""
    return set()


def prepare(system: System) -> None:
    """Compile, or load, the steps of a line before the clock of a run starts."""
    if _is_line(system) and "prepared" not in _done(system.model):
        task = Task(system, 0.0, 1.0, np.zeros(system.size), np.zeros(0), 1.0, np.ones(system.size))
        compiled.march(line_state(task, Recorder(task)))
        _done(system.model).add("prepared")


def _counts(w: Line | Shared) -> dict[str, int]:
    now = w.now[0]
    counts = {name: int(now[field]) for name, field in COUNTS.items()}
    if now.pores_from >= 0:
        counts["pore_steps"] = int(now.steps - now.pores_from)
    return counts | (w.between.statistics if isinstance(w, Shared) else {})


def _handed_over(task: Task, w: Line | Shared, record: Recorder) -> Solution:
    """The rest of the run by CVODE: its Krylov vectors are differences of the right-hand side, so that its
    Newton's matrix is that of the present state, whatever ours lacks."""
    t, steps, kept = float(w.now[0].t), record.steps, len(record.t)
    task.system.tolerate(0.0)  # for differences of the right-hand side

    def progress(at: float, n: int) -> None:
        if record.progress is not None:
            record.progress(at, steps + n)

    rest = cvode.solve(
        replace(
            task, t0=t, y0=w.D[0, : task.system.size].copy(), t_eval=record.t_eval[kept:], progress=progress,
            max_steps=task.max_steps - steps,
        )
    )  # fmt: skip
    said = f"Newton's method of ndf stalled at t = {t:.4g} s; CVODE went on from there."
    counts = _counts(w) | {"steps": steps}
    for name, n in rest.statistics.items():
        counts[name] = counts.get(name, 0) + n
    counts["cvode_steps"] = rest.statistics["steps"]
    message = rest.message
    if rest.status == "failed" and counts["steps"] >= task.max_steps:
        message = task.too_many_steps(rest.t_end)
    deepest = max((record.undershoot, record.species), (rest.undershoot, rest.undershoot_species))
    return replace(
        rest, t=np.concatenate([record.t, rest.t]), y=np.concatenate([record.y[:kept], rest.y]),
        message=f"{message} {said}", statistics=counts,
        undershoot=deepest[0], undershoot_species=deepest[1],
    )  # fmt: skip


def _norms(v: np.ndarray) -> np.ndarray:
    """Root mean square (1,) of the one run."""
    return np.sqrt(np.mean(v**2, keepdims=True))


def _too_short(s: System, w: Line | Shared) -> str:
    now = w.now[0]
    t, h, c = now.t, now.h, now.singular_at
    f = w.rates() if isinstance(w, Shared) else w.f
    rate = np.abs(s.split(f[: s.size])[0]) / s.scale
    whole = bool(np.isfinite(rate).all())
    rate[~np.isfinite(rate)] = np.inf
    i, k = np.unravel_index(int(np.argmax(rate)), rate.shape)
    name = s.model.species[k].name
    if not whole:
        return (
            f"the rate of {name} in cell {i} is not a finite number at t = {t:.6g} s; look for a "
            "division by zero or a root of something negative in the processes that change it."
        )
    trouble = f"I - gamma J is singular at gamma = {c:.3g} s; " if np.isfinite(c) else ""
    return (
        f"the step fell below {h:.1e} s at t = {t:.6g} s; {trouble}in cell {i} {name} changes fastest. "
        f"Try a smaller rtol, or a larger scale for {name}."
    )
