"""Elementary effects of Morris: a cheap look at which axes matter, and whether evenly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.notebook.fragments import html_text
from sim.sensitivity.enough import effect_remarks, effects_enough
from sim.sensitivity.responses import (
    Responses,
    aligned,
    blocks,
    check_choices,
    check_method,
    interval_table,
    interval_text,
)
from sim.texts import printable

if TYPE_CHECKING:
    from sim.sweeps.sweep_table import SweepTable


@dataclass(frozen=True, eq=False)
class MorrisEffects:
    """Elementary effects of one measure: its change per whole width of an axis [unit of the measure].

    mu: mean; mu_star: mean size; sigma: standard deviation (uneven or interacting effects); (d,) each
    mu_interval, mu_star_interval, sigma_interval (d, 2): Student's t for means, bootstrap for sigma
    effects (trajectories, d)
    unit: of the effects in SI, "" where the table does not know it; "decades" of a logarithm
    """

    measure: str
    names: tuple[str, ...]
    mu: np.ndarray
    mu_interval: np.ndarray
    mu_star: np.ndarray
    mu_star_interval: np.ndarray
    sigma: np.ndarray
    sigma_interval: np.ndarray
    effects: np.ndarray
    confidence: float
    used: Responses
    unit: str = ""

    @property
    def dropped(self) -> int:
        """Trajectories left out for missing points."""
        return self.used.dropped

    def to_dataframe(self):
        """A row an axis: mu, mu_low, mu_high, and so mu_star and sigma; "enough" as below."""
        columns = ("mu", "mu_star", "sigma")
        frame = interval_table(
            self.names, {n: (getattr(self, n), *getattr(self, f"{n}_interval").T) for n in columns}
        )
        frame["enough"] = self.enough
        return frame

    @property
    def enough(self) -> np.ndarray:
        """Whether the trajectories were enough for each axis (d,): see `sim.sensitivity.enough`."""
        return effects_enough(self)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences on what these effects cannot say: too few, a measure over decades; or none."""
        return effect_remarks(self)

    def __repr__(self) -> str:
        rows: list[tuple[str, ...]] = [("axis", "mu", "mu*", "sigma")]
        for k, name in enumerate(self.names):
            ends = [
                (getattr(self, n)[k], *getattr(self, f"{n}_interval")[k]) for n in ("mu", "mu_star", "sigma")
            ]
            rows.append((name, *(interval_text(*e) for e in ends)))
        head = f"Elementary effects on {self.measure} ({100 * self.confidence:g} % intervals)"
        said = [f"├─ {text}" for text in self.remarks]
        return printable(
            "\n".join([head, *(f"  {x}" for x in aligned(rows)), *said, f"└─ {self.used.text()}"])
        )

    def _repr_html_(self) -> str:
        return html_text(repr(self))


def morris(
    table: SweepTable,
    measure: str,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 1,
    log: bool = False,
) -> MorrisEffects:
    """Morris' mu, mu* and sigma of a measure from a sweep over sim.sweeps.morris points.

    An axis of words changes between its words in the order listed; mu depends on that order, mu* does not.
    log: effects on log10(measure), in decades; points where it is zero or negative are missing, and counted
    A trajectory with a missing point is dropped whole.
    Source: Morris (1991), Technometrics 33:161-174; mu*: Campolongo et al. (2007).
    """
    from scipy import stats

    check_method(table, "morris", "Morris'")
    check_choices(confidence, resamples, seed)
    d = len(table.axes) - ("replicates" in table.settings)
    used = blocks(table, measure, d + 1, "morris", log)
    levels = int(table.settings["levels"])
    axes = [a for a in table.axes if a.name in used.names]
    effects = _effects(used, axes, levels / (2.0 * (levels - 1)))
    r = len(effects)
    half = stats.t.ppf(0.5 + confidence / 2, r - 1) / np.sqrt(r)
    size = np.abs(effects)
    ends = []
    for values in (effects, size):
        middle, reach = values.mean(axis=0), half * values.std(axis=0, ddof=1)
        ends.append(np.stack([middle - reach, middle + reach], axis=1))
    ends[1] = np.maximum(ends[1], 0.0)  # a mean size is not negative
    draws = np.random.default_rng(seed).integers(0, r, (resamples, r))
    shares = [0.5 - confidence / 2, 0.5 + confidence / 2]
    spread = np.quantile(effects[draws].std(axis=1, ddof=1), shares, axis=0).T
    return MorrisEffects(
        used.named(measure), used.names, effects.mean(axis=0), ends[0], size.mean(axis=0), ends[1],
        effects.std(axis=0, ddof=1), spread, effects, confidence, used,
        "decades" if log else table.units.get(measure, ""),
    )  # fmt: skip


def _effects(used: Responses, axes: list, delta: float) -> np.ndarray:
    """(trajectories, d): difference over the step `delta` where an axis moved; 0 where its words stayed."""
    found = np.zeros((len(used.values), len(axes)))
    for b, (points, y) in enumerate(zip(used.inputs, used.values, strict=True)):
        for i, axis in enumerate(axes):
            at = [axis.share(p[axis.name]) for p in points]
            for k in range(len(points) - 1):
                if at[k + 1] != at[k]:
                    found[b, i] = np.sign(at[k + 1] - at[k]) * (y[k + 1] - y[k]) / delta
    return found
