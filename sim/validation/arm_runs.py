"""The runs of arms: one after the other here, or in processes of one thread each."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sim.errors import HapsimError
from sim.identity.settings import MAX_STEPS, RTOL
from sim.run.simulate import simulate
from sim.solvers import DEFAULT
from sim.sweeps.engines.side_by_side import DIED, side_by_side
from sim.validation.wanted import Reading

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario


class ArmTask(NamedTuple):
    """A run to make. times: output times [s]; readings: what is read of it"""

    scenario: Scenario
    times: tuple[float, ...]
    readings: tuple[Reading, ...]
    solver: str = DEFAULT
    rtol: float = RTOL
    max_steps: int = MAX_STEPS


@dataclass(frozen=True)
class ArmRun:
    """What came of it. numbers [SI], in the order of the readings; reason: why there are none

    notes: what the run said of itself, ranges that it left and fluids that it could not solve; wall: s
    """

    numbers: tuple[float, ...]
    reason: str = ""
    notes: tuple[str, ...] = ()
    wall: float = 0.0


def run_arm(task: ArmTask) -> ArmRun:
    """Run and read it. Never raises but for KeyboardInterrupt."""
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they stand among the notes of the run
            result = simulate(
                task.scenario, task.solver, task.rtol, times=task.times, max_steps=task.max_steps
            )
        if result.status == "interrupted":
            raise KeyboardInterrupt
        if not result.success:
            return ArmRun((), result.message, wall=time.perf_counter() - began)
        numbers = tuple(one.of(result) for one in task.readings)
    except (HapsimError, MemoryError, ArithmeticError, LookupError, ValueError) as error:
        return ArmRun((), str(error) or type(error).__name__, wall=time.perf_counter() - began)
    notes = list(result.manifest.get("notes", ()))
    if failures := result.manifest.get("speciation_failures", 0):
        notes.append(f"the equilibrium of {failures} fluids was not found.")
    return ArmRun(numbers, "", tuple(notes), time.perf_counter() - began)


def run_arms(tasks: Sequence[ArmTask], workers: int) -> Generator[tuple[int, ArmRun], None, None]:
    """(index, what came of it) as runs end. workers: processes, 0 for none"""
    if workers <= 0 or len(tasks) < 2:
        for k, task in enumerate(tasks):
            yield k, run_arm(task)
    else:
        yield from side_by_side(run_arm, tasks, min(workers, len(tasks)), ArmRun((), DIED))
