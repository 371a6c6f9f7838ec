"""Instruments of x-ray imaging by name, from data/imaging/instruments.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from sim.errors import ConfigError, unknown
from sim.imaging.xray.attenuation import DATA, Spectrum, spectra, spectrum_of_ct
from sim.parameters import Parameters, parameters_from
from sim.parameters.sections import Section, tables_of_file

KEYS = ("kind", "title", "spectrum", "settings")
KINDS = ("ct", "radiograph")
HOUNSFIELD = "HU"  # the unit of CT numbers
USUAL = "chest_ct"  # whose body is taken where none is told
PER_WIDTH = 2.3548200450309493  # full width at half maximum of a Gaussian, 2 sqrt(2 ln 2) standard deviations


@dataclass(frozen=True)
class Instrument:
    """A scanner and its settings, each with unit, range and source.

    kind: "ct" or "radiograph"; tube: name of its spectrum, "" where the voltage tells it
    """

    name: str
    kind: str
    title: str
    tube: str
    settings: Parameters

    @property
    def spectrum(self) -> Spectrum:
        """Of its tube, in front of the body."""
        return spectra()[self.tube] if self.tube else spectrum_of_ct(self.si("kVp"))

    @property
    def spread(self) -> float:
        """Standard deviation of its point spread in the plane [m]."""
        return self.si("psf") / PER_WIDTH

    def si(self, name: str) -> float:
        """A setting in SI, HU and kVp as they are."""
        return self.settings.si(name)

    def with_settings(self, changes: Mapping[str, float | str] | None) -> Instrument:
        """A copy with other settings: text with a unit, or a number in SI."""
        made = replace(self, settings=self.settings.with_values(changes or {}))
        for name in ("pixel", "slice", "spacing", "photons"):
            if name in made.settings and made.si(name) <= 0:
                raise ConfigError(f"{name} = {made.si(name):g} of {self.name} is not above 0.")
        return made


@cache
def instruments() -> dict[str, Instrument]:
    """Every instrument of the package by name."""
    found = {}
    for name, table in tables_of_file(DATA / "instruments.toml").items():
        where = f"instruments.toml: [{name}]"
        given = Section(table, where, KEYS)
        kind, tube = given.choice("kind", KINDS), given.text("spectrum")
        settings = parameters_from(given.table("settings"), where)
        found[name] = Instrument(name, kind, given.text("title"), tube, settings)
    return found


def instrument(name: str, kind: str, changes: Mapping[str, float | str] | None = None) -> Instrument:
    """An instrument of a kind by its name, with changed settings."""
    known = {n: i for n, i in instruments().items() if i.kind == kind}
    if name not in known:
        raise ConfigError(unknown(f"an instrument for a {kind if kind != 'ct' else 'CT'}", name, known))
    return known[name].with_settings(changes)
