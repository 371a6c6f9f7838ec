"""Calibration: exact for lines, honest over many noisy data sets, plain about what data do not tell."""

import re

import numpy as np
import pytest
from scipy import stats

import sim
from sim import plotting as plot
from sim.calibration import Data, Datum, Free, RunFailed, calibrate, fit, shipped
from sim.errors import ConfigError, ParameterError, RangeWarning, ScenarioError

TIMES = np.linspace(0.5, 8, 8)


def data_of(values, sd=None, quantity="u"):
    return Data(tuple(Datum(t, quantity, float(v), "1", sd) for t, v in zip(TIMES, values, strict=True)))


def uptake(v):
    """A share A taken up at rate k."""
    return v[0] * (1 - np.exp(-v[1] * TIMES))


UPTAKE = (Free("A", 2.0, 0.01, 100.0, True), Free("k", 0.7, 0.001, 100.0, True))
TRUE = np.array([3.0, 0.4])


def noisy(predict, true, sd, seed):
    y = np.asarray(predict(true))
    return y + sd * np.random.default_rng(seed).normal(size=y.size)


def line(v):
    return v[0] + v[1] * TIMES


LINE = (Free("a", 0.0, -50.0, 50.0), Free("b", 0.0, -20.0, 20.0))
DESIGN = np.stack([np.ones_like(TIMES), TIMES], axis=1)


@pytest.mark.parametrize("sd", [0.3, None])
def test_a_line_is_fitted_as_the_normal_equations_say(sd):
    """Value, covariance, t or normal intervals and profiles of linear least squares have closed forms."""
    y = noisy(line, [1.0, 2.0], 0.3, 1)
    found = fit(line, data_of(y, sd), LINE, starts=2)
    value, *_ = np.linalg.lstsq(DESIGN, y, rcond=None)
    dof = TIMES.size - 2
    variance = sd**2 if sd else float(((DESIGN @ value - y) ** 2).sum()) / dof
    covariance = variance * np.linalg.inv(DESIGN.T @ DESIGN)
    half = (stats.norm.ppf(0.975) if sd else stats.t.ppf(0.975, dof)) * np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(found.values, value, rtol=1e-6)
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-6)
    np.testing.assert_allclose(found.intervals, np.stack([value - half, value + half], axis=1), rtol=1e-6)
    # the profile of a line is the same parabola
    ends = [(found.profile(n).low, found.profile(n).high) for n in found.names]
    np.testing.assert_allclose(ends, found.intervals, rtol=1e-4)
    assert found.identifiable and not found.failures
    np.testing.assert_allclose(found.predictions, DESIGN @ value, rtol=1e-6)


def inside(intervals, true):
    return (intervals[:, 0] <= true) & (true <= intervals[:, 1])


@pytest.mark.parametrize("known", [True, False])
def test_intervals_hold_the_truth_as_often_as_they_say(known):
    """400 data sets; bounds are the 0.1 % and 99.9 % quantiles of a binomial of 95 %."""
    held = np.zeros(2)
    for seed in range(400):
        data = data_of(noisy(uptake, TRUE, 0.15, seed), 0.15 if known else None)
        held += inside(fit(uptake, data, UPTAKE, starts=1, profiles=False).intervals, TRUE)
    low, high = stats.binom.ppf([1e-3, 1 - 1e-3], 400, 0.95)
    assert ((held >= low) & (held <= high)).all(), held


@pytest.mark.parametrize("known", [True, False])
def test_profiles_hold_the_truth_as_often_as_they_say(known):
    held, count = np.zeros(2), 150
    for seed in range(count):
        data = data_of(noisy(uptake, TRUE, 0.15, seed + 1000), 0.15 if known else None)
        found = fit(uptake, data, UPTAKE, starts=1)
        held += inside(np.array([(found.profile(n).low, found.profile(n).high) for n in found.names]), TRUE)
    low, high = stats.binom.ppf([1e-3, 1 - 1e-3], count, 0.95)
    assert ((held >= low) & (held <= high)).all(), held


def test_profiles_end_where_the_refitted_excess_meets_the_threshold():
    """Against a slow profile: the linear parameter solved for exactly, on a fine grid of the other."""
    y = noisy(uptake, TRUE, 0.4, 3)
    found = fit(uptake, data_of(y, 0.4), UPTAKE)
    k = np.geomspace(0.05, 5, 200_001)
    shape = 1 - np.exp(-k[:, None] * TIMES)
    best = (shape @ y) / (shape**2).sum(axis=1)
    cost = ((y - best[:, None] * shape) ** 2).sum(axis=1) / 0.4**2
    good = k[cost - cost.min() <= stats.chi2.ppf(0.95, 1)]
    profile = found.profile("k")
    np.testing.assert_allclose([profile.low, profile.high], [good[0], good[-1]], rtol=3e-3)
    assert profile.bounded and np.all(np.diff(profile.values) > 0)
    # the interval of the linearisation is elsewhere: the test would not pass with it
    assert abs(np.log(found.intervals[1] / [good[0], good[-1]])).max() > 0.02


def test_the_optimum_is_the_best_of_all_runs():
    seen = []

    def bumpy(v):
        y = line(v) + 3 * np.sin(5 * v[0])  # many minima
        seen.append((float(((y - target) ** 2).sum()), tuple(v)))
        return y

    target = noisy(line, [1.0, 2.0], 0.3, 1)
    found = fit(bumpy, data_of(target, 1.0), LINE, starts=3)
    assert found.cost == pytest.approx(min(seen)[0], rel=1e-12)
    assert tuple(found.values) == min(seen)[1]
    assert found.runs == len(seen)


def test_more_starts_find_the_deeper_minimum():
    """Two minima, at 1 (deep) and 40; a search from 45 stays at 40."""

    def two(v):
        return np.full(TIMES.size, min((v[0] - 1) ** 2, 1 + (v[0] - 40) ** 2) ** 0.5)

    free = (Free("x", 45.0, 0.0, 50.0),)
    alone = fit(two, data_of(np.zeros(8), 1.0), free, starts=1, profiles=False)
    several = fit(two, data_of(np.zeros(8), 1.0), free, starts=8, profiles=False)
    assert alone["x"] == pytest.approx(40, abs=0.1)
    assert several["x"] == pytest.approx(1, abs=0.1)
    assert "of 8 starts end at the best fit" in repr(several)


def test_a_profile_that_finds_a_better_fit_moves_the_optimum():
    """One start ends in the wrong valley; walking along x crosses into the deep one."""

    def valley(v):
        x = v[0]
        return np.array([0.2 * (x - 3) + 0.5 * np.sin(2.5 * (x - 3)), 0.05 * (x - 3)])

    data = Data(tuple(Datum(float(k), "u", 0.0, "1", 0.4) for k in range(2)))
    found = fit(valley, data, (Free("x", 5.3, -20.0, 30.0),), starts=1)
    assert found["x"] == pytest.approx(3.0, abs=1e-3)
    assert found.starts[0].end[0] == pytest.approx(5.1, abs=0.1)


def test_failed_runs_are_counted_and_never_fitted_to():
    """Runs fail above k = 0.5: the fit still finds the minimum below, and says how many failed."""

    def fragile(v):
        if v[1] > 0.5:
            raise RunFailed("the step became too small.")
        return uptake(v)

    free = (UPTAKE[0], Free("k", 0.1, 0.001, 100.0, True))
    data = data_of(noisy(uptake, TRUE, 0.02, 2), 0.02)
    found = fit(fragile, data, free, starts=6)
    plain = fit(uptake, data, free, starts=6)
    np.testing.assert_allclose(found.values, plain.values, rtol=1e-4)
    assert found.failures and all(f.values[1] > 0.5 for f in found.failures)
    assert f"{len(found.failures)} failed: the step became too small." in repr(found)
    assert any(np.isnan(s.cost) for s in found.starts) and "could not be run" in repr(found)


def test_where_runs_fail_the_profile_is_open():
    def fragile(v):
        if v[1] > 0.45:
            raise RunFailed("the step became too small.")
        return uptake(v)

    free = (UPTAKE[0], Free("k", 0.3, 0.001, 100.0, True))
    found = fit(fragile, data_of(uptake(TRUE), 0.4), free, starts=1)
    assert "runs fail beyond 0.4" in found.profile("k").open_high
    assert (
        found.verdicts["k"].word == "not identifiable" and "not bounded above" in found.verdicts["k"].reason
    )


def test_a_model_that_never_runs_is_a_sentence():
    def never(v):
        raise RunFailed("no steady state.")

    with pytest.raises(ConfigError, match="none of 3 runs could be used; the first said: no steady state"):
        fit(never, data_of(np.ones(8), 1.0), UPTAKE, starts=3)


def test_a_redundant_pair_is_named_with_what_is_identifiable():
    """Only a b^2 matters. Its estimate and interval are those of a model with that one parameter."""

    def product(v):
        return v[0] * v[1] ** 2 * TIMES

    free = (Free("a", 1.0, 0.01, 100.0, True), Free("b", 1.0, 0.01, 100.0, True))
    y = noisy(product, [2.0, 1.5], 0.1, 1)
    found = fit(product, data_of(y, 0.1), free)
    verdict = found.verdicts["a"]
    assert verdict == found.verdicts["b"] and verdict.word == "not identifiable"
    assert "a and b cannot be told apart" in verdict.reason
    assert abs(found.correlation[0, 1]) > 0.999
    one = fit(lambda v: v[0] * TIMES, data_of(y, 0.1), (Free("c", 1.0, 0.01, 100.0, True),))
    said = re.search(r"Identifiable is a\^0\.5 b = (\S+) \((\S+) to (\S+) SI\)", verdict.reason).groups()
    expected = np.sqrt([one["c"], *one.intervals[0]])
    np.testing.assert_allclose(np.array(said, float), expected, rtol=1e-3)
    assert not found.identifiable
    assert found.values[0] * found.values[1] ** 2 == pytest.approx(one["c"], rel=1e-5)
    assert np.isinf(found.standard_errors).all()


def test_a_redundant_pair_among_others_is_found():
    def model(v):
        return v[0] * v[1] * TIMES + v[2]

    free = tuple(Free(n, 1.0, 0.01, 100.0, True) for n in "abc")
    found = fit(model, data_of(noisy(model, [2.0, 1.5, 4.0], 0.1, 1), 0.1), free)
    words = {n: v.word for n, v in found.verdicts.items()}
    assert words == {"a": "not identifiable", "b": "not identifiable", "c": "identifiable"}
    assert "a b = " in found.verdicts["a"].reason


def test_three_that_act_as_one_are_named_together():
    free = tuple(Free(n, 1.0, 0.01, 100.0, True) for n in "abc")
    found = fit(lambda v: v[0] * v[1] / v[2] * TIMES, data_of(3 * TIMES, 0.1), free)
    assert "a, b and c cannot be told apart" in found.verdicts["b"].reason
    assert "c^-1" in found.verdicts["b"].reason


def test_a_strong_correlation_with_bounded_profiles_is_a_note_only():
    """A line seen far from its origin: intercept and slope are correlated by more than 0.99, yet known."""
    far = TIMES / 20 + 20

    def model(v):
        return v[0] + v[1] * far

    free = (Free("a", 0.0, -1000.0, 1000.0), Free("b", 1.0, -100.0, 100.0))
    found = fit(model, data_of(noisy(model, [1.0, 2.0], 0.01, 1), 0.01), free)
    assert abs(found.correlation[0, 1]) > 0.99 and found.identifiable
    assert any("identifiable but hardly apart" in n for n in found.notes)


def test_a_parameter_that_does_nothing_is_said_to():
    found = fit(lambda v: v[0] * TIMES, data_of(2 * TIMES, 0.1), UPTAKE)
    assert found.verdicts["k"].reason == "the data do not feel k at all."
    assert found.verdicts["A"].word == "identifiable"


def test_a_flat_profile_is_said_to_be_flat():
    """The rate of an uptake that is over before the first number: any fast one will do."""
    free = (Free("A", 2.0, 0.01, 100.0, True), Free("k", 30.0, 10.0, 1000.0, True))
    found = fit(uptake, data_of(uptake([3.0, 30.0]), 0.1), free)
    assert found.profile("k").flat and "flat" in found.verdicts["k"].reason
    assert found.verdicts["A"].word == "identifiable"


def test_without_profiles_a_wide_interval_decides():
    free = (Free("A", 2.0, 0.01, 100.0, True), Free("k", 30.0, 10.0, 1000.0, True))
    found = fit(uptake, data_of(uptake([3.0, 15.0]), 0.1), free, profiles=False)
    assert found.verdicts["k"].word == "not identifiable" and "wider than its bounds" in repr(found)
    assert found.profile("k").flat  # traced now


def test_a_parameter_bounded_on_one_side_is_said_to_be():
    free = (Free("A", 2.0, 0.01, 100.0, True), Free("k", 3.0, 0.001, 1000.0, True))
    found = fit(uptake, data_of(uptake([3.0, 6.0]), 0.1), free)
    profile = found.profile("k")
    assert profile.open_high and not profile.open_low
    assert "at least" in found.verdicts["k"].reason


def test_a_parameter_at_its_bound_has_no_error():
    free = (UPTAKE[0], Free("k", 0.1, 0.001, 0.2, True))
    found = fit(uptake, data_of(noisy(uptake, TRUE, 0.05, 1), 0.05), free)
    assert found["k"] == pytest.approx(0.2, rel=1e-12)
    assert "ended at its upper bound 0.2" in found.verdicts["k"].reason
    assert np.isnan(found.standard_errors[1]) and np.isfinite(found.standard_errors[0])


@pytest.mark.parametrize("spare", [0, 1])
def test_a_fit_without_a_number_to_spare_claims_no_confidence(spare):
    """Its residuals are rounding: no chi square is told of them. One number more, and there is one.

    The range is the deviation carried over: of a line through two points, exactly theirs."""
    at = np.array([0.0, 10.0, 20.0])[: 2 + spare]
    data = Data(tuple(Datum(float(t), "u", 1.0 + 0.2 * t, "1", 0.3) for t in at))
    found = fit(lambda v: v[0] + v[1] * at, data, LINE, starts=1)
    said = " ".join(repr(found).split())
    assert bool(re.search(r"├─ chi square \S+ with 1 degree of freedom, chance", said)) == bool(spare)
    assert ("no chi square: 2 parameters, 2 numbers, none left to judge by" in said) == (not spare)
    assert ("no interval of confidence follows from 2 numbers for 2 parameters" in said) == (not spare)
    assert ("95 %" in said) == bool(spare) and ("deviations carried over" in said) == (not spare)
    bar = [line.get_label() for line in plot.profile(found, "a").get_lines()]
    assert ("95 % interval" in bar) == bool(spare) and ("deviations carried over" in bar) == (not spare)
    if not spare:
        half = stats.norm.ppf(0.975) * np.array([0.3, 0.3 * np.sqrt(2) / 10])
        middle = np.array([1.0, 0.2])
        np.testing.assert_allclose(found.intervals, np.stack([middle - half, middle + half], 1), rtol=1e-5)
        assert np.isnan(found.p_value)


def test_as_many_numbers_as_parameters_without_deviations_tell_no_uncertainty():
    data = Data((Datum(1.0, "u", 1.0), Datum(4.0, "u", 2.2)))

    def model(v):
        return v[0] * (1 - np.exp(-v[1] * np.array([1.0, 4.0])))

    found = fit(model, data, UPTAKE)
    assert "no uncertainty follows from 2 numbers for 2 parameters" in repr(found)
    assert {v.word for v in found.verdicts.values()} == {"no uncertainty"} and not found.identifiable
    assert np.isnan(found.standard_errors).all() and np.isnan(found.intervals).all()
    np.testing.assert_allclose(found.predictions, data.values, rtol=1e-6)
    with pytest.raises(ConfigError, match="no profile of A"):
        found.profile("A")


def test_with_their_deviations_the_same_two_numbers_have_intervals():
    data = Data((Datum(1.0, "u", 1.0, "1", 0.05), Datum(4.0, "u", 2.2, "1", 0.1)))
    found = fit(lambda v: v[0] * (1 - np.exp(-v[1] * np.array([1.0, 4.0]))), data, UPTAKE)
    assert np.isfinite(found.intervals).all() and found.identifiable


def test_fewer_numbers_than_parameters_are_not_enough():
    data = Data((Datum(1.0, "u", 1.0, "1", 0.1),))
    found = fit(lambda v: v[:1] * (1 - np.exp(-v[1:])), data, UPTAKE)
    assert "1 numbers cannot determine 2 parameters" in repr(found) and not found.identifiable


def test_a_poor_fit_is_called_poor():
    found = fit(line, data_of(10 * np.sin(3 * TIMES), 0.1), LINE, starts=1)
    assert "larger than the standard deviations say" in repr(found)
    assert found.p_value == pytest.approx(stats.chi2.sf(found.cost, 6))


def test_weights_follow_the_standard_deviations():
    """Two values of one constant: the weighted mean, and its standard error."""
    data = Data((Datum(1.0, "u", 1.0, "1", 0.1), Datum(2.0, "u", 2.0, "1", 0.2)))
    found = fit(lambda v: np.repeat(v, 2), data, (Free("c", 1.0, 0.0, 5.0),))
    assert found["c"] == pytest.approx((1 / 0.01 + 2 / 0.04) / (1 / 0.01 + 1 / 0.04), rel=1e-6)
    assert found.standard_errors[0] == pytest.approx((1 / 0.01 + 1 / 0.04) ** -0.5, rel=1e-6)


def test_proportional_errors_weight_by_the_value():
    data = Data((Datum(1.0, "u", 1.0), Datum(2.0, "u", 3.0), Datum(3.0, "u", 100.0)))
    found = fit(lambda v: np.repeat(v, 3), data, (Free("c", 1.0, 0.1, 500.0),), errors="proportional")
    w = 1 / data.values**2
    assert found["c"] == pytest.approx((w * data.values).sum() / w.sum(), rel=1e-5)


def test_the_table_of_a_calibration_is_in_customary_units():
    free = (Free("A", 2.0, 0.01, 100.0, True), Free("k", 0.7, 0.001, 100.0, True, "1/min"))
    found = fit(uptake, data_of(noisy(uptake, TRUE, 0.1, 1), 0.1), free)
    frame = found.to_dataframe()
    assert frame.loc["k", "value"] == pytest.approx(60 * found["k"])
    assert frame.loc["k", "standard_error"] == pytest.approx(60 * found.standard_errors[1])
    assert frame.loc["k", "profile_low"] == pytest.approx(60 * found.profile("k").low)
    assert f"{60 * found['k']:.5g}" in repr(found) and "1/min" in repr(found)
    assert found.profile("k").to_dataframe()["excess"].min() == 0


NAMES = ["nucleation.f_elastin", "capsule.thickness"]


@pytest.fixture(scope="module")
def elastin():
    return sim.scenario("elastin_implant_rat")


def test_the_elastin_implant_is_recovered_from_a_start_elsewhere(elastin):
    """From below and from above; the value stored with the processes is fitted to other numbers as well."""
    name = NAMES[0]
    data = shipped("elastin_implant_rat")
    found = calibrate(elastin, data, [name], start={name: 0.3}, starts=1, rtol=1e-5)
    above = calibrate(elastin, data, [name], start={name: 0.7}, starts=1, rtol=1e-5, profiles=False)
    assert found[name] == pytest.approx(above[name], rel=5e-4)
    assert found[name] == pytest.approx(elastin.parameters.si(name), rel=0.03)
    np.testing.assert_allclose(found.predictions, [89.7e-3], rtol=1e-6)
    assert "no uncertainty follows from 1 number" in repr(found)
    changed = found.scenario.parameters[name]
    assert changed.si == found[name] and changed.confidence == "fitted"
    assert "elastin_implant_rat.csv" in changed.note
    again = sim.simulate(found.scenario, times=["0 day", "21 day"])
    inside = again["layer"].values == "implant"
    assert again["Ca_per_dry_mass"].values[-1][inside].mean() == pytest.approx(89.7e-3, rel=1e-4)


def test_known_parameters_are_recovered_from_noisy_uptake(elastin):
    """A coarse implant simulated at known values, five per cent of noise on six numbers."""
    coarse = elastin.with_resolution(0.3)
    true = {NAMES[0]: 0.58, NAMES[1]: 0.8e-3}
    days = ["12 h", "1 day", "2 day", "5 day", "12 day", "21 day"]
    result = sim.simulate(coarse.with_parameters(true), times=days, rtol=1e-6)
    exact = sim.measures.mean("Ca_per_dry_mass", "implant").curve(result).values
    noise = 1 + 0.05 * np.random.default_rng(5).normal(size=6)
    rows = [
        (d, "Ca_per_dry_mass in implant", v, 0.05 * e)
        for d, v, e in zip(days, exact * noise, exact, strict=True)
    ]
    found = calibrate(coarse, rows, NAMES, starts=1)
    z = (np.log(found.values) - np.log(list(true.values()))) / found.spread.standard_errors
    assert np.abs(z).max() < 3
    assert found.identifiable and found.p_value > 0.001
    for name, value in true.items():
        profile = found.profile(name)
        assert profile.low < value < profile.high
    assert not found.failures


ROW = ("7 day", "Ca_per_dry_mass", "23.8 ug/mg")


@pytest.mark.parametrize(
    ("data", "parameters", "options", "error", "words"),
    [
        ([ROW], [], {}, ParameterError, "name at least one"),
        ([ROW], ["capsule.thicknes"], {}, ScenarioError, "Did you mean 'capsule.thickness'"),
        ([ROW], [NAMES[0], NAMES[0]], {}, ParameterError, "named twice"),
        ([ROW], {NAMES[0]: (0.9, 0.2)}, {}, ParameterError, "0.9 and 0.2 cross"),
        ([ROW], {NAMES[1]: ("1 mM", "2 mM")}, {}, ParameterError, "dimension of a concentration"),
        ([ROW], {NAMES[0]: (0.7, 0.9)}, {}, ParameterError, r"would start at 0\.6\d*, outside"),
        ([ROW], {NAMES[0]: (0.0, 0.9, "log")}, {}, ParameterError, "cannot be searched in the logarithm"),
        ([ROW], NAMES, {"bounds": {"x": (1, 2)}}, ParameterError, "bounds: 'x' is not among"),
        ([ROW], NAMES, {"starts": 0}, ConfigError, "starts = 0"),
        ([ROW], NAMES, {"confidence": 95}, ConfigError, "confidence = 95"),
        ([ROW], NAMES, {"errors": "relative"}, ConfigError, "errors = 'relative'"),
        ([], NAMES, {}, ConfigError, "holds no numbers"),
        ([("30 day", *ROW[1:])], NAMES, {}, ConfigError, "only to 21 days; lengthen it"),
        ([("7 day", "mean Ca_per_dry_mas", "1 ug/mg")], NAMES, {}, ConfigError, "Did you mean 'Ca_per_dry"),
        ([("7 day", "peak HAP in implnt", "7 mM")], NAMES, {}, ConfigError, "Did you mean 'implant'"),
        ([("7 day", "lowest pH", "7")], NAMES, {}, ConfigError, "'lowest pH' is not understood"),
        ([("7 day", "HAP", "7 ug/mg")], NAMES, {}, ConfigError, "is in 'ug/mg'; the simulation has"),
        ([ROW, (*ROW, "1 ug/mg")], NAMES, {}, ConfigError, "1 of 2 numbers have no standard deviation"),
        ([("7 day", "HAP")], NAMES, {}, ConfigError, "data, row 1"),
        ([(*ROW, "0 ug/mg")], NAMES, {}, ConfigError, "must be positive"),
        (17, NAMES, {}, ConfigError, "17 is no data"),
        ([ROW], ["geometry"], {}, ParameterError, "geometry takes words"),
        ([ROW], {"implant.cells": (3, 9)}, {}, ParameterError, "takes whole numbers"),
        ([ROW], {"initial.Ca": ("1 mM", "2 mM")}, {}, ParameterError, "has no value in"),
        ([ROW], ["duration"], {}, ParameterError, "no range of its own"),
    ],
)
def test_impossible_requests_are_refused_in_words(elastin, data, parameters, options, error, words):
    with pytest.raises(error, match=words):
        calibrate(elastin.with_resolution(0.1), data, parameters, **options)


def test_bounds_beyond_the_range_of_a_parameter_are_warned_of(elastin):
    with pytest.warns(RangeWarning, match="f_elastin"):
        calibrate(
            elastin.with_resolution(0.1), [ROW], {NAMES[0]: (0.05, 0.9)}, starts=1, profiles=False, rtol=1e-4
        )


def test_the_time_of_an_intervention_can_be_calibrated():
    """u decays at k and is set to 1 mM at s: u(t) = exp(-k (t - s)), so one number tells s."""

    def decay(u, k):
        return k * u

    model = sim.Model(
        (sim.Species("u", diffusivity=1e-9),),
        (sim.Process("loss", decay, {"u": -1}, {"k": sim.Parameter(1e-5, "1/s")}),),
    )
    wash = sim.Intervention("10 hour", state={"u": "1 mM"}, label="wash")
    base = sim.Scenario(
        "decay", model, "well_mixed", outer="closed", duration="1 day", interventions=(wash,),
        parameters={"tissue.u": "2 mM"},
    )  # fmt: skip
    true = 6 * 3600.0
    rows = [("20 hour", "u", f"{np.exp(-1e-5 * (20 * 3600 - true))} mM")]
    found = calibrate(base, rows, {"wash.at": ("1 hour", "19 hour")}, starts=1, profiles=False, rtol=1e-9)
    assert found["wash.at"] == pytest.approx(true, rel=1e-4)
    assert found.scenario.interventions[0].at == found["wash.at"]


def test_a_measure_of_ones_own_may_be_observed(elastin):
    """The core is fitted through a curve of the user's: the innermost cell."""
    core = sim.measures.Measure("core", lambda r: 0.0, lambda r: r["HAP"][:, 0])
    coarse = elastin.with_resolution(0.1)
    value = float(sim.simulate(coarse, times=["14 day"], rtol=1e-6)["HAP"][0, 0])
    found = calibrate(
        coarse, [("14 day", "core", f"{value} mM")], {NAMES[0]: (0.2, 0.9)},
        start={NAMES[0]: 0.6}, observables={"core": core}, starts=1,
    )  # fmt: skip
    assert found[NAMES[0]] == pytest.approx(elastin.parameters.si(NAMES[0]), rel=1e-4)
