"""Names of a model and of its results in words: species and solids say their own, glossary.toml the rest."""

from __future__ import annotations

from sim.model.model import Model
from sim.model.reactions import OMEGA, TEMPLATE
from sim.parameters.wording import Wording, shown_unit, spaced, wording, wordings

PHASE_PREFIXES = {OMEGA: "ln_omega", "SI_": "SI", "S_": "S", TEMPLATE: "template"}


def variable_words(model: Model, name: str, unit: str) -> Wording:
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


def quantity_words(model: Model, name: str) -> Wording:
    """A quantity that is computed, in words: the model's own labels go before those of glossary.toml."""
    found = wordings("results").get(name) or wordings("quantities").get(name) or _of_phase(model, name)
    said = {o: w for d in model.derived for o, w in zip(d.outputs, d.labels, strict=False)}
    own = said.get(name, "")
    return found._replace(description=own) if own else found


def _of_phase(model: Model, name: str) -> Wording:
    """A saturation, or a surface to start on, of a solid."""
    for prefix, kind in PHASE_PREFIXES.items():
        if name.startswith(prefix):
            phase = name.removeprefix(prefix)
            held = (s.solid for s in model.solids if s.solid is not None)
            solid = next((s for s in held if phase in (s.phase, s.name)), None)
            return wording("phases", kind, title=solid.title if solid else phase, name=phase)
    return Wording()
