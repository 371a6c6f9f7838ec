"""What can be chosen: scenarios by class of condition, parameters with their ranges, geometries."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources

from sim.errors import ConfigError
from sim.experiment.catalogue import scenarios
from sim.experiment.places import names_of
from sim.experiment.scenario import Scenario
from sim.parameters import Parameter
from sim.parameters.sections import Section, tables_of_file
from sim.space.geometries import GEOMETRIES
from sim.texts import count_text

MOST_FIRST = 12  # sliders that are there from the start; more hide the rest of the page
WIDE = 50.0  # ratio of the bounds of a range from which a slider is logarithmic
SMALL = 1e-3  # share of a range from 0 on below which the value lies at its end, so that the slider is, too
FEW_CELLS = 40  # along the longer side of a plane that a line was made into


@cache
def classes() -> dict[str, tuple[str, ...]]:
    """{title of a class of conditions: scenarios}, from data/explorer/choices.toml."""
    rows = _data().list("classes")
    found = [
        Section(row, f"explorer/choices.toml: [[classes]] {k}", ("title", "scenarios"))
        for k, row in enumerate(rows, 1)
    ]
    named = {row.text("title"): row.names("scenarios", "names of scenarios") for row in found}
    for name in (n for names in named.values() for n in names):
        if name not in scenarios():
            raise ConfigError(f"explorer/choices.toml: there is no scenario '{name}'.")
    return named


def class_of(name: str) -> str:
    """The class of the condition of a scenario; "Scenario of your own" of one that is no part of hapsim."""
    return next((title for title, names in classes().items() if name in names), "Scenario of your own")


@cache
def _data() -> Section:
    return Section(
        tables_of_file(resources.files("sim") / "data" / "explorer" / "choices.toml"),
        "explorer/choices.toml",
        ("classes", "parameters"),
    )


@dataclass(frozen=True)
class SliderRange:
    """A parameter as a slider shows it: value and bounds in `unit`; logarithmic: how positions are spread."""

    name: str
    words: str
    unit: str
    value: float
    low: float
    high: float
    confidence: str
    note: str
    logarithmic: bool

    def at(self, position: float) -> float:
        """The value [unit] at a position of the slider, 0 to 1, in three digits."""
        share = min(max(position, 0.0), 1.0)
        if self.logarithmic:
            found = self._floor * (self.high / self._floor) ** share
        else:
            found = self.low + (self.high - self.low) * share
        return float(f"{found:.3g}")

    def position(self, value: float) -> float:
        """Where the slider stands for a value [unit]; at its ends for values beyond them."""
        if self.logarithmic:
            share = math.log(max(value, self._floor) / self._floor) / math.log(self.high / self._floor)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)

    @property
    def _floor(self) -> float:
        """The lowest value of a logarithmic slider: zero is for the box."""
        return self.low if self.low > 0 else SMALL * self.value

    @property
    def range_text(self) -> str:
        """ "0.7 to 3 mM, assumed"."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.low:g} to {self.high:g}{unit}, {self.confidence}"


def control(name: str, p: Parameter) -> SliderRange | None:
    """A parameter as a control; None where its range has an open end or no width."""
    if p.low is None or p.high is None or not p.high > p.low:
        return None
    at_end = p.low == 0 and 0 < p.value < SMALL * p.high
    logarithmic = at_end or (p.low > 0 and p.high > WIDE * p.low)
    return SliderRange(name, p.description, p.unit, p.value, p.low, p.high, p.confidence, p.note, logarithmic)


def first_controls(s: Scenario) -> list[SliderRange]:
    """The sliders that a scenario has from the start."""
    first = Section(_data().table("parameters"), "explorer/choices.toml: [parameters]", ("first",))
    stated = [n for n, p in s.parameters.items() if p != s.model.parameters.get(n)]
    places = names_of(s)
    found = []
    for pattern in first.names("first", "names of parameters"):
        wanted = [pattern.replace("*", place) for place in places] if "*" in pattern else [pattern]
        found += [n for name in wanted for n in stated if fnmatchcase(n, name)]
    made = (control(n, s.parameters[n]) for n in dict.fromkeys(found))
    return [c for c in made if c is not None][:MOST_FIRST]


def other_controls(s: Scenario, there: list[str]) -> dict[str, str]:
    """{name and words: name} of parameters that a slider can be added for, those of the scenario first."""
    names = sorted(s.parameters, key=lambda n: (s.parameters[n] == s.model.parameters.get(n), n))
    found = [n for n in names if n not in there and control(n, s.parameters[n]) is not None]
    return {f"{n}: {s.parameters[n].description or 'no description'}": n for n in found}


def geometries(s: Scenario) -> dict[str, str]:
    """{words: name} of the geometries to choose from; its own alone where places are drawn on its domain."""
    own = GEOMETRIES[s.geometry]
    if s.domain or not own.axes:
        return {_words(own.name): own.name}
    fit = [own.name, *(n for n, g in GEOMETRIES.items() if len(g.axes) in (1, 2) and n != own.name)]
    return {_words(n) + (", as given" if n == own.name else ""): n for n in fit}


def why_one_geometry(s: Scenario) -> str:
    """Why there is nothing to choose; "" where there is."""
    if not GEOMETRIES[s.geometry].axes:
        return "A stirred cell has no extent, so there is no other geometry."
    if s.domain:
        return "Its regions are drawn on this domain, so there is no other geometry."
    return ""


def _words(name: str) -> str:
    axes = len(GEOMETRIES[name].axes)
    return f"{name.replace('_', ' ')}, {axes}-D" if axes else name.replace("_", " ")


def cells_along(s: Scenario) -> int:
    """Cells of a scenario: along its only axis, or along the longer side of a plane."""
    g = GEOMETRIES[s.geometry]
    rows = s.domain or g.domain([(s.size(n), cells) for n, cells in s.layers] if g.axes else [])
    return max((n for _, n in rows), default=1)


def usual_cells(s: Scenario, geometry: str) -> int:
    """Cells along the longer side that are proposed for a geometry."""
    more = len(GEOMETRIES[geometry].axes) > len(GEOMETRIES[s.geometry].axes)
    return FEW_CELLS if more else cells_along(s)


def size_in_words(s: Scenario) -> str:
    """ "120 cells" of a line, "64 x 64 = 4096 cells" of a plane."""
    g = GEOMETRIES[s.geometry]
    rows = s.domain or g.domain([(0.0, cells) for _, cells in s.layers])
    counts = [n for _, n in rows]
    if len(counts) < 2:
        return count_text(math.prod(counts), "cell")
    return f"{' x '.join(map(str, counts))} = {math.prod(counts)} cells"
