"""Totals, temperatures and columns as people give them; what is missing stays missing."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from sim.chemistry.amounts import celsius, total_of
from sim.chemistry.batch.equilibrate import equilibrate
from sim.chemistry.constants_sets import constants_set
from sim.chemistry.fluid import speciate
from sim.errors import ConfigError, MissingWarning, RangeWarning, UnitError


# By hand: masses over the molar masses of IUPAC, equivalents over the charge.
@pytest.mark.parametrize(
    ("name", "text", "mmol"),
    [
        ("Ca", "2.5 mmol/kgw", 2.5),
        ("Ca", "1.1e-3 mol/kg", 1.1),
        ("Ca", "10 mg/dL", 100 / 40.078),
        ("Ca", "100 mg/L", 100 / 40.078),
        ("Mg", "2 mg/dL", 20 / 24.305),
        ("Cl", "3.545 g/L", 100.0),
        ("K", "195.49 ug/mL", 5.0),
        ("Tris", "6.057 g/L", 6057 / 121.136),
        ("Ca", "5 meq/L", 2.5),
        ("Mg", "3 mEq/kgw", 1.5),
        ("Na", "140 mEq/L", 140.0),
        ("Cl", "100 ueq/mL", 100.0),
        ("acidity", "-3 meq/L", -3.0),
        ("acidity", "2 mM", 2.0),
        ("P", "1000 µM", 1.0),
    ],
)
def test_a_total_may_come_in_any_unit_that_leaves_no_choice(name, text, mmol):
    assert total_of(name, text, signed=True) == pytest.approx(mmol, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("P", "3.0974 mg/dL", "Write '1 mM' if of phosphorus (30.974 g/mol) or '0.32615 mM' if of phosphate"),
        ("C", "120.11 mg/L", "Write '10 mM' if of carbon"),
        ("P", "4 meq/L", "counts charges, and P has no single charge"),
        ("C", "24 mEq/L", "counts charges, and C has no single charge"),
        ("Ca", "5 mOsm/L", "Osmoles count every dissolved particle"),
        ("Ca", "10 mg", "has the dimension of a mass"),
        ("Ca", "2.5 mmol", "Did you mean '2.5 mmol/L'?"),
        ("Ca", "2.5 mm", "Did you mean '2.5 mM'?"),
        ("Ca", "2.5 mmM", "Did you mean 'mM'?"),
        ("Ca", "2,5", "write '2.5'"),
        ("Ca", "50 ppm", "write mg/L or mg/kg"),
        ("Ca", [[1.0], [1.0, 2.0]], "ragged"),
    ],
)
def test_a_total_that_leaves_a_choice_is_asked_for(name, text, words):
    with pytest.raises(UnitError, match=re.escape(words)):
        total_of(name, text)


def test_temperatures_come_as_text_too():
    for given in (37, 37.0, "37", "37 degC", "310.15 K", "98.6 °F", np.array(37.0)):
        assert celsius(given) == 37.0
    for given, words in (
        (310.15, "Write '310.15 K' if it is in kelvin"),
        ([25.0, 37.0], "call speciate once for each"),
        (pd.Series([25.0]), "call speciate once for each"),
        ("warm", "does not begin with a number"),
        ("37 mM", "a temperature"),
        ("37 C", "Did you mean 'degC'?"),
        (None, "is not a quantity"),
    ):
        with pytest.raises(ConfigError, match=re.escape(words)):
            celsius(given)


ROWS = {
    "masked": np.ma.array([2.0, 999.0, 1.0], mask=[0, 1, 0]),
    "Float64": pd.array([2.0, None, 1.0], dtype="Float64"),
    "list": [2.0, None, 1.0],
    "Series": pd.Series([2, pd.NA, 1], dtype="Int64", index=["a", "b", "c"]),
    "xarray": xr.DataArray([2.0, np.nan, 1.0], dims="probe", coords={"probe": [10, 20, 30]}),
    "xarray in uM": xr.DataArray([2e3, np.nan, 1e3], dims="probe", attrs={"units": "umol/L"}),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_missing_total_gives_a_fluid_that_is_NaN_and_counted(kind):
    with pytest.warns(MissingWarning, match="1 of 3 fluids have missing values"):
        found = speciate(pH=7.4, Ca=ROWS[kind], P=1.0)
    alone = [speciate(pH=7.4, Ca=v, P=1.0).SI["HAP"] for v in (2.0, 1.0)]
    np.testing.assert_allclose(np.asarray(found.SI["HAP"]), [alone[0], np.nan, alone[1]], rtol=1e-12)
    assert np.asarray(found.missing).tolist() == [False, True, False]
    assert np.asarray(found.converged).tolist() == [True, False, True]
    assert "1 of 3 fluids have missing values" in repr(found)
    with pytest.warns(MissingWarning):
        end = equilibrate(found, "HAP")
    assert np.isnan(np.asarray(end.solid)).tolist() == [False, True, False]
    assert np.isnan(np.asarray(end.pH)).tolist() == [False, True, False]


def test_a_missing_pH_and_charge_balance_and_all_missing():
    with pytest.warns(MissingWarning):
        found = speciate(pH=[7.4, np.nan], Ca=2.0, Cl=10.0, charge_balance="Cl")
    assert found.charge[0] == pytest.approx(0.0, abs=1e-12) and np.isnan(found.charge[1])
    with pytest.warns(MissingWarning, match="2 of 2"):
        assert np.isnan(speciate(pH=7.4, Ca=[None, None], P=1.0).SI["HAP"]).all()
    with pytest.raises(UnitError, match="is missing"):
        speciate(pH=7.4, Ca=pd.NA)


def test_columns_keep_their_labels():
    Ca = pd.Series([1.0, 2.0], index=["rat", "dog"])
    found = speciate(pH=7.4, Ca=Ca, P=pd.Series([1.0, 1.5], index=["rat", "dog"]))
    assert isinstance(found.SI["HAP"], pd.Series) and list(found.pH.index) == ["rat", "dog"]
    assert found.SI["HAP"]["dog"] == pytest.approx(speciate(pH=7.4, Ca=2.0, P=1.5).SI["HAP"])
    assert list(equilibrate(found, "HAP").solid.index) == ["rat", "dog"]

    grid = speciate(
        pH=xr.DataArray([7.0, 7.4], dims="y", coords={"y": [1, 2]}),
        Ca=xr.DataArray([1.0, 2.0, 3.0], dims="x"),
    )
    assert grid.free["Ca"].sizes == {"y": 2, "x": 3} and grid.free["Ca"]["y"].values.tolist() == [1, 2]
    turned = speciate(
        pH=7.4,
        Ca=xr.DataArray(np.ones((2, 3)), dims=("x", "y")),
        P=xr.DataArray(np.ones((3, 2)), dims=("y", "x")),
    )
    assert turned.pH.dims == ("x", "y")


def test_columns_whose_rows_differ_are_refused():
    Ca = pd.Series([1.0, 2.0], index=[0, 1])
    for other, words in (
        (pd.Series([1.0, 2.0], index=[1, 0]), "different indices"),
        (xr.DataArray([1.0, 2.0]), "one kind"),
        (pd.DataFrame({"a": [1.0, 2.0]}), "is a table of 1 columns"),
    ):
        with pytest.raises(ConfigError, match=words):
            speciate(pH=7.4, P=other, Ca=other if words.startswith("is a") else Ca)
    a, b = (xr.DataArray([1.0, 2.0], dims="x", coords={"x": x}) for x in ([1, 2], [2, 3]))
    with pytest.raises(ConfigError, match="same labels"):
        speciate(pH=7.4, Ca=a, P=b)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (dict(Na=600.0, Cl=600.0), "davies are sound to about 0.5"),
        (dict(Na=1200.0, Cl=1200.0, activity="truesdell-jones"), "truesdell-jones are sound to about 1"),
        (dict(Na=100.0, Cl=100.0, temperature=60), "60 degC is outside 5-40 degC"),
        (dict(Na=100.0, Cl=100.0, temperature=60, constants="minteq.v4"), "outside 0-50 degC"),
    ],
)
def test_beyond_its_range_a_model_says_so_once(given, words):
    with pytest.warns(RangeWarning, match=re.escape(words)) as heard:
        fluid = speciate(pH=7.0, **given)
    assert len(heard) == 1 and len(fluid.notes) == 1
    assert f"note: {fluid.notes[0]}" in repr(fluid)


def test_within_its_range_a_model_says_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for activity, salt in (("davies", 480.0), ("truesdell-jones", 950.0)):
            assert speciate(pH=7.0, Na=salt, Cl=salt, activity=activity).notes == ()
        for name, degrees in (("tissue-37C", 25), ("phreeqc", 80), ("minteq.v4", 45)):
            assert speciate(pH=7.0, Na=1.0, Cl=1.0, temperature=degrees, constants=name).notes == ()


def test_the_charge_is_shown():
    """2 x 2.5 - 3 = 2 meq at pH 7, where H+ and OH- are 1e-4 of that."""
    assert re.search(r"charge +2 meq/kgw", repr(speciate(pH=7.0, Ca=2.5, Cl=3.0)))


def test_a_set_knows_what_it_lacks():
    """phreeqc.dat has hydroxyapatite and calcite alone of these, see the head of its file."""
    phases = ("ACP1", "ACP2", "DCPD", "OCP", "HAP", "calcite")
    assert constants_set("phreeqc").lacking(phases) == ["ACP1", "ACP2", "DCPD", "OCP"]
    assert constants_set("tissue-37C").lacking(phases) == []


@pytest.mark.parametrize("value", [["tissue-37C"], 5, np.array(["davies"]), {}])
@pytest.mark.parametrize("word", ["constants", "activity", "charge_balance"])
def test_a_word_that_is_none_is_answered_in_a_sentence(word, value):
    with pytest.raises(ConfigError, match=f"{word} = .* is not a name"):
        speciate(pH=7.4, Ca=1.0, **{word: value})


@pytest.mark.parametrize(
    "value", [None, [], {}, object(), "7,4", True, [[1.0], [2.0, 3.0]], 1j, b"7", np.ones((0,))]
)
@pytest.mark.parametrize("name", ["pH", "Ca", "acidity", "temperature"])
def test_whatever_is_given_is_taken_or_answered_in_a_sentence(name, value):
    given = {"pH": 7.4, "Ca": 1.0, name: value}
    if name == "acidity":
        del given["pH"]
    try:
        speciate(**given)
    except ConfigError as error:
        assert len(str(error)) > 20
    for wrong in (value, "fluid"):
        with pytest.raises(ConfigError, match="needs the Fluid"):
            equilibrate(wrong)
