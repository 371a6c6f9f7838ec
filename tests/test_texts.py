"""Durations, lengths, sizes and numbers as a person would write them."""

import math

import pytest

from sim.texts import (
    DAY,
    YEAR,
    count_text,
    duration_text,
    length_text,
    moment_text,
    number_text,
    quantity_text,
    size_text,
    typed_time,
)
from sim.units import convert, day, year


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"), (1e-3, "0.001 s"), (59, "59 s"), (60, "1 min"), (59.9999999999, "1 min"),
        (2280, "38 min"), (9000, "2.5 h"), (86400, "1 day"), (7 * 86400, "7 days"), (700 * 86400, "700 days"),
        (3 * 31557600, "3 years"), (1234 * 31557600, "1230 years"), (math.inf, "never"),
    ],
)  # fmt: skip
def test_durations_in_a_sentence(seconds, words):
    assert duration_text(seconds) == words


def test_fewer_digits_where_a_duration_is_an_estimate():
    assert [duration_text(s, 2) for s in (12.34, 118, 12345, 183 * 86400)] == [
        "12 s", "2 min", "3.4 h", "180 days",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "start"),
        (5400, "1.5 h"),
        (86400, "1 day"),
        (7 * 86400, "7 days"),
        (2 * 31557600, "2 years"),
        (90, "1.5 min"),
    ],
)
def test_moments_beside_a_curve_are_quantities_that_can_be_read_back(seconds, words):
    assert moment_text(seconds) == words
    if seconds:
        assert convert(words, "s", "at") == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (27.375 * 86400, "27.375 days"), (2 * 31557600, "730.5 days"), (86400, "1 day"), (0.0, "0 days"),
        (8100, "2.25 h"), (1800, "30 min"), (0.25, "0.25 s"), (-2 * 86400, "-2 days"), (-1800, "-30 min"),
    ],
)  # fmt: skip
def test_times_keep_their_digits_and_can_be_read_back(seconds, words):
    assert typed_time(seconds) == words
    assert convert(words, "s", "duration") == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1, "day", "1 day"), (30, "day", "30 days"), (0.5, "week", "0.5 weeks"),
        (0.999999999, "day", "1 day"),
        (6, "hour", "6 hours"), (6, "h", "6 h"), (4, "mM", "4 mM"), (0.7, "1", "0.7"),
        (37, "degC", "37 degC"),
    ],
)  # fmt: skip
def test_units_that_are_words_have_a_plural_and_symbols_none(value, unit, words):
    assert quantity_text(value, unit) == words
    assert convert(words, unit, "it") == pytest.approx(convert(f"{value} {unit}", unit, "it"))


def test_things_are_counted():
    assert [count_text(n, "point") for n in (0, 1, 12)] == ["0 points", "1 point", "12 points"]
    assert count_text(2, "index", "indices") == "2 indices"


def test_a_day_and_a_year_are_those_of_the_units():
    assert (DAY, YEAR) == (day, year)


@pytest.mark.parametrize(
    ("metres", "words"),
    [(5e-3, "5 mm"), (2.5e-4, "250 um"), (1e-3, "1 mm"), (0.01, "10 mm"), (12.34567e-3, "12.35 mm"),
     (6.25e-5, "62.5 um")],
)  # fmt: skip
def test_lengths(metres, words):
    assert length_text(metres) == words


@pytest.mark.parametrize(
    ("size", "words"),
    [(6.3e11, "630 GB"), (2.1e9, "2.1 GB"), (3.1e8, "310 MB"), (5e4, "50 kB"), (3e15, "3 PB")],
)
def test_sizes(size, words):
    assert size_text(size) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"), (0.012345, "0.0123"), (2871.0, "2870"), (-2871.0, "-2870"), (1e-9, "< 1e-6"),
        (1234567.0, "1.23e+06"), (math.inf, "inf"), (12.0, "12"),
    ],
)  # fmt: skip
def test_numbers(value, words):
    assert number_text(value) == words


def test_what_counts_as_nothing_is_told():
    assert number_text(3e-5, least=1e-4) == "< 0.0001"
