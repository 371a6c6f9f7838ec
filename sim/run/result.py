"""The result of a run: a labelled dataset and a manifest that explains itself years later."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import ConfigError, ScenarioError, UnknownNameError, nearest, shown
from sim.experiment.intervention import Intervention, from_keys
from sim.experiment.values.file_tables import parameter_from
from sim.parameters import Citation, Parameters, cite
from sim.public import public
from sim.run.continued import joining
from sim.run.coordinates import between_outputs
from sim.run.reported.differences import differences_text
from sim.run.reported.in_html import result_html
from sim.run.reported.result_text import result_text
from sim.run.stored.csv_tables import chosen, write_tables
from sim.run.stored.result_file import empty_tables, read_result, write_result
from sim.texts import typed_time
from sim.units import convert_number, si_unit
from sim.units.amounts_of_solids import amount_of

if TYPE_CHECKING:
    import pandas
    import xarray

    from sim.experiment.scenario import Scenario


@dataclass(frozen=True, eq=False)
class Result:
    """dataset: xarray.Dataset over (time, r | x | y, x | z, y, x), every variable with units.

    manifest: what was run, with which parameters and versions, and how well it went.
    tables: what has other axes: the ledger, stoichiometry, contents of species, faces of cells
    `result[name]` looks in both.
    """

    dataset: xarray.Dataset
    manifest: dict
    tables: xarray.Dataset = field(default_factory=empty_tables)

    def __getitem__(self, name: str) -> xarray.DataArray:
        """A variable of the dataset: a species, "pH", "SI_HAP", "S_HAP", "HAP_density", ..."""
        if not isinstance(name, str):
            raise UnknownNameError(
                f"{shown(name)} is not the name of a variable; give one name, result['HAP'], or take "
                "result.dataset for several."
            )
        if name in self.tables.variables:
            return self.tables[name]
        if name not in self.dataset:
            names = [str(n) for n in (*self.dataset.variables, *self.tables.variables)]
            raise UnknownNameError(f"the result has no '{name[:64]}'.{nearest(name, names)}")
        return self.dataset[name]

    def array_of(self, name: str) -> np.ndarray:
        """The numbers of a variable over (time, *space), as far as it has these axes."""
        if name in self.tables.variables and self.tables[name].ndim == 1:  # edges of cells, names of species
            return self.tables[name].values
        order = ("time", *self.dataset["volume"].dims) if "volume" in self.dataset else ("time", ...)
        return self[name].transpose(*order, missing_dims="ignore").values

    def attributes_of(self, name: str) -> dict:
        """What a variable says of itself: units [SI], words, facts of a solid."""
        return self[name].attrs

    @property
    def space(self) -> tuple[str, ...]:
        """Axes of space, ("r",) or ("y", "x") and the like, in the order of the arrays."""
        return tuple(str(d) for d in self.dataset["volume"].dims)

    @property
    def pools(self) -> dict[str, np.ndarray]:
        """{pool of the ledger: amounts (times, elements) [mol]}; supplies are cumulative."""
        table = self.tables["ledger"].transpose("time", "element", "pool")
        return {str(p): table.values[..., k] for k, p in enumerate(table["pool"].values)}

    @property
    def elements(self) -> tuple[str, ...]:
        """What the ledger adds up."""
        return tuple(str(e) for e in self.tables["ledger"]["element"].values)

    @property
    def t(self) -> np.ndarray:
        """Output times [s]."""
        return self.dataset["time"].values

    @property
    def solids(self) -> tuple[str, ...]:
        """Names of the species that are solids, in the order of the model."""
        return tuple(str(n) for n, v in self.dataset.data_vars.items() if "formula" in v.attrs)

    @property
    def names(self) -> list[str]:
        """Of the variables over time and space that are numbers."""
        return [str(n) for n, v in self.dataset.data_vars.items() if "time" in v.dims and v.dtype.kind == "f"]

    @property
    def status(self) -> str:
        """ "finished", "interrupted" or "failed"; `message` says more."""
        return self.manifest["status"]

    @property
    def success(self) -> bool:
        return self.status == "finished"

    @property
    def message(self) -> str:
        return self.manifest["message"]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on what to mind: solids that the constants lack, ranges of the chemistry."""
        found = self.manifest.get("notes", ())
        return () if isinstance(found, str) else tuple(found)  # in older files the scenario's own notes

    @property
    def stats(self) -> dict[str, int]:
        """Counts of the solver: steps, right-hand sides, Jacobians, ..."""
        return self.manifest["statistics"]

    @property
    def parameters(self) -> Parameters:
        """The parameters of the run."""
        return Parameters({n: parameter_from(n, row) for n, row in self.manifest["parameters"].items()})

    @public
    def at(self, time: float | str) -> xarray.Dataset:
        """The dataset at one time [s, or text such as "7 day"], linear between outputs."""
        t = self._within(time)
        names = [n for n in self.dataset.data_vars if self.dataset[n].dtype.kind == "f"]
        if self.t.size == 1:
            return self.dataset[names].isel(time=0)
        return between_outputs(self.dataset[names], t)

    @public
    def sel(self, time: float | str | Sequence[float | str]) -> xarray.Dataset:
        """The outputs nearest to a time, or to several [s, or text such as "3 day"]; `at` interpolates."""
        if isinstance(time, str | int | float):
            return self.dataset.sel(time=self._within(time), method="nearest")
        return self.dataset.sel(time=[self._within(t) for t in time], method="nearest")

    @public
    def to_dataframe(
        self,
        names: Sequence[str] | str | None = None,
        times: Sequence[float | str] | float | str | None = None,
    ) -> pandas.DataFrame:
        """A pandas table with a row for each output time [s] and cell, and a column for each variable.

        names: the variables, all that have a value in each cell when None, and the layer of the cell
        times: the outputs nearest to these only
        """
        data = (
            self.dataset
            if times is None
            else self.sel([times] if isinstance(times, str | float | int) else times)
        )
        found = data[[*chosen(data, names), "layer"]].reset_coords("time_days", drop=True)
        return found.to_dataframe(dim_order=["time", *data["volume"].dims])

    @public
    def to_csv(
        self,
        folder: str | os.PathLike,
        names: Sequence[str] | str | None = None,
        times: Sequence[float | str] | None = None,
    ) -> list[Path]:
        """Write course.csv (means, totals, extremes, ledger over time) and profile.csv (each time and cell).

        names: the variables · times: of profile.csv, the outputs nearest to these; all when None
        Headings hold units, times are in s and in days. Returns the paths.
        """
        shown_times = None if times is None else self.sel(times)
        ledger = self.tables["ledger"] if "ledger" in self.tables else None
        return write_tables(folder, self.dataset, ledger, names, shown_times)

    def _within(self, time: float | str) -> float:
        """A time [s] of the run, or a sentence in the words that it was given in."""
        t = convert_number(time, "s", "time")
        low, high = float(self.t[0]), float(self.t[-1])
        if not low <= t <= high * (1 + 1e-12):
            given = time.strip() if isinstance(time, str) else typed_time(t)
            raise ConfigError(
                f"time = {given} is outside the result, which goes from {typed_time(low)} to "
                f"{typed_time(high)}."
            )
        return min(t, high)

    def ledger(self) -> xarray.Dataset:
        """Amounts of Ca, P, C and acidity by pool over time [mol], and the relative residual."""
        return self.tables[["ledger", "ledger_residual"]].rename(ledger="amount", ledger_residual="residual")

    @public
    def total(self, name: str) -> xarray.DataArray:
        """Volume integral of a variable over time [its unit x m3]."""
        space = self.dataset["volume"].dims
        total = (self[name] * self.dataset["volume"]).sum(space)
        unit = si_unit(f"{self[name].attrs.get('units', '1')} m3")
        total.attrs = {"units": unit, "long_name": f"total {self[name].attrs.get('long_name', name)}"}
        return total

    @public
    def amount(self, name: str, unit: str = "mM") -> xarray.DataArray:
        """A variable over time and space in the unit that is asked for, which its `units` then say.

        A solid, calcium in solids too, is read in "mM", "mg/cm3" (by its molar mass) or "% volume" of the
        tissue (by its molar volume); calcium in solids, "Ca_in_mineral", also per dry mass, in "ug/mg".
        Other variables in any unit of their own dimension. Raises UnitError where there is no such reading.
        """
        data = self[name]
        if name == "Ca_in_mineral" and unit != "1" and "/" in unit and si_unit(unit) == "1":
            data = self["Ca_per_dry_mass"]
        return amount_of(data, unit)

    @property
    def scenario(self) -> Scenario:
        """The scenario of the run, equal to the one that was run.

        Raises ScenarioError, which says what is missing, for a model of one's own and for files of format 1.
        """
        from sim.experiment.catalogue import scenario_from_text

        text = self.manifest.get("scenario_text", "")
        if not isinstance(text, str) or not text:
            why = self.manifest.get("no_scenario", "it was written by an older hapsim.")
            raise ScenarioError(f"the scenario of this result was not kept: {why}")
        return scenario_from_text(str(self.manifest["scenario"]), text)

    @property
    def interventions(self) -> tuple[Intervention, ...]:
        """What was done to the tissue, complete; empty for files of older versions, which hold words only."""
        tables = self.manifest.get("intervention_tables", ())
        return tuple(from_keys(Intervention, t, "interventions of this result") for t in tables)

    @public
    def diff(self, other: Result) -> str:
        """What differs from `other` to this result in how they were made, a line each: "old -> new"."""
        return differences_text(self, other)

    def cite(self) -> Citation:
        """Sources of the parameters used, with a count of measured against assumed."""
        return cite(self.parameters)

    @public
    def joined(self, earlier: Result) -> Result:
        """This run and the one that it goes on from as one result, which shows all: outputs of both, over
        time and space the variables that both have, one ledger, all that was done to the tissue.

        earlier: the result that was given as `start`, which may be joined itself
        Raises ScenarioError where this one does not go on from it. Another run can go on from the joined one.
        """
        return Result(*joining.joined(self, earlier))

    @public
    def only(self, names: Sequence[str] | str) -> Result:
        """The result with these variables over time and space only; the tables stay."""
        there = [*chosen(self.dataset, names), "volume", "layer"]
        return Result(self.dataset[there], self.manifest, self.tables)

    @public
    def save(self, path: str | os.PathLike) -> Path:
        """Write NetCDF-4 that any xarray opens; under a temporary name first."""
        return write_result(path, self.dataset, self.tables, self.manifest)

    @public
    def to_vtk(self, path: str | os.PathLike, names: Sequence[str] | None = None) -> Path:
        """Write a rectangle or box for ParaView: an image a time (.vti) and their collection (.pvd).

        path: a folder, or a file ending in .pvd; names: the variables, all when None
        Returns the path of the collection, which is the file to open.
        """
        from sim.run.stored import vtk

        faces = {n: self.tables[n] for n in self.tables.coords if str(n).endswith("_edges")}
        return vtk.write(self.dataset.assign_coords(faces), path, self.manifest["scenario"], names)

    def __repr__(self) -> str:
        return result_text(self.manifest, self.t.size, self.notes)

    def _repr_html_(self) -> str:
        return result_html(self)


@public
def load(path: str | os.PathLike, verify: bool = True) -> Result:
    """Read a result written by Result.save.

    verify: compare every variable with its checksum; False reads what is left of a damaged file
    Raises FileFormatError, which says what of the file is damaged.
    """
    data, tables, manifest = read_result(path, verify)
    return Result(data, manifest, tables)
