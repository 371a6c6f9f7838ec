"""Where a run begins: at rest at time zero, or at a state of another run, whose clock goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.experiment.timing.moments import SAME_TIME
from sim.run.continued.agreement import check_agreement, has_acted
from sim.run.continued.draws import Draws
from sim.run.continued.run_state import RunState
from sim.run.outputs import LedgerBefore
from sim.run.segments import Builder, Segment


@dataclass(frozen=True)
class Beginning:
    """The first state of a run, and what came before it. Made by `beginning_at`.

    state: that the run goes on from; None for a run that begins at rest
    """

    builder: Builder
    state: RunState | None = None

    @property
    def time(self) -> float:
        """When the run begins [s]."""
        return 0.0 if self.state is None else self.state.time

    @property
    def ledger(self) -> LedgerBefore | None:
        """Of all before; None at the first start."""
        if self.state is None:
            return None
        where = [self.state.elements.index(e) if e in self.state.elements else -1
                 for e in self.builder.model.elements]  # fmt: skip
        rows = (self.state.first, self.state.contents, self.state.by_hand)
        return LedgerBefore(*(np.append(row, 0.0)[where] for row in rows))  # of a new element there was none

    def segments(self, all_of_run: Sequence[Segment]) -> list[Segment]:
        """Those of the whole scenario that are still to come. What has acted before acts no more; what it
        has in force stays so."""
        if self.state is None:
            return list(all_of_run)
        duration = self.builder.scenario.duration
        left = [s for s in all_of_run if s.end > self.time + SAME_TIME * duration]
        cuts = () if has_acted(self.state, left[0].start, duration) else left[0].cuts
        return [replace(left[0], start=self.time, cuts=cuts, before=None), *left[1:]]

    def first(self, segment: Segment) -> np.ndarray:
        """The state before the first segment's interventions."""
        return segment.first() if self.state is None else _taken_over(self.state, self.builder, segment)


def beginning_at(builder: Builder, state: RunState | None) -> Beginning:
    """Where a run of the builder's scenario begins. Raises ScenarioError where it cannot go on from there."""
    if state is not None:
        check_agreement(state, builder.scenario, builder.model, builder.grid, builder.places.names)
        if builder.nuclei is not None:
            before = Draws.from_table(state.manifest.get("draws"))
            builder.nuclei.go_on(state.time, state.at_end, before)
    return Beginning(builder, state)


def _taken_over(state: RunState, builder: Builder, segment: Segment) -> np.ndarray:
    """The state as the segment's model has it, by name; species that are new are as at a first start."""
    model, system = builder.model, segment.system
    old = {n: k for k, n in enumerate(state.species)}
    new = [k for k, s in enumerate(model.species) if s.name not in old]
    y = np.zeros(system.size)
    u, tail = system.split(y)
    for k, s in enumerate(model.species):
        if s.name in old:
            u[:, k] = state.amounts[:, old[s.name]]
    for k, name in enumerate(model.mobile):
        if name in state.mobile:
            tail[:, k] = state.entered[:, state.mobile.index(name)]
    if new:
        rest = segment.first()
        start, _ = system.split(rest)
        u[:, new] = start[:, new]
        moving = [k for k in new if model.species[k].mobile]
        if moving:  # concentrations of the start in the pores of now
            then, now = (system.evaluate(0.0, v)[0]["porosity"] for v in (rest, y))
            u[:, moving] *= (now / then)[:, None]
        system.forget()
    return y
