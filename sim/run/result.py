"""The result of a run: a labelled dataset and a manifest that explains itself years later."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import FileFormatError, UnknownNameError, nearest, shown
from sim.files import write_whole
from sim.parameters import Citation, Parameter, Parameters, cite
from sim.units import convert, si_unit

if TYPE_CHECKING:
    import xarray

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Result:
    """dataset: xarray.Dataset over (time, x | r | x, y(, z)), every variable with units.

    manifest: what was run, with which parameters and versions, and how well it went.
    """

    dataset: xarray.Dataset
    manifest: dict

    def __getitem__(self, name: str) -> xarray.DataArray:
        """A variable of the dataset: a species, "pH", "SI_HAP", "S_HAP", "HAP_density", ..."""
        if not isinstance(name, str):
            raise UnknownNameError(
                f"{shown(name)} is not the name of a variable; give one name, result['HAP'], or take "
                "result.dataset for several."
            )
        if name not in self.dataset:
            names = [str(n) for n in self.dataset.variables]
            raise UnknownNameError(f"the result has no '{name[:64]}'.{nearest(name, names)}")
        return self.dataset[name]

    @property
    def t(self) -> np.ndarray:
        """Output times [s]."""
        return self.dataset["time"].values

    @property
    def solids(self) -> tuple[str, ...]:
        """Names of the species that are solids, in the order of the model."""
        return tuple(str(n) for n, v in self.dataset.data_vars.items() if "formula" in v.attrs)

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
    def stats(self) -> dict[str, int]:
        """Counts of the solver: steps, right-hand sides, Jacobians, ..."""
        return self.manifest["statistics"]

    @property
    def parameters(self) -> Parameters:
        """The parameters of the run."""
        rows = self.manifest["parameters"].items()
        return Parameters({n: Parameter(v, u, source=s, confidence=c) for n, (v, u, s, c) in rows})

    def at(self, time: float | str) -> xarray.Dataset:
        """The dataset at one time [s, or text such as "7 day"], linear between outputs."""
        t = convert(time, "s", "time")
        low, high = float(self.t[0]), float(self.t[-1])
        if not low <= t <= high * (1 + 1e-12):
            raise ValueError(f"{t:g} s is outside the result, {low:g}-{high:g} s.")
        names = [n for n in self.dataset.data_vars if self.dataset[n].dtype.kind == "f"]
        if self.t.size == 1:
            return self.dataset[names].isel(time=0)
        return self.dataset[names].interp(time=min(t, high), assume_sorted=True)

    def ledger(self) -> xarray.Dataset:
        """Amounts of Ca, P, C and acidity by pool over time [mol], and the relative residual."""
        return self.dataset[["ledger", "ledger_residual"]].rename(ledger="amount", ledger_residual="residual")

    def total(self, name: str) -> xarray.DataArray:
        """Volume integral of a variable over time [its unit x m3]."""
        space = self.dataset["volume"].dims
        total = (self[name] * self.dataset["volume"]).sum(space)
        unit = si_unit(f"{self[name].attrs.get('units', '1')} m3")
        total.attrs = {"units": unit, "long_name": f"total {self[name].attrs.get('long_name', name)}"}
        return total

    def cite(self) -> Citation:
        """Sources of the parameters used, with a count of measured against assumed."""
        return cite(self.parameters)

    def save(self, path: str | os.PathLike) -> Path:
        """Write NetCDF-4 that any xarray opens; under a temporary name first."""
        data = self.dataset.copy()
        data.attrs = {
            "Conventions": "CF-1.11",
            "title": self.manifest["title"] or self.manifest["scenario"],
            "source": f"hapsim {self.manifest['versions']['hapsim']}",
            **self.dataset.attrs,
            "status": self.manifest["status"],
            "hapsim_format": FORMAT,
            "hapsim_manifest": json.dumps(self.manifest),
        }
        packed = {n: {"zlib": True, "complevel": 1} for n, v in data.items() if v.dtype.kind == "f"}
        return write_whole(path, lambda file: data.to_netcdf(file, engine="h5netcdf", encoding=packed))

    def to_vtk(self, path: str | os.PathLike, names: Sequence[str] | None = None) -> Path:
        """Write a rectangle or box for ParaView: an image a time (.vti) and their collection (.pvd).

        path: a folder, or a file ending in .pvd; names: the variables, all when None
        Returns the path of the collection, which is the file to open.
        """
        from sim.run import vtk

        return vtk.write(self.dataset, path, self.manifest["scenario"], names)

    def __repr__(self) -> str:
        m = self.manifest
        counts = ", ".join(f"{v} {k}" for k, v in m["statistics"].items())
        lines = [
            f"Result of {m['scenario']}: {m['message']}",
            f"├─ {m['geometry']}",
            f"├─ {m['model']}, constants {m['constants']}",
            f"├─ {m['t_end'] / 86400:g} of {m['duration'] / 86400:g} days, {self.t.size} outputs",
            f"├─ {m['solver']}, rtol {m['rtol']:g}: {counts}; {m['wall_seconds']:.2f} s",
            f"├─ ledger residual {m['ledger_residual']:.1e}; largest undershoot "
            f"{m['undershoot']:.2g} absolute tolerances"
            + (f" ({m['undershoot_species']})" if m["undershoot_species"] else ""),
            f"└─ speciation failures: {m['speciation_failures']}",
        ]
        if m.get("unbalanced"):
            lines.insert(-1, f"├─ not balanced, counted as unaccounted: {', '.join(m['unbalanced'])}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(repr(self))}</pre>"


def load(path: str | os.PathLike) -> Result:
    """Read a result written by Result.save."""
    import xarray as xr

    path = Path(path)
    if not path.exists():
        raise FileFormatError(f"there is no file {path}.")
    try:
        data = xr.load_dataset(path, engine="h5netcdf", decode_timedelta=False)
    except (OSError, ValueError, KeyError, RuntimeError) as e:
        raise FileFormatError(f"{path} cannot be read as NetCDF: {e}") from e
    version = data.attrs.get("hapsim_format")
    if version is None or "hapsim_manifest" not in data.attrs:
        raise FileFormatError(f"{path} was not written by hapsim.")
    if int(version) > FORMAT:
        raise FileFormatError(
            f"{path} has format {version}; this hapsim reads up to {FORMAT}. Use a newer hapsim."
        )
    manifest = json.loads(data.attrs["hapsim_manifest"])
    data.attrs = {k: data.attrs[k] for k in ("constants", "scenario") if k in data.attrs}
    return Result(data, manifest)
