"""The [[wanted]] tables of an experiment file, read into statements."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sim.errors import ConfigError, unknown
from sim.model.words.naming import variable_words
from sim.parameters.sections import Section, quantity
from sim.run.measures import Measure
from sim.sweeps.plans.measured import OF_MEASURE, measure_in, variables_of
from sim.texts import duration_text
from sim.units import convert_number, parse_unit, si_unit, unit_of
from sim.validation.rules import Span, around_mean, around_number, rule_numbers
from sim.validation.wanted import OVER_TIME, Reading, Wanted

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario

BOUNDS = ("is", "least", "most", "mean", "sd", "value")
OF_READING = ("arm", *OF_MEASURE, "at", "reaches")
WORDS = ("source", "confidence", "fitted", "note", "says")
KEYS = (*OF_READING, *BOUNDS, *WORDS, "against", "order", "course")
CONFIDENCES = ("seen", "derived", "unverified")
LOGARITHMS = ("pH", "SI_")  # variables that are logarithms already: how their names begin


def statements(top: Section, arms: Mapping[str, Scenario]) -> Iterator[Wanted]:
    """The statements of a file."""
    tables = top.list("wanted", "tables")
    if not tables:
        raise ConfigError(
            f"{top.where} wants nothing; write for example [[wanted]] with arm = {next(iter(arms))!r}, "
            'is = "calcified", source = "bailey2001" and confidence = "seen".'
        )
    for k, table in enumerate(tables, 1):
        one = Section(table, f"{top.where} [[wanted]] {k}", KEYS)
        for point in one.list("course", "tables") or [{}]:
            Section(point, f"{one.where}: course", (*BOUNDS, "at", "fitted", "note", "source", "confidence"))
            merged = {key: value for key, value in one.content.items() if key != "course"} | point
            yield _statement(Section(merged, one.where, KEYS), arms)


def _statement(one: Section, arms: Mapping[str, Scenario]) -> Wanted:
    kind = "ratio" if "against" in one else "order" if "order" in one else "value"
    if kind == "order":
        if "arm" in one:
            raise ConfigError(f"{one.where} has arm and order; order names the arms, in which it rises.")
        names = one.names("order", "arms")
        if len(names) < 2:
            raise ConfigError(f"{one.where}: order needs two arms or more, in which the figure rises.")
        readings = [_reading(_with(one, arm=name), arms) for name in names]
    else:
        readings = [_reading(one, arms)]
    if kind == "ratio":
        other = Section(one.table("against"), f"{one.where}: against", OF_READING)
        mine = {k: v for k, v in one.content.items() if k in OF_READING}
        readings.append(_reading(Section(mine | other.content, other.where, OF_READING), arms))
    first, own = readings[0]
    for _, unit in readings[1:]:
        if parse_unit(unit).dimension != parse_unit(own).dimension:
            raise ConfigError(f"{one.where} compares '{own}' with '{unit}'.")
    logarithm = kind == "value" and first.reaches is None and one.text("of").startswith(LOGARITHMS)
    span, shown_in = _span(one, own if kind == "value" else "1", kind, logarithm)
    return Wanted(
        tuple(r for r, _ in readings), span._replace(logarithm=logarithm), shown_in, kind,
        _wording(one, [r for r, _ in readings], len(arms) == 1), _sources(one),
        one.choice("confidence", CONFIDENCES), one.yes("fitted"), one.text("note", most=400),
    )  # fmt: skip


def _with(one: Section, **more: Any) -> Section:
    return Section(one.content | more, one.where, KEYS)


def _reading(one: Section, arms: Mapping[str, Scenario]) -> tuple[Reading, str]:
    """What is read, and its unit [SI]."""
    if len(arms) > 1 or "arm" in one:
        one.needed("arm")
    arm = one.text("arm", next(iter(arms)))
    if arm not in arms:
        raise ConfigError(f"{one.where}: {unknown('an arm', arm, arms)}")
    base = arms[arm]
    known = variables_of(base)
    content = {k: v for k, v in one.content.items() if k in OF_MEASURE}
    content = {"what": "mean", "of": "Ca_in_mineral"} | content
    measure = measure_in(Section(content, one.where, OF_MEASURE), base, known)
    unit = measure.unit or ("mol m-3" if content["what"] == "contents" else known[content["of"]])
    said = _said(content, base, known)
    when = _moment(one, measure, base, unit)
    return Reading(arm, measure, said, **when), "s" if "reaches" in when else si_unit(unit)


def _said(content: Mapping[str, Any], base: Scenario, known: Mapping[str, str]) -> str:
    """A measure in words; what says nothing else is a mean."""
    what, of = content["what"], content["of"]
    if what == "contents":
        return f"all {of} of the tissue"
    short = variable_words(base.model, of, known[of]).short_name
    words = {"mean": short, "peak": f"highest {short}", "volume": f"volume with {short}"}
    text = words.get(what, f"{what} of {short}")
    text += f" above {content['above']}" if "above" in content else ""
    return f"{text} in {content['within']}" if content.get("within") else text


def _moment(one: Section, measure: Measure, base: Scenario, unit: str) -> dict[str, Any]:
    """When it is read: a time, a word, or the level [unit] whose first crossing is told."""
    if "at" in one and "reaches" in one:
        raise ConfigError(f"{one.where} has at and reaches; the second asks for a time. Keep one.")
    if measure.curve is None:
        if "at" in one or "reaches" in one:
            raise ConfigError(f"{one.where}: {measure.name} is one number a run; leave out at and reaches.")
        return {}
    if "reaches" in one:
        given = quantity(one.content["reaches"], f"{one.where}: reaches")
        level = convert_number(given, unit, f"{one.where}: reaches")
        return {"reaches": float(level), "moment": f"first above {given}"}
    at = one.content.get("at", base.duration)
    if isinstance(at, str) and at in OVER_TIME:
        return {"over": at, "moment": f"{at} over time"}
    seconds = float(convert_number(at, "s", f"{one.where}: at"))
    if not 0 <= seconds <= base.duration * (1 + 1e-12):
        raise ConfigError(f"{one.where}: at = {at} is outside the run of its arm.")
    return {"at": min(seconds, base.duration), "moment": f"at {duration_text(seconds)}"}


def _span(one: Section, own: str, kind: str, logarithm: bool) -> tuple[Span, str]:
    """What is accepted, and the unit to show it in."""
    given = [k for k in BOUNDS if k in one]
    if kind == "order" and not given:
        return Span(least=1.0), "1"
    if not given:
        raise ConfigError(
            f"{one.where} has no bound; give is, least, most, mean with sd, or value (within a factor)."
        )
    alone = [k for k in ("is", "mean", "value") if k in one]
    if len(alone) > 1 or (alone and ("least" in one or "most" in one)) or ("sd" in one) != ("mean" in one):
        raise ConfigError(
            f"{one.where} has {', '.join(given)} together; give is, or least and most, or mean with sd, or "
            "value."
        )
    if "is" in one:
        words = [n.removeprefix("word.") for n in rule_numbers() if n.startswith("word.")]
        level = rule_numbers()[f"word.{one.choice('is', words)}"]
        _same(one, "is", level.unit, own)
        found = Span(most=level.si) if one.text("is") == "none" else Span(least=level.si)
        return found, level.unit
    numbers = {k: _number(one, k, own) for k in given}
    unit = next((unit_of(v) for k in given if isinstance(v := one.content[k], str)), "1")
    if "mean" in one:
        return Span(*around_mean(numbers["mean"], numbers["sd"]), linear=True), unit
    if "value" in one:
        return Span(*around_number(numbers["value"], logarithm)), unit
    span = Span(numbers.get("least", -math.inf), numbers.get("most", math.inf))
    if span.least > span.most:
        raise ConfigError(f"{one.where}: least is above most; nothing is accepted.")
    return span, "s" if own == "s" else unit


def _number(one: Section, key: str, own: str) -> float:
    """A bound [SI], in the unit of what is read."""
    given = quantity(one.content[key], f"{one.where}: {key}")
    return float(convert_number(given, own, f"{one.where}: {key}"))


def _same(one: Section, key: str, unit: str, own: str) -> None:
    if parse_unit(unit).dimension != parse_unit(own).dimension:
        raise ConfigError(f"{one.where}: {key} is said of '{unit}', and '{own}' is read. Give least or most.")


def _sources(one: Section) -> tuple[str, ...]:
    given = one.needed("source")
    return (one.text("source"),) if isinstance(given, str) else one.names("source", "keys of references")


def _wording(one: Section, readings: Sequence[Reading], alone: bool) -> str:
    """What is read, in words: "injured: calcium in solids in wall at 9 days".

    alone: whether there is one arm, which then need not be named
    """
    if "says" in one:
        return one.text("says", most=120)
    first, last = readings[0], readings[-1]
    texts = [f"{r.said} {r.moment}".strip() for r in (first, last)]
    if "order" in one:
        return f"{texts[0]}: {' < '.join(r.arm for r in readings)}"
    arms = "" if alone else f"{first.arm}: " if first.arm == last.arm else f"{first.arm} / {last.arm}: "
    if texts[0] == texts[1]:
        return arms + texts[0]
    return f"{arms}{texts[0]} / {last.moment if first.said == last.said else texts[1]}"
