"""The present state of a run that goes on, as a watch sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from sim.errors import ConfigError
from sim.run import dataset
from sim.run.lazy_result import LazyResult
from sim.run.record import RunRecord
from sim.run.result import Result
from sim.run.segments import Segment
from sim.texts import typed_time

if TYPE_CHECKING:
    import xarray


def snapshot_of(
    record: RunRecord, segment: Segment, t: float, y: np.ndarray, status: str, call: int, seconds: float
) -> Snapshot:
    """The state y at t [s] of a segment of a run, of which the record holds what came before."""
    return Snapshot(record.present(segment, t, y, status), call, seconds)


class Snapshot(LazyResult):
    """The present state of a run that goes on, as a Result with one output: nothing is computed before it is
    asked for, and nothing can be read once the function that was called with it has returned.

    call: 1 for the first of a run · seconds: of real time since the run began
    `status` is "running", and in the last call how the run ended.
    """

    def __init__(self, record: RunRecord, call: int, seconds: float):
        super().__init__(record)
        self.__dict__.update(call=call, seconds=seconds)

    call: int
    seconds: float

    @property
    def name(self) -> str:
        """Of the scenario."""
        return self.record.builder.scenario.name

    @property
    def time(self) -> float:
        """Time of the run [s]."""
        return float(self.t[0])

    @property
    def began(self) -> float:
        """Where this run began [s]: 0, or the time of the state that it goes on from."""
        return self.record.beginning.time

    @property
    def duration(self) -> float:
        """When the run will end [s]."""
        return self.record.builder.scenario.duration

    @property
    def done(self) -> float:
        """The share of the run's duration that has passed, 0-1."""
        return self.time / self.duration

    @property
    def solids(self) -> tuple[str, ...]:
        """As those of a Result."""
        return tuple(s.name for s in self.record.builder.model.solids)

    @property
    def variables(self) -> dict[str, str]:
        """{name: SI unit} of what there is over space."""
        return dataset.variables(self.record.builder)

    def __getitem__(self, name: str) -> xarray.DataArray:
        """As that of a Result, without making the others."""
        found = dataset.assemble_one(self.record.outputs, name) if isinstance(name, str) else None
        return super().__getitem__(name) if found is None else found.dataset()[name]

    def array_of(self, name: str) -> np.ndarray:
        """As that of a Result."""
        found = dataset.assemble_one(self.record.outputs, name)
        return super().array_of(name) if found is None else found.variables[name].values

    def least_resolved(self, name: str) -> float:
        """The least of a variable that the run tells from nothing, its absolute tolerance [its unit]; 0 where
        that is not known."""
        return self.record.settings.atol * dataset.scale_of(self.record.outputs, name)

    def kept(self) -> Result:
        """A Result of this one output that stays, with all its variables, and that a run can go on from."""
        row = self.manifest
        if self.status == "running":
            row = row | {"status": "interrupted", "message": "Kept while the run went on."}
        return Result(self.dataset, row, self.tables)

    def close(self) -> None:
        """The run goes on: from now on what is asked for is answered with a sentence."""
        self.__dict__["record"] = _Gone(self.time)


class _Gone:
    """What a snapshot has once the run has gone on."""

    def __init__(self, time: float):
        self.shown = typed_time(time)

    def __getattr__(self, name: str) -> NoReturn:
        raise ConfigError(
            f"this snapshot shows {self.shown} of a run that has gone on; read it "
            "inside the function that is called with it, or keep snapshot.kept()."
        )
