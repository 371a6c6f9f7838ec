"""Numerical differentiation formulas of order 1-5, Newton with a frozen Jacobian (the default solver).

The method is in `ndf_steps`; this is the conversation around it: progress, interruption, outputs,
and the words for how it ended. What is ours is what stands around the published formulas: the
Jacobian of stoichiometry times derivatives (exact, but for what porosity does to transport),
elimination in every cell, block Thomas or multigrid between cells, lines of cells compiled whole,
planes and boxes shared by threads. A step whose chemistry was not solved in some cell is not accepted.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from sim.binder.system import BLOCKS_PER_THREAD, System
from sim.errors import SolverError
from sim.solvers import cvode
from sim.solvers.steps import compiled, ndf_steps
from sim.solvers.steps.ndf_steps import (  # fmt: skip
    BELOW,
    DONE,
    END,
    ERRORS,
    FACTORISATIONS,
    FAILURES,
    ITERATIONS,
    JACOBIANS,
    KEPT,
    REJECTED,
    RHS,
    SINGULAR,
    SINGULAR_AT,
    STEPS,
    TOO_SHORT,
    WORST,
    WORST_SPECIES,
    H,
    T,
)
from sim.solvers.steps.on_a_line import line
from sim.solvers.steps.on_threads import Shared
from sim.solvers.steps.solution import STATUS, Progress, Recorder, Solution, per_cell

CELL_STEPS_AT_ONCE = 8_000  # of a line, some 25 ms: then it listens for Ctrl-C again
STALL = 64  # steps: with more failures of Newton's method than that among them, another integrator goes on
COUNTS = {
    "rhs": RHS, "jacobians": JACOBIANS, "factorisations": FACTORISATIONS, "newton_iterations": ITERATIONS,
    "rejected": REJECTED, "error_failures": ERRORS, "newton_failures": FAILURES, "singular": SINGULAR,
}  # fmt: skip


def solve(
    system: System,
    t0: float,
    t1: float,
    y0: np.ndarray,
    t_eval: np.ndarray,
    rtol: float,
    atol: np.ndarray,
    progress: Progress | None = None,
    max_steps: int = 200_000,
) -> Solution:
    """Integrate from t0 to t1 [s], output at t_eval (interpolated: outputs never touch the steps)."""
    record = Recorder(system, t_eval, atol, progress)
    if not t1 > t0:
        return record.solution(
            t0, y0, "failed", f"the end, {t1:g} s, does not lie after the start, {t0:g} s."
        )
    x, k = np.zeros(9), np.zeros(16, np.int64)
    tolerance = max(10 * np.finfo(float).eps / rtol, min(0.03, rtol**0.5))
    x[:] = t0, 0.0, t1, t1 - t0, tolerance, np.nan, np.nan, 0.0, 0.0
    if _is_line(system):
        w = line(system, record, rtol, per_cell(system, atol), x, k)
        march, at_once = compiled.march(w), min(64, max(1, CELL_STEPS_AT_ONCE // system.n_cells))
    else:
        w = Shared(system, record, rtol, per_cell(system, atol), x, k)
        march, at_once = partial(ndf_steps.march, w), 1
    w.D[0] = y0
    for y in record.y[: np.searchsorted(record.t_eval, t0, side="right")]:
        y[:] = y0
        k[KEPT] += 1
    x[BELOW], k[WORST_SPECIES] = record.lowest(y0)
    x[WORST] = x[BELOW]
    x[H] = _first_step(system, w)
    status, message, window = "finished", "", (0, 0)
    try:
        while True:
            state = march(min(at_once, max_steps - int(k[STEPS])))
            record.follow(x[T], int(k[STEPS]), int(k[KEPT]), x[WORST], int(k[WORST_SPECIES]))
            if state == DONE:
                break
            if state == TOO_SHORT:
                status, message = "failed", _too_short(system, w)
                break
            if STALL <= k[STEPS] - window[0] and k[STEPS] < max_steps:
                if k[FAILURES] - window[1] > k[STEPS] - window[0]:
                    return _handed_over(system, w, record, t1, rtol, atol, max_steps)
                window = int(k[STEPS]), int(k[FAILURES])
            if k[STEPS] >= max_steps:
                status = "failed"
                message = cvode.too_many(max_steps, x[T], t1)
                break
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    except SolverError as e:
        status, message = "failed", f"{STATUS['failed']} At t = {x[T]:.6g} s: {e}"
    return record.solution(x[T], w.D[0], status, message, **_counts(w))


def _is_line(system: System) -> bool:
    """Whether one thread does it all, so that its steps can be compiled whole."""
    return len(system.grid.shape) <= 1 and system.n_blocks < 2 * BLOCKS_PER_THREAD


def prepare(system: System) -> None:
    """Compile, or load, the steps of a line before the clock of a run starts."""
    if _is_line(system) and "_steps_ready" not in vars(system.model):
        record = Recorder(system, np.zeros(0), np.ones(system.size))
        w = line(system, record, 1.0, np.ones(system.size), np.zeros(9), np.zeros(16, np.int64))
        compiled.march(w)
        vars(system.model)["_steps_ready"] = True  # beside its other cached properties


def _counts(w) -> dict[str, int]:
    counts = {name: int(w.whole[at]) for name, at in COUNTS.items()}
    if isinstance(w, Shared) and w.linear.kind == "multigrid":
        counts["v_cycles"] = w.linear.cycles
    return counts


def _handed_over(
    s: System, w, record: Recorder, t1: float, rtol: float, atol: np.ndarray, max_steps: int
) -> Solution:
    """The rest of the run by CVODE, whose Krylov vectors know what our Jacobian leaves out: how a change of
    porosity changes transport, which decides where pores are almost closed."""
    t, steps, kept = float(w.real[T]), record.steps, len(record.t)

    def progress(at: float, n: int) -> None:
        if record.progress is not None:
            record.progress(at, steps + n)

    rest = cvode.solve(s, t, t1, w.D[0].copy(), record.t_eval[kept:], rtol, atol, progress, max_steps - steps)
    said = f"Newton's method of ndf stalled at t = {t:.4g} s; CVODE went on from there."
    counts = _counts(w) | {"steps": steps}
    for name, n in rest.statistics.items():
        counts[name] = counts.get(name, 0) + n
    counts["cvode_steps"] = rest.statistics["steps"]
    message = rest.message
    if rest.status == "failed" and counts["steps"] >= max_steps:
        message = cvode.too_many(max_steps, rest.t_end, t1)
    deepest = max((record.undershoot, record.species), (rest.undershoot, rest.undershoot_species))
    return replace(
        rest, t=np.concatenate([record.t, rest.t]), y=np.concatenate([record.y[:kept], rest.y]),
        message=f"{message} {said}", statistics=counts,
        undershoot=deepest[0], undershoot_species=deepest[1],
    )  # fmt: skip


def _first_step(s: System, w) -> float:
    """Hairer, Norsett & Wanner 1993, II.4, for order 1; 0 where the rates are not finite.
    Leaves the rates in w.f."""
    t, left, y = w.real[T], w.real[END] - w.real[T], w.D[0]
    w.whole[RHS] += 2
    s.rhs(t, y, w.f)
    w.scale[:] = 1.0 / (w.atol + w.rtol * np.abs(y))
    d0, d1 = _norm(w, y), _norm(w, w.f)
    h0 = min(1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1, left)
    if not (np.isfinite(d1) and h0 > 0):
        return 0.0
    s.rhs(t + h0, y + h0 * w.f, w.r)
    d2 = _norm(w, w.r - w.f) / h0
    if not np.isfinite(d2):
        return 1e-3 * h0
    h1 = max(1e-6, 1e-3 * h0) if max(d1, d2) <= 1e-15 else (0.01 / max(d1, d2)) ** 0.5
    return min(100 * h0, h1, left)


def _norm(w, v: np.ndarray) -> float:
    return float(np.sqrt(np.mean((v * w.scale) ** 2)))


def _too_short(s: System, w) -> str:
    t, h, c = w.real[T], w.real[H], w.real[SINGULAR_AT]
    rate = np.abs(s.split(w.f)[0]) / s.scale
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
