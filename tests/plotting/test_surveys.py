"""Scatters, parallel coordinates and survival curves show every point of a sweep, or count it."""

import re

import matplotlib
import numpy as np
import pytest
from fake_sweeps import DAY, LOAD, RADIUS, FakeAxis, hypercube, onset_grid, table_of
from matplotlib.collections import LineCollection

from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.sweeps.parallel import ABOVE
from sim.plotting.sweeps.survival import kaplan_meier

GROWTH = FakeAxis("growth.rate", 1e-9, 1e-6, "m s-1", log=True)


def drawn(ax, label):
    (found,) = [a for a in [*ax.collections, *ax.lines] if a.get_label() == label]
    return found


def legend(ax):
    return [t.get_text() for t in ax.get_legend().get_texts()]


def bar_label(ax):
    return next(a for a in ax.child_axes if a.get_label() == "colour bar").get_ylabel()


def test_a_scatter_has_each_point_where_its_numbers_are():
    table = hypercube()
    ax = plot.scatter(table, "lesion.radius", "onset", colour="acid.load")
    onset = table.measure("onset")
    good = np.isfinite(onset)
    dots = drawn(ax, "_numbers")
    assert np.asarray(dots.get_offsets())[:, 0] == pytest.approx(1e3 * table.inputs("lesion.radius")[good])
    assert np.asarray(dots.get_offsets())[:, 1] == pytest.approx(onset[good] / DAY)
    assert np.asarray(dots.get_array()) == pytest.approx(table.inputs("acid.load")[good])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("lesion radius [mm]", "onset [days]")
    assert bar_label(ax) == "acid load [mM]"
    assert ax.get_xscale() == "log"


def test_what_has_no_height_stands_above_the_frame():
    table = hypercube()
    ax = plot.scatter(table, "lesion.radius", "onset")
    never = np.isinf(table.measure("onset"))
    dots = drawn(ax, f"onset: never ({never.sum()})")
    assert dots.get_xdata() == pytest.approx(1e3 * table.inputs("lesion.radius")[never])
    assert (dots.get_ydata() > 1).all()  # of the axes, not of the data
    assert dots.get_window_extent().y0 > ax.bbox.y1
    for status in ("failed", "timed out"):
        count = (table.status == status).sum()
        assert len(drawn(ax, f"{status} ({count})").get_xdata()) == count
    total = sum(len(c.get_offsets()) for c in ax.collections) + sum(len(x.get_xdata()) for x in ax.lines)
    assert total == len(table.rows)


def test_a_scatter_of_two_measures_counts_what_it_cannot_place():
    table = onset_grid()
    ax = plot.scatter(table, "onset", "mineral")
    assert f"{(table.status == 'failed').sum()} failed, without either number" in legend(ax)
    never = np.isinf(table.measure("onset")).sum()
    assert len(drawn(ax, f"onset: never ({never})").get_xdata()) == never


def test_a_scatter_of_two_axes_tells_never_and_failed_from_numbers():
    table = hypercube()
    ax = plot.scatter(table, "lesion.radius", "acid.load", colour="onset")
    never = int(np.isinf(table.measure("onset")).sum())
    assert len(drawn(ax, f"onset: never ({never})").get_offsets()) == never
    assert np.isfinite(drawn(ax, "_numbers").get_array()).all()
    failed = drawn(ax, f"failed ({(table.status == 'failed').sum()})")
    assert failed.get_array() is None


def test_words_have_signs_and_shades():
    table = table_of(
        {"a": [1.0, 2.0, 3.0, 4.0], "law": ["slow", "fast", "slow", "fast"]},
        {"m": [1.0, 2, 3, 4]},
        {"m": "m"},
    )
    ax = plot.scatter(table, "a", "m", colour="law")
    assert legend(ax) == ["law = slow", "law = fast"]
    assert np.asarray(drawn(ax, "law = fast").get_offsets())[:, 0].tolist() == [2.0, 4.0]
    ax = plot.scatter(table, "law", "m")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["slow", "fast"]


def lines_of(ax, label):
    return [np.asarray(s) for s in drawn(ax, label).get_segments()]


def test_parallel_lines_meet_each_axis_at_the_value_of_the_point():
    table = hypercube(axes=(RADIUS, LOAD, GROWTH))
    ax = plot.parallel(table, ["mineral", "onset"], colour="mineral")
    good = table.status == "finished"
    lines = lines_of(ax, "_numbers")
    assert len(lines) == good.sum()
    radius = np.log10(table.inputs("lesion.radius"))
    expected = (radius - radius.min()) / np.ptp(radius)
    assert [line[0, 1] for line in lines] == pytest.approx(expected[good])
    load = table.inputs("acid.load")
    assert [line[1, 1] for line in lines] == pytest.approx(((load - load.min()) / np.ptp(load))[good])
    onset = table.measure("onset")[good]
    last = np.array([line[4, 1] for line in lines])
    assert last[np.isinf(onset)] == pytest.approx(ABOVE)
    assert last[np.isfinite(onset)].max() == pytest.approx(1.0)
    assert [t.get_text() for t in ax.get_xticklabels()] == [
        "lesion\nradius\n[mm]", "acid load\n[mM]", "growth rate\n[m s$^{-1}$]",
        "mineral\n[mM]", "onset\n[days]",
    ]  # fmt: skip
    assert "never" in [t.get_text() for t in ax.texts]


def test_failed_points_are_dashed_and_end_where_their_numbers_end():
    table = hypercube(axes=(RADIUS, LOAD, GROWTH))
    ax = plot.parallel(table, "mineral")
    failed = drawn(ax, "_failed")
    assert len(failed.get_segments()) == (table.status == "failed").sum()
    assert failed.get_linestyle()[0][1] is not None  # dashed
    assert failed.get_array() is None
    for line in failed.get_segments():
        assert np.isfinite(line[:3]).all()
        assert np.isnan(line[3:, 1]).all()


def test_lines_coloured_by_an_onset_show_those_that_never_did():
    table = hypercube()
    ax = plot.parallel(table, "onset")
    never = np.isinf(table.measure("onset")).sum()
    assert len(lines_of(ax, "_never")) == never
    assert f"onset: never ({never})" in legend(ax)


def test_kaplan_meier_gives_the_published_remissions():
    """6-MP arm of Freireich et al. 1963, weeks; the estimate as printed in every textbook since."""
    came = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    left = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    onset = np.array([*came, *[np.inf] * len(left)], dtype=float)
    end = np.array([*came, *left], dtype=float)
    found = kaplan_meier(onset, end)
    assert found.times.tolist() == [0, 6, 7, 10, 13, 16, 22, 23]
    assert found.at_risk.tolist() == [21, 21, 17, 15, 12, 11, 7, 6]
    assert found.share == pytest.approx([1, 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=6e-4)


def test_survival_falls_by_one_point_at_each_onset():
    onset = np.array([1.0, 2.0, np.inf, 4.0, 0.0]) * DAY
    table = table_of(
        {"a": [1.0, 2, 3, 4, 5]}, {"onset": onset}, {"onset": "s"}, ["finished"] * 4 + ["failed"]
    )
    table.measures["onset"] = onset  # a failed point keeps what its trajectory gave so far
    ax = plot.survival(table, "onset", end="10 day")
    x, y = ax.lines[0].get_data()
    assert x.tolist() == [0, 1, 2, 4, 10]
    assert y == pytest.approx([1, 0.75, 0.5, 0.25, 0.25])
    assert legend(ax) == ["n = 4; 1 failed, left out"]
    assert drawn(ax, "_ends").get_xydata().tolist() == [[10.0, 0.25]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time [days]", "share without mineral [-]")


def test_survival_by_an_axis_has_a_curve_for_each_level_or_third():
    table = onset_grid()
    ax = plot.survival(table, "onset", by="acid.load", end="28 day")
    assert len(ax.lines) >= 3
    assert ax.get_legend().get_title().get_text() == "acid load [mM]"
    numbers = [int(re.search(r"n = (\d+)", t)[1]) for t in legend(ax)]
    assert sum(numbers) == np.isfinite(table.measure("mineral")).sum()
    few = table_of({"law": ["a", "b"] * 4}, {"onset": np.arange(8.0) * DAY}, {"onset": "s"})
    ax = plot.survival(few, "onset", by="law")
    assert legend(ax) == ["a (n = 4)", "b (n = 4)"]


def test_runs_of_different_length_leave_at_their_own_end():
    days = np.array([2.0, 10.0, 10.0, 10.0])
    onset = np.array([np.inf, 4.0, 8.0, np.inf]) * DAY
    table = table_of({"duration": days * DAY}, {"onset": onset}, {"duration": "s", "onset": "s"})
    ax = plot.survival(table, "onset")
    assert ax.lines[0].get_ydata() == pytest.approx([1, 2 / 3, 1 / 3, 1 / 3])  # three were left on day 4


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (lambda t: plot.scatter(t, "lesion.radius", "onse"), "Did you mean 'onset'"),
        (lambda t: plot.scatter(t, "lesion.radius", "onset", colour="acid"), "colour = 'acid' is neither"),
        (lambda t: plot.parallel(t, ["mineral", "onst"]), "measures = 'onst' is not a measure"),
        (lambda t: plot.survival(t, "mineral"), "is not in time but in mM"),
        (lambda t: plot.survival(t, "onset", by="load"), "by = 'load' is not an axis"),
        (lambda t: plot.survival(t, "onset", end="1 day"), "onsets come after end = '1 day'"),
        (lambda t: plot.survival(None, "onset"), "not a NoneType"),
    ],
)
def test_slips_are_answered_with_a_sentence(picture, words):
    with pytest.raises(ConfigError, match=words):
        picture(onset_grid())


def test_a_scatter_without_any_finite_number_says_so():
    table = table_of({"a": [1.0, 2.0]}, {"onset": [np.inf, np.inf]}, {"onset": "s"})
    with pytest.raises(ConfigError, match=r"onset is not finite at any point \(never or none\)"):
        plot.scatter(table, "a", "onset")
    with pytest.raises(ConfigError, match="give end='28 day'"):
        plot.survival(table, "onset")
    ax = plot.survival(table, "onset", end="28 day")
    assert ax.lines[0].get_ydata().tolist() == [1.0, 1.0]
    lonely = table_of({"a": [1.0, 1.0]}, {"m": [1.0, 2.0]}, {})
    with pytest.raises(ConfigError, match="at least two axes or measures"):
        plot.parallel(lonely)


def test_they_draw_on_the_axes_given_and_leave_settings_alone():
    import matplotlib.pyplot as plt

    before = dict(matplotlib.rcParams)
    table = hypercube(40)
    for picture in (
        lambda ax: plot.scatter(table, "lesion.radius", "onset", ax=ax),
        lambda ax: plot.parallel(table, ax=ax),
        lambda ax: plot.survival(table, "onset", ax=ax),
    ):
        _, mine = plt.subplots()
        assert picture(mine) is mine
    assert dict(matplotlib.rcParams) == before
    assert isinstance(drawn(plot.parallel(table, "mineral"), "_numbers"), LineCollection)
