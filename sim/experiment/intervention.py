"""Interventions: what is done to the tissue at a given time. They cut a run into smooth segments."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sim.errors import ScenarioError, nearest, shown
from sim.experiment.given import as_given, check_unit, si_numbers
from sim.texts import day_text
from sim.units import convert_number

T = TypeVar("T")


@dataclass(frozen=True, init=False)
class Intervention:
    """A change at time `at` [s, or text such as "3 day"] that lasts until the next one.

    boundary: {species or "pH": value} of the fluid outside and in the vessels, from then on
    parameters: {dotted name: value} from then on
    state: {species: value} set once; pore-water concentration for mobile species
    region: the layer that `state` and `excise` act on; everywhere when empty
    excise: replace the region by healthy tissue: no cells dying, no mineral, fresh fluid
    All values are SI numbers; given as text with a unit, they keep the text to be shown by
    (sim.experiment.given), and a scenario checks the unit of what its model knows.
    """

    at: float
    boundary: dict[str, float]
    parameters: dict[str, float]
    state: dict[str, float]
    region: str
    excise: bool
    label: str

    def __init__(
        self,
        at: float | str,
        boundary: Mapping[str, float | str] | None = None,
        parameters: Mapping[str, float | str] | None = None,
        state: Mapping[str, float | str] | None = None,
        region: str = "",
        excise: bool = False,
        label: str = "",
    ) -> None:
        for name, word in (("region", region), ("label", label)):
            if not isinstance(word, str):
                raise ScenarioError(f"{name} = {shown(word)} of an intervention is not text.")
        if not isinstance(excise, bool):
            raise ScenarioError(
                f"excise = {shown(excise)} is yes or no; name the layer in region={shown(excise)}."
            )
        values: dict[str, Any] = {
            "at": convert_number(at, "s", "Intervention.at"),
            "boundary": si_numbers(boundary, "boundary"),
            "parameters": si_numbers(parameters, "parameters"),
            "state": si_numbers(state, "state"),
            "region": region,
            "excise": excise,
            "label": label,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        for name, number in self.boundary.items():
            check_unit(number, "1" if name == "pH" else "mol/m3", f"boundary.{name}")
        if self.at < 0:
            raise ScenarioError(f"an intervention cannot happen at {self.at:g} s, before the start.")
        if not (self.boundary or self.parameters or self.state or self.excise):
            raise ScenarioError(
                "this intervention changes nothing; give boundary, parameters, state or excise."
            )

    def table(self) -> dict[str, Any]:
        """The table of a scenario file: texts and numbers as given, and only what is not left out."""
        found: dict[str, Any] = {"at": self.at, "label": self.label, "region": self.region}
        found["excise"] = self.excise
        for part in ("boundary", "parameters", "state"):
            found[part] = {n: as_given(v) for n, v in getattr(self, part).items()}
        return {key: value for key, value in found.items() if value or key == "at"}

    def __str__(self) -> str:
        parts = [f"{k} {v}" for k, v in (*self.boundary.items(), *self.parameters.items())]
        parts += [f"set {k} {v}" for k, v in self.state.items()]
        if self.excise:
            parts.append(f"excise {self.region or 'everything'}")
        return f"{self.label or 'intervention'} at {day_text(self.at)}: {', '.join(parts)}"


def from_keys(kind: type[T], table: object, where: str) -> T:
    """An object of data from its table in a file, where keys are the arguments of its constructor."""
    if isinstance(table, kind):
        return table
    if not isinstance(table, Mapping):
        raise ScenarioError(f"{where}: {shown(table)} is not a table of {kind.__name__}.")
    arguments = inspect.signature(kind).parameters
    for key in table:
        if key not in arguments:
            raise ScenarioError(f"{where}: {kind.__name__} has no {shown(key)}.{nearest(key, arguments)}")
    missing = [n for n, a in arguments.items() if a.default is a.empty and n not in table]
    if missing:
        raise ScenarioError(f"{where}: {kind.__name__} lacks {', '.join(missing)}.")
    return kind(**table)
