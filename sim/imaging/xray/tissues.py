"""CT numbers of the tissue that mineral lies in, by region."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache

from sim.errors import ConfigError, nearest, unknown
from sim.imaging.volumes.specimen import WATER, Specimen
from sim.imaging.xray.attenuation import DATA
from sim.parameters import Parameters, load_parameters
from sim.units import convert_number

OTHERWISE = "soft_tissue"


@cache
def tissues() -> Parameters:
    """CT numbers of data/imaging/tissues.toml."""
    return load_parameters(DATA / "tissues.toml")


@cache
def _places() -> dict[str, dict]:
    return tomllib.loads((DATA / "regions.toml").read_text(encoding="utf-8"))


def tissue_of(region: str, scenario: str) -> str:
    """The tissue that a region is taken for, by data/imaging/regions.toml."""
    own = _places()["scenarios"].get(scenario, {})
    return own.get(region) or (WATER if region == WATER else _places()["regions"].get(region, OTHERWISE))


def numbers_of(body: Specimen, given: Mapping[str, str | float] | None = None) -> dict[str, float]:
    """{region: CT number without mineral [HU]} of a body.

    given: {region: a tissue of data/imaging/tissues.toml, or HU}, in place of those of the package
    """
    regions = [*body.regions, body.outside]
    return numbers_for(regions, str(body.origin.get("scenario", "")), given)


def numbers_for(
    regions: Iterable[str], scenario: str, given: Mapping[str, str | float] | None = None
) -> dict[str, float]:
    """The same for names of regions."""
    chosen: dict[str, str | float] = {r: tissue_of(r, scenario) for r in regions}
    for region, value in (given or {}).items():
        if region not in chosen:
            raise ConfigError(unknown("a region here", region, chosen))
        chosen[region] = value
    return {region: tissue_number(region, value) for region, value in chosen.items()}


def tissue_number(region: str, value: str | float) -> float:
    """A CT number [HU] that is given, or that of a tissue of data/imaging/tissues.toml."""
    if isinstance(value, str):
        if value not in tissues():
            raise ConfigError(
                f"the tissue of {region}, '{value[:64]}', is none of {', '.join(tissues())}, and no "
                f"number of HU.{nearest(value, tissues())}"
            )
        return tissues().si(value)
    return convert_number(value, "1", f"the CT number of {region}")
