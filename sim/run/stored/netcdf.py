"""NetCDF-4 files: HDF5 with the marks by which NetCDF knows dimensions.

What is written is what xarray and h5netcdf write of the same arrays, in a third of their time. The marks are
those of "NetCDF-4 Format" in the documentation of NetCDF-C: a dimension is a dimension scale of HDF5
(`CLASS`, `NAME`) with a number (`_Netcdf4Dimid`); a variable says the numbers of its dimensions
(`_Netcdf4Coordinates`); objects and attributes keep the order in which they were made.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, shown
from sim.identity.versions import installed_versions
from sim.run.stored.labelled import LabelledArray, LabelledArrays

if TYPE_CHECKING:
    import h5py

NO_VARIABLE = "This is a netCDF dimension but not a netCDF variable."  # its length follows, 10 wide
NO_CHANGE = "fiu"  # kinds of arrays that HDF5 holds as they are
TRANSLATED = "bmM"  # truths, spans and points of time
FILL, GLOBAL = "_FillValue", "coordinates"
LEVEL = 1  # of zlib, behind a shuffle of bytes, which saves up to an eighth of time and room

Dimensions = dict[str, tuple["h5py.Dataset", int]]  # the scale of a dimension, and its number


def write_netcdf(
    path: str | os.PathLike[str], root: LabelledArrays, groups: Mapping[str, LabelledArrays]
) -> None:
    """Write a file with the arrays of `root` and of the groups, which share the dimensions of the root.

    Floats that are no coordinates are packed, and NaN stands for what is missing (CF 2.5.1: coordinates have
    no such value). Raises ConfigError for what such a file cannot hold.
    """
    import h5py

    with h5py.File(path, "w", track_order=True) as file:
        made = f"version=2,hapsim={installed_versions()['hapsim']},"
        made += f"hdf5={h5py.version.hdf5_version},h5py={h5py.version.version}"
        file.attrs["_NCProperties"] = np.array(made.encode("ascii"), h5py.string_dtype("ascii", len(made)))
        dimensions = _fill(file, root, {})
        for name, arrays in groups.items():
            _fill(file.create_group(name, track_order=True), arrays, dimensions)


def _fill(group: h5py.Group, arrays: LabelledArrays, above: Dimensions) -> Dimensions:
    """Write arrays into a group. above: dimensions that it has from the group around it. Returns its own."""
    sizes = {d: n for d, n in arrays.sizes.items() if d not in above or above[d][0].shape[0] != n}
    numbers = {d: len(above) + k for k, d in enumerate(sizes)}
    coordinates = _coordinates(arrays)
    for key, value in ({GLOBAL: coordinates[""]} if "" in coordinates else {}).items():
        group.attrs[key] = value
    _attributes(group, arrays.attrs, "the file")
    for name in sizes:
        if name not in arrays.variables:
            _dimension_alone(group, name, sizes[name])
    for name, array in arrays.variables.items():
        if "/" in name:
            raise ConfigError(f"{shown(name)} is no name for a variable of a file: it holds a '/'.")
        dataset = _variable(group, name, array, sizes, packed=name not in arrays.coordinates)
        _attributes(dataset, array.attrs, f"'{name}'")
        if name in coordinates and GLOBAL not in array.attrs:
            dataset.attrs[GLOBAL] = coordinates[name]
    own: Dimensions = {d: (group[d], numbers[d]) for d in sizes}
    for name, (scale, number) in own.items():
        alone = name not in arrays.variables
        scale.make_scale(f"{NO_VARIABLE}{sizes[name]:10}" if alone else name)
        scale.attrs["_Netcdf4Dimid"] = np.int32(number)
    known = above | own
    for name, array in arrays.variables.items():
        _mark(group[name], name, array.dims, known, name in own)
    return known


def _mark(dataset: h5py.Dataset, name: str, dims: tuple[str, ...], known: Dimensions, is_scale: bool) -> None:
    """Say which dimensions a variable has."""
    if not dims:
        return
    dataset.attrs["_Netcdf4Coordinates"] = np.array([known[d][1] for d in dims], np.int32)
    if not is_scale:
        if dataset.maxshape[0] is not None:
            dataset.attrs["_Netcdf4Dimid"] = np.int32(known[dims[0]][1])
        for axis, d in enumerate(dims):
            dataset.dims[axis].attach_scale(known[d][0])


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


def _dimension_alone(group: h5py.Group, name: str, size: int) -> None:
    """A dimension without coordinates: a variable that nobody reads."""
    group.create_dataset(name, (size,), ">f4", track_order=True, **({} if size else {"maxshape": (None,)}))


def _variable(
    group: h5py.Group, name: str, array: LabelledArray, sizes: Mapping[str, int], packed: bool
) -> h5py.Dataset:
    """Write values. A dimension of length 0 may grow, as in any NetCDF file: no other has that length."""
    values, more = _as_held(name, array)
    options: dict[str, Any] = {"track_order": True, "dtype": values.dtype}
    if not values.size:
        options["maxshape"] = tuple(n or None for n in values.shape)
    if packed and values.dtype.kind == "f":
        options["fillvalue"] = values.dtype.type(np.nan)
        if values.shape:
            options |= {"compression": "gzip", "compression_opts": LEVEL, "shuffle": True}
        more = {FILL: options["fillvalue"]} | more
    dataset = group.create_dataset(name, values.shape, data=values, **options)
    _attributes(dataset, more, f"'{name}'")
    return dataset


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


def _attributes(target: h5py.Group | h5py.Dataset, attrs: Mapping[str, Any], whose: str) -> None:
    for key, value in attrs.items():
        plain = isinstance(value, str | bytes)
        held = value if plain or isinstance(value, list | tuple) else np.atleast_1d(np.asarray(value))
        if value is None or (isinstance(held, np.ndarray) and held.dtype.kind not in NO_CHANGE + "bUS"):
            raise ConfigError(
                f"the attribute {shown(key)} of {whose} cannot be written: {shown(value)} is no text, number "
                "or list of these."
            )
        target.attrs[key] = held
