"""Formulas against tabulated masses, and against equations of dissolution as textbooks write them."""

import pytest

from sim.chemistry.constants_sets import constants_set, constants_sets
from sim.chemistry.formula import basis, composition, elements, molar_mass
from sim.chemistry.solids import solids
from sim.errors import ConfigError


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
    assert solids()["HAP"].molar_mass == molar_mass("Ca5(PO4)3OH")


@pytest.mark.parametrize("formula", ["", "(", "Ca)", "((Ca))", "ca", "5", "HAP", "Ca5(PO4", "C" * 99])
def test_bad_formulas_are_refused(formula):
    with pytest.raises(ConfigError):
        elements(formula)


@pytest.mark.parametrize(
    ("formula", "held"),
    [
        # 5 Ca2+ + 3 HPO4 2- + H2O = Ca5(PO4)3OH + 4 H+, and so on
        ("Ca5(PO4)3OH", {"Ca": 5, "P": 3, "acidity": -4}),
        ("Ca4H(PO4)3.2.5H2O", {"Ca": 4, "P": 3, "acidity": -2}),
        ("CaHPO4.2H2O", {"Ca": 1, "P": 1}),
        ("CaCO3", {"Ca": 1, "C": 1, "acidity": -1}),
        ("Ca9Mg(HPO4)(PO4)6", {"Ca": 9, "Mg": 1, "P": 7, "acidity": -6}),
        ("H2O", {}),
    ],
)
def test_contents_over_the_basis_balance_charge_and_water(formula, held):
    assert composition(formula) == held


@pytest.mark.parametrize(
    ("formula", "words"),
    [("Ca5(PO4)3", "no neutral sum"), ("CaPO4", "no neutral sum"), ("CaF2", "holds F"), ("Fe2O3", "Fe")],
)
def test_formulas_that_no_fluid_can_form_are_refused(formula, words):
    with pytest.raises(ConfigError, match=words):
        composition(formula)


@pytest.mark.parametrize("name", constants_sets())
def test_charges_of_the_basis_are_those_of_the_constants(name):
    species = constants_set(name).species
    found = {c.ion: species[c.ion].charge for c in basis().values() if c.ion in species}
    assert found == {c.ion: c.charge for c in basis().values() if c.ion in species}
    assert len(found) >= 8
    assert list(basis())[-1] == "H"
