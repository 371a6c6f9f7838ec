"""The segments of a run: stretches without cuts, each with a system of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.binder.system import System
from sim.errors import ScenarioError, nearest
from sim.experiment.given import as_given
from sim.experiment.intervention import Intervention
from sim.experiment.scenario import PLASMA, Scenario
from sim.parameters import Parameters
from sim.run.first_state import FirstState
from sim.run.nuclei import Nuclei
from sim.run.places import Places, make_grid
from sim.space.boundary import Boundary
from sim.space.geometries import GEOMETRIES
from sim.texts import day_text
from sim.units import convert


@dataclass(frozen=True)
class Segment:
    """A stretch of a run without cuts. `change(y)` applies the intervention that starts it."""

    start: float
    end: float
    system: System
    intervention: Intervention | None
    builder: Builder

    def change(self, y: np.ndarray) -> np.ndarray:
        """The state after the intervention at the start of the segment."""
        if self.intervention is None:
            return y
        return self.builder.apply(self.intervention, self.system, y)


class Builder:
    """Builds the systems of a scenario. Geometry is fixed for a run; parameters and fluid are not.

    model: that of the scenario, balanced, with crystals not yet drawn where nucleation is stochastic
    unbalanced: {(process, element): what it makes of nothing} · grid, places: where things are
    nuclei: the draws of stochastic nucleation, or None
    """

    def __init__(self, scenario: Scenario):
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

    @cached_property
    def first(self) -> FirstState:
        """What first states are made by."""
        return FirstState(self.scenario, self.model, self.places)

    def segments(self) -> Iterator[Segment]:
        """The segments of the run, in order."""
        s = self.scenario
        cuts = s.interventions
        for given in cuts:
            self._check(given)
        times = [0.0, *(cut.at for cut in cuts), s.duration]
        parameters, fluid = s.parameters, self.first.plasma(s.parameters)
        began_by: list[Intervention | None] = [None, *cuts]
        for start, end, cut in zip(times[:-1], times[1:], began_by, strict=True):
            if cut is not None:
                outside = {k: v for k, v in cut.parameters.items() if k.startswith(f"{PLASMA}.")}
                parameters = parameters.with_values({n: as_given(v) for n, v in cut.parameters.items()})
                # What is said of plasma is said of the fluid outside: both spellings act.
                fluid |= {k.partition(".")[2]: parameters.si(k) for k in outside}
                fluid |= {k: _concentration(k, v) for k, v in cut.boundary.items()}
            yield Segment(start, end, self.system(parameters, fluid), cut, self)

    def system(self, parameters: Parameters, fluid: dict[str, float]) -> System:
        """The system under these parameters, fed by this fluid ({species or pH: value})."""
        s = self.scenario
        values = self.first.total(parameters, fluid)
        permeability = parameters.si("outer.permeability") if s.outer == "exchange" else 0.0
        boundary = Boundary(s.outer, values, permeability)
        return System(
            self.model, self.grid, parameters, self.fields(parameters),
            {tag: boundary for tag in GEOMETRIES[s.geometry].outer(self.grid)},
            self.places.by_layer(parameters, "perfusion", 0.0), values,
            parameters.si("transport.archie") if "transport.archie" in parameters else 2.0,
        )  # fmt: skip

    def fields(self, parameters: Parameters) -> dict[str, np.ndarray]:
        """{field: (n,)} from the layers and regions, times random factors."""
        return self.places.fields(self.model, parameters)

    def initial(self, system: System) -> np.ndarray:
        """The first state: layer by layer, then equilibrated species at rest."""
        return self.first.initial(system)

    def apply(self, change: Intervention, system: System, y: np.ndarray) -> np.ndarray:
        """The state after an intervention."""
        y = y.copy()
        u, _ = system.split(y)
        here = self.places.within(change.region)
        index = {x.name: k for k, x in enumerate(self.model.species)}
        if change.excise:
            u[here] = system.split(self.first.fresh(system))[0][here]
        porosity = system.evaluate(0.0, y)[0]["porosity"]
        for name, value in change.state.items():
            unit = self.model.species[index[name]].unit
            amount = convert(value, unit, f"state.{name}")
            if amount < 0 and not self.model.species[index[name]].signed:
                raise ScenarioError(f"state.{name} = {value!r} is negative; zero is the least.")
            u[here, index[name]] = amount * (porosity[here] if name in self.model.mobile else 1.0)
        return y

    def _check(self, cut: Intervention) -> None:
        """Refuse an intervention that could not act as it was meant."""
        known = (*self.model.mobile, "pH")
        if cut.at >= self.scenario.duration:
            raise ScenarioError(f"{cut}: the run ends at {day_text(self.scenario.duration)}, before it.")
        for name in cut.boundary:
            if name not in known:
                raise ScenarioError(
                    f"boundary: '{name}' is not a mobile species (they are {', '.join(known)})."
                    f"{nearest(name, known)}"
                )
        if cut.region and cut.region not in self.places.names:
            raise ScenarioError(f"there is no layer '{cut.region}'.{nearest(cut.region, self.places.names)}")
        species = [x.name for x in self.model.species]
        for name in cut.state:
            if name not in species:
                raise ScenarioError(f"'{name}' is not a species.{nearest(name, species)}")
        start_only = {"radius", "thickness", *known, *species}
        for name in cut.parameters:
            layer, _, quantity = name.partition(".")
            if layer in self.places.names and quantity in start_only:
                raise ScenarioError(
                    f"'{name}' is read at the start only; to change it later use state={{...}} with "
                    f"region='{layer}'."
                )


def _concentration(name: str, value: float | str) -> float:
    number = convert(value, "1" if name == "pH" else "mol/m3", f"boundary.{name}")
    if number < 0 and name != "H":
        raise ScenarioError(f"boundary.{name} = {value!r} is negative; zero is the least.")
    return number
