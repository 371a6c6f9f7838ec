"""Units: exact where a decimal is exact, and a sentence where a user slips."""

import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from sim import units
from sim.errors import UnitError
from sim.units import (
    axis_label,
    convert,
    convert_number,
    float_array,
    from_unit,
    is_missing,
    parse_unit,
    readable_unit,
    si_unit,
    to_unit,
    unit_of,
)
from sim.units.unit_table import OFFSETS, UNITS


# Expected values by hand from the definitions of the units.
@pytest.mark.parametrize(
    ("text", "unit", "si"),
    [
        ("2.5 mM", "mol/m3", 2.5),  # 2.4999999999999996 in floating point arithmetic of factors
        ("30 day", "s", 2592000.0),
        ("1 year", "s", 365.25 * 86400),
        ("37 degC", "K", 310.15),
        ("37 °C", "K", 310.15),
        ("298.15 K", "degC", 298.15),
        ("1e-9 m2/s", "m2/s", 1e-9),
        ("10 um2/s", "m2/s", 1e-11),
        ("0.1 J/m2", "J/m2", 0.1),
        ("100 mJ/m2", "J/m2", 0.1),
        ("1e33 1/(m3 s)", "m-3 s-1", 1e33),
        ("6e4 umol/L/min", "mM/s", 1.0),
        ("60 U/L", "mol/m3/s", 1e-3),
        ("3.6 mM/h", "mM/s", 1e-3),
        ("50 /M", "m3/mol", 0.05),
        ("300 L/mol", "m3/mol", 0.3),
        ("60 mM/pH", "mM", 60.0),
        ("140 mEq/L", "meq/L", 140.0),
        ("98.6 degF", "K", 310.15),
        ("98.6 °F", "degC", 310.15),
        ("−5 µM", "mM", -5e-3),
        ("2.5·10⁻³ M", "mM", 2.5),
        ("4 x 10^2 uM", "mM", 0.4),
        ("5 m⁴", "m4", 5.0),
        ("40 ug/mg", "1", 0.04),
        ("20 %", "1", 0.2),
        ("0.7", "1", 0.7),
        ("5 mg/cm3", "kg/m3", 5.0),
        ("159.3 cm3/mol", "m3/mol", 1.593e-4),
        ("55.81 kJ/mol", "J/mol", 55810.0),
        ("40 mmHg", "Pa", 5332.8954966),
        ("5 m^2 s^-1", "m2/s", 5.0),
        ("5 m² s⁻¹", "m2/s", 5.0),
        ("5 µm", "m", 5e-6),
        ("25um", "m", 2.5e-5),
        ("1e8 cells/mL", "1/m3", 1e14),
    ],
)
def test_text_is_converted_exactly(text, unit, si):
    assert convert(text, unit) == si


def test_numbers_count_as_si_whatever_the_unit():
    assert convert(5, "day") == 5.0
    assert convert(np.float64(2e-5), "um") == 2e-5


def test_arrays_of_numbers_pass_and_keep_their_shape():
    assert convert(np.arange(4).reshape(2, 2), "mM").tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert convert([1, 2.5], "mM").dtype == np.float64
    np.testing.assert_array_equal(to_unit(np.array([25e-6, 1e-3]), "um"), [25.0, 1000.0])


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (
            "25 uM",
            "m",
            "grid.dx = '25 uM' has the dimension of a concentration (mol m-3); "
            "a length (m, mm, um, nm) is needed. Did you mean '25 um'?",
        ),
        ("25 mm", "mM", "Did you mean '25 mM'?"),
        ("5", "m", "'5' has no unit; a length (m, mm, um, nm) is needed. Add the unit"),
        ("5 daay", "s", "'daay' is not a known unit. Did you mean 'day'?"),
        ("37 C", "K", "'C' is not a known unit. Did you mean 'degC'?"),
        ("5 degC/m", "K/m", "degC stands alone only"),
        ("5 J/mol K", "J/mol/K", "two readings"),
        ("1,5 mM", "mM", "has a comma in its number; write '1.5 mM'."),
        ("1,500 mM", "mM", "write '1.500 mM' or '1500 mM'."),
        ("7,4", "1", "write '7.4'."),
        ("2.2–2.6 mM", "mM", "is a range; one number is needed"),
        ("5 mM; 3", "mM", "the sign ';' has no meaning"),
        ("5 mmM", "mM", "'mmM' is not a known unit. Did you mean 'mM'?"),
        ("5 mmM", "s", "'mmM' is not a known unit."),
        ("5 umm", "mM", "Did you mean 'uM'"),
        ("5 MM", "m", "Did you mean 'mm'?"),
        ("5 mmol/L Ca", "mM", "'Ca' is not a known unit."),
        (
            "5 mmol",
            "mM",
            "has the dimension of an amount (mol); a concentration (M, mM, uM, mol/m3) is needed. "
            "Did you mean '5 mmol/L'?",
        ),
        ("100 F", "K", "Did you mean 'degF'?"),
        ("100 F", "mM", "'F' is not a known unit."),
        ("40 torr", "Pa", "Did you mean 'mmHg'?"),
        ("40 ppm", "mM", "Say of what: write mg/L or mg/kg."),
        ("290 mOsm/L", "mM", "Osmoles count every dissolved particle"),
        ("5 mM", "meq/L", "a concentration of charge (meq/L, eq/m3) is needed"),
        ("mM", "mM", "does not begin with a number"),
        ("nan mM", "mM", "does not begin with a number"),
        ("", "mM", "does not begin with a number"),
        ("5 m/", "m", "a unit is missing"),
        ("5 m^", "m", "a power is missing"),
        ("5 (m", "m", "not closed"),
        ("5 m)", "m", "not opened"),
        ("1e400 m", "m", "outside what a double holds"),
        ("1e-400 m", "m", "outside what a double holds"),
        (True, "m", "True is not a quantity"),
        (None, "m", "None is not a quantity"),
        (1j, "m", "is not a quantity"),
        (float("nan"), "m", "not a finite number"),
        (float("inf"), "m", "not a finite number"),
        pytest.param(10**5000, "m", "not a finite number", id="10**5000"),
        (np.array([True]), "m", "holds bool values"),
        (["5 mM"], "mM", "an array of numbers in SI is needed"),
        ([[1.0], [1.0, 2.0]], "mM", "ragged"),
        ([1.0, float("nan")], "mM", "not finite"),
    ],
)
def test_a_slip_is_answered_with_a_sentence(value, unit, words):
    with pytest.raises(UnitError) as caught:
        convert(value, unit, "grid.dx")
    message = str(caught.value)
    assert message.startswith("grid.dx")
    assert words in message
    assert len(message) < 250


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        ([1], "mm", "grid.dx = [1] is a list; one number in m or one text with its unit is needed. Give one"),
        ((1, 2), "1", "grid.dx = (1, 2) is a list; one number is needed."),
        ([], "1", "is a list"),
        (["5 mm"], "m", "is a list"),
        (np.ones(2), "h", "grid.dx = array([1., 1.]) is an array; one number in s"),
        (np.ones((100, 100)), "h", "is an array"),
        (np.array(True), "m", "True is not a quantity"),
        (None, "m", "None is not a quantity"),
        ("5 mM", "m", "a length"),
        (float("nan"), "m", "not a finite number"),
    ],
)
def test_where_one_number_is_meant_no_list_passes(value, unit, words):
    with pytest.raises(UnitError) as caught:
        convert_number(value, unit, "grid.dx")
    message = str(caught.value)
    assert message.startswith("grid.dx")
    assert words in message
    assert len(message) < 250 and "\n" not in message


def test_one_number_is_converted_as_any_quantity():
    assert convert_number("2.5 mM", "uM") == 2.5
    assert convert_number(3, "mm") == 3.0
    assert convert_number(np.float64(2e-5), "um") == 2e-5
    found = convert_number(np.array(4.0), "m")
    assert found == 4.0 and type(found) is float


# Equivalents count charges: by hand, half a mole of Ca2+ or Mg2+ each, a whole one of Na+.
@pytest.mark.parametrize("text", ["5 meq/L", "5 mEq/L", "5 Eq/m3", "5 ueq/mL", "0.005 eq/L"])
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plasma.Ca", "Write '2.5 mM' (its charge is +2)."),
        ("Mg", "Write '2.5 mM' (its charge is +2)."),
        ("boundary.Na", "Write '5 mM' (its charge is +1)."),
        ("initial.P", "divide by the charge of the ion, 2 for Ca2+"),
        ("value", "divide by the charge of the ion, 2 for Ca2+"),
    ],
)
def test_equivalents_are_no_moles(text, name, words):
    for ask in (convert, convert_number):
        with pytest.raises(UnitError) as caught:
            ask(text, "mM", name)
        assert words in str(caught.value)


def test_a_number_in_equivalents_is_of_another_kind_than_one_in_moles():
    """So every check of dimensions, of parameters, axes, columns and files, tells them apart."""
    assert parse_unit("meq/L").dimension != parse_unit("mM").dimension != parse_unit("mOsm/L").dimension
    assert parse_unit("meq/L").dimension == parse_unit("Eq/m3").dimension
    assert si_unit("meq/L/h") == "eq m-3 s-1"


def test_a_mass_says_which_amount_it_is():
    """10 mg/dL of calcium over 40.078 g/mol, and 3 mg/dL of phosphorus over 30.974."""
    for name, text, words in (
        ("plasma.Ca", "10 mg/dL", "Write '2.49513 mM' (counted as Ca, 40.078 g/mol)."),
        ("plasma.P", "3 mg/dL", "Write '0.968554 mM' (counted as P, 30.974 g/mol)."),
        ("fetuin", "0.6 g/L", "Divide the mass by the molar mass."),
    ):
        with pytest.raises(UnitError) as caught:
            convert(text, "uM", name)
        assert words in str(caught.value)


def test_an_unknown_unit_of_unknown_kind_is_answered_with_each_that_is_as_near():
    with pytest.raises(UnitError, match="Did you mean 'mm' or 'mM'"):
        parse_unit("mmM")
    with pytest.raises(UnitError, match="Did you mean 'mM'"):
        parse_unit("mmM", like="uM")


COLUMNS = {
    "masked": lambda: np.ma.array([1.0, 777.0, 3.0], mask=[0, 1, 0]),
    "masked whole numbers": lambda: np.ma.array([1, 777, 3], mask=[0, 1, 0]),
    "rows of masked": lambda: [np.ma.array([1.0], mask=[0]), np.ma.array([7.0], mask=[1]), np.array([3.0])],
    "Series of None": lambda: pd.Series([1, None, 3], dtype=object),
    "Float64": lambda: pd.array([1.0, None, 3.0], dtype="Float64"),
    "Int64": lambda: pd.Series([1, pd.NA, 3], dtype="Int64"),
    "NaT among objects": lambda: np.array([1, pd.NaT, 3], dtype=object),
    "list": lambda: [Decimal(1), np.ma.masked, Fraction(3)],
    "xarray": lambda: xr.DataArray([1.0, np.nan, 3.0], dims="x"),
    "xarray in another unit": lambda: xr.DataArray([1e3, np.nan, 3e3], dims="x", attrs={"units": "uM"}),
    "float32": lambda: np.array([1, np.nan, 3], np.float32),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_what_is_missing_stays_missing(kind):
    found = float_array(COLUMNS[kind](), "mM", "Ca")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found.ravel(), [1.0, np.nan, 3.0])
    with pytest.raises(UnitError, match="Ca holds 1 missing values"):
        convert(COLUMNS[kind](), "mM", "Ca")


class Measured(np.ndarray):
    """As arrays of astropy and pint: numbers that carry a unit."""

    unit = "mg/dL"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([True, 2.0], "Ca holds True, a bool"),
        ([1.0, 1j], "Ca holds 1j, a complex"),
        (np.array([1j]), "holds complex128 values"),
        (pd.Series(["2.5 mM", "3"]), "Ca holds '2.5 mM', a str"),
        (pd.to_datetime(["2020-01-01"]), "holds datetime64"),
        ([1.0, np.inf], "Ca holds 1 values that are not finite numbers"),
        ([1, 10**400], "not finite"),
        ([[1.0, 2.0], 3.0], "ragged"),
        (np.ones(3).view(Measured), "Ca carries a unit of another package ('mg/dL')"),
        (np.ones(()).view(Measured), "Ca carries a unit of another package ('mg/dL')"),
        (xr.DataArray([1.0], attrs={"units": "meq/L"}), "Ca is a column in 'meq/L'"),
    ],
)
def test_what_is_no_column_of_numbers_is_refused(value, words):
    with pytest.raises(UnitError) as caught:
        convert(value, "mM", "Ca")
    assert words in str(caught.value)


def test_one_missing_value_is_called_so():
    for value in (np.ma.masked, pd.NA, pd.NaT):
        for ask in (convert, convert_number):
            with pytest.raises(UnitError, match="is missing"):
                ask(value, "mM", "Ca")
    assert [is_missing(v) for v in (None, float("nan"), Decimal("nan"), pd.NA, 0.0, "", False)] == [
        True, True, True, True, False, False, False,
    ]  # fmt: skip
    assert convert(Decimal("2.5"), "mM") == 2.5 == convert_number(Fraction(5, 2), "mM")


HOSTILE = [
    "9**9**9**9",
    "1 m9**9**9",
    "1 m99999999",
    "9e999999999 m",
    "m" * 100_000,
    "1" * 100_000 + " m",
    "1 " + "(" * 62,
    "(" * 100_000,
    "1 " + "m/" * 31,
    "1 m" + " " * 100_000,
    "__import__('os').getcwd()",
    "1 m\x00",
]
COUNTING = """
import json, sys
from sim.errors import UnitError
from sim.units import convert

def count(frame, event, argument):
    global lines
    lines += event == "line"
    return count

found = []
for text in json.load(sys.stdin):
    lines, refused = 0, False
    sys.settrace(count)
    try:
        convert(text, "m")
    except UnitError:
        refused = True
    sys.settrace(None)
    found.append((refused, lines))
json.dump(found, sys.stdout)
"""


def test_hostile_text_is_refused_at_once():
    """By the lines that run, not by a clock: a general expression parser needs minutes for the first.

    In a process of its own: Python 3.11 may loop for ever where it traces a thread that others wait for.
    """
    done = subprocess.run(
        [sys.executable, "-c", COUNTING],
        input=json.dumps(HOSTILE),
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert len(found) == len(HOSTILE)
    for text, (refused, lines) in zip(HOSTILE, found, strict=True):
        assert refused, text[:20]
        assert lines < 100_000, text[:20]


@given(st.one_of(st.text(max_size=80), st.text("0159.eE+-*/^() mMuLsol%K", max_size=20)))
def test_any_text_gives_a_float_or_a_unit_error(text):
    try:
        assert isinstance(convert(text, "mM"), float)
    except UnitError:
        pass


@given(
    st.floats(-1e15, 1e15).filter(lambda x: x == 0 or abs(x) > 1e-250),
    st.sampled_from(sorted(UNITS)),
)
def test_a_number_survives_the_way_to_si_and_back(number, unit):
    """Two roundings at most, each half a unit in the last place; near 0 degC or 0 degF digits cancel."""
    back = to_unit(from_unit(number, unit), unit)
    assert back == pytest.approx(number, rel=5e-16, abs=1e-13 if unit in OFFSETS else 0.0)


@given(
    st.decimals(-1000, 1000, places=4, allow_nan=False).map(str),
    st.sampled_from(["mM", "uM", "day", "um", "degC", "mJ/m2", "umol/L/min"]),
)
def test_text_and_number_in_the_unit_agree(number, unit):
    assert convert(f"{number} {unit}", unit) == from_unit(float(number), unit)


@given(st.sampled_from(sorted(set(UNITS) - {*OFFSETS, "1"})), st.integers(1, 4), st.integers(1, 4))
def test_power_and_quotient_of_units_multiply(unit, p, q):
    one, product = parse_unit(unit), parse_unit(f"{unit}{p} / ({unit}-{q})")
    assert product.factor == pytest.approx(one.factor ** (p + q), rel=1e-14)
    assert product.dimension == tuple((p + q) * d for d in one.dimension)


@pytest.mark.parametrize(
    ("unit", "si"),
    [
        ("mM", "mol m-3"),
        ("uM/h", "mol m-3 s-1"),
        ("mJ/m2", "J m-2"),
        ("kJ/mol", "J mol-1"),
        ("%", "1"),
        ("degC", "K"),
        ("um2/s", "m2 s-1"),
        ("1/(L day)", "m-3 s-1"),
        ("L2/(mol m2 s)", "m4 mol-1 s-1"),
        ("kg m", "kg m"),
    ],
)
def test_si_unit_has_udunits_spelling_and_reads_back(unit, si):
    assert si_unit(unit) == si
    assert parse_unit(si) == (1.0, parse_unit(unit).dimension)


def test_float_constants_equal_the_table():
    for name in ("M mM uM nM m cm mm um nm s minute hour day week year mol mmol umol nmol").split():
        assert getattr(units, name) == parse_unit(name).factor, name
    for name in "kg g mg ug L mL uL J kJ mJ percent pM".split():
        assert getattr(units, name) == parse_unit(name).factor, name


def test_labels_and_units_for_showing():
    assert axis_label("HAP", "mol m-3") == "HAP [mol m$^{-3}$]"
    assert axis_label("x", "um") == "x [µm]"
    assert axis_label("T", "degC") == "T [°C]"
    assert axis_label("porosity", "1") == "porosity [-]"
    assert [readable_unit(x, "s") for x in (30, 7200, 86400 * 30, 86400 * 2000)] == [
        "s",
        "h",
        "day",
        "year",
    ]
    assert [readable_unit(x, "m") for x in (2e-5, 5e-3)] == ["um", "mm"]
    assert readable_unit(1.0, "J/m2") == "J m-2"
    assert unit_of("5 mM") == "mM"
    assert unit_of("5") == "1"
