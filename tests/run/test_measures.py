"""Numbers taken from results, against arithmetic by hand on results made by hand."""

from __future__ import annotations

import pytest
import xarray as xr

from sim import measures
from sim.run.result import Result

TIMES = [0.0, 10.0, 30.0]
VOLUME = [1.0, 2.0, 5.0]  # m3
MINERAL = [[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [4.0, 1.0, 0.4]]  # mol m-3


@pytest.fixture
def result() -> Result:
    said = {"units": "mol m-3", "long_name": "hydroxyapatite"}
    data = xr.Dataset(
        {"HAP": (("time", "x"), MINERAL, said), "volume": ("x", VOLUME, {"units": "m3"})},
        {"time": TIMES, "x": [0.1, 0.2, 0.3]},
    )
    return Result(data, {})


def test_the_mean_is_weighted_with_volumes_and_the_total_is_the_integral(result):
    """(4 x 1 + 1 x 2 + 0.4 x 5) mol = 8 mol in 8 m3."""
    assert measures.total("HAP")(result) == pytest.approx(8.0, rel=1e-15)
    assert measures.mean("HAP")(result) == pytest.approx(1.0, rel=1e-15)
    assert measures.total("HAP").curve(result).values == pytest.approx([0.0, 0.5, 8.0])
    assert measures.mean("HAP").curve(result).values == pytest.approx([0.0, 0.0625, 1.0])
    assert measures.total("HAP")(result) == float(result.total("HAP")[-1])


def test_the_total_of_an_amount_per_volume_is_an_amount(result):
    assert measures.total("HAP").curve(result).attrs["units"] == "mol"
    assert measures.mean("HAP").curve(result).attrs["units"] == "mol m-3"
    assert result.total("volume").attrs["units"] == "m6"
    assert (measures.mean("HAP").name, measures.total("HAP").name) == ("mean HAP", "total HAP")


def test_peak_lowest_and_onset(result):
    assert measures.peak("HAP")(result) == 4.0
    assert measures.lowest("HAP")(result) == 0.0
    # 0.1 mM lies a fifth of the way from 0 to 0.5 mM, reached at 10 s
    assert measures.onset("HAP")(result) == pytest.approx(2.0)
    assert measures.onset("HAP", above="5 mM")(result) == float("inf")
    assert measures.where_peak("HAP")(result) == {"x": 0.1}
