"""What a scenario refuses of its random fields, maps, interventions, courses and amounts at the start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.errors import ScenarioError, nearest
from sim.experiment.intervention import PARTS, PLASMA, Intervention
from sim.experiment.timing.course import Course, check_value
from sim.experiment.timing.moments import at_end
from sim.experiment.values.given import Given, check_unit
from sim.experiment.values.relative import Relative, relative
from sim.model.model import Model
from sim.parameters import Parameter, Parameters
from sim.space.maps.measured_map import MeasuredMap
from sim.space.random_field import RandomField
from sim.texts import typed_time
from sim.units import si_unit

VALUE = 3  # parts of what a target of a value of an intervention is of; its times have two
Own = Callable[[str], Parameter]  # the parameter of a name, or a sentence


def check_random_fields(fields: Sequence[RandomField], model: Model, known: Sequence[str]) -> None:
    """Refuse a random factor on what is no density, or in a place that is not there."""
    densities = [n for n, (_, unit, _) in model.fields.items() if unit != "1"]
    for f in fields:
        if f.field not in densities:
            of = f"they are {', '.join(densities)}"
            hint = nearest(f.field, densities)
            raise ScenarioError(f"random field: '{f.field}' is not a density of the model ({of}).{hint}")
        if f.region and f.region not in known:
            raise ScenarioError(
                f"random field of {f.field}: there is no layer or region '{f.region}'."
                f"{nearest(f.region, known)}"
            )


def check_maps(maps: Sequence[MeasuredMap], model: Model, known: Sequence[str]) -> None:
    """Refuse a map of what is no solid and no density of the model, or of more than the solid itself."""
    solids = {s.name: s.solid for s in model.solids if s.solid is not None}
    densities = [n for n, (_, unit, _) in model.fields.items() if unit != "1"]
    seen = set()
    for m in maps:
        if m.of not in solids and m.of not in densities:
            every = [*solids, *densities]
            raise ScenarioError(
                f"map: '{m.of}' is no solid of the model ({', '.join(solids)}) and no density of it "
                f"({', '.join(densities)}).{nearest(m.of, every)}"
            )
        if m.region and m.region not in known:
            raise ScenarioError(f"map of {m.of}: there is no place '{m.region}'.{nearest(m.region, known)}")
        if (m.of, m.region) in seen:
            raise ScenarioError(f"two maps of {m.of} act in {m.region or 'all places'}; give one.")
        seen.add((m.of, m.region))
        solid, most = solids.get(m.of), m.most
        if solid is not None and most > solid.density:
            raise ScenarioError(
                f"map of {m.of}: a voxel holds {most:.4g} mg/mL, and the solid itself {solid.density:.4g}. "
                f"Are zero = {m.zero:g} and slope = {m.slope:g} those of {m.path or 'the map'}?"
            )


def check_interventions(cuts: Sequence[Intervention], model: Model, parameters: Parameters, own: Own) -> None:
    """Refuse values in a wrong unit. Of what the model does not know, the run will tell."""
    species = {s.name: s.unit for s in model.species}
    for cut in cuts:
        for part in PARTS:
            for name, value in getattr(cut, part).items():
                if isinstance(value, Relative):
                    check_value(value, _of_part(part, name, species, own), f"{part}.{name}", own)
                elif part == "state" and name in species:
                    check_unit(value, species[name], f"state.{name}")
                elif part == "parameters" and name in parameters and isinstance(value, Given):
                    check_unit(value, parameters[name].unit, name)


def _of_part(part: str, name: str, species: Mapping[str, str], own: Own) -> Parameter:
    """A parameter in the unit of a value of an intervention."""
    if part == "state":
        return Parameter(0.0, species.get(name, "mol/m3"))
    return own(f"{PLASMA}.{name}" if part == "boundary" else name)


def check_initial(initial: Mapping[str, float | str], model: Model, own: Own) -> None:
    """Refuse names times a number that mean nothing, or of another dimension."""
    units = {s.name: s.unit for s in model.species} | {"pH": "1"}
    for name, value in initial.items():
        if isinstance(value, Relative):
            check_value(value, Parameter(0.0, units.get(name, "1")), f"initial.{name}", own)


def check_courses(courses: Sequence[Course], own: Own) -> None:
    """Refuse two courses of one quantity, and values that it cannot have."""
    seen: set[str] = set()
    for course in courses:
        if course.of in seen:
            raise ScenarioError(f"{course.of} has two courses; it can follow one.")
        seen.add(course.of)
        course.checked(own)


def plain_value(told: Relative, unit: str, name: str, own: Own) -> str:
    """A name times a number as an amount in SI, where one of this unit is needed."""
    check_value(told, Parameter(0.0, unit), name, own)
    return f"{told.factor * own(told.name).si!r} {si_unit(unit)}".removesuffix(" 1")


def resolved(own: Own, target: Any, name: str, value: Any) -> Any:
    """A value that is told as a name times a number: an amount, but where that is read when the run begins.

    target: what the name means (`Target`), or None where its values are not told so
    """
    told = None if target is None or target.kind == "whole" or target.words else relative(value, name)
    if told is None or target.kind == "text":
        return value
    if target.kind == "initial" or (target.kind == "intervention" and len(target.where) == VALUE):
        check_value(told, Parameter(0.0, target.unit), name, own)
        return told
    return plain_value(told, target.unit, name, own)


def check_acts(cuts: Sequence[Intervention], duration: float) -> None:
    """Refuse interventions that somebody asks for and that would never act."""
    for cut in cuts:
        if at_end(cut.at, duration):
            when = "before it" if cut.at > duration else "when it would begin to act"
            raise ScenarioError(
                f"{cut}: the run ends at {typed_time(duration)}, {when}. Let it run longer, or leave the "
                "intervention out."
            )
