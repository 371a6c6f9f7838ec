"""Treatments in one word, as on a command line: "etidronate@3day..10day:2 uM"."""

from __future__ import annotations

import re
from typing import NamedTuple

from sim.errors import ScenarioError, shown

FORM = "NAME[/REGION][@START[..STOP]][:DOSE], such as etidronate@3day..10day:2uM"
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?=[^\s\d.])")


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
    return Ordered(name.strip(), start.strip(), stop.strip() or None, spaced(dose) or None, region.strip())


def spaced(text: str) -> str:
    """A quantity with a space before its unit, as others are shown: "2 uM" of "2uM"."""
    number = NUMBER.match(text := text.strip())
    return text if number is None else f"{number[0]} {text[number.end() :]}"
