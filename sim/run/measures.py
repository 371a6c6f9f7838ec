"""Numbers taken from a result. A measure is called with a result; some also have a curve in time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, unknown
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
def mean(name: str, within: str = "") -> Measure:
    """Volume mean of a variable over the tissue at the end [its unit].

    within: the layer or region that it is taken over, here and in the other measures; "" for all of it
    """

    def curve(result: Result) -> xarray.DataArray:
        space = result["volume"].dims
        volume = result["volume"] if not within else result["volume"].where(_there(result, within), 0.0)
        found = (result[name] * volume).sum(space) / volume.sum(space)
        found.attrs = dict(result[name].attrs)
        return found

    return Measure(_named("mean", name, within), lambda result: float(curve(result)[-1]), curve)


@public
def total(name: str, within: str = "") -> Measure:
    """Volume integral of a variable over the tissue at the end [its unit x m3]; `Result.total` over time."""

    def curve(result: Result) -> xarray.DataArray:
        if not within:
            return result.total(name)
        here = result["volume"].where(_there(result, within), 0.0)
        found = (result[name] * here).sum(here.dims)
        found.attrs = result.total(name).attrs
        return found

    return Measure(_named("total", name, within), lambda result: float(curve(result)[-1]), curve)


@public
def peak(name: str, within: str = "") -> Measure:
    """Largest value of a variable anywhere at the end [its unit]."""

    def curve(result: Result) -> xarray.DataArray:
        return _inside(result, name, within).max(result["volume"].dims, keep_attrs=True)

    return Measure(_named("peak", name, within), lambda result: float(curve(result)[-1]), curve)


@public
def volume(name: str, above: float | str, within: str = "") -> Measure:
    """Volume of the tissue where a variable exceeds a level at the end [m3].

    above: as for an onset. A slab has it per m2 of its face, a cylinder per m of its length
    """

    def curve(result: Result) -> xarray.DataArray:
        over = _inside(result, name, within) > level_of(result[name], above)
        found = result["volume"].where(over, 0.0).sum(result["volume"].dims)
        found.attrs = {"units": "m3", "long_name": f"volume with {name} above {above}"}
        return found

    named = _named("volume of", name, within)
    return Measure(named, lambda result: float(curve(result)[-1]), curve, unit="m3")


@public
def contents(element: str) -> Measure:
    """All that the tissue holds of an element, cells and pore water too, per volume at the end [mol m-3]."""

    def curve(result: Result) -> xarray.DataArray:
        pools = result.tables["ledger"]["pool"].values.tolist()
        held = [p for p in pools if not p.startswith("supplied by ") and p != "interventions"]
        table = result.tables["ledger"]
        if element not in table["element"].values:
            raise ConfigError(unknown("an element of this result", element, table["element"].values.tolist()))
        found = table.sel(element=element, pool=held).sum("pool") / float(result["volume"].sum())
        found.attrs = {"units": "mol m-3", "long_name": f"{element} in the tissue"}
        return found

    return Measure(f"contents of {element}", lambda result: float(curve(result)[-1]), curve)


@public
def onset(name: str, above: float | str = "0.1 mM", within: str = "") -> Measure:
    """First time that a variable exceeds `above` anywhere [s], linear between outputs; inf if never.

    above: SI number or text; of a solid "1 mM", "10 mg/cm3" (by its molar mass) or "2 % volume" alike
    """

    def measure(result: Result) -> float:
        level = level_of(result[name], above)
        return first_above(_inside(result, name, within).max(result["volume"].dims).values, result.t, level)

    return Measure(_named("onset of", name, within), measure, unit="s")


def first_above(values: np.ndarray, t: np.ndarray, level: float) -> float:
    """First time that a course (n,) exceeds a level, linear between its times t (n,); inf if never."""
    over = np.flatnonzero(values > level)
    if over.size == 0:
        return float("inf")
    k = over[0]
    if k == 0:
        return float(t[0])
    share = (level - values[k - 1]) / (values[k] - values[k - 1])
    return float(t[k - 1] + share * (t[k] - t[k - 1]))


@public
def lowest(name: str, within: str = "") -> Measure:
    """Smallest value of a variable anywhere at any time [its unit]."""
    return Measure(_named("lowest", name, within), lambda result: float(_inside(result, name, within).min()))


def _named(what: str, name: str, within: str) -> str:
    return f"{what} {name} in {within}" if within else f"{what} {name}"


def _there(result: Result, within: str) -> xarray.DataArray:
    """Whether a cell lies in a layer or region."""
    layer = result["layer"]
    if within not in layer.values:
        known = dict.fromkeys(np.atleast_1d(layer.values).tolist())
        raise ConfigError(unknown("a layer or region of this result", within, known))
    return layer == within


def _inside(result: Result, name: str, within: str) -> xarray.DataArray:
    """A variable, missing outside a layer or region."""
    return result[name].where(_there(result, within)) if within else result[name]


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
