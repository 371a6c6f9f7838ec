"""What is written is what xarray itself writes of the same dataset, for every program that reads it."""

from __future__ import annotations

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr

from sim.errors import ConfigError
from sim.run.stored.labelled import LabelledArrays
from sim.run.stored.netcdf import write_netcdf

TIMES = np.array([0.0, 1.5, np.pi])


def root():
    """Floats of both sizes, whole numbers, texts, a number without axes, labels beside axes, one axis that
    has no labels."""
    x = np.array([0.1, 0.2])
    field = np.array([[1.0, np.nan], [3.0, -0.0], [np.inf, 5e-324]])
    return xr.Dataset(
        {
            "a": (("time", "x"), field, {"units": "mol m-3", "scale": 2.5, "range": [0.0, 1.0], "n": 3}),
            "small": (("x",), np.array([1.0, np.nan], np.float32)),
            "number": ((), 4.25, {"long_name": "µ, no axis"}),
            "count": (("x", "edge"), np.arange(6).reshape(2, 3)),
            "layer": (("x",), np.array(["core", "Ränder"]), {"words": ["one", "two"]}),
        },
        {
            "time": ("time", TIMES, {"units": "s"}),
            "x": ("x", x),
            "days": ("time", TIMES / 2, {"units": "day"}),
            "named": ("edge", np.array(["a", "b", ""])),
        },
        {"title": "all kinds", "version": 2},
    )


def tables(times=TIMES):
    """Axes of the root, and its own."""
    return xr.Dataset(
        {"ledger": (("time", "pool"), np.ones((len(times), 2)))},
        {"time": times, "pool": ["cells", "fluid"], "faces": ("face", np.arange(4.0))},
    )


def packed(data):
    """The encoding that is asked for: numbers packed, coordinates without a value for what is missing."""
    numbers = {n: {"zlib": True, "complevel": 1} for n, v in data.data_vars.items() if v.dtype.kind == "f"}
    return numbers | {n: {"_FillValue": None} for n in data.coords}


@pytest.fixture(params=["the times of the root", "its own times", "no times at all"])
def files(request, tmp_path):
    """(ours, that of xarray and h5netcdf) of the same data."""
    whole, apart = root(), tables()
    if request.param == "its own times":
        apart = tables(TIMES[:2])
    if request.param == "no times at all":
        whole, apart = whole.isel(time=slice(0)), tables(TIMES[:0])
    ours, theirs = tmp_path / "ours.nc", tmp_path / "theirs.nc"
    write_netcdf(ours, LabelledArrays.of_dataset(whole), {"tables": LabelledArrays.of_dataset(apart)})
    whole.to_netcdf(theirs, engine="h5netcdf", encoding=packed(whole))
    apart.to_netcdf(theirs, mode="a", group="tables", engine="h5netcdf", encoding=packed(apart))
    return ours, theirs


@pytest.mark.parametrize("engine", ["h5netcdf", "netcdf4"])
@pytest.mark.parametrize("group", [None, "tables"])
def test_xarray_reads_the_same(files, group, engine):
    found, wanted = (xr.load_dataset(f, engine=engine, group=group) for f in files)
    xr.testing.assert_identical(found, wanted)
    assert list(found.variables) == list(wanted.variables) and list(found.sizes) == list(wanted.sizes)
    for name in found.variables:
        ours, theirs = found[name], wanted[name]
        assert ours.dtype == theirs.dtype and list(ours.attrs) == list(theirs.attrs)
        assert repr(ours.encoding.get("_FillValue")) == repr(theirs.encoding.get("_FillValue"))


def test_netcdf_c_sees_the_same_dimensions_and_variables(files):
    def seen(group):
        dims = {n: (d.size, d.isunlimited()) for n, d in group.dimensions.items()}
        held = {
            n: (v.dimensions, v.shape, str(v.dtype), {k: repr(v.getncattr(k)) for k in v.ncattrs()})
            for n, v in group.variables.items()
        }
        return dims, held, group.ncattrs(), {n: seen(g) for n, g in group.groups.items()}

    with netCDF4.Dataset(files[0]) as ours, netCDF4.Dataset(files[1]) as theirs:
        assert seen(ours) == seen(theirs)


def test_hdf5_holds_the_same_kinds(files):
    """But for the shuffle, and for what says which program wrote the file."""

    def held(file):
        found = {}

        def see(name, what):
            attrs = {k: what.attrs.get_id(k).dtype for k in what.attrs}
            if isinstance(what, h5py.Dataset):
                filters = what.compression, what.compression_opts, repr(what.fillvalue)
                found[name] = (what.dtype, what.shape, what.maxshape, *filters, attrs)
            else:
                found[name] = attrs

        with h5py.File(file) as f:
            f.visititems(see)
        for name in ("tables/time", "tables/ledger"):  # h5netcdf writes it by the order of what is made
            found[name][-1].pop("_Netcdf4Dimid", None)
        return found

    assert held(files[0]) == held(files[1])


def test_times_and_truths_come_back(tmp_path):
    data = xr.Dataset(
        {
            "when": ("x", np.array(["2020-01-01", "2021-06-01T12:00"], "datetime64[ns]")),
            "so": ("x", np.array([True, False])),
            "some": ("x", np.array(["word", None], object)),
        }
    )
    write_netcdf(tmp_path / "a.nc", LabelledArrays.of_dataset(data), {})
    data.to_netcdf(tmp_path / "b.nc", engine="h5netcdf")
    found, wanted = (xr.load_dataset(tmp_path / f, engine="h5netcdf") for f in ("a.nc", "b.nc"))
    xr.testing.assert_identical(found, wanted)
    assert found["so"].dtype == bool and found["when"].equals(data["when"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            {"a": ("x", [1.0], {"more": {"k": 1}})},
            "the attribute 'more' of 'a' cannot be written: .* is no text",
        ),
        (
            {"a": ("x", [1.0], {"more": None})},
            "the attribute 'more' of 'a' cannot be written: None is no text",
        ),
        (
            {"a": ("x", [1.0], {"more": np.bool_(True)})},
            "the attribute 'more' of 'a' cannot be written: .* is no text",
        ),
        (
            {"a": ("x", [1.0], {"more": ["a", 1]})},
            "the attribute 'more' of 'a' cannot be written: .* is no text",
        ),
        ({"a/b": ("x", [1.0])}, "'a/b' is no name for a variable of a file: it holds a '/'"),
        ({"a": ("x", [1.0 + 2.0j])}, "'a' cannot be written: .* not complex128"),
    ],
)
def test_what_a_file_cannot_hold_is_refused(tmp_path, data, words):
    with pytest.raises(ConfigError, match=words):
        write_netcdf(tmp_path / "a.nc", LabelledArrays.of(data, {}, {}), {})
