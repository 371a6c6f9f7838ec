"""The names of all that can change in a scenario: which numbers or words each takes, in which unit.

"lesion.radius", "acid.load"     any parameter or layer quantity
"lesion.cells"                   the cells of a layer
"duration", "resolution"         the run's length [s]; times as many cells along each axis
"constants", "growth_law", "outer", "geometry"      words
"parts"                          of the model, a list of words: ["soaps"], "soaps, scar" or "none"
"seed"                           of stochastic nucleation
"initial.Ca"                     an amount at the start, everywhere
"random_field.collagen.log_sd"   of a random field: log_sd, correlation_length, seed
"region.lesion.radius"           a length of the shape of a region
"etidronate.dose"                of a treatment, by the label of its course
"PPi.at", "PPi.until", "intervention.1.PPi"   times and values of an intervention, by label or number;
                                 "intervention.<which>.boundary.PPi" (or state, parameters) where
                                 the short form could mean two of them
"name", "title", "notes", "expected"                text
"layers", "domain", "initial", "regions", "random_fields", "stochastic", "interventions", "courses", "maps"
                                 the whole of it, as Scenario(...) takes it

Axes of sweeps and calibrations may have the names of numbers and words, not those of text and wholes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

from sim.chemistry.constants_sets import constants_sets
from sim.chemistry.other_names import species_hint
from sim.errors import ScenarioError, listing, nearest, shown
from sim.experiment.intervention import DOSE, PARTS, PLASMA, Intervention, own_name
from sim.experiment.models import standard_model
from sim.experiment.scenario_data import TEXTS, ScenarioData
from sim.model.library import GROWTH_LAWS
from sim.model.library.parts import parts
from sim.parameters import Parameter
from sim.space.boundary import KINDS as OUTER
from sim.space.geometries import GEOMETRIES
from sim.units import si_unit

TIMES = ("at", "until")
FIELD_UNITS = {"log_sd": "1", "correlation_length": "m", "seed": "1"}
WORDS = {"growth_law": GROWTH_LAWS, "outer": OUTER}
WHOLES = (
    "layers", "domain", "initial", "regions", "random_fields", "stochastic", "interventions", "courses",
    "maps",
)  # fmt: skip
WHOLE_NUMBERS = ("seed", "cells")  # the last part of a name whose values are whole numbers
RESOLUTION, CELLS = (0.01, 100.0), (1, 100_000)


@dataclass(frozen=True)
class Target:
    """What a name means.

    kind: how `changed` changes it; where: what of, as `kind` needs it. Equal targets are one thing
    unit: of the values, SI; "" for words; words: those allowed; whole: whole numbers only
    least: what values may not lie below (above, if `open`); limits: both ends of what they may be
    parameter: whose range they should keep; axis: whether an axis of a sweep may have the name
    own: what an intervention may say for the scenario's own value, "plasma.PPi"; "" elsewhere
    """

    kind: str
    where: tuple = ()
    unit: str = ""
    words: tuple[str, ...] = ()
    whole: bool = False
    least: float | None = None
    open: bool = False
    limits: tuple[float, float] | None = None
    parameter: Parameter | None = None
    axis: bool = True
    own: str = ""


def target(base: ScenarioData, name: str) -> Target:
    """What `name` means in a scenario; a sentence with the nearest name when it means nothing."""
    if not isinstance(name, str):
        raise ScenarioError(f"{shown(name)} is not a name; names are text, such as 'lesion.radius'.")
    if name in base.parameters:
        return _parameter(base.parameters[name], name)
    found = _plain(base, name) or _dotted(base, name)
    try:
        found = found or _intervention(base, name)
    except ScenarioError:  # of an intervention that is called as a layer is
        if name not in base.candidates():
            raise
    if found is not None:
        return found
    try:
        known = base.parameter(name)
    except ScenarioError:
        inside = [n for n in base.parameters if n.endswith(f".{name}")]
        hint = species_hint(name, [*base.candidates(), *target_names(base)])
        hint = f" Did you mean {listing(inside, 4)}?" if inside else hint
        laws = [law for law in GROWTH_LAWS if name in standard_model(growth_law=law).parameters]
        hint = f" It belongs to growth_law = '{laws[0]}'." if laws else hint
        holding = [n for n, part in parts().items() if name in part.parameters]
        hint = f" It belongs to parts = ['{holding[0]}']." if holding else hint
        if not base.interventions and name.endswith((".at", ".until")):
            hint = " It has no interventions; a scenario file, or with_intervention in Python, adds one."
        raise ScenarioError(f"'{name}' is nothing that {base.name} has.{hint}") from None
    return _parameter(known, name)


def target_names(base: ScenarioData) -> list[str]:
    """Names that can be given, but for layer quantities that the scenario leaves at their default."""
    found = [*base.parameters, *(f"{n}.cells" for n, _ in base.layers)]
    found += ["duration", "resolution", "constants", "growth_law", "outer", "geometry", "parts"]
    found += [*TEXTS, *WHOLES, *(["seed"] if base.stochastic else [])]
    found += [f"initial.{s.name}" for s in base.model.species]
    found += [f"random_field.{f.field}.{part}" for f in base.random_fields for part in FIELD_UNITS]
    found += [f"region.{n}.{part}" for n, shape in base.regions for part in _lengths(shape)]
    for k, i in enumerate(base.interventions):
        which = i.label or str(k + 1)
        times = (TIMES if i.lasts else TIMES[:1]) + ((DOSE,) if i.dose is not None else ())
        found += [f"{lead}{which}.{time}" for time in times for lead in ("", "intervention.")]
        found += [f"intervention.{which}.{n}" for part in PARTS for n in getattr(i, part)]
    return found


def held_value(base: ScenarioData, t: Target) -> Any:
    """What the scenario has there now: an SI number or a word; None where it says nothing."""
    if t.kind == "parameter":
        return base.parameter(t.where[0]).si
    if t.kind == "cells":
        return dict(base.layers)[t.where[0]]
    if t.kind == "initial":
        return base.initial.get(t.where[0])
    if t.kind == "seed":
        return None if base.stochastic is None else base.stochastic.seed
    if t.kind == "resolution":
        return 1.0
    if t.kind in ("random_field", "region"):
        index, part = t.where
        return getattr(
            base.random_fields[index] if t.kind == "random_field" else base.regions[index][1], part
        )
    if t.kind == "intervention":
        index, part, *rest = t.where
        value = getattr(base.interventions[index], part)
        return value.get(rest[0]) if rest else value
    return getattr(base, t.kind)


def _parameter(p: Parameter, name: str) -> Target:
    least = 0.0 if p.low is not None and p.low >= 0 else None
    return Target("parameter", (name,), si_unit(p.unit), least=least, parameter=p)


def _plain(base: ScenarioData, name: str) -> Target | None:
    if name in WORDS:
        return Target(name, words=tuple(WORDS[name]))
    if name == "constants":
        return Target(name, words=tuple(constants_sets()))
    if name == "geometry":
        fit = (n for n, g in GEOMETRIES.items() if not base.domain or len(g.axes) == len(base.domain))
        return Target(name, words=tuple(fit))
    if name == "duration":
        return Target(name, unit="s", least=0.0, open=True)
    if name == "resolution":
        return Target(name, unit="1", limits=RESOLUTION)
    if name == "parts":
        return Target(name, axis=False)
    if name in TEXTS or name in WHOLES:
        return Target("text" if name in TEXTS else "whole", (name,), axis=False)
    if name == "seed":
        if base.stochastic is None:
            raise ScenarioError(
                f"'seed' would decide nothing: nucleation is not stochastic in {base.name}. Start from "
                "scenario.with_stochastic_nucleation(seed=1, ...)."
            )
        return Target(name, unit="1", whole=True, least=0.0)
    return None


def _dotted(base: ScenarioData, name: str) -> Target | None:
    """Cells of layers, amounts at the start, random fields and shapes of regions."""
    first, _, rest = name.partition(".")
    what, _, part = rest.rpartition(".")
    if rest == "cells":
        layers = dict(base.layers)
        if first not in layers:
            raise ScenarioError(f"{name}: there is no layer '{first}'.{nearest(first, layers)}")
        return Target("cells", (first,), "1", whole=True, limits=CELLS)
    if first == "initial":
        units = {s.name: (s.unit, s.signed) for s in base.model.species} | {"pH": ("1", False)}
        if rest not in units:
            raise ScenarioError(f"{name}: '{rest}' is not a species.{species_hint(rest, units)}")
        unit, signed = units[rest]
        return Target("initial", (rest,), si_unit(unit), least=None if signed else 0.0)
    if first == "random_field":
        found = [k for k, f in enumerate(base.random_fields) if f.field == what]
        if len(found) == 1 and part in FIELD_UNITS:
            return Target(
                "random_field", (found[0], part), FIELD_UNITS[part], whole=part == "seed", least=0.0,
                open=part == "correlation_length",
            )  # fmt: skip
    if first == "region":
        found = [k for k, (n, shape) in enumerate(base.regions) if n == what and part in _lengths(shape)]
        if len(found) == 1:
            return Target("region", (found[0], part), "m", least=0.0)
    return None


def _lengths(shape: Any) -> list[str]:
    """Fields of a shape that are one length."""
    return [
        f.name for f in fields(shape) if isinstance(getattr(shape, f.name), float) and f.name != "threshold"
    ]


def _intervention(base: ScenarioData, name: str) -> Target | None:
    """The time or a value of an intervention."""
    given = name.removeprefix("intervention.")
    matches = sorted(_called(base, given), key=lambda row: -len(row[0]))
    if not matches:
        if given != name:
            labels = [i.label or str(k + 1) for k, i in enumerate(base.interventions)]
            raise ScenarioError(
                f"'{name}' names no intervention of {base.name}; there are {listing(labels)}."
                f"{nearest(given.partition('.')[0], labels)}"
            )
        return None
    which, k, rest = matches[0]
    if len([m for m in matches if m[0] == which]) > 1:
        raise ScenarioError(f"'{name}': several interventions are called '{which}'; number them from 1.")
    if rest in TIMES:
        return Target("intervention", (k, rest), "s", least=0.0)
    i = base.interventions[k]
    if rest == DOSE and i.treatment and i.given.dose is not None:
        return Target(
            "intervention", (k, rest), si_unit(i.given.dose.unit), least=0.0, parameter=i.given.dose
        )
    part, _, inner = rest.partition(".")
    found = (
        [(part, inner)] if part in PARTS and inner else [(p, rest) for p in PARTS if rest in getattr(i, p)]
    )
    if given == name or not found:
        held = [n for p in PARTS for n in getattr(i, p)] + ([DOSE] if i.dose is not None else [])
        raise ScenarioError(
            f"'{name}': the intervention '{which}' has its times, 'at' and 'until', and values of "
            f"{listing(held)}; call them intervention.{which}.{held[0] if held else 'at'}."
            f"{nearest(rest, held)}"
        )
    if len(found) > 1:
        options = [f"intervention.{which}.{p}.{n}" for p, n in found]
        raise ScenarioError(f"'{name}' could be {' or '.join(options)}; write which.")
    return _value(base, i, k, *found[0])


def _called(base: ScenarioData, given: str) -> Iterator[tuple[str, int, str]]:
    """(label or number, index, what follows) of the interventions that a name begins with."""
    for k, i in enumerate(base.interventions):
        for which in dict.fromkeys((i.label, str(k + 1))):
            if which and given.startswith(f"{which}."):
                yield which, k, given[len(which) + 1 :]


def _value(base: ScenarioData, i: Intervention, k: int, part: str, name: str) -> Target:
    where = (k, part, name)
    if part == "parameters":
        p = target(base, name)
        if p.kind != "parameter":
            raise ScenarioError(f"{i}: '{name}' is not a parameter.{nearest(name, base.parameters)}")
        return Target("intervention", where, p.unit, least=p.least, parameter=p.parameter, own=name)
    species = {s.name: s for s in base.model.species if part == "state" or s.mobile}
    if name == "pH" and part == "boundary":
        return Target("intervention", where, "1", least=0.0, own=own_name(part, name))
    if name not in species:
        raise ScenarioError(f"{i}: '{name}' is not a species that {part} takes.{species_hint(name, species)}")
    s = species[name]
    least, outside = None if s.signed else 0.0, f"{PLASMA}.{name}"
    if part == "state":
        return Target("intervention", where, si_unit(s.unit), least=least)
    return Target(
        "intervention",
        where,
        si_unit(s.unit),
        least=least,
        own=outside,
        parameter=base.parameters.get(outside),
    )
