"""The forward model of a fit of experiments: from parameters to the deviations of their statements."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.calibration.data import Data, Datum
from sim.calibration.engine.outcomes import RunFailed
from sim.calibration.engine.run_store import RunStore
from sim.calibration.free import Free
from sim.experiment.change import applied
from sim.sweeps.design.job import Job
from sim.units import si_unit
from sim.validation.arm_runs import ArmTask, run_arm
from sim.validation.experiment import Experiment
from sim.validation.rules import deviation
from sim.validation.wanted import Wanted

KEPT = 1000  # experiments with their deviations: a parameter of one leaves the others as they are


@dataclass(frozen=True)
class SharedNumber:
    """A parameter that a fit moves in all experiments that have it, or in those of `of` alone."""

    name: str
    of: tuple[str, ...] = ()

    def moves(self, e: Experiment) -> bool:
        """Whether it is a parameter of this experiment's arms."""
        return (not self.of or e.name in self.of) and e.has(self.name)


@dataclass
class StatementRuns:
    """Runs every arm that a fitted statement reads, once for each point; `predict` is the forward model.

    experiments: with their fitted statements alone
    free, shared: of each parameter its bounds, and where it acts
    """

    experiments: Sequence[Experiment]
    free: Sequence[Free]
    shared: Sequence[SharedNumber]
    rtol: float
    max_steps: int

    def __post_init__(self):
        self.kept: dict[tuple[int, tuple[float, ...]], list[float]] = {}
        self.moved = [[k for k, s in enumerate(self.shared) if s.moves(e)] for e in self.experiments]

    @property
    def data(self) -> Data:
        """The statements as numbers to fit: deviations, which should be 0, in standard deviations."""
        points = [
            Datum(0.0, f"{e.name}: {w.wording}, {w.bounds()}", 0.0, "1", 1.0)
            for e in self.experiments
            for w in e.wanted
        ]
        return Data(tuple(points), f"the statements of {len(self.experiments)} experiments")

    def _decides(self, index: int, values: Sequence[float]) -> tuple[int, tuple[float, ...]]:
        """What decides the numbers of an experiment."""
        return index, tuple(values[k] for k in self.moved[index])

    def experiments_at(self, values: Sequence[float]) -> list[Experiment]:
        """The experiments with these values of the parameters [SI]."""
        made = []
        for e, moved in zip(self.experiments, self.moved, strict=True):
            inputs = {self.shared[k].name: float(values[k]) for k in moved}
            made.append(replace(e, arms={n: applied(s, inputs) for n, s in e.arms.items()}))
        return made

    def predict(self, values: np.ndarray) -> np.ndarray:
        """Deviations (n,) of the statements; RunFailed with a sentence where one has no figure."""
        found: list[float] = []
        for index, e in enumerate(self.experiments_at(values.tolist())):
            key = self._decides(index, values.tolist())
            if key not in self.kept:
                numbers = {arm: self._numbers(e, arm) for arm in e.readings}
                self.kept[key] = [_deviation(e, w, numbers) for w in e.wanted]
            found += self.kept[key]
        while len(self.kept) > KEPT:
            self.kept.pop(next(iter(self.kept)))
        return np.array(found)

    def _numbers(self, e: Experiment, arm: str) -> tuple[float, ...]:
        """What is read of the run of an arm; a time that does not come counts as the end of the run."""
        task = ArmTask(e.arms[arm], e.times(arm), e.readings[arm], rtol=self.rtol, max_steps=self.max_steps)
        run = run_arm(task)
        if run.reason:
            raise RunFailed(f"{e.name}, {arm}: {run.reason}")
        end = e.arms[arm].duration
        pairs = zip(run.numbers, e.readings[arm], strict=True)
        return tuple(min(x, end) if r.reaches is not None else x for x, r in pairs)

    def store(self, path: str | os.PathLike) -> RunStore:
        """The file that keeps the runs; refused where it holds those of another calibration."""
        jobs = {
            f"{e.name}: {arm}": Job(e.arms[arm], times=e.times(arm), rtol=self.rtol, keep="none")
            for e in self.experiments
            for arm in e.readings
        }
        what = {
            "statements": [
                [e.name, w.wording, *map(str, w.span)] for e in self.experiments for w in e.wanted
            ],
            "arms": {name: job.definition for name, job in jobs.items()},
            "parameters": [[f.name, list(s.of)] for f, s in zip(self.free, self.shared, strict=True)],
            "max_steps": self.max_steps,
        }
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
        columns = [(f"{k + 1}: {d.quantity}", "1") for k, d in enumerate(self.data)]
        return RunStore(path, next(iter(jobs.values())), what, axes, columns)


def _deviation(e: Experiment, w: Wanted, numbers: Mapping[str, tuple[float, ...]]) -> float:
    figure = w.figure(tuple(numbers[r.arm][e.readings[r.arm].index(r)] for r in w.readings))
    found = deviation(figure, w.span)
    if np.isnan(found):
        raise RunFailed(f"{e.name}: {w.wording} has no figure: nothing over nothing.")
    return found
