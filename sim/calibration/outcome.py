"""What a calibration found: values, uncertainties, verdicts, and how the search went."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.calibration.data import Data
from sim.calibration.engine.outcomes import Failure, RunFailed
from sim.calibration.free import Free
from sim.calibration.profiles import Profile
from sim.calibration.runs import Runs
from sim.calibration.search import Start
from sim.calibration.spread import Spread
from sim.calibration.verdicts import Verdict
from sim.calibration.wording import lines_of
from sim.errors import ConfigError, nearest
from sim.experiment.change import applied
from sim.experiment.scenario import Scenario
from sim.notebook.fragments import html_text
from sim.texts import printable
from sim.units import parse_unit, to_unit


@dataclass(frozen=True, eq=False)
class Calibration:
    """The result of sim.calibrate.

    scenario: calibrated copy, its parameters marked "fitted"
    values (p,) [SI] of the parameters in `free`: the best of all evaluations
    predictions, residuals (n,): at the data, SI; residuals are weighted by the standard deviations
    spread: covariance and intervals by linearisation, in search coordinates (ln where log)
    profiles: by parameter; verdicts: by parameter; notes: sentences on the whole
    starts: where each search began and ended; failures: every run that failed within the fit
    weights (n,) [SI]: standard deviations, or relative weights where none are known
    start_predictions (n,): at the values that the search began from, None where that run failed
    message: why the fit was broken off, ""; forward: the forward model, of calibrate
    """

    scenario: Scenario | None
    data: Data
    free: tuple[Free, ...]
    values: np.ndarray
    predictions: np.ndarray
    residuals: np.ndarray
    spread: Spread
    confidence: float
    profiles: dict[str, Profile]
    verdicts: dict[str, Verdict]
    notes: tuple[str, ...]
    starts: tuple[Start, ...]
    runs: int
    failures: tuple[Failure, ...]
    _trace: Callable[[str], Profile]
    weights: np.ndarray
    start_predictions: np.ndarray | None = None
    message: str = ""
    forward: Runs | None = None

    def __getitem__(self, name: str) -> float:
        """The fitted value of a parameter [SI]."""
        return float(self.values[self._index(name)])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.free)

    @property
    def cost(self) -> float:
        """Weighted sum of squared residuals (chi square when standard deviations are known)."""
        return float(self.residuals @ self.residuals)

    @property
    def p_value(self) -> float:
        """Chance of a larger chi square; NaN without known standard deviations or numbers to spare."""
        from scipy import stats

        if not self.spread.known or self.spread.dof <= 0:
            return float("nan")
        return float(stats.chi2.sf(self.cost, self.spread.dof))

    @property
    def standard_errors(self) -> np.ndarray:
        """(p,) [SI], linearised; inf where nothing holds the parameter, NaN where there is none."""
        slopes = [f.slope(v) for f, v in zip(self.free, self.values, strict=True)]
        inner = self.spread.standard_errors
        loose = inner > 1e3 * np.array([f.width for f in self.free])
        return np.where(loose, np.inf, inner) * np.array(slopes)

    @property
    def covariance(self) -> np.ndarray:
        """(p, p) [SI], linearised."""
        slopes = np.array([f.slope(v) for f, v in zip(self.free, self.values, strict=True)])
        return self.spread.covariance * np.outer(slopes, slopes)

    @property
    def correlation(self) -> np.ndarray:
        """(p, p) of the estimates, in search coordinates."""
        return self.spread.correlation

    @property
    def intervals(self) -> np.ndarray:
        """(p, 2) [SI], linearised in the search coordinate: t or normal quantiles, never cut at bounds."""
        inner = np.array([f.inner(v) for f, v in zip(self.free, self.values, strict=True)])
        half = self.spread.quantile * self.spread.standard_errors
        ends = [(f.beyond(x - h), f.beyond(x + h)) for f, x, h in zip(self.free, inner, half, strict=True)]
        return np.array(ends)

    @property
    def identifiable(self) -> bool:
        """Whether every parameter is."""
        return all(v.word == "identifiable" for v in self.verdicts.values())

    def profile(self, name: str) -> Profile:
        """The profile likelihood of a parameter; computed now if calibrate was told to leave it out."""
        self._index(name)
        if name not in self.profiles:
            if not np.isfinite(self.spread.sigma):
                raise ConfigError(
                    f"there is no profile of {name}: {self.spread.dof + len(self.free)} numbers for "
                    f"{len(self.free)} parameters without standard deviations give no measure of worse."
                )
            self.profiles[name] = self._trace(name)
        return self.profiles[name]

    def to_dataframe(self):
        """A row a parameter: value, errors and both intervals in its unit, verdict and reason."""
        import pandas as pd

        rows = []
        for k, f in enumerate(self.free):
            profile = self.profiles.get(f.name)
            ends = (profile.low, profile.high) if profile is not None else (np.nan, np.nan)
            low, high = self.intervals[k]
            rows.append(
                {
                    "parameter": f.name, "unit": f.unit, "value": to_unit(float(self.values[k]), f.unit),
                    "standard_error": self.standard_errors[k] / parse_unit(f.unit).factor,
                    "low": f.customary(low), "high": f.customary(high),
                    "profile_low": f.customary(ends[0]), "profile_high": f.customary(ends[1]),
                    "profile_bounded": profile.bounded if profile is not None else None, "log": f.log,
                    "at_bound": bool(self.spread.at_bound[k]), "verdict": self.verdicts[f.name].word,
                    "reason": self.verdicts[f.name].reason,
                }
            )  # fmt: skip
        return pd.DataFrame(rows).set_index("parameter")

    def _index(self, name: str) -> int:
        if name not in self.names:
            raise ConfigError(
                f"'{name}' was not calibrated; {', '.join(self.names)} were.{nearest(name, self.names)}"
            )
        return self.names.index(name)

    def courses(self, points: int = 200) -> tuple[np.ndarray, dict[str, dict[str, np.ndarray]]]:
        """Times [s], and {"start" and "fit": {quantity: course (times,) [SI]}}, from two more runs.

        points: in time, evenly, beside those of the data. A start whose run fails is left out.
        """
        if self.forward is None:
            raise ConfigError("a fit of a function has no courses in time; calibrate(scenario, ...) has.")
        last = float(self.data.times[-1])
        times = np.unique([*np.linspace(0.0, last, points), *self.data.times])
        times = np.minimum(times, self.forward.scenario.duration)
        found = {}
        for name, values in (("start", np.array([f.start for f in self.free])), ("fit", self.values)):
            try:
                found[name] = self.forward.courses(values, times)
            except RunFailed:
                if name == "fit":
                    raise
        return times, found

    def __repr__(self) -> str:
        return printable("\n".join(lines_of(self)))

    def _repr_html_(self) -> str:
        return html_text(repr(self))


def fitted_scenario(scenario: Scenario, free: Sequence[Free], values: np.ndarray, data: Data) -> Scenario:
    """The scenario with the fitted values; parameters are marked as such, and their note names the data."""
    made = applied(scenario, {f.name: float(v) for f, v in zip(free, values, strict=True)})
    marked = {}
    for f, value in zip(free, values, strict=True):
        if f.name in made.parameters:
            note = f"fitted to {data.name}, {len(data)} numbers"
            p = dataclasses.replace(made.parameters[f.name], source="", confidence="fitted", note=note)
            object.__setattr__(p, "si", float(value))  # exactly the fitted number
            marked[f.name] = p
    return made.changed(marked) if marked else made
