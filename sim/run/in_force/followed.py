"""Where in a system what follows a course stands: the fluid outside, fields and perfusion, parameters."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

import numpy as np

from sim.binder.courses.curves import smooth
from sim.binder.courses.in_time import Followed, at_once
from sim.binder.system import System
from sim.errors import ScenarioError, nearest
from sim.experiment.intervention import PLASMA
from sim.experiment.scenario import Scenario
from sim.model.checks import why_constant
from sim.model.words.names import PH
from sim.run.in_force.values import InForce
from sim.run.start.first_state import FirstState
from sim.run.start.places import Places

ACIDITY = "H"  # what the pH of a fluid becomes
PERFUSION = "perfusion"


def check_follows(s: Scenario, name: str, places: Places) -> None:
    """Refuse a course of what is read once, before a run; say what to do instead."""
    place, _, quantity = name.partition(".")
    if place == PLASMA:
        known = [*s.model.mobile, PH]
        if quantity not in known:
            raise ScenarioError(
                f"the course of {name}: '{quantity}' is not in plasma.{nearest(quantity, known)}"
            )
        return
    if place in places.names:
        if quantity in (*s.model.fields, PERFUSION):
            return
        why = "it is read once, at the start"
    else:
        why = why_constant(s.model, name) if name in s.model.parameters else "no rate reads it"
    if why:
        raise ScenarioError(
            f"{name} cannot follow a course: {why}. What can is the fluid outside (plasma.P, plasma.pH), "
            "perfusion and fields of a layer, and parameters that rates read; other things are changed at a "
            "time by interventions (parameters={...} or state={...})."
        )


def followed(system: System, now: InForce, first: FirstState, places: Places) -> Iterator[Followed]:
    """What a system follows where this is in force."""
    yield from _outside(system, now, first)
    names = list(system.model.parameters)
    for name, curve in now.curves.items():
        place, _, quantity = name.partition(".")
        if place == PLASMA:
            continue
        if place in places.names and quantity in (*system.model.fields, PERFUSION):
            yield Followed(curve, _of_layer(system, place, quantity, places))
        else:
            yield Followed(curve, {"numbers": at_once([names.index(name)])})


def _outside(system: System, now: InForce, first: FirstState) -> Iterator[Followed]:
    """Concentrations of the fluid outside. With any of them, or with its pH, its acidity changes."""
    curves = {n.removeprefix(f"{PLASMA}."): c for n, c in now.curves.items() if n.startswith(f"{PLASMA}.")}
    mobile = list(system.model.mobile)
    faces, m = system.tables.outside.shape
    if curves and PH in (*now.fluid, *curves) and ACIDITY in mobile:
        times = reduce(np.union1d, (c.times for c in curves.values()))

        def acidity(t: float) -> float:
            fluid = now.fluid | {n: c.at(t) for n, c in curves.items()}
            return first.total(now.parameters, fluid)[ACIDITY]

        curves = {n: c for n, c in curves.items() if n != PH} | {ACIDITY: smooth(times, acidity)}
    for name, curve in curves.items():
        if name in mobile:
            k = mobile.index(name)
            yield Followed(curve, {"outside": at_once(np.arange(faces) * m + k), "plasma": at_once([k])})


def _of_layer(system: System, place: str, quantity: str, places: Places) -> dict:
    """Entries of a field or of perfusion in the cells of a layer, times random and measured factors."""
    cells = np.flatnonzero(places.within(place))
    weight = np.ones(cells.size)
    for field, factor in places.factors:
        if field == quantity:
            weight = weight * factor[cells]
    found, none = {}, np.zeros(cells.size)
    fields = list(system.model.fields)
    if quantity in fields:
        found["fields"] = cells * system.fields.shape[1] + fields.index(quantity), weight, none
    if quantity == PERFUSION:
        found["perfusion"] = cells, weight, none
    return found
