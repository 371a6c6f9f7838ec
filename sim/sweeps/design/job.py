"""What the points of a sweep have in common, and one point: data, checked when it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from numbers import Real
from typing import Any

from sim.errors import ConfigError, not_one_of, shown
from sim.experiment.scenario import Scenario
from sim.identity.definition import fingerprint, run_definition
from sim.identity.described import described, digest, text_digest, text_of
from sim.identity.settings import ATOL, RTOL, Settings, Times
from sim.run.result import Result
from sim.solvers import DEFAULT
from sim.sweeps.design.axis import Value
from sim.units import convert_number

KEEP = ("none", "failed", "all")
COLUMNS = {  # of a table of points, beside axes and measures
    "point": "the place of a point in the design", "status": "how a run ended",
    "reason": "why a run failed", "wall": "the time that a run took",
}  # fmt: skip
Measure = Callable[[Result], float]


@dataclass(frozen=True)
class Job:
    """All that the points of a sweep have in common.

    measures: {name: function of a Result that gives a number}
    solver, rtol, atol, times: as `simulate` takes them, here in one form
    timeout: s a point, None for none; memory: bytes that a point may add to its process
    keep: whose results are kept whole, as NetCDF in `folder`: "none", "failed" or "all"
    lanes: places of the design among which runs of few cells are solved side by side; 0: each runs alone
    """

    base: Scenario
    measures: Mapping[str, Measure] = field(default_factory=dict)
    solver: str = DEFAULT
    rtol: float = RTOL
    atol: float = ATOL
    times: Times = None
    timeout: float | None = None
    memory: float | None = None
    keep: str = "failed"
    folder: str = ""
    lanes: int = 0

    def __post_init__(self):
        if not isinstance(self.base, Scenario):
            raise ConfigError(f"a sweep needs a Scenario, not {shown(self.base)}; try sim.scenario('...').")
        _check_measures(self.measures)
        object.__setattr__(self, "measures", dict(self.measures))
        settings = Settings.of(self.solver, self.rtol, self.atol, self.times)
        for name in ("solver", "rtol", "atol", "times"):
            object.__setattr__(self, name, getattr(settings, name))
        if self.keep not in KEEP:
            raise ConfigError(not_one_of("keep", self.keep, KEEP))
        for name, value, unit in (("timeout", self.timeout, "s"), ("memory", self.memory, "bytes")):
            if value is not None and not (isinstance(value, Real) and value is not True and value > 0):
                raise _no_limit(name, value, unit)

    @cached_property
    def settings(self) -> Settings:
        """How every point is solved."""
        return Settings.of(self.solver, self.rtol, self.atol, self.times)

    @cached_property
    def definition(self) -> dict[str, Any]:
        """Everything that decides the numbers of a job but the inputs of its points, as plain data.

        It is the definition of the run of the base, and the measures. Time-out, memory and what is kept
        decide which points end, not their numbers, and are left out.
        """
        measures = {n: described(m, f"the measure '{n}'") for n, m in self.measures.items()}
        return run_definition(self.base, self.settings) | {"measures": measures}

    @cached_property
    def fingerprint(self) -> str:
        """sha256 of the definition, as 64 hexadecimal digits."""
        return fingerprint(self.definition)

    @cached_property
    def measure_hashes(self) -> dict[str, str]:
        """{measure: the hash of what it computes}; equal ones are taken once a point."""
        try:
            return {n: digest(described(m)) for n, m in self.measures.items()}
        except ConfigError:  # one that cannot be described may be unlike any other
            return {n: n for n in self.measures}

    def key(self, inputs: Mapping[str, Value]) -> str:
        """What identifies the point with these inputs: sha256, as 64 hexadecimal digits.

        Some 10 us: the job is described once, and a point is a hash of that hash and of its inputs.
        """
        return text_digest(f"{self.fingerprint} {text_of(inputs)}")


@dataclass(frozen=True)
class Point:
    """A point to run: its place in the design, what identifies it, {axis: SI value or word}."""

    index: int
    key: str
    inputs: dict[str, Value]


def checked_timeout(timeout: float | str | None) -> float | None:
    """The time-out of a Job from what a user gives: text has a unit, a number is in seconds."""
    seconds = None if timeout is None else convert_number(timeout, "s", "timeout")
    if seconds is not None and not seconds > 0:
        raise _no_limit("timeout", timeout, "s")
    return seconds


def _no_limit(name: str, value: object, unit: str) -> ConfigError:
    return ConfigError(f"{name} = {shown(value)} must be above 0 {unit}, or None for no limit.")


def _check_measures(measures: Any) -> None:
    if not isinstance(measures, Mapping):
        raise ConfigError(f"measures = {shown(measures)}; give {{'mineral': sim.measures.mean('HAP')}}.")
    for name, function in measures.items():
        if not callable(function):
            raise ConfigError(
                f"the measure {shown(name)} is {shown(function)}; give a function of a Result, such as "
                "sim.measures.mean('HAP')."
            )
        if not isinstance(name, str) or not name.strip():
            raise ConfigError(f"{shown(name)} cannot name a measure; 'mineral' could.")
        if not name.isprintable():
            raise ConfigError(f"{shown(name)} cannot name a measure, which heads a column: use one line.")
        if name in COLUMNS:
            raise ConfigError(
                f"'{name}' cannot name a measure: that column is {COLUMNS[name]}. Choose another name, such "
                f"as 'own {name}'."
            )
