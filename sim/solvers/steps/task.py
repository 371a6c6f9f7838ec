"""What a solver is asked: a system, a span of time, a first state, outputs, tolerances."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from sim.binder.system import System

Progress = Callable[[float, int], None]
MAX_STEPS = 200_000


class Observer(Protocol):
    """What looks on while a solver runs. States are the solver's own arrays, to be read during the call only.

    To end the run it raises KeyboardInterrupt; it raises nothing else.
    """

    def step(self, t: float, y: np.ndarray) -> None:
        """The state y (size,) after an internal step, or after several, at t [s]."""

    def output(self, t: float, y: np.ndarray) -> None:
        """The state y (size,) at an output time t [s]; before the step that passed it is told of."""


@dataclass(frozen=True, eq=False)
class Task:
    """One call of a solver: integrate dy/dt = rhs(t, y) of a system from t0 to t1.

    t0, t1: the span [s]; t1 must lie after t0
    y0 (size,): the state at t0, amounts [units of the species] cell by cell and the tail of supplies [mol]
    t_eval (k,): output times [s], rising, within t0..t1; they never influence the steps
    rtol: relative tolerance of a step, 1e-13 to 0.1
    atol (size,): absolute tolerance of a step [units of y]: what a single cell may err by near zero
    progress: called with (t [s], steps so far); an exception raised there ends the run
    observer: told of the state after steps and at outputs; it leaves the system as it was
    max_steps: accepted steps, at most
    step: a fixed step [s] for methods of fixed order, for tests of order; None lets the error decide
    """

    system: System
    t0: float
    t1: float
    y0: np.ndarray
    t_eval: np.ndarray
    rtol: float
    atol: np.ndarray
    progress: Progress | None = None
    max_steps: int = MAX_STEPS
    step: float | None = None
    observer: Observer | None = None

    @property
    def atol_of_mean(self) -> np.ndarray:
        """Absolute tolerances (size,) for an integrator that controls the root mean square over all cells.

        Mineral fronts pass one cell at a time; a mean over n cells would let that cell err by sqrt(n)
        tolerances. Divided by sqrt(n), and by 3 because the errors of a few steps add up, `atol` is
        what a single cell may err by where it is near zero.
        """
        return self.atol / (3.0 * np.sqrt(self.system.n_cells))

    @cached_property
    def turns(self) -> np.ndarray:
        """Times (k,) within the span at which what the system follows turns: a step may end there, and never
        pass over one."""
        return self.system.courses.turns_within(self.t0, self.t1)

    def stop(self, t: float) -> float:
        """Where a step from t [s] ends at the latest: the next turn, or the end of the span."""
        k = int(np.searchsorted(self.turns, t, side="right"))
        return float(self.turns[k]) if k < self.turns.size else self.t1

    @property
    def no_span(self) -> str:
        """Why there is nothing to integrate; "" when there is."""
        if self.t1 > self.t0:
            return ""
        return f"the end, {self.t1:g} s, does not lie after the start, {self.t0:g} s."

    def too_many_steps(self, t: float, advice: str = "Raise max_steps, or loosen rtol.") -> str:
        """What to say when max_steps did not reach the end, but t [s]."""
        return (
            f"{self.max_steps} steps were not enough: t = {t:.4g} s of {self.t1:.4g} s was reached. {advice}"
        )
