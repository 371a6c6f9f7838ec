"""Numbers taken from a result. A measure is called with a result; some also have a curve in time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.public import public
from sim.units.amounts_of_solids import level_of

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result


@dataclass(frozen=True)
class Measure:
    """A named number of a result: measure(result) -> float, in the unit of what is measured.

    curve: the same over time, for measures that have a value at every output.
    """

    name: str
    function: Callable[[Result], float]
    curve: Callable[[Result], xarray.DataArray] | None = None
    unit: str = ""

    @public
    def __call__(self, result: Result) -> float:
        return self.function(result)

    @property
    def __name__(self) -> str:  # a plain function serves as a measure too, and has this
        return self.name


@public
def mean(name: str) -> Measure:
    """Volume mean of a variable over the tissue at the end [its unit]."""

    def curve(result: Result) -> xarray.DataArray:
        space = result["volume"].dims
        found = (result[name] * result["volume"]).sum(space) / result["volume"].sum(space)
        found.attrs = dict(result[name].attrs)
        return found

    return Measure(f"mean {name}", lambda result: float(curve(result)[-1]), curve)


@public
def total(name: str) -> Measure:
    """Volume integral of a variable over the tissue at the end [its unit x m3]; `Result.total` over time."""

    def curve(result: Result) -> xarray.DataArray:
        return result.total(name)

    return Measure(f"total {name}", lambda result: float(curve(result)[-1]), curve)


@public
def peak(name: str) -> Measure:
    """Largest value of a variable anywhere at the end [its unit]."""

    def curve(result: Result) -> xarray.DataArray:
        return result[name].max(result["volume"].dims, keep_attrs=True)

    return Measure(f"peak {name}", lambda result: float(curve(result)[-1]), curve)


@public
def onset(name: str, above: float | str = "0.1 mM") -> Measure:
    """First time that a variable exceeds `above` anywhere [s], linear between outputs; inf if never.

    above: SI number or text; of a solid "1 mM", "10 mg/cm3" (by its molar mass) or "2 % volume" alike
    """

    def measure(result: Result) -> float:
        level = level_of(result[name], above)
        values, t = result[name].max(result["volume"].dims).values, result.t
        over = np.flatnonzero(values > level)
        if over.size == 0:
            return float("inf")
        k = over[0]
        if k == 0:
            return float(t[0])
        share = (level - values[k - 1]) / (values[k] - values[k - 1])
        return float(t[k - 1] + share * (t[k] - t[k - 1]))

    return Measure(f"onset of {name}", measure, unit="s")


@public
def lowest(name: str) -> Measure:
    """Smallest value of a variable anywhere at any time [its unit]."""
    return Measure(f"lowest {name}", lambda result: float(result[name].min()))


def log10(measure: Measure) -> Measure:
    """log10 of a measure [decades of its SI unit]: -inf where it is 0, NaN where it is negative, inf where it
    is (an onset that never comes). A sweep keeps these as they are, and an analysis says how many there are.
    """

    def function(result: Result) -> float:
        value = measure(result)
        return math.log10(value) if value > 0 else -math.inf if value == 0 else math.nan

    return Measure(f"log10 of {measure.name}", function, unit="1")


@public
def where_peak(name: str) -> Callable[[Result], dict[str, float]]:
    """Coordinates [m] of the largest value at the end."""

    def measure(result: Result) -> dict[str, float]:
        last = result[name][-1]
        if last.ndim == 0:
            return {}
        at = np.unravel_index(int(np.argmax(last.values)), last.shape)
        return {str(d): float(last[d][i]) for d, i in zip(last.dims, at, strict=True)}

    return measure
