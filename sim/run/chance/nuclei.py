"""Nucleation as chance: expected crystals are integrated, whole crystals are drawn from them.

Between draws, crystals born since the last one are an expectation with moments of their own,
`expected_m0` to `expected_m2` and `expected_HAP`: they take sites, grow and dissolve as others do.
At the end of each interval every cell draws N ~ Poisson(expected_m0 x its true volume); what was
expected, times N over its mean, joins the crystals, and the difference of calcium, phosphate and
acidity is taken from the same cell's water or given back to it. A draw is a function of (seed,
interval, cell) alone. Where N is large this is the mean-field model, whatever the interval.

A run that goes on from another goes on with its intervals, and so draws what an unbroken run would. The
rest of an interval that was drawn in part, at the end of the run before, has random numbers of its own, by
the time of that draw: those of the interval are used up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim.binder.system import System
from sim.errors import ScenarioError, listing
from sim.experiment.nucleation import StochasticNucleation
from sim.model.model import Model
from sim.model.process import coefficient
from sim.run.chance.apart import BIRTHS, EXPECTED, apart
from sim.run.continued.draws import STREAM, Draws
from sim.solvers.steps.solution import STATUS, Solution
from sim.solvers.steps.task import Observer, Progress, Task
from sim.space.chance import poisson, uniform
from sim.space.grid import Grid

NOTHING = np.zeros(0)
NEAR = 1e-9  # of a run; a draw this close to a cut is at the cut
STEPS = 20  # of the integrator after a draw, which starts it anew: 18 to 28 in runs on 12 to 5000 cells
LONG = 2_000_000  # draws times cells from which a run takes minutes


class Nuclei:
    """The draws of one run.

    model: the given one with crystals not yet drawn kept apart; volume (n,): the true one [m3]
    """

    def __init__(
        self, choice: StochasticNucleation, model: Model, grid: Grid, geometry: str, duration: float
    ):
        self.choice, self.duration = choice, duration
        self.draws = Draws(choice.seed, choice.interval, duration)
        self.ends = choice.ends(duration)
        self.volume = grid.volume * choice.share(geometry)
        processes = {p.name: p for p in model.processes}
        for name, (moment, _, _) in BIRTHS.items():
            if name not in processes or moment not in processes[name].changes:
                raise ScenarioError(
                    f"stochastic nucleation: the model has no process '{name}' that changes {moment}; "
                    f"it draws what {listing(BIRTHS)} make."
                )
        self.model = apart(model)
        self.index = {s.name: k for k, s in enumerate(self.model.species)}
        self.mineral = processes["nucleation: amount"].changes

    def go_on(self, time: float, at_end: bool, before: Draws | None) -> None:
        """Go on with the draws of a run at a time [s] of it. at_end: whether it ended there;
        before: its draws, None where it had none"""
        self.draws = self.draws.after(before, self.choice, time, at_end, NEAR * self.duration)
        self.ends = self.choice.ends(self.duration, self.draws.span)

    def forecast(self, max_steps: int) -> str:
        """A sentence on what the draws will cost, where that is much or more than `max_steps`; else "".

        Each draw starts the integrator anew. How many crystals are drawn costs nothing.
        """
        draws, cells = self.ends.size, self.volume.size
        steps = STEPS * draws
        if draws * cells < LONG and steps <= max_steps:
            return ""
        stop = f", and max_steps = {max_steps} will stop it before its end" if steps > max_steps else ""
        return (
            f"stochastic nucleation: each of {draws} draws on {cells} cells starts the integrator anew, "
            f"which makes some {steps} steps where a run without draws takes some hundreds{stop}. Take a "
            "longer interval or fewer cells; where every cell gets thousands of crystals, chance hardly "
            "shows, and a run without it tells the same."
        )

    def tolerances(
        self, system: System, t: float, y: np.ndarray, span: float, atol: np.ndarray
    ) -> np.ndarray:
        """`atol` with what is expected judged by one crystal, or by all of the interval's if more.

        By one, or a large cell would draw the integrator's errors; by all where there are more,
        because numbers start each interval at zero: where billions will come, a tolerance of a
        millionth of one would make the first step shorter than the clock can tell.
        """
        atol = atol.copy()
        body, _ = system.split(atol)
        rates = system.evaluate(t, y)[1]
        for name, (_, expected, one) in BIRTHS.items():
            k = self.index[expected]
            size = np.maximum(np.minimum(system.scale[k], one / self.volume), rates[name] * span)
            body[:, k] *= size / system.scale[k]
        return atol

    def _numbers(self, interval: int, near: float) -> str:
        """The name of the random numbers of a draw. near [s]: less than that is no difference"""
        return self.draws.stream_of(float(self.ends[interval - 1]) if interval else 0.0, near)

    def draw(
        self, system: System, y: np.ndarray, interval: int, stream: str = STREAM
    ) -> tuple[np.ndarray, np.ndarray]:
        """The state after the draw of an interval, and the crystals born in each cell (n,).

        stream: name of the random numbers
        """
        y = y.copy()
        u, _ = system.split(y)
        # Below zero by less than the tolerance, a millionth of a crystal, is none.
        mean = np.maximum(u[:, self.index["expected_m0"]], 0.0) * self.volume
        born = poisson(mean, uniform(self.draws.seed, stream, interval, mean.size))
        ratio = np.divide(born, mean, out=np.zeros_like(mean), where=mean > 0)
        values = {n: p.si for n, p in system.parameters.items()}
        mineral = {n: coefficient(c, values) for n, c in self.mineral.items()}
        more = (ratio - 1.0) * u[:, self.index["expected_HAP"]] / mineral["HAP"]
        for name, change in mineral.items():
            if name != "HAP":
                u[:, self.index[name]] += change * more
        for moment, expected in EXPECTED.items():
            u[:, self.index[moment]] += ratio * u[:, self.index[expected]]
            u[:, self.index[expected]] = 0.0
        return y, born

    def shortage(self, system: System, before: np.ndarray, after: np.ndarray) -> str:
        """A sentence when the water of a cell did not hold what its crystals are made of, else ""."""
        old, new = system.split(before)[0], system.split(after)[0]
        for k, s in enumerate(system.model.species):
            if s.signed:
                continue
            wrong = np.flatnonzero((new[:, k] < 0) & (new[:, k] < old[:, k]))
            if wrong.size:
                i = int(wrong[0])
                return (
                    f"the crystals drawn in cell {i} need {old[i, k] - new[i, k]:.3g} of {s.name}, and "
                    f"{old[i, k]:.3g} {s.unit} was there; take a shorter interval, or larger cells"
                )
        return ""

    def solve(self, solve: Callable[[Task], Solution], task: Task) -> Solution:
        """What `solve` does of a task, interrupted by draws. An output at a draw shows it done."""
        system, t0, t1, t_eval = task.system, task.t0, task.t1, task.t_eval
        near = NEAR * self.ends[-1]
        k = int(np.searchsorted(self.ends, t0 + near, side="right"))
        parts: list[Solution] = []
        y, start, steps, nuclei, draws = task.y0, t0, 0, 0, 0
        if k and t0 - self.ends[k - 1] <= near and self.draws.last < self.ends[k - 1] - near:
            # The run before broke off between the end of an interval and its draw.
            y, born = self.draw(system, y, k - 1, self._numbers(k - 1, near))
            nuclei, draws, self.draws = int(born.sum()), 1, replace(self.draws, last=t0)
        while not parts or (start < t1 and parts[-1].status == "finished"):
            drawn = self.ends[k] <= t1 + near
            end = t1 if not drawn or self.ends[k] >= t1 - near else float(self.ends[k])
            inside = (t_eval <= end) & ((t_eval > start) | (start == t0))
            atol = self.tolerances(system, start, y, end - start, task.atol)
            span = replace(
                task, t0=start, t1=end, y0=y, t_eval=t_eval[inside], atol=atol,
                progress=_after(task.progress, steps), max_steps=task.max_steps - steps,
                observer=UntilDraw(task.observer, end) if drawn and task.observer else task.observer,
            )  # fmt: skip
            try:
                part = solve(span)
            except KeyboardInterrupt:
                if not parts:
                    raise
                parts[-1].status = "interrupted"
                break
            y, steps = part.end, steps + part.statistics["steps"]
            if drawn and part.status == "finished":
                y, born = self.draw(system, part.end, k, self._numbers(k, near))
                nuclei, draws, k = nuclei + int(born.sum()), draws + 1, k + 1
                reason = self.shortage(system, part.end, y)
                if reason:
                    part.status, part.message = "failed", f"At t = {end:.6g} s {reason}."
                else:
                    self.draws = replace(self.draws, last=end)
                    if part.t.size and part.t[-1] == end:
                        part.y[-1] = y
                        _tell_drawn(task, part)
                part.end = part.end if reason else y
            if parts:
                parts[-1].end = NOTHING  # thousands of draws would hold thousands of states
            if not part.t.size:
                part.y = part.y.copy()  # a view of room for one state
            parts.append(part)
            start = end
        return _joined(parts, {"nuclei": nuclei, "draws": draws})


class UntilDraw:
    """An observer of a part of a run that ends with a draw: the output there is shown when it is done.

    end: of the part [s]
    """

    def __init__(self, observer: Observer, end: float):
        self.step, self._observer, self._end = observer.step, observer, end

    def output(self, t: float, y: np.ndarray) -> None:
        """As that of an Observer."""
        if t < self._end:
            self._observer.output(t, y)


def _tell_drawn(task: Task, part: Solution) -> None:
    """Show the last output of a part, at a draw; whoever looks on may end the run."""
    if task.observer is None:
        return
    try:
        task.observer.output(float(part.t[-1]), part.y[-1])
    except KeyboardInterrupt:
        part.status, part.message = "interrupted", STATUS["interrupted"]


def _after(progress: Progress | None, before: int) -> Progress | None:
    """Reports of a part of a run that comes after `before` steps."""
    return None if progress is None else lambda t, n: progress(t, before + n)


def _joined(parts: list[Solution], more: dict[str, int]) -> Solution:
    """Solutions that follow each other as one. Their states go as they are taken over."""
    statistics: dict[str, int] = {}
    for p in parts:
        for name, n in p.statistics.items():
            statistics[name] = statistics.get(name, 0) + n
    last, worst = parts[-1], max(parts, key=lambda p: p.undershoot)
    t = np.concatenate([p.t for p in parts])
    y, filled = np.empty((t.size, last.end.size)), 0
    for p in parts:
        y[filled : filled + p.t.size] = p.y
        filled += p.t.size
        p.y = NOTHING
    return Solution(
        t, y, last.t_end, last.end, last.status, last.message, statistics | more, worst.undershoot,
        worst.undershoot_species,
    )  # fmt: skip
