"""What a scenario holds, checked when it is made: text becomes SI, tables become objects. No verbs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sim.chemistry.constants_sets import constants_sets
from sim.chemistry.other_names import species_hint
from sim.errors import ParameterError, ScenarioError, UnitError, nearest, not_one_of, shown
from sim.experiment import checks, places
from sim.experiment.intervention import PLASMA, Intervention, from_keys
from sim.experiment.models import CONSTANTS, same_model, standard_model
from sim.experiment.nucleation import StochasticNucleation
from sim.experiment.places import Domain, Layers, Regions
from sim.experiment.timing.course import Course
from sim.experiment.timing.moments import in_order
from sim.experiment.values.file_tables import parameter_from
from sim.experiment.values.given import (
    Given,
    check_names,
    check_unit,
    listed_rows,
    same_dimension,
    seconds,
    si_of,
)
from sim.experiment.values.relative import relative
from sim.model.library import GROWTH_LAWS, left_out
from sim.model.library.parts import named_parts
from sim.model.library.parts import parts as library_parts
from sim.model.model import Model
from sim.model.words.naming import parameter_words
from sim.parameters import Parameter, Parameters
from sim.space.boundary import KINDS as BOUNDARY_KINDS
from sim.space.geometries import GEOMETRIES
from sim.space.maps.measured_map import MeasuredMap
from sim.space.random_field import RandomField
from sim.units import convert_number

PERMEABILITY = "outer.permeability"
NOTHING = "none"  # an amount at the start that is taken out again, so that plasma's or none is there
SIZES = ("radius", "thickness")
TEXTS = ("name", "title", "notes", "expected")
# quantity of a layer or region that belongs to no field and no species -> default and unit
OF_PLACES = {"perfusion": (0.0, "s-1"), "pH": (0.0, "1"), "dry_density": (250.0, "kg m-3")}


@dataclass(frozen=True, init=False, eq=False, repr=False)
class ScenarioData:
    """The fields of a Scenario, which says what they mean (sim.experiment.scenario)."""

    name: str
    model: Model
    geometry: str
    layers: Layers
    outer: str
    duration: float
    parameters: Parameters
    initial: dict[str, float | str]
    interventions: tuple[Intervention, ...]
    constants: str
    growth_law: str
    parts: tuple[str, ...]
    title: str
    notes: str
    expected: str
    domain: Domain
    regions: Regions
    random_fields: tuple[RandomField, ...]
    courses: tuple[Course, ...]
    stochastic: StochasticNucleation | None
    maps: tuple[MeasuredMap, ...]

    def __init__(
        self,
        name: str,
        model: Model,
        geometry: str = "slab",
        layers: Iterable[Sequence[Any] | Mapping[str, Any]] = (("tissue", 50),),
        outer: str = "fixed",
        duration: float | str = 30 * 86400.0,
        parameters: Mapping[str, Parameter | float | str | Mapping[str, Any]] | None = None,
        initial: Mapping[str, float | str] | None = None,
        interventions: Iterable[Intervention | Mapping[str, Any]] = (),
        constants: str = CONSTANTS,
        growth_law: str = GROWTH_LAWS[0],
        parts: str | Iterable[str] = (),
        title: str = "",
        notes: str = "",
        expected: str = "",
        domain: Sequence[Any] | str = (),
        regions: Iterable[Sequence[Any] | Mapping[str, Any]] = (),
        random_fields: Iterable[RandomField | Mapping[str, Any]] = (),
        stochastic: StochasticNucleation | Mapping[str, Any] | None = None,
        courses: Iterable[Course | Mapping[str, Any]] = (),
        maps: Iterable[MeasuredMap | Mapping[str, Any]] = (),
    ) -> None:
        self._set(name=name, title=title, notes=notes, expected=expected)
        for key in TEXTS:
            if not isinstance(getattr(self, key), str):
                raise ScenarioError(f"{key} = {shown(getattr(self, key))} of a scenario is not text.")
        if not name.strip() or not name.isprintable():
            what = "not one line of text" if name.strip() else "empty"
            raise ScenarioError(f"name = {shown(name)} of a scenario is {what}; give a word, as 'infarct'.")
        if not isinstance(model, Model):
            raise ScenarioError(
                f"a scenario needs a sim.Model, such as sim.library.model(), not {shown(model)}."
            )
        known: Iterable[str]
        for key, word, known in (
            ("geometry", geometry, GEOMETRIES), ("outer", outer, BOUNDARY_KINDS),
            ("constants", constants, constants_sets()), ("growth_law", growth_law, (*GROWTH_LAWS, "")),
        ):  # fmt: skip
            if not isinstance(word, str) or word not in known:
                raise ScenarioError(not_one_of(key, word, known))
        self._set(model=model, geometry=geometry, outer=outer, constants=constants, growth_law=growth_law)
        self._set(parts=named_parts(parts))
        self._set(layers=places.checked_layers(layers), regions=places.checked_regions(regions))
        self._set(domain=places.checked_domain(domain, geometry))
        self._set(duration=seconds(duration, "duration"))
        if not self.duration > 0:
            raise ScenarioError(f"duration = {self.duration:g} s must be positive.")
        drawn = [from_keys(RandomField, f, name) for f in listed_rows(random_fields, name)]
        self._set(random_fields=tuple(drawn))
        checks.check_random_fields(self.random_fields, model, places.names_of(self))
        self._set(maps=tuple(from_keys(MeasuredMap, m, name) for m in listed_rows(maps, name)))
        checks.check_maps(self.maps, model, places.names_of(self))
        chance = None if stochastic is None else from_keys(StochasticNucleation, stochastic, name)
        if chance is not None:
            chance.share(geometry)  # refuses what the geometry lacks
        self._set(stochastic=chance, initial=self._initial_of(initial), parameters=model.parameters)
        self._set(parameters=self._parameters_of({} if parameters is None else parameters))
        cuts = [from_keys(Intervention, i, name) for i in listed_rows(interventions, name)]
        self._set(interventions=in_order(cuts, self.duration))
        checks.check_interventions(self.interventions, model, self.parameters, self.parameter)
        checks.check_initial(self.initial, model, self.parameter)
        self._set(courses=tuple(from_keys(Course, c, name) for c in listed_rows(courses, name)))
        checks.check_courses(self.courses, self.parameter)

    def _set(self, **values: Any) -> None:
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other) or not isinstance(other, ScenarioData):
            return NotImplemented
        plain = (f.name for f in fields(self) if f.name != "model")
        return all(getattr(self, n) == getattr(other, n) for n in plain) and same_model(
            self.model, other.model
        )

    def size(self, layer: str) -> float:
        """Thickness of a layer, or its radius when it is the innermost [m]."""
        for key in (f"{layer}.{size}" for size in SIZES):
            if key in self.parameters:
                size = self.parameters.si(key)
                if not size > 0:
                    text = self.parameters[key].text()
                    raise ScenarioError(f"{key} = {text} must be a positive length, such as '2 mm'.")
                return size
        raise ScenarioError(f"layer '{layer}' needs a parameter {layer}.radius or {layer}.thickness.")

    def quantity(self, layer: str, name: str, default: float) -> float:
        """The value of "<layer>.<name>", or the default [SI]."""
        given = self.parameters.get(f"{layer}.{name}")
        return default if given is None else given.si

    def parameter(self, name: str) -> Parameter:
        """The parameter of this name, or the default of a quantity that the scenario leaves out."""
        return self.parameters[name] if name in self.parameters else self._left_out(name)

    def _left_out(self, name: str) -> Parameter:
        """The default of a quantity that the scenario leaves out; ScenarioError where the name means none."""
        known = self._default_of(name)
        if known is None:
            others = (n for n in self.candidates() if n != name)
            raise ScenarioError(f"'{name}' is not a parameter of {self.name}.{species_hint(name, others)}")
        return known

    def _default_of(self, name: str) -> Parameter | None:
        place, _, quantity = name.partition(".")
        if quantity in SIZES and place in dict(self.layers):
            if not any(f"{place}.{size}" in self.parameters for size in SIZES if size != quantity):
                return Parameter(0.0, "m")
        held = self._of_plasma() if place == PLASMA else self._of_places()
        if place in (PLASMA, *places.names_of(self)) and quantity in held:
            default, unit = held[quantity]
            return left_out.of_place(self.model, quantity, default, unit)
        if name == PERMEABILITY:
            return left_out.outside_of(name)
        return None

    def new_parameter(self, name: str, value: Parameter | float | str) -> Parameter:
        """What a quantity that the scenario leaves out becomes: in the unit it is given in, else in SI or mM.

        A whole Parameter may also belong to a growth law that is not in use, or to a place yet to come.
        """
        known = self._default_of(name)
        if known is None and isinstance(value, Parameter) and self._may_be_used_later(name):
            return value
        if known is None:
            known = self._left_out(name)  # which refuses it, in a sentence
        try:
            if isinstance(value, Parameter):
                same_dimension(name, value, known.unit)
                return value
            if name == PERMEABILITY:
                return known.at(convert_number(value, known.unit, name))
            return left_out.given(known, value, name)
        except UnitError as error:
            raise ParameterError(str(error)) from None

    def _may_be_used_later(self, name: str) -> bool:
        """Whether a name means something under another growth law, with a part, or in a region to come."""
        laws = (standard_model(growth_law=law).parameters for law in GROWTH_LAWS)
        if any(name in held for held in (*laws, *(part.parameters for part in library_parts().values()))):
            return True
        place, _, quantity = name.partition(".")
        known = [*places.names_of(self), PLASMA]
        others = {n.partition(".")[0] for n in self.model.parameters}
        likely = place.isidentifier() and place not in {*known, *others} and not nearest(place, known)
        return likely and quantity in (*self._of_places(), *SIZES)

    def _of_places(self) -> dict[str, tuple[float, str]]:
        """Quantity of a layer or region -> default and unit."""
        found = {n: (default, unit) for n, (default, unit, _) in self.model.fields.items()}
        found |= {s.name: (0.0, s.unit) for s in self.model.species} | OF_PLACES
        units = {s.name: s.unit for s in self.model.species} | {"pH": "1"}
        for species, value in self.initial.items():  # a quantity of a layer that the start is copied from
            if isinstance(value, str) and species in units:
                found.setdefault(value, (0.0, units[species]))
        return found

    def _of_plasma(self) -> dict[str, tuple[float, str]]:
        """Quantity of the fluid outside -> default and unit."""
        return {s.name: (0.0, s.unit) for s in self.model.species if s.mobile} | {"pH": (0.0, "1")}

    def permeability(self) -> float:
        """Of what lies between the tissue and the fluid outside [m/s]; 0 where there is no such thing."""
        if self.outer != "exchange":
            return 0.0
        found = self.parameters.si(PERMEABILITY) if PERMEABILITY in self.parameters else 0.0
        if not found > 0:
            raise ScenarioError(
                f"{self.name}: outer = 'exchange' needs {PERMEABILITY} above 0, of the layer between tissue "
                f"and fluid. Set it, {PERMEABILITY} = '1e-7 m/s', or take outer = 'fixed' or 'closed'."
            )
        return found

    def candidates(self) -> list[str]:
        """Names of parameters that could be given."""
        found = [*self.parameters, PERMEABILITY, *(f"{PLASMA}.{q}" for q in self._of_plasma())]
        found += [f"{n}.{size}" for n, _ in self.layers for size in SIZES]
        return found + [f"{place}.{q}" for place in places.names_of(self) for q in self._of_places()]

    def _parameters_of(self, given: Mapping[str, Any]) -> Parameters:
        """The model's parameters with the scenario's values, and the scenario's own."""
        check_names(given, "parameters")
        of_places = dict.fromkeys(places.names_of(self), (*self._of_places(), *SIZES))
        of_places |= {PLASMA: tuple(self._of_plasma()), "outer": ("permeability",)}
        places.check_groups(self.model.parameters, of_places)
        merged = dict(self.model.parameters)
        for name, value in given.items():
            known = self.model.parameters.get(name)
            if value is known:
                continue
            if isinstance(value, Mapping):
                value = parameter_from(name, value)
            if not isinstance(value, Parameter):
                value = known.at(si_of(name, value, known)) if known else self.new_parameter(name, value)
            elif known:
                same_dimension(name, value, known.unit)
            merged[name] = value.described_as(parameter_words(self.model, name))
        return Parameters(merged)

    def _initial_of(self, given: Mapping[str, float | str] | None) -> dict[str, float | str]:
        """Amounts at the start: SI numbers, or the name of a layer quantity."""
        if given is not None:
            check_names(given, "initial", "species and amounts")
        units = {s.name: s.unit for s in self.model.species} | {"pH": "1"}
        found: dict[str, float | str] = {}
        for name, value in (given or {}).items():
            if value is None or (isinstance(value, str) and value.strip().casefold() == NOTHING):
                continue
            told = relative(value, f"initial.{name}")
            if told is not None:
                value = told
            elif isinstance(value, str) and not value.isidentifier():
                value = Given(value, f"initial.{name}")
            elif not isinstance(value, str | Given):
                value = convert_number(value, units.get(name, "1"), f"initial.{name}")
            if name in units and isinstance(value, Given):
                check_unit(value, units[name], f"initial.{name}")
            found[name] = value
        return found
