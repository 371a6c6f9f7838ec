"""The unit in which people give a parameter: that of its entry in the data, or of its kind."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources

from sim.errors import UnitError
from sim.units import si_unit


def given_unit(name: str, unit: str) -> str:
    """The unit that a parameter is usually given in, "" where none is known or it is of another kind.

    name: dotted, "phosphatase.V_alk"; unit: its SI unit
    """
    own = _units_of_data().get(name, "")
    try:
        return own if own and own != "1" and unit and si_unit(own) == si_unit(unit) else ""
    except UnitError:
        return ""


@lru_cache
def _units_of_data() -> dict[str, str]:
    """{"process.parameter": unit} of the package's tables."""
    text = (resources.files("sim") / "data" / "processes.toml").read_text(encoding="utf-8")
    return {
        f"{process}.{key}": str(entry["unit"])
        for process, table in tomllib.loads(text).items()
        if isinstance(table, dict)
        for key, entry in table.items()
        if isinstance(entry, dict) and "unit" in entry
    }
