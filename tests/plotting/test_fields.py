"""Colour shows the numbers of the dataset at the right place and time."""

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import LogNorm

from sim import plotting as plot
from sim.run.result import Result


def with_values(result, name, values):
    """The result with other values of a variable."""
    data = result.dataset.copy()
    data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape))
    return Result(data, result.manifest, result.tables)


def colour_at(ax, x, y):
    """The value that is drawn at a point of the axes' data."""
    mesh = ax.collections[0]
    corners = np.asarray(mesh.get_coordinates())
    i = int(np.searchsorted(corners[:, 0, 1], y)) - 1
    j = int(np.searchsorted(corners[0, :, 0], x)) - 1
    return mesh.get_array()[i, j]


def bar_label(ax):
    return next(a for a in ax.child_axes if a.get_label() == "colour bar").get_ylabel()


def test_the_kymograph_reaches_from_start_to_end_and_centre_to_edge(result):
    ax = plot.kymograph(result, "granules")
    corners = np.asarray(ax.collections[0].get_coordinates())
    assert corners[0, 0] == pytest.approx([0, 0])
    assert corners[-1, -1] == pytest.approx([6, 5])  # h, mm
    assert ax.get_xlabel() == "time [h]"
    assert ax.get_ylabel() == "distance from centre [mm]"
    assert bar_label(ax) == "granules [mM]"


def test_the_kymograph_has_time_to_the_right_and_place_upwards(result):
    ax = plot.kymograph(result, "pH")
    for k in (0, 4, 8):
        for i in (0, 6, 11):
            x, y = result.t[k] / 3600, result["r"].values[i] * 1e3
            inside = min(max(x, 1e-6), 6 - 1e-6)
            assert colour_at(ax, inside, y) == pytest.approx(float(result["pH"][k, i]))


def test_a_map_of_a_rectangle_has_x_to_the_right_and_y_upwards(square):
    field = np.zeros((10, 10))
    field[2, 8] = 5.0  # x = 3.5 mm, y = -2.5 mm
    ax = plot.plane(with_values(square, "HAP", field), "HAP")
    assert colour_at(ax, 3.5, -2.5) == 5.0
    assert colour_at(ax, -2.5, 3.5) == 0.0
    assert np.sum(ax.collections[0].get_array()) == 5.0
    assert ax.get_aspect() == 1.0
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x [mm]", "y [mm]")
    assert ax.get_title(loc="left") == "HAP at 6 h"


def test_a_map_of_a_box_is_its_middle_slice(box):
    field = np.zeros((6, 6, 6))
    field[3, 1, 4] = 2.0
    ax = plot.plane(with_values(box, "HAP", field), "HAP")
    x, y = box["x"].values * 1e3, box["y"].values * 1e3
    assert colour_at(ax, x[4], y[1]) == 2.0


def test_a_map_of_a_cylinder_is_the_disc_it_stands_for(result):
    ax = plot.plane(result, "pH", at="6 h")
    mesh = ax.collections[0]
    radius = np.hypot(*np.moveaxis(np.asarray(mesh.get_coordinates()), -1, 0))
    assert radius[-1] == pytest.approx(np.full(radius.shape[1], 5.0))
    assert np.asarray(mesh.get_array())[:, 17] == pytest.approx(result["pH"].values[-1])


def test_a_map_of_a_slab_shows_both_halves(slab):
    ax = plot.plane(slab, "pH")
    values = np.ravel(np.asarray(ax.collections[0].get_array()))
    assert values == pytest.approx(values[::-1])
    assert values[12:] == pytest.approx(slab["pH"].values[-1])


def test_a_map_is_drawn_at_the_time_asked_for(square):
    early = np.asarray(plot.plane(square, "pH", at="1 h").collections[0].get_array())
    assert early == pytest.approx(square.at("1 h")["pH"].values)


def test_an_amount_over_decades_gets_a_logarithmic_scale_with_a_floor(result):
    r = with_values(result, "HAP", 10.0 ** -np.arange(12.0))
    norm = plot.kymograph(r, "HAP").collections[0].norm
    assert isinstance(norm, LogNorm)
    assert (norm.vmin, norm.vmax) == pytest.approx((1e-5, 1.0))
    assert not isinstance(plot.kymograph(r, "HAP", scale="linear").collections[0].norm, LogNorm)


def test_a_quantity_of_both_signs_is_centred_on_white(result):
    r = with_values(result, "SI_OCP", np.linspace(-1, 3, 12))
    mesh = plot.kymograph(r, "SI_OCP").collections[0]
    assert (mesh.norm.vmin, mesh.norm.vmax) == pytest.approx((-3, 3))
    assert mesh.get_cmap().name == "RdBu_r"


def test_a_field_of_zeros_says_so(result):
    ax = plot.kymograph(with_values(result, "HAP", 0.0), "HAP")
    assert "zero everywhere" in [t.get_text() for t in ax.texts]


def said(axes):
    """Words written in the panels, but for the names of layers."""
    words = [" ".join(t.get_text().split()) for ax in axes for t in ax.texts]
    return [w for w in words if w not in ("lesion", "border")]


PICTURES = [
    ("result", lambda r, s: [plot.kymograph(r, "HAP", scale=s)]),
    ("square", lambda r, s: [plot.plane(r, "HAP", scale=s)]),
    ("square", lambda r, s: plot.maps(r, "HAP", at=["1 h", "6 h"], scale=s).axes[:2]),
    ("box", lambda r, s: [plot.cut(r, "HAP", scale=s)]),
    ("box", lambda r, s: plot.cuts(r, "HAP", scale=s).axes[:3]),
    ("box", lambda r, s: [plot.projection(r, "HAP", scale=s)]),
]


@pytest.mark.parametrize("scale", ["auto", "log"])
@pytest.mark.parametrize(("name", "draw"), PICTURES)
def test_less_mineral_than_the_run_resolves_is_said_and_not_drawn(name, draw, scale, request):
    """Rounding of both signs: a scale of its own would make a pattern of it. One colour is left."""
    run = request.getfixturevalue(name)
    noise = np.random.default_rng(1).normal(size=run["HAP"].shape)
    noise *= 0.9e-6 / np.abs(noise).max()  # mol m-3: atol = 1e-6 times HAP's scale of 1 mol m-3
    axes = draw(with_values(run, "HAP", noise), scale)
    assert len(said(axes)) == len(axes)
    for ax in axes:
        assert "no HAP: " in said([ax])[0] and "the run resolves" in said([ax])[0]
        mesh = ax.collections[0]
        assert np.ptp(mesh.norm(np.asarray(mesh.get_array()))) < 1e-2
        ax.figure.canvas.draw()
    axes = draw(with_values(run, "HAP", 10 * noise), scale)  # ten times that is an amount
    assert not said(axes)


@pytest.mark.parametrize(("name", "draw"), PICTURES)
@pytest.mark.parametrize(
    ("values", "words"),
    [
        (0.0, "zero everywhere: no logarithmic scale"),
        (-2.0, "HAP is nowhere above zero: no logarithmic scale"),
    ],
)
def test_a_logarithmic_scale_of_nothing_is_said(name, draw, values, words, request):
    axes = draw(with_values(request.getfixturevalue(name), "HAP", values), "log")
    assert said(axes) == [words] * len(axes)
    axes[0].figure.canvas.draw()


def test_what_a_run_resolves_is_its_tolerance(result):
    """Masses and calcium follow from the scales of the solids that they are made of."""
    from sim.plotting.runs.fields import least_resolved

    assert least_resolved(result, "HAP") == 1e-6
    assert least_resolved(result, "HAP_density") == pytest.approx(1e-6 * 0.5023, rel=1e-3)  # kg/mol
    assert 5e-6 <= least_resolved(result, "Ca_in_mineral") < 5e-5
    assert least_resolved(result, "pH") == 0.0


@pytest.mark.parametrize("name", ["result", "square", "stirred", "slab", "box"])
def test_a_story_can_be_told_of_every_shape(name, request, tmp_path):
    run = request.getfixturevalue(name)
    fig = plot.story(run)
    assert run.manifest["title"] in fig._suptitle.get_text()
    assert "onset" in " ".join(t.get_text() for t in fig.texts)
    for ax in fig.axes:
        if ax.get_subplotspec() is not None:
            assert ax.get_xlabel() or ax.get_ylabel()
    fig.savefig(tmp_path / "story.png")
    assert (tmp_path / "story.png").stat().st_size > 20_000


def drawn(ax):
    """Whether something of an extent stands in the axes, beside the lines at zero and between layers."""
    lines = [line for line in ax.lines if line.get_transform() == ax.transData and line.get_xdata().size > 1]
    bars = [p for p in ax.patches if p.get_width() * p.get_height() != 0.0]
    meshes = [c for c in ax.collections if c.get_array() is not None]
    return bool(lines or bars or meshes)


@pytest.mark.parametrize("name", ["result", "square", "stirred", "slab", "box"])
def test_a_story_of_a_run_that_got_nowhere_shows_its_start_and_says_why(name, request):
    """One state makes no line over time; interpolation between outputs would give NaN."""
    run = request.getfixturevalue(name)
    message = "too stiff for an explicit method: " + "H in cell 11 answers within 0.03 s, " * 8
    manifest = {**run.manifest, "status": "failed", "t_end": 0.0, "message": message}
    fig = plot.story(Result(run.dataset.isel(time=[0]), manifest, run.tables.isel(time=[0])))
    words = " ".join(t.get_text() for t in fig.texts)
    assert "FAILED at the start" in words and message.strip() in words
    panels = [ax for ax in fig.axes if ax.get_subplotspec() is not None]
    assert len(panels) >= 2 and all(drawn(ax) for ax in panels)
    fig.canvas.draw()
    size = fig.get_window_extent().width
    assert all(t.get_window_extent().x1 < size for t in fig.texts)
    held = run["ledger"].sel(element="Ca")[0] / float(run["volume"].sum())
    calcium = next(ax for ax in panels if ax.get_title(loc="left").startswith("Where the calcium is"))
    assert sum(p.get_width() for p in calcium.patches) == pytest.approx(float(held.sum()))


def test_a_story_of_nothing_says_so(result):
    manifest = {**result.manifest, "status": "failed", "t_end": 0.0, "message": "no start."}
    fig = plot.story(Result(result.dataset.isel(time=[]), manifest, result.tables.isel(time=[])))
    assert "There is nothing to draw: no start." in [t.get_text() for t in fig.texts]
    fig.canvas.draw()


def test_a_story_of_a_run_that_broke_off_says_why(result):
    manifest = {**result.manifest, "status": "interrupted", "message": "The run was interrupted."}
    fig = plot.story(Result(result.dataset, manifest, result.tables))
    assert [t.get_text() for t in fig.texts][-1] == "The run was interrupted."
    assert "INTERRUPTED after 6 h" in fig.texts[-2].get_text()


def test_pictures_leave_the_settings_of_matplotlib_alone(result):
    before = dict(matplotlib.rcParams)
    plot.story(result)
    plot.kymograph(result, "HAP")
    with plot.style():
        assert matplotlib.rcParams["axes.spines.top"] is False
    assert dict(matplotlib.rcParams) == before
