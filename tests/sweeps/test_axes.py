"""Axes: values on them, units, scales, and every sentence on what cannot be an axis."""

import math

import numpy as np
import pytest

from sim.errors import ConfigError, UnitError
from sim.sweeps.design.axis import Axis


def test_text_is_read_with_its_unit():
    a = Axis.of("lesion.radius", ("0.2 mm", "5 mm"))
    assert (a.low, a.high, a.unit) == (2e-4, 5e-3, "m")
    assert Axis.of("acid.load", ["1 mM", "2000 uM"]).values == (1.0, 2.0)


def test_a_plain_number_is_si_and_its_unit_is_left_open():
    assert Axis.of("lesion.radius", (1e-3, 2e-3)).unit == ""


def test_equal_steps_of_a_linear_axis_are_equal_differences():
    values = Axis.of("x", (1.0, 5.0)).at(np.linspace(0, 1, 5))
    assert values == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_equal_steps_of_a_log_axis_are_equal_ratios():
    values = np.array(Axis.of("x", ("0.1 mm", "10 mm", "log")).at(np.linspace(0, 1, 9)))
    assert values[1:] / values[:-1] == pytest.approx(100 ** (1 / 8), rel=1e-11)  # rounded to 12 digits


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_ends_are_the_bounds_to_the_last_digit(scale):
    low, high = 0.1234567890123456, 9.876543210987654
    a = Axis.of("x", (low, high, scale))
    assert (a.at(0), a.at(1)) == (low, high)


@pytest.mark.parametrize("given", [(1.0, 4.0), (1.0, 4.0, "log"), ["affinity", "spiral", "two_activity"]])
def test_share_is_the_inverse_of_at(given):
    a = Axis.of("x", given)
    for share in (0.0, 0.3, 0.5, 0.9, 1.0):
        assert a.at(a.share(a.at(share))) == a.at(share)


def test_words_have_equal_shares():
    a = Axis.of("growth_law", ["affinity", "spiral", "two_activity"])
    counts = [a.at(np.linspace(0, 1, 3001)).count(w) for w in a.values]
    assert counts == pytest.approx([1000] * 3, abs=2)
    assert a.words


def test_seeds_stay_whole_numbers():
    values = Axis.of("seed", range(1, 4)).values
    assert values == (1, 2, 3)
    assert all(type(v) is int for v in values)
    assert Axis.of("seed", [2**64 - 1]).values == (2**64 - 1,)  # no double holds it
    assert all(type(v) is float for v in Axis.of("acid.load", [1, 2]).values)


def test_numpy_arrays_list_levels():
    assert Axis.of("x", np.array([1.0, 2.5])).values == (1.0, 2.5)


@pytest.mark.parametrize(
    "given", [(1.0, 2.0), ("1 mm", "2 mm", "log"), ["1 mM"], ["affinity", "spiral"], range(3)]
)
def test_an_axis_comes_back_from_its_table(given):
    a = Axis.of("x", given)
    assert Axis.from_table(a.table()) == a


def test_a_table_of_plain_data_is_an_axis():
    assert Axis.of("x", {"low": "1 mm", "high": "2 mm", "scale": "log"}) == Axis("x", 1e-3, 2e-3, "m", True)
    assert Axis.of("x", {"values": ["1 mm"]}).values == (1e-3,)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("5 mM", "0.2 mM"), "5 mM is not below the upper bound 0.2 mM"),
        ((5.0, 5.0), "not below the upper"),
        ((0.0, 1.0, "log"), "above zero"),
        ((-1.0, 1.0, "log"), "above zero"),
        ((1.0, 2.0, "Log"), "Did you mean 'log'"),
        ((1.0, 2.0, 3.0), "square brackets"),
        ((1.0,), "pair of bounds"),
        ((1.0, 2.0, 3.0, 4.0), "pair of bounds"),
        (("affinity", "spiral"), "words have no bounds"),
        ([], "lists no values"),
        (["1 mM", "1000 uM"], "twice"),
        (["affinity", 3.0], "a word and"),
        (["affinity", "1 mM"], "a word and"),
        ([1.0, math.nan], "not a finite number"),
        ((0.0, math.inf), "not a finite number"),
        ([True, False], "not a quantity"),
        ("1 mm", "is no axis"),
        (3.0, "is no axis"),
        (None, "is no axis"),
        ({"lo": 1.0, "high": 2.0}, "Did you mean 'low'"),
        ({"low": 1.0}, "lacks high"),
        ({"values": [1.0], "low": 0.0}, "stands alone"),
    ],
)
def test_what_cannot_be_an_axis_is_told(given, words):
    with pytest.raises(ConfigError, match="acid.load") as error:
        Axis.of("acid.load", given)
    assert words in str(error.value)


def test_two_units_on_one_axis_are_told():
    with pytest.raises(UnitError, match="a length"):
        Axis.of("x", ("1 mm", "2 mM"))


@pytest.mark.parametrize("given", [[1.5], ["one"], [1, 2.5]])
def test_seeds_that_are_no_whole_numbers_are_told(given):
    if given == ["one"]:
        assert Axis.of("seed", given).words  # a word is told when the scenario is known
        return
    with pytest.raises(ConfigError, match="whole number"):
        Axis.of("seed", given)


def test_a_share_outside_the_axis_is_told():
    with pytest.raises(ConfigError, match="from 0 to 1"):
        Axis.of("x", (0.0, 1.0)).at(1.5)
