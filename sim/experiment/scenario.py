"""A scenario: which model, in which tissue, fed by which fluid, for how long. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sim.errors import ScenarioError, nearest
from sim.experiment import places
from sim.experiment.intervention import Intervention
from sim.experiment.nucleation import StochasticNucleation
from sim.model.model import Model
from sim.parameters import Parameter, Parameters
from sim.space.boundary import KINDS as BOUNDARY_KINDS
from sim.space.geometries import GEOMETRIES
from sim.space.random_field import RandomField
from sim.space.shapes import Shape
from sim.units import convert, si_unit

PLASMA = "plasma"


@dataclass(frozen=True)
class Scenario:
    """Everything a run needs. Frozen; `with_...` returns a changed copy.

    geometry: "slab" (half of it, from the mid-plane), "cylinder", "sphere", "rectangle", "box"
        (the lesion in the middle of a square or cube) or "well_mixed"
    layers: ((name, cells), ...) from the centre outwards. The parameters of a layer are
        "<layer>.thickness" (or ".radius"), any field of the model, "perfusion", the initial
        amount of any species and "pH"; what is not given is 0, the field's default, or plasma's.
    outer: "fixed", "closed" or "exchange", what surrounds the outermost layer
    initial: {species: value} everywhere, pore water for mobile species, or the name of a
        layer quantity to copy
    domain: ((length, cells), ...) an axis, where the layers do not decide: a line from 0 on, a
        rectangle or box around the origin; the last layer then needs no size
    regions: ((name, shape), ...) painted over the layers, later over earlier (sim.shapes); their
        parameters are called as those of layers are
    random_fields: lognormal factors on fields of the model (with_random_field)
    stochastic: whether and how nucleation is drawn (with_stochastic_nucleation)
    parameters: the model's, with the scenario's values, and the scenario's own
    """

    name: str
    model: Model
    geometry: str = "slab"
    layers: tuple[tuple[str, int], ...] = (("tissue", 50),)
    outer: str = "fixed"
    duration: float = 30 * 86400.0
    parameters: Parameters = field(default_factory=Parameters)
    initial: dict[str, float | str] = field(default_factory=dict)
    interventions: tuple[Intervention, ...] = ()
    constants: str = "tissue-37C"
    growth_law: str = ""
    title: str = ""
    notes: str = ""
    expected: str = ""
    domain: tuple[tuple[float | str, int], ...] = ()
    regions: tuple[tuple[str, Shape], ...] = ()
    random_fields: tuple[RandomField, ...] = ()
    stochastic: StochasticNucleation | None = None

    def __post_init__(self):
        if self.geometry not in GEOMETRIES:
            raise ScenarioError(
                f"geometry = '{self.geometry}' is not one of {', '.join(GEOMETRIES)}."
                f"{nearest(self.geometry, GEOMETRIES)}"
            )
        if self.outer not in BOUNDARY_KINDS:
            raise ScenarioError(f"outer = '{self.outer}' is not one of {', '.join(BOUNDARY_KINDS)}.")
        if not self.layers or any(int(n) != n or n < 1 for _, n in self.layers):
            raise ScenarioError("a scenario needs at least one layer, each of at least one cell.")
        object.__setattr__(self, "domain", places.checked_domain(self.domain, self.geometry))
        object.__setattr__(self, "regions", places.checked_regions(self.regions))
        self._check_random_fields()
        if self.stochastic is not None:
            self.stochastic.share(self.geometry)  # refuses what the geometry lacks
        object.__setattr__(self, "duration", convert(self.duration, "s", "duration"))
        if not self.duration > 0:
            raise ScenarioError(f"duration = {self.duration:g} s must be positive.")
        merged = {**self.model.parameters, **self.parameters}
        object.__setattr__(self, "parameters", Parameters(merged))
        object.__setattr__(self, "interventions", tuple(sorted(self.interventions, key=lambda i: i.at)))

    def with_parameters(self, values: dict[str, float | str | Parameter]) -> Scenario:
        """A copy with other values: text with a unit, a number in SI, or a whole Parameter.

        A layer quantity that the scenario leaves at its default ("lesion.elastin") may be given too.
        """
        known = dict(self.parameters)
        for name in values:
            if name not in known:
                known[name] = self._optional(name)
        return replace(self, parameters=Parameters(known).with_values(values))

    def with_intervention(self, *interventions: Intervention) -> Scenario:
        """A copy with interventions added."""
        return replace(self, interventions=(*self.interventions, *interventions))

    def with_model(self, model: Model, initial: dict[str, float | str] | None = None) -> Scenario:
        """A copy with another model; values that the scenario gave to parameters are kept."""
        return replace(self, model=model, initial={**self.initial, **(initial or {})})

    def with_stochastic_nucleation(
        self, seed: int, interval: float | str | None = None, sample: float | str | None = None
    ) -> Scenario:
        """A copy in which crystals are born whole, by chance (sim.experiment.nucleation).

        interval: time between draws [s or text]; sample: true depth of a rectangle, length of a
            cylinder, cross-section of a slab, volume of a stirred cell ("10 um")
        """
        return replace(self, stochastic=StochasticNucleation(seed, interval, sample))

    def with_geometry(
        self, geometry: str, cells: dict[str, int] | None = None, domain: Sequence[tuple[Any, int]] = ()
    ) -> Scenario:
        """A copy in another geometry and, by layer, with other numbers of cells, or a stated domain."""
        counts = cells or {}
        for name in counts:
            if name not in dict(self.layers):
                raise ScenarioError(f"there is no layer '{name}'.{nearest(name, dict(self.layers))}")
        layers = tuple((n, counts.get(n, c)) for n, c in self.layers)
        new = GEOMETRIES.get(geometry)
        if not domain and new and len(new.axes) == len(GEOMETRIES[self.geometry].axes):
            domain = self.domain
        return replace(self, geometry=geometry, layers=layers, domain=tuple(domain))

    def with_resolution(self, factor: float) -> Scenario:
        """A copy with `factor` times as many cells in each layer, or along each axis (at least one)."""
        layers = tuple((n, max(1, round(c * factor))) for n, c in self.layers)
        domain = tuple((a, max(1, round(c * factor))) for a, c in self.domain)
        return replace(self, layers=layers, domain=domain)

    def with_region(self, name: str, shape: Shape, like: str = "") -> Scenario:
        """A copy with a shape painted over what is there (sim.shapes).

        name: a new place, a region to enlarge, or a layer, which is then where the shape is and
            nowhere else; like: the layer or region whose parameters a new place starts with
        The domain stays as it was, with equal cells.
        """
        return places.with_region(self, name, shape, like)

    def with_random_field(
        self, field: str, log_sd: float, correlation_length: float | str, seed: int, region: str = ""
    ) -> Scenario:
        """A copy in which a density ("collagen") varies by a lognormal factor of mean 1.

        log_sd: of the logarithm, sqrt(ln(1 + cv^2)); correlation_length [m or text]; region: where
        """
        made = RandomField(field, log_sd, correlation_length, seed, region)
        return replace(self, random_fields=(*self.random_fields, made))

    def with_(self, **changes) -> Scenario:
        """A copy with other fields: duration, outer, name, title, initial."""
        unknown = set(changes) - set(self.__dataclass_fields__)
        if unknown:
            word = sorted(unknown)[0]
            raise ScenarioError(f"a scenario has no '{word}'.{nearest(word, self.__dataclass_fields__)}")
        return replace(self, **changes)

    def diff(self, base: Scenario) -> str:
        """What differs from `base` to this scenario, a line each: "old -> new"."""
        lines = [str(row) for row in base.parameters.diff(self.parameters)]
        for key in ("geometry", "layers", "outer", "duration", "initial", "constants", "growth_law",
                    "domain", "regions", "random_fields", "stochastic"):  # fmt: skip
            old, new = getattr(base, key), getattr(self, key)
            if old != new:
                lines.append(f"{key}: {old} -> {new}")
        before = {p.name for p in base.model.processes}
        after = {p.name for p in self.model.processes}
        lines += [f"process removed: {n}" for n in sorted(before - after)]
        lines += [f"process added: {n}" for n in sorted(after - before)]
        lines += [f"- {i}" for i in base.interventions if i not in self.interventions]
        lines += [f"+ {i}" for i in self.interventions if i not in base.interventions]
        return "\n".join(lines) or "no difference"

    def size(self, layer: str) -> float:
        """Thickness of a layer, or its radius when it is the innermost [m]."""
        for key in (f"{layer}.radius", f"{layer}.thickness"):
            if key in self.parameters:
                size = self.parameters.si(key)
                if not size > 0:
                    text = self.parameters[key].text()
                    raise ScenarioError(f"{key} = {text} must be a positive length, such as '2 mm'.")
                return size
        raise ScenarioError(f"layer '{layer}' needs a parameter {layer}.radius or {layer}.thickness.")

    def quantity(self, layer: str, name: str, default: float) -> float:
        """The value of "<layer>.<name>", or the default [SI]."""
        key = f"{layer}.{name}"
        return self.parameters.si(key) if key in self.parameters else default

    def _check_random_fields(self) -> None:
        """Refuse a random factor on what is no density, or in a place that is not there."""
        densities = [n for n, (_, unit, _) in self.model.fields.items() if unit != "1"]
        known = places.names_of(self)
        for f in self.random_fields:
            if f.field not in densities:
                raise ScenarioError(
                    f"random field: '{f.field}' is not a density of the model (they are "
                    f"{', '.join(densities)}).{nearest(f.field, densities)}"
                )
            if f.region and f.region not in known:
                raise ScenarioError(
                    f"random field of {f.field}: there is no layer or region '{f.region}'."
                    f"{nearest(f.region, known)}"
                )

    def _optional(self, name: str) -> Parameter:
        """The default of a layer or plasma quantity that the scenario has not mentioned."""
        layer, _, quantity = name.partition(".")
        species = {s.name: s for s in self.model.species}
        units = {k: u for k, (_, u, _) in self.model.fields.items()}
        units |= {n: s.unit for n, s in species.items()} | {"perfusion": "s-1", "pH": "1"}
        known = [*places.names_of(self), PLASMA]
        if layer in known and quantity in units:
            default = self.model.fields.get(quantity, (0.0,))[0]
            return Parameter(default, si_unit(units[quantity]), source="this_work")
        candidates = [*self.parameters, *(f"{p}.{q}" for p in known for q in units)]
        raise ScenarioError(f"'{name}' is not a parameter of {self.name}.{nearest(name, candidates)}")

    def __repr__(self) -> str:
        layers = ", ".join(f"{n} ({c} cells)" for n, c in self.layers)
        if self.domain:
            size = " x ".join(f"{a * 1e3:g} mm ({c} cells)" for a, c in self.domain)
            layers = f"{size} of {', '.join(places.names_of(self))}"
        return (
            f"Scenario({self.name}: {self.title or 'untitled'}; {self.geometry}, {layers}; "
            f"outer {self.outer}; {self.duration / 86400:g} days; {self.model!r})"
        )
