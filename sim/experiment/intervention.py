"""Interventions: what is done to the tissue, and when. They cut a run into smooth segments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sim.errors import RangeWarning, ScenarioError, UnitError, nearest, shown, warn_caller
from sim.experiment.treatments.notation import ordered
from sim.experiment.treatments.treatment import Treatment, dose_of, treatment
from sim.experiment.values.file_tables import dotted_values
from sim.experiment.values.given import (
    amount_text,
    as_given,
    check_names,
    check_unit,
    seconds,
    si_number,
)
from sim.experiment.values.relative import relative
from sim.texts import typed_time

T = TypeVar("T")

PLASMA = "plasma"
PARTS = ("boundary", "parameters", "state")
LASTING = PARTS[:2]  # parts that stay in force; state and excise act once
DOSE = "dose"


@dataclass(frozen=True, init=False)
class Intervention:
    """What is done at time `at` [s, or text such as "3 day"; 0 or above].

    boundary: {species or "pH": value} of the fluid outside and in the vessels, from then on
    parameters: {dotted name: value} from then on
    state: {species: value} set once; pore-water concentration for mobile species
    region: the layer that `state` and `excise` act on; everywhere when empty
    excise: replace the region by healthy tissue: no cells dying, no mineral, fresh fluid; where it is bare
        fluid (no cells, vessels, buffer or matrix), by fresh fluid
    label: by which its time and values are called ("PPi.at"), and figures name it
    until: their end [s or text], else that of the run; what a treatment gave then falls by its half-life
    treatment: the name of a treatment (sim.treatments()) in place of all these: what it changes follows from
        its dose and from what would be in force without it
    dose: of the treatment [SI or text]; its default if left out

    Each quantity has the value of the intervention that began last among those in force, else the
    scenario's own, or the course that it follows. So one that changes other quantities leaves this one
    alone, and when one ends the quantity is what it would be without it. The scenario's own value is called
    by its name, boundary={"PPi": "plasma.PPi"}, parameters={"growth.k": "growth.k"}, also times a number,
    {"PPi": "plasma.PPi * 3"} or "0.5 * growth.k"; of what follows a course that is the course, times it.
    Those at one time, or a rounding apart, act in the order given. At 0 they act on the first state,
    which is at rest with the scenario's own fluid. At the end of the run nothing can act any more.
    All values are SI numbers; given as text with a unit, they keep the text to be shown by
    (sim.experiment.values.given), and a scenario checks the unit of what its model knows.
    """

    at: float
    boundary: dict[str, float | str]
    parameters: dict[str, float | str]
    state: dict[str, float | str]
    region: str
    excise: bool
    label: str
    until: float | None
    treatment: str
    dose: float | None

    def __init__(
        self,
        at: float | str,
        boundary: Mapping[str, float | str] | None = None,
        parameters: Mapping[str, float | str] | None = None,
        state: Mapping[str, float | str] | None = None,
        region: str = "",
        excise: bool = False,
        label: str = "",
        until: float | str | None = None,
        treatment: str = "",
        dose: float | str | None = None,
    ) -> None:
        for name, word in (("region", region), ("label", label), ("treatment", treatment)):
            if not isinstance(word, str):
                raise ScenarioError(f"{name} = {shown(word)} of an intervention is not text.")
            if not word.isprintable():
                raise ScenarioError(f"{name} = {shown(word)} of an intervention is not one line of text.")
        if not isinstance(excise, bool):
            raise ScenarioError(
                f"excise = {shown(excise)} is yes or no; name the layer in region={shown(excise)}."
            )
        values: dict[str, Any] = {
            "at": seconds(at, "at"),
            "boundary": _told(boundary, "boundary"),
            "parameters": _told(parameters, "parameters"),
            "state": _told(state, "state"),
            "region": region,
            "excise": excise,
            "label": label,
            "until": None if until is None else seconds(until, "until"),
            "treatment": treatment,
            "dose": dose_of(treatment, dose),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)
        for name, number in self.boundary.items():
            if not isinstance(number, str):
                check_unit(number, "1" if name == "pH" else "mol/m3", f"boundary.{name}")
        if self.at < 0:
            raise ScenarioError(f"an intervention cannot happen at {self.at:g} s, before the start.")
        plain = self.boundary or self.parameters or self.state or self.excise
        if self.treatment and plain:
            raise ScenarioError(
                f"an intervention that is the treatment '{self.treatment}' changes what that does and "
                "nothing else; make two of it."
            )
        if not (plain or self.treatment):
            raise ScenarioError(
                "this intervention changes nothing; give boundary, parameters, state, excise or treatment."
            )
        if self.region and self.treatment and not self.given.local:
            raise ScenarioError(
                f"'{self.treatment}' acts by plasma or in all tissue alike, not in {self.region}; leave out "
                "the region."
            )
        if self.until is not None:
            self._check_end(self.until)

    def _check_end(self, until: float) -> None:
        """Refuse an end that ends nothing, or comes before the start."""
        if not self.lasts:
            raise ScenarioError(
                f"until = {typed_time(until)} has nothing to end: state and excise act once, at "
                f"{typed_time(self.at)}. Leave it out, or give boundary or parameters."
            )
        if not until > self.at:
            raise ScenarioError(
                f"an intervention at {typed_time(self.at)} cannot end at {typed_time(until)}; until must lie "
                "after at."
            )

    @property
    def given(self) -> Treatment:
        """The treatment that it is; ScenarioError where it is none."""
        return treatment(self.treatment)

    @property
    def lasts(self) -> bool:
        """Whether anything of it stays in force for a time."""
        return self.given.lasts if self.treatment else bool(self.boundary or self.parameters)

    @property
    def over(self) -> float | None:
        """When nothing of it acts any more [s]: at its end, or once what it gave has washed out; None where
        it lasts."""
        if self.until is None:
            return None
        return self.until + (self.given.washout if self.treatment else 0.0)

    def table(self) -> dict[str, Any]:
        """The table of a scenario file: texts and numbers as given, and only what is not left out."""
        found: dict[str, Any] = {"at": self.at, "until": self.until, "label": self.label}
        found |= {"region": self.region, "excise": self.excise, "treatment": self.treatment}
        found |= {} if self.dose is None else {DOSE: as_given(self.dose)}
        for part in ("boundary", "parameters", "state"):
            found[part] = {n: as_given(v) for n, v in getattr(self, part).items()}
        return {key: value for key, value in found.items() if value or key in ("at", DOSE)}

    def in_words(self, unit: Callable[[str, str], str], digits: int = 6) -> str:
        """ "PPi at 3 day until 10 day: PPi 20 uM". unit: gives the unit of a name in a part

        digits: significant ones of times, and of values that were given as numbers
        """
        parts = [
            f"{n} {_in_words(v, unit(part, n), digits)}"
            for part in LASTING
            for n, v in getattr(self, part).items()
        ]
        where = f" in {self.region}" if self.region else ""
        parts += [f"set {n} {_in_words(v, unit('state', n), digits)}{where}" for n, v in self.state.items()]
        if self.excise:
            parts.append(f"excise {self.region or 'everything'}")
        if self.treatment:
            dosed = "" if self.dose is None else f" {_in_words(self.dose, self._dose_unit, digits)}"
            parts.append(f"{'' if self.given.lasts else 'once '}{self.treatment}{dosed}{where}")
        end = "" if self.until is None else f" until {typed_time(self.until, digits)}"
        return f"{self.label or 'intervention'} at {typed_time(self.at, digits)}{end}: {', '.join(parts)}"

    @property
    def _dose_unit(self) -> str:
        return self.given.dose.unit if self.given.dose else ""

    def __str__(self) -> str:
        return self.in_words(unit_of_part)


def unit_of_part(part: str, name: str) -> str:
    """The unit of a value where no scenario is at hand; "" where that cannot be said."""
    if name == "pH":
        return "1"
    return "mol/m3" if part == "boundary" else ""


def _in_words(value: float | str, unit: str, digits: int) -> str:
    """A value as it was given, or a number with its unit."""
    given = value if isinstance(value, str) else as_given(value)
    if isinstance(given, str):
        return given
    return amount_text(given, unit, digits) if unit else f"{given:.{digits}g} in SI"


def course_of(
    name: str,
    said: tuple[float | str, float | str | None, float | str | None],
    region: str,
    others: Iterable[Intervention],
    known: Iterable[str],
) -> Intervention:
    """A course of a treatment beside other interventions, labelled by its name.

    name: or all in a word, "etidronate@3day..10day:2uM"; said: start, stop and dose, where that leaves them
    out; region: or that of the treatment, where it is among the `known`. Warns of a dose beyond its range.
    Raises ScenarioError for what is said twice.
    """
    word, beside = ordered(name), list(others)
    for key, inside, apart, usual in zip(
        ("start", "stop", "dose", "region"),
        (word.start, word.stop, word.dose, word.region),
        (*said, region),
        (0.0, None, None, ""),
        strict=True,
    ):
        if inside and apart != usual:
            raise ScenarioError(
                f"{shown(name)} says its {key}, and {key} = {shown(apart)} beside it; give one of them."
            )
    given = treatment(word.name)
    given.refuse_beside(cut.given for cut in beside if cut.treatment)
    start, stop, dose = said
    made = Intervention(
        word.start or start,
        region=word.region or region or (given.region if given.region in known else ""),
        label=given.label_beside(cut.label for cut in beside),
        until=word.stop or stop,
        treatment=given.name,
        dose=word.dose or dose,
    )
    beyond = given.outside(made.dose)
    if beyond:
        warn_caller(beyond, RangeWarning)
    return made


def _told(values: Mapping[str, Any] | None, part: str) -> dict[str, float | str]:
    """{name: SI number} of a part; the scenario's own value stays the name that it is called by, and that
    times a number what was said."""
    check_names({} if values is None else values, part)
    found: dict[str, float | str] = {}
    for name, value in dotted_values(values or {}, part).items():
        own = own_name(part, name)
        if isinstance(value, str) and value.strip() == own and part in LASTING:
            found[name] = own
            continue
        told = relative(value, f"{part}.{name}")
        if told is not None:
            found[name] = told
            continue
        try:
            found[name] = si_number(value, f"{part}.{name}")
        except UnitError as error:
            hint = f" The scenario's own value is called '{own}'."
            hint = hint if _is_name(value) and part in LASTING else ""
            raise UnitError(f"{error}{hint}") from None
    return found


def own_name(part: str, name: str) -> str:
    """What the scenario's own value is called: "plasma.PPi" of PPi outside, else the name itself."""
    return f"{PLASMA}.{name}" if part == "boundary" else name


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.replace(".", "_").strip().isidentifier()


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
