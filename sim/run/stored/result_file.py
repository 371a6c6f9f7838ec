"""A result as a NetCDF-4 file: the dataset at the root, its tables in the group "tables".

The root is what any program opens; `to_dataframe()` of it has a row for each time and cell. Every variable
carries a checksum, which is compared when the file is read.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.errors import FileFormatError, shown
from sim.files import write_whole
from sim.run.stored.checksums import CHECKSUM, attributes_checksum, checksum, text_checksum
from sim.run.stored.labelled import LabelledArray, LabelledArrays
from sim.run.stored.manifest_check import manifest_from
from sim.run.stored.netcdf import write_netcdf

if TYPE_CHECKING:
    import xarray

FORMAT = 2
TABLES = ("ledger", "ledger_residual", "stoichiometry", "contents")  # beside the edges of the cells
GROUP = "tables"
MANIFEST, MANIFEST_CHECKSUM, VARIABLES = "hapsim_manifest", "hapsim_manifest_checksum", "hapsim_variables"
VERSION = "hapsim_format"
REPAIR = "To read it all the same, and judge the numbers yourself: sim.load(path, verify=False)."


def write_result(
    path: str | os.PathLike[str],
    data: LabelledArrays | xarray.Dataset,
    tables: LabelledArrays | xarray.Dataset,
    manifest: dict[str, Any],
) -> Path:
    """Write the file, whole or not at all. Returns the path as given, "~" being the home."""
    root, apart = _marked(data), _marked(tables)
    text = json.dumps(manifest)
    sums = {n: v.attrs[CHECKSUM] for part in (root, apart) for n, v in part.variables.items()}
    own = {
        "Conventions": "CF-1.11",
        "title": manifest["title"] or manifest["scenario"],
        "source": f"hapsim {manifest['versions']['hapsim']}",
        **data.attrs,
        "status": manifest["status"],
        VERSION: FORMAT,
        MANIFEST: text,
        MANIFEST_CHECKSUM: text_checksum(text),
        VARIABLES: attributes_checksum(sums),
    }
    whole, groups = replace(root, attrs=own), {GROUP: replace(apart, attrs={})}
    return write_whole(Path(path).expanduser(), lambda file: write_netcdf(file, whole, groups))


def read_result(
    path: str | os.PathLike[str], verify: bool = True
) -> tuple[xarray.Dataset, xarray.Dataset, dict[str, Any]]:
    """The dataset, its tables and the manifest of a file. verify: whether checksums must agree.

    Raises FileFormatError: what is wrong with the file, and what to do.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise FileFormatError(f"there is no file {path}.")
    if path.is_dir():
        raise FileFormatError(f"{path} is a folder; give the file of a result in it, such as result.nc.")
    data = _opened(path)
    version = data.attrs.get(VERSION)
    if version is None or MANIFEST not in data.attrs:
        raise FileFormatError(f"{path} was not written by hapsim.")
    try:
        number = int(version)
    except (TypeError, ValueError, OverflowError):
        raise FileFormatError(f"{path} is damaged: its format is {shown(version)}, not a number.") from None
    if number > FORMAT:
        raise FileFormatError(
            f"{path} has format {number}; this hapsim reads up to {FORMAT}. Use a newer hapsim."
        )
    marked = MANIFEST_CHECKSUM in data.attrs or VARIABLES in data.attrs
    if number < 1 or (number < FORMAT) == marked and verify:
        raise FileFormatError(f"{path} is damaged: it says format {number}, which it has not. {REPAIR}")
    if number < FORMAT and not marked:
        data, tables = without_tables(data)
        for v in data.variables.values():
            if "scale" in v.attrs:  # the name of the attribute in format 1
                v.attrs["reference_scale"] = v.attrs.pop("scale")
    else:
        tables = _opened(path, GROUP)
        if verify:
            _verify(path, data, tables)
    manifest = manifest_from(data.attrs[MANIFEST], str(path))
    for name in ("time", "volume", "layer"):
        if name not in data.variables:
            raise FileFormatError(f"{path} is damaged: it has no '{name}'.")
    data.attrs = {k: data.attrs[k] for k in ("constants", "scenario") if k in data.attrs}
    tables.attrs = {}
    for part in (data, tables):
        for v in part.variables.values():
            v.attrs.pop(CHECKSUM, None)
    return data, tables, manifest


def _named(data: xarray.Dataset) -> dict[str, str]:
    """{variable: checksum}: with the names, so that none can be missing or renamed unseen."""
    return {str(n): checksum(v) for n, v in data.variables.items()}


def _marked(data: LabelledArrays | xarray.Dataset) -> LabelledArrays:
    """The arrays with their checksums."""
    arrays = data if isinstance(data, LabelledArrays) else LabelledArrays.of_dataset(data)
    marked = {
        n: LabelledArray(v.dims, v.values, {**v.attrs, CHECKSUM: checksum(v)})
        for n, v in arrays.variables.items()
    }
    return replace(arrays, variables=marked)


def _opened(path: Path, group: str | None = None) -> xarray.Dataset:
    import h5py
    import xarray as xr

    try:
        h5py.File(path, "r").close()  # h5netcdf complains on the console of what it could not open
        return xr.load_dataset(path, engine="h5netcdf", decode_timedelta=False, group=group)
    except Exception as e:  # damage comes out of the libraries below as anything
        raise FileFormatError(f"{path} cannot be read as NetCDF: {type(e).__name__}, {e}") from e


def _verify(path: Path, data: xarray.Dataset, tables: xarray.Dataset) -> None:
    """Refuse a file of which something is not what was written."""
    altered = [
        f"'{n}'" for part in (data, tables) for n, v in part.variables.items()
        if v.attrs.get(CHECKSUM) != checksum(v)
    ]  # fmt: skip
    manifest = data.attrs[MANIFEST]
    if not isinstance(manifest, str) or text_checksum(manifest) != data.attrs.get(MANIFEST_CHECKSUM):
        altered.append("the manifest")
    if not altered and attributes_checksum(_named(data) | _named(tables)) != data.attrs.get(VARIABLES):
        altered.append("the list of variables")
    if altered:
        more = f" and {len(altered) - 4} more" if len(altered) > 4 else ""
        raise FileFormatError(
            f"{path} is damaged: {', '.join(altered[:4])}{more} {'is' if len(altered) == 1 else 'are'} not "
            f"what was written. {REPAIR}"
        )


def empty_tables() -> xarray.Dataset:
    """The tables of a result that has none."""
    import xarray as xr

    return xr.Dataset()


def without_tables(data: xarray.Dataset) -> tuple[xarray.Dataset, xarray.Dataset]:
    """A dataset in two: what has values over time and space, and the tables whose axes are their own.

    Together their axes would multiply: one row for each time, cell, element, pool, species and process.
    """
    apart = [n for n in data.variables if n in TABLES or str(n).endswith("_edges")]
    tables = data[apart] if apart else data[[]]
    rest = data.drop_vars(apart)
    alone = [d for d in rest.dims if not any(d in v.dims for v in rest.data_vars.values())]
    labels = [n for n in rest.coords if n in alone and n in tables.dims and n != "time"]
    return rest.drop_vars(labels), tables
