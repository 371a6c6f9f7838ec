"""Tables of a run: every number where its heading says, read back by the csv module and by pandas."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner

import sim
from sim.cli import main
from sim.errors import ConfigError
from sim.run.result import Result


@pytest.fixture
def result() -> Result:
    """Two times, two cells along x and three along y; HAP = 100 k + 10 j + i mol m-3 in cell (i, j)."""
    t, j, i = np.meshgrid([0.0, 1.0], [0.0, 1.0, 2.0], [0.0, 1.0], indexing="ij")
    volume = np.array([[1.0, 3.0], [1.0, 3.0], [1.0, 3.0]])
    data = xr.Dataset(
        {
            "HAP": (("time", "y", "x"), 100 * t + 10 * j + i, {"units": "mol m-3"}),
            "pH": (("time", "y", "x"), 7 + 0 * t, {"units": "1"}),
            "volume": (("y", "x"), volume, {"units": "m3"}),
            "layer": (("y", "x"), np.where(volume > 1, "rim", "core")),
        },
        {
            "time": [0.0, 86400.0],
            "time_days": ("time", [0.0, 1.0]),
            "x": [0.001, 0.002],
            "y": [0.01, 0.02, 0.03],
        },
    )
    return Result(data, {})


def test_the_course_has_means_totals_and_extremes(result, tmp_path):
    """At 1 day HAP is 100 + 10 j + i: mean 100 + 10 + 3/4 in 12 m3, so 1329 mol."""
    result.to_csv(tmp_path)
    with open(tmp_path / "course.csv", encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["time [s]"]) == 86400.0
    assert float(last["time [day]"]) == 1.0
    assert float(last["mean HAP [mol m-3]"]) == pytest.approx(110.75)
    assert float(last["total HAP [mol]"]) == pytest.approx(1329.0)
    assert (float(last["lowest HAP [mol m-3]"]), float(last["highest HAP [mol m-3]"])) == (100.0, 121.0)
    assert float(last["mean pH [1]"]) == pytest.approx(7.0)
    assert not [heading for heading in last if heading.startswith("total pH")]


def test_the_profile_has_a_row_for_each_time_and_cell(result, tmp_path):
    result.to_csv(tmp_path / "new" / "folder", names=["HAP"], times=["1 day"])
    with open(tmp_path / "new" / "folder" / "profile.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["time [s]", "time [day]", "x [mm]", "y [mm]", "layer", "HAP [mol m-3]"]
    assert len(rows) == 6
    for row in rows:
        i, j = round(float(row["x [mm]"])) - 1, round(float(row["y [mm]"]) / 10) - 1
        assert float(row["HAP [mol m-3]"]) == 100 + 10 * j + i
        assert row["layer"] == ("rim" if i else "core")


def test_a_dataframe_has_a_row_for_each_time_and_cell(result):
    frame = result.to_dataframe()
    assert list(frame.index.names) == ["time", "y", "x"]
    assert list(frame.columns) == ["HAP", "pH", "layer"]
    assert len(frame) == 12
    assert frame.loc[(86400.0, 0.03, 0.002), "HAP"] == 121.0
    assert list(result.to_dataframe("HAP", times="1 day").columns) == ["HAP", "layer"]
    with pytest.raises(ConfigError, match="Did you mean 'HAP'"):
        result.to_dataframe(["HAPP"])


def test_times_are_chosen_by_text_and_told_in_the_words_given(result):
    assert float(result.sel("20 h")["time"]) == 86400.0
    assert result.sel(["1 h", "1 day"]).sizes["time"] == 2
    assert float(result.at("0.5 day")["HAP"].sel(x=0.001, y=0.01)) == 50.0
    for call in (result.at, result.sel):
        with pytest.raises(ConfigError, match="time = 40 day is outside the result, .* 0 days to 1 day"):
            call("40 day")


def test_a_table_of_many_rows_has_each_once(result, tmp_path):
    """Rows are written by the megabyte; here there are some three."""
    times = np.arange(10_000.0)
    data = result.dataset.isel(time=np.zeros(times.size, int)).assign_coords(time=times)
    Result(data, {}).to_csv(tmp_path)
    assert (tmp_path / "profile.csv").stat().st_size > 2_000_000
    with open(tmp_path / "profile.csv", encoding="utf-8", newline="") as file:
        found = [float(row["time [s]"]) for row in csv.DictReader(file)]
    assert found == np.repeat(times, 6).tolist()


def test_the_dataset_of_a_real_run_is_safe_to_unroll_and_goes_to_tables(tmp_path):
    """Ledger, stoichiometry and faces of cells have axes of their own: none of them multiplies the rows."""
    run = sim.simulate(
        sim.scenario("infarct_myocardium").with_(duration="1 hour").with_resolution(0.1), times=3
    )
    cells = run["volume"].size
    assert len(run.dataset.to_dataframe()) == len(run.to_dataframe()) == 3 * cells
    path = run.save(tmp_path / "result.nc")
    with xr.open_dataset(path, engine="h5netcdf") as data:
        assert len(data.to_dataframe()) == 3 * cells
    words = ["export", str(path), "--csv", str(tmp_path / "tables"), "--only", "HAP,pH"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert done.stdout.split() == [str(tmp_path / "tables" / f) for f in ("course.csv", "profile.csv")]
    assert CliRunner().invoke(main, words).exit_code == 2  # it is there already
    whole = run.to_csv(tmp_path / "whole")[0].read_text().splitlines()
    with open(tmp_path / "whole" / "course.csv", encoding="utf-8", newline="") as file:
        last = list(csv.DictReader(file))[-1]
    assert len(whole) == 4
    for pool in run["ledger"]["pool"].values:
        ledger = run["ledger"].sel(element="Ca", pool=pool).values[-1]
        assert float(last[f"ledger Ca: {pool} [mol]"]) == ledger
    assert float(last["total Ca_in_mineral [mol]"]) == float(run.total("Ca_in_mineral")[-1])
