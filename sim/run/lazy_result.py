"""The result of a run of which nothing is made before it is asked for: what measures of a sweep are taken of.

A sweep wants a number or two of each run. Dataset, ledger and manifest of a run take longer than a stirred
cell takes to be solved.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from sim.parameters import Parameters
from sim.run import dataset
from sim.run.coordinates import in_place
from sim.run.record import RunRecord
from sim.run.result import Result

if TYPE_CHECKING:
    import xarray


class LazyResult(Result):
    """A Result equal to `record.result()`. It holds on to the systems and states of the run."""

    def __init__(self, record: RunRecord):
        self.__dict__["record"] = record

    record: RunRecord

    @cached_property
    def dataset(self) -> xarray.Dataset:
        """As that of a Result."""
        return self.record.dataset()

    @cached_property
    def tables(self) -> xarray.Dataset:
        """As those of a Result."""
        return self.record.tables()

    @cached_property
    def manifest(self) -> dict:
        """As that of a Result."""
        return self.record.manifest()

    def __reduce__(self) -> tuple:
        return Result, (self.dataset, self.manifest, self.tables)

    def array_of(self, name: str) -> np.ndarray:
        """As that of a Result."""
        outputs = self.record.outputs
        if name == "layer":
            return outputs.layer
        grid = outputs.builder.grid
        if name == "volume":
            return in_place(grid.volume, grid)
        if not self._is_variable(name):
            return super().array_of(name)
        return in_place(outputs.column(name), grid)

    def attributes_of(self, name: str) -> dict:
        """As those of a Result."""
        if not self._is_variable(name):
            return super().attributes_of(name)
        return dataset.attributes(self.record.builder, name)

    def _is_variable(self, name: str) -> bool:
        """Whether it has values over time and space."""
        builder = self.record.builder
        return name in (s.name for s in builder.model.species) or name in dataset.variables(builder)

    @property
    def t(self) -> np.ndarray:
        """Output times [s]."""
        return self.record.outputs.times

    @property
    def pools(self) -> dict[str, np.ndarray]:
        """As those of a Result."""
        return self.record.outputs.pools

    @property
    def elements(self) -> tuple[str, ...]:
        """What the ledger adds up."""
        return self.record.builder.model.elements

    @property
    def status(self) -> str:
        """ "finished", "interrupted" or "failed"; `message` says more."""
        return self.record.status

    @property
    def message(self) -> str:
        """How the run ended."""
        return self.record.message

    @property
    def stats(self) -> dict[str, int]:
        """Counts of the solver: steps, right-hand sides, Jacobians, ..."""
        return self.record.statistics

    @property
    def run_hash(self) -> str:
        """The hash of the run, as in the manifest."""
        return self.record.identity["hash"]

    @property
    def parameters(self) -> Parameters:
        """The parameters of the run."""
        return self.record.builder.scenario.parameters
