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

    def course(result: Result) -> np.ndarray:
        volume = _volume(result, within)
        return _integral(result.array_of(name) * volume) / _integral(volume, 0)

    return _of_end(_named("mean", name, within), course, lambda result: result.attributes_of(name))


@public
def total(name: str, within: str = "") -> Measure:
    """Volume integral of a variable over the tissue at the end [its unit x m3]; `Result.total` over time."""

    def course(result: Result) -> np.ndarray:
        return _integral(result.array_of(name) * _volume(result, within))

    return _of_end(_named("total", name, within), course, lambda result: result.total(name).attrs)


@public
def peak(name: str, within: str = "") -> Measure:
    """Largest value of a variable anywhere at the end [its unit]."""

    def course(result: Result) -> np.ndarray:
        return _highest(_inside(result, name, within))

    return _of_end(_named("peak", name, within), course, lambda result: result.attributes_of(name))


@public
def volume(name: str, above: float | str, within: str = "") -> Measure:
    """Volume of the tissue where a variable exceeds a level at the end [m3].

    above: as for an onset. A slab has it per m2 of its face, a cylinder per m of its length
    """

    def course(result: Result) -> np.ndarray:
        over = _inside(result, name, within) > level_of(name, result.attributes_of(name), above)
        return _integral(np.where(over, result.array_of("volume"), 0.0))

    said = {"units": "m3", "long_name": f"volume with {name} above {above}"}
    return _of_end(_named("volume of", name, within), course, lambda _: said, unit="m3")


@public
def contents(element: str) -> Measure:
    """All that the tissue holds of an element, cells and pore water too, per volume at the end [mol m-3]."""

    def course(result: Result) -> np.ndarray:
        if element not in result.elements:
            raise ConfigError(unknown("an element of this result", element, result.elements))
        k = result.elements.index(element)
        held = [
            amounts[:, k]
            for pool, amounts in result.pools.items()
            if not pool.startswith("supplied by ") and pool != "interventions"
        ]
        return np.stack(held, -1).sum(-1) / float(_integral(result.array_of("volume"), 0))

    said = {"units": "mol m-3", "long_name": f"{element} in the tissue"}
    return _of_end(f"contents of {element}", course, lambda _: said)


@public
def onset(name: str, above: float | str = "0.1 mM", within: str = "") -> Measure:
    """First time that a variable exceeds `above` anywhere [s], linear between outputs; inf if never.

    above: SI number or text; of a solid "1 mM", "10 mg/cm3" (by its molar mass) or "2 % volume" alike
    """

    def measure(result: Result) -> float:
        level = level_of(name, result.attributes_of(name), above)
        return first_above(_highest(_inside(result, name, within)), result.t, level)

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
    return Measure(
        _named("lowest", name, within), lambda result: float(np.nanmin(_inside(result, name, within)))
    )


def _named(what: str, name: str, within: str) -> str:
    return f"{what} {name} in {within}" if within else f"{what} {name}"


def _of_end(
    name: str, course: Callable[[Result], np.ndarray], attributes: Callable[[Result], dict], unit: str = ""
) -> Measure:
    """The measure of a course (times,): its last number, and all of it as the curve."""

    def curve(result: Result) -> xarray.DataArray:
        import xarray as xr

        values = course(result)
        return xr.DataArray(values, result.dataset["time"].coords, ("time",), attrs=attributes(result))

    return Measure(name, lambda result: float(course(result)[-1]), curve, unit)


def _there(result: Result, within: str) -> np.ndarray:
    """Whether a cell lies in a layer or region."""
    layer = result.array_of("layer")
    if within not in layer:
        known = dict.fromkeys(np.atleast_1d(layer).ravel().tolist())
        raise ConfigError(unknown("a layer or region of this result", within, known))
    return layer == within


def _inside(result: Result, name: str, within: str) -> np.ndarray:
    """A variable (times, *space), missing outside a layer or region."""
    values = result.array_of(name)
    return np.where(_there(result, within), values, np.nan) if within else values


def _volume(result: Result, within: str) -> np.ndarray:
    """Volumes of cells (*space) [m3], none outside a layer or region."""
    volume = result.array_of("volume")
    return np.where(_there(result, within), volume, 0.0) if within else volume


def _integral(values: np.ndarray, first: int = 1) -> np.ndarray:
    """Sums over the axes of space, which begin with the axis `first`; what is missing adds nothing."""
    return np.where(np.isnan(values), 0.0, values).sum(tuple(range(first, values.ndim)))


def _highest(values: np.ndarray) -> np.ndarray:
    """The largest value anywhere at each time; what is missing is none."""
    return values if values.ndim == 1 else np.nanmax(values, tuple(range(1, values.ndim)))


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
        last = result.array_of(name)[-1]
        at = np.unravel_index(int(np.argmax(last)), last.shape)
        return {d: float(result.array_of(d)[i]) for d, i in zip(result.space, at, strict=True)}

    return measure
