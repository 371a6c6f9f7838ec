"""The segments of a run: stretches without cuts, each with a system of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.binder.system import System
from sim.chemistry.other_names import species_hint
from sim.errors import ScenarioError, nearest
from sim.experiment.change import applied
from sim.experiment.intervention import Intervention
from sim.experiment.scenario import Scenario
from sim.experiment.scenario_data import PERMEABILITY
from sim.experiment.timing.moments import Moment, at_end, moments
from sim.experiment.values.given import as_given
from sim.experiment.values.relative import Relative
from sim.parameters import Parameter, Parameters
from sim.run.chance.nuclei import Nuclei
from sim.run.in_force.followed import check_follows, followed
from sim.run.in_force.treated import check_treatment, once
from sim.run.in_force.values import InForce, in_force, values_at_start
from sim.run.start.first_state import FirstState
from sim.run.start.places import Places, make_grid
from sim.space.boundary import Boundary
from sim.space.geometries import GEOMETRIES
from sim.units import convert, si_unit


@dataclass(frozen=True)
class Segment:
    """A stretch of a run without cuts. `change(y)` applies the interventions that start it.

    before: the system that the first state is at rest in, where interventions at 0 change that of the run
    """

    start: float
    end: float
    system: System
    cuts: tuple[Intervention, ...]
    builder: Builder
    before: System | None = None

    def first(self) -> np.ndarray:
        """The state that the run starts from, before any intervention at 0."""
        return self.builder.initial(self.before or self.system)

    def change(self, y: np.ndarray) -> np.ndarray:
        """The state after the interventions at the start of the segment."""
        self.system.courses.at(self.start)
        for cut in self.cuts:
            y = self.builder.apply(cut, self.system, y, self.start)
        return y


class Builder:
    """Builds the systems of a scenario. Geometry is fixed for a run; parameters and fluid are not.

    model: that of the scenario, balanced, with crystals not yet drawn where nucleation is stochastic
    unbalanced: {(process, element): what it makes of nothing} · grid, places: where things are
    nuclei: the draws of stochastic nucleation, or None
    at_start: the scenario with the values at 0 of what follows a course, which the first state is made with
    """

    def __init__(self, scenario: Scenario):
        scenario.model.check_meanings()
        values = {n: p.si for n, p in scenario.parameters.items()}
        self.unbalanced = scenario.model.imbalance(values)
        self.scenario, self.model = scenario, scenario.model.balanced(values)
        self.grid = make_grid(scenario)
        self.nuclei: Nuclei | None = None
        if scenario.stochastic is not None:
            chance, s = scenario.stochastic, scenario
            self.nuclei = Nuclei(chance, self.model, self.grid, s.geometry, s.duration)
            self.model = self.nuclei.model
        self.places = Places(scenario, self.grid)
        at_start = values_at_start(scenario)
        self.at_start = applied(scenario, at_start) if at_start else scenario

    @cached_property
    def first(self) -> FirstState:
        """What first states are made by."""
        return FirstState(self.at_start, self.model, self.places)

    def segments(self) -> Iterator[Segment]:
        """The segments of the run, in order."""
        s = self.scenario
        for course in s.courses:
            check_follows(s, course.of, self.places)
            p, numbers = s.parameter(course.of), course.numbers(s.parameter)
            for number in (min(numbers), max(numbers)):  # which says so outside its range
                _judge_range(course.of, p, number)
        for given in s.interventions:
            if not at_end(given.at, s.duration):
                self._check(given)
        found = moments(s.interventions, s.duration)
        if not found or found[0].at > 0:
            found = (Moment(0.0, (), ()), *found)
        ends = [*(m.at for m in found[1:]), s.duration]
        own = FirstState(s, self.model, self.places).plasma(s.parameters)
        for k, (moment, end) in enumerate(zip(found, ends, strict=True)):
            system = self.system(in_force(s, moment.in_force, own))
            before = self.system(in_force(s, (), own)) if k == 0 and moment.in_force else None
            yield Segment(moment.at, end, system, moment.begin, self, before)

    def system(self, now: InForce) -> System:
        """The system where this is in force."""
        s, parameters, fluid = self.scenario, now.parameters, now.fluid
        values = self.first.total(parameters, fluid)
        permeability = parameters.si(PERMEABILITY) if s.permeability() else 0.0
        boundary = Boundary(s.outer, values, permeability)
        fields = self.fields(parameters)
        flow = (
            fields["perfusion"]
            if "perfusion" in fields
            else self.places.by_layer(parameters, "perfusion", 0.0)
        )
        made = System(
            self.model, self.grid, parameters, fields,
            {tag: boundary for tag in GEOMETRIES[s.geometry].outer(self.grid)},
            flow, values,
            parameters.si("transport.archie") if "transport.archie" in parameters else 2.0,
        )  # fmt: skip
        if now.curves:
            made.follow(list(followed(made, now, self.first, self.places)))
        return made

    def fields(self, parameters: Parameters) -> dict[str, np.ndarray]:
        """{field: (n,)} from the layers and regions, times random factors."""
        return self.places.fields(self.model, parameters)

    def initial(self, system: System) -> np.ndarray:
        """The first state: layer by layer, then equilibrated species at rest."""
        return self.first.initial(system)

    def apply(self, change: Intervention, system: System, y: np.ndarray, t: float = 0.0) -> np.ndarray:
        """The state after an intervention at a time [s]."""
        y = y.copy()
        u, _ = system.split(y)
        here = self.places.within(change.region)
        index = {x.name: k for k, x in enumerate(self.model.species)}
        excised, factors = once(change, self.model)
        for name, factor in factors.items():
            u[here, index[name]] *= factor
        if excised:
            u[here] = system.split(self.first.fresh(system, t))[0][here]
        porosity = system.evaluate(t, y)[0]["porosity"]
        for name, value in change.state.items():
            unit = self.model.species[index[name]].unit
            if isinstance(value, Relative):
                value = value.factor * self.scenario.parameter(value.name).si
            amount = convert(value, unit, f"state.{name}")
            if amount < 0 and not self.model.species[index[name]].signed:
                raise ScenarioError(f"state.{name} = {value!r} is negative; zero is the least.")
            u[here, index[name]] = amount * (porosity[here] if name in self.model.mobile else 1.0)
        return y

    def _check(self, cut: Intervention) -> None:
        """Refuse an intervention that could not act as it was meant; warn outside the range."""
        s, known = self.scenario, (*self.model.mobile, "pH")
        if cut.treatment:
            check_treatment(cut, s, known)
        for name in cut.boundary:
            if name not in known:
                raise ScenarioError(
                    f"boundary: '{name}' is not a mobile species (they are {', '.join(known)})."
                    f"{species_hint(name, known)}"
                )
        if cut.region and cut.region not in self.places.names:
            raise ScenarioError(f"there is no layer '{cut.region}'.{nearest(cut.region, self.places.names)}")
        species = [x.name for x in self.model.species]
        for name in cut.state:
            if name not in species:
                raise ScenarioError(f"'{name}' is not a species.{species_hint(name, species)}")
        start_only = {"radius", "thickness", *known, *species}
        later = [n for n in s.candidates() if not _read_at_start(n, self.places.names, start_only)]
        for name, value in cut.parameters.items():
            if _read_at_start(name, self.places.names, start_only):
                layer = name.partition(".")[0]
                raise ScenarioError(
                    f"'{name}' is read at the start only; to change it later use state={{...}} with "
                    f"region='{layer}'."
                )
            if name not in later:
                raise ScenarioError(
                    f"parameters: '{name}' is nothing that an intervention can change in {s.name}."
                    f"{nearest(name, later)}"
                )
            if name == PERMEABILITY and s.outer != "exchange":
                raise ScenarioError(f"{cut}: {name} acts only where outer = 'exchange', not '{s.outer}'.")
            if isinstance(value, Relative):
                _judge_range(name, s.parameter(name), value.factor * s.parameter(value.name).si)
            elif not isinstance(value, str):  # which says so outside its range
                Parameters({name: s.parameter(name)}).with_values({name: as_given(value)})


def _read_at_start(name: str, places: list[str], quantities: set[str]) -> bool:
    """Whether a name is one of what the first state of a layer or region is made of."""
    place, _, quantity = name.partition(".")
    return place in places and quantity in quantities


def _judge_range(name: str, p: Parameter, number: float) -> None:
    """Warn of a value [SI] outside the range of a parameter."""
    text = f"{number!r} {si_unit(p.unit)}".removesuffix(" 1")
    Parameters({name: p}).with_values({name: text})
