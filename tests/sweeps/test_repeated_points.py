"""Equal points of a table: a row each, one run for all of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import sim
from sim import sweeps
from sim.cli.sweep.stores import with_units
from sim.errors import ConfigError
from sim.sweeps.store.store import Store

RADII = ["2 mm", "1 mm", "2 mm", "3 mm", "2 mm"]
PATIENTS = ["A7", "B1", "C9", "D2", "E5"]


@pytest.fixture(scope="module")
def base():
    return sim.scenario("infarct_myocardium").with_resolution(0.1).with_(duration="1 min")


@pytest.fixture(scope="module")
def given():
    frame = pd.DataFrame({"lesion.radius": RADII}, index=pd.Index(PATIENTS, name="patient"))
    return sweeps.table(frame)


def counting(calls):
    def volume(result):
        calls.append(1)
        return float(result["volume"].sum())

    return {"volume": volume}


def test_each_row_given_is_a_row_and_equal_ones_are_run_once(base, given):
    """A cylinder's volume [m3/m] is pi r^2 of its outermost face: equal radii have equal numbers."""
    calls = []
    table = sim.sweep(base, given, measures=counting(calls))
    frame = table.to_dataframe()
    assert list(frame["patient"]) == PATIENTS
    assert np.allclose(frame["lesion.radius"], [0.002, 0.001, 0.002, 0.003, 0.002])
    assert len(table) == table.planned == 5 and len(set(frame["volume"])) == 3
    assert frame["volume"].iloc[0] == frame["volume"].iloc[2] == frame["volume"].iloc[4]
    assert len(calls) - 3 <= 1  # three radii, and one look at the measure before the first of them


def test_shards_resume_and_export_agree(base, given, tmp_path):
    """Two shards, brought together, are the table of one run; so is the store that is read back."""
    whole = sim.sweep(base, given, store=tmp_path / "whole.db", measures=counting([]))
    for k in (1, 2):
        sim.sweep(base, given, store=tmp_path / f"{k}.db", measures=counting([]), shard=(k, 2))
    joined = sweeps.load(tmp_path / "1.db", tmp_path / "2.db")
    read = sweeps.load(tmp_path / "whole.db")
    kept = [c for c in with_units(whole) if not c.startswith("wall")]
    for other in (joined, read):
        assert other.planned == 5
        pd.testing.assert_frame_equal(with_units(whole)[kept], with_units(other)[kept])
    again = sim.sweep(base, given, store=tmp_path / "whole.db", measures=counting([]))
    assert len(again) == 5
    with Store.open(tmp_path / "whole.db", readonly=True) as store:
        found = store.status()
        assert len(store.keys()) == 3
    assert (found["planned"], found["done"], found["counts"]) == (5, 5, {"finished": 5})


def test_labels_follow_replicates_and_sums(given):
    twice = given.with_replicates(2)
    assert twice.settings["labels"]["values"] == [p for p in PATIENTS for _ in range(2)]
    assert (given + given).settings["labels"]["values"] == PATIENTS * 2
    counted = sweeps.table(pd.DataFrame({"lesion.radius": RADII}))
    assert "labels" not in counted.settings


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, "", "  ", np.ma.masked])
def test_a_missing_value_of_a_table_is_refused_with_its_row_and_column(missing):
    frame = pd.DataFrame({"lesion.radius": ["1 mm", missing, "2 mm"]}, index=list("abc"), dtype=object)
    with pytest.raises(ConfigError, match=r"row 1 .*\(b\) .*lesion\.radius"):
        sweeps.table(frame)
    with pytest.raises(ConfigError, match=r"row 1 .*lesion\.radius"):
        sweeps.table([{"lesion.radius": "1 mm"}, {"lesion.radius": missing}])


def test_a_column_that_is_there_twice_is_refused():
    frame = pd.DataFrame([["1 mm", "2 mm"]], columns=["lesion.radius", "lesion.radius"])
    with pytest.raises(ConfigError, match="twice"):
        sweeps.table(frame)
