"""Tables of a run: its numbers, when mineral is seen, what is known, and the change to another run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sim.atlas.expectations import expectations, judged
from sim.imaging.detection.first_seen import first_seen
from sim.run.result import Result
from sim.summary.summary_lines import summary_lines
from sim.texts import duration_text, number_text

MAIN = "Ca_in_solids_mean"  # the one number that is shown beside the status
COMPARED = (
    "onset_Ca_in_mineral", "onset_HAP", MAIN, "HAP_mean", "Ca_per_dry_mass", "Ca_in_solids_peak", "HAP_peak",
    "pH_lowest",
)  # fmt: skip
Row = tuple[str, ...]


@dataclass(frozen=True)
class Number:
    """A line of a summary. value: one number in `unit`, or None where it is several or none"""

    key: str
    label: str
    text: str
    value: float | None
    unit: str


def numbers(result: Result) -> list[Number]:
    """The numbers that `hapsim run` prints."""
    return [
        Number(row.key, row.label.strip(), row.text, _one(row.value), row.unit)
        for row in summary_lines(result)
    ]


def _one(value: Any) -> float | None:
    if isinstance(value, dict):
        value = value.get("amount", value.get("pH"))
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def main_number(rows: Sequence[Number]) -> str:
    """ "mean calcium in solids 23 mM"."""
    return next((f"{row.label} {row.text}" for row in rows if row.key == MAIN), "")


def changes(before: Sequence[Number], now: Sequence[Number]) -> list[Row]:
    """(what, before, now, change) of the numbers that two runs have in common."""
    old = {row.key: row for row in before}
    return [
        (row.label, _short(old[row.key]), _short(row), _change(old[row.key], row))
        for row in now
        if row.key in COMPARED and row.key in old
    ]


def _short(row: Number) -> str:
    """The number alone, without the words that go with it in a summary."""
    if row.value is None:
        return row.text
    if row.unit == "s":
        return duration_text(row.value)
    if row.key.startswith("pH"):
        return f"{row.value:.2f}"
    return f"{number_text(row.value)} {row.unit}"


def _change(before: Number, now: Number) -> str:
    """How a number changed: a factor of amounts, a difference of times and of pH."""
    a, b = before.value, now.value
    if a is None or b is None:
        return ""
    if not (math.isfinite(a) and math.isfinite(b)):
        return "none" if a == b else "now never" if math.isinf(b) else "never before"
    if a == b:
        return "none"
    sign = "+" if b > a else "-"
    if now.unit == "s":
        return f"{sign}{duration_text(abs(b - a))}"
    if now.key.startswith("pH"):
        return f"{b - a:+.2f}"
    if a <= 0 or b < 0:
        return f"{sign}{number_text(abs(b - a))} {now.unit}"
    share = 100.0 * (b / a - 1.0)
    return f"{share:+.1f} %" if abs(share) < 1000 else f"x {number_text(b / a)}"


def sightings(result: Result) -> list[Row]:
    """(method, first seen, threshold, over what, at the end, confidence) of each way to see mineral."""
    rows: list[Row] = []
    for row in first_seen(result):
        when = duration_text(row.time) if math.isfinite(row.time) else "not seen"
        threshold, end = f"{row.threshold.value:g} {row.unit}", f"{number_text(row.at_end)} {row.unit}"
        rows.append((row.title, when, threshold, row.over, end, row.confidence))
    return rows


def verdicts(result: Result) -> list[Row]:
    """(statement, known, found, answer) of what is known of the condition; none where nothing is."""
    expected = expectations().get(str(result.manifest["scenario"]))
    if expected is None:
        return []
    return [(a.what, a.wanted, a.found, a.answer) for a in judged(expected, result)]
