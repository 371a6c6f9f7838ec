"""What a scenario says of nucleation as chance: seed, intervals, and the true size of its tissue."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.errors import ScenarioError
from sim.experiment.values.given import as_given, check_unit, si_number
from sim.space.chance import seed_number
from sim.space.geometries import GEOMETRIES
from sim.texts import duration_text
from sim.units import convert_number

INTERVALS = 120


@dataclass(frozen=True, init=False)
class StochasticNucleation:
    """How nucleation is drawn.

    seed: 0 to 2^64 - 1; all that a draw depends on besides interval and cell
    interval: time between draws [s; text when given]; if None, 120 intervals, the k-th ending at
        duration x (k/120)^2: short at first, where things move fastest
    sample: what the grid takes as 1 [SI; text when given]: the cross-section of a slab, the length of
        a cylinder, the depth of a rectangle, the volume of a stirred cell; a sphere or box has true
        volumes. Which unit it needs follows from the geometry, where `share` checks it.
    """

    seed: int
    interval: float | None = None
    sample: float | None = None

    def __init__(
        self, seed: int, interval: float | str | None = None, sample: float | str | None = None
    ) -> None:
        owner = "stochastic nucleation"
        span = None if interval is None else convert_number(interval, "s", f"{owner}: interval")
        if span is not None and not span > 0:
            raise ScenarioError(f"{owner}: interval = {span:g} s must be positive.")
        object.__setattr__(self, "seed", seed_number(seed, owner))
        object.__setattr__(self, "interval", span)
        held = None if sample is None else si_number(sample, f"{owner}: sample")
        object.__setattr__(self, "sample", held)

    def table(self) -> dict:
        """Plain data; a sample as it was given."""
        sample = None if self.sample is None else as_given(self.sample)
        return {"seed": self.seed, "interval": self.interval, "sample": sample}

    def in_words(self) -> str:
        """ "stochastic nucleation: seed 1, interval 6 h, sample 10 um"."""
        drawn = [f"seed {self.seed}"]
        drawn += [f"interval {duration_text(self.interval)}"] if self.interval is not None else []
        drawn += [f"sample {as_given(self.sample)}"] if self.sample is not None else []
        return f"stochastic nucleation: {', '.join(drawn)}"

    def share(self, geometry: str) -> float:
        """True volume of the tissue over that of the grid [-]."""
        nominal = GEOMETRIES[geometry].nominal
        if nominal is None:
            if self.sample is not None:
                raise ScenarioError(
                    f"stochastic nucleation: a {geometry} has its true volume; leave sample out."
                )
            return 1.0
        what, unit, example = nominal
        if self.sample is None:
            raise ScenarioError(
                f"stochastic nucleation: chance depends on the true {what} of a {geometry}, which the grid "
                f"takes as 1 {unit}; give sample='{example}' or what it is."
            )
        check_unit(self.sample, unit, f"stochastic nucleation: sample ({what})")
        if not self.sample > 0:
            raise ScenarioError(f"stochastic nucleation: sample = {self.sample!r} must be a positive {what}.")
        return float(self.sample)

    def ends(self, duration: float, span: float | None = None) -> np.ndarray:
        """Times of the draws [s], the last at the end of the run.

        span: duration of the first run [s], where this one goes on from it; None for that run itself
        """
        if self.interval is None:
            whole = duration if span is None else span
            count = max(1, int(np.ceil(INTERVALS * np.sqrt(duration / whole) * (1 - 1e-12))))
            return np.minimum(whole * (np.arange(1, count + 1) / INTERVALS) ** 2, duration)
        count = int(np.ceil(duration / self.interval * (1 - 1e-12)))
        if count > 1_000_000:
            raise ScenarioError(
                f"stochastic nucleation: {count} intervals of {self.interval:g} s; take longer ones."
            )
        return np.minimum(self.interval * np.arange(1, count + 1), duration)
