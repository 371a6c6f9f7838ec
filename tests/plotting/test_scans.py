"""Pictures of CT and radiographs: grey scale, size, words, mistakes."""

import numpy as np
import pytest

from sim import plotting as plot
from sim.errors import ConfigError
from sim.imaging import ct, mri, phantom, radiograph


@pytest.fixture
def body():
    inside = np.zeros((1, 8, 16))
    inside[0, 2:6, 4:12] = 500.0
    return phantom({"HAP": inside}, (9e-3, 1e-3, 1e-3))


def test_a_ct_is_grey_in_its_window_and_bright_where_mineral_is(body):
    image = ct(body, instrument="calcium_ct", settings={"noise": 0})
    ax = plot.scan(image, window=(100, 400))
    (drawn,) = ax.get_images()
    assert drawn.get_clim() == (-100, 300) and drawn.cmap(1.0)[:3] == (1, 1, 1)
    assert np.array_equal(drawn.get_array(), image.values[int(np.argmax(image.values.sum((1, 2))))])
    left, right, low, high = drawn.get_extent()
    assert right - left == pytest.approx(image.sizes["x"] * 0.43e-3)
    assert high - low == pytest.approx(image.sizes["y"] * 0.43e-3)
    assert "simulated CT for calcium scores" in ax.get_title(loc="left")
    assert "level 100, width 400 HU" in ax.get_title(loc="left")
    assert ax.texts[0].get_text() in ("5 mm", "2 mm")  # of the scale bar
    assert outlines(ax.lines[0]) == outlines(ax.texts[0]) == ["black"]


def outlines(drawn):
    """What is drawn beneath, of what is white: CT is dark and a film may be bright."""
    assert drawn.get_color() == "white"
    return [e._gc["foreground"] for e in drawn.get_path_effects() if getattr(e, "_gc", None)]


def test_the_words_of_a_narrow_picture_are_within_it(body):
    """The title of a tall picture is broken into lines; the longest name of an instrument is one of CT."""
    inside = np.zeros((1, 60, 4))
    image = ct(phantom({"HAP": inside}, (9e-3, 1e-3, 1e-3)), instrument="high_resolution_ct")
    fig = plot.scan(image).figure
    fig.canvas.draw()
    box = fig.axes[0]._left_title.get_window_extent()
    assert 0 <= box.x0 and box.x1 <= fig.bbox.width and box.y1 <= fig.bbox.height


def test_a_radiograph_is_bright_where_little_comes_through(body):
    film = radiograph(body, instrument="extremity")
    ax = plot.scan(film)
    (drawn,) = ax.get_images()
    low, high = drawn.get_clim()
    assert drawn.cmap(drawn.norm(low))[:3] == (1, 1, 1) and low < high
    assert "along z" in ax.get_title(loc="left")


def test_an_mri_is_dark_where_mineral_is(body):
    """Its last echo in the middle slice, from black for no signal."""
    made = mri(body, noise=False)
    ax = plot.scan(made)
    (drawn,) = ax.get_images()
    middle = made.magnitude.values[-1, made.sizes["z"] // 2]
    np.testing.assert_array_equal(drawn.get_array(), middle)
    assert drawn.get_clim()[0] == 0 and drawn.cmap(0.0)[:3] == (0, 0, 0)
    calcium = made.calcium.values[made.sizes["z"] // 2]
    assert middle[calcium > 0.5 * calcium.max()].max() < 0.5 * np.median(middle[calcium == 0])
    assert "gradient echo at 3 T" in ax.get_title(loc="left") and "TE 25 ms" in ax.get_title(loc="left")
    left, right, _, _ = drawn.get_extent()
    assert right - left == pytest.approx(made.sizes["x"] * made.attrs["spacing"][2])


def test_what_is_no_picture_is_a_sentence(body):
    image = ct(body)
    for wrong, more, words in (
        (image.values, {}, "no picture of sim.imaging"),
        (image, {"slice_at": 99}, "outside the"),
        (image, {"window": (1, 0)}, "width above 0"),
    ):
        with pytest.raises(ConfigError, match=words):
            plot.scan(wrong, **more)
