"""The forward model of a scenario: from parameters to predictions of the measured numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from sim.calibration.data import Data
from sim.calibration.free import Free
from sim.calibration.problem import RunFailed
from sim.errors import ConfigError, SolverError, SpeciationError, nearest
from sim.experiment.change import applied
from sim.experiment.scenario import Scenario
from sim.run import measures
from sim.run.measures import Measure
from sim.run.simulate import output_times, simulate
from sim.texts import day_text
from sim.units import parse_unit

if TYPE_CHECKING:
    import xarray

    from sim.run.result import Result

KINDS: dict[str, Callable[[str], Measure]] = {
    "mean": measures.mean,
    "total": measures.total,
    "peak": measures.peak,
}


def observable(
    quantity: str, given: Mapping[str, Measure] | None = None
) -> Callable[[Result], xarray.DataArray]:
    """The curve in time that a quantity of the data names.

    given: measures by name, first choice; else "mean X", "total X" (its volume integral), "peak X", or
        "X", which is its mean
    """
    found = (given or {}).get(quantity)
    if found is None:
        kind, _, name = quantity.partition(" ")
        if not name:
            kind, name = "mean", quantity
        if kind not in KINDS:
            raise ConfigError(
                f"quantity '{quantity}' is not understood; write 'mean X', 'total X' or 'peak X' of a "
                f"variable X, or give observables={{'{quantity}': measure}}.{nearest(kind, KINDS)}"
            )
        found = KINDS[kind](name.strip())
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
                f"{self.data.name} reaches to {day_text(self.data.times[-1])}, the run of "
                f"{self.scenario.name} only to {day_text(self.scenario.duration)}; lengthen it with "
                f"scenario.with_(duration='{day_text(self.data.times[-1])}')."
            )
        self.times = output_times(self.scenario.duration, np.minimum(self.data.times, self.scenario.duration))
        self.curves = {q: observable(q, self.observables) for q in self.data.quantities}
        self._checked = False

    def changed(self, values: np.ndarray) -> Scenario:
        """The scenario with these values of the free parameters [SI]."""
        return applied(self.scenario, {f.name: float(v) for f, v in zip(self.free, values, strict=True)})

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Predictions (n,) [SI] of the data; RunFailed with a sentence when the run does not finish."""
        try:
            result = simulate(self.changed(values), times=self.times, **self.options)
        except (ConfigError, SolverError, SpeciationError) as error:
            if not self._checked:
                raise  # before any run has worked, it is the request that is wrong
            raise RunFailed(str(error)) from error
        if result.status == "interrupted":
            raise KeyboardInterrupt
        if not result.success:
            raise RunFailed(result.message)
        found = {}
        for quantity, curve_of in self.curves.items():
            curve = curve_of(result)
            if not self._checked:
                self._check_unit(quantity, str(curve.attrs.get("units", "1")))
            found[quantity] = np.asarray(curve.values, float)
        self._checked = True
        index = {t: k for k, t in enumerate(self.data.times)}
        return np.array([found[d.quantity][index[d.time]] for d in self.data])

    def _check_unit(self, quantity: str, unit: str) -> None:
        for d in self.data:
            if d.quantity == quantity and parse_unit(d.unit).dimension != parse_unit(unit).dimension:
                raise ConfigError(
                    f"{self.data.name}: '{quantity}' is in '{d.unit}'; the simulation has it in '{unit}'."
                )
