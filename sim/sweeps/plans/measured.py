"""What is measured, as files say it: mineral = { what = "mean", of = "HAP", within = "lesion" }, or of a
picture seen = { what = "first_seen", by = "ct" }."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from sim.errors import ConfigError, listing, nearest, shown, unknown
from sim.experiment.places import names_of
from sim.parameters.sections import Section, si_quantity
from sim.run import measures

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario

MEASURES: dict[str, Callable[..., measures.Measure]] = {
    "mean": measures.mean,
    "total": measures.total,
    "peak": measures.peak,
    "volume": measures.volume,
    "contents": measures.contents,
    "onset": measures.onset,
    "lowest": measures.lowest,
}
PICTURES = {"first_seen": "", "hounsfield": "ct", "agatston": "ct"}  # {measure: kind of its instruments}
LEVELS = ("onset", "volume")  # those that have a use for `above`
OF_MEASURE = ("what", "of", "above", "within")


def measures_of(top: Section, base: Scenario) -> dict[str, measures.Measure]:
    """{name: measure} of [measures]: mineral = { what = "mean", of = "HAP" }."""
    content = top.table("measures")
    if not content:
        raise ConfigError(
            f"{top.where} measures nothing; write for example [measures] with "
            'mineral = { what = "mean", of = "HAP" }.'
        )
    known = variables_of(base)
    found = {}
    for name, table in content.items():
        one = Section(table, f"{top.where} [measures] {shown(name)}", (*OF_MEASURE, "by", "log"))
        what = one.choice("what", (*MEASURES, *PICTURES))
        found[name] = _picture(one, what) if what in PICTURES else measure_in(_of_variable(one), base, known)
        if one.yes("log"):
            found[name] = measures.log10(found[name])
    return found


def variables_of(base: Scenario) -> dict[str, str]:
    """{name: unit} of what a run of the scenario has over time and space."""
    from sim.run.dataset import variables
    from sim.run.segments import Builder

    return variables(Builder(base))


def measure_in(one: Section, base: Scenario, known: Mapping[str, str]) -> measures.Measure:
    """The measure that a table states. known: {name: unit} of the variables that there are"""
    what = one.choice("what", MEASURES)
    one.needed("of")
    of, within = one.text("of"), one.text("within")
    if what == "contents":
        return _contents(one, base)
    if of not in known:
        raise ConfigError(f"{one.where}: a result has no variable {shown(of)}.{nearest(of, known)}")
    if within and within not in names_of(base):
        raise ConfigError(f"{one.where}: {unknown('a layer or region', within, names_of(base))}")
    if what not in LEVELS:
        if "above" in one:
            raise ConfigError(
                f"{one.where}: 'above' is for an onset or a volume, not for a {what}. Take it out."
            )
        return MEASURES[what](of, within=within)
    level = one.needed("above") if what == "volume" else one.content.get("above", "0.1 mM")
    si_quantity(level, known[of], f"{one.where}: above")  # refused here, not in every point
    return MEASURES[what](of, above=level, within=within)


def _of_variable(one: Section) -> Section:
    """The table of a measure that is taken of a variable."""
    if "by" in one:
        raise ConfigError(
            f"{one.where}: by is for {listing(PICTURES)}; {one.text('what')} is 'of' a variable. Take it out."
        )
    return one


def _picture(one: Section, what: str) -> measures.Measure:
    """What a picture of all the tissue shows, by a method of imaging or an instrument."""
    from sim.imaging import METHODS, instruments
    from sim.imaging import measures as pictures  # only here: imaging takes a while to import

    for key in ("of", "above", "within"):
        if key in one:
            raise ConfigError(
                f"{one.where}: {key} is not for {what}, which is 'by' a method or instrument. Take it out."
            )
    known = [n for n, i in instruments().items() if i.kind == PICTURES[what]] or list(METHODS)
    measure = getattr(pictures, what)
    return measure(one.choice("by", known)) if "by" in one else measure()


def _contents(one: Section, base: Scenario) -> measures.Measure:
    """What all of the tissue holds of an element."""
    of = one.text("of")
    for key in ("above", "within"):
        if key in one:
            raise ConfigError(
                f"{one.where}: {key} is not for contents, those of all the tissue. Take it out."
            )
    if of not in base.model.elements:
        raise ConfigError(f"{one.where}: {unknown('an element', of, base.model.elements)}")
    return measures.contents(of)
