"""A scenario: which model, in which tissue, fed by which fluid, for how long. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sim.errors import ScenarioError, nearest
from sim.intervention import Intervention
from sim.model.model import Model
from sim.parameters import Parameter, Parameters
from sim.space.boundary import KINDS as BOUNDARY_KINDS
from sim.units import convert, si_unit

GEOMETRIES = ("well_mixed", "slab", "cylinder", "sphere", "rectangle", "box")
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

    def with_geometry(self, geometry: str, cells: dict[str, int] | None = None) -> Scenario:
        """A copy in another geometry and, by layer, with other numbers of cells."""
        counts = cells or {}
        for name in counts:
            if name not in dict(self.layers):
                raise ScenarioError(f"there is no layer '{name}'.{nearest(name, dict(self.layers))}")
        layers = tuple((n, counts.get(n, c)) for n, c in self.layers)
        return replace(self, geometry=geometry, layers=layers)

    def with_resolution(self, factor: float) -> Scenario:
        """A copy with `factor` times as many cells in each layer (at least one)."""
        layers = tuple((n, max(1, round(c * factor))) for n, c in self.layers)
        return replace(self, layers=layers)

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
        for key in ("geometry", "layers", "outer", "duration", "initial", "constants", "growth_law"):
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

    def _optional(self, name: str) -> Parameter:
        """The default of a layer or plasma quantity that the scenario has not mentioned."""
        layer, _, quantity = name.partition(".")
        species = {s.name: s for s in self.model.species}
        units = {k: u for k, (_, u, _) in self.model.fields.items()}
        units |= {n: s.unit for n, s in species.items()} | {"perfusion": "s-1", "pH": "1"}
        places = [n for n, _ in self.layers] + [PLASMA]
        if layer in places and quantity in units:
            default = self.model.fields.get(quantity, (0.0,))[0]
            return Parameter(default, si_unit(units[quantity]), source="this_work")
        candidates = [*self.parameters, *(f"{p}.{q}" for p in places for q in units)]
        raise ScenarioError(f"'{name}' is not a parameter of {self.name}.{nearest(name, candidates)}")

    def __repr__(self) -> str:
        layers = ", ".join(f"{n} ({c} cells)" for n, c in self.layers)
        return (
            f"Scenario({self.name}: {self.title or 'untitled'}; {self.geometry}, {layers}; "
            f"outer {self.outer}; {self.duration / 86400:g} days; {self.model!r})"
        )
