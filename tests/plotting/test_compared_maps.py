"""Maps of several runs: one scale for all, differences about zero, averages that keep amounts."""

import numpy as np
import pytest
from matplotlib.colors import LogNorm

from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.series.same_grid import averaged, averaging, same_grid
from sim.run.result import Result


def with_values(result, name, values):
    """The result with other values of a variable."""
    data = result.dataset.copy()
    data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape))
    return Result(data, result.manifest, result.tables)


def fields(fig):
    """Axes that show a field, in the order of the figure."""
    found = [a for a in fig.axes if a.get_label() != "<colorbar>" and a.collections]
    return [a for a in found if hasattr(mesh_of(a), "get_coordinates")]


def mesh_of(ax):
    return ax.collections[0]


def limits(ax):
    norm = mesh_of(ax).norm
    return norm.vmin, norm.vmax


def bars(fig):
    beside = [c for a in fig.axes for c in a.child_axes if c.get_label() == "colour bar"]
    return [a for a in fig.axes if a.get_label() == "<colorbar>"] + beside


def test_a_strip_has_a_row_a_run_a_column_a_time_and_one_scale(square):
    low, high = with_values(square, "pH", 6.5), with_values(square, "pH", 7.5)
    fig = plot.strip({"low": low, "high": high}, "pH", at=["1 h", "3 h", "6 h"])
    found = fields(fig)
    assert len(found) == 6
    assert [float(np.mean(mesh_of(a).get_array())) for a in found] == [6.5] * 3 + [7.5] * 3
    assert {limits(a) for a in found} == {(6.5, 7.5)}
    assert [a.get_title(loc="center") for a in found[:3]] == ["1 h", "3 h", "6 h"]
    assert {"low", "high"} <= {t.get_text() for t in fig.texts}
    tops = [a.get_position().y0 for a in found]
    assert np.ptp(tops[:3]) < 1e-9 and np.ptp(tops[3:]) < 1e-9 and tops[0] > tops[3]


def test_the_bar_of_a_strip_is_as_long_as_it_says(result):
    fig = plot.strip(result, "pH", at="3 h")
    (bar,) = [line for line in fields(fig)[0].lines if line.get_linewidth() == 1.8]
    assert np.ptp(bar.get_xdata()) == 2.0  # of a width of 10 mm
    assert "2 mm" in [t.get_text() for t in fields(fig)[0].texts]


@pytest.mark.parametrize("width", [3.35, 7.2])
@pytest.mark.parametrize("label", ["untreated", "a treated run with a name that goes on and on and on"])
def test_words_of_a_strip_stay_in_it_and_apart(result, slab, width, label):
    fig = plot.strip({label: result, "slab": slab}, "Ca_in_mineral", width=width)
    fig.canvas.draw()
    page = fig.bbox
    boxes = [t.get_window_extent() for a in fig.axes for t in a.texts if t.get_text()]
    boxes += [a.title.get_window_extent() for a in fig.axes if a.title.get_text()]
    for text in fig.texts:
        boxes.append(text.get_window_extent())
    boxes += [b.yaxis.label.get_window_extent() for b in bars(fig)]
    for k, box in enumerate(boxes):
        assert box.x0 >= page.x0 - 1 and box.x1 <= page.x1 + 1 and box.y0 >= -1 and box.y1 <= page.y1 + 1
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])


def test_a_strip_of_nothing_says_so(slab):
    fig = plot.strip(with_values(slab, "HAP", 1e-9), "HAP")
    assert not bars(fig)
    assert "no HAP: 1e-09 mM at most" in " ".join(t.get_text() for t in fig.texts)


def test_a_difference_is_the_second_less_the_first(square):
    rng = np.random.default_rng(3)
    first, second = (with_values(square, "HAP", rng.random(square["HAP"].shape)) for _ in range(2))
    fig = plot.difference({"a": first, "b": second}, "HAP", at=["2 h", "6 h"])
    found = fields(fig)
    assert len(found) == 6
    for row, t in ((found[:3], 7200.0), (found[3:], 21600.0)):
        a, b = (r["HAP"].interp(time=t).transpose("y", "x").values for r in (first, second))
        for ax, values in zip(row, (a, b, b - a), strict=True):
            np.testing.assert_allclose(mesh_of(ax).get_array().reshape(10, 10), values, atol=1e-12)
        assert limits(row[0]) == limits(row[1])
        low, high = limits(row[2])
        assert low == -high and high == pytest.approx(
            max(
                np.abs(second["HAP"].interp(time=x) - first["HAP"].interp(time=x)).max()
                for x in (7200, 21600)
            )
        )
    assert found[2].get_title(loc="left") == "b − a"


def test_a_difference_over_time_shows_all_outputs(result):
    """The second run has outputs at other times; a field linear in time is met between them exactly."""
    t = result.t
    a = with_values(result, "pH", np.broadcast_to(7.0 + t[:, None] / t[-1], result["pH"].shape))
    other = Result(result.dataset.isel(time=[0, 3, 8]), result.manifest, result.tables)
    b = with_values(other, "pH", 7.5 + other.t[:, None] / t[-1])
    fig = plot.difference([a, b], "pH", clock="root")
    shown = mesh_of(fields(fig)[2]).get_array()
    np.testing.assert_allclose(shown, 0.5, atol=1e-12)
    assert shown.size == result["pH"].size


def test_runs_that_are_the_same_have_no_difference_in_colour(square):
    fig = plot.difference([square, square], "HAP_density")
    words = " ".join(t.get_text() for t in fields(fig)[2].texts).replace("\n", " ")
    assert "no difference" in words


@pytest.mark.parametrize("power", [1, 2, 3])
def test_averages_keep_amounts(power):
    rng = np.random.default_rng(power)
    fine, coarse = np.unique(np.append(rng.random(9), (0.0, 1.0))), np.array([0.0, 0.3, 0.55, 1.0])
    values = rng.random(fine.size - 1)
    mean = values @ averaging(fine, coarse, power)
    assert mean @ np.diff(coarse**power) == pytest.approx(values @ np.diff(fine**power), rel=1e-14)
    assert np.ones(fine.size - 1) @ averaging(fine, coarse, power) == pytest.approx(np.ones(3))


def test_runs_on_two_grids_are_averaged_by_volume(result, finer):
    """The mass of each run, added up over the picture's cells, is that of the run."""
    grid = same_grid(finer, result, "HAP")
    assert grid.grid is result and grid.words == "averaged over volume onto 12 cells from 24"
    mean = averaged(finer["HAP"][-1].values, ("r",), grid.first)
    volume = result["volume"].values
    assert mean @ volume == pytest.approx(float((finer["HAP"][-1] * finer["volume"]).sum()), rel=1e-9)
    fig = plot.difference({"fine": finer, "coarse": result}, "HAP", at="6 h")
    assert grid.words in fig.get_suptitle()
    disc = mesh_of(fields(fig)[2]).get_array().reshape(12, -1)[:, 0]
    np.testing.assert_allclose(disc, result["HAP"][-1].values - mean, atol=1e-12)


def test_what_has_no_difference_is_answered_in_a_sentence(result, finer, slab, square):
    stretched = Result(
        result.dataset, result.manifest, result.tables.assign_coords(r_edges=result["r_edges"] * 1.5)
    )
    for call, words in (
        (lambda: plot.difference([result, slab], "HAP"), "of one shape; these are a cylinder and a slab"),
        (lambda: plot.difference([result, finer], "pH"), "pH is a logarithm"),
        (lambda: plot.difference([result, stretched], "HAP"), "of one extent; along r these have 0 to 5 mm"),
        (lambda: plot.difference([result], "HAP"), "between two runs; 1 were given"),
        (lambda: plot.difference([result, result], "Hap"), "Did you mean 'HAP'"),
        (lambda: plot.strip([result, square], "ledger"), "no value in each cell"),
        (lambda: plot.strip(result, "pH", at=["1 h"] * 30), "no room in 7.2 inches"),
        (lambda: plot.kymograph(result, "pH", like=3), "like = 3 is no result"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()


def test_like_gives_pictures_of_two_runs_one_scale(result):
    low, high = with_values(result, "pH", 6.5), with_values(result, "pH", 7.5)
    for draw in (plot.kymograph, plot.plane):
        assert limits(draw(low, "pH", like=high)) == limits(draw(high, "pH", like=low)) == (6.5, 7.5)
    assert limits(plot.maps(low, "pH", like=[high]).axes[0]) == (6.5, 7.5)


def test_like_of_a_radiograph_is_that_of_what_it_sums(box):
    low, high = with_values(box, "HAP_density", 1.0), with_values(box, "HAP_density", 3.0)
    ax = plot.projection(low, like=high)
    assert np.asarray(mesh_of(ax).get_array()) == pytest.approx(np.full((6, 6), 1.0))  # 1 mg/cm3 in 10 mm
    assert limits(ax)[1] == pytest.approx(3.0)


def test_like_itself_keeps_one_scale_for_all_times(result):
    run = with_values(result, "pH", np.linspace(6.0, 8.0, result.t.size)[:, None])
    assert limits(plot.plane(run, "pH", at="0 h", like=run)) == (6.0, 8.0)


@pytest.mark.parametrize("name", ["result", "square", "box"])
def test_a_story_shows_mineral_on_one_scale(name, request):
    fig = plot.story(request.getfixturevalue(name))
    over_time, section = fields(fig)
    a, b = mesh_of(over_time).norm, mesh_of(section).norm
    assert (type(a), a.vmin, a.vmax) == (type(b), b.vmin, b.vmax)


def test_stories_of_two_runs_can_be_compared(result, tmp_path):
    """A run with ten times the mineral: the same colours and limits in both, whichever is drawn."""
    rich = result
    for n in ("Ca_in_mineral", "HAP_density", "pH"):
        rich = with_values(rich, n, rich[n].values * (0.9 if n == "pH" else 10.0))
    found = {}
    for k, (run, other) in enumerate(((result, rich), (rich, result))):
        fig = plot.story(run, like=other)
        fig.savefig(tmp_path / "story.png")
        colours = [(type(mesh_of(a).norm), limits(a)) for a in fields(fig)]
        lines = [a.get_ylim() for a in fig.axes if a.get_title(loc="left").startswith("pH")]
        found[k] = colours, lines
    assert found[0] == found[1]
    alone = plot.story(result)
    own = [limits(a) for a in fields(alone)]
    assert own[0][1] == pytest.approx(0.1 * found[0][0][0][1][1])
    ends = [a.get_ylim() for a in alone.axes if a.get_title(loc="left").startswith("pH")]
    assert all(a[0] < b[0] for a, b in zip(found[0][1], ends, strict=True))  # room for the lower pH


def test_a_common_scale_is_logarithmic_where_one_run_needs_it(result):
    steep = with_values(result, "HAP", np.geomspace(1e-4, 1.0, 12))
    flat = with_values(result, "HAP", np.linspace(0.5, 1.0, 12))
    norms = [mesh_of(plot.kymograph(a, "HAP", like=b)).norm for a, b in ((steep, flat), (flat, steep))]
    assert all(isinstance(n, LogNorm) for n in norms) or not any(isinstance(n, LogNorm) for n in norms)
    assert (norms[0].vmin, norms[0].vmax) == (norms[1].vmin, norms[1].vmax)
