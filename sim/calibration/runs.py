"""The forward model of a scenario: from parameters to predictions of the measured numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sim.calibration.data import Data
from sim.calibration.engine.outcomes import RunFailed
from sim.calibration.engine.run_store import RunStore
from sim.calibration.free import Free
from sim.errors import ConfigError, SolverError, SpeciationError, nearest, shown
from sim.experiment.change import applied
from sim.experiment.scenario import Scenario
from sim.identity.described import described
from sim.run import measures
from sim.run.asked.output_times import output_times
from sim.run.measures import Measure
from sim.run.simulate import simulate
from sim.sweeps.design.job import Job
from sim.texts import typed_time
from sim.units import parse_unit, si_unit

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

KINDS: dict[str, Callable[[str, str], Measure]] = {
    "mean": measures.mean,
    "total": measures.total,
    "peak": measures.peak,
}


def observable(
    quantity: str, given: Mapping[str, Measure] | None = None
) -> Callable[[Result], xarray.DataArray]:
    """The curve in time that a quantity of the data names.

    given: measures by name, first choice; else "mean X", "total X" (its volume integral), "peak X", or
        "X", which is its mean; each may end in " in LAYER", a layer or region
    """
    found = (given or {}).get(quantity)
    if found is not None and not callable(found):
        raise ConfigError(
            f"observables: '{quantity}' is {shown(found)}, no measure such as sim.measures.peak('HAP')."
        )
    if found is None:
        wanted, _, within = quantity.partition(" in ")
        kind, _, name = wanted.partition(" ")
        if not name:
            kind, name = "mean", wanted
        if kind not in KINDS:
            raise ConfigError(
                f"quantity '{quantity}' is not understood; write 'mean X', 'total X' or 'peak X' of a "
                f"variable X, with ' in LAYER' where one is meant, or give "
                f"observables={{'{quantity}': measure}}.{nearest(kind, KINDS)}"
            )
        found = KINDS[kind](name.strip(), within.strip())
    curve = getattr(found, "curve", None)
    if curve is None:
        name = getattr(found, "__name__", quantity)
        raise ConfigError(
            f"quantity '{quantity}': the measure '{name}' has no curve in time, which data at times need."
        )
    return curve


@dataclass
class Runs:
    """Calls the simulator; `predict` is the forward model of a Problem.

    options: of sim.simulate (solver, rtol, atol)
    """

    scenario: Scenario
    data: Data
    free: Sequence[Free]
    observables: Mapping[str, Measure] | None = None
    options: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.data.times[-1] > self.scenario.duration * (1 + 1e-12):
            raise ConfigError(
                f"{self.data.name} reaches to {typed_time(self.data.times[-1])}, the run of "
                f"{self.scenario.name} only to {typed_time(self.scenario.duration)}; lengthen it with "
                f"scenario.with_(duration='{typed_time(self.data.times[-1])}'). The last number is "
                f"{max(self.data, key=lambda d: d.time).text()}."
            )
        self.times = output_times(self.scenario.duration, np.minimum(self.data.times, self.scenario.duration))
        self.curves = {q: observable(q, self.observables) for q in self.data.quantities}

    def changed(self, values: np.ndarray) -> Scenario:
        """The scenario with these values of the free parameters [SI]."""
        return applied(self.scenario, {f.name: float(v) for f, v in zip(self.free, values, strict=True)})

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Predictions (n,) [SI] of the data; RunFailed with a sentence when the run does not finish.

        ConfigError when a quantity has another unit than the data.
        """
        found = self.courses(values, self.times)
        index = {t: k for k, t in enumerate(self.data.times)}
        return np.array([found[d.quantity][index[d.time]] for d in self.data])

    def courses(self, values: np.ndarray, times: np.ndarray) -> dict[str, np.ndarray]:
        """{quantity: its course (times,) [SI]} at these values of the free parameters [SI]."""
        try:
            result = simulate(self.changed(values), times=times, **self.options)
        except (ConfigError, SolverError, SpeciationError, MemoryError) as error:
            raise RunFailed(str(error)) from error
        if result.status == "interrupted":
            raise KeyboardInterrupt
        if not result.success:
            raise RunFailed(result.message)
        found = {}
        for quantity, curve_of in self.curves.items():
            try:
                curve = curve_of(result)
                found[quantity] = np.asarray(curve.values, float)
            except Exception as error:
                raise RunFailed(f"the quantity '{quantity}': {error}") from error
            self._check_unit(quantity, str(curve.attrs.get("units", "1")))
            if found[quantity].shape != (len(times),):
                raise ConfigError(
                    f"quantity '{quantity}': its curve has the shape {found[quantity].shape}; one number a "
                    f"time is needed, ({len(times)},)."
                )
        return found

    def store(self, path: str | os.PathLike) -> RunStore:
        """The file that keeps the runs; refused where it holds those of another calibration."""
        if not isinstance(path, str | os.PathLike):
            raise ConfigError(f"store = {shown(path)} is no path of a file, such as 'fit.db'.")
        how = {k: v for k, v in self.options.items() if k != "max_steps"}
        job = Job(self.scenario, times=tuple(self.times.tolist()), keep="none", **how)
        given = {
            q: described(self.observables[q], f"the observable '{q}'")
            for q in self.data.quantities
            if self.observables and q in self.observables
        }
        what = {
            "numbers": [[d.quantity, d.time] for d in self.data], "observables": given,
            "parameters": [f.name for f in self.free], "max_steps": self.options.get("max_steps"),
        }  # fmt: skip
        axes = [
            {
                "name": f.name,
                "unit": si_unit(f.unit),
                "low": f.low,
                "high": f.high,
                "log": f.log,
                "values": [],
            }
            for f in self.free
        ]
        columns = [
            (f"{k + 1}: {d.quantity} at {typed_time(d.time)}", si_unit(d.unit))
            for k, d in enumerate(self.data)
        ]
        return RunStore(path, job, what, axes, columns)

    def _check_unit(self, quantity: str, unit: str) -> None:
        for d in self.data:
            if d.quantity == quantity and parse_unit(d.unit).dimension != parse_unit(unit).dimension:
                raise ConfigError(
                    f"{self.data.name}: '{quantity}' is in '{d.unit}'; the simulation has it in '{unit}'."
                )
