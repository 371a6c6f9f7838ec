"""Regions: shapes cover what geometry says, masks keep their area, errors are sentences."""

import matplotlib.image
import numpy as np
import pytest

from sim import shapes
from sim.errors import ScenarioError, UnitError
from sim.space import grid as grids

GRID = grids.rectangle((4e-3, 3e-3), (200, 150), (-2e-3, -1.5e-3))


def area(shape, grid=GRID):
    return float(grid.volume[shape.inside(grid)].sum())


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (shapes.Disc("1 mm"), np.pi),
        (shapes.Disc(1e-3, ("0.5 mm", "-0.2 mm")), np.pi),
        (shapes.Ellipse(("1.2 mm", "0.5 mm"), direction=(1, 2)), 0.6 * np.pi),
        (shapes.Box(("2 mm", "1 mm"), ("0.3 mm", 0)), 2.0),
        (shapes.Annulus("0.5 mm", "1 mm"), 0.75 * np.pi),
        (shapes.HalfSpace((1, 0), ("1 mm", 0)), 3.0),
        (shapes.HalfSpace((3, 4)), 6.0),  # any line through the middle halves the rectangle
        (shapes.Difference((shapes.Disc("1 mm"), shapes.Disc("0.5 mm"))), 0.75 * np.pi),
        (shapes.Union((shapes.Box(("1 mm", "1 mm")), shapes.Box(("2 mm", "0.48 mm")))), 1.48),
        (shapes.Intersection((shapes.Disc("1 mm"), shapes.HalfSpace((0, 1)))), 0.5 * np.pi),
    ],
)  # fmt: skip
def test_a_shape_covers_its_area(shape, expected):
    """Cells cut by the rim err by chance: about sqrt(cells on the rim) x their area."""
    assert area(shape) * 1e6 == pytest.approx(expected, abs=0.02)


def test_volumes_in_three_dimensions_and_along_a_line():
    box = grids.box((2e-3,) * 3, (60,) * 3, (-1e-3,) * 3)
    assert area(shapes.Disc("0.8 mm"), box) * 1e9 == pytest.approx(4 / 3 * np.pi * 0.512, rel=0.01)
    radii = ("0.9 mm", "0.5 mm", "0.7 mm")
    expected = 4 / 3 * np.pi * 0.9 * 0.5 * 0.7
    assert area(shapes.Ellipse(radii, direction=(1, 1)), box) * 1e9 == pytest.approx(expected, rel=0.01)
    sphere = grids.sphere(2e-3, 400)
    assert area(shapes.Annulus("1 mm", "1.5 mm"), sphere) * 1e9 == pytest.approx(
        4 / 3 * np.pi * (1.5**3 - 1), rel=1e-9
    )


def test_the_first_radius_points_along_the_direction():
    """(1, 1) is the diagonal upwards to the right."""
    inside = shapes.Ellipse(("1.2 mm", "0.1 mm"), direction=(1, 1)).inside(GRID)
    x, y = GRID.centres["x"][inside], GRID.centres["y"][inside]
    assert np.corrcoef(x, y)[0, 1] > 0.9


def test_a_mask_keeps_its_area_cell_by_cell():
    """Shares against counting on a grid so fine that every pixel and cell is whole."""
    rng = np.random.default_rng(4)
    pixels = rng.random((12, 9)) < 0.4
    grid = grids.rectangle((4e-3, 3e-3), (8, 6), (-2e-3, -1.5e-3))
    mask = shapes.Mask(pixels, ("4 mm", "3 mm"))
    share = mask.share(grid).reshape(8, 6)
    fine = np.kron(pixels, np.ones((2, 2)))  # 24 x 18: two a pixel, three a cell
    assert share == pytest.approx(fine.reshape(8, 3, 6, 3).mean((1, 3)), abs=1e-12)
    assert np.array_equal(mask.inside(grid).reshape(8, 6), share >= 0.5)
    assert (share * grid.volume.reshape(8, 6)).sum() == pytest.approx(pixels.sum() * 12e-6 / 108)


def test_labels_choose_and_masks_are_data():
    labels = np.arange(12).reshape(4, 3) % 3
    mask = shapes.Mask(labels, (1e-3, 1e-3), label=2)
    assert np.array_equal(mask.pixels, labels == 2)
    again = shapes.from_table(shapes.to_table(mask))
    assert again == mask and hash(again) == hash(mask)
    assert shapes.Mask(labels, (1e-3, 1e-3), label=1).digest != mask.digest


def test_a_picture_by_another_path_is_the_same_mask(tmp_path, monkeypatch):
    """Pixels, size and place decide; a file called by its name, by its whole path, or copied is one mask."""
    from matplotlib.image import imsave

    monkeypatch.chdir(tmp_path)
    bright = np.zeros((6, 8, 3))
    bright[1:4, 2:5] = 1.0
    for name in ("traced.png", "copied.png"):
        imsave(name, bright)
    imsave("other.png", bright[::-1])
    first = shapes.image("traced.png", width="2 mm")
    for same in (tmp_path / "traced.png", "copied.png"):
        assert shapes.image(same, width="2 mm") == first
        assert hash(shapes.image(same, width="2 mm")) == hash(first)
    assert shapes.image("other.png", width="2 mm") != first
    assert shapes.image("traced.png", width="3 mm") != first
    assert shapes.image("traced.png", width="2 mm", centre=("1 mm", 0)) != first
    assert shapes.image("traced.png", width="2 mm", inside="dark") != first


def test_a_picture_is_read_upright(tmp_path):
    """Bright pixel in the upper right corner of the picture: x and y largest."""
    grey = np.zeros((3, 4))
    grey[0, 3] = 0.8
    path = tmp_path / "a.png"
    matplotlib.image.imsave(path, grey, cmap="gray", vmin=0, vmax=1)
    mask = shapes.image(path, width="4 mm")
    inside = mask.inside(GRID)
    assert GRID.centres["x"][inside].min() > 1e-3 and GRID.centres["y"][inside].min() > 0.5e-3
    assert area(mask) == pytest.approx(1e-6, rel=1e-9)
    dark = shapes.image(path, "4 mm", inside="dark")
    assert not (dark.inside(GRID) & inside).any() and area(dark) == pytest.approx(11e-6, rel=1e-9)
    again = shapes.from_table(shapes.to_table(mask))
    assert again == mask
    matplotlib.image.imsave(path, grey.T, cmap="gray", vmin=0, vmax=1)
    with pytest.raises(ScenarioError, match="has changed since"):
        shapes.from_table(shapes.to_table(mask))


def test_every_shape_survives_its_table():
    disc = shapes.Disc("1 mm", (0, "1 mm"))
    made = [
        disc, shapes.Annulus(0, 1e-3), shapes.Ellipse((1e-3, 2e-3), (0, 0), (0, 1)), shapes.Box((1e-3,)),
        shapes.HalfSpace((1, 2, 3)), shapes.Union((disc, shapes.Difference((disc, disc)))),
        shapes.Intersection(disc),
    ]  # fmt: skip
    for shape in made:
        assert shapes.from_table(shapes.to_table(shape)) == shape
    words = {shapes.to_table(s)["shape"] for s in made} | {"mask", "image", "voxels", "difference"}
    assert words == set(shapes.SHAPES)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: shapes.from_table({"shape": "elipse"}), "Did you mean 'ellipse'"),
        (lambda: shapes.from_table({"shape": "disc", "radios": 1}), "Did you mean 'radius'"),
        (lambda: shapes.from_table({"shape": "disc"}), "it has radius, centre"),
        (lambda: shapes.Disc("1 mM"), "disc: radius"),
        (lambda: shapes.Disc(0.0), "positive"),
        (lambda: shapes.Annulus(2e-3, 1e-3), "must lie from 0 to outer"),
        (lambda: shapes.Ellipse((1e-3, 1e-3), direction=(0, 0)), "not both zero"),
        (lambda: shapes.HalfSpace((0, 0)), "no direction"),
        (lambda: shapes.Union(()), "no shapes"),
        (lambda: shapes.Union(("disc",)), "is not a shape"),
        (lambda: shapes.Union(shapes.Disc, shapes.Disc), r"union: Disc is a kind.*Disc\(radius, centre\)"),
        (lambda: shapes.Ellipse("3 mm"), r"radii = '3 mm' must be a row of lengths.*\('3 mm', '3 mm'\)"),
        (lambda: shapes.Box(2e-3), r"size = 0.002 must be a row.*\('0.002 m',\) along a line"),
        (lambda: shapes.Disc("1 mm", center=("2 mm", 0)), r"Disc\(center=\('2 mm', 0\)\).* spelt centre"),
        (lambda: shapes.Mask([[1]], (1, 1), center=(0, 0)), "spelt centre"),
        (lambda: shapes.image("a.png", "1 mm", center=(0, 0)), "spelt centre"),
        (
            lambda: shapes.from_table({"shape": "box", "size": ["1 mm"], "center": ["1 mm"]}),
            "a box has no 'center' .* Did you mean 'centre'",
        ),
        (lambda: shapes.Disc("1 mm", "2 mm"), "centre = '2 mm' must be a row of lengths"),
        (lambda: shapes.Disc(("1 mm", "2 mm")), "must be one length"),
        (lambda: shapes.Annulus((0, 1), 2), "must be one length"),
        (lambda: shapes.Ellipse((1e-3, 1e-3), direction=1), "must be a row of numbers"),
        (lambda: shapes.HalfSpace("x"), "must be a row of numbers"),
        (lambda: shapes.HalfSpace(("up", 1)), "half_space: normal"),
        (lambda: shapes.HalfSpace(([1], 1)), r"half_space: normal = \[1\] is a list; one number is needed"),
        (lambda: shapes.Box((["1 mm"], 1)), r"box: size = \['1 mm'\] is a list; one number in m"),
        (lambda: shapes.Mask(np.eye(3), ([1e-3, 2e-3], 1e-3)), r"mask: size = \[0.001, 0.002\] is a list"),
        (lambda: shapes.image("a.png", 1e-3, threshold=[0.5]), r"threshold = \[0.5\] is a list"),
        (lambda: shapes.Mask(np.zeros((3, 3)), (1e-3, 1e-3)), "the mask is empty"),
        (lambda: shapes.Mask(np.eye(3), (1e-3, 1e-3), label=7), "no pixel has the label 7"),
        (lambda: shapes.Mask("mask", (1e-3, 1e-3)), "array of numbers"),
        (lambda: shapes.Mask(np.eye(3), (1e-3,)), "2 lengths"),
        (lambda: shapes.Mask(np.eye(3), ("5 mm", "1 mm")).inside(GRID), "make the domain larger"),
        (lambda: shapes.Mask(np.ones(3), (1e-3,)).inside(GRID), "does not fit a rectangle"),
        (lambda: shapes.Mask.from_bits((3, 3), "x?", (1e-3, 1e-3)), "cannot be read"),
        (lambda: shapes.Box((1e-3,)).inside(GRID), "does not fit a rectangle"),
        (lambda: shapes.Disc(1e-3, (0, 0, 0)).inside(GRID), "does not fit a rectangle"),
        (lambda: shapes.image("nowhere.png", 1e-3), "there is no picture"),
        (lambda: shapes.image("a.png", 1e-3, inside="grey"), "'bright' or 'dark'"),
        (lambda: shapes.image("a.png", 1e-3, threshold=128), "outside 0-1"),
    ],
)  # fmt: skip
def test_slips_are_answered_with_a_sentence(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_an_unknown_shape_is_answered_with_the_nearest():
    with pytest.raises(AttributeError, match="^there is no shape 'Elipse'. Did you mean 'Ellipse'\\?$"):
        shapes.Elipse  # noqa: B018


def test_shapes_of_shapes_are_given_in_a_row_or_one_by_one():
    a, b = shapes.Disc("1 mm"), shapes.Box(("1 mm", "1 mm"))
    assert shapes.Union(a, b) == shapes.Union((a, b)) == shapes.Union(of=[a, b])
    assert shapes.Union(a, b) != shapes.Intersection(a, b)
    assert shapes.Difference(a, b) != shapes.Difference(b, a)
    assert repr(shapes.Union(a, b)).startswith("Union(of=(Disc(radius=0.001")


def test_bad_pictures_are_answered_with_a_sentence(tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\nrubbish")
    with pytest.raises(ScenarioError, match="cannot be read as a PNG"):
        shapes.image(tmp_path / "a.png", 1e-3)
    matplotlib.image.imsave(tmp_path / "b.png", np.full((3, 3), 0.2), cmap="gray", vmin=0, vmax=1)
    with pytest.raises(ScenarioError, match="no pixel is bright at threshold 0.5"):
        shapes.image(tmp_path / "b.png", 1e-3)
    with pytest.raises(UnitError, match="width = .* is a list"):
        shapes.image(tmp_path / "b.png", [1e-3, 2e-3], threshold=0.1)
