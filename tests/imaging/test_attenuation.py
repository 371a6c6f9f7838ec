"""Attenuation, spectra and slopes of CT numbers beside published and independent values."""

import frozen_tables
import numpy as np
import pytest

from sim.chemistry.solids import solids
from sim.errors import ConfigError
from sim.imaging import ct_slope, mass_attenuation
from sim.imaging.xray.attenuation import _columns, spectra

HAP, CALCITE = solids()["HAP"], solids()["calcite"]
# Total mass attenuation [cm2/g] by xraylib 4.3.0 (Kissel, Zschornack and Elam) for water, HAP and Ca.
XRAYLIB = {
    20: (0.8098, 6.5594, 13.0592),
    30: (0.3756, 2.0992, 4.0795),
    40: (0.2683, 0.9876, 1.8302),
    50: (0.2269, 0.5867, 1.0195),
    60: (0.2059, 0.4067, 0.6579),
    70: (0.1929, 0.3131, 0.4717),
    80: (0.1837, 0.2589, 0.3655),
    100: (0.1707, 0.2019, 0.2571),
    120: (0.1614, 0.1734, 0.2059),
}
# NIST (Hubbell and Seltzer 1995, table 4): liquid water [cm2/g], with coherent scattering.
NIST_WATER = {20: 0.8096, 30: 0.3756, 40: 0.2683, 50: 0.2269, 60: 0.2059, 80: 0.1837, 100: 0.1707}


@pytest.mark.parametrize("keV", XRAYLIB)
def test_attenuation_is_that_of_another_library(keV):
    found = [10 * mass_attenuation(f, keV) for f in ("H2O", HAP.formula, "Ca")]
    assert found == pytest.approx(XRAYLIB[keV], rel=1e-3)


@pytest.mark.parametrize("keV", NIST_WATER)
def test_attenuation_of_water_is_that_of_nist(keV):
    assert 10 * mass_attenuation("H2O", keV) == pytest.approx(NIST_WATER[keV], rel=3e-3)


def test_attenuation_agrees_with_xraylib_where_it_is_installed():
    xraylib = pytest.importorskip("xraylib")
    for keV in (10.5, 20, 33.3, 60, 100, 139):
        for formula, plain in (("H2O", "H2O"), (HAP.formula, "Ca5P3O13H"), ("CaCO3", "CaCO3")):
            theirs = xraylib.CS_Total_CP(plain, float(keV))
            assert 10 * mass_attenuation(formula, keV) == pytest.approx(theirs, rel=4e-3)


def test_tables_are_what_xraydb_gives_where_it_is_installed():
    pytest.importorskip("xraydb")
    table = _columns("attenuation.csv")
    for element in frozen_tables.elements():
        assert table[element] == pytest.approx(frozen_tables.attenuation(element), rel=1e-4)


def test_spectra_are_what_spekpy_gives_where_it_is_installed():
    pytest.importorskip("spekpy")
    theirs = frozen_tables.spectra()
    for name, spectrum in spectra().items():
        assert spectrum.photons == pytest.approx(theirs[name], rel=1e-3, abs=1e-9)


def test_no_photon_has_more_energy_than_the_tube_gives():
    for name, s in spectra().items():
        table = _columns("spectra.csv")["keV"]
        assert s.photons[table > s.kVp + 0.5].sum() == 0, name
        assert s.photons.sum() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("body", "table", "least"),
    # computed apart from the package, with spekpy and xraydb themselves
    [
        (0.1, (2.41, 2.10, 1.89, 1.74, 1.62, 1.53, 1.45, 1.38), 85),
        (0.2, (2.18, 1.89, 1.70, 1.56, 1.45, 1.36, 1.29, 1.23), 95),
        (0.3, (2.04, 1.76, 1.58, 1.45, 1.34, 1.26, 1.19, 1.13), 103),
    ],
)
def test_slopes_of_hydroxyapatite(body, table, least):
    found = [ct_slope(HAP.formula, HAP.density, k, body) for k in range(70, 141, 10)]
    assert found == pytest.approx(table, abs=0.011)
    assert 130 / found[5] == pytest.approx(least, abs=1)  # [mg/mL] that 130 HU at 120 kVp are


def test_factors_between_voltages_are_those_of_a_phantom():
    """Numbers of HAP at 100 and 70 kVp times 0.88 and 0.63 are those at 120 kVp (phantom study of 2021)."""
    at = {k: ct_slope(HAP.formula, HAP.density, k) for k in (70, 100, 120)}
    assert at[120] / at[100] == pytest.approx(0.88, abs=0.015)
    assert at[120] / at[70] == pytest.approx(0.63, abs=0.015)


def test_spheres_of_calcium_carbonate_in_water():
    """50 mg/mL of CaCO3 were measured with 64 HU (PMC2742214), in a phantom between 10 and 20 cm."""
    found = [50 * ct_slope(CALCITE.formula, CALCITE.density, 120, body) for body in (0.2, 0.1)]
    assert found[0] < 64 < found[1]


def test_what_is_outside_the_tables_is_a_sentence():
    with pytest.raises(ConfigError, match="5 to 140"):
        mass_attenuation("H2O", 200)
    with pytest.raises(ConfigError, match="there are 70, 80|70, 80, 90"):
        ct_slope(HAP.formula, HAP.density, 115)


def test_between_energies_it_falls_smoothly():
    between = np.array([mass_attenuation(HAP.formula, k) for k in np.arange(30, 60, 0.25)])
    assert (np.diff(between) < 0).all()
