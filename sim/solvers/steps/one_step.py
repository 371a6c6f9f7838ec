"""One step after another: what the one-step integrators share. Step control, outputs, how it ends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.binder.system import System
from sim.errors import SolverError
from sim.simd.threads import Pool
from sim.solvers.steps import stages
from sim.solvers.steps.solution import STATUS, Recorder, Solution, where_unsolved
from sim.solvers.steps.stages import PIECE
from sim.solvers.steps.task import Task

SAFETY, SHRINK_MOST, GROW_MOST = 0.9, 0.2, 5.0
# Steps that fell below zero by more than the absolute tolerance and were done again, at most.
MAX_REJECTIONS = 100


class OneStep:
    """A method that goes from y at t to z at t + h; subclasses say how.

    y, z (size,): the state at t, and what `attempt` makes of it at t + h
    power: the error estimate of a step is O(h^power). count: statistics.
    unsolved: evaluations so far in which the chemistry was not solved in some cell, and where, in words
    """

    power = 0

    def __init__(self, task: Task):
        system = task.system
        self.system, self.t, self.rtol, self.atol = system, float(task.t0), task.rtol, task.atol_of_mean
        self.pieces = -(-system.size // PIECE)
        self._sums = np.zeros(self.pieces)
        self._pool = Pool(8)
        self.y, self.z = np.array(task.y0, float), np.zeros(system.size)
        self.count = {"rhs": 0, "error_failures": 0, "rejected": 0}
        self.unsolved, self.where_unsolved = 0, ""

    def attempt(self, h: float) -> float:
        """Compute z for a step h [s]; the error estimate in tolerances, inf where there is none."""
        raise NotImplementedError

    def accept(self, h: float) -> None:
        """z becomes y."""
        raise NotImplementedError

    def at(self, t: float) -> np.ndarray:
        """The solution within the last step."""
        raise NotImplementedError

    def first_step(self, t1: float) -> float:
        """A step to begin with [s]."""
        raise NotImplementedError

    def longest(self) -> float:
        """No step may be longer [s]."""
        return np.inf

    def out_of_reach(self, t1: float, max_steps: int, steps: int) -> str:
        """Why this method should not go on to t1; "" when it may."""
        return ""

    def run(self, kernel: Callable[..., None], *arguments: object) -> None:
        """A kernel over all pieces of the state."""
        self._pool.run(lambda share, a, b: kernel(a, b, *arguments), self.pieces)

    def rhs(self, t: float, y: np.ndarray, out: np.ndarray) -> None:
        """The right-hand side, counted; notes where chemistry was not solved."""
        self.count["rhs"] += 1
        before = self.system.failures.copy()
        self.system.rhs(t, y, out)
        where = where_unsolved(self.system, before)
        if where:
            self.unsolved, self.where_unsolved = self.unsolved + 1, where

    def mean(self) -> float:
        """Root mean square from the sums of the last kernel."""
        return float(np.sqrt(self._sums.sum() / self.system.size))

    def size(self, x: np.ndarray) -> float:
        """Weighted root mean square of x, the tolerances at y being the unit."""
        self.run(stages.error, self.y, self.y, x, self.rtol, self.atol, self._sums)
        return self.mean()

    def explicit_first_step(self, f: np.ndarray, t1: float) -> float:
        """Hairer, Norsett & Wanner 1993, II.4, from the derivative f at y."""
        span = t1 - self.t
        d0, d1 = self.size(self.y), self.size(f)
        h0 = min(1e-6 if d0 < 1e-5 or d1 < 1e-5 else 0.01 * d0 / d1, span)
        if not (np.isfinite(d1) and h0 > 0):
            return 0.0
        f1 = np.empty_like(f)
        self.rhs(self.t + h0, self.y + h0 * f, f1)
        d2 = self.size(f1 - f) / h0
        if not np.isfinite(d2):
            return 1e-3 * h0
        h1 = max(1e-6, 1e-3 * h0) if max(d1, d2) <= 1e-15 else (0.01 / max(d1, d2)) ** (1 / self.power)
        return min(100 * h0, h1, span)


def integrate(method: OneStep, task: Task) -> Solution:
    """Step from where `method` is to the end. Outputs are interpolated and never touch the steps.

    The step is task.step, or chosen by the error (proportional and integral control: Hairer & Wanner
    1996, IV.2).
    """
    record, t1, step = Recorder(task), task.t1, task.step
    if task.no_span:
        return record.solution(method.t, method.y, "failed", task.no_span)
    status, message = "finished", ""
    record.reach(method.t, lambda t: method.y)
    if method.unsolved:
        message = f"{method.where_unsolved} has no solution in the state that the run starts from."
        return record.solution(method.t, method.y, "failed", message, **method.count)
    try:
        h = method.first_step(t1) if step is None else _equal(step, t1 - method.t)
        before = 1.0
        while method.t < t1:
            message = _stop(method, task, record.steps)
            if not message:
                stop = task.stop(method.t)
                h, before, message = _step(method, record, h, before, stop, step is not None)
            if message:
                status = "failed"
                break
            record.reach(method.t, lambda t: method.at(t) if t < method.t else method.y)
            record.step(method.t, method.y)
    except KeyboardInterrupt:
        status, message = "interrupted", STATUS["interrupted"]
    except SolverError as e:
        status, message = "failed", f"{STATUS['failed']} At t = {method.t:.6g} s: {e}"
    return record.solution(method.t, method.y, status, message, **method.count)


def _stop(method: OneStep, task: Task, steps: int) -> str:
    if steps >= task.max_steps:
        advice = "Raise max_steps, loosen rtol, or take solver='ndf' or 'cvode'."
        return task.too_many_steps(method.t, advice)
    return method.out_of_reach(task.t1, task.max_steps, steps)


def _step(
    method: OneStep, record: Recorder, h: float, before: float, t1: float, fixed: bool
) -> tuple[float, float, str]:
    """One accepted step, to t1 at most: the next step length, the error of this one, and "" or why there is
    none."""
    failed, trouble = False, ""
    while True:
        h = min(h, method.longest())
        if not h > 10 * np.spacing(abs(method.t)) + 1e-24 * (t1 - method.t):
            return h, before, _too_short(method, h, trouble)
        last = method.t + h >= t1 - 1e-10 * h
        size = t1 - method.t if last else h
        seen = method.unsolved
        error, trouble = method.attempt(size), ""
        if method.unsolved > seen:
            # What a cell without a solution reports is where the search for one ended, and may look
            # harmless: no step is built on it.
            method.count["unsolved"] = method.count.get("unsolved", 0) + 1
            error, trouble = np.inf, f"{method.where_unsolved} was not solved; "
        if fixed:
            if not np.isfinite(error):
                why = f"{trouble}the fixed step of {h:g} s cannot be done at t = {method.t:.6g} s."
                return h, before, why
            break
        if trouble:
            h, failed = 0.5 * size, True
            continue
        if not error <= 1.0:
            method.count["error_failures"] += 1
            shrink = SAFETY * error ** (-1 / method.power) if np.isfinite(error) else 0.1
            h, failed = size * max(SHRINK_MOST / 2, shrink), True
            continue
        below = record.lowest(method.y)[0]  # what begins below zero may come back in its own time
        if record.lowest(method.z)[0] > max(1.0, 2.0 * below) and method.count["rejected"] < MAX_REJECTIONS:
            # Error control knows no sign; a shorter step keeps it through whatever just ran out.
            method.count["rejected"] += 1
            h, failed = 0.3 * size, True
            continue
        break
    method.accept(size)
    if last:
        method.t = t1
    if fixed:
        return h, before, ""
    error = max(error, 1e-4)
    factor = SAFETY * error ** (-0.7 / method.power) * before ** (0.4 / method.power)
    factor = min(1.0 if failed else GROW_MOST, max(SHRINK_MOST, factor))
    cut = last and not failed  # its length says nothing of what the error allows
    return max(size * factor, h) if cut else size * factor, error, ""


def _equal(step: float, span: float) -> float:
    """A fixed step that divides the span."""
    if not step > 0:
        raise SolverError(f"step = {step!r} s is not a step; give a length above 0 s, or None.")
    return span / max(1, round(span / step))


def fastest(system: System, rate: np.ndarray) -> tuple[int, str]:
    """Cell and species of the largest entry of a flat vector, in scales of the species."""
    size = np.abs(system.split(rate)[0]) / system.scale
    size[~np.isfinite(size)] = np.inf
    i, k = np.unravel_index(int(np.argmax(size)), size.shape)
    return int(i), system.model.species[k].name


def _too_short(method: OneStep, h: float, trouble: str) -> str:
    rate = np.zeros(method.system.size)
    method.rhs(method.t, method.y, rate)
    cell, name = fastest(method.system, rate)
    return (
        f"the step fell to {h:.1e} s at t = {method.t:.6g} s; {trouble}in cell {cell} {name} changes "
        f"fastest. Try solver='ndf' or 'cvode', or a larger scale for {name}."
    )
