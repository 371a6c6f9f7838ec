"""Sections and scans are drawn as they are: pixels, scale bars, places."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import sim
from sim import plotting as plot
from sim.errors import ConfigError
from sim.plotting.tissue.slide import bar_length


@pytest.fixture(scope="module")
def result():
    return sim.simulate(sim.scenario("tb_caseous").changed({"duration": "30 day"}))


@pytest.fixture(autouse=True)
def _closed():
    yield
    plt.close("all")


@pytest.mark.parametrize(
    ("width", "length"), [(1.0, 0.2), (0.9e-3, 0.2e-3), (0.79e-3, 0.1e-3), (2.1e-3, 0.5e-3), (8e-4, 2e-4)]
)
def test_a_scale_bar_is_round_and_at_most_a_quarter(width, length):
    assert bar_length(width) == pytest.approx(length)


def test_a_slide_shows_the_pixels_and_a_bar_of_true_length(result):
    section = sim.imaging.histology(result, stain="von_kossa", magnification=4, width="1 mm", height="0.5 mm")
    ax = plot.slide(section)
    np.testing.assert_array_equal(ax.images[0].get_array(), section.picture.values)
    bar = ax.patches[-1]
    text = ax.texts[0].get_text()
    assert text == "200 µm"
    assert bar.get_width() * section.attrs["pixel"] == pytest.approx(200e-6)
    assert "von Kossa" in ax.get_title(loc="left") and "simulated" in ax.get_title(loc="left")


def test_the_bar_of_a_flat_slide_holds_its_words(result):
    section = sim.imaging.histology(result, magnification=4, width="4 mm", height="0.4 mm")
    ax = plot.slide(section)
    ax.figure.canvas.draw()
    words, ground = ax.texts[0].get_window_extent(), ax.patches[0].get_window_extent()
    assert ground.y0 <= words.y0 and words.y1 <= ground.y1
    assert ax.patches[-1].get_window_extent().y1 <= words.y0 + 1


def test_the_scan_of_a_long_thin_body_is_a_picture():
    """A slab is wider than one voxel on it and its figure no tower."""
    wall = sim.simulate(sim.scenario("monckeberg_ckd").changed({"duration": "1 hour"}), times=2)
    made = sim.imaging.mri(wall)
    assert made.sizes["x"] >= 5 and abs(made.x.values).min() < 1e-12
    wide, high = plot.resonance(made).get_size_inches()
    assert high < wide


def test_a_scan_has_its_slice_where_it_is_asked_for(result):
    made = sim.imaging.mri(result, noise=False)
    fig = plot.resonance(made, z=1e-3)
    shown = fig.axes[0].images[0]
    expected = made.magnitude.isel(echo=0).sel(z=1e-3, method="nearest").values
    np.testing.assert_array_equal(shown.get_array(), expected)
    left, right, low, high = shown.get_extent()
    assert right - left == pytest.approx(made.sizes["x"] * made.attrs["spacing"][2] * 1e3)
    assert "3 T" in fig.get_suptitle()


def test_what_is_no_picture_is_refused(result):
    with pytest.raises(ConfigError, match="sim.imaging.histology"):
        plot.slide(result.dataset)
    with pytest.raises(ConfigError, match="sim.imaging.mri"):
        plot.resonance(result.dataset)
