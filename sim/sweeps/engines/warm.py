"""The first steps of a sweep: compile what its points need, and learn the units of its measures.

Outside the clock of any point: a time-out of ten seconds must not fall on the minute of a first compilation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sim.errors import ConfigError, UnknownNameError
from sim.experiment.change import applied
from sim.run.simulate import simulate
from sim.sweeps.engines.guard import Guard, Stop
from sim.sweeps.engines.point import Job, Point

if TYPE_CHECKING:
    from sim.run.result import Result


def kinds(points: Iterable[Point]) -> list[Point]:
    """A point for each combination of words: growth laws and the like have formulas of their own."""
    found: dict[tuple, Point] = {}
    for p in points:
        found.setdefault(tuple(v for v in p.inputs.values() if isinstance(v, str)), p)
    return list(found.values())


def warmed(job: Job, points: Sequence[Point]) -> Result | None:
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


def units(job: Job, result: Result | None) -> dict[str, str]:
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

    result = simulate(applied(job.base, point.inputs), job.solver, job.rtol, job.atol, job.times, stop)
    if result.status == "interrupted" and not stopped:
        raise KeyboardInterrupt  # somebody's own
    return result
