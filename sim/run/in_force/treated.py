"""What treatments make of parameters, of the fluid outside and, once, of the state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping

from sim.errors import RangeWarning, ScenarioError, warn_caller
from sim.experiment.intervention import PLASMA, Intervention
from sim.experiment.places import names_of
from sim.experiment.scenario import Scenario
from sim.experiment.scenario_data import OF_PLACES
from sim.experiment.treatments.effects import BOUNDARY, MINERAL, PARAMETERS, PLACES, STATE, TISSUE, Effect
from sim.model.model import Model
from sim.parameters import Parameter

ON_CRYSTALS = "adsorbed"  # the pool of what lies on the surface of crystals and goes with them

Values = MutableMapping[str, Parameter]  # by name, in force
Fluid = MutableMapping[str, float]  # {species or pH: value [SI]} outside, in force


def put_levels(s: Scenario, cut: Intervention, values: Values, fluid: Fluid) -> None:
    """What a treatment sets to a level takes the place of what is in force."""
    for effect in _lasting(cut):
        if not effect.relative:
            _put(s, cut, effect, values, fluid)


def put_relative(s: Scenario, cuts: Iterable[Intervention], values: Values, fluid: Fluid) -> None:
    """What treatments raise, lower or multiply, one after the other, of what is in force without them."""
    for cut in cuts:
        for effect in _lasting(cut):
            if effect.relative:
                _put(s, cut, effect, values, fluid)


def once(cut: Intervention, model: Model) -> tuple[bool, dict[str, float]]:
    """Whether an intervention replaces tissue, and {species: factor on what there is} of a treatment."""
    if not cut.treatment:
        return cut.excise, {}
    effects = cut.given.effects
    factors: dict[str, float] = {}
    for effect in effects:
        if effect.part == STATE:
            by = cut.given.changed(effect, 1.0, cut.dose, effect.name)
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
    """Refuse a treatment of what the scenario has not; warn of a dose outside its range."""
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
    said = given.outside(cut.dose)
    if said:
        warn_caller(said, RangeWarning)


def _lasting(cut: Intervention) -> Iterator[Effect]:
    if cut.treatment:
        yield from (e for e in cut.given.effects if e.lasts)


def _put(s: Scenario, cut: Intervention, effect: Effect, values: Values, fluid: Fluid) -> None:
    """Have what is in force be what one effect of a treatment makes of it."""
    if effect.part == BOUNDARY:
        name = effect.name
        if effect.relative and name not in fluid and name == "pH":
            raise ScenarioError(
                f"'{cut.treatment}' changes the pH of plasma, and {s.name} says none: give plasma.pH."
            )
        fluid[name] = cut.given.changed(effect, fluid.get(name, 0.0), cut.dose, f"{PLASMA}.{name}")
        return
    places = [cut.region] if cut.region else names_of(s)
    names = [f"{p}.{effect.name}" for p in places] if effect.part == PLACES else [effect.name]
    for name in names:
        p = values[name] if name in values else s.parameter(name)
        values[name] = p.at(cut.given.changed(effect, p.si, cut.dose, name))
