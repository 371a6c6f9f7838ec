"""Planes, projections and surfaces show the numbers of the dataset where they are."""

import builtins

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import LogNorm

from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.boxes.surface import triangles
from sim.run.result import Result


def with_values(result, name, values):
    """The result with other values of a variable."""
    data = result.dataset.copy()
    data[name] = data[name].copy(data=np.broadcast_to(values, data[name].shape))
    return Result(data, result.manifest, result.tables)


def mesh_of(ax):
    return ax.collections[0]


def colour_at(ax, x, y):
    """The value that is drawn at a point of the axes' data."""
    corners = np.asarray(mesh_of(ax).get_coordinates())
    i = int(np.searchsorted(corners[:, 0, 1], y)) - 1
    j = int(np.searchsorted(corners[0, :, 0], x)) - 1
    return mesh_of(ax).get_array()[i, j]


def panels(fig):
    return [a for a in fig.axes if a.get_label() != "<colorbar>"]


def bars(fig):
    beside = [c for a in fig.axes for c in a.child_axes if c.get_label() == "colour bar"]
    return [a for a in fig.axes if a.get_label() == "<colorbar>"] + beside


def one_voxel(box, i, j, k, value=2.0):
    field = np.zeros((6, 6, 6))
    field[k, j, i] = value  # z, y, x
    return with_values(box, "HAP_density", field)


def centre(box, axis, k):
    return float(box[axis].values[k]) * 1e3  # mm, as the axes have it


def test_small_multiples_share_one_scale_and_put_y_upwards(square):
    growing = np.zeros((9, 10, 10))
    growing[:, 2, 8] = np.arange(9.0)  # x = 3.5 mm, y = -2.5 mm
    times = [square.t[2], square.t[8]]
    fig = plot.maps(with_values(square, "HAP", growing), "HAP", at=times, scale="linear")
    early, late = panels(fig)
    assert colour_at(early, 3.5, -2.5) == pytest.approx(2.0)
    assert colour_at(late, 3.5, -2.5) == pytest.approx(8.0)
    assert colour_at(late, -2.5, 3.5) == 0.0
    assert len(bars(fig)) == 1
    for ax in (early, late):
        assert (mesh_of(ax).norm.vmin, mesh_of(ax).norm.vmax) == (0.0, 8.0)
        assert ax.get_aspect() == 1.0
    assert late.get_title(loc="left") == "6 h"
    assert early.get_ylabel() == "y [mm]"
    assert late.get_ylabel() == ""


def test_each_variable_of_the_maps_has_a_row_and_a_scale(square):
    fig = plot.maps(square, ["pH", "Ca"], at=["1 h", "3 h", "6 h"])
    assert [b.get_ylabel() for b in bars(fig)] == ["pH", "calcium [mM]"]
    norms = [mesh_of(a).norm for a in panels(fig)]
    assert norms[0] is norms[1] is norms[2]
    assert norms[3] is norms[4] is norms[5]
    assert norms[0] is not norms[3]
    ends = square["pH"].interp(time=[3600, 10800, 21600])
    assert (norms[0].vmin, norms[0].vmax) == pytest.approx((float(ends.min()), float(ends.max())))


@pytest.mark.parametrize("name", ["result", "slab", "box"])
def test_maps_can_be_drawn_of_every_shape(name, request, tmp_path):
    fig = plot.maps(request.getfixturevalue(name), "pH")
    assert panels(fig)[-1].get_title(loc="left") == "6 h"
    fig.savefig(tmp_path / "maps.png")


@pytest.mark.parametrize(
    ("axis", "across", "up"), [("x", "y", "z"), ("y", "x", "z"), ("z", "x", "y")]
)  # fmt: skip
def test_a_slice_shows_its_plane_and_no_other(box, axis, across, up):
    index = {"x": 4, "y": 1, "z": 3}
    run = one_voxel(box, *index.values())
    place = float(box[axis].values[index[axis]])
    ax = plot.cut(run, "HAP_density", axis=axis, position=place)
    assert (ax.get_xlabel(), ax.get_ylabel()) == (f"{across} [mm]", f"{up} [mm]")
    assert colour_at(ax, centre(box, across, index[across]), centre(box, up, index[up])) == 2.0
    assert np.sum(mesh_of(ax).get_array()) == 2.0
    beside = plot.cut(run, "HAP_density", axis=axis, position=float(box[axis].values[0]))
    assert not np.any(mesh_of(beside).get_array())


def test_a_slice_names_the_cells_it_shows(box):
    """Six cells over 10 mm: 1 mm lies in the one from 0 to 10/6 mm."""
    ax = plot.cut(box, "pH", axis="z", position="1 mm")
    assert ax.get_title(loc="left") == "pH at 6 h, z = 0.833 mm"


def test_the_lesion_is_a_smaller_circle_off_the_centre(box):
    """A sphere of 4 mm cut 2.5 mm from its centre: a circle of sqrt(4^2 - 2.5^2) mm."""
    ax = plot.cut(box, "pH", position="2 mm")
    circle = ax.lines[0].get_xydata()
    assert np.hypot(*circle.T) == pytest.approx(np.full(len(circle), np.sqrt(16 - 2.5**2)))
    assert not plot.cut(box, "pH", position="4.9 mm").lines  # 4.17 mm: beside the sphere


def test_three_slices_meet_where_they_say(box):
    run = one_voxel(box, 4, 1, 3)
    at = [float(box[a].values[k]) for a, k in zip("xyz", (4, 1, 3), strict=True)]
    fig = plot.cuts(run, "HAP_density", position=at)
    assert len(bars(fig)) == 1
    for ax, (across, up) in zip(panels(fig), (("x", "y"), ("x", "z"), ("y", "z")), strict=True):
        spot = [centre(box, a, {"x": 4, "y": 1, "z": 3}[a]) for a in (across, up)]
        assert colour_at(ax, *spot) == 2.0
        assert [float(line.get_xdata()[0]) for line in ax.lines][-2] == pytest.approx(spot[0])
        assert [float(line.get_ydata()[0]) for line in ax.lines][-1] == pytest.approx(spot[1])


def test_a_projection_keeps_all_the_mineral(box):
    """Mass per area summed over the area is mass per volume summed over the volume."""
    run = with_values(box, "HAP_density", np.random.default_rng(1).random((6, 6, 6)))
    whole = float((run["HAP_density"][-1] * run["volume"]).sum())
    for axis in "xyz":
        flat = plot.projected(run, "HAP_density", axis=axis)
        assert flat.attrs["units"] == "kg m-2"
        steps = [np.diff(run[f"{a}_edges"].values) for a in flat.dims]
        assert float(np.einsum("ij,i,j", flat.values, *steps)) == pytest.approx(whole, rel=1e-12)


def test_a_ball_casts_the_shadow_of_its_chords():
    """Density 1 within R: the line of sight at distance b is 2 sqrt(R^2 - b^2) long."""
    n, R = 60, 4e-3
    edges = np.linspace(-5e-3, 5e-3, n + 1)
    c = 0.5 * (edges[1:] + edges[:-1])
    inside = (c[:, None, None] ** 2 + c[:, None] ** 2 + c**2 < R**2).astype(float)
    space = ("x", "y", "z")
    data = xr.Dataset(
        {"HAP_density": (("time", *space), inside[None], {"units": "kg m-3"}), "volume": (space, inside)},
        {"time": [0.0], **{a: c for a in space}, **{f"{a}_edges": (f"{a}_edge", edges) for a in space}},
    )
    shadow = plot.projected(Result(data, {}), "HAP_density").values
    chord = 2 * np.sqrt(np.maximum(R**2 - c[:, None] ** 2 - c**2, 0.0))
    step = 1e-2 / n  # a line of cells is right to a cell at either end
    assert np.abs(shadow - chord).max() < 2.001 * step
    assert shadow.sum() == pytest.approx(chord.sum(), rel=2e-3)


def test_a_radiograph_is_drawn_in_mg_per_cm2(box):
    """10 mg/cm3 through 10 mm of tissue are 10 mg/cm2."""
    ax = plot.projection(with_values(box, "HAP_density", 10.0))
    assert np.asarray(mesh_of(ax).get_array()) == pytest.approx(np.full((6, 6), 10.0))
    assert "HAP is the same\neverywhere: 10\nmg/cm$^{2}$" in [t.get_text() for t in ax.texts]
    assert not isinstance(mesh_of(ax).norm, LogNorm)


def test_mean_and_maximum_along_a_line_of_sight(box):
    run = one_voxel(box, 4, 1, 3, value=6.0)
    for how, value in (("mean", 1.0), ("maximum", 6.0)):
        ax = plot.projection(run, "HAP_density", axis="y", how=how)
        assert colour_at(ax, centre(box, "x", 4), centre(box, "z", 3)) == pytest.approx(value)
        assert np.sum(mesh_of(ax).get_array()) == pytest.approx(value)


def test_what_cannot_be_drawn_is_answered_in_a_sentence(box, square, result):
    for call, words in (
        (lambda: plot.cut(square, "pH"), "a cut needs a box, and this result is a rectangle"),
        (lambda: plot.cuts(result, "pH"), "needs a box, and this result is a cylinder"),
        (lambda: plot.projection(square), "a projection needs a box"),
        (lambda: plot.projection(box, "pH"), "no amount per volume, so its integral means nothing"),
        (lambda: plot.projection(box, how="maximal"), "Did you mean 'maximum'"),
        (lambda: plot.cut(box, "pH", axis="r"), "axis = 'r' is not one of x, y, z"),
        (lambda: plot.cut(box, "pH", position="7 mm"), "outside the box, -5 to 5 mm along z"),
        (lambda: plot.maps(square, "ledger"), "no value in each cell"),
        (lambda: plot.plane(square, "ledger"), "no value in each cell"),
        (lambda: plot.maps(square, []), "no variable is named"),
        (lambda: plot.isosurface(square), "an isosurface needs a box"),
    ):
        with pytest.raises(ConfigError, match=words):
            call()


def test_rounding_does_not_fill_a_scale(square):
    """A field that is the same to 1e-9 has no contrast: its colours say so."""
    field = 7.4 * (1 + 1e-9 * np.arange(100.0).reshape(10, 10))
    ax = plot.plane(with_values(square, "pH", field), "pH")
    assert "pH is the same\neverywhere: 7.40" in [t.get_text() for t in ax.texts]
    norm = mesh_of(ax).norm
    assert norm.vmax - norm.vmin > 0.09  # of a pH: far wider than the rounding


def test_without_scikit_image_an_isosurface_says_what_to_do(box, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("skimage"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"scikit-image.*plot\.projection"):
        plot.isosurface(box)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_isosurface_of_a_distance_is_a_sphere(sign):
    """The surface of a ball of 3 mm, closed and facing one way whether the ball is high or low inside.

    Its chords lie inside by (cell / radius)^2 / 8 of the radius: half a percent with 24 cells.
    """
    pytest.importorskip("skimage")
    c = (np.arange(24) + 0.5) / 24 * 1e-2 - 5e-3
    data = xr.DataArray(
        sign * np.sqrt(c[:, None, None] ** 2 + c[:, None] ** 2 + c**2), {a: c for a in "xyz"}, list("xyz")
    )
    found = triangles(data, sign * 3e-3)
    assert np.linalg.norm(found, axis=-1).ravel() == pytest.approx(3e-3, rel=5e-3)
    across, along = found[:, 1] - found[:, 0], found[:, 2] - found[:, 0]
    area = 0.5 * np.linalg.norm(np.cross(across, along), axis=1).sum()
    assert area == pytest.approx(4 * np.pi * 3e-3**2, rel=0.02)
    assert np.linalg.det(found).sum() / 6 == pytest.approx(4 / 3 * np.pi * 3e-3**3, rel=0.02)


def test_an_isosurface_is_drawn_in_the_box(box, tmp_path):
    pytest.importorskip("skimage")
    ax = plot.isosurface(box, "pH", at="3 h")
    assert ax.get_xlim() == pytest.approx((-5, 5))
    assert ax.get_zlabel() == "z [mm]"
    assert ax.get_title().startswith("pH = ")
    ax.figure.savefig(tmp_path / "surface.png")
    with pytest.raises(ConfigError, match=r"level = 9 is nowhere in pH at 6 h, which is between"):
        plot.isosurface(box, "pH", level=9.0)
    with pytest.raises(ConfigError, match="projection='3d'"):
        plot.isosurface(box, "pH", ax=plot.plane(box, "pH"))


def test_the_atlas_maps_mineral_acid_and_saturation(square, tmp_path):
    fig = plot.atlas(square)
    assert [b.get_ylabel() for b in bars(fig)][1:] == ["pH", "SI HAP [-]"]
    fig.savefig(tmp_path / "maps.png")
