"""Nucleation as chance: expected numbers are integrated, whole crystals are drawn from them.

The rate J adds to `expected_nuclei` instead of making crystals; at the end of each interval every
cell draws N ~ Poisson(expected x its true volume) and receives N crystals of the interval's mean
critical size, with their calcium, phosphate and acidity from the same cell's water. A draw is a
function of (seed, interval, cell) alone. On the mean this is the mean-field model up to the delay
of at most one interval between a nucleation and the growth that follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

import numpy as np

from sim.counter_random import poisson, seed_number, uniform
from sim.errors import ScenarioError
from sim.model.model import Model
from sim.model.process import Derived, Process, arguments, coefficient
from sim.model.species import Species
from sim.model.system import System
from sim.solvers.solution import Solution
from sim.space.grid import Grid
from sim.units import convert

INTERVALS = 120
# geometry -> what a grid takes as 1 SI unit of, and its unit
NOMINAL = {
    "slab": ("cross-section", "m2", "1 mm2"),
    "cylinder": ("length", "m", "10 um"),
    "rectangle": ("depth", "m", "10 um"),
    "well_mixed": ("volume", "m3", "1 mm3"),
}
NUMBER = "expected_nuclei"
# process of the model -> (what holds its integral over an interval, unit, content of one nucleus of
# 1 nm: scales of tolerances only)
INTEGRALS = {
    "nucleation: number": (NUMBER, "m-3", 1.0),
    "nucleation: length": ("expected_length", "m-2", 1e-9),
    "nucleation: area": ("expected_area", "m-1", 1e-18),
    "nucleation: amount": ("expected_amount", "mol m-3", 3e-24),
}
STREAM = "nucleation"


@dataclass(frozen=True)
class StochasticNucleation:
    """How nucleation is drawn.

    seed: 0 to 2^64 - 1; all that a draw depends on besides interval and cell
    interval: time between draws [s or text]; if None, 120 intervals, the k-th ending at
        duration x (k/120)^2: short at first, where things move fastest
    sample: what the grid takes as 1: the cross-section of a slab, the length of a cylinder, the
        depth of a rectangle, the volume of a stirred cell; a sphere or box has true volumes
    """

    seed: int
    interval: float | str | None = None
    sample: float | str | None = None

    def __post_init__(self):
        object.__setattr__(self, "seed", seed_number(self.seed, "stochastic nucleation"))
        if self.interval is not None:
            interval = convert(self.interval, "s", "stochastic nucleation: interval")
            object.__setattr__(self, "interval", interval)
            if not interval > 0:
                raise ScenarioError(f"stochastic nucleation: interval = {interval:g} s must be positive.")

    def table(self) -> dict:
        """Plain data."""
        return asdict(self)

    def share(self, geometry: str) -> float:
        """True volume of the tissue over that of the grid [-]."""
        if geometry not in NOMINAL:
            if self.sample is not None:
                raise ScenarioError(
                    f"stochastic nucleation: a {geometry} has its true volume; leave sample out."
                )
            return 1.0
        what, unit, example = NOMINAL[geometry]
        if self.sample is None:
            raise ScenarioError(
                f"stochastic nucleation: chance depends on the true {what} of a {geometry}, which the grid "
                f"takes as 1 {unit}; give sample='{example}' or what it is."
            )
        size = convert(self.sample, unit, f"stochastic nucleation: sample ({what})")
        if not size > 0:
            raise ScenarioError(f"stochastic nucleation: sample = {self.sample!r} must be a positive {what}.")
        return size

    def ends(self, duration: float) -> np.ndarray:
        """Times of the draws [s], the last at the end of the run."""
        if self.interval is None:
            return duration * (np.arange(1, INTERVALS + 1) / INTERVALS) ** 2
        count = int(np.ceil(duration / self.interval * (1 - 1e-12)))
        if count > 1_000_000:
            raise ScenarioError(
                f"stochastic nucleation: {count} intervals of {self.interval:g} s; take longer ones."
            )
        return np.minimum(self.interval * np.arange(1, count + 1), duration)


def occupied(crystals, expected):
    """Crystals there and expected [m-3]: both take sites."""
    return crystals + expected


class Nuclei:
    """The draws of one run.

    model: the given one with nucleation put off; counts (n,): crystals drawn so far in each cell
    """

    def __init__(
        self, choice: StochasticNucleation, model: Model, grid: Grid, geometry: str, duration: float
    ):
        self.seed, self.ends = choice.seed, choice.ends(duration)
        self.volume = grid.volume * choice.share(geometry)  # the true one [m3]
        missing = [n for n in INTEGRALS if n not in {p.name for p in model.processes}]
        if missing:
            raise ScenarioError(
                f"stochastic nucleation: the model has no process '{missing[0]}'; put off are "
                f"{', '.join(INTEGRALS)}."
            )
        self.births = [p for p in model.processes if p.name in INTEGRALS]
        self.model = self._put_off(model)
        index = {s.name: k for k, s in enumerate(self.model.species)}
        self.column = {p.name: index[INTEGRALS[p.name][0]] for p in self.births}
        self.index = index

    def _put_off(self, model: Model) -> Model:
        """The model in which nucleation makes expectations, not crystals."""
        crystals = next(iter(_process(model, "nucleation: number").changes))
        # Where a cell is so large that 1e-6 of the usual scale is many crystals, one crystal counts.
        scale = {s.name: s.scale for s in model.species}[crystals]
        scale = min(scale, 1.0 / float(self.volume.max()))
        model = model.with_species(*(
            Species(name, scale=scale * content, unit=unit, description="nuclei not yet drawn")
            for name, unit, content in INTEGRALS.values()
        ))  # fmt: skip
        model = model.with_process(*(replace(p, changes={INTEGRALS[p.name][0]: 1}) for p in self.births))
        rate = _process(model, "nucleation: number").needs
        users = [d for d in model.derived if set(d.outputs) & set(rate) and crystals in d.needs]
        if users:
            both = Derived(
                "occupied_sites", occupied, inputs={"crystals": crystals, "expected": NUMBER}, units=("m-3",)
            )
            model = model.with_derived(both, *(_with_input(d, crystals, "occupied_sites") for d in users))
        return model

    def tolerances(
        self, system: System, t: float, y: np.ndarray, span: float, atol: np.ndarray
    ) -> np.ndarray:
        """`atol` with what is expected judged by one crystal, or by all of the interval's if more.

        Numbers start each interval at zero: where billions will come, a tolerance of a millionth of
        one would make the first step shorter than the clock can tell.
        """
        atol = atol.copy()
        body, _ = system.split(atol)
        rates = system.evaluate(t, y)[1]
        for p in self.births:
            k = self.column[p.name]
            body[:, k] *= np.maximum(1.0, rates[p.name] * span / system.scale[k])
        return atol

    def draw(self, system: System, y: np.ndarray, interval: int) -> tuple[np.ndarray, np.ndarray]:
        """The state after the draw of an interval, and the crystals born in each cell (n,)."""
        y = y.copy()
        u, _ = system.split(y)
        # Below zero by less than the tolerance, a millionth of a crystal, is none.
        mean = np.maximum(u[:, self.index[NUMBER]], 0.0) * self.volume
        born = poisson(mean, uniform(self.seed, STREAM, interval, mean.size))
        ratio = np.divide(born, mean, out=np.zeros_like(mean), where=born > 0)
        values = {n: p.si for n, p in system.parameters.items()}
        for p in self.births:
            expected = u[:, self.column[p.name]].copy()
            for name, change in p.changes.items():
                u[:, self.index[name]] += coefficient(change, values) * (ratio * expected)
        for k in self.column.values():
            u[:, k] = 0.0
        return y, born

    def shortage(self, system: System, before: np.ndarray, after: np.ndarray) -> str:
        """A sentence when the water of a cell did not hold what its crystals are made of, else ""."""
        old, new = system.split(before)[0], system.split(after)[0]
        for k, s in enumerate(system.model.species):
            if s.signed or k in self.column.values():
                continue
            wrong = np.flatnonzero((new[:, k] < 0) & (new[:, k] < old[:, k]))
            if wrong.size:
                i = int(wrong[0])
                return (
                    f"the crystals drawn in cell {i} need {old[i, k] - new[i, k]:.3g} of {s.name}, and "
                    f"{old[i, k]:.3g} {s.unit} was there; take a shorter interval, or larger cells"
                )
        return ""

    def solve(
        self,
        solve: Callable[..., Solution],
        system: System,
        t0: float,
        t1: float,
        y: np.ndarray,
        t_eval: np.ndarray,
        rtol: float,
        atol: np.ndarray,
        progress: Callable[[float, int], None] | None,
        max_steps: int,
    ) -> Solution:
        """What `solve` does from t0 to t1, interrupted by draws. An output at a draw shows it done."""
        near = 1e-9 * self.ends[-1]  # a draw this close to a cut is at the cut
        k = int(np.searchsorted(self.ends, t0 + near, side="right"))
        parts: list[Solution] = []
        start, steps, nuclei, draws = t0, 0, 0, 0
        while not parts or (start < t1 and parts[-1].status == "finished"):
            drawn = self.ends[k] <= t1 + near
            end = t1 if not drawn or self.ends[k] >= t1 - near else float(self.ends[k])
            inside = (t_eval <= end) & ((t_eval > start) | (start == t0))

            def report(t, n, before=steps):
                progress(t, before + n)

            try:
                part = solve(
                    system, start, end, y, t_eval[inside], rtol,
                    self.tolerances(system, start, y, end - start, atol), report if progress else None,
                    max_steps - steps,
                )  # fmt: skip
            except KeyboardInterrupt:
                if not parts:
                    raise
                parts[-1].status = "interrupted"
                break
            y, steps = part.end, steps + part.statistics["steps"]
            if drawn and part.status == "finished":
                y, born = self.draw(system, part.end, k)
                nuclei, draws, k = nuclei + int(born.sum()), draws + 1, k + 1
                reason = self.shortage(system, part.end, y)
                if reason:
                    part.status, part.message = "failed", f"At t = {end:.6g} s {reason}."
                elif part.t.size and part.t[-1] == end:
                    part.y[-1] = y
                part.end = part.end if reason else y
            parts.append(part)
            start = end
        return _joined(parts, {"nuclei": nuclei, "draws": draws})


def _process(model: Model, name: str) -> Process:
    return next(p for p in model.processes if p.name == name)


def _with_input(d: Derived, old: str, new: str) -> Derived:
    """A derived quantity that reads `new` where it read `old`."""
    names = arguments(d.formula, d.name)
    return replace(d, inputs=d.inputs | {a: new for a in names if d.inputs.get(a, a) == old})


def _joined(parts: list[Solution], more: dict[str, int]) -> Solution:
    """Solutions that follow each other as one."""
    statistics: dict[str, int] = {}
    for p in parts:
        for name, n in p.statistics.items():
            statistics[name] = statistics.get(name, 0) + n
    last, worst = parts[-1], max(parts, key=lambda p: p.undershoot)
    return Solution(
        np.concatenate([p.t for p in parts]), np.concatenate([p.y for p in parts]), last.t_end, last.end,
        last.status, last.message, statistics | more, worst.undershoot, worst.undershoot_species,
    )  # fmt: skip
