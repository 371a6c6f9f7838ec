"""The parameters that a calibration may move: bounds, scale, and the coordinate they are searched in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.errors import ParameterError, UnitError, listing, nearest, shown
from sim.experiment.scenario import Scenario
from sim.experiment.targets import Target, held_value, target
from sim.units import convert_number, from_unit, to_unit

LOG_FROM = 10.0  # bounds a factor of ten apart and positive: searched in the logarithm


@dataclass(frozen=True)
class Free:
    """A parameter to be fitted. Its inner coordinate is ln(value), or value over the width of its bounds.

    start, low, high [SI]; unit: the customary unit, for showing
    """

    name: str
    start: float
    low: float
    high: float
    log: bool = False
    unit: str = "1"

    def __post_init__(self):
        low, high = (self.shown(v) for v in (self.low, self.high))
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise ParameterError(f"{self.name}: both bounds must be finite, not {low} and {high}.")
        if not self.low < self.high:
            raise ParameterError(f"{self.name}: the bounds {low} and {high} cross or coincide.")
        if self.log and not self.low > 0:
            raise ParameterError(
                f"{self.name} cannot be searched in the logarithm from {low} on; give a positive lower "
                "bound, or leave it out of log."
            )
        if not self.low <= self.start <= self.high:
            raise ParameterError(
                f"{self.name} would start at {self.shown(self.start)}, outside its bounds {low} to {high}."
            )

    @property
    def width(self) -> float:
        """Distance of the bounds in the inner coordinate."""
        return math.log(self.high / self.low) if self.log else 1.0

    @property
    def inner_bounds(self) -> tuple[float, float]:
        return self.inner(self.low), self.inner(self.high)

    def inner(self, value: float) -> float:
        """The search coordinate of an SI value."""
        return math.log(value) if self.log else value / (self.high - self.low)

    def outer(self, inner: float) -> float:
        """The SI value of a search coordinate; the bounds come back exactly."""
        for bound in (self.low, self.high):
            if inner == self.inner(bound):
                return bound
        return math.exp(inner) if self.log else inner * (self.high - self.low)

    def beyond(self, inner: float) -> float:
        """The SI value also beyond the bounds; NaN and overflow stay what they are."""
        with np.errstate(over="ignore"):
            return float(np.exp(inner)) if self.log else inner * (self.high - self.low)

    def customary(self, value: float) -> float:
        """An SI value as a number in the customary unit; NaN and infinity stay."""
        return to_unit(float(value), self.unit) if np.isfinite(value) else float(value)

    def slope(self, value: float) -> float:
        """d value / d inner."""
        return value if self.log else self.high - self.low

    def difference_step(self, inner: float) -> float:
        """Half-width of a central difference: 1 % of the value, above the noise of an integrator."""
        return 0.01 if self.log else 0.01 * max(abs(inner), 0.01)

    def shown(self, value: float) -> str:
        """An SI value in the customary unit, as "1.36e-07 m/s"."""
        return f"{to_unit(value, self.unit):.5g}" + ("" if self.unit == "1" else f" {self.unit}")


def free_parameters(
    scenario: Scenario,
    parameters: Iterable[str] | Mapping[str, Sequence[Any]],
    bounds: Mapping[str, Sequence[Any]] | None = None,
    log: bool | Iterable[str] | Mapping[str, bool] | None = None,
    start: Mapping[str, float | str] | None = None,
) -> tuple[Free, ...]:
    """The free parameters of a scenario.

    parameters: names of numbers (sim.experiment.targets: of parameters, the time of an intervention), or
        {name: (low, high)} or {name: (low, high, "log")} with text or SI numbers
    bounds: {name: (low, high)} for those not given there; else the parameter's own range
    log: names, {name: whether}, True for all, False for none; None, and names that {...} leaves out: where
        the bounds are positive and ten times apart
    start: {name: value}; else the scenario's value
    """
    if isinstance(parameters, str):
        parameters = [parameters]
    if not isinstance(parameters, Iterable) or not all(isinstance(n, str) for n in parameters):
        raise ParameterError(
            f"parameters = {shown(parameters)}; name them, ['growth.k'], or give bounds, "
            "{'growth.k': ('1e-15 m/s', '1e-13 m/s')}."
        )
    for table, what in ((bounds, "bounds"), (start, "start")):
        if table is not None and not isinstance(table, Mapping):
            raise ParameterError(f"{what} = {shown(table)}; give {what} by name, {{'growth.k': ...}}.")
    if log is not None and not isinstance(log, bool | str) and not isinstance(log, Iterable):
        raise ParameterError(f"log = {shown(log)}; give names, or True, False or None.")
    names = list(parameters)
    given = dict(parameters) if isinstance(parameters, Mapping) else {}
    if not names:
        raise ParameterError("no parameter is free; name at least one to calibrate.")
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise ParameterError(f"{listing(twice)} is named twice among the parameters.")
    logs = [log] if isinstance(log, str) else log
    for extra, what in ((bounds, "bounds"), (start, "start"), (logs, "log")):
        if extra is None or isinstance(extra, bool):
            continue
        for name in extra:
            if name not in names:
                raise ParameterError(f"{what}: '{name}' is not among the parameters.{nearest(name, names)}")
    found = []
    for name in names:
        if name in given and bounds and name in bounds:
            raise ParameterError(f"{name}: the bounds are given twice.")
        pair = given.get(name, (bounds or {}).get(name))
        word = None
        if isinstance(pair, Sequence) and len(pair) == 3 and not isinstance(pair, str):
            word, pair = pair[2], pair[:2]
            if word not in ("log", "linear"):
                raise ParameterError(f"{name}: {shown(word)} is not 'log' or 'linear'.")
        own = _number(scenario, name)
        unit = own.unit if own.parameter is None else own.parameter.unit
        low, high = _bounds(name, own, pair)
        value = _start(scenario, name, own, start or {})
        if word is not None:
            scaled = word == "log"
        elif isinstance(logs, Mapping) and name in logs:
            scaled = bool(logs[name])
        elif logs is None or isinstance(logs, Mapping):
            scaled = low > 0 and high >= LOG_FROM * low
        else:
            scaled = logs if isinstance(logs, bool) else name in set(logs)
        found.append(Free(name, value, low, high, scaled, unit))
    return tuple(found)


def _number(scenario: Scenario, name: str) -> Target:
    """What a name stands for, which must be a number that can take any value between bounds."""
    own = target(scenario, name)
    if own.words or own.whole or not own.axis:
        kind = "whole numbers" if own.whole else "words"
        raise ParameterError(
            f"{name} takes {kind}; a calibration moves what takes any number between bounds."
        )
    return own


def _start(scenario: Scenario, name: str, own: Target, start: Mapping[str, float | str]) -> float:
    if name in start:
        return _si(start[name], own, f"start of {name}")
    value = held_value(scenario, own)
    if value is None or isinstance(value, str):
        raise ParameterError(f"{name} has no value in {scenario.name}; give start={{'{name}': ...}}.")
    return float(value)


def _si(value: float | str, own: Target, name: str) -> float:
    try:
        return float(convert_number(value, own.unit, name))
    except UnitError as error:
        raise ParameterError(str(error)) from None


def _bounds(name: str, own: Target, pair: Sequence[Any] | None) -> tuple[float, float]:
    if pair is None:
        p = own.parameter
        if p is None or p.low is None or p.high is None:
            raise ParameterError(
                f"{name} has no range of its own; give bounds={{'{name}': (low, high)}} in {own.unit}."
            )
        return from_unit(p.low, p.unit), from_unit(p.high, p.unit)
    if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
        raise ParameterError(f"{name}: bounds = {shown(pair)} are not a pair (low, high).")
    return _si(pair[0], own, f"lower bound of {name}"), _si(pair[1], own, f"upper bound of {name}")


def inner_start(free: Sequence[Free]) -> np.ndarray:
    """Where the search begins, (p,)."""
    return np.array([f.inner(f.start) for f in free])
