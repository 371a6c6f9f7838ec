"""The treatments that come with the package, a file of data/treatments each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

from sim.errors import ConfigError, ScenarioError, listing, nearest, shown
from sim.experiment.treatments.effects import Effect
from sim.experiment.values.given import check_unit, si_number
from sim.notebook.fragments import html_facts, html_head, html_list, html_whole
from sim.parameters import Parameter, Parameters, parameters_from
from sim.parameters.in_html import parameter_folds
from sim.parameters.sections import LONGEST_TEXT, Section, tables_of_file
from sim.public import public

NUMBERS = ("dose", "half_effect", "half_life", "interval")
TEXTS = ("title", "mechanism", "acts_on", "expected", "limits", "onset")
KEYS = (*TEXTS, *NUMBERS, "parts", "region", "properties", "effects")
LAST_HALF_LIFE = 20  # to which a dose is followed: a millionth of it is left then, and none is taken after


@dataclass(frozen=True)
class Treatment:
    """What is done to a patient, as data.

    title, mechanism, acts_on, expected (direction), limits, onset: in words
    dose: default, unit, range, source and confidence of the number that its effects follow from; None
        where there is none · half_effect: the dose of half the effect, of an inhibitor
    half_life: of the level in plasma after each dose, or once what is kept up ends · interval: between doses
    parts: of the model that it needs · properties: parameters of a scenario that say which drug it is
    region: the layer or region it acts on where a scenario has one of that name and no other is given
    """

    name: str
    title: str
    mechanism: str
    effects: tuple[Effect, ...]
    acts_on: str = ""
    expected: str = ""
    limits: str = ""
    onset: str = ""
    dose: Parameter | None = None
    half_effect: Parameter | None = None
    half_life: Parameter | None = None
    interval: Parameter | None = None
    parts: tuple[str, ...] = ()
    region: str = ""
    properties: Parameters = field(default_factory=lambda: Parameters({}))

    @property
    def lasts(self) -> bool:
        """Whether any of its effects lasts, so that a course of it may end."""
        return any(e.lasts for e in self.effects)

    @property
    def local(self) -> bool:
        """Whether it acts in a layer or region, and does not come with plasma or by parameters alone."""
        return any(e.part not in ("boundary", "parameters") for e in self.effects)

    @property
    def washout(self) -> float:
        """How long after the end of a course something of it is left in plasma [s]; 0 without a half-life."""
        return 0.0 if self.half_life is None else LAST_HALF_LIFE * self.half_life.si

    def mean(self, dose: float) -> float:
        """The mean over the time between doses of what decays from `dose` by the half-life [as `dose`].

        The integral of 2^(-t/h) from 0 to the interval T, over T: h (1 - 2^(-T/h))/(T ln 2).
        """
        if self.half_life is None or self.interval is None:
            return dose
        x = math.log(2.0) * self.interval.si / self.half_life.si
        return -dose * math.expm1(-x) / x

    def doses(self, start: float, end: float) -> tuple[float, ...]:
        """When doses are given between two times [s]; none where it is not given in doses."""
        if self.half_life is None or self.interval is None:
            return ()
        each = self.interval.si
        return tuple(start + k * each for k in range(max(math.ceil((end - start) / each), 1)))

    def changed(self, effect: Effect, own: float, dose: float, name: str, share: float = 1.0) -> float:
        """The value of a quantity under treatment [SI]. own: without it; dose: [SI]; name: of the quantity
        share: of the dose that is left in plasma [0-1]

        Raises ScenarioError where less would be left than nothing.
        """
        half = 1.0 if self.half_effect is None else self.half_effect.si
        found = effect.value(own, dose, half, share)
        if found < 0.0 <= own:
            raise ScenarioError(
                f"{self.name}: {name} is {own:.4g} in SI, and {effect.in_words()} would leave {found:.4g}; "
                "take a smaller dose."
            )
        return found

    def outside(self, dose: float | None) -> str:
        """A sentence on a dose [SI] outside its range, or ""."""
        if self.dose is None or dose is None:
            return ""
        return self.dose.at(float(dose)).outside(f"{self.name}.dose")

    def refuse_beside(self, others: Iterable[Treatment]) -> None:
        """Refuse a drug beside another of its class: a scenario holds the properties of one."""
        for other in others:
            shared = [n for n in self.properties if n in other.properties and other.name != self.name]
            if shared:
                raise ScenarioError(
                    f"{self.name} and {other.name} both say what {shared[0]} is, and a scenario holds one of "
                    "them; compare them in two runs."
                )

    def label_beside(self, labels: Iterable[str]) -> str:
        """What a course of it is called beside others: "etidronate", then "etidronate_2"."""
        taken = set(labels)
        names = (self.name, *(f"{self.name}_{k}" for k in range(2, len(taken) + 3)))
        return next(n for n in names if n not in taken)

    def in_words(self) -> Iterator[tuple[str, str]]:
        """("what", "in words") of all there is to say of it."""
        yield "mechanism", self.mechanism
        yield "acts on", self.acts_on
        yield "sets", "; ".join(e.in_words() for e in self.effects)
        for key, p in self.numbers.items():
            yield key.replace("_", " "), _told(p)
        for name, p in self.properties.items():
            yield name, _told(p)
        yield "onset", self.onset
        yield "expected", self.expected
        yield "limits", self.limits
        yield "parts", listing(self.parts) if self.parts else ""
        yield "region", f"{self.region}, where there is one" if self.region else ""

    @property
    def numbers(self) -> dict[str, Parameter]:
        """{key: number} of those it has."""
        found = {key: getattr(self, key) for key in NUMBERS}
        return {key: p for key, p in found.items() if p is not None}

    def _repr_html_(self) -> str:
        told = {key.replace("_", " "): p for key, p in self.numbers.items()} | dict(self.properties)
        words = html_facts((what, text) for what, text in self.in_words() if what not in told)
        return html_whole(
            html_head(self.name, self.title), words, *parameter_folds(told),
            html_list(["Not a clinical tool."]),
        )  # fmt: skip

    def __str__(self) -> str:
        rows = [f"{what}: {text}" for what, text in self.in_words() if text]
        return "\n".join([f"{self.name}: {self.title}", *rows, "Not a clinical tool."])


def _told(p: Parameter) -> str:
    """A number with range, source, confidence and note."""
    low, high = p.range
    bounds = "" if low is None or high is None else f", {low:g} to {high:g}"
    lead = f"{p.description}: " if p.description else ""
    note = f"; {p.note}" if p.note else ""
    return f"{lead}{p.text()}{bounds} ({p.confidence}, {p.source}{note})"


@public
def treatments() -> list[str]:
    """Names of the treatments that come with the package."""
    return list(_known())


@public
def treatment(name: str) -> Treatment:
    """The treatment of this name: print(sim.treatment("etidronate")) says what is known of it."""
    if name not in _known():
        hint = nearest(name, _known()) or f" There are {listing(_known(), 40)}."
        raise ScenarioError(f"no treatment is called {shown(name)}.{hint}")
    return _known()[name]


def dose_of(name: str, dose: float | str | None) -> float | None:
    """The dose of a treatment [SI], its default where none is given; its unit is checked, not its range."""
    if not name:
        if dose is not None:
            raise ScenarioError(f"dose = {shown(dose)} belongs to no treatment; name one.")
        return None
    known = treatment(name).dose
    if known is None:
        if dose is not None:
            raise ScenarioError(f"'{name}' has no dose, and {shown(dose)} is one; leave it out.")
        return None
    found = si_number(known.text() if dose is None else dose, f"{name}.dose")
    check_unit(found, known.unit, f"{name}.dose")
    if found < 0:
        raise ScenarioError(f"{name}.dose = {shown(dose)} is negative; zero is the least.")
    return found


@lru_cache
def _known() -> dict[str, Treatment]:
    folder = resources.files("sim") / "data" / "treatments"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {name: read_treatment(name, f) for f in files for name in [f.name.removesuffix(".toml")]}


def read_treatment(name: str, path: Traversable) -> Treatment:
    """The treatment of a file; `name` is what it is called."""
    where = f"treatments/{path.name}"
    given = Section(tables_of_file(path), where, KEYS)
    numbers = parameters_from({k: given.table(k) for k in NUMBERS if k in given}, where)
    rest: dict[str, Any] = {key: given.text(key, most=LONGEST_TEXT) for key in TEXTS} | dict(numbers.items())
    effects = tuple(_effect(t, f"{where}: [[effects]] {k}") for k, t in enumerate(given.list("effects"), 1))
    if "half_life" in numbers and any(e.how == "multiplied" for e in effects):
        raise ConfigError(
            f"{where}: how = 'multiplied' has a half_life, but a factor is no level that falls to nothing; "
            "leave out the half-life, or say 'level', 'raised', 'lowered' or 'inhibited'."
        )
    for needed in ("title", "mechanism", "effects"):
        given.needed(needed)
    return Treatment(
        name,
        effects=effects,
        parts=given.names("parts", "parts of the model, as ['bisphosphonate']"),
        region=given.text("region"),
        properties=parameters_from(given.table("properties"), f"{where}: [properties]"),
        **rest,
    )


def _effect(table: Any, where: str) -> Effect:
    given = Section(table, where, ("on", "how"))
    return Effect.of(given.text("on"), given.text("how"), where)
