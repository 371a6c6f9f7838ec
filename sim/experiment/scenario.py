"""A scenario: which model, in which tissue, fed by which fluid, for how long. Data, and ways to change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.errors import ScenarioError, listing, nearest, shown
from sim.experiment import change, places
from sim.experiment.intervention import Intervention, course_of
from sim.experiment.nucleation import StochasticNucleation
from sim.experiment.saving import save_scenario
from sim.experiment.scenario_data import PERMEABILITY, PLASMA, SIZES, ScenarioData
from sim.experiment.timing.course import Course
from sim.experiment.values.given import seconds
from sim.experiment.wording import amount_at_start, arrow, layers_text, scenario_html
from sim.model.model import Model
from sim.parameters import Parameter, Parameters
from sim.public import public
from sim.space.geometries import GEOMETRIES
from sim.space.random_field import RandomField
from sim.space.shapes import Shape
from sim.texts import printable, typed_time

__all__ = ["PLASMA", "Scenario"]


class Scenario(ScenarioData):
    """Everything a run needs. Frozen; `changed` and `with_...` return a changed copy.

    geometry: "slab" (half of it, from the mid-plane), "cylinder", "sphere", "rectangle", "box"
        (the lesion in the middle of a square or cube) or "well_mixed"
    layers: ((name, cells), ...) from the centre outwards. The parameters of a layer are
        "<layer>.thickness" (or ".radius"), any field of the model, "perfusion", the initial
        amount of any species and "pH"; what is not given is 0, the field's default, or plasma's.
    outer: "fixed", "closed" or "exchange", what surrounds the outermost layer
    duration: of the run [s], or text such as "30 day"
    parameters: the scenario's own values: text with a unit, an SI number, or a whole Parameter;
        afterwards the model's, with the scenario's values, and the scenario's own
    initial: {species: value} everywhere, pore water for mobile species, or the name of a
        layer quantity to copy; None, or "none", takes an entry of a base out
    interventions: what is done to the tissue, and when (sim.Intervention)
    courses: quantities that follow values in time, without a cut in the run (sim.Course)
    constants, growth_law, parts: words that the model was made with
    domain: ((length, cells), ...) an axis, where the layers do not decide: a line from 0 on, a
        rectangle or box around the origin; the last layer then needs no size
    regions: ((name, shape), ...) painted over the layers, later over earlier (sim.shapes); their
        parameters are called as those of layers are
    random_fields: lognormal factors on fields of the model (with_random_field)
    maps: measured volumes, what a run starts with or a factor on sites (sim.imaging.mineral_map)
    stochastic: whether and how nucleation is drawn (with_stochastic_nucleation)
    """

    @public
    def changed(self, values: Mapping[str, Any]) -> Scenario:
        """A copy with other values, by name.

            scenario.changed({"lesion.radius": "2 mm", "geometry": "sphere", "lesion.cells": 20})

        values: text with a unit, SI numbers, words; `sim.experiment.targets` lists the names. The same
        names are used by --set, sweep files, axes, calibrations and scenario files.
        """
        return change.changed(self, values)

    @public
    def with_parameters(self, values: Mapping[str, float | str | Parameter]) -> Scenario:
        """A copy with other values: text with a unit, a number in SI, or a whole Parameter.

        A layer quantity that the scenario leaves at its default ("lesion.elastin") may be given too.
        """
        return change.with_parameters(self, values)

    @public
    def with_intervention(self, *interventions: Intervention) -> Scenario:
        """A copy with interventions added."""
        return self.changed({"interventions": (*self.interventions, *interventions)})

    @public
    def treated(
        self, name: str, start: float | str = 0.0, stop: float | str | None = None,
        dose: float | str | None = None, region: str = "",
    ) -> Scenario:  # fmt: skip
        """A copy under a treatment (sim.treatments()): the parts and properties it needs, and a course of it.

        name: or all in a word, "etidronate@3day..10day:2uM"; start, stop: [s or text], or to the end
        dose: text with a unit or SI, or its default; region: where, of what acts in tissue
        "etidronate.dose" and "etidronate.at" are names for `changed`. Warns (RangeWarning) of an odd dose.
        """
        cut = course_of(name, (start, stop, dose), region, self.interventions, places.names_of(self))
        values: dict[str, Any] = {"parts": (*self.parts, *cut.given.parts)}
        if all(old.treatment != cut.treatment for old in self.interventions):
            values |= cut.given.properties
        return self.changed(values).with_intervention(cut)

    @public
    def with_course(
        self, of: str, times: Sequence[float | str] = (), values: Sequence[float | str] = (),
        file: str | Path | None = None,
    ) -> Scenario:  # fmt: skip
        """A copy in which "plasma.P", say, follows values beside times, or a CSV, and no other course."""
        made = Course(of, times, values, file)
        return self.changed({"courses": (*(c for c in self.courses if c.of != made.of), made)})

    @public
    def with_model(self, model: Model, initial: Mapping[str, float | str] | None = None) -> Scenario:
        """A copy with another model; values that the scenario gave to parameters are kept."""
        return replace(self, model=model, initial={**self.initial, **(initial or {})})

    @public
    def with_stochastic_nucleation(
        self, seed: int, interval: float | str | None = None, sample: float | str | None = None
    ) -> Scenario:
        """A copy in which crystals are born whole, by chance (sim.experiment.nucleation).

        interval: time between draws [s or text]; sample: true depth of a rectangle, length of a
            cylinder, cross-section of a slab, volume of a stirred cell ("10 um")
        """
        return self.changed({"stochastic": StochasticNucleation(seed, interval, sample)})

    @public
    def with_geometry(
        self, geometry: str, cells: Mapping[str, int] | None = None, domain: Sequence[tuple[Any, int]] = ()
    ) -> Scenario:
        """A copy in another geometry and, by layer, with other numbers of cells, or a stated domain."""
        values: dict[str, Any] = {"geometry": geometry}
        values |= {f"{layer}.cells": count for layer, count in (cells or {}).items()}
        new = GEOMETRIES.get(geometry)
        if len(domain) or new is None or len(new.axes) != len(GEOMETRIES[self.geometry].axes):
            values["domain"] = tuple(domain)
        return self.changed(values)

    def with_resolution(self, factor: float | str) -> Scenario:
        """A copy with `factor` times as many cells in each layer, or along each axis (at least one).

        factor: above 0, and such that no axis gets more than 100 000 cells
        """
        return change.finer(self, factor)

    def with_region(self, name: str, shape: Shape, like: str = "") -> Scenario:
        """A copy with a shape painted over what is there (sim.shapes).

        name: a new place, a region to enlarge, or a layer, which is then where the shape is and
            nowhere else; like: the layer or region whose parameters a new place starts with
        The domain stays as it was, with equal cells.
        """
        places.checked_regions([(name, shape)])
        layers = tuple(x for x in self.layers if x[0] != name)
        if not layers:
            raise ScenarioError(
                f"'{name}' is the only layer; a region needs another around it. Give the region another "
                f"name, and like='{name}'."
            )
        values = dict(self.parameters)
        if layers != self.layers:  # the shape says now how large it is; a radius nobody reads would mislead
            for size in SIZES:
                values.pop(f"{name}.{size}", None)
        if not isinstance(like, str):
            raise ScenarioError(f"like = {shown(like)} is not text; give the name of a layer or region.")
        if like:
            known = places.names_of(self)
            if like not in known:
                raise ScenarioError(f"like: there is no layer or region '{like}'.{nearest(like, known)}")
            for key, p in self.parameters.within(like).items():
                quantity = key.removeprefix(f"{like}.")
                if quantity not in SIZES:
                    values.setdefault(f"{name}.{quantity}", p)
        regions = (*self.regions, (name, shape))
        domain = places.domain_of(self)
        return replace(self, layers=layers, regions=regions, domain=domain, parameters=Parameters(values))

    @public
    def with_random_field(
        self, field: str, log_sd: float, correlation_length: float | str, seed: int, region: str = ""
    ) -> Scenario:
        """A copy in which a density ("collagen") varies by a lognormal factor of mean 1.

        log_sd: of the logarithm, sqrt(ln(1 + cv^2)); correlation_length [m or text]; region: where
        """
        made = RandomField(field, log_sd, correlation_length, seed, region)
        return self.changed({"random_fields": (*self.random_fields, made)})

    def with_(self, **changes: Any) -> Scenario:
        """A copy with other fields, as Scenario(...) takes them: duration, outer, name, title, ...

        initial and parameters are added to those there are, as everywhere: with_(initial={"Ca":
        "1.2 mM"}) keeps the glycogen, with_(initial={"glycogen": None}) takes it out. (A whole
        sim.Parameters takes the place of all parameters.)
        """
        unknown = set(changes) - set(self.__dataclass_fields__)
        if unknown:
            word = sorted(unknown)[0]
            raise ScenarioError(f"a scenario has no '{word}'.{nearest(word, self.__dataclass_fields__)}")
        if isinstance(changes.get("initial"), Mapping):
            changes["initial"] = {**self.initial, **changes["initial"]}
        if "interventions" in changes:
            new = changes["interventions"]
            made = self.with_(**{n: v for n, v in changes.items() if n != "interventions"})
            return made.changed({"interventions": new})
        if "duration" in changes:  # judged here: below, the line that called is no longer in sight
            changes["duration"] = seconds(changes["duration"], "duration")
        given = changes.get("parameters")
        if isinstance(given, Mapping) and not isinstance(given, Parameters):
            del changes["parameters"]
            return change.with_parameters(replace(self, **changes), given)
        return replace(self, **changes)

    @public
    def save(self, path: str | Path) -> Path:
        """Write a scenario file, which sim.scenario(path) reads back as an equal scenario.

        Returns the path. A model of one's own cannot be written; a sentence says what to do instead.
        """
        return save_scenario(self, Path(path))

    def interventions_in_words(self) -> list[str]:
        """Each intervention as a line, values with the units of the model: "PPi at 3 day: PPi 20 uM"."""
        return [i.in_words(self._unit) for i in self.interventions]

    def courses_in_words(self) -> list[str]:
        """Each course as a line: "plasma.P follows 1.2 mM at 0 s, 1.8 mM at 6 h"."""
        return [c.in_words(self._unit("parameters", c.of)) for c in self.courses]

    def initial_in_words(self) -> dict[str, str]:
        """The amounts at the start as they were given, or with units: {"Ca": "1.2 mM"}."""
        return {n: amount_at_start(self, n) for n in self.initial}

    def _unit(self, part: str, name: str) -> str:
        """The unit of a value of an intervention."""
        if part == "parameters":
            try:
                return self.parameter(name).unit
            except ScenarioError:  # of a place or a growth law that may still come
                return ""
        units = {s.name: s.unit for s in self.model.species} | {"pH": "1"}
        return units.get(name, "")

    @public
    def diff(self, base: Scenario) -> str:
        """What differs from `base` to this scenario, a line each: "old -> new", or "+" and "-"."""
        lines = [str(row) for row in base.parameters.diff(self.parameters)]
        for key in ("geometry", "outer", "constants", "growth_law"):
            lines += arrow(key, getattr(base, key), getattr(self, key))
        lines += arrow("parts", listing(base.parts) or "none", listing(self.parts) or "none")
        lines += arrow("duration", typed_time(base.duration), typed_time(self.duration))
        old, new = dict(base.layers), dict(self.layers)
        if list(old) == list(new):
            lines += [row for n in old for row in arrow(f"{n}.cells", str(old[n]), str(new[n]))]
        else:
            lines += arrow("layers", layers_text(base), layers_text(self))
        lines += arrow("domain", places.domain_text(base.domain), places.domain_text(self.domain))
        for n in dict.fromkeys((*base.initial, *self.initial)):
            if base.initial.get(n) != self.initial.get(n):
                lines.append(f"initial.{n}: {amount_at_start(base, n)} -> {amount_at_start(self, n)}")
        before = {p.name for p in base.model.processes}
        after = {p.name for p in self.model.processes}
        lines += [f"process removed: {n}" for n in sorted(before - after)]
        lines += [f"process added: {n}" for n in sorted(after - before)]
        gone, come = _events(base), _events(self)
        lines += _only_in(base, gone, "-", come) + _only_in(self, come, "+", gone)
        return "\n".join(lines) or "no difference"

    def __repr__(self) -> str:
        layers, outer = layers_text(self), self.outer
        if self.domain:
            layers = f"{places.domain_text(self.domain)} of {', '.join(places.names_of(self))}"
        if outer == "exchange" and PERMEABILITY in self.parameters:
            outer += f" ({self.parameters[PERMEABILITY].text()})"
        parts = [f"{self.name}: {self.title or 'untitled'}", f"{self.geometry}, {layers}", f"outer {outer}"]
        if self.initial:
            parts.append("initial " + ", ".join(f"{n} {text}" for n, text in self.initial_in_words().items()))
        parts += [*(row for _, row in _events(self)), f"{self.duration / 86400:g} days", repr(self.model)]
        return printable(f"Scenario({'; '.join(parts)})")

    def _repr_html_(self) -> str:
        return scenario_html(self, [text for _, text in _events(self)])


def _only_in(s: Scenario, rows: list[tuple[Any, str]], sign: str, others: list[tuple[Any, str]]) -> list[str]:
    """Lines of what the others lack; with all digits where six would make them read like one of those."""
    events, texts = [e for e, _ in others], [text for _, text in others]
    return [f"{sign} {_exactly(s, e) if text in texts else text}" for e, text in rows if e not in events]


def _exactly(s: Scenario, event: Any) -> str:
    """What happens, in words, with all digits."""
    if isinstance(event, Course):
        return event.in_words(s._unit("parameters", event.of), 17, len(event.times))
    return event.in_words(s._unit, 17) if isinstance(event, Intervention) else event.in_words()


def _events(s: Scenario) -> list[tuple[Any, str]]:
    """Regions, random fields, maps, chance, courses and interventions, each with a line on what it is."""
    rows: list[tuple[Any, str]] = [
        ((n, shape), f"region {n}: {places.shape_text(shape)}") for n, shape in s.regions
    ]
    rows += [(f, f.in_words()) for f in (*s.random_fields, *s.maps, s.stochastic) if f is not None]
    rows += zip(s.courses, s.courses_in_words(), strict=True)
    return rows + list(zip(s.interventions, s.interventions_in_words(), strict=True))
