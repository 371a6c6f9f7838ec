"""Measured numbers to calibrate to: when, what, how much, how certain."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import ConfigError, listing
from sim.texts import count_text, printable, typed_time
from sim.units import to_unit

MISSING = ("", "na", "n/a", "nan", "null", "none", "-")  # how tables write that there is no number


@dataclass(frozen=True)
class Datum:
    """One measured number.

    time [s]; quantity: a measure with a curve, as "mean Ca_per_dry_mass", "peak HAP", "HAP" (a mean);
    value, sd [SI]: sd is the standard deviation of the value, None when unknown;
    unit: in which value and sd were given, and are shown
    """

    time: float
    quantity: str
    value: float
    unit: str = "1"
    sd: float | None = None

    def text(self) -> str:
        """As "mean Ca_per_dry_mass at 7 days: 23.8 ug/mg"."""
        unit = "" if self.unit == "1" else f" {self.unit}"
        spread = "" if self.sd is None else f" +- {to_unit(self.sd, self.unit):g}"
        return f"{self.quantity} at {typed_time(self.time)}: {to_unit(self.value, self.unit):g}{spread}{unit}"


@dataclass(frozen=True)
class Data:
    """Measured numbers in the order given, all with standard deviations or none.

    notes: the comment lines of the file, among them its source
    remarks: sentences on what was left out of the file, or looks odd in it
    """

    points: tuple[Datum, ...]
    name: str = "data"
    notes: str = ""
    remarks: tuple[str, ...] = ()

    def __post_init__(self):
        if not self.points:
            raise ConfigError(f"{self.name} holds no numbers to calibrate to.")
        bare = [d for d in self.points if d.sd is None]
        if bare and len(bare) < len(self.points):
            raise ConfigError(
                f"{self.name}: {len(bare)} of {len(self.points)} numbers have no standard deviation, the "
                f"first being {bare[0].text()}. Give all or none: weights need a common measure."
            )

    def __len__(self) -> int:
        return len(self.points)

    def __iter__(self) -> Iterator[Datum]:
        return iter(self.points)

    @property
    def values(self) -> np.ndarray:
        """The numbers [SI], (n,)."""
        return np.array([d.value for d in self.points])

    @property
    def sd(self) -> np.ndarray | None:
        """Standard deviations [SI], (n,), or None."""
        if self.points[0].sd is None:
            return None
        return np.array([d.sd for d in self.points], float)

    @property
    def times(self) -> np.ndarray:
        """The distinct times [s], rising."""
        return np.unique([d.time for d in self.points])

    @property
    def quantities(self) -> tuple[str, ...]:
        """The distinct quantities, in order of appearance."""
        return tuple(dict.fromkeys(d.quantity for d in self.points))

    def __repr__(self) -> str:
        lines = [f"Data({self.name}: {len(self)} numbers)", *(f"  {d.text()}" for d in self.points[:12])]
        if len(self) > 12:
            lines.append(f"  and {len(self) - 12} more")
        return printable("\n".join(lines))


def data_of_rows(rows: Sequence[tuple[int, Datum | None]], name: str, notes: str, line: str) -> Data:
    """Data of numbered rows; None stands for one whose value is missing. line: what a row is called"""
    kept = [(k, d) for k, d in rows if d is not None]
    missing = [k for k, d in rows if d is None]
    remarks = []
    if missing:
        remarks.append(
            f"{count_text(len(missing), line)} without a value left out: {listing(map(str, missing))}."
        )
        if not kept:
            raise ConfigError(f"{name} holds no numbers to calibrate to: {remarks[0]}")
    seen: dict[Datum, list[int]] = {}
    for k, d in kept:
        seen.setdefault(d, []).append(k)
    again = [places for places in seen.values() if len(places) > 1]
    if again:
        some = "; ".join(listing(map(str, places)) for places in again[:4])
        remarks.append(f"equal {line}s: {some}. Each counts as a measurement of its own.")
    return Data(tuple(d for _, d in kept), name, notes, tuple(remarks))


def is_missing(value: Any) -> bool:
    """None, NaN, pandas' NA, a masked value of NumPy, or a word for it."""
    if value is None or value is np.ma.masked or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        return value.strip().casefold() in MISSING
    return isinstance(value, float | np.floating) and math.isnan(value)


def checked_datum(time: float, quantity: str, value: float, unit: str, sd: float | None) -> Datum:
    if time < 0:
        raise ConfigError(f"time = {time:g} s is negative; a run begins at 0.")
    if not isinstance(quantity, str) or not quantity.strip():
        raise ConfigError("the quantity is empty; write for example 'mean Ca_per_dry_mass'.")
    if sd is not None and not sd > 0:
        raise ConfigError(
            f"standard deviation = {sd:g} must be positive; leave all of them out when unknown."
        )
    return Datum(time, quantity.strip(), value, unit, sd)
