"""Figures and verdicts, by arithmetic on results and numbers made by hand."""

import math

import pytest
import xarray as xr

from sim import measures
from sim.errors import ConfigError
from sim.run.result import Result
from sim.validation.experiment import Experiment
from sim.validation.rules import Span, around_mean, around_number, margin
from sim.validation.scorecard import Judged, Scorecard, ScoreRow
from sim.validation.wanted import Reading, Wanted

NAN, INF = math.nan, math.inf


def wanted(span, kind="value", fitted=False, unit="mM"):
    return Wanted((), span, unit, kind, "calcium", ("this_work",), "seen", fitted)


def row(*judged, name="one", cause=""):
    made = Experiment(name, "D1", "An experiment", "", {}, tuple(j.wanted for j in judged), cause)
    return ScoreRow(made, tuple(judged))


@pytest.fixture
def result():
    """Mineral [mM] of two layers of 1 and 3 m3 at 0, 10 and 30 s."""
    mineral = [[0.0, 0.0], [4.0, 0.0], [8.0, 2.0]]
    data = xr.Dataset(
        {
            "HAP": (("time", "x"), mineral, {"units": "mol m-3"}),
            "pH": (("time", "x"), [[7.4, 7.4], [6.5, 7.0], [7.0, 7.2]], {"units": "1"}),
            "volume": ("x", [1.0, 3.0], {"units": "m3"}),
            "layer": ("x", ["wall", "medium"]),
        },
        {"time": [0.0, 10.0, 30.0], "x": [0.1, 0.2]},
    )
    return Result(data, {})


@pytest.mark.parametrize(
    ("reading", "number"),
    [
        (Reading("a", measures.mean("HAP"), ""), (8 + 3 * 2) / 4),
        (Reading("a", measures.mean("HAP", within="wall"), "", at=20.0), 6.0),  # half-way from 4 to 8
        (Reading("a", measures.mean("HAP", within="medium"), "", at=10.0), 0.0),
        (Reading("a", measures.mean("pH", within="wall"), "", over="least"), 6.5),
        (Reading("a", measures.peak("HAP"), "", over="most"), 8.0),
        (Reading("a", measures.mean("HAP", within="wall"), "", reaches=2.0), 5.0),
        (Reading("a", measures.mean("HAP", within="wall"), "", reaches=9.0), INF),
        (Reading("a", measures.volume("HAP", "1 mM"), "", reaches=2.0), 10 + 20 / 3),  # 1 m3, then 4
        (Reading("a", measures.lowest("pH", within="medium"), ""), 7.0),
    ],
)
def test_what_is_read_of_a_result_is_what_arithmetic_gives(result, reading, number):
    assert reading.of(result) == pytest.approx(number, rel=1e-12)


def test_one_number_a_run_has_no_course(result):
    with pytest.raises(ConfigError, match="one number a run"):
        Reading("a", measures.lowest("pH"), "", at=10.0).of(result)


@pytest.mark.parametrize(
    ("kind", "numbers", "figure"),
    [
        ("value", (3.0,), 3.0),
        ("ratio", (3.0, 2.0), 1.5),
        ("ratio", (3.0, 0.0), INF),
        ("ratio", (0.0, 0.0), NAN),
        ("ratio", (INF, INF), NAN),  # two times that do not come
        ("ratio", (4.0, INF), 0.0),
        ("order", (1.0, 2.0, 6.0), 2.0),
        ("order", (1.0, 0.5, 6.0), 0.5),
        ("order", (0.0, 0.0, 6.0), NAN),
        ("order", (0.0, 1.0, 6.0), 6.0),
        ("value", (NAN,), NAN),
    ],
)
def test_figures_of_each_kind(kind, numbers, figure):
    assert wanted(Span(), kind).figure(numbers) == pytest.approx(figure, nan_ok=True)


@pytest.mark.parametrize(
    ("span", "figure", "hairs"),
    [
        (Span(least=5.0), 5.0, 0.0),
        (Span(least=5.0), 5.0 * 1.25, 1.0),
        (Span(least=5.0), 5.0 / 1.25**2, -2.0),
        (Span(most=0.5), 0.5 / 1.25**3, 3.0),
        (Span(most=0.5), 0.0, INF),
        (Span(least=5.0), 0.0, -INF),
        (Span(least=5.0), INF, INF),
        (Span(most=5.0), INF, -INF),
        (Span(least=5.0), NAN, -INF),
        (Span(1.0, 100.0), 10.0, math.log(10) / math.log(1.25)),  # the factor is the narrower hair
        (Span(90.0, 110.0), 90.0 * (11 / 9) ** 0.1, 1.0),  # a tenth of a narrow range, in logarithms
        (Span(6.4, 6.8, logarithm=True), 6.5, 0.1 / 0.04),
        (Span(least=7.0, logarithm=True), 6.9, -0.1 / math.log10(1.25)),
        (Span(-5.0, 3.0), 0.0, INF),  # a mean less two spreads may be below nothing: no bound
        (Span(least=1.0), -2.0, -INF),
    ],
)
def test_margins_are_factors_of_bounds_or_shares_of_a_range(span, figure, hairs):
    assert margin(figure, span) == pytest.approx(hairs, rel=1e-4, abs=1e-12)
    assert span.holds(figure) == (margin(figure, span) >= 0)


def test_ranges_of_acceptance():
    assert around_mean(89.7, 9.8) == pytest.approx((70.1, 109.3))
    assert around_number(3.0) == pytest.approx((2.0, 4.5))
    assert around_number(6.47, logarithm=True) == pytest.approx((6.47 - 0.17609, 6.47 + 0.17609), abs=1e-5)


def test_an_experiment_passes_when_all_of_its_statements_hold():
    good, bad = Judged(wanted(Span(least=5.0)), 50.0), Judged(wanted(Span(most=0.5)), 20.0)
    near, missed = Judged(wanted(Span(least=5.0)), 5.5), Judged(wanted(Span(least=5.0)), 4.5)
    unrun = Judged(wanted(Span(least=5.0)), NAN, run=False)
    broken = Judged(wanted(Span(least=5.0)), NAN, "it failed")
    cases = {
        (good,): ("pass", False), (good, near): ("pass", True), (good, bad): ("FAIL", False),
        (good, missed): ("FAIL", True), (missed, bad): ("FAIL", False), (near, bad): ("FAIL", False),
        (good, unrun): ("not run", False), (bad, unrun): ("not run", False), (good, broken): ("FAIL", False),
    }  # fmt: skip
    for judged, (verdict, hair) in cases.items():
        assert row(*judged).verdict == verdict
        if verdict != "not run":
            assert row(*judged).on_a_hair == hair
    assert broken.found() == "it failed"
    assert (near.found(), unrun.found()) == ("5.5 mM", "")


def test_fitted_numbers_are_told_from_tests():
    test, fit = Judged(wanted(Span(least=5.0)), 50.0), Judged(wanted(Span(least=5.0), fitted=True), 50.0)
    assert [row(*j).use for j in ((test,), (fit, fit), (fit, test))] == ["test", "fitted", "1 of 2 fitted"]


def test_the_summary_counts_rows_hairs_fits_and_statements():
    ok, near = Judged(wanted(Span(least=5.0)), 50.0), Judged(wanted(Span(least=5.0), fitted=True), 5.5)
    bad = Judged(wanted(Span(most=0.5)), 20.0)
    card = Scorecard((row(ok), row(near, name="two"), row(ok, bad, name="three")))
    assert card.summary() == (
        "2 of 3 experiments pass, 1 of them on a hair, 1 with a number that was fitted to; "
        "3 of 4 statements hold."
    )
    assert card.verdicts() == {"one": "pass", "two": "pass", "three": "FAIL"}
    frame = card.to_dataframe()
    assert frame["verdict"].tolist() == ["pass", "pass", "pass", "FAIL"]
    assert frame["found"].tolist() == [50.0, 5.5, 50.0, 20.0]
    assert card["three"].experiment.name == "three"
    with pytest.raises(KeyError, match="Did you mean 'three'"):
        card["tree"]
