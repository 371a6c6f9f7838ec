"""Parameters, fluid and courses under the interventions in force, of which the last one decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sim.binder.courses.curves import Curve, straight
from sim.errors import ScenarioError
from sim.experiment.intervention import PLASMA, Intervention, own_name
from sim.experiment.scenario import Scenario
from sim.experiment.values.given import as_given
from sim.experiment.values.relative import Relative
from sim.parameters import Parameters
from sim.run.in_force.doses import courses_together
from sim.run.in_force.treated import Conditions, put_levels, put_relative
from sim.units import convert


@dataclass(frozen=True)
class InForce:
    """What holds.

    fluid: {species or pH: value} outside; curves: {name: what it follows}, which goes before both
    """

    parameters: Parameters
    fluid: dict[str, float]
    curves: dict[str, Curve]


def curves_of(s: Scenario) -> dict[str, Curve]:
    """What the quantities of a scenario follow by themselves."""
    return {c.of: straight(c.times, c.numbers(s.parameter)) for c in s.courses}


def values_at_start(s: Scenario) -> dict[str, float]:
    """The values [SI] at 0 of what follows a course."""
    return {name: curve.at(0.0) for name, curve in curves_of(s).items()}


def in_force(s: Scenario, cuts: Sequence[Intervention], own: Mapping[str, float]) -> InForce:
    """What holds under these interventions. own: the scenario's own fluid"""
    courses = curves_of(s)
    if not cuts:
        return InForce(s.parameters, dict(own), courses)
    values, fluid, curves = dict(s.parameters), dict(own), dict(courses)

    def said(value: float | str, full: str) -> float | str | None:
        """What an intervention sets a quantity to, or its name; None where it follows a curve instead."""
        told = _told(s, value, full, courses)
        if isinstance(told, Curve):
            curves[full] = told
            return None
        curves.pop(full, None)
        return value if told is None else told

    together = {id(courses[-1]): courses for courses in courses_together(cuts)}
    for cut in cuts:
        for name, value in cut.parameters.items():
            p, given = s.parameter(name), said(value, name)
            if given is None:
                continue
            values[name] = p if isinstance(given, str) else p.at(convert(as_given(given), p.unit, name))
            place, _, species = name.partition(".")
            if place == PLASMA:  # what is said of plasma is said of the fluid outside
                _set(fluid, species, own if isinstance(given, str) else {species: values[name].si})
        for name, value in cut.boundary.items():
            given = said(value, own_name("boundary", name))
            if given is not None:
                _set(fluid, name, own if isinstance(given, str) else {name: _concentration(name, given)})
        if id(cut) in together:
            put_levels(s, together[id(cut)], Conditions(values, fluid, curves))
    put_relative(s, cuts, Conditions(values, fluid, curves))
    return InForce(Parameters(values), fluid, curves)


def _told(s: Scenario, value: float | str, itself: str, courses: Mapping[str, Curve]) -> Curve | float | None:
    """A value that is told by a name: a course, times a number, or a number [SI]; None where it is no such,
    or the scenario's own number."""
    if isinstance(value, Relative):
        if value.name in courses:
            return courses[value.name].times_number(value.factor)
        return value.factor * s.parameter(value.name).si
    return courses.get(itself) if isinstance(value, str) else None


def _set(fluid: dict[str, float], name: str, values: Mapping[str, float]) -> None:
    """Take a concentration from other values; one that they lack is left out."""
    if name in values:
        fluid[name] = values[name]
    else:
        fluid.pop(name, None)


def _concentration(name: str, value: float) -> float:
    number = float(convert(as_given(value), "1" if name == "pH" else "mol/m3", f"boundary.{name}"))
    if number < 0 and name != "H":
        raise ScenarioError(f"boundary.{name} = {value!r} is negative; zero is the least.")
    return number
