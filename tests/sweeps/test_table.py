"""The table of a sweep: what is in a row is in the columns, a grid has dimensions, gaps stay gaps."""

import math

import numpy as np
import pytest

from sim.errors import ConfigError, FileFormatError, UnknownNameError
from sim.sweeps import grid, table
from sim.sweeps.design.axis import Axis
from sim.sweeps.sweep_table import SweepTable, load

LAWS = ("power", "spiral")


def rows_of(design, without=()):
    """Rows of made-up runs: mineral = 10 r + acid, and every fifth has failed."""
    for k, inputs in enumerate(design.points):
        if k in without:
            continue
        failed = k % 5 == 4
        yield {
            "key": f"{k:064x}", "index": k, "inputs": dict(inputs),
            "measures": {"mineral": None if failed else 10 * inputs["r"] + inputs["acid"], "onset": math.inf},
            "status": "timed out" if failed else "finished", "reason": "too slow" if failed else "",
            "statistics": {"steps": 100 + k}, "wall": 0.5, "versions": {}, "result": "",
        }  # fmt: skip


def of(design, without=()):
    return SweepTable(
        rows=list(rows_of(design, without)), axes=design.axes, method=design.method,
        settings=design.settings, names=["mineral", "onset"], units={"r": "m", "mineral": "mol m-3"},
        planned=len(design),
    )  # fmt: skip


@pytest.fixture
def small():
    return grid({"r": (1.0, 3.0), "acid": [0.0, 10.0], "law": list(LAWS)}, n=3)


def test_columns_are_the_rows(small):
    t = of(small)
    frame = t.to_dataframe()
    assert list(frame.columns) == [
        "r",
        "acid",
        "law",
        "mineral",
        "onset",
        "status",
        "reason",
        "wall",
        "steps",
    ]
    for k, row in enumerate(t.rows):
        assert frame.loc[k, "r"] == row["inputs"]["r"]
        assert frame.loc[k, "law"] == row["inputs"]["law"]
        assert frame.loc[k, "status"] == row["status"]
        assert frame.loc[k, "steps"] == 100 + k
    assert frame["mineral"].isna().tolist() == [k % 5 == 4 for k in range(12)]
    assert frame.attrs["units"]["mineral"] == "mol m-3"
    assert t.inputs("law").tolist()[:2] == list(LAWS)
    assert t.finished.tolist() == [k % 5 != 4 for k in range(12)]
    assert [r["index"] for r in t.failed] == [4, 9]


def test_a_grid_becomes_dimensions(small):
    data = of(small).to_xarray()
    assert dict(data.sizes) == {"r": 3, "acid": 2, "law": 2}
    assert data["mineral"].attrs["units"] == "mol m-3"
    for r in (1.0, 2.0, 3.0):
        for acid in (0.0, 10.0):
            for k, law in enumerate(LAWS):
                at = data.sel(r=r, acid=acid, law=law)
                place = int(4 * (r - 1) + 2 * (acid / 10) + k)
                if place % 5 == 4:
                    assert np.isnan(at["mineral"])
                    assert at["status"] == "timed out"
                else:
                    assert at["mineral"] == 10 * r + acid


def test_points_of_a_grid_that_were_not_run_are_gaps(small):
    data = of(small, without={0, 7}).to_xarray()
    assert dict(data.sizes) == {"r": 3, "acid": 2, "law": 2}
    flat = data["status"].values.ravel()
    assert [k for k in range(12) if flat[k] == "not run"] == [0, 7]
    assert np.isnan(data["wall"].values.ravel()[[0, 7]]).all()


def test_other_designs_are_points_in_a_row():
    design = table([{"r": 1.0, "acid": 2.0}, {"r": 5.0, "acid": 0.5}])
    data = of(design).to_xarray()
    assert data["mineral"].dims == ("point",)
    assert data["mineral"].values.tolist() == [12.0, 50.5]
    assert data["r"].values.tolist() == [1.0, 5.0]


def test_replicates_of_a_grid_have_a_dimension():
    design = grid({"r": (1.0, 2.0), "acid": [0.0]}, n=2).with_replicates(3)
    data = of(design).to_xarray()
    assert dict(data.sizes) == {"r": 2, "acid": 1, "seed": 3}
    assert data["mineral"].sel(r=2.0, acid=0.0, seed=1) == 20.0


def test_an_empty_table_can_be_shown():
    t = SweepTable([], (Axis("r", 0.0, 1.0),), names=["mineral"], planned=5, message="interrupted")
    assert "0 of 5 points" in repr(t)
    assert "interrupted" in t._repr_html_()
    assert len(t.to_dataframe()) == 0
    assert t.to_xarray().sizes["point"] == 0


def test_the_table_says_what_failed(small):
    text = repr(of(small))
    assert "12 of 12 points" in text
    assert "10 finished, 2 timed out" in text
    assert "point 4 timed out: too slow" in text


def test_what_is_not_there_is_a_sentence(small, tmp_path):
    with pytest.raises(UnknownNameError, match="no measure 'minerals'. Did you mean 'mineral'"):
        of(small).measure("minerals")
    with pytest.raises(UnknownNameError, match="no axis 'R'"):
        of(small).inputs("R")
    with pytest.raises(FileFormatError, match="was not kept"):
        of(small).result(0)
    for i in (len(of(small).rows), "a"):
        with pytest.raises(ConfigError, match="there is no row"):
            of(small).result(i)
    with pytest.raises(FileFormatError, match="there is no file"):
        load(tmp_path / "a.db")
