"""What treatments make of parameters, of the fluid outside and, once, of the state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sim.binder.courses.curves import Curve, combined, straight
from sim.errors import ScenarioError
from sim.experiment.intervention import PLASMA, Intervention
from sim.experiment.places import names_of
from sim.experiment.scenario import Scenario
from sim.experiment.scenario_data import OF_PLACES
from sim.experiment.timing.moments import at_end
from sim.experiment.treatments.effects import BOUNDARY, MINERAL, PARAMETERS, PLACES, STATE, TISSUE, Effect
from sim.experiment.treatments.treatment import Treatment
from sim.model.model import Model
from sim.model.words.names import PH
from sim.parameters import Parameter
from sim.run.in_force.doses import MOST_DOSES, courses_together, end_within, share_in_plasma
from sim.texts import typed_time

ON_CRYSTALS = "adsorbed"  # the pool of what lies on the surface of crystals and goes with them


class Conditions(NamedTuple):
    """What is in force: parameters by name, {species or pH: value [SI]} of the fluid outside, and what
    follows curves, which go before both."""

    values: dict[str, Parameter]
    fluid: dict[str, float]
    curves: dict[str, Curve]


def put_levels(s: Scenario, courses: Sequence[Intervention], held: Conditions) -> None:
    """What courses of a treatment set to a level takes the place of what is in force."""
    for effect in _lasting(courses[-1]):
        if not effect.relative:
            _put(s, courses, effect, held)


def put_relative(s: Scenario, cuts: Sequence[Intervention], held: Conditions) -> None:
    """What treatments raise, lower or multiply, one after the other, of what is in force without them."""
    for courses in courses_together(cuts):
        for effect in _lasting(courses[-1]):
            if effect.relative:
                _put(s, courses, effect, held)


def once(cut: Intervention, model: Model) -> tuple[bool, dict[str, float]]:
    """Whether an intervention replaces tissue, and {species: factor on what there is} of a treatment."""
    if not cut.treatment:
        return cut.excise, {}
    effects = cut.given.effects
    factors: dict[str, float] = {}
    for effect in effects:
        if effect.part == STATE:
            by = cut.given.changed(effect, 1.0, cut.dose or 0.0, effect.name)
            names = mineral_names(model) if effect.name == MINERAL else [effect.name]
            factors |= dict.fromkeys(names, by)
    return any(e.part == TISSUE for e in effects), factors


def mineral_names(model: Model) -> list[str]:
    """Species that are mineral: solids, counts of their crystals, and what these have adsorbed."""
    crystals = {n for x in model.solids if x.solid is not None for n in x.solid.crystals}
    return [
        x.name for x in model.species if x.solid is not None or x.name in crystals or x.pool == ON_CRYSTALS
    ]


def check_treatment(cut: Intervention, s: Scenario, mobile: Iterable[str]) -> None:
    """Refuse a treatment of what the scenario has not."""
    given = cut.given
    known: dict[str, Iterable[str]] = {
        BOUNDARY: tuple(mobile),
        PARAMETERS: s.parameters,
        PLACES: (*s.model.fields, *OF_PLACES),
        STATE: (MINERAL, *(x.name for x in s.model.species)),
    }
    for effect in given.effects:
        if effect.name not in known.get(effect.part, [effect.name]):
            needs = f" It needs parts = {list(given.parts)}: scenario.treated(...) adds them."
            raise ScenarioError(
                f"'{cut.treatment}': {s.name} has no {effect.name}, which it acts on."
                f"{needs if given.parts else ''}"
            )
    once(cut, s.model)  # now: what it does to the state comes late in a run


def treatment_notes(s: Scenario) -> list[str]:
    """Sentences on doses outside their range, below what plasma has without them, and on those too many to
    be followed one by one."""
    found: list[str] = []
    for cut in s.interventions:
        if cut.treatment and not at_end(cut.at, s.duration):
            end = end_within(s, cut)
            count = len(cut.given.doses(cut.at, s.duration if end is None else end))
            many = _many(cut.given, count, end is not None) if count > MOST_DOSES else ""
            found += [cut.given.outside(cut.dose), many]
            found += _lowering(s, cut)
    return [text for text in dict.fromkeys(found) if text]


def _lowering(s: Scenario, cut: Intervention) -> Iterator[str]:
    """A sentence where the level that a dose makes in plasma is less than what is there without it."""
    known = cut.given.dose
    for effect in _lasting(cut):
        name = f"{PLASMA}.{effect.name}"
        if effect.part != BOUNDARY or effect.relative or known is None or name not in s.parameters:
            continue
        own, level = s.parameters[name], known.at(cut.dose or 0.0)
        if level.si < own.si:
            yield (
                f"{cut.treatment}: its dose is the level in plasma, and {level.text()} is less than the "
                f"{own.text()} that plasma has without it ({name}): it takes away more than it gives."
            )


def _many(given: Treatment, count: int, ends: bool) -> str:
    each = "" if given.interval is None else f", one every {typed_time(given.interval.si)}"
    return (
        f"{given.name}: {count} doses{each}, are more than the {MOST_DOSES} that are followed one by one: "
        f"plasma is held at their mean{', up to the last one, which is followed' if ends else ''}."
    )


def _lasting(cut: Intervention) -> Iterator[Effect]:
    if cut.treatment:
        yield from (e for e in cut.given.effects if e.lasts)


def _put(s: Scenario, courses: Sequence[Intervention], effect: Effect, held: Conditions) -> None:
    """Have what is in force be what one effect of a treatment makes of it."""
    cut = courses[-1]
    if effect.part == BOUNDARY:
        name = f"{PLASMA}.{effect.name}"
        if effect.relative and effect.name == PH and not {PH, name} & {*held.fluid, *held.curves}:
            raise ScenarioError(
                f"'{cut.treatment}' changes the pH of plasma, and {s.name} says none: give plasma.pH."
            )
        found = _under(s, courses, effect, name, held.curves.pop(name, held.fluid.get(effect.name, 0.0)))
        if isinstance(found, Curve):
            held.curves[name] = found
        else:
            held.fluid[effect.name] = found
        return
    places = [cut.region] if cut.region else names_of(s)
    for name in [f"{p}.{effect.name}" for p in places] if effect.part == PLACES else [effect.name]:
        p = held.values[name] if name in held.values else s.parameter(name)
        found = _under(s, courses, effect, name, held.curves.pop(name, p.si))
        if isinstance(found, Curve):
            held.curves[name] = found
        else:
            held.values[name] = p.at(found)


def _under(
    s: Scenario, courses: Sequence[Intervention], effect: Effect, name: str, own: float | Curve
) -> float | Curve:
    """What a quantity is under an effect of a treatment [SI], of the course of which most is left.

    own: what it is without
    """
    given, doses = courses[-1].given, [c.dose or 0.0 for c in courses]
    shares = [share_in_plasma(s, c) for c in courses]

    def most(without: float, *left: float) -> int:
        return effect.strongest(without, doses, left)

    def value(without: float, *left: float) -> float:
        k = most(without, *left)
        return given.changed(effect, without, doses[k], name, left[k])

    if not any(isinstance(x, Curve) for x in (own, *shares)):
        return value(*(x for x in (own, *shares) if not isinstance(x, Curve)))
    whole = [x if isinstance(x, Curve) else straight([0.0], [x]) for x in (own, *shares)]
    return combined(whole, value, most)
