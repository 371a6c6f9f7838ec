"""What names mean, in words, and in which unit people read them: data/glossary.toml."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources
from typing import NamedTuple

from sim.parameters.sections import Section, table_of, tables_of_file
from sim.units import to_unit

KEYS = ("description", "short_name", "shown_in", "unit")


class Wording(NamedTuple):
    """A name in words. short_name: for legends and axes; unit: SI; shown_in: the customary one"""

    description: str = ""
    short_name: str = ""
    shown_in: str = ""
    unit: str = ""

    def filled(self, **words: str) -> Wording:
        """With {title}, {place} and the like replaced."""
        return self._replace(
            description=self.description.format(**words), short_name=self.short_name.format(**words)
        )


@lru_cache
def wordings(section: str) -> dict[str, Wording]:
    """The names of a section of data/glossary.toml ("quantities", "pools", ...) in words."""
    content = tables_of_file(resources.files("sim") / "data" / "glossary.toml")
    found = {}
    for name, table in table_of(content[section], section).items():
        given = Section(table, f"glossary.toml: [{section}] {name}", KEYS)
        found[name] = Wording(*(given.text(key, most=200) for key in KEYS))
    return found


def wording(section: str, name: str, /, **words: str) -> Wording:
    """One name of a section in words, empty where it has none. words: for {title}, {place} and the like"""
    return wordings(section).get(name, Wording()).filled(**words)


def computed(name: str) -> Wording:
    """What no table of a species gives, in words: a variable of results or a quantity; else empty."""
    return wordings("results").get(name) or wordings("quantities").get(name) or Wording()


def shown_unit(unit: str, own: str = "") -> str:
    """The unit in which people read a quantity of SI unit `unit`; own: what its table says, which goes first.

    Convert with `sim.units.to_unit(value, shown_unit(...))`: "mol m-3" is read in mM, masses in mg/cm3.
    """
    return own or wording("units", unit).shown_in or unit


def plain_unit(unit: str) -> str:
    """The unit in which people read a plain number of SI unit `unit` unchanged: mM for "mol m-3"."""
    shown = shown_unit(unit)
    return shown if to_unit(1.0, shown) == 1.0 else unit


def spaced(name: str) -> str:
    """A name as a short text where nothing better is known: "BP_ads" is "BP ads"."""
    return name.replace("_", " ")
