"""Names and units as a reader sees them: of variables, pools, time and length."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.parameters.wording import computed, shown_unit
from sim.units import axis_label, readable_unit, to_unit

if TYPE_CHECKING:
    import xarray

LINE = 34  # characters of a name that stand in one line beside an axis or in a legend
_WATER = " in pore water"
_SYMBOL = re.compile(r"[A-Z][A-Za-z]*[0-9]*")  # as chemists write one: Ca, PPi, ACP1


class Look(NamedTuple):
    """How a variable is shown: values times `factor`, under `label`; `unit` in matplotlib text."""

    factor: float
    label: str
    name: str
    unit: str = ""

    def text(self, value: float) -> str:
        """A value as drawn, with its unit, for a sentence in a picture."""
        return f"{value:.2g} {self.unit}".strip()


def look_of(data: xarray.DataArray, name: str | None = None) -> Look:
    """The unit that a variable is read in, and the text of its axis. name: its words, its own when None

    A variable says that unit in its attribute `shown_in`; where it does not, one is chosen by its SI unit.
    """
    own, unit = str(data.name), data.attrs.get("units", "1")
    said = data.attrs.get("shown_in")
    if said and said != "1":
        factor, unit = to_unit(1.0, said), said
    else:
        factor, unit = customary(unit)
    if not said and unit == "m" and data.size:
        unit = readable_unit(float(np.nanmax(np.abs(data))), "m")
        factor = to_unit(1.0, unit)
    text = name_of(own, data.attrs) if name is None else name
    shown = "" if unit == "1" else axis_label("", unit).strip()[1:-1]
    label = text if own == "pH" or text.endswith(" pH") else axis_label(wrapped(text), unit)
    return Look(factor, label, text, shown)


def customary(unit: str) -> tuple[float, str]:
    """(customary units per SI unit, customary unit), as data/glossary.toml has them: mM, mg/cm3, mM/day."""
    shown = shown_unit(unit)
    return (1.0, unit) if shown == unit else (to_unit(1.0, shown), shown)


def name_of(name: str, attrs: dict[str, Any] | None = None) -> str:
    """A variable's name for a legend: "SI_HAP" is "SI HAP", "mean Ca_in_mineral" "mean calcium in solids".

    attrs: of the variable in its dataset: what it calls itself comes first, and names that are no
    symbols of chemistry give way to the words that explain them
    """
    said = attrs or {}
    if said.get("short_name"):
        return str(said["short_name"])
    if computed(name).short_name:
        return computed(name).short_name
    if " " in name:  # of a measure: "mean HAP"
        return " ".join(name_of(word) for word in name.split(" "))
    plain = name.removeprefix("SI_").removeprefix("S_")
    words = str(said.get("long_name", "")).removesuffix(_WATER)
    if words and name == plain and name != "pH" and not _SYMBOL.fullmatch(name):
        return words
    return name.replace("_", " ")


def words_of(name: str) -> str:
    """A parameter, or what stands in its place, in words: "acid.load" is "acid load", "necrosis.tau_leak"
    "necrosis, time constant of leak"."""
    *group, own = name.split(".")
    what = own.removeprefix("tau_")
    if group and what != own:
        return f"{' '.join(group)}, time constant of {what}".replace("_", " ")
    return " ".join([*group, own]).replace("_", " ")


def drawable(words: str) -> str:
    """Words that a user gave, as matplotlib draws them: mathematics between dollars where it can be read,
    else the dollars themselves. A picture is not refused for what a run is called."""
    from matplotlib.mathtext import MathTextParser

    if "$" not in words:
        return words
    try:
        MathTextParser("path").parse(words)
    except ValueError:
        return re.sub(r"(?<!\\)\$", r"\\$", words)
    return words


def wrapped(words: str, width: int = LINE) -> str:
    """A long name in lines."""
    return "\n".join(textwrap.wrap(words, width)) or words


def time_scale(end: float) -> tuple[float, str]:
    """(seconds per unit, unit) fit for an axis up to `end` [s]."""
    unit = readable_unit(end, "s")
    return 1.0 / to_unit(1.0, unit), unit


def time_words(unit: str) -> str:
    """The unit of a time axis as written: those that are words in the plural."""
    return f"{unit}s" if unit in ("day", "year", "week") else unit


def length_scale(size: float) -> tuple[float, str]:
    """(metres per unit, unit) fit for an axis of this extent [m]."""
    unit = readable_unit(size, "m")
    unit = unit if unit != "m" else "mm"
    return 1.0 / to_unit(1.0, unit), unit
