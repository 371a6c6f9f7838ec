"""Tables of sweeps with known numbers, in the form that pictures need, without a run."""

from dataclasses import dataclass, field

import numpy as np

DAY = 86400.0


@dataclass(frozen=True)
class FakeAxis:
    name: str
    low: float | None = None
    high: float | None = None
    unit: str = ""
    log: bool = False
    values: tuple = ()

    def at(self, share):
        if self.log:
            return list(10 ** (np.log10(self.low) + share * np.log10(self.high / self.low)))
        return list(self.low + share * (self.high - self.low))


@dataclass
class SweepTable:
    """inputs_ and measures: {name: values by point}; a point without a measure has nan."""

    axes: tuple
    inputs_: dict
    measures: dict
    units: dict
    status: np.ndarray
    method: str = "grid"
    settings: dict = field(default_factory=dict)

    @property
    def names(self):
        return list(self.measures)

    def inputs(self, name):
        return np.asarray(self.inputs_[name])

    def measure(self, name):
        return np.asarray(self.measures[name], dtype=float)

    @property
    def rows(self):
        return [{"status": s, "reason": "" if s == "finished" else f"it {s}."} for s in self.status]


def failing(values, status):
    """The values of points that finished, nan for the rest."""
    return np.where(np.asarray(status) == "finished", values, np.nan)


RADIUS = FakeAxis("lesion.radius", 2e-4, 5e-3, "m", log=True)
LOAD = FakeAxis("acid.load", 0.0, 40.0, "mol m-3")


def onset_grid(n=12, keep=None):
    """An n x n grid of radius and load: an onset that comes, never comes, or is not known.

    Failed along a diagonal, timed out in a corner, out of memory and killed at single points; `keep`
    points in order have been run (all when None).
    """
    i, j = (g.ravel() for g in np.meshgrid(np.arange(n), np.arange(n)))
    radius = np.asarray(RADIUS.at(np.arange(n) / (n - 1)))[i]
    load = np.asarray(LOAD.at(np.arange(n) / (n - 1)))[j]
    onset = DAY * (1.5 + 0.08 * load + 2.0 * (radius / 1e-3) ** 0.8)
    onset = np.where(load > 34 - 12 * np.log10(radius / 2e-4), np.inf, onset)
    mineral = np.where(np.isinf(onset), 0.0, 3e4 * np.exp(-onset / (4 * DAY)))
    status = np.full(n * n, "finished", dtype=object)
    status[(i == j) & (i > 3) & (i < 8)] = "failed"
    status[(i > n - 3) & (j < 2)] = "timed out"
    status[(i == 2) & (j == 4)] = "out of memory"
    status[(i == 9) & (j == 3)] = "killed"
    keep = slice(keep)
    return SweepTable(
        (RADIUS, LOAD),
        {"lesion.radius": radius[keep], "acid.load": load[keep]},
        {"onset": failing(onset, status)[keep], "mineral": failing(mineral, status)[keep]},
        {"lesion.radius": "m", "acid.load": "mol m-3", "onset": "s", "mineral": "mol m-3"},
        status[keep],
        settings={"shape": [n, n]},
    )


def hypercube(n=200, axes=(RADIUS, LOAD), seed=4):
    """Scattered points; some failed, and the onset of some never came."""
    from scipy.stats import qmc

    share = qmc.LatinHypercube(len(axes), rng=np.random.default_rng(seed)).random(n)
    inputs = {a.name: np.asarray(a.at(share[:, k])) for k, a in enumerate(axes)}
    radius, load = inputs["lesion.radius"], inputs["acid.load"]
    onset = DAY * (1.5 + 0.1 * load + 2.0 * (radius / 1e-3) ** 0.8)
    for name in inputs.keys() - {"lesion.radius", "acid.load"}:
        onset = onset * (1 + 0.3 * inputs[name] / inputs[name].max())
    onset[onset > 9 * DAY] = np.inf
    status = np.full(n, "finished", dtype=object)
    status[:: n // 12] = "failed"
    status[5 :: n // 5] = "timed out"
    mineral = 3e4 * np.exp(-onset / (4 * DAY)) + 1.0
    return SweepTable(
        axes, inputs, {"onset": failing(onset, status), "mineral": failing(mineral, status)},
        {a.name: a.unit for a in axes} | {"onset": "s", "mineral": "mol m-3"}, status,
        method="latin_hypercube", settings={"n": n, "seed": seed},
    )  # fmt: skip


def table_of(inputs, measures, units, status=None, method="table", axes=None, settings=None):
    """A small table from columns; axes list the levels unless given."""
    n = len(next(iter(inputs.values())))
    status = np.array(status or ["finished"] * n, dtype=object)
    if axes is None:
        axes = tuple(
            FakeAxis(k, unit=units.get(k, ""), values=tuple(dict.fromkeys(np.asarray(v).tolist())))
            for k, v in inputs.items()
        )
    measures = {k: failing(v, status) for k, v in measures.items()}
    return SweepTable(axes, inputs, measures, units, status, method, settings or {})
