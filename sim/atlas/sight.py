"""By what mineral of a condition is seen: a method of sim.imaging, or the eye on cut tissue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.atlas.morphology import atlas_rules
from sim.imaging.detection.courses import first_time
from sim.imaging.detection.first_seen import METHODS, detection_levels, time_first_seen
from sim.imaging.detection.stained import densest_calcium

if TYPE_CHECKING:
    from sim.run.result import Result

EYE = "eye"
STAIN = "von_kossa"  # what a pathologist looks at to say where mineral lies


def ways_to_see() -> tuple[str, ...]:
    """Names that an expectation may give."""
    return (*METHODS, EYE)


def sight_title(way: str) -> str:
    """A way to see, in words."""
    return "cut tissue, by eye" if way == EYE else METHODS[way].title


def time_seen(way: str, result: Result) -> float:
    """When mineral is first seen that way [s], linear between outputs; inf if never."""
    if way == EYE:
        return first_time(densest_calcium(result), result.t, atlas_rules().si(f"seen.{EYE}"))
    return time_first_seen(METHODS[way], result)


def stains(result: Result, at: int) -> bool:
    """Whether a stained section shows mineral anywhere at an output."""
    return densest_calcium(result).seen(at) > detection_levels().si(STAIN)
