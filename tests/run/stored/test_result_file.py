"""A result comes back from its file as it was, or the file is refused in a sentence."""

from __future__ import annotations

import json
import random

import h5py
import netCDF4
import numpy as np
import pytest
import xarray as xr

import sim
from sim.errors import FileFormatError, ScenarioError
from sim.run.result import Result
from sim.run.stored.checksums import checksum, text_checksum


@pytest.fixture(scope="module")
def scenario():
    """A rectangle, so that there are x and y, with much that a scenario can say."""
    cut = sim.Intervention("30 min", {"PPi": "20 uM"}, label="PPi")
    base = sim.scenario("infarct_myocardium").with_(
        duration="1 hour", outer="closed", initial={"Ca": "1.3 mM"}
    )
    small = base.with_geometry("rectangle", domain=(("10 mm", 5), ("8 mm", 4))).with_intervention(cut)
    return small.with_region("scar", sim.shapes.Ellipse((2e-3, 3e-3)), like="lesion")


@pytest.fixture(scope="module")
def result(scenario):
    return sim.simulate(scenario, times=3)


@pytest.fixture(scope="module")
def stored(result, tmp_path_factory):
    return result.save(tmp_path_factory.mktemp("file") / "result.nc").read_bytes()


def same(a, b):
    """Whether two results hold the same numbers under the same names."""
    pairs = ((a.dataset, b.dataset), (a.tables, b.tables))
    return all(
        set(x.variables) == set(y.variables)
        and all(np.array_equal(x[n].values, y[n].values) for n in x.variables)
        for x, y in pairs
    )


def test_everything_comes_back(result, scenario, stored, tmp_path):
    (tmp_path / "a.nc").write_bytes(stored)
    again = sim.load(tmp_path / "a.nc")
    assert same(result, again)
    assert again.manifest == json.loads(json.dumps(result.manifest))
    assert again.scenario == scenario
    assert again.parameters == scenario.parameters
    assert again.parameters["lesion.radius"].range == scenario.parameters["lesion.radius"].range
    assert again["HAP"].attrs == result["HAP"].attrs
    for part, other in ((result.dataset, again.dataset), (result.tables, again.tables)):
        assert {n: part[n].dims for n in part.variables} == {n: other[n].dims for n in other.variables}
    again.save(tmp_path / "b.nc")
    assert same(sim.load(tmp_path / "b.nc"), result)


def test_two_results_that_differ_in_the_fluid_outside_say_so(result, scenario):
    other = sim.simulate(scenario.with_(outer="fixed"), times=3)
    assert other.diff(result) == "outer: closed -> fixed"
    assert "outer closed" in repr(result) and "outer fixed" in repr(other)
    assert "PPi at 30 min" in repr(result)
    assert result.manifest["initial"] == {**scenario.initial, "Ca": "1.3 mM"}


def test_a_scenario_that_was_not_kept_says_why(result):
    for more, words in (({"no_scenario": "its model has fetuin."}, "fetuin"), ({}, "older hapsim")):
        manifest = {k: v for k, v in result.manifest.items() if k != "scenario_text"} | more
        with pytest.raises(ScenarioError, match=f"not kept: .*{words}"):
            _ = Result(result.dataset, manifest, result.tables).scenario


def test_other_programs_find_what_the_conventions_promise(stored, tmp_path):
    """CF-1.11: 2.5.1 no fill value of coordinates, 4.4 a time coordinate counts from a date, 5 axes."""
    (tmp_path / "a.nc").write_bytes(stored)
    with netCDF4.Dataset(tmp_path / "a.nc") as f:
        assert f["HAP"].dimensions == ("time", "y", "x")
        for name in ("time", "time_days", "x", "y"):
            assert "_FillValue" not in f[name].ncattrs()
        assert "axis" not in f["time"].ncattrs() and "since" not in f["time"].units
        assert (f["x"].axis, f["y"].axis) == ("X", "Y")
        for variable in f.variables.values():
            assert not {"scale", "shape", "size", "name", "dtype"} & set(variable.ncattrs())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of h5netcdf
@pytest.mark.parametrize("seed", range(40))
def test_flipped_bytes_and_lost_ends_are_found(result, stored, tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 a test's, not a secret
    damaged = bytearray(stored)
    if seed % 4 == 3:
        damaged = damaged[: chance.randrange(len(damaged))]
    else:
        for _ in range(chance.choice((1, 1, 10, 300))):
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    path = tmp_path / "a.nc"
    path.write_bytes(damaged)
    try:
        found = sim.load(path)
    except FileFormatError as e:
        assert str(path) in str(e)
    else:
        assert same(found, result)


MANIFESTS = [
    "", "{", "[]", "null", "3", "[" * 100_000, '{"scenario": 1}', "NaN", '{"a": ' * 5000, "\ud800",
]  # fmt: skip


def keys_of(manifest):
    return [k for k in manifest if k not in ("memory", "layout", "seed", "hash", "platform", "threads")]


def altered(stored, path, change):
    """The file with attributes changed by `change(attrs)`, and the checksum of the manifest made to fit."""
    path.write_bytes(stored)
    with h5py.File(path, "r+") as f:
        change(f.attrs)
        text = f.attrs.get("hapsim_manifest")
        if isinstance(text, str):
            f.attrs["hapsim_manifest_checksum"] = text_checksum(text)


@pytest.mark.parametrize("text", MANIFESTS[:-1], ids=range(len(MANIFESTS) - 1))
def test_a_manifest_that_is_none_is_refused(stored, tmp_path, text):
    altered(stored, tmp_path / "a.nc", lambda attrs: attrs.__setitem__("hapsim_manifest", text))
    with pytest.raises(FileFormatError, match=r"a\.nc"):
        sim.load(tmp_path / "a.nc")


@pytest.mark.parametrize("seed", range(12))
def test_a_manifest_with_another_kind_of_value_is_refused_or_works(result, stored, tmp_path, seed):
    """Every text, number and table in turn by something else: what is loaded can be shown and asked."""
    chance = random.Random(seed)  # noqa: S311
    key = chance.choice(keys_of(result.manifest))
    value = chance.choice([None, 3, "text", [], [1], {}, {"a": [1]}, True, float("nan"), "x" * 1000])

    def change(attrs):
        attrs["hapsim_manifest"] = json.dumps(json.loads(attrs["hapsim_manifest"]) | {key: value})

    altered(stored, tmp_path / "a.nc", change)
    try:
        found = sim.load(tmp_path / "a.nc")
    except FileFormatError as e:
        assert f"'{key}'" in str(e) or key == "parameters"
    else:
        assert repr(found) and found.parameters is not None


@pytest.mark.parametrize("version", ["two", [1.0, 2.0], "99", -1.5e300, float("nan")])
def test_a_format_that_is_no_number_or_too_new_is_refused(stored, tmp_path, version):
    altered(stored, tmp_path / "a.nc", lambda attrs: attrs.__setitem__("hapsim_format", version))
    with pytest.raises(FileFormatError, match="format"):
        sim.load(tmp_path / "a.nc")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(
        FileFormatError, match="is a folder; give the file of a result in it, such as result.nc"
    ):
        sim.load(tmp_path)


def test_an_altered_number_is_named_and_can_be_read_all_the_same(result, stored, tmp_path):
    path = tmp_path / "a.nc"
    path.write_bytes(stored)
    with h5py.File(path, "r+") as f:
        f["HAP"][1, 2, 3] += 1.0
    with pytest.raises(FileFormatError, match=r"damaged: 'HAP' is not what was written.*verify=False"):
        sim.load(path)
    found = sim.load(path, verify=False)
    assert float(found["HAP"][1, 2, 3]) == pytest.approx(float(result["HAP"][1, 2, 3]) + 1.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: f["HAP"].attrs.__setitem__("units", "mg"), "'HAP' is not what was written"),
        (lambda f: f["tables"]["ledger"].__setitem__((0, 0, 0), 5.0), "'ledger' is not what was written"),
        (lambda f: f.move("pH", "pX"), "list of variables"),
        (lambda f: f.__delitem__("PPi"), "list of variables"),
        (lambda f: f.__delitem__("volume"), "list of variables"),
        (lambda f: f.__delitem__("tables"), "cannot be read"),
    ],
)
def test_what_else_was_altered_is_named(stored, tmp_path, change, words):
    (tmp_path / "a.nc").write_bytes(stored)
    with h5py.File(tmp_path / "a.nc", "r+") as f:
        change(f)
    with pytest.raises(FileFormatError, match=words):
        sim.load(tmp_path / "a.nc")


@pytest.mark.parametrize("name", ["../out", "/nowhere/out", "a/b", "nul", "..", "x\ny"])
def test_the_name_in_a_file_is_never_a_path(result, tmp_path, name):
    found = Result(result.dataset, result.manifest | {"scenario": name}, result.tables)
    path = sim.load(found.save(tmp_path / "a.nc")).to_vtk(tmp_path / "vtk", ["HAP"])
    assert path.parent == tmp_path / "vtk"
    assert {f.parent for f in tmp_path.rglob("*.vti")} == {tmp_path / "vtk"}


def test_where_nothing_can_be_written_the_path_given_is_named(result, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert result.save("~/a.nc").name == "a.nc"
    assert (tmp_path / "a.nc").exists()
    assert same(sim.load("~/a.nc"), result)
    for path, words in ((tmp_path / "none" / "x.nc", "there is no folder"), (tmp_path, "is a folder")):
        with pytest.raises(OSError, match=words) as caught:
            result.save(path)
        assert str(path) in str(caught.value) and ".part" not in str(caught.value)


def test_a_checksum_tells_the_order_of_axes():
    """The same numbers along other axes are other numbers."""
    square = np.arange(4.0).reshape(2, 2)
    one, other = (xr.DataArray(square, dims=dims) for dims in (("y", "x"), ("x", "y")))
    assert checksum(one) != checksum(other)
    assert checksum(one) == checksum(one.copy())
    assert checksum(one) != checksum(xr.DataArray(square.reshape(4), dims="x"))
