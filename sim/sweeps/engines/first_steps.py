"""The first steps of a sweep: compile what its points need, and learn the units of its measures.

Outside the time-out of any point, which the minute of a first compilation would use up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sim.binder.kept import once_a_model
from sim.errors import ConfigError, UnknownNameError
from sim.experiment.change import applied
from sim.experiment.scenario import Scenario
from sim.model.model import Model
from sim.run.lazy_result import LazyResult
from sim.run.simulate import simulate, solved
from sim.sweeps.design.job import Job, Point
from sim.sweeps.engines.guard import Guard, Stop

if TYPE_CHECKING:
    from sim.run.result import Result

COMPILING_STEPS = 40  # by then an integrator has used all that it is made of


def one_of_each_kind(points: Iterable[Point]) -> list[Point]:
    """A point for each combination of words: growth laws and the like have formulas of their own."""
    found: dict[tuple, Point] = {}
    for p in points:
        found.setdefault(tuple(v for v in p.inputs.values() if isinstance(v, str)), p)
    return list(found.values())


def first_steps(job: Job, points: Sequence[Point]) -> Result | None:
    """Take one step of each point; the result of the last one that could be begun.

    What is wrong with a point its own row will say.
    """
    found = None
    for p in points:
        try:
            found = _first_step(job, p)
        except Exception:  # noqa: S112
            continue
    return found


def measure_units(job: Job, result: Result | None) -> dict[str, str]:
    """{measure: unit}, "" where it is not known. A measure of something the result lacks is refused."""
    found = {}
    for name, measure in job.measures.items():
        found[name] = getattr(measure, "unit", "") or ""
        if result is None:
            continue
        try:
            curve = getattr(measure, "curve", None)
            if curve is not None:
                found[name] = found[name] or curve(result).attrs.get("units", "")
            else:
                _tried(measure, result, job.timeout)
        except UnknownNameError as e:
            raise ConfigError(f"the measure '{name}' cannot be taken: {e}") from e
        except Exception:  # noqa: S112  a run of one step may be too short for it
            continue
    return found


def _tried(measure: Callable[[Result], float], result: Result, timeout: float | None) -> None:
    """Call a measure for no longer than a point may take; that it takes longer the rows will say."""
    guard = Guard(timeout)
    try:
        with guard:
            measure(result)
    except Stop:  # it came while the watch was ending
        pass
    finally:
        guard.release()


def _first_step(job: Job, point: Point) -> Result:
    stopped = []

    def stop(_t: float, _steps: int) -> None:
        stopped.append(True)
        raise KeyboardInterrupt

    result = LazyResult(solved(applied(job.base, point.inputs), job.settings, stop))
    if result.status == "interrupted" and not stopped:
        raise KeyboardInterrupt  # the user's own
    return result


def compile_for(job: Job, scenario: Scenario) -> None:
    """Compile what this scenario needs, once a model in a process: some steps of it, before the time-out
    of its point begins, or the first point of each worker would be timed out for the compiler."""
    kind = (job.solver, scenario.geometry, scenario.stochastic is None, scenario.outer)
    done = _kinds_compiled(scenario.model)
    if kind in done:
        return
    done.add(kind)
    first, how = scenario.with_(interventions=()), job.settings
    try:
        result = simulate(first, how.solver, how.rtol, how.atol, times=2, max_steps=COMPILING_STEPS)
    except Exception:  # what is wrong will be wrong again, under watch, and its row will say so
        return
    if result.status == "interrupted":
        raise KeyboardInterrupt


@once_a_model
def _kinds_compiled(model: Model) -> set[tuple]:
    """Which kinds of scenarios of this model have been compiled for in this process."""
    return set()
