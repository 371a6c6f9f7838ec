"""What a calibration found: values, uncertainties, verdicts, and how the search went."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.calibration.data import Data
from sim.calibration.free import Free
from sim.calibration.problem import Failure
from sim.calibration.profiles import Profile
from sim.calibration.search import Start
from sim.calibration.spread import Spread
from sim.calibration.verdicts import Verdict
from sim.errors import ConfigError, nearest
from sim.experiment.change import applied
from sim.experiment.scenario import Scenario
from sim.parameters import Parameters
from sim.units import to_unit


@dataclass(frozen=True, eq=False)
class Calibration:
    """The result of sim.calibrate.

    scenario: calibrated copy, its parameters marked "fitted"
    values (p,) [SI] of the parameters in `free`: the best of all evaluations
    predictions, residuals (n,): at the data, SI; residuals are weighted by the standard deviations
    spread: covariance and intervals by linearisation, in search coordinates (ln where log)
    profiles: by parameter; verdicts: by parameter; notes: sentences on the whole
    starts: where each search began and ended; failures: every run that failed within the fit
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
        ends = [(_outer(f, x - h), _outer(f, x + h)) for f, x, h in zip(self.free, inner, half, strict=True)]
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
                    "standard_error": self.standard_errors[k] / _factor(f), "low": _in(f, low),
                    "high": _in(f, high), "profile_low": _in(f, ends[0]), "profile_high": _in(f, ends[1]),
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

    def __repr__(self) -> str:
        what = self.scenario.name if self.scenario is not None else "a model"
        n, p = len(self.data), len(self.free)
        counts = f"{p} parameter{'s' * (p > 1)}, {n} number{'s' * (n > 1)}"
        lines = [f"Calibration of {what} to {self.data.name}: {counts}"]
        lines += _table(self)
        if self.spread.known:
            chance = f", chance of more {self.p_value:.2g}" if self.spread.dof > 0 else ""
            lines.append(
                f"├─ chi square {self.cost:.4g} with {max(self.spread.dof, 0)} degrees of freedom{chance}"
            )
        elif self.spread.dof > 0:
            lines.append(f"├─ scatter estimated from {self.spread.dof} degrees of freedom: {_scatter(self)}")
        lines.append(f"├─ {_searches(self.starts)}")
        failed = (
            f", {len(self.failures)} failed: {self.failures[0].reason}" if self.failures else ", none failed"
        )
        lines.append(f"├─ {self.runs} runs{failed}")
        reasons = dict.fromkeys(v.reason for v in self.verdicts.values() if v.reason)
        lines += [f"├─ not identifiable: {r}" for r in reasons]
        lines += [f"├─ {note}" for note in self.notes]
        lines[-1] = lines[-1].replace("├", "└", 1)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(repr(self))}</pre>"


def _outer(f: Free, inner: float) -> float:
    """SI value also beyond the bounds; NaN and overflow stay what they are."""
    with np.errstate(over="ignore"):
        return float(np.exp(inner)) if f.log else inner * (f.high - f.low)


def _factor(f: Free) -> float:
    from sim.units import parse_unit

    return parse_unit(f.unit).factor


def _in(f: Free, value: float) -> float:
    return to_unit(float(value), f.unit) if np.isfinite(value) else float(value)


def _table(found: Calibration) -> list[str]:
    level = f"{100 * found.confidence:g} %"
    rows = [
        (
            "parameter",
            "value",
            "unit",
            "standard error",
            f"{level}, linearised",
            f"{level}, profile",
            "verdict",
        )
    ]
    for k, f in enumerate(found.free):
        low, high = (_in(f, v) for v in found.intervals[k])
        profile = found.profiles.get(f.name)
        shape = "-"
        if profile is not None:
            left = f"< {_in(f, profile.low):.4g}" if profile.open_low else f"{_in(f, profile.low):.4g}"
            right = f"> {_in(f, profile.high):.4g}" if profile.open_high else f"{_in(f, profile.high):.4g}"
            shape = f"{left} to {right}"
        error = found.standard_errors[k] / _factor(f)
        rows.append(
            (
                f.name, f"{_in(f, found.values[k]):.5g}", f.unit,
                "-" if np.isnan(error) else f"{error:.2g}",
                f"{low:.4g} to {high:.4g}" if np.isfinite([low, high]).all() else "-",
                shape, found.verdicts[f.name].word,
            )
        )  # fmt: skip
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return ["  " + "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]


def _scatter(found: Calibration) -> str:
    """The estimated standard deviation of each quantity, in its unit."""
    texts = []
    for quantity in found.data.quantities:
        k = next(i for i, d in enumerate(found.data) if d.quantity == quantity)
        d = found.data.points[k]
        scale = abs(found.predictions[k] - d.value)
        if found.residuals[k] != 0:
            sd = found.spread.sigma * scale / abs(found.residuals[k])
            texts.append(f"{quantity} {sd / _unit_factor(d.unit):.3g} {d.unit}")
    return ", ".join(texts) or f"{found.spread.sigma:.3g} of the weights"


def _unit_factor(unit: str) -> float:
    from sim.units import parse_unit

    return parse_unit(unit).factor


def _searches(starts: Sequence[Start]) -> str:
    costs = np.array([s.cost for s in starts])
    ended = costs[np.isfinite(costs)]
    same = int((ended <= ended.min() * 1.01 + 1e-6).sum()) if ended.size else 0
    lost = len(starts) - ended.size
    return f"{same} of {len(starts)} starts end at the best fit" + (
        f"; {lost} could not be run" if lost else ""
    )


def fitted_scenario(scenario: Scenario, free: Sequence[Free], values: np.ndarray, data: Data) -> Scenario:
    """The scenario with the fitted values; parameters are marked as such, and their note names the data."""
    made = applied(scenario, {f.name: float(v) for f, v in zip(free, values, strict=True)})
    marked = dict(made.parameters)
    for f, value in zip(free, values, strict=True):
        if f.name in marked:
            note = f"fitted to {data.name}, {len(data)} numbers"
            p = dataclasses.replace(marked[f.name], source="", confidence="fitted", note=note)
            object.__setattr__(p, "si", float(value))  # exactly the fitted number
            marked[f.name] = p
    return made.with_(parameters=Parameters(marked))
