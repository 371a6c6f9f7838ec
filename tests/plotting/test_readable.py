"""Pictures that a reader cannot misread: no effect made of rounding, no text on text or on a curve."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.errors import HapsimError
from sim.plotting.legends import free_place
from sim.plotting.runs.places import spread
from sim.run.result import Result


def with_values(result, name, values):
    data = result.dataset.copy()
    data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape))
    return Result(data, result.manifest, result.tables)


def said(ax):
    words = [t.get_text() for t in ax.texts]
    legend = ax.get_legend()
    if legend is not None:
        words += [legend.get_title().get_text(), *(t.get_text() for t in legend.get_texts())]
    return " ".join(words)


@pytest.mark.parametrize(
    ("name", "value", "least"), [("pH", 7.1, 0.1), ("SI_OCP", 1.3, 0.1), ("Ca", 1.2, 0.1)]
)
def test_rounding_is_no_effect_on_an_axis(result, name, value, least):
    run = with_values(result, name, value * (1 + 1e-8 * np.arange(12.0)))
    for ax in (plot.profiles(run, name), plot.course(run, name)):
        low, high = ax.get_ylim()
        assert high - low >= least and low < value < high
        assert f"constant: {value:g}" in said(ax).replace("1.30", "1.3").replace("7.10", "7.1")


def test_a_real_difference_is_not_called_constant(result):
    ax = plot.profiles(with_values(result, "pH", np.linspace(7.0, 7.4, 12)), "pH")
    assert "constant" not in said(ax)
    assert ax.get_ylim()[1] - ax.get_ylim()[0] < 0.5


def test_a_curve_below_the_tolerance_is_said_and_not_drawn(result):
    run = with_values(result, "OCP", 0.5e-6 * np.sin(np.arange(12.0)))  # atol 1e-6, scale 1 mM
    ax = plot.profiles(run, "OCP")
    assert "below 1e-06 mM" in said(ax) and not [line for line in ax.lines if len(line.get_xdata()) > 2]
    both = plot.profiles(with_values(run, "granules", np.linspace(1, 2, 12)), [("granules", "OCP")])[0]
    assert both.get_yscale() == "linear" and "below" in said(both)


def test_the_last_tick_of_time_does_not_run_into_the_one_before(result):
    for end in (365.0, 54.8, 30.0, 1095.0):
        data = result.dataset.assign_coords(time=result.t / result.t[-1] * end * 86400.0)
        ax = plot.course(Result(data, result.manifest, result.tables), "pH", at="core", clock="root")
        ax.figure.canvas.draw()
        boxes = [t.get_window_extent() for t in ax.get_xticklabels() if t.get_text()]
        assert len(boxes) >= 4
        assert not any(a.overlaps(b) for a, b in zip(boxes, boxes[1:], strict=False))


def test_names_of_layers_stay_in_the_picture_and_apart():
    at = spread([10.0, 95.0], [30.0, 40.0], 100.0)  # the second band ends at 100, its name is 40 wide
    assert at == [15.0, 80.0]
    assert spread([40.0, 50.0, 60.0], [30.0, 30.0, 30.0], 100.0) == [pytest.approx(x) for x in (25, 55, 85)]
    assert spread([10.0, 20.0], [60.0, 60.0], 100.0) is None


def test_a_legend_takes_a_corner_without_lines():
    _, ax = plt.subplots(figsize=(4, 3))
    ax.plot([0, 1], [0, 1])
    assert free_place(ax, ["one", "two"]) in ("upper left", "lower right")
    ax.plot([0, 1], [1, 0])
    ax.plot([0.0, 0.0, 1.0, 1.0, 0.0], [0.0, 1.0, 1.0, 0.0, 0.0])
    for k in np.linspace(0, 1, 9):
        ax.plot([k, k], [0, 1])
    assert free_place(ax, ["one", "two"]) == ""


@pytest.mark.parametrize("wide", [(("10 mm", 10), ("4 mm", 4)), (("4 mm", 4), ("10 mm", 10))])
def test_a_map_is_its_domain_and_the_bar_is_as_high(wide):
    base = sim.scenario("infarct_myocardium").with_geometry("rectangle", domain=wide).with_(duration="1 h")
    run = sim.simulate(base, times=3)
    ax = plot.plane(run, "granules", at="0.5 h")
    ax.figure.canvas.draw()
    x, y = (float(s[0].split()[0]) for s in wide)
    assert np.ptp(ax.get_xlim()) == pytest.approx(x) and np.ptp(ax.get_ylim()) == pytest.approx(y)
    (bar,) = ax.child_axes
    assert bar.bbox.height == pytest.approx(ax.bbox.height, rel=1e-3)
    whole, figure = ax.get_tightbbox(), ax.figure.bbox
    assert figure.x0 - 1 <= whole.x0 and whole.x1 <= figure.x1 + 1
    assert figure.y0 - 1 <= whole.y0 and whole.y1 <= figure.y1 + 1


def test_frames_on_one_axes_keep_one_bar_and_their_scale(square):
    _, ax = plt.subplots()
    for at in ("1 h", "3 h", "6 h"):
        plot.plane(square, "pH", at=at, ax=ax, vmin=6, vmax=7.5)
        assert len(ax.child_axes) == 1 and len(ax.collections) == 1
        norm = ax.collections[0].norm
        assert (norm.vmin, norm.vmax) == (6.0, 7.5)
    ax = plot.plane(square, "HAP_density", vmin="1 mg/cm3", vmax="5 mg/cm3")
    assert (ax.collections[0].norm.vmin, ax.collections[0].norm.vmax) == (1.0, 5.0)


def test_a_field_that_does_not_change_is_drawn_once(square):
    run = with_values(square, "porosity", np.linspace(0.6, 0.8, 100).reshape(10, 10))
    fig = plot.maps(run, ["porosity", "pH"], at=["1 h", "3 h", "6 h"])
    rows = {}
    for ax in fig.axes:
        if ax.get_subplotspec() is not None:
            rows.setdefault(ax.get_subplotspec().rowspan.start, []).append(ax)
    assert [len(r) for r in rows.values()] == [1, 3]
    assert rows[0][0].get_title(loc="left") == "the same at all times"


def test_large_numbers_put_their_power_into_the_label(square):
    fig = plot.maps(with_values(square, "hap_m0", np.linspace(1, 5, 100).reshape(10, 10) * 1e30), "hap_m0")
    (bar,) = [c for a in fig.axes for c in a.child_axes]
    fig.canvas.draw()
    assert "$10^{" in bar.get_ylabel()
    assert bar.yaxis.get_offset_text().get_text() == ""


def test_variables_go_by_words_and_not_by_internal_names(result):
    assert plot.course(result, "hap_m0", at="mean").get_ylabel().startswith("HAP crystals [")
    assert plot.course(result, "Ca_in_mineral", at="mean").get_ylabel() == "calcium in solids [mM]"
    labels = [t.get_text() for t in plot.budget(result, "Ca").get_legend().get_texts()]
    assert "granules (solid)" in labels and "buffer" not in labels


def test_runs_far_apart_are_compared_on_a_logarithmic_axis(result):
    small = with_values(result, "granules", 0.01 * (1 + np.arange(9.0))[:, None])
    large = with_values(result, "granules", 10.0 * (1 + np.arange(9.0))[:, None])
    assert plot.compare([small, large], "granules").get_yscale() == "log"
    assert plot.compare([small, large], "granules", scale="linear").get_yscale() == "linear"
    assert plot.compare([small, large], "granules", scale="symlog").get_yscale() == "symlog"
    assert plot.compare([large, large], "granules").get_yscale() == "linear"


def test_several_results_go_by_their_scenarios(result, slab):
    ax = plot.compare([result, slab], "Ca_in_mineral")
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "infarct_myocardium 1",
        "infarct_myocardium 2",
    ]
    assert ax.get_ylabel() == "mean calcium in solids [mM]"
    line = ax.lines[0]
    assert line.get_ydata()[-1] == pytest.approx(sim.measures.mean("Ca_in_mineral")(result))


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda r: plot.plane(r, "pH", cmap="viridiss"), "Did you mean 'viridis'"),
        (lambda r: plot.kymograph(r, "pH", cmap=3), "not a colour map"),
        (lambda r: plot.kymograph(r, "pH", vmn=1), "Did you mean 'vmin'"),
        (lambda r: plot.plane(r, "Ca", vmin="3 mm"), "a length"),
        (lambda r: plot.plane(r, "Ca", vmin=3, vmax=1), "not below vmax"),
        (lambda r: plot.plane(r, "Ca", vmin=0, vmax=1, scale="log"), "above zero"),
        (lambda r: plot.plane("r", "Ca"), "needs the result of a run"),
        (lambda r: plot.story(None), "needs the result of a run"),
        (lambda r: plot.course(r, 5), "not the name of a variable"),
        (lambda r: plot.course(r, "pH", ax="here"), "no matplotlib Axes"),
        (lambda r: plot.profiles(r, "pH", at=[]), "names no time"),
        (lambda r: plot.profiles(r, "pH", at=[None]), "not a quantity"),
        (lambda r: plot.profiles(r, [("pH", "Ca")]), "one panel has one unit"),
        (lambda r: plot.budget(r, 7), "there are Ca, P"),
        (lambda r: plot.budget(r, smallest="much"), "smallest"),
        (lambda r: plot.compare({"a": r}, 7), "cannot be measured"),
        (lambda r: plot.compare({"a": r}, "HAPP"), "Did you mean 'HAP'"),
        (lambda r: plot.compare([5], "HAP"), "needs the result of a run"),
        (lambda r: plot.compare(5, "HAP"), "needs the result of a run"),
        (lambda r: plot.compare([r], lambda result: "much"), "no number"),
        (lambda r: plot.compare([r], "HAP", scale="ln"), "auto, linear, log, symlog"),
        (lambda r: plot.course(r, "ledger"), "no value in each cell"),
    ],
)
def test_slips_end_in_a_sentence(result, draw, words):
    with pytest.raises(HapsimError, match=words):
        draw(result)
