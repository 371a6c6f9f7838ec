"""Constants against their published decimals, formulas against tabulated masses."""

import pytest

from sim.errors import ConfigError
from sim.units import constants
from sim.units.constants import MOLAR_MASS, elements, molar_mass


def test_derived_constants_equal_the_published_ones():
    """CODATA 2018 prints both, exact digits followed by dots."""
    assert constants.R == pytest.approx(8.314462618, abs=5e-10)
    assert constants.F == pytest.approx(96485.33212, abs=5e-6)


@pytest.mark.parametrize(
    ("formula", "mass"),  # g/mol, CRC Handbook of Chemistry and Physics
    [
        ("Ca5(PO4)3OH", 502.31),
        ("CaHPO4.2H2O", 172.09),
        ("CaCO3", 100.09),
        ("H2O", 18.015),
        ("Ca2P2O7", 254.10),
    ],
)
def test_molar_mass_is_that_of_the_handbook(formula, mass):
    assert 1e3 * molar_mass(formula) == pytest.approx(mass, abs=0.006)


def test_formulas_are_read():
    assert elements("Ca4H(PO4)3.2.5H2O") == {"Ca": 4, "H": 6, "P": 3, "O": 14.5}
    assert elements("CaH0.22(PO4)0.74") == {"Ca": 1, "H": 0.22, "P": 0.74, "O": 2.96}
    assert MOLAR_MASS["HAP"] == molar_mass("Ca5(PO4)3OH")


@pytest.mark.parametrize("formula", ["", "(", "Ca)", "((Ca))", "ca", "5", "HAP", "Ca5(PO4", "C" * 99])
def test_bad_formulas_are_refused(formula):
    with pytest.raises(ConfigError):
        elements(formula)
