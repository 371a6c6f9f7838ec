"""Names and units as a reader sees them: of variables, of time and of length."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sim.errors import ConfigError, not_one_of
from sim.units import axis_label, readable_unit, to_unit

if TYPE_CHECKING:
    import xarray
    from matplotlib.axes import Axes

    from sim.run.result import Result

SHORT = {
    "Ca_in_mineral": "Ca in solids",
    "HAP_density": "HAP",
    "Ca_per_dry_mass": "Ca per dry mass",
    "Ca_free": "free Ca",
    "P_free": "free P",
    "C_free": "free C",
    "Mg_free": "free Mg",
    "ionic_strength": "ionic strength",
}
CLOCKS = ("linear", "root")


class Look(NamedTuple):
    """How a variable is shown: values times `factor`, under `label`; `unit` in matplotlib text."""

    factor: float
    label: str
    name: str


def look_of(data: xarray.DataArray) -> Look:
    """The customary unit of a variable and the text of its axis."""
    name, unit, factor = str(data.name), data.attrs.get("units", "1"), 1.0
    if name == "Ca_per_dry_mass":
        unit, factor = "ug/mg", 1e3
    elif unit == "kg m-3":
        unit = "mg cm-3"  # the same number
    elif unit == "kg m-2":
        unit, factor = "mg cm-2", 100.0
    elif unit == "m" and data.size:
        unit = readable_unit(float(np.nanmax(np.abs(data))), "m")
        factor = to_unit(1.0, unit)
    text = name_of(name)
    return Look(factor, text if name == "pH" else axis_label(text, unit), text)


def name_of(name: str) -> str:
    """A variable's name for a legend: "SI_HAP" is "SI HAP"."""
    return SHORT.get(name, name.replace("_", " "))


def time_scale(end: float) -> tuple[float, str]:
    """(seconds per unit, unit) fit for an axis up to `end` [s]."""
    unit = readable_unit(end, "s")
    return 1.0 / to_unit(1.0, unit), unit


def length_scale(size: float) -> tuple[float, str]:
    """(metres per unit, unit) fit for an axis of this extent [m]."""
    unit = readable_unit(size, "m")
    unit = unit if unit != "m" else "mm"
    return 1.0 / to_unit(1.0, unit), unit


def time_axis(ax: Axes, result: Result, clock: str) -> None:
    """Label, limits and scale of a time axis drawn in the units of `time_scale`.

    clock: "linear", or "root": a square-root scale, which shows the first hours of a long run
    """
    if clock not in CLOCKS:
        raise ConfigError(not_one_of("clock", clock, CLOCKS))
    end = float(result.t[-1])
    per, unit = time_scale(end)
    ax.set_xlim(0, end / per if end > 0 else 1.0)
    ax.set_xlabel(f"time [{unit}]")
    if clock == "root" and end > 0:
        ax.set_xscale("function", functions=(_root, np.square))
        ax.set_xlim(0, end / per)
        ticks = [_nice(share * end / per) for share in (0.03, 0.1, 0.25, 0.5, 0.75)]
        ax.set_xticks([0.0, *ticks, end / per], minor=False)
        ax.xaxis.set_major_formatter("{x:.3g}")
        ax.set_xlabel(f"time [{unit}], root scale")


def _nice(x: float) -> float:
    """The nearest of 1, 1.5, 2, 3, 5, 7 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(x))
    return float(power * min((1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0), key=lambda n: abs(n - x / power)))


def _root(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(x, 0.0))
