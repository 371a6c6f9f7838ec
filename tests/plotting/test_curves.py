"""Lines show the numbers of the dataset, with units on their axes."""

import numpy as np
import pytest
from matplotlib.axes import Axes

import sim
from sim import plotting as plot
from sim.errors import ConfigError


def test_profiles_show_the_dataset_at_the_times_asked_for(result):
    axes = plot.profiles(result, ["Ca", "P", "pH", "SI_HAP"], at=["1 h", "3 h", "6 h"])
    assert len(axes) == 4
    assert [a.get_ylabel() for a in axes] == [
        "calcium [mM]",
        "phosphate [mM]",
        "pH",
        "SI HAP [-]",
    ]
    assert axes[0].get_xlabel() == "distance from centre [mm]"
    for name, ax in zip(["Ca", "P", "pH", "SI_HAP"], axes, strict=True):
        lines = [line for line in ax.lines if len(line.get_xdata()) == 12]
        for text, line in zip(["1 h", "3 h", "6 h"], lines, strict=True):
            assert line.get_label() == text
            assert line.get_xdata() == pytest.approx(result["r"].values * 1e3)
            assert line.get_ydata() == pytest.approx(result.at(text)[name].values)


def test_one_name_gives_one_axes_and_a_given_one_is_used(result):
    import matplotlib.pyplot as plt

    _, mine = plt.subplots()
    assert plot.profiles(result, "Ca", at="1 h", ax=mine) is mine
    assert plot.course(result, "pH", ax=mine) is mine
    assert plot.budget(result, "P", ax=mine) is mine
    assert plot.kymograph(result, "Ca", ax=mine) is mine
    assert isinstance(plot.profiles(result, "Ca"), Axes)


def test_layers_are_named_and_parted_by_a_dashed_line_at_their_border(result):
    ax = plot.profiles(result, "pH")
    upright = [line for line in ax.lines if len(set(line.get_xdata())) == 1]
    assert [line.get_xdata()[0] for line in upright] == [pytest.approx(4.0)]  # lesion.radius, mm
    assert upright[0].get_linestyle() == "--"
    assert {t.get_text() for t in ax.texts} == {"lesion", "border"}


def test_calcium_per_dry_mass_is_shown_in_micrograms_per_milligram(result):
    ax = plot.profiles(result, "Ca_per_dry_mass")
    assert "µg/mg" in ax.get_ylabel()
    shown = ax.lines[0].get_ydata()
    assert shown == pytest.approx(1e3 * result["Ca_per_dry_mass"].values[-1])


def test_a_course_is_the_variable_at_a_place(result):
    ax = plot.course(result, "pH", at=["core", "edge", "lesion", "mean", "1 mm"])
    pH, volume = result["pH"].values, result["volume"].values
    inside = result["layer"].values == "lesion"
    expected = {
        "core": pH[:, 0],
        "edge": pH[:, -1],
        "lesion": pH[:, inside] @ volume[inside] / volume[inside].sum(),
        "mean": pH @ volume / volume.sum(),
        "1 mm": pH[:, np.argmin(np.abs(result["r"].values - 1.1e-3))],  # the cell from 1 mm on
    }
    found = {line.get_label(): line for line in ax.lines}
    assert set(found) == set(expected)
    for where, values in expected.items():
        assert found[where].get_ydata() == pytest.approx(values)
        assert found[where].get_xdata() == pytest.approx(result.t / 3600)
    assert ax.get_xlabel() == "time [h]"


def test_a_root_scale_of_time_keeps_the_numbers(result):
    ax = plot.course(result, "pH", at="core", clock="root")
    assert ax.get_xlabel() == "time [h], root scale"
    assert ax.lines[0].get_xdata() == pytest.approx(result.t / 3600)
    half = ax.transAxes.inverted().transform(ax.transData.transform((1.5, 7.0)))[0]
    assert half == pytest.approx(0.5)  # sqrt(1.5/6)


def test_a_stirred_cell_has_a_course_and_no_profile(stirred):
    ax = plot.course(stirred, "pH")
    assert ax.lines[0].get_ydata() == pytest.approx(stirred["pH"].values)
    for draw in (plot.profiles, plot.kymograph, plot.plane):
        with pytest.raises(ConfigError, match="a stirred cell has a course only"):
            draw(stirred, "pH")


def test_grouped_names_share_a_panel_in_their_own_colours(result):
    ax = plot.profiles(result, [("SI_HAP", "SI_OCP")], at=["1 h", "6 h"])[0]
    curves = [line for line in ax.lines if len(line.get_xdata()) == 12]
    assert [line.get_color() for line in curves[:2]] == [curves[0].get_color()] * 2
    assert curves[0].get_color() != curves[2].get_color()
    assert ax.get_ylabel() == "saturation index [-]"
    words = [t.get_text() for t in ax.get_legend().get_texts()]
    assert words == ["SI HAP", "SI OCP", "1 h", "6 h"]


def test_a_species_has_the_same_colour_in_every_picture(result):
    one = plot.profiles(result, "P").lines[0].get_color()
    other = plot.profiles(result, [("Ca", "P")])[0].lines[1].get_color()
    assert one == other


def test_compare_draws_the_curve_of_a_measure(result, slab):
    measure = sim.measures.mean("Ca_in_mineral")
    ax = plot.compare({"round": result, "flat": slab}, measure)
    assert [line.get_label() for line in ax.lines] == ["round", "flat"]
    for line, run in zip(ax.lines, (result, slab), strict=True):
        assert line.get_ydata()[-1] == pytest.approx(measure(run))
    assert "[mM]" in ax.get_ylabel()
    assert ax.get_xlabel() == "time [h]"


def test_compare_draws_bars_where_there_is_no_curve(result, slab):
    onset = sim.measures.onset("Ca_in_mineral", above="0.1 mM")
    ax = plot.compare({"round": result, "flat": slab}, onset)
    assert [bar.get_height() for bar in ax.patches] == pytest.approx([onset(result) / 60, onset(slab) / 60])
    assert "[min]" in ax.get_ylabel()


def test_an_onset_that_never_came_is_a_word_and_not_a_bar(result):
    ax = plot.compare({"a": result}, sim.measures.onset("HAP", above="1 M"))
    assert ax.patches[0].get_height() == 0
    assert "never\nin 6 h" in [t.get_text() for t in ax.texts]
    assert ax.get_ylim() == (0.0, 6.0) and ax.get_ylabel().endswith("[h]")  # the run, not an axis to 1 s


@pytest.mark.parametrize("element", ["Ca", "P", "acidity"])
def test_the_stack_of_the_budget_ends_at_start_plus_supplied(result, element):
    """Conservation: pools held = start + supplied, so both can be told from one picture."""
    ax = plot.budget(result, element)
    top = np.zeros(result.t.size)
    for area in ax.collections:
        points = area.get_paths()[0].vertices
        for k, t in enumerate(result.t / 3600):
            heights = points[np.isclose(points[:, 0], t), 1]
            top[k] = max(top[k], heights.max()) if heights.max() > 0 else top[k]
    below = np.zeros(result.t.size)
    for area in ax.collections:
        points = area.get_paths()[0].vertices
        for k, t in enumerate(result.t / 3600):
            below[k] = min(below[k], points[np.isclose(points[:, 0], t), 1].min())
    line = next(x for x in ax.lines if x.get_label() == "start + supplied")
    scale = np.abs(line.get_ydata()).max()
    assert top + below == pytest.approx(line.get_ydata(), abs=1e-9 * scale)
    ledger = result["ledger"].sel(element=element)
    outside = [p for p in ledger["pool"].values if "supplied" in p or p == "interventions"]
    held = ledger.drop_sel(pool=outside).sum("pool").values / float(result["volume"].sum())
    assert line.get_ydata() == pytest.approx(held, abs=1e-9 * scale)
    assert ax.get_ylabel() == f"{element} per tissue [mM]"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda r: plot.profiles(r, "Caa"), "Did you mean 'Ca'"),
        (lambda r: plot.kymograph(r, "hap"), "Did you mean 'HAP'"),
        (lambda r: plot.plane(r, "HAPP"), "Did you mean 'HAP'"),
        (lambda r: plot.budget(r, "calcium"), "there are Ca, P"),
        (lambda r: plot.course(r, "pH", at="cor"), "Did you mean 'core'"),
        (lambda r: plot.course(r, "pH", at="7 mm"), "outside the tissue, 0 to 5 mm"),
        (lambda r: plot.course(r, "pH", at="7 s"), "a length"),
        (lambda r: plot.course(r, "pH", clock="log"), "not one of linear, root"),
        (lambda r: plot.profiles(r, "pH", at="9 day"), "time = 9 days is outside the result"),
        (lambda r: plot.profiles(r, "pH", at="-1 h"), "time = -1 h is outside the result"),
        (lambda r: plot.profiles(r, []), "no variable is named"),
        (lambda r: plot.kymograph(r, "pH", scale="cubic"), "auto, linear, log"),
        (lambda r: plot.compare({}, sim.measures.mean("HAP")), "at least one result"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(result, call, words):
    with pytest.raises((KeyError, ValueError), match=words):
        call(result)
