"""Numbers taken from results, against arithmetic by hand on results made by hand."""

from __future__ import annotations

import pytest
import xarray as xr

import sim
from sim import measures
from sim.errors import UnitError
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


@pytest.fixture
def solid(result) -> Result:
    """The same, of a solid that says its molar mass and volume."""
    facts = {"molar_mass": 0.5023, "molar_volume": 1.6e-4}
    data = result.dataset
    calcium = {"units": "mol m-3", "molar_mass": 0.040078}
    return Result(
        data.assign(
            HAP=data["HAP"].assign_attrs(facts),
            HAP_density=(data["HAP"] * 0.5023).assign_attrs(units="kg m-3", **facts),
            Ca_in_mineral=data["HAP"].assign_attrs(calcium),
            Ca_per_dry_mass=(data["HAP"] * 0.005).assign_attrs(units="kg kg-1"),
        ),
        {},
    )


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


def test_a_solid_is_read_in_the_units_of_pathologists(solid):
    """4 mM of Ca5(PO4)3OH, 502.3 g/mol and 160 cm3/mol: 2.0092 mg/cm3 and 0.064 % of the volume."""
    mass = solid.amount("HAP", unit="mg/cm3")
    assert float(mass.max()) == pytest.approx(2.0092, rel=1e-12)
    assert (mass.attrs["units"], mass.dims) == ("mg/cm3", ("time", "x"))
    assert float(solid.amount("HAP", unit="g/cm3").max()) == pytest.approx(0.0020092, rel=1e-12)
    share = solid.amount("HAP", unit="% volume")
    assert float(share.max()) == pytest.approx(0.064, rel=1e-12)
    assert share.attrs["units"] == "% volume"
    assert float(solid.amount("HAP", unit="uM").max()) == pytest.approx(4000.0)
    assert solid["HAP"].attrs["units"] == "mol m-3"  # the result itself stays


def test_a_mass_is_read_as_an_amount_and_calcium_per_dry_mass(solid):
    assert float(solid.amount("HAP_density", unit="mM").max()) == pytest.approx(4.0, rel=1e-12)
    # 4 mM of Ca of 40.078 g/mol; 0.02 kg/kg is 20 ug/mg
    assert float(solid.amount("Ca_in_mineral", unit="mg/cm3").max()) == pytest.approx(0.160312, rel=1e-12)
    assert float(solid.amount("Ca_in_mineral", unit="ug/mg").max()) == pytest.approx(20.0, rel=1e-12)


def test_what_has_no_such_reading_says_what_it_is_read_in(solid, result):
    with pytest.raises(UnitError, match="HAP.*'day'.*mM, mg/cm3, % volume"):
        solid.amount("HAP", unit="day")
    with pytest.raises(UnitError, match="mg/cm3.*read in mol m-3"):
        result.amount("HAP", unit="mg/cm3")  # says no molar mass


def test_an_onset_is_found_above_a_mass_or_a_share(solid):
    """0.5 mM at 10 s and 4 mM at 30 s: 2.25 mM, which is 1.130175 mg/cm3 and 0.036 %, at 20 s."""
    for level in ("2.25 mM", "1.130175 mg/cm3", "0.036 % volume", "0.036 %", 2.25):
        assert measures.onset("HAP", above=level)(solid) == pytest.approx(20.0, rel=1e-9)
    with pytest.raises(UnitError, match="mg/cm3"):
        measures.onset("HAP", above="1 day")(solid)


def test_a_run_says_molar_masses_and_volumes_of_its_solids():
    scenario = sim.scenario("elastin_implant_rat").with_resolution(0.3).with_(duration="10 day")
    found = sim.simulate(scenario)
    mass = found.amount("HAP", "mg/cm3").values
    assert mass.max() > 0
    assert mass == pytest.approx(found["HAP"].values * 0.5023, rel=1e-4)
    volume = found.parameters["mineral.V_HAP"].si
    assert found.amount("HAP", "% volume").values == pytest.approx(100 * volume * found["HAP"].values)
    assert found.amount("HAP_density", "mM").values == pytest.approx(found["HAP"].values, rel=1e-12)


@pytest.fixture
def two_layers(result) -> Result:
    """The same with its last cell in a border, and a ledger of two elements at its three times."""
    held = [[[1.0, 0.5, 9.0, 0.0], [8.0, 0.0, 0.0, 0.0]]] * 2 + [[[2.0, 6.0, 9.0, 4.0], [8.0, 8.0, 0.0, 0.0]]]
    pools = ["ions", "cells", "supplied by boundary", "interventions"]
    tables = xr.Dataset(
        {"ledger": (("time", "element", "pool"), held)},
        {"time": TIMES, "element": ["Ca", "P"], "pool": pools},
    )
    return Result(result.dataset.assign(layer=("x", ["core", "core", "border"])), {}, tables)


def test_measures_of_a_layer_leave_the_others_out(two_layers):
    """In the core (4 x 1 + 1 x 2)/3 = 2 mM at the end, in the border 0.4."""
    assert measures.mean("HAP", within="core")(two_layers) == pytest.approx(2.0)
    assert measures.total("HAP", within="core")(two_layers) == pytest.approx(6.0)
    assert measures.total("HAP", within="core").curve(two_layers).attrs["units"] == "mol"
    assert measures.peak("HAP", within="border")(two_layers) == pytest.approx(0.4)
    assert measures.onset("HAP", above=0.2, within="border")(two_layers) == pytest.approx(20.0)
    assert measures.onset("HAP", above=0.2)(two_layers) == pytest.approx(4.0)
    assert measures.lowest("HAP", within="core")(two_layers) == 0.0
    assert measures.mean("HAP", within="core").name == "mean HAP in core"
    with pytest.raises(sim.errors.ConfigError, match="Did you mean 'border'"):
        measures.mean("HAP", within="borders")(two_layers)


def test_a_volume_above_a_level_adds_up_cells(two_layers):
    """Cells of 1, 2 and 5 m3; at the end 4, 1 and 0.4 mM, at 10 s 0.5, 0 and 0."""
    assert measures.volume("HAP", "0.3 mM")(two_layers) == 8.0
    assert measures.volume("HAP", "0.45 mM").curve(two_layers).values.tolist() == [0.0, 1.0, 3.0]
    assert measures.volume("HAP", 0.3, within="border")(two_layers) == 5.0
    assert measures.volume("HAP", "0.3 mM").unit == "m3"


def test_contents_are_all_that_is_held_and_not_what_was_supplied(two_layers):
    """(2 + 6) mol of calcium in 8 m3 at the end, 1.5 at the start."""
    assert measures.contents("Ca")(two_layers) == pytest.approx(1.0)
    assert measures.contents("Ca").curve(two_layers).values[0] == pytest.approx(1.5 / 8)
    with pytest.raises(sim.errors.ConfigError, match="Did you mean 'Ca'"):
        measures.contents("ca")(two_layers)
