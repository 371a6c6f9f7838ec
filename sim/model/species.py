"""Species: what is counted in each cell, where it may go, and which elements it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sim.chemistry.solids import Solid
from sim.errors import ModelError, UnitError, shown
from sim.model.words.spelling import check_word
from sim.parameters.wording import spaced
from sim.public import public
from sim.units import convert_number, parse_unit, si_unit, to_unit

Named = float | str  # a number, or the dotted name of a parameter whose SI value is used
Coefficient = Named | tuple[Named, ...]  # "-name" for its negative; several are added
LONGEST_LABEL = 24  # characters


@public
@dataclass(frozen=True)
class Species:
    """One state variable of a cell.

    diffusivity: in free water [m2/s], a number, a text with a unit, or a parameter's name;
        0 means immobile. In formulas and results the name of a mobile species stands for its
        pore-water concentration, that of an immobile one for its amount per bulk volume.
    scale: a typical size, in the species' unit; absolute tolerances come from it and nothing else.
    contains: {element: amount per unit}, numbers or parameter names; what the ledger adds up.
    pool: the row of the ledger it is counted in.
    signed: whether it may be negative (acidity); all others are watched for undershoot.
    initial: amount at the start where nothing else is said; times the quantity of the layer that
        `initial_per` names, if it does (phosphatase that living tissue keeps up).
    healthy: amount in healthy tissue, which an excision puts in place; `initial` if 0.
    equilibrated: whether a run starts it where its net rate vanishes (buffers, baselines).
    solid: the facts of what it is made of; it then fills pores, and contents, pool, colour and
        surface follow from them unless they are given.
    surface_for: solids that start on its surface.
    adsorption: the parameter that is its adsorption constant on apatite [m3/mol], if it poisons growth.
    covers: the field of nucleation sites of which it is the share that is covered ("elastin").
    colour: in figures.
    description: what it is, a phrase. short_name: in legends and on axes; `label` is never empty.
    shown_in: the unit people read it in, where that is not mM.
    """

    name: str
    diffusivity: Named = 0.0
    scale: float = 1.0
    contains: Mapping[str, Coefficient] = field(default_factory=dict)
    unit: str = "mol m-3"
    pool: str = ""
    signed: bool = False
    initial: Coefficient = 0.0
    initial_per: str = ""
    healthy: Coefficient = 0.0
    equilibrated: bool = False
    description: str = ""
    solid: Solid | None = None
    surface_for: tuple[str, ...] = ()
    adsorption: str = ""
    colour: str = ""
    short_name: str = ""
    shown_in: str = ""
    covers: str = ""

    def __post_init__(self) -> None:
        check_word(self.name, "a species")
        for element in self.contains:
            check_word(element, f"an element in {self.name}", formula=False)
        if isinstance(self.diffusivity, str) and self.diffusivity[:1].isdigit():
            object.__setattr__(
                self, "diffusivity", convert_number(self.diffusivity, "m2/s", f"{self.name}.diffusivity")
            )
        if not isinstance(self.diffusivity, str) and not 0 <= self.diffusivity < 1e-6:
            raise ModelError(
                f"{self.name}: diffusivity = {self.diffusivity!r} is outside 0-1e-6 m2/s; "
                "small ions have about 1e-9."
            )
        if not self.scale > 0:
            raise ModelError(f"{self.name}: scale = {self.scale!r} must be positive.")
        self._check_unit()
        if self.shown_in and parse_unit(self.shown_in).dimension != parse_unit(self.unit).dimension:
            raise ModelError(
                f"{self.name}: shown_in = '{self.shown_in}' is no unit for what is in {self.unit}."
            )
        if self.solid is not None:
            self._follow(self.solid)

    def _check_unit(self) -> None:
        """Take an SI unit in the spelling of results; amounts in any other would be taken for SI."""
        try:
            plain, factor = si_unit(self.unit), to_unit(1.0, self.unit)
        except UnitError as error:
            raise ModelError(f"{self.name}: unit: {error}") from None
        if factor != 1.0:
            raise ModelError(
                f"{self.name}: unit = {shown(self.unit)}, but amounts are in SI, '{plain}'. For the unit "
                f"that people read it in give shown_in={shown(self.unit)}."
            )
        object.__setattr__(self, "unit", plain)

    def _follow(self, solid: Solid) -> None:
        """What is not given follows from the solid."""
        if self.mobile:
            raise ModelError(f"{self.name} is a solid and cannot diffuse; leave out its diffusivity.")
        facts = {
            "contains": solid.contains,
            "pool": self.name,
            "description": solid.description or f"{solid.title}, {solid.formula}",
            "surface_for": solid.surface_for,
            "colour": solid.colour,
        }
        for key, value in facts.items():
            if not getattr(self, key):
                object.__setattr__(self, key, value)

    @property
    def label(self) -> str:
        """The short name, or the description where that is as short, or the name."""
        brief = self.description if self.solid is None and len(self.description) <= LONGEST_LABEL else ""
        return self.short_name or brief or spaced(self.name)

    @property
    def mobile(self) -> bool:
        """Whether it diffuses in pore water."""
        return isinstance(self.diffusivity, str) or self.diffusivity > 0

    def with_(self, **changes: Any) -> Species:
        """A copy with some fields replaced."""
        return replace(self, **changes)
