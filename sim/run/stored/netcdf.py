"""Labelled arrays as a NetCDF-4 file, by h5netcdf: what xarray writes of them, without a dataset."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, shown
from sim.run.stored.labelled import LabelledArray, LabelledArrays

if TYPE_CHECKING:
    import h5netcdf

NO_CHANGE = "fiu"  # kinds of arrays that HDF5 holds as they are
TRANSLATED = "bmM"  # truths, spans and points of time
FILL, GLOBAL = "_FillValue", "coordinates"
# Of zlib, behind a shuffle of bytes, which saves up to an eighth of time and room.
PACKED = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


def write_netcdf(
    path: str | os.PathLike[str], root: LabelledArrays, groups: Mapping[str, LabelledArrays]
) -> None:
    """Write a file with the arrays of `root` and of the groups, which share the dimensions of the root.

    Floats that are no coordinates are packed, and NaN stands for what is missing (CF 2.5.1: coordinates have
    no such value). Raises ConfigError for what such a file cannot hold.
    """
    import h5netcdf

    with h5netcdf.File(path, "w", track_order=True) as file:
        _fill(file, root, {})
        for name, arrays in groups.items():
            _fill(file.create_group(name), arrays, root.sizes)


def _fill(group: h5netcdf.Group, arrays: LabelledArrays, above: Mapping[str, int]) -> None:
    """Write arrays into a group. above: lengths of the dimensions that it has from the group around it."""
    for name, size in arrays.sizes.items():
        if above.get(name) != size:
            group.dimensions[name] = size or None  # one of length 0 may grow, as in any NetCDF file
    coordinates = _coordinates(arrays)
    if "" in coordinates:
        group.attrs[GLOBAL] = coordinates[""]
    _attributes(group, arrays.attrs, "the file")
    # Coordinates first: made later, a dimension would be tied anew to all variables that have it.
    for name, array in sorted(arrays.variables.items(), key=lambda v: v[0] not in arrays.coordinates):
        if "/" in name:
            raise ConfigError(f"{shown(name)} is no name for a variable of a file: it holds a '/'.")
        values, more = _as_held(name, array)
        options: dict[str, Any] = {}
        if values.dtype.kind == "f" and name not in arrays.coordinates:
            options = {"fillvalue": values.dtype.type(np.nan), **(PACKED if values.shape else {})}
        variable = group.create_variable(name, array.dims, values.dtype, data=values, **options)
        _attributes(variable, {**more, **array.attrs}, f"'{name}'")
        if name in coordinates and GLOBAL not in array.attrs:
            variable.attrs[GLOBAL] = coordinates[name]


def _coordinates(arrays: LabelledArrays) -> dict[str, str]:
    """{variable: names of the coordinates on its axes that no axis is named after} (CF 5), those of no
    variable under ""."""
    beside = sorted(n for n in arrays.coordinates if n not in arrays.sizes)
    found, told = {}, set()
    for name, array in arrays.variables.items():
        on_it = [n for n in beside if {*arrays.variables[n].dims} <= {*array.dims}]
        if on_it and name not in beside and name not in array.dims:
            found[name] = " ".join(on_it)
            told |= {*on_it}
    left = [n for n in beside if n not in told]
    return found | ({"": " ".join(left)} if left else {})


def _as_held(name: str, array: LabelledArray) -> tuple[np.ndarray, dict[str, Any]]:
    """Values as a file holds them, and attributes that say what they stand for.

    Texts have any length; one that is missing is empty. Times and truths are put into numbers by xarray,
    which reads them.
    """
    import h5py

    values = array.values
    if values.dtype.kind in NO_CHANGE:
        return values, {}
    if values.dtype.kind == "U" or values.dtype.kind == "O" and all(map(_is_text, values.ravel())):
        texts = np.where(values == values, values, "")  # noqa: PLR0124 a missing number is not itself
        return np.where(texts == None, "", texts).astype(h5py.string_dtype()), {}  # noqa: E711 each of them
    if values.dtype.kind not in TRANSLATED:
        raise ConfigError(
            f"'{name}' cannot be written: a file holds numbers, texts, times and truths, not {values.dtype}."
        )
    import xarray as xr

    found = xr.conventions.encode_cf_variable(xr.Variable(array.dims, values, array.attrs), name=name)
    return np.asarray(found.values), {k: v for k, v in found.attrs.items() if k not in array.attrs}


def _is_text(value: object) -> bool:
    """Whether it is a text, or stands for one that is missing."""
    return isinstance(value, str) or value is None or isinstance(value, float) and np.isnan(value)


def _attributes(target: h5netcdf.Group | h5netcdf.Variable, attrs: Mapping[str, Any], whose: str) -> None:
    for key, value in attrs.items():
        texts = value if isinstance(value, list | tuple) else [value]
        if not all(isinstance(text, str | bytes) for text in texts):
            value = np.atleast_1d(np.asarray(value, None if value is not None else object))
            if value.dtype.kind not in NO_CHANGE:
                raise ConfigError(
                    f"the attribute {shown(key)} of {whose} cannot be written: {shown(attrs[key])} is no "
                    "text, number or list of these."
                )
        target.attrs[key] = value
