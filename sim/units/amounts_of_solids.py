"""Amounts of solids in the units that people read: mM, mg/cm3 of tissue, % of its volume."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import UnitError, shown
from sim.units import convert, parse_unit, si_unit, to_unit, unit_of

if TYPE_CHECKING:
    import xarray

OF_VOLUME = "volume"  # "% volume": a share of the volume of tissue


def amount_of(data: xarray.DataArray, unit: str) -> xarray.DataArray:
    """A variable in another unit: a solid also as mass or share of volume of tissue; see `Result.amount`."""
    plain = _without_volume(unit)
    values = to_unit(
        np.asarray(data.values, dtype=float) * _per_unit(str(data.name), data.attrs, plain), plain
    )
    found = data.copy(data=values)
    found.attrs = {k: v for k, v in data.attrs.items() if k not in ("shown_in", "reference_scale")}
    found.attrs["units"] = unit
    return found


def level_of(name: str, attributes: Mapping[str, Any], given: float | str) -> float:
    """A level of a variable in its SI unit, from text in any unit that `amount_of` takes.

    attributes: what the variable says of itself, `units` among it
    """
    own = str(attributes.get("units", "1"))
    if not isinstance(given, str):
        return convert(given, own, "above")
    level, unit = _si_level(given, own)
    return level / _per_unit(name, attributes, unit) if unit else level


@lru_cache(maxsize=64)
def _si_level(given: str, own: str) -> tuple[float, str]:
    """A level in SI, and its unit where that is of another dimension than the variable's own, else ""."""
    text = _without_volume(given)
    unit = unit_of(text, "above")
    if parse_unit(unit, own).dimension == parse_unit(own).dimension:
        return convert(text, own, "above"), ""
    return convert(text, si_unit(unit), "above"), unit


def _without_volume(text: str) -> str:
    """ "2 % volume" is "2 %" of the volume of tissue, the only share that an amount per volume can be."""
    return text.strip().removesuffix(OF_VOLUME).strip() if text.strip().endswith("% volume") else text


def _per_unit(name: str, attributes: Mapping[str, Any], unit: str) -> float:
    """What a variable in its SI unit is multiplied with to be in the SI unit of `unit`."""
    own = str(attributes.get("units", "1"))
    wanted, here = parse_unit(unit, own).dimension, parse_unit(own).dimension
    if wanted == here:
        return 1.0
    moles, mass, share = (parse_unit(u).dimension for u in ("mol m-3", "kg m-3", "1"))
    per_mole = {moles: 1.0}  # of each kind, in the order of preference
    if "molar_mass" in attributes:
        per_mole[mass] = float(attributes["molar_mass"])
    if "molar_volume" in attributes:
        per_mole[share] = float(attributes["molar_volume"])
    if len(per_mole) > 1 and wanted in per_mole and here in per_mole:
        return per_mole[wanted] / per_mole[here]
    names = {moles: "mM", mass: "mg/cm3", share: "% volume"}
    others = [names[k] for k in per_mole] if len(per_mole) > 1 and here in per_mole else [own]
    why = f" It is read in {', '.join(others)}, and units like these."
    raise UnitError(f"{name} is in '{own}' and cannot be given in {shown(unit)}.{why}")
