"""An experiment of the literature: a set-up, its arms, and what was found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ScenarioError
from sim.run.asked.output_times import output_times
from sim.validation.wanted import Reading, Wanted

if TYPE_CHECKING:
    from sim.experiment.scenario import Scenario

OUTPUTS = 60  # of each run, beside the times that are asked for


@dataclass(frozen=True)
class Experiment:
    """A row of the scorecard.

    name: of its file · row: where it stands, "D1" · arms: {name: the scenario that is run}
    wanted: its statements, all of which must hold · cause: why it is known to fail, "" where it is not
    counterfactual: changes of all arms that show the cause, as `Scenario.changed` takes them
    """

    name: str
    row: str
    title: str
    notes: str
    arms: Mapping[str, Scenario]
    wanted: tuple[Wanted, ...]
    cause: str = ""
    counterfactual: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, values: Mapping[str, Any]) -> Experiment:
        """The same with other values in every arm, by name, as `Scenario.changed` takes them."""
        return replace(self, arms={n: s.changed(values) for n, s in self.arms.items()})

    def has(self, name: str) -> bool:
        """Whether every arm has something of this name to change."""
        from sim.experiment.targets import target

        try:
            for s in self.arms.values():
                target(s, name)
        except ScenarioError:
            return False
        return True

    @cached_property
    def readings(self) -> dict[str, tuple[Reading, ...]]:
        """{arm: what is read of its run}, each once."""
        found: dict[str, dict[Reading, None]] = {}
        for wanted in self.wanted:
            for one in wanted.readings:
                found.setdefault(one.arm, {})[one] = None
        return {arm: tuple(rows) for arm, rows in found.items()}

    def times(self, arm: str) -> tuple[float, ...]:
        """Output times of an arm [s]: a row that is dense at first, and those that are asked for."""
        asked = [r.at for r in self.readings.get(arm, ()) if isinstance(r.at, float)]
        return tuple(np.union1d(output_times(self.arms[arm].duration, OUTPUTS), asked).tolist())
