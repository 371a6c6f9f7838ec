"""What was done to the tissue stands in every picture over time, in words and at its time."""

import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.plotting.runs.events import MARK, events
from sim.run.result import Result

HOUR = 3600.0


@pytest.fixture(scope="module")
def treated(result):
    """The run with words of interventions in its manifest, as runs write them."""
    said = [
        "drip at 1 h until 3 h: PPi 20 uM",
        "intervention at 2 h: pH 7.2",
        "intervention at 4 h: pH 7.4",
        "surgery at 5 h: excise lesion",
    ]
    return Result(result.dataset, {**result.manifest, "interventions": said}, result.tables)


def words(ax):
    return [t.get_text() for t in ax.texts if t.get_gid() == MARK]


def bars(ax):
    """(from, to) of what lasts, above the axes."""
    lines = [line for line in ax.lines if line.get_gid() == MARK and line.get_lw() > 2]
    return sorted(tuple(line.get_xdata()) for line in lines if len(line.get_xdata()) == 2)


def test_a_changed_value_lasts_to_its_end_or_to_the_next_change(treated):
    found = {(e.words, e.start / HOUR, e.end / HOUR) for e in events(treated)}
    assert ("drip", 1.0, 3.0) in found
    assert ("pH 7.2", 2.0, 4.0) in found
    assert ("surgery", 5.0, 5.0) in found
    assert not any(e.end > 6.0 * HOUR for e in events(treated))


def test_several_values_of_one_labelled_intervention_are_one_event(result):
    """Blood comes back to a lesion and to its border at once: one bar says so, not two."""
    said = [
        "reflow at 1 h: border.perfusion 2 1/min, lesion.perfusion 1.5 1/min",
        "wash at 2 h: PPi 1 uM, pH 7.2",
        "wash at 3 h: pH 7.3",
    ]
    run = Result(result.dataset, {**result.manifest, "interventions": said}, result.tables)
    end = run.t[-1] / HOUR
    found = [(e.words, e.start / HOUR, e.end / HOUR) for e in events(run)]
    assert found.count(("reflow", 1.0, end)) == 1
    for start, stop in ((2.0, 3.0), (2.0, end), (3.0, end)):  # what does not last alike stays apart
        assert ("wash", start, stop) in found
    assert len(found) == 4


def test_a_value_set_back_to_that_of_the_scenario_ends_there():
    own = f"{sim.scenario('infarct_myocardium').parameters['plasma.PPi'].value:g}"
    unit = sim.scenario("infarct_myocardium").parameters["plasma.PPi"].unit
    scenario = (
        sim.scenario("infarct_myocardium")
        .with_geometry("slab", {"lesion": 4, "border": 3})
        .with_(duration="6 h")
        .with_intervention(sim.Intervention(at="1 h", boundary={"PPi": "20 uM"}))
        .with_intervention(sim.Intervention(at="2 h", boundary={"PPi": f"{own} {unit}"}))
    )
    (only,) = events(sim.simulate(scenario, times=5))
    assert (only.start, only.end) == pytest.approx((HOUR, 2 * HOUR), rel=1e-5)  # days of six digits
    assert only.words == "PPi 20 µM"


@pytest.mark.parametrize(
    "draw",
    [
        lambda r: plot.course(r, "pH"),
        lambda r: plot.kymograph(r, "pH"),
        lambda r: plot.budget(r, "Ca"),
        lambda r: plot.compare({"a": r}, "pH"),
        lambda r: plot.course(r, "pH", clock="root"),
    ],
)
def test_every_picture_over_time_shows_them(treated, draw):
    ax = draw(treated)
    assert (1.0, 3.0) in bars(ax) and (2.0, 4.0) in bars(ax)
    said = " ".join(words(ax))
    assert "drip" in said and "pH 7.2" in said and "surgery" in said
    upright = {round(line.get_xdata()[0], 6) for line in ax.lines if line.get_gid() == MARK}
    assert {1.0, 2.0, 3.0, 4.0, 5.0} <= upright


def test_a_story_shows_them_and_its_titles_stand_clear_on_one_height(treated):
    fig = plot.story(treated)
    fig.canvas.draw()
    panels = [ax for ax in fig.axes if ax.get_subplotspec() is not None]
    marked = [ax for ax in panels if words(ax)]
    assert len(marked) == 3  # mineral over time, the budget, pH over time
    for ax in marked:
        title = ax._left_title.get_window_extent()
        for text in (t for t in ax.texts if t.get_gid() == MARK):
            assert not title.overlaps(text.get_window_extent())
    for left, right in zip(panels[::2], panels[1::2], strict=True):
        heights = [ax._left_title.get_window_extent().y0 for ax in (left, right)]
        assert heights[0] == pytest.approx(heights[1], abs=3.0)


def test_words_over_one_axis_do_not_run_into_each_other(result):
    said = [f"treatment number {k} at {0.5 + 0.3 * k} h: {s} 3 mM" for k, s in enumerate(("Ca", "P", "C"))]
    ax = plot.course(Result(result.dataset, {**result.manifest, "interventions": said}, result.tables), "pH")
    ax.figure.canvas.draw()
    boxes = [t.get_window_extent() for t in ax.texts if t.get_gid() == MARK]
    assert len(boxes) == 3
    assert not any(a.overlaps(b) for k, a in enumerate(boxes) for b in boxes[k + 1 :])


def test_many_steps_of_one_quantity_are_one_bar(result):
    said = [f"intervention at {0.1 * k + 0.1} h: pH {7.4 - 0.01 * k:g}" for k in range(30)]
    run = Result(result.dataset, {**result.manifest, "interventions": said}, result.tables)
    ax = plot.course(run, "Ca", at="mean")
    assert words(ax) == ["pH 7.39 to 7.11 in 29 steps"]  # the first is the scenario's own 7.4
    assert bars(ax)[0] == pytest.approx((0.2, 6.0))


def test_compare_says_whose_treatment_it_is(treated, result):
    ax = plot.compare({"treated": treated, "untreated": result}, sim.measures.mean("granules"))
    assert words(ax) and all(w.startswith("treated: ") for w in words(ax))
    assert np.isfinite([line.get_ydata() for line in ax.lines[:2]]).all()
