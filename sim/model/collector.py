"""Sums over species, collected anew whenever the species of a model change.

What every solid contributes to (the volume that mineral takes from pores, the surface on which another
solid starts) is no list in a formula: each species says of itself what it adds, and a new one joins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sim.errors import ModelError, not_one_of
from sim.model.species import Species

VOLUME, SURFACE, ADSORBED = "volume", "surface", "adsorbed"


@dataclass(frozen=True)
class Sum:
    """A formula that adds up what species contribute; it stands where a plain function would.

    what: "volume", of the solids that fill pores (molar volume x amount), "surface", of what `on` starts on
        (amounts), or "adsorbed", of poisons on the surface of apatite (adsorption constant x concentration)
    taken_from: a field or quantity that the sum is taken from; the sum itself if empty
    groups: the terms, (weight, species that share it); the model fills them in
    """

    what: str
    on: str = ""
    taken_from: str = ""
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        known = (VOLUME, SURFACE, ADSORBED)
        if self.what not in known:
            raise ModelError(not_one_of("Sum: what", self.what, known))

    @property
    def __name__(self) -> str:
        return "_".join(part for part in (self.what, "for" if self.on else "", self.on) if part)

    @property
    def arguments(self) -> tuple[str, ...]:
        """What it adds up, then the weights."""
        start = (self.taken_from,) if self.taken_from else ()
        return (*start, *(n for _, names in self.groups for n in names), *(w for w, _ in self.groups if w))

    def over(self, species: Iterable[Species]) -> tuple[Sum, dict[str, str]]:
        """The sum over these species, and the parameters that its weights stand for."""
        groups: dict[str, tuple[str, ...]] = {}
        inputs: dict[str, str] = {}
        for s in reversed(tuple(species)):
            if self.what == VOLUME and s.solid is not None and s.solid.fills_pores:
                weight = s.solid.volume_name.replace("mineral.", "")
                inputs[weight] = s.solid.volume_name
                groups[weight] = (*groups.get(weight, ()), s.name)
            elif self.what == SURFACE and self.on in s.surface_for:
                groups[""] = (*groups.get("", ()), s.name)
            elif self.what == ADSORBED and s.adsorption:
                weight = s.adsorption.replace(".", "_")
                inputs[weight] = s.adsorption
                groups[weight] = (*groups.get(weight, ()), s.name)
        return replace(self, groups=tuple(groups.items())), inputs

    def text(self, name: str) -> str:
        """The sum as a plain function of this name."""
        parts = []
        for weight, names in self.groups:
            inside = " + ".join(names)
            many = weight and len(names) > 1
            parts.append(f"{weight} * ({inside})" if many else f"{weight} * {inside}" if weight else inside)
        if self.taken_from:
            body = " - ".join([self.taken_from, *parts])
        else:
            body = " + ".join(parts) or "0.0"
        return f"def {name}({', '.join(self.arguments)}):\n    return {body}"

    def __call__(self, *values: float) -> float:
        """The sum of numbers, in the order of `arguments`."""
        given = dict(zip(self.arguments, values, strict=True))
        total = sum(given.get(weight, 1.0) * sum(given[n] for n in names) for weight, names in self.groups)
        return given[self.taken_from] - total if self.taken_from else total
