"""Numbers taken from a result. Each measure is a function of a result, made by naming what to measure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from sim.units import convert

if TYPE_CHECKING:
    from sim.result import Result

Measure = Callable[["Result"], float]


def _measure(function: Measure, name: str, unit: str) -> Measure:
    function.__name__, function.unit = name, unit
    return function


def total(name: str) -> Measure:
    """Mean of a variable over the tissue at the end, volume-weighted [its unit]; `curve` in time."""

    def curve(result: Result):
        space = result["volume"].dims
        mean = (result[name] * result["volume"]).sum(space) / result["volume"].sum(space)
        mean.attrs = dict(result[name].attrs)
        return mean

    def measure(result: Result) -> float:
        return float(curve(result)[-1])

    measure.curve = curve
    return _measure(measure, f"mean {name}", "")


def peak(name: str) -> Measure:
    """Largest value of a variable anywhere at the end [its unit]; `curve` in time."""

    def curve(result: Result):
        return result[name].max(result["volume"].dims, keep_attrs=True)

    def measure(result: Result) -> float:
        return float(curve(result)[-1])

    measure.curve = curve
    return _measure(measure, f"peak {name}", "")


def onset(name: str, above: float | str = "0.1 mM") -> Measure:
    """First time that a variable exceeds `above` anywhere [s], linear between outputs; inf if never.

    above: SI number or text, e.g. "1 mM" for amounts of mineral.
    """
    curve = peak(name).curve

    def measure(result: Result) -> float:
        unit = result[name].attrs.get("units", "1")
        level = convert(above, unit, "above")
        values, t = curve(result).values, result.t
        over = np.flatnonzero(values > level)
        if over.size == 0:
            return float("inf")
        k = over[0]
        if k == 0:
            return float(t[0])
        share = (level - values[k - 1]) / (values[k] - values[k - 1])
        return float(t[k - 1] + share * (t[k] - t[k - 1]))

    return _measure(measure, f"onset of {name}", "s")


def lowest(name: str) -> Measure:
    """Smallest value of a variable anywhere at any time [its unit]."""

    def measure(result: Result) -> float:
        return float(result[name].min())

    return _measure(measure, f"lowest {name}", "")


def where_peak(name: str) -> Callable[[Result], dict[str, float]]:
    """Coordinates [m] of the largest value at the end."""

    def measure(result: Result) -> dict[str, float]:
        last = result[name][-1]
        if last.ndim == 0:
            return {}
        at = np.unravel_index(int(np.argmax(last.values)), last.shape)
        return {d: float(last[d][i]) for d, i in zip(last.dims, at, strict=True)}

    return measure
