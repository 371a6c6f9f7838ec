"""Figures of fits show the numbers that they were given."""

import matplotlib as mpl
import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.calibration import Data, Datum, Free, fit
from sim.errors import ConfigError

mpl.use("Agg")
TIMES = np.array([1.0, 2.0, 4.0, 8.0]) * 86400.0
FREE = (Free("a", 0.0, -50.0, 50.0), Free("b", 1e-6, -1.0, 1.0, unit="1/day"))


def line(v):
    return v[0] + v[1] * TIMES


@pytest.fixture(scope="module")
def found():
    y = [1.1, 2.8, 5.2, 8.9]
    data = Data(tuple(Datum(t, "mean HAP", v, "mM", 0.25) for t, v in zip(TIMES, y, strict=True)))
    return fit(line, data, FREE, starts=1)


def test_data_stand_where_they_were_measured_with_their_deviations(found):
    ax = plot.fitted(found)
    (bars,) = ax.containers
    np.testing.assert_allclose(bars[0].get_xydata(), [[1, 1.1], [2, 2.8], [4, 5.2], [8, 8.9]])
    ends = np.array([s[:, 1] for s in bars[2][0].get_segments()])
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], 0.5)
    fitted = next(x for x in ax.get_lines() if x.get_label() == "best fit")
    a, b = np.polyfit(TIMES, [1.1, 2.8, 5.2, 8.9], 1)[::-1]  # equal weights: the plain line
    np.testing.assert_allclose(fitted.get_ydata(), a + b * TIMES, rtol=1e-5)
    assert ax.get_ylabel().startswith("HAP, mean [") and ax.get_xlabel() == "time [days]"


def test_residuals_are_in_standard_deviations(found):
    ax = plot.residuals(found)
    a, b = np.polyfit(TIMES, [1.1, 2.8, 5.2, 8.9], 1)[::-1]
    expected = (a + b * TIMES - [1.1, 2.8, 5.2, 8.9]) / 0.25
    np.testing.assert_allclose(ax.get_lines()[-1].get_ydata(), expected, atol=1e-4)


def test_the_profile_of_a_line_lies_on_its_parabola_and_meets_the_threshold_at_the_interval(found):
    ax = plot.profile(found, "b")
    drawn = {x.get_label(): x for x in ax.get_lines()}
    x, y = drawn["profile"].get_data()
    error = found.standard_errors[1] * 86400
    middle = found["b"] * 86400
    inside = y < 8
    np.testing.assert_allclose(y[inside], ((x[inside] - middle) / error) ** 2, atol=0.02)
    low, high = drawn["95 % interval"].get_xdata()
    np.testing.assert_allclose([low, high], found.intervals[1] * 86400, rtol=1e-3)
    assert "threshold, 95 %: 3.84" in drawn


def test_one_page_shows_all_of_it(found):
    figure = plot.fit(found)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert "a: identifiable" in titles and "b: identifiable" in titles
    numbers = [t.get_text() for ax in figure.axes for t in ax.texts]
    assert f"{found.correlation[0, 1]:.2f}" in numbers
    with pytest.raises(ConfigError, match="a calibration is needed, not a list"):
        plot.fit([1, 2])
    with pytest.raises(ConfigError, match="Did you mean 'mean HAP'"):
        plot.fitted(found, "mean HPA")


IN_IMPLANT = "Ca_per_dry_mass in implant"


def test_the_courses_of_a_scenario_pass_the_predictions():
    rat = sim.scenario("elastin_implant_rat").with_resolution(0.1)
    rows = [
        ("7 day", IN_IMPLANT, "20 ug/mg", "2 ug/mg"),
        ("21 day", IN_IMPLANT, "80 ug/mg", "8 ug/mg"),
    ]
    fitted = sim.calibrate(
        rat, rows, ["capsule.thickness"], start={"capsule.thickness": "0.2 mm"}, starts=1, profiles=False
    )
    times, courses = fitted.courses(points=12)
    at = [int(np.argmin(np.abs(times - d.time))) for d in fitted.data]
    np.testing.assert_allclose(courses["fit"][IN_IMPLANT][at], fitted.predictions, rtol=1e-5)
    np.testing.assert_allclose(courses["start"][IN_IMPLANT][at], fitted.start_predictions, rtol=1e-5)
    again = sim.simulate(fitted.scenario, times=["0 day", "7 day", "21 day"], rtol=1e-6)
    mean = sim.measures.mean("Ca_per_dry_mass", "implant").curve(again).values[1:]
    np.testing.assert_allclose(mean, fitted.predictions, rtol=1e-4)
    lines = {x.get_label() for x in plot.fitted(fitted).get_lines()}
    assert {"start of the search", "best fit"} <= lines
