"""Values that are usual of another quantity, which clinics call by the same name: data/clinic.toml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib import resources
from numbers import Real
from typing import NamedTuple

from sim.errors import UnitError
from sim.parameters.parameter import Parameter
from sim.parameters.references import source_keys
from sim.parameters.sections import Section, tables_of_file
from sim.units import from_unit, unit_of
from sim.units.substance import substances

KEYS = ("of", "says", "answer", "usual", "times", "element", "alike")
USED = "It is used as it was given."
MASS, PER_VOLUME = "mg/dL", 0.01  # kg m-3


class Definition(NamedTuple):
    """A quantity of clinics beside the one here. Keys are those of the file."""

    says: str
    answer: str
    usual: Parameter
    times: Parameter | None
    element: str
    alike: bool

    def readings(self, plain: bool) -> Iterator[tuple[str, float]]:
        """What a number may have been meant in: ("", 1.0) the unit of the parameter, ("mg/dL", SI per SI).

        plain: whether it came without a unit, or with that of the parameter; another shows what was meant
        """
        if not self.alike:
            yield "", 1.0
        if self.element and plain:
            yield MASS, PER_VOLUME / float(substances()[self.element].molar_mass)

    def holds(self, number: float, factor: float) -> bool:
        """Whether a number [SI, as it was taken] would be usual, read so."""
        low, high = (from_unit(float(end or 0.0), self.usual.unit) for end in self.usual.range)
        return low <= number * factor <= high


@lru_cache
def definitions() -> dict[str, tuple[Definition, ...]]:
    """{parameter: what else goes by its name}."""
    content = tables_of_file(resources.files("sim") / "data" / "clinic.toml")
    found: dict[str, tuple[Definition, ...]] = {}
    for k, row in enumerate(content["definitions"], 1):
        given = Section(row, f"clinic.toml: [[definitions]] {k}", KEYS)
        times = _parameter(given.table("times")) if "times" in given else None
        made = Definition(
            given.text("says"), given.text("answer"), _parameter(given.table("usual")), times,
            given.text("element"), given.yes("alike"),
        )  # fmt: skip
        found[given.text("of")] = (*found.get(given.text("of"), ()), made)
    return found


def _parameter(table: dict) -> Parameter:
    return Parameter(**{**table, "source": ", ".join(source_keys(table["source"]))})


def is_plain(value: object, unit: str) -> bool:
    """Whether a value came without a unit, or with this one, which the explorer adds to what is typed."""
    if not isinstance(value, str):
        return isinstance(value, Real)
    try:
        return unit_of(value) in ("1", unit)
    except UnitError:  # times the value of another, "plasma.P * 3"
        return False


def taken_for(
    name: str, values: Sequence[Parameter], before: Parameter | None, fed: bool, plain: bool = True
) -> str:
    """A sentence where all of these values of a parameter are usual of another quantity; else "".

    before: what it was, if that is known: one that was usual of it already is meant
    fed: whether blood flows through the tissue; without it values are those of a medium, and nothing is said
    plain: whether they came without a unit, or with that of the parameter
    """
    for known in definitions().get(name, ()) if fed else ():
        for unit, factor in known.readings(plain):
            if before is not None and known.holds(before.si, factor):
                continue
            if values and all(known.holds(v.si, factor) for v in values):
                return _sentence(name, values, known, unit, factor)
    return ""


def _sentence(name: str, values: Sequence[Parameter], known: Definition, unit: str, factor: float) -> str:
    ends = [values[0], values[-1]] if len(values) > 1 else [values[0]]
    share = 1.0 if known.times is None else known.times.si
    given = " to ".join(v.text() for v in ends)
    meant = " to ".join(_short(v.at(v.si * factor * share)) for v in ends)
    if unit:
        what = f"{' to '.join(f'{v.value:g}' for v in ends)} {unit} is usual of {known.says}"
    else:
        what = f"that is usual of {known.says}"
    then = f", some {meant} then" if known.times is not None or unit else ""
    return f"{name} = {given}: {what}; {known.answer}{then}."


def _short(p: Parameter) -> str:
    """Value and unit in two digits."""
    unit = "" if p.unit == "1" else f" {p.unit}"
    return f"{p.value:.2g}{unit}"
