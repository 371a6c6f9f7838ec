"""Interventions: what is done to the tissue at a given time. They cut a run into smooth segments."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim.errors import ScenarioError
from sim.texts import day_text
from sim.units import convert


@dataclass(frozen=True)
class Intervention:
    """A change at time `at` [s, or text such as "3 day"] that lasts until the next one.

    boundary: {species or "pH": value} of the fluid outside and in the vessels, from then on
    parameters: {dotted name: value} from then on
    state: {species: value} set once; pore-water concentration for mobile species
    region: the layer that `state` and `excise` act on; everywhere when empty
    excise: replace the region by healthy tissue: no cells dying, no mineral, fresh fluid
    """

    at: float | str
    boundary: dict[str, float | str] = field(default_factory=dict)
    parameters: dict[str, float | str] = field(default_factory=dict)
    state: dict[str, float | str] = field(default_factory=dict)
    region: str = ""
    excise: bool = False
    label: str = ""

    def __post_init__(self):
        object.__setattr__(self, "at", convert(self.at, "s", "Intervention.at"))
        if not isinstance(self.excise, bool):
            raise ScenarioError(
                f"excise = {self.excise!r} is yes or no; name the layer in region={self.excise!r}."
            )
        if self.at < 0:
            raise ScenarioError(f"an intervention cannot happen at {self.at:g} s, before the start.")
        if not (self.boundary or self.parameters or self.state or self.excise):
            raise ScenarioError(
                "this intervention changes nothing; give boundary, parameters, state or excise."
            )

    def __str__(self) -> str:
        parts = [f"{k} {v}" for k, v in (*self.boundary.items(), *self.parameters.items())]
        parts += [f"set {k} {v}" for k, v in self.state.items()]
        if self.excise:
            parts.append(f"excise {self.region or 'everything'}")
        return f"{self.label or 'intervention'} at {day_text(self.at)}: {', '.join(parts)}"
