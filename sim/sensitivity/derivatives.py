"""Local sensitivities: by how many per cent a measure changes for one per cent of a parameter."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, RangeWarning, ScenarioError, nearest, shown
from sim.experiment.scenario import Scenario
from sim.experiment.targets import held_value, target
from sim.notebook.fragments import html_text
from sim.public import public
from sim.run.measures import Measure
from sim.run.result import Result
from sim.sensitivity.responses import aligned
from sim.sweeps.store.row import Row
from sim.texts import printable

if TYPE_CHECKING:
    from sim.sweeps.design.design import Design
    from sim.sweeps.sweep_table import SweepTable

RTOL = 1e-7  # differences of runs are taken


@dataclass(frozen=True, eq=False)
class LocalSensitivities:
    """d ln m / d ln p of measures m by parameters p, at a scenario.

    values (measures, parameters): extrapolated from two central differences, of step and half of it
    errors: distance of these two differences; NaN and a reason where there is no value
    base: {measure: value at the scenario}; runs, failed: counts
    """

    measures: tuple[str, ...]
    parameters: tuple[str, ...]
    values: np.ndarray
    errors: np.ndarray
    base: dict[str, float]
    step: float
    reasons: dict[tuple[str, str], str]
    runs: int
    failed: int

    def to_dataframe(self):
        """A row a pair: measure, parameter, sensitivity, error, reason."""
        import pandas as pd

        rows = [
            {
                "measure": m, "parameter": p, "sensitivity": self.values[i, j], "error": self.errors[i, j],
                "reason": self.reasons.get((m, p), ""),
            }
            for i, m in enumerate(self.measures) for j, p in enumerate(self.parameters)
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        rows = [("parameter", *self.measures)]
        for j, p in enumerate(self.parameters):
            cells = [f"{v:.3g} +- {e:.1g}" for v, e in zip(self.values[:, j], self.errors[:, j], strict=True)]
            rows.append(
                (p, *(c if np.isfinite(v) else "-" for c, v in zip(cells, self.values[:, j], strict=True)))
            )
        head = f"Local sensitivities, d ln measure / d ln parameter (step {100 * self.step:g} %)"
        why = [f"├─ {m}, {p}: {reason}" for (m, p), reason in self.reasons.items()]
        end = f"└─ {self.runs} runs, {self.failed} failed"
        return printable("\n".join([head, *(f"  {x}" for x in aligned(rows)), *why, end]))

    def _repr_html_(self) -> str:
        return html_text(repr(self))


@public
def local(
    scenario: Scenario,
    parameters: Iterable[str],
    measures: Mapping[str, Callable[[Result], float]] | Sequence[Measure] | Measure,
    step: float = 0.02,
    rtol: float = RTOL,
    log: bool = False,
    **options: Any,
) -> LocalSensitivities:
    """Local sensitivities of measures to parameters by central differences in the logarithm.

    parameters: names of numbers that are not 0; measures: {name: measure}, or one
        or several of sim.measures
    step: of ln p; four runs a parameter, at one and half a step to either side
    log: take differences of the logarithm of the measure, exact for a power of the parameter however far
        the step goes; else of the measure itself, relative to its value. The limit is the same
    options: of sim.sweep, such as workers=2, solver or times
    """
    from sim.sweeps.driver import sweep

    if not isinstance(log, bool):
        raise ConfigError(f"log = {shown(log)} is neither True nor False.")
    design = local_design(scenario, parameters, step)
    with warnings.catch_warnings():  # a step over the end of a range is no news
        warnings.simplefilter("ignore", RangeWarning)
        found = sweep(scenario, design, measures=measures, rtol=rtol, **options)
    return local_from(found, [a.name for a in design.axes], step, found.names if log else ())


def local_design(scenario: Scenario, parameters: Iterable[str], step: float) -> Design:
    """The points of local sensitivities: the scenario, then four a parameter."""
    from sim.sweeps.design import methods

    if not isinstance(scenario, Scenario):
        raise ScenarioError(f"local needs a Scenario, not {shown(scenario)}; try sim.scenario('...').")
    if not isinstance(parameters, Iterable):
        raise ConfigError(f"parameters = {shown(parameters)}; give their names, ['growth.k'].")
    names = [parameters] if isinstance(parameters, str) else list(parameters)
    if not all(isinstance(n, str) for n in names):
        raise ConfigError(f"parameters = {shown(names)}; give their names, ['growth.k'].")
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"parameters = {shown(names)}: name each once, and at least one.")
    if isinstance(step, bool) or not isinstance(step, int | float) or not 1e-6 <= step <= 0.5:
        raise ConfigError(f"step = {shown(step)} must lie from 1e-6 to 0.5, a share of the parameter.")
    middle = {n: _value(scenario, n) for n in names}
    rows = [middle]
    for n in names:
        rows += [{**middle, n: middle[n] * float(np.exp(h))} for h in _steps(step)]
    return methods.table(rows)


def local_from(
    table: SweepTable, names: Iterable[str], step: float, logs: Iterable[str] = ()
) -> LocalSensitivities:
    """Local sensitivities from the points of `local_design`, run. logs: measures differenced as logarithms"""
    names, logs = list(names), set(logs)
    by_index = {row["index"]: row for row in table.rows}
    values, errors = np.full((2, len(table.names), len(names)), np.nan)
    reasons = {}
    for i, m in enumerate(table.names):
        for j, n in enumerate(names):
            mine = [by_index.get(k) for k in (0, *range(4 * j + 1, 4 * j + 5))]
            values[i, j], errors[i, j], why = _difference(mine, m, step, m in logs)
            if why:
                reasons[m, n] = why
    base = {m: by_index[0]["measures"].get(m) if 0 in by_index else None for m in table.names}
    return LocalSensitivities(
        tuple(table.names), tuple(names), values, errors,
        {m: float("nan") if v is None else v for m, v in base.items()}, float(step), reasons,
        len(table.rows), len(table.failed),
    )  # fmt: skip


def _steps(step: float) -> tuple[float, ...]:
    return (-step, -step / 2, step / 2, step)


def _difference(rows: list[Row | None], measure: str, step: float, log: bool) -> tuple[float, float, str]:
    """Sensitivity, error and reason from the runs at 0, -h, -h/2, h/2, h."""
    found = []
    for row in rows:
        if row is None or row["status"] != "finished":
            return np.nan, np.nan, row["reason"] if row else "a point was not run."
        value = row["measures"].get(measure)
        if value is None or not np.isfinite(value):
            return np.nan, np.nan, f"the measure is {value} at a neighbouring point."
        found.append(float(value))
    if log and min(found) <= 0:
        return np.nan, np.nan, f"the measure is {min(found):g} at a point, which has no logarithm."
    if log:
        found = [1.0, *np.log(found[1:]).tolist()]
    middle, far_low, low, high, far_high = found
    if middle == 0:
        return np.nan, np.nan, "the measure is 0 at the scenario; a relative change of it means nothing."
    wide = (far_high - far_low) / (2 * step * middle)
    narrow = (high - low) / (step * middle)
    return (4 * narrow - wide) / 3, abs(wide - narrow), ""


def _value(scenario: Scenario, name: str) -> float:
    try:
        own = target(scenario, name)
    except ScenarioError:
        own = None
    value = None if own is None or own.words or own.whole or not own.axis else held_value(scenario, own)
    if value is None or isinstance(value, str):
        raise ConfigError(
            f"'{name}' has no value in {scenario.name} to change by a share."
            f"{nearest(name, scenario.parameters)}"
        )
    if value == 0:
        raise ConfigError(f"{name} is 0: a relative change of it means nothing. Give it a value first.")
    return float(value)
