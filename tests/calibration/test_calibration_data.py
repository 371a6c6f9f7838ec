"""Data files of calibrations: read to the letter, refused with the number of the line."""

import numpy as np
import pytest

from sim.calibration import Data, read, shipped
from sim.calibration.data_file import as_data
from sim.errors import ConfigError, FileFormatError

GOOD = """# source: a paper
time [day],quantity,value [ug/mg],standard deviation [ug/mg]
7,mean Ca_per_dry_mass,23.8,2.1

21,mean Ca_per_dry_mass,89.7,5
"""


def written(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "uptake.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_file_is_read_in_si(tmp_path, encoding):
    data = read(written(tmp_path, GOOD, encoding))
    assert [d.time for d in data] == [7 * 86400, 21 * 86400]
    np.testing.assert_array_equal(data.values, [0.0238, 0.0897])
    np.testing.assert_allclose(data.sd, [0.0021, 0.005], rtol=1e-15)
    assert data.notes == "source: a paper" and data.quantities == ("mean Ca_per_dry_mass",)
    assert "mean Ca_per_dry_mass at 7 days: 23.8 +- 2.1 ug/mg" in repr(data)


def test_units_may_stand_in_columns(tmp_path):
    text = "value,unit,sd,measure,time unit,time\n5,mM,10,HAP,h,48\n0.3,M,0.1,peak HAP,day,3\n"  # any order
    data = read(written(tmp_path, text))
    np.testing.assert_allclose(data.values, [5, 300])
    np.testing.assert_allclose(data.sd, [10, 100])
    np.testing.assert_allclose(data.times, [2 * 86400, 3 * 86400])
    assert data.quantities == ("HAP", "peak HAP")


def test_a_deviation_may_have_a_unit_of_its_own(tmp_path):
    text = "time [h],quantity,value [mM],sd [uM]\n1,HAP,5,100\n"
    assert read(written(tmp_path, text)).sd[0] == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("# a note\n", "is empty"),
        (f"time [day],{'x' * 200_000}\n", "line 1: this is no line of a CSV"),
        ("time [day],quantity,value [1]\n", "no numbers"),
        ("time [day],quantity\n", "line 1: the column 'value' is missing"),
        ("time [day],quantity,value [1],colour\n", "line 1: there is no column 'colour'"),
        ("time [day],quantity,valeu [1]\n", "Did you mean 'value'"),
        ("time [day],quantity,value [1],time [h]\n", "line 1: the column 'time' stands there twice"),
        ("time,quantity,value [1]\n7,HAP,1\n", r"line 1: time has no unit; write 'time \[day\]'"),
        ("time [day],quantity,value\n7,HAP,1\n", "value has no unit"),
        ("time [day],quantity,value [mM],unit\n7,HAP,1,mM\n", "unit of value is given twice"),
        ("time [day],quantity,value [mM]\n\n7,HAP,1\n8,HAP\n", "line 4 has 2 fields; the header has 3"),
        ("time [day],quantity,value [mM]\n7,HAP,1,2\n", "line 2 has 4 fields"),
        ("time [day],quantity,value [mM]\nseven,HAP,1\n", "line 2: time = 'seven' is not a number"),
        ("time [day],quantity,value [mM]\n7,HAP,5 mM\n", "not a number; units stand in the header"),
        ('time [day],quantity,value [mM]\n7,HAP,"1,5"\n', "line 2: value = '1,5' is not a number"),
        ("time [day],quantity,value [mM]\n7,HAP,inf\n", "not a finite number"),
        (
            "time [day],quantity,value [mM]\n7,HAP,nan\n8,HAP,\n",
            "no numbers to calibrate to: 2 lines",
        ),
        (
            "time [day];quantity;value [mM]\n7;HAP;1,5\n",
            "line 1: .*separated by semicolons; .*a comma",
        ),
        ("time [day]\tquantity\tvalue [mM]\n", "separated by tabs"),
        ('time [day],quantity,value [mM]\n7,HAP,"2,25"\n', "line 2: .*write the decimal with a point, 2.25"),
        ("time [day],quantity,value [mM]\nNA,HAP,1\n", "line 2: time = 'NA' is not a number"),
        ("time [day],quantity,value [mM]\n7,HAP,1_0\n", "1_0"),
        ("time [day],quantity,value [mM]\n7,HAP,1e999\n", "not a finite"),
        ("time [day],quantity,value [mM]\n-7,HAP,1\n", "line 2: time = -604800 s is negative"),
        ("time [day],quantity,value [mM]\n7,,1\n", "line 2: the quantity is empty"),
        ("time [mm],quantity,value [mM]\n7,HAP,1\n", "line 2: time is in 'mm', which is no unit of time"),
        ("time [day],quantity,value [mMM]\n7,HAP,1\n", "line 2: .*mMM"),
        ("time [day],quantity,value [mM],sd [mm]\n7,HAP,1,1\n", "the standard deviation is in 'mm'"),
        ("time [day],quantity,value [mM],sd [mM]\n7,HAP,1,0\n", "line 2: standard deviation = 0"),
        ("time [day],quantity,value [mM],sd [mM]\n7,HAP,1,1\n8,HAP,1,\n", "1 of 2 numbers have no standard"),
        ("time [day],quantity,value,unit\n7,HAP,1,\n", "line 2: value has no unit"),
    ],
)
def test_a_slip_is_named_with_its_line(tmp_path, text, words):
    with pytest.raises(FileFormatError, match=words):
        read(written(tmp_path, text))


def test_what_is_no_text_file_is_refused(tmp_path):
    with pytest.raises(FileFormatError, match="not UTF-8"):
        read(written(tmp_path, "time [day],quantity,value [µM]\n", "latin-1"))
    with pytest.raises(FileFormatError, match="cannot be read: No such file"):
        read(tmp_path / "none.csv")
    with pytest.raises(FileFormatError, match="cannot be read"):
        read(tmp_path)


def test_the_elastin_implant_is_shipped_with_its_source():
    data = shipped("elastin_implant_rat")
    assert isinstance(data, Data) and "bailey2001" in data.notes
    assert data.sd is None and len(data) == 1
    with pytest.raises(ConfigError, match="Did you mean 'elastin_implant_rat'"):
        shipped("elastin_implant")


def test_missing_values_are_left_out_and_said(tmp_path):
    head = "\ufefftime [day],quantity,value [mM],sd [mM]\n"
    text = head + "1,HAP,1,1\n2,HAP,NA,\n3,HAP,,1\n4,HAP,nan,NaN\n5,HAP,2,1\n"
    data = read(written(tmp_path, text))
    assert [d.value for d in data] == [1, 2]
    assert data.remarks == ("3 lines without a value left out: 3, 4, 5.",)
    pd = pytest.importorskip("pandas")
    values = ["1 mM", None, np.ma.masked, pd.NA, float("nan"), "2 mM"]
    rows = as_data([("1 day", "HAP", v) for v in values])
    assert len(rows) == 2 and rows.remarks[0] == "4 rows without a value left out: 2, 3, 4, 5."


def test_equal_rows_stay_rows_and_are_said(tmp_path):
    """Two animals may well give the same number."""
    data = read(written(tmp_path, "time [h],quantity,value [mM]\n1,HAP,5\n2,HAP,6\n1,HAP,5\n"))
    assert len(data) == 3 and data.remarks[0].startswith("equal lines: 2, 4.")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (([1, 2], "HAP", "1 mM"), "row 1: time"),
        (("1 day", "HAP", [1.0, 2.0]), "row 1: value"),
        (("1 day", "HAP", "1 mM", {"a": 1}), "row 1: standard deviation"),
        (("1 day", 5, "1 mM"), "quantity"),
        (17, "row 1"),
    ],
)
def test_wrong_kinds_of_values_in_rows_are_sentences(row, words):
    with pytest.raises(ConfigError, match=words):
        as_data([row])
