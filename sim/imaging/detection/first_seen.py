"""When each method first shows the mineral of a result: a table of times, thresholds and confidence."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from sim.errors import ConfigError, unknown
from sim.imaging.detection.courses import (
    NODULE,
    SCORED,
    SeenOverTime,
    ct_number,
    densest_cell,
    dual_energy_density,
    first_time,
)
from sim.imaging.detection.shadows import contrast
from sim.imaging.detection.stained import densest_calcium, signal_lost
from sim.imaging.xray.attenuation import DATA, xray_numbers
from sim.notebook.fragments import Cell, Tipped, html_table
from sim.parameters import Parameter, Parameters, load_parameters
from sim.public import public
from sim.texts import duration_text
from sim.units import to_unit

if TYPE_CHECKING:
    import pandas

    from sim.run.result import Result


CELL = "a cell of the model"


@dataclass(frozen=True)
class Method:
    """A way to see mineral. title: in words; unit: of what it sees, as people say it

    over: where it has to be that much, in words, or the name of an area of data/imaging/xray.toml
    course: what it sees of a result, in SI; its threshold is the entry of its name in
    data/imaging/detection.toml
    """

    name: str
    title: str
    unit: str
    course: Callable[[Result], SeenOverTime]
    over: str = "a pixel"

    @property
    def seen_over(self) -> str:
        """Where it has to be that much, in words."""
        area = xray_numbers().get(self.over)
        return self.over if area is None else f"{area.value:g} {area.unit}"


METHODS: dict[str, Method] = {
    m.name: m
    for m in (
        Method("von_kossa", "section, von Kossa", "mM", densest_calcium, CELL),
        Method("alizarin_red", "section, alizarin red S", "mM", densest_calcium, CELL),
        Method("he", "section, H&E", "mM", densest_calcium, CELL),
        Method("mri", "MRI, gradient echo at 3 T", "x noise", signal_lost("gre_3T"), "a voxel"),
        Method("mri_7T", "MRI, gradient echo at 7 T", "x noise", signal_lost("gre_7T"), "a voxel"),
        Method("micro_ct", "micro-CT of a specimen", "mg/mL", densest_cell, CELL),
        Method("specimen", "radiograph of a specimen", "%", contrast("specimen")),
        Method("mammography", "mammogram", "%", contrast("mammography")),
        Method(
            "dual_energy",
            "dual-energy CT of the chest",
            "mg/mL",
            dual_energy_density("chest_ct", 80, 140),
            NODULE,
        ),
        Method("extremity", "radiograph of an arm or leg", "%", contrast("extremity")),
        Method("ct", "CT for calcium scores", "HU", ct_number("calcium_ct"), SCORED),
        Method("chest", "radiograph of the chest", "%", contrast("chest")),
    )
}


@cache
def detection_levels() -> Parameters:
    """Thresholds of methods by name, from data/imaging/detection.toml."""
    return load_parameters(DATA / "detection.toml")


@dataclass(frozen=True)
class Sighting:
    """What a method sees of a result.

    time: when it first shows mineral [s], linear between outputs; inf if never
    earliest, latest: the same at the ends of the range of the threshold [s]
    threshold, at_end: from where on, and what it sees at the end, in `unit`
    over: where it has to be that much, "1 mm2"
    """

    method: str
    title: str
    time: float
    threshold: Parameter
    at_end: float
    unit: str
    earliest: float
    latest: float
    over: str

    @property
    def confidence(self) -> str:
        """Of the threshold: "measured", "derived", "fitted" or "assumed"."""
        return self.threshold.confidence

    def cells(self) -> tuple[Cell, ...]:
        """Of a table: method, time, threshold, over what, range, confidence and source, what is seen at the
        end."""
        level = self.threshold
        return (
            Tipped(self.title, self.method), duration_text(self.time), f"{level.value:g} {self.unit}",
            self.over, level.range_text(), Tipped(level.confidence, f"{level.source} {level.note}".strip()),
            f"{self.at_end:.3g} {self.unit}",
        )  # fmt: skip

    def __str__(self) -> str:
        when = duration_text(self.time) if math.isfinite(self.time) else "not"
        level = f"{self.threshold.value:g} {self.unit} ({self.confidence})"
        what = f"from {level:<24} over {self.over:<19} at the end {self.at_end:.3g} {self.unit}"
        return f"{self.title:<29} {when:<12} {what}"


class FirstSeen(tuple[Sighting, ...]):
    """Rows of (method, title, time, threshold, at_end, unit), the earliest first; prints a row a line."""

    __slots__ = ()

    def __str__(self) -> str:
        return "\n".join(str(row) for row in self) or "no method"

    def _repr_html_(self) -> str:
        head = ("method", "first shows mineral", "from", "over", "range", "confidence", "at the end")
        return html_table(head, (row.cells() for row in self))

    def to_dataframe(self) -> pandas.DataFrame:
        """A pandas table, times in s, thresholds and what is seen in `unit`."""
        import pandas as pd

        rows = [
            {"method": r.method, "time": r.time, "earliest": r.earliest, "latest": r.latest,
             "threshold": r.threshold.value, "range": r.threshold.range, "over": r.over,
             "at_end": r.at_end, "unit": r.unit, "confidence": r.confidence, "note": r.threshold.note}
            for r in self
        ]  # fmt: skip
        return pd.DataFrame(rows)


@public
def first_seen(result: Result, methods: Sequence[str] | None = None) -> FirstSeen:
    """When each method first shows the mineral of a result, with its threshold and the confidence in it.

    methods: names; all of sim.imaging.METHODS when None
    Each needs so much over an area, in a pixel, a voxel or a cell of the model, as the table says: CT in
    touching pixels of a slice. What needs a wide area sees less there: dual-energy CT 20 mg/mL over a nodule,
    micro-CT 75 mg/mL in any cell. Pictures are without noise, so these times are those of a good picture.
    Axes that the result lacks have the length of data/imaging/geometry.toml.
    """
    chosen = list(METHODS) if methods is None else list(methods)
    rows = [_sighting(method_named(name), result) for name in chosen]
    return FirstSeen(sorted(rows, key=lambda row: row.time))


def method_named(name: str) -> Method:
    """A method, or a sentence."""
    if name not in METHODS:
        raise ConfigError(unknown("a method of imaging", name, METHODS))
    return METHODS[name]


def time_first_seen(method: Method, result: Result) -> float:
    """When a method first shows mineral [s]; inf if never."""
    return first_time(method.course(result), result.t, detection_levels().si(method.name))


def _sighting(method: Method, result: Result) -> Sighting:
    course, level = method.course(result), detection_levels()[method.name]
    end = course.seen(result.t.size - 1)
    at_end = end if level.unit == "1" else float(to_unit(end, level.unit))
    ends = (level.value if end is None else end for end in level.range)
    low, time, high = (
        first_time(course, result.t, level.si * (value / level.value))
        for value in (next(ends), level.value, next(ends))
    )
    return Sighting(method.name, method.title, time, level, at_end, method.unit, low, high, method.seen_over)
