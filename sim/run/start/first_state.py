"""The state that a run, or a stretch of tissue put back, starts from: water and solids, then at rest."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sim.binder.system import System
from sim.chemistry.other_names import species_hint
from sim.chemistry.pore_water import BACKGROUND, TRANSPORTED, H, acidity_at, pore_water_tables, transported
from sim.errors import ScenarioError, nearest
from sim.experiment.places import ALIVE, OF_TISSUE
from sim.experiment.scenario import PLASMA, Scenario
from sim.experiment.values.relative import Relative
from sim.kinetics.growth import third_moment
from sim.model.library.quantities import ligands_of
from sim.model.model import Model
from sim.model.process import coefficient
from sim.parameters import Parameters
from sim.run.start.places import Places
from sim.units import convert

MATRIX = ("collagen", "elastin")  # fields that a bare fluid has not


class FirstState:
    """First states of a scenario, whose model may have more species than the scenario's own."""

    def __init__(self, scenario: Scenario, model: Model, places: Places):
        self.scenario, self.model, self.places = scenario, model, places
        self.index = {x.name: k for k, x in enumerate(model.species)}

    def plasma(self, parameters: Parameters) -> dict[str, float]:
        """{mobile species or pH: value} of the fluid outside, as its parameters say."""
        known = {n: f"{PLASMA}.{n}" for n in (*self.model.mobile, "pH")}
        return {n: parameters[full].si for n, full in known.items() if full in parameters}

    def total(self, parameters: Parameters, fluid: dict[str, float]) -> dict[str, float]:
        """Concentrations of mobile species [mol m-3]; "pH" becomes the acidity H."""
        values = {k: v for k, v in fluid.items() if k != "pH"}
        if "pH" in fluid and "H" in self.model.mobile:
            background = tuple(parameters[f"fluid.{b}"].si for b in BACKGROUND)
            ligands = ligands_of(self.model.derived)
            known = tuple(values.get(k, 0.0) for k in transported(ligands) if k != TRANSPORTED[H])
            temperature = parameters["fluid.temperature"].si
            values["H"] = _acidity(
                self.scenario.constants, temperature, background, ligands, known, fluid["pH"]
            )
        return {k: v for k, v in values.items() if k in self.model.mobile}

    def initial(self, system: System) -> np.ndarray:
        """The first state: layer by layer, then equilibrated species at rest."""
        return self.at_rest(system, self.given(system))

    def at_rest(self, system: System, y: np.ndarray, t: float = 0.0) -> np.ndarray:
        """The first state of one that is `given`, or of several side by side, at a time [s]."""
        return self._settled(system, _times_porosity(system, y, t), t)

    def given(self, system: System) -> np.ndarray:
        """The first state as the scenario gives it, layer by layer: of mobile species pore concentrations."""
        s, parameters, index = self.scenario, self.scenario.parameters, self.index
        fluid = self.plasma(parameters)
        values = {n: p.si for n, p in parameters.items()}
        y = np.zeros(system.size)
        u, _ = system.split(y)
        for name in s.initial:
            if name not in index and name != "pH":
                raise ScenarioError(f"initial: '{name}' is not a species.{species_hint(name, index)}")
            self._check_word(name, s.initial[name])
        for layer in self.places.names:
            row = [0.0] * len(index)
            water = dict(fluid)
            for name in (*self.model.mobile, "pH"):
                if name in s.initial:
                    water[name] = self._number(s.initial[name], layer, name)
                if f"{layer}.{name}" in parameters:
                    water[name] = parameters[f"{layer}.{name}"].si
            for name, value in self.total(parameters, water).items():
                row[index[name]] = value
            for x in self.model.species:
                if not x.mobile:
                    given = s.initial.get(x.name)
                    value = coefficient(x.initial, values)
                    if x.initial_per:
                        value *= s.quantity(layer, x.initial_per, 0.0)
                    if given is not None:
                        value = self._number(given, layer, x.name)
                    row[index[x.name]] = s.quantity(layer, x.name, value)
            u[self.places.within(layer)] = row
        self._lay_maps(u)
        self._seed_crystals(u, values)
        return y

    def _lay_maps(self, u: np.ndarray) -> None:
        """Solids that were measured [kg m-3 to mol m-3], in the part of a cell that voxels cover."""
        molar_masses = {s.name: s.solid.molar_mass for s in self.model.solids if s.solid is not None}
        for name, laid, here in self.places.contents:
            k, measured = self.index[name], laid.means * laid.correction / molar_masses[name]
            u[here, k] = (measured + (1.0 - laid.share) * u[:, k])[here]

    def _check_word(self, name: str, word: float | str) -> None:
        """Refuse the name of a quantity that no layer or region has."""
        if not isinstance(word, str) or not word.isidentifier() or word in self.model.fields:
            return
        if any(f"{place}.{word}" in self.scenario.parameters for place in self.places.names):
            return
        parts = [n.partition(".") for n in self.scenario.parameters]
        known = [*self.model.fields, *self.index, *(q for n, _, q in parts if n in self.places.names)]
        if word not in known:
            raise ScenarioError(
                f"initial.{name} = '{word}' is neither an amount with its unit nor a quantity of a layer."
                f"{nearest(word, known)} 'none' takes the entry out."
            )

    def fresh(self, system: System, t: float = 0.0) -> np.ndarray:
        """The state of what is put in place of what was cut out at a time [s]: plasma and what species begin
        with.

        Tissue is replaced by healthy tissue, which lives, and whose sites are covered as those of the layer
        were at the start; bare fluid, as a medium, by fluid.
        """
        y = np.zeros(system.size)
        u, _ = system.split(y)
        values = {n: p.si for n, p in system.parameters.items()}
        bare = self._bare_fluid()
        healthy = {x.name: coefficient(x.healthy, values) for x in self.model.species}
        for x in self.model.species:
            value = healthy[x.name] or coefficient(x.initial, values)
            u[:, self.index[x.name]] = value * (healthy.get(x.initial_per, 0.0) if x.initial_per else 1.0)
            if healthy[x.name] or healthy.get(x.initial_per):
                u[bare, self.index[x.name]] = 0.0
        covers = [self.index[x.name] for x in self.model.species if x.covers]
        if covers:
            u[:, covers] = system.split(self.given(system))[0][:, covers]
        for name, value in zip(self.model.mobile, system.tables.plasma, strict=True):
            u[:, self.index[name]] = value
        return self.at_rest(system, y, t)

    def _bare_fluid(self) -> np.ndarray:
        """(n,) whether a cell lies in bare fluid: no cells, vessels, buffer or matrix at the start."""
        s, parts, bare = self.scenario, (ALIVE, *OF_TISSUE, *MATRIX), []
        for place in self.places.names:
            held = [s.quantity(place, n, 0.0) for n in parts]
            held += [self._number(v, place, n) for n, v in s.initial.items() if n in parts]
            bare.append(not any(held))
        return np.array(bare)[self.places.layer]

    def _number(self, value: float | str, layer: str, name: str) -> float:
        """An initial value [SI]: a number, text with a unit, or the name of a quantity of the layer; a name
        times a number."""
        if isinstance(value, Relative):
            return value.factor * self.scenario.parameter(value.name).si
        if isinstance(value, str) and value.isidentifier():
            return self.scenario.quantity(layer, value, 0.0)
        units = {x.name: x.unit for x in self.model.species} | {"pH": "1"}
        return convert(value, units[name], f"initial.{name}")

    def _seed_crystals(self, u: np.ndarray, values: dict[str, float]) -> None:
        """Moments of the hydroxyapatite that is there from the start, of one stated size."""
        moments, index = ("hap_m0", "hap_m1", "hap_m2"), self.index
        if not {"HAP", *moments} <= set(index) or "growth.seed_diameter" not in values:
            return
        size = values["growth.seed_diameter"]
        m3 = third_moment(u[:, index["HAP"]], values["mineral.V_HAP"])
        bare = (u[:, index["HAP"]] > 0) & (u[:, index["hap_m2"]] == 0)
        for k, name in enumerate(moments):
            u[bare, index[name]] = m3[bare] / size ** (3 - k)

    def _settled(self, system: System, y: np.ndarray, t: float) -> np.ndarray:
        """Equilibrated species where their net rate vanishes; their rates are linear in them."""
        rest = [k for k, x in enumerate(self.model.species) if x.equilibrated]
        low, high, dy0, dy1 = y.copy(), y.copy(), np.zeros_like(y), np.zeros_like(y)
        for k in rest:
            system.split(low)[0][:, k] = 0.0
            system.split(high)[0][:, k] = system.scale[k]
        system.rhs(t, low, dy0)
        system.rhs(t, high, dy1)
        out = y.copy()
        for k in rest:
            r0, r1 = system.split(dy0)[0][:, k], system.split(dy1)[0][:, k]
            slope = (r1 - r0) / system.scale[k]
            system.split(out)[0][:, k] = np.where(slope < 0, -r0 / np.where(slope < 0, slope, 1), 0)
        return out


@lru_cache(maxsize=64)  # most layers begin with the fluid outside, and so do most points of a sweep
def _acidity(
    constants: str, temperature: float, background: tuple[float, ...], ligands: tuple[str, ...],
    totals: tuple[float, ...], pH: float,
) -> float:  # fmt: skip
    """Acidity H [mol m-3] of a fluid: temperature [K], totals of the background and, with these ligands, of
    what is transported beside H [mol m-3]."""
    given = dict(zip(BACKGROUND, background, strict=True))
    tables = pore_water_tables(constants, temperature, given, ligands=ligands)
    return acidity_at(pH, totals, tables)


def _times_porosity(system: System, y: np.ndarray, t: float) -> np.ndarray:
    """Pore concentrations of mobile species turned into amounts per bulk volume."""
    y = y.copy()
    porosity = system.evaluate(t, y)[0]["porosity"]
    system.forget()  # that state was no state of the run
    system.split(y)[0][:, system.mobile] *= porosity[:, None]
    return y
