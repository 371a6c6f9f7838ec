"""What is known of each condition (data/atlas/expectations.toml), and the verdict on a run beside it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.atlas.morphology import VARIABLE, WORDS, Morphology, morphology
from sim.atlas.sight import sight_title, stains, time_seen, ways_to_see
from sim.errors import ConfigError, not_one_of, shown
from sim.parameters.references import source_keys
from sim.parameters.sections import Section, tables_of_file
from sim.texts import duration_text
from sim.units import convert

if TYPE_CHECKING:
    from sim.run.result import Result

KEYS = ("onset", "seen", "first", "last", "known", "confidence", "source", "scored", "reason", "treatments")
CONFIDENCE = ("source", "estimate", "none")
RIGHT, WRONG, OPEN, UNSCORED = "right", "wrong", "open", "not scored"
NEVER = "never"


@dataclass(frozen=True)
class Expectation:
    """What is known of a condition.

    onset: earliest and latest time at which mineral is first seen [s]; None where nothing is known, and
        (inf, inf) where it never may be; seen: by what (sim.atlas.sight); first, last: words of morphology
        that fit;
        sources: keys of the bibliography (sim.parameters.load_references)
    """

    name: str
    known: str
    confidence: str
    sources: tuple[str, ...] = ()
    onset: tuple[float, float] | None = None
    seen: str = ""
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    scored: bool = True
    reason: str = ""
    treatments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """One statement beside what was found. answer: "right", "wrong", "open" (the run says nothing of it)"""

    what: str
    wanted: str
    found: str
    answer: str


@lru_cache
def expectations() -> dict[str, Expectation]:
    """{scenario: what is known of its condition}."""
    content = tables_of_file(resources.files("sim") / "data" / "atlas" / "expectations.toml")
    usual = tuple(content.pop("every").get("treatments", ()))
    found = {name: _expectation(name, table) for name, table in content.items()}
    return {n: replace(e, treatments=(*usual, *e.treatments)) for n, e in found.items()}


def expectation_of(name: str) -> Expectation:
    """What is known of the condition of a scenario."""
    if name not in expectations():
        raise ConfigError(f"data/atlas/expectations.toml says nothing of {name}.")
    return expectations()[name]


def _expectation(name: str, table: Any) -> Expectation:
    where = f"expectations.toml: [{name}]"
    given = Section(table, where, KEYS)
    scored, seen = given.yes("scored", True), given.text("seen")
    confidence = given.choice("confidence", CONFIDENCE)
    if scored and seen not in ways_to_see():
        raise ConfigError(not_one_of(f"{where}: seen", seen, ways_to_see()))
    words = {key: given.names(key, "words of morphology") for key in ("first", "last")}
    for key, some in words.items():
        for word in some:
            if word not in WORDS:
                raise ConfigError(not_one_of(f"{where}: {key}", word, WORDS))
    return Expectation(
        name, given.text("known", most=300), confidence, source_keys(given.text("source", most=200)),
        _onset(given, where), seen, words["first"],
        words["last"], scored, given.text("reason", most=300), given.names("treatments", "names"),
    )  # fmt: skip


def _onset(given: Section, where: str) -> tuple[float, float] | None:
    value = given.content.get("onset")
    if value is None:
        return None
    if value == NEVER:
        return math.inf, math.inf
    if not isinstance(value, list) or len(value) != 2:
        raise ConfigError(f"{where}: onset = {shown(value)} is neither [earliest, latest] nor '{NEVER}'.")
    low, high = (float(convert(v, "s", f"{where}: onset")) for v in value)
    if not 0 <= low < high:
        raise ConfigError(f"{where}: onset = {shown(value)} does not rise.")
    return low, high


def judged(expected: Expectation, result: Result) -> tuple[Answer, ...]:
    """The statements on a condition beside what a run found.

    A place is that of mineral which a stained section shows: less has none. Where none is, and the run ends
    before the latest time at which it is known to be seen, it says nothing of the place.
    """
    if not expected.scored:
        return (Answer("whole", expected.known, str(_place(result, -1)), UNSCORED),)
    found: list[Answer] = []
    onset = time_seen(expected.seen, result)
    early = False
    if expected.onset is not None:
        first = _of_onset(expected, onset, float(result.t[-1]))
        early = first.answer == OPEN
        found.append(first)
    if expected.first and math.isfinite(onset):
        at = int(np.searchsorted(result.t, onset))
        found.append(_of_place("place when first seen", expected.first, _place(result, at)))
    if expected.last:
        found.append(_of_place("place at the end", expected.last, _place(result, -1), early))
    return tuple(found)


def _of_onset(expected: Expectation, onset: float, end: float) -> Answer:
    low, high = expected.onset or (0.0, 0.0)
    found = f"{duration_text(onset)}" if math.isfinite(onset) else f"not within {duration_text(end)}"
    if math.isinf(low):
        return Answer("onset", NEVER, found, RIGHT if math.isinf(onset) else WRONG)
    wanted = f"{duration_text(low)} to {duration_text(high)} ({sight_title(expected.seen)})"
    if math.isfinite(onset):
        return Answer("onset", wanted, found, RIGHT if low <= onset <= high else WRONG)
    return Answer("onset", wanted, found, OPEN if end < high else WRONG)


def _of_place(what: str, wanted: tuple[str, ...], found: Morphology, early: bool = False) -> Answer:
    """early: whether the run ends before mineral need be seen"""
    fits = found.word in wanted
    answer = RIGHT if fits else OPEN if early and found.word == "none" else WRONG
    return Answer(what, " or ".join(wanted), str(found), answer)


def _place(result: Result, at: int) -> Morphology:
    if not (result.space and stains(result, at)):
        return Morphology("none", float(np.nanmax(result.array_of(VARIABLE)[at])))
    return morphology(result, at)


def tally(verdicts: Mapping[str, tuple[Answer, ...]]) -> dict[str, int]:
    """How many statements are right, wrong, open and not scored."""
    answers = [v.answer for row in verdicts.values() for v in row]
    return {answer: answers.count(answer) for answer in (RIGHT, WRONG, OPEN, UNSCORED)}
