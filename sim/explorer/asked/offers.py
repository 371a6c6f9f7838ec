"""Which treatments can act on a scenario, and why others cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sim.errors import HapsimError, listing
from sim.experiment.places import names_of
from sim.experiment.scenario import PLASMA, Scenario
from sim.experiment.treatments.effects import BOUNDARY, LASTING, PARAMETERS, Effect
from sim.experiment.treatments.treatment import Treatment, treatment, treatments


@dataclass(frozen=True)
class Offer:
    """A treatment beside a scenario. idle: why it can change nothing there; "" where it can"""

    given: Treatment
    idle: str = ""


def offers(s: Scenario) -> list[Offer]:
    """Every treatment, and whether it can act on a scenario at any dose."""
    return [Offer(given, _idle(s, given)) for given in map(treatment, treatments())]


def _idle(s: Scenario, given: Treatment) -> str:
    if all(e.part == BOUNDARY for e in given.effects) and not _fed(s):
        return "nothing passes the edge of this tissue and no vessel feeds it"
    dose = given.dose.si if given.dose is not None else 1.0
    try:
        if any(_changes(s, given, e, dose) for e in given.effects):
            return ""
    except HapsimError as error:
        return str(error)
    return f"{listing(e.name for e in given.effects)} is zero here, and it changes nothing else"


def _fed(s: Scenario) -> bool:
    """Whether plasma reaches the tissue at all."""
    return s.outer != "closed" or any(s.quantity(place, "perfusion", 0.0) > 0 for place in names_of(s))


def _changes(s: Scenario, given: Treatment, effect: Effect, dose: float) -> bool:
    """Whether one effect changes a number; what is done once to a state or to tissue is taken to.

    At half the dose too: the whole one may be what the scenario has.
    """
    if effect.part not in LASTING:
        return True
    half = 1.0 if given.half_effect is None else given.half_effect.si
    doses = (dose, 0.5 * dose)
    return any(effect.value(own, d, half) != own for own in _held(s, effect) for d in doses)


def _held(s: Scenario, effect: Effect) -> Iterator[float]:
    """What an effect finds [SI]: in plasma, of a parameter, or in each place."""
    if effect.part == BOUNDARY:
        p = s.parameters.get(f"{PLASMA}.{effect.name}")
        yield 0.0 if p is None else p.si
    elif effect.part == PARAMETERS:
        yield s.parameter(effect.name).si
    else:
        yield from (s.parameter(f"{place}.{effect.name}").si for place in names_of(s))
