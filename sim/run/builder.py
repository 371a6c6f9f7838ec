"""From a scenario to arrays: grid, fields, first state, and the system of each segment of a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim.binder.system import System
from sim.chemistry.pore_water import BACKGROUND, acidity_at, pore_water_tables
from sim.errors import ScenarioError, nearest
from sim.experiment.intervention import Intervention
from sim.experiment.places import names_of, paint
from sim.experiment.scenario import PLASMA, Scenario
from sim.kinetics.growth import third_moment
from sim.model.process import coefficient
from sim.parameters import Parameters
from sim.run.nuclei import Nuclei
from sim.space.boundary import Boundary
from sim.space.geometries import GEOMETRIES
from sim.space.grid import Grid
from sim.space.random_field import RandomField
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
    """Builds the systems of a scenario. Geometry is fixed for a run; parameters and fluid are not."""

    def __init__(self, scenario: Scenario):
        values = {n: p.si for n, p in scenario.parameters.items()}
        self.unbalanced = scenario.model.imbalance(values)
        self.scenario, self.model = scenario, scenario.model.balanced(values)
        self.grid = make_grid(scenario)
        self.nuclei = None
        if scenario.stochastic is not None:
            chance, s = scenario.stochastic, scenario
            self.nuclei = Nuclei(chance, self.model, self.grid, s.geometry, s.duration)
            self.model = self.nuclei.model
        self.layer = locate(scenario, self.grid)
        self.names = names_of(scenario)
        self.factors = [(f, self._factor(f)) for f in scenario.random_fields]

    def segments(self) -> Iterator[Segment]:
        """The segments of the run, in order."""
        s = self.scenario
        cuts = s.interventions
        for cut in cuts:
            self._check(cut)
        starts = [0.0, *(i.at for i in cuts)]
        ends = [*(i.at for i in cuts), s.duration]
        parameters, fluid = s.parameters, dict(self._fluid(s.parameters))
        for start, end, cut in zip(starts, ends, [None, *cuts], strict=True):
            if cut is not None:
                outside = {k: v for k, v in cut.parameters.items() if k.startswith(f"{PLASMA}.")}
                parameters = parameters.with_values(cut.parameters)
                # What is said of plasma is said of the fluid outside: both spellings act.
                fluid |= {k.partition(".")[2]: parameters.si(k) for k in outside}
                fluid |= {k: _concentration(k, v) for k, v in cut.boundary.items()}
            yield Segment(start, end, self.system(parameters, fluid), cut, self)

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
        if cut.region and cut.region not in self.names:
            raise ScenarioError(f"there is no layer '{cut.region}'.{nearest(cut.region, self.names)}")
        species = [x.name for x in self.model.species]
        for name in cut.state:
            if name not in species:
                raise ScenarioError(f"'{name}' is not a species.{nearest(name, species)}")
        start_only = {"radius", "thickness", *known, *species}
        for name in cut.parameters:
            layer, _, quantity = name.partition(".")
            if layer in self.names and quantity in start_only:
                raise ScenarioError(
                    f"'{name}' is read at the start only; to change it later use state={{...}} with "
                    f"region='{layer}'."
                )

    def system(self, parameters: Parameters, fluid: dict[str, float]) -> System:
        """The system under these parameters, fed by this fluid ({species or pH: value})."""
        s = self.scenario
        values = self.total(parameters, fluid)
        permeability = parameters.si("outer.permeability") if s.outer == "exchange" else 0.0
        boundary = Boundary(s.outer, values, permeability)
        return System(
            self.model, self.grid, parameters, self.fields(parameters),
            {tag: boundary for tag in GEOMETRIES[s.geometry].outer(self.grid)},
            self._by_layer(parameters, "perfusion", 0.0), values,
            parameters.si("transport.archie") if "transport.archie" in parameters else 2.0,
        )  # fmt: skip

    def fields(self, parameters: Parameters) -> dict[str, np.ndarray]:
        """{field: (n,)} from the layers and regions, times random factors."""
        found = {
            name: self._by_layer(parameters, name, default)
            for name, (default, _, _) in self.model.fields.items()
        }
        for f, factor in self.factors:
            found[f.field] = found[f.field] * factor
        return found

    def _factor(self, f: RandomField) -> np.ndarray:
        """A random factor where its region is, 1 elsewhere."""
        here = self.layer == self.names.index(f.region) if f.region else True
        return np.where(here, f.factor(self.grid), 1.0)

    def initial(self, system: System) -> np.ndarray:
        """The first state: layer by layer, then equilibrated species at rest."""
        s, parameters = self.scenario, self.scenario.parameters
        fluid = dict(self._fluid(parameters))
        values = {n: p.si for n, p in parameters.items()}
        y = np.zeros(system.size)
        u, _ = system.split(y)
        index = {x.name: k for k, x in enumerate(self.model.species)}
        for name in s.initial:
            if name not in index and name != "pH":
                raise ScenarioError(f"initial: '{name}' is not a species.{nearest(name, index)}")
        for i, layer in enumerate(self.names):
            here = self.layer == i
            water = dict(fluid)
            for name in (*self.model.mobile, "pH"):
                if name in s.initial:
                    water[name] = self._number(s.initial[name], layer, name)
                if f"{layer}.{name}" in parameters:
                    water[name] = parameters.si(f"{layer}.{name}")
            for name, value in self.total(parameters, water).items():
                u[here, index[name]] = value
            for x in self.model.species:
                if not x.mobile:
                    given = s.initial.get(x.name)
                    value = coefficient(x.initial, values)
                    if given is not None:
                        value = self._number(given, layer, x.name)
                    u[here, index[x.name]] = s.quantity(layer, x.name, value)
        self._seed_crystals(u, index, values)
        return self._settled(system, self._times_porosity(system, y))

    def _seed_crystals(self, u: np.ndarray, index: dict[str, int], values: dict[str, float]) -> None:
        """Moments of the hydroxyapatite that is there from the start, of one stated size."""
        moments = ("hap_m0", "hap_m1", "hap_m2")
        if not {"HAP", *moments} <= set(index) or "growth.seed_diameter" not in values:
            return
        size = values["growth.seed_diameter"]
        m3 = third_moment(u[:, index["HAP"]], values["mineral.V_HAP"])
        bare = (u[:, index["HAP"]] > 0) & (u[:, index["hap_m2"]] == 0)
        for k, name in enumerate(moments):
            u[bare, index[name]] = m3[bare] / size ** (3 - k)

    def apply(self, change: Intervention, system: System, y: np.ndarray) -> np.ndarray:
        """The state after an intervention."""
        y = y.copy()
        u, _ = system.split(y)
        here = np.ones(system.n_cells, bool)
        if change.region:
            here = self.layer == self.names.index(change.region)
        index = {x.name: k for k, x in enumerate(self.model.species)}
        if change.excise:
            fresh = np.zeros_like(y)
            f, _ = system.split(fresh)
            values = {n: p.si for n, p in system.parameters.items()}
            for x in self.model.species:
                f[:, index[x.name]] = coefficient(x.initial, values)
            for name, value in zip(self.model.mobile, system.tables.plasma, strict=True):
                f[:, index[name]] = value
            fresh = self._settled(system, self._times_porosity(system, fresh))
            u[here] = system.split(fresh)[0][here]
        porosity = system.evaluate(0.0, y)[0]["porosity"]
        for name, value in change.state.items():
            unit = self.model.species[index[name]].unit
            amount = convert(value, unit, f"state.{name}")
            if amount < 0 and not self.model.species[index[name]].signed:
                raise ScenarioError(f"state.{name} = {value!r} is negative; zero is the least.")
            u[here, index[name]] = amount * (porosity[here] if name in self.model.mobile else 1.0)
        return y

    def total(self, parameters: Parameters, fluid: dict[str, float]) -> dict[str, float]:
        """Concentrations of mobile species [mol m-3]; "pH" becomes the acidity H."""
        values = {k: v for k, v in fluid.items() if k != "pH"}
        if "pH" in fluid and "H" in self.model.mobile:
            background = {b: parameters.si(f"fluid.{b}") for b in BACKGROUND}
            tables = pore_water_tables(
                self.scenario.constants, parameters.si("fluid.temperature"), background
            )
            known = [values.get(k, 0.0) for k in ("Ca", "P", "C")]
            values["H"] = acidity_at(fluid["pH"], known, tables)
        return {k: v for k, v in values.items() if k in self.model.mobile}

    def _fluid(self, parameters: Parameters) -> Iterator[tuple[str, float]]:
        for name in (*self.model.mobile, "pH"):
            if f"{PLASMA}.{name}" in parameters:
                yield name, parameters.si(f"{PLASMA}.{name}")

    def _number(self, value: float | str, layer: str, name: str) -> float:
        if isinstance(value, str) and value.isidentifier():
            return self.scenario.quantity(layer, value, 0.0)
        units = {x.name: x.unit for x in self.model.species} | {"pH": "1"}
        return convert(value, units[name], f"initial.{name}")

    def _by_layer(self, parameters: Parameters, name: str, default: float) -> np.ndarray:
        values = [
            parameters.si(f"{n}.{name}") if f"{n}.{name}" in parameters else default for n in self.names
        ]
        return np.array(values)[self.layer]

    def _times_porosity(self, system: System, y: np.ndarray) -> np.ndarray:
        """Pore concentrations of mobile species turned into amounts per bulk volume."""
        y = y.copy()
        porosity = system.evaluate(0.0, y)[0]["porosity"]
        system.forget()  # that state was no state of the run
        system.split(y)[0][:, system.mobile] *= porosity[:, None]
        return y

    def _settled(self, system: System, y: np.ndarray) -> np.ndarray:
        """Equilibrated species where their net rate vanishes; their rates are linear in them."""
        rest = [k for k, x in enumerate(self.model.species) if x.equilibrated]
        low, high, dy0, dy1 = y.copy(), y.copy(), np.zeros_like(y), np.zeros_like(y)
        for k in rest:
            system.split(low)[0][:, k] = 0.0
            system.split(high)[0][:, k] = system.scale[k]
        system.rhs(0.0, low, dy0)
        system.rhs(0.0, high, dy1)
        out = y.copy()
        for k in rest:
            r0, r1 = system.split(dy0)[0][:, k], system.split(dy1)[0][:, k]
            slope = (r1 - r0) / system.scale[k]
            system.split(out)[0][:, k] = np.where(slope < 0, -r0 / np.where(slope < 0, slope, 1), 0)
        return out


def make_grid(s: Scenario) -> Grid:
    """The grid of a scenario; layers may differ in cell size along a line."""
    geometry = GEOMETRIES[s.geometry]
    if not geometry.axes:
        if s.outer == "fixed":
            raise ScenarioError(
                "a stirred cell has no face to fix a concentration at; use outer='exchange' with "
                "outer.permeability, or outer='closed' with perfusion."
            )
        return geometry.grid(1.0, 1.0 if s.outer == "exchange" else 0.0)
    if s.domain:
        return geometry.of_domain(s.domain)
    return geometry.of_layers([(s.size(name), cells) for name, cells in s.layers])


def locate(s: Scenario, grid: Grid) -> np.ndarray:
    """Index of the layer or region each cell's centre lies in (n,); beyond the last layer, the last."""
    inner = np.cumsum([s.size(name) for name, _ in s.layers[:-1]]) if grid.axes else np.zeros(0)
    return paint(s, grid, np.searchsorted(inner, grid.distance(), side="left"))


def _concentration(name: str, value: float | str) -> float:
    number = convert(value, "1" if name == "pH" else "mol/m3", f"boundary.{name}")
    if number < 0 and name != "H":
        raise ScenarioError(f"boundary.{name} = {value!r} is negative; zero is the least.")
    return number
