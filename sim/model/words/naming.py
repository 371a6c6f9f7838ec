"""Names of a model and of its results in words: species and solids say their own, glossary.toml the rest."""

from __future__ import annotations

from typing import Any, Protocol

from sim.parameters import Parameters
from sim.parameters.wording import Wording, computed, shown_unit, spaced, wording, wordings

OUTSIDE = ("plasma", "outer")  # what is no layer or region
START = "start"  # the entry of glossary.toml for amounts of species


class HasParts(Protocol):
    """What is asked of a sim.Model here, whose file lies above this one."""

    @property
    def species(self) -> tuple[Any, ...]: ...
    @property
    def processes(self) -> tuple[Any, ...]: ...
    @property
    def derived(self) -> tuple[Any, ...]: ...
    @property
    def fields(self) -> dict[str, tuple[float, str, str]]: ...
    @property
    def parameters(self) -> Parameters: ...
    @property
    def solids(self) -> tuple[Any, ...]: ...


def variable_words(model: HasParts, name: str, unit: str) -> Wording:
    """A variable of a result in words, none of them empty; unit: SI, for the one in which people read it."""
    own = next((s for s in model.species if s.name == name), None)
    if own is not None:
        said = Wording(own.description or own.label, own.label, own.shown_in)
        if own.mobile:
            said = said._replace(description=f"{said.description}, in pore water")
    elif name in model.fields:
        said = Wording(f"{model.fields[name][2] or spaced(name)}, as drawn")
    else:
        said = quantity_words(model, name)
    short = said.short_name or spaced(name)
    return Wording(said.description or short, short, shown_unit(unit, said.shown_in))


def parameter_words(model: HasParts, name: str) -> str:
    """What the parameter of this name is, a phrase: the model's, a layer's or region's; "" if nobody says."""
    if name in model.parameters:
        return model.parameters[name].description
    place, _, quantity = name.partition(".")
    section = "outside" if place in OUTSIDE else "places"
    said = wording(section, quantity, place=place).description if quantity != START else ""
    held = next((s for s in model.species if s.name == quantity), None)
    if not said and held is not None:
        return wording(section, START, of=held.description or held.label, place=place).description
    field = model.fields.get(quantity)
    return said or (f"{field[2]}, in the {place}" if field and field[2] and place not in OUTSIDE else "")


def quantity_words(model: HasParts, name: str) -> Wording:
    """A quantity that is computed, in words: the model's own labels go before those of glossary.toml."""
    found = computed(name)
    if not found.description:
        found = _of_phase(model, name)
    said = {o: w for d in model.derived for o, w in zip(d.outputs, d.labels, strict=False)}
    own = said.get(name, "")
    return found._replace(description=own) if own else found


def _of_phase(model: HasParts, name: str) -> Wording:
    """A saturation, or a surface to start on, of a solid."""
    for kind in wordings("phases"):
        prefix = f"{kind}_"
        if name.startswith(prefix):
            phase = name.removeprefix(prefix)
            held = [s.solid for s in model.solids if s.solid is not None and phase in (s.solid.phase, s.name)]
            named = [s for s in held if phase.startswith(s.name)]  # before others that are judged as it is
            solid = next(iter(named or held), None)
            return wording("phases", kind, title=solid.title if solid else phase, name=phase)
    return Wording()
