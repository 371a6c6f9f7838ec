"""Treatments in one word, as on a command line: "etidronate@3day..10day:2 uM"."""

from __future__ import annotations

from typing import NamedTuple

from sim.errors import ScenarioError, shown

FORM = "NAME[/REGION][@START[..STOP]][:DOSE], such as etidronate@3day..10day:2uM"


class Ordered(NamedTuple):
    """What was ordered, as texts; "" and None are left out."""

    name: str
    start: str
    stop: str | None
    dose: str | None
    region: str


def ordered(text: str) -> Ordered:
    """The name, start, stop, dose and region in a text NAME[/REGION][@START[..STOP]][:DOSE].

    Raises ScenarioError for what is no such text.
    """
    head, colon, dose = text.partition(":")
    who, sign, times = head.partition("@")
    name, slash, region = who.partition("/")
    start, dots, stop = times.partition("..")
    parts = [(slash, region), (sign, start), (dots, stop), (colon, dose)]
    if not name.strip() or any(mark and not said.strip() for mark, said in parts):
        raise ScenarioError(f"{shown(text)} is no treatment; write {FORM}.")
    return Ordered(name.strip(), start.strip(), stop.strip() or None, dose.strip() or None, region.strip())
