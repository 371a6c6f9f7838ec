"""Radiographs: Beer and Lambert by hand, contrasts computed apart, noise, views."""

import numpy as np
import pytest

import sim
from sim.errors import ConfigError
from sim.imaging import phantom, radiograph
from sim.imaging.xray.attenuation import attenuation_table, energies, spectra


def plate(areal, side=6e-3):
    """A plate that the rays meet flat, mg of HAP per cm2."""
    return phantom({"HAP": np.full((1, 1, 1), 1000.0)}, (areal * 1e-5, side, side))


@pytest.mark.parametrize(
    ("instrument", "areal"), [("mammography", 1.7), ("extremity", 8.7), ("chest", 32.0), ("specimen", 6.3)]
)
def test_areal_density_of_one_percent_contrast(instrument, areal):
    """Computed apart from the package, with spekpy and xraydb themselves."""
    found = radiograph(plate(areal, 2e-3), instrument=instrument)
    assert float(found["contrast"].max()) == pytest.approx(0.01, rel=0.03)
    assert float(found["areal_density"].max()) * 100 == pytest.approx(areal, rel=1e-9)


def test_thick_mineral_follows_beer_and_lambert():
    """The integral over energies by hand, for 2 g/cm2, where the beam hardens."""
    found = radiograph(plate(2000, 4e-3), instrument="extremity")
    e, tube = energies(), spectra()["extremity"].photons
    water = attenuation_table("H2O") * 1000
    seen = tube * e * np.exp(-water * 0.05)
    thick = 2000e-5  # [m] of 1000 kg/m3
    more = attenuation_table("Ca5(PO4)3OH") * 1000 - water * 1000 / (0.502307 / 0.0001593)
    wanted = 1 - (seen @ np.exp(-more * thick)) / seen.sum()
    assert float(found["contrast"].max()) == pytest.approx(wanted, rel=1e-9)


def test_all_mineral_is_in_the_shadow():
    """Areal density over the picture is the mass, of a result too, along every axis."""
    result = sim.simulate(sim.scenario("tb_caseous"))
    mass = sum(float(result.total(s)[-1]) * result[s].attrs["molar_mass"] for s in result.solids)
    for axis in ("x", "y", "z"):
        found = radiograph(result, axis=axis)
        assert axis not in found.dims and found.attrs["axis"] == axis
        held = float(found["areal_density"].sum()) * found.attrs["pixel"] ** 2
        assert held == pytest.approx(mass, rel=1e-3)


def test_noise_is_that_of_photons():
    empty = phantom({"HAP": np.zeros((1, 1, 1))}, (1e-3, 20e-3, 20e-3))
    found = radiograph(empty, seed=3, settings={"photons": 400})
    assert float(found["signal"].mean()) == pytest.approx(1, abs=5e-3)
    assert float(found["signal"].std()) == pytest.approx(1 / 20, rel=0.03)
    assert float(abs(found["contrast"]).max()) == pytest.approx(0, abs=1e-12)
    again, other = radiograph(empty, seed=3, settings={"photons": 400}), radiograph(empty, seed=4)
    assert found.equals(again) and not found.equals(other)


def test_fat_lets_more_through_and_has_no_contrast_of_mineral():
    body = phantom({"HAP": np.zeros((1, 3, 3))}, (0.02, 3e-3, 3e-3))
    regions = {"water": np.ones((1, 3, 3)), "oil": np.zeros((1, 3, 3))}
    regions["water"][0, 1, 1], regions["oil"][0, 1, 1] = 0, 1
    body = type(body)(body.edges, body.solids, body.densities, regions, "water")
    found = radiograph(body, instrument="mammography", settings={"photons": 1e8})
    assert float(found["signal"].sel(x=0, y=0, method="nearest")) > 1.1
    assert float(found["contrast"].max()) == pytest.approx(0, abs=1e-9)


def test_views_and_mistakes():
    cylinder = sim.simulate(sim.scenario("infarct_myocardium"), times=2)
    assert radiograph(cylinder).attrs["axis"] == "y"  # across
    slab = sim.simulate(sim.scenario("elastin_implant_rat"), times=2)
    assert radiograph(slab).attrs["axis"] == "x"
    for wrong, words in (
        ({"axis": "r"}, "z, y, x"),
        ({"instrument": "chset"}, "Did you mean 'chest'"),
        ({"seed": -2}, "below 0"),
        ({"instrument": "specimen", "length": "60 cm"}, "larger pixels"),
    ):
        with pytest.raises(ConfigError, match=words):
            radiograph(slab, **wrong)
