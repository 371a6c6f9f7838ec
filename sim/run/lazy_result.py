"""Results of runs of which datasets of xarray are made when they are asked for.

FinishedResult is what a run gives. LazyResult is what measures of a sweep are taken of: a sweep wants a
number or two of each run, and arrays, ledger and manifest of a run take longer than a stirred cell takes to
be solved.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.parameters import Parameters
from sim.public import public
from sim.run import dataset
from sim.run.coordinates import in_place, space_of
from sim.run.record import RunRecord
from sim.run.result import Result
from sim.run.stored.labelled import LabelledArray, LabelledArrays
from sim.run.stored.result_file import write_result

if TYPE_CHECKING:
    import xarray


def finished_result(record: RunRecord) -> FinishedResult:
    """The Result of everything noted."""
    arrays, tables = record.dataset(), record.tables()
    return FinishedResult(arrays, record.manifest(), tables)


class FinishedResult(Result):
    """A Result whose datasets of xarray are made when they are asked for, and are from then on what it is.

    dataset, tables: labelled arrays, or what has been made of them
    """

    def __init__(
        self,
        dataset: LabelledArrays | xarray.Dataset,
        manifest: dict,
        tables: LabelledArrays | xarray.Dataset,
    ):
        self.__dict__["manifest"] = manifest
        for name, given in {"dataset": dataset, "tables": tables}.items():
            self.__dict__[f"{name}_arrays" if isinstance(given, LabelledArrays) else name] = given

    dataset_arrays: LabelledArrays
    tables_arrays: LabelledArrays

    @cached_property
    def dataset(self) -> xarray.Dataset:
        """As that of a Result."""
        return self.dataset_arrays.dataset()

    @cached_property
    def tables(self) -> xarray.Dataset:
        """As those of a Result."""
        return self.tables_arrays.dataset()

    def _unmade(self, part: str) -> LabelledArrays | None:
        """The arrays of a part of which no dataset has been made: one that was made may have been changed."""
        return None if part in self.__dict__ else self.__dict__[f"{part}_arrays"]

    def _held(self, part: str, name: str) -> LabelledArray | None:
        """A variable of a part as it lies in arrays, unless that part has become a dataset."""
        arrays = self._unmade(part)
        return None if arrays is None else arrays.variables.get(name)

    def _variable(self, name: str) -> LabelledArray | None:
        """A variable over time and space, or a coordinate of these, that neither part has made."""
        if self._unmade("tables") is None:
            return None
        found = self._held("tables", name) or self._held("dataset", name)
        if found is None or {*found.dims} <= {"time", *self.space}:
            return found
        return found if len(found.dims) == 1 else None  # edges of cells, names of species

    def array_of(self, name: str) -> np.ndarray:
        """As that of a Result."""
        found = self._variable(name)
        return super().array_of(name) if found is None else found.values

    def attributes_of(self, name: str) -> dict:
        """As those of a Result."""
        found = self._variable(name)
        return super().attributes_of(name) if found is None else dict(found.attrs)

    @property
    def space(self) -> tuple[str, ...]:
        """As those of a Result."""
        volume = self._held("dataset", "volume")
        return super().space if volume is None else volume.dims

    @property
    def pools(self) -> dict[str, np.ndarray]:
        """As those of a Result."""
        amounts, names = self._held("tables", "ledger"), self._held("tables", "pool")
        if amounts is None or names is None:
            return super().pools
        return {str(p): amounts.values[..., k] for k, p in enumerate(names.values)}

    @property
    def elements(self) -> tuple[str, ...]:
        """What the ledger adds up."""
        found = self._held("tables", "element")
        return super().elements if found is None else tuple(str(e) for e in found.values)

    @property
    def t(self) -> np.ndarray:
        """Output times [s]."""
        found = self._held("dataset", "time")
        return super().t if found is None else found.values

    @property
    def solids(self) -> tuple[str, ...]:
        """As those of a Result."""
        data = self._unmade("dataset")
        if data is None:
            return super().solids
        return tuple(n for n, v in data.variables.items() if "formula" in v.attrs)

    @public
    def save(self, path: str | os.PathLike) -> Path:
        """As that of a Result."""
        data, tables = self._unmade("dataset") or self.dataset, self._unmade("tables") or self.tables
        return write_result(path, data, tables, self.manifest)


class LazyResult(Result):
    """A Result equal to that of `finished_result`. It holds on to the systems and states of the run."""

    def __init__(self, record: RunRecord):
        self.__dict__["record"] = record

    record: RunRecord

    @cached_property
    def dataset(self) -> xarray.Dataset:
        """As that of a Result."""
        return self.record.dataset().dataset()

    @cached_property
    def tables(self) -> xarray.Dataset:
        """As those of a Result."""
        return self.record.tables().dataset()

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
        if name in (f"{a}_edges" for a in grid.axes):
            return grid.edges[name.removesuffix("_edges")]
        if not self._is_variable(name):
            return super().array_of(name)
        return in_place(outputs.column(name), grid)

    def attributes_of(self, name: str) -> dict:
        """As those of a Result."""
        if not self._is_variable(name):
            return super().attributes_of(name)
        scale = dataset.scale_of(self.record.outputs, name)
        found = dataset.attributes(self.record.builder, name)
        return found | ({"reference_scale": scale} if scale else {})

    def _is_variable(self, name: str) -> bool:
        """Whether it has values over time and space."""
        builder = self.record.builder
        return name in (s.name for s in builder.model.species) or name in dataset.variables(builder)

    @property
    def t(self) -> np.ndarray:
        """Output times [s]."""
        return self.record.outputs.times

    @property
    def space(self) -> tuple[str, ...]:
        """As those of a Result."""
        return space_of(self.record.builder.grid)

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
