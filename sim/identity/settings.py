"""How a run is solved: what `simulate` is asked for beside the scenario, checked and in one form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from numbers import Integral, Real
from typing import Any

import numpy as np

from sim.errors import ScenarioError, shown
from sim.solvers import DEFAULT
from sim.solvers import solver as find_solver
from sim.solvers.steps.task import MAX_STEPS
from sim.units import convert_number

RTOL, ATOL = 1e-5, 1e-6

OUTPUTS = 121  # times of output, where none are asked for
MOST_OUTPUTS = 1_000_000

Times = int | Sequence[float | str] | np.ndarray | None  # as a user gives them


@dataclass(frozen=True)
class Settings:
    """What decides, beside the scenario, which numbers a run gives. Made by `Settings.of`.

    solver: a name in sim.solvers.SOLVERS
    rtol, atol: relative tolerance, and absolute one as a share of each species' scale
    times: of output [s], rising, or how many; max_steps: after which a run gives up
    """

    solver: str = DEFAULT
    rtol: float = RTOL
    atol: float = ATOL
    times: int | tuple[float, ...] = OUTPUTS
    max_steps: int = MAX_STEPS

    @classmethod
    def of(
        cls,
        solver: str = DEFAULT,
        rtol: float = RTOL,
        atol: float = ATOL,
        times: Times = None,
        max_steps: int = MAX_STEPS,
    ) -> Settings:
        """Settings as a user gives them: numbers of NumPy, times as text, None for the usual number.

        Raises ScenarioError, or SolverError for a solver that is not there.
        """
        find_solver(solver)
        return cls(
            solver, checked_rtol(rtol), checked_atol(atol), checked_times(times), checked_steps(max_steps)
        )


def checked_steps(max_steps: int) -> int:
    """How many steps a run may take, a whole number of at least 1."""
    whole = isinstance(max_steps, Integral) and not isinstance(max_steps, bool)
    if not whole or max_steps < 1:
        raise ScenarioError(
            f"max_steps = {shown(max_steps)} must be a whole number of steps, at least 1; "
            f"{MAX_STEPS} is the default."
        )
    return int(max_steps)


def checked_rtol(rtol: float) -> float:
    """A relative tolerance per step, 1e-13 to 0.1."""
    return _within("rtol", rtol, 1e-13, 0.1, f"from 1e-13 to 0.1 ({RTOL:g} is the default)")


def checked_atol(atol: float) -> float:
    """An absolute tolerance as a share of each species' scale, above 0 and at most 1."""
    least = float(np.nextafter(0.0, 1.0))
    return _within("atol", atol, least, 1.0, "above 0 and at most 1, a share of each scale")


def _within(name: str, value: float, low: float, high: float, allowed: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ScenarioError(f"{name} = {shown(value)} must be a number {allowed}.")
    if not low <= value <= high:
        raise ScenarioError(f"{name} = {shown(value)} must be a number {allowed}; it is outside that.")
    return float(value)


def _is_row(times: Any) -> bool:
    """Whether times stand one after the other; what each of them is comes later."""
    return not isinstance(times, str) and (isinstance(times, Sequence) or getattr(times, "ndim", 0) == 1)


def _listed_times(times: Sequence | np.ndarray) -> list[Any]:
    """Times one by one; timedelta of Python, numpy and pandas as seconds."""
    array = np.asarray(times) if hasattr(times, "dtype") else None
    if array is not None and array.dtype.kind == "m":
        if np.isnat(array).any():
            raise ScenarioError(f"times = {shown(times)} holds NaT, which is no time.")
        return (array / np.timedelta64(1, "s")).tolist()
    given = list(times) if array is None else array.tolist()
    return [
        t.total_seconds() if isinstance(t, timedelta)
        else t / np.timedelta64(1, "s") if isinstance(t, np.timedelta64)
        else t
        for t in given
    ]  # fmt: skip


def checked_times(times: Times) -> int | tuple[float, ...]:
    """Output times [s], rising, or how many. Where they end is checked against a run's duration."""
    if times is None:
        return OUTPUTS
    if isinstance(times, int | np.integer) and not isinstance(times, bool):
        if times > MOST_OUTPUTS:
            raise ScenarioError(f"times = {shown(times)}: at most {MOST_OUTPUTS} output times are kept.")
        if times < 2:
            raise ScenarioError(f"times = {times}: at least 2 output times are needed.")
        return int(times)
    if isinstance(times, bool) or not _is_row(times) or not len(times):
        raise ScenarioError(
            f"times = {shown(times)} is no row of times; give some, ['1 h', '1 day'], or how many, times=60."
        )
    given = _listed_times(times)
    found = tuple(convert_number(t, "s", "times") for t in given)
    for k in range(len(found) - 1):
        if not found[k] < found[k + 1]:
            what = "comes twice" if found[k] == found[k + 1] else f"is followed by {shown(given[k + 1])}"
            raise ScenarioError(
                f"times must rise, and {shown(given[k])} {what}; numpy.unique sorts numbers and drops "
                "repeats."
            )
    return found
