"""Dyes and colour deconvolution, against scikit-image and by construction."""

import numpy as np
import pytest

from sim.errors import ConfigError
from sim.imaging.sections.stains import TITLES, dye_vector, dyes, picture_of, relative, stain
from sim.imaging.sections.unmixing import optical_density, unmixed


def test_haematoxylin_is_that_of_scikit_image():
    color = pytest.importorskip("skimage.color")
    exact = color.rgb_from_hed[0] / np.linalg.norm(color.rgb_from_hed[0])
    np.testing.assert_allclose(dye_vector("haematoxylin"), exact, atol=1e-3)


def test_unmixing_agrees_with_scikit_image():
    """Three dyes, the same matrix; its amounts are natural logarithms over its own constant."""
    color = pytest.importorskip("skimage.color")
    rng = np.random.default_rng(5)
    picture = rng.integers(20, 256, (12, 9, 3)).astype(np.uint8)
    names = ["haematoxylin", "eosin", "silver"]
    theirs = color.separate_stains(picture, np.linalg.inv(np.array([dye_vector(n) for n in names])))
    ours = unmixed(picture, names)
    positive = (ours > 0.02).all(axis=2)  # theirs are cut at 0
    scale = -np.log(1e-6) / np.log(10)  # their unit: log(1e-6)
    np.testing.assert_allclose(theirs[positive] * scale, ours[positive], atol=1e-5)


@pytest.mark.parametrize("name", TITLES)
def test_amounts_come_back_from_a_picture(name):
    """To the rounding of 8 bits, as long as no channel is dark: D = 1 leaves steps of 0.02."""
    made = stain(name)
    rng = np.random.default_rng(7)
    amounts = {d: 0.4 * rng.random((40, 50)) for d in made.dyes[:2]}
    found = unmixed(picture_of(amounts), list(amounts))
    for k, amount in enumerate(amounts.values()):
        assert np.abs(found[..., k] - amount).max() < 0.03


def test_uptake_saturates_and_its_inverse_finds_the_calcium():
    made = stain("von_kossa")
    c = np.array([0.0, made.half, 1e9])
    np.testing.assert_allclose(made.uptake(c), [0.0, 0.5, 1.0], atol=1e-6)
    most = made.parts["mineral"]["silver"]
    assert made.calcium_at(0.5 * most, 4e-6) == pytest.approx(made.half)
    assert made.calcium_at(0.5 * most, 8e-6) == pytest.approx(made.half / 3)  # a quarter of twice the silver
    assert made.calcium_at(most, 4e-6) == np.inf
    assert relative(4e-6) == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "low", "high"), [("von_kossa", 10, 50), ("alizarin_red", 10, 50)])
def test_stains_for_calcium_are_positive_where_the_estimate_says(name, low, high):
    """10-50 mM of calcium (2-8 ug per mg dry) are seen, at a fifth of the light taken: D = 0.1."""
    assert low < stain(name).calcium_at(0.1, 4e-6) < high


def hue(rgb):
    import colorsys

    return colorsys.rgb_to_hsv(*(np.asarray(rgb) / 255.0))


def test_colours_are_those_of_descriptions():
    """Calcium black, blue-purple and orange-red; nuclei blue and red; cytoplasm pink."""
    dense = {
        n: picture_of({d: np.array([[a]]) for d, a in stain(n).parts["mineral"].items()})[0, 0]
        for n in TITLES
    }
    assert dense["von_kossa"].max() < 15
    h, s, _ = hue(dense["he"])
    assert 0.6 < h < 0.8 and s > 0.4  # blue 0.67, violet 0.75
    h, s, _ = hue(dense["alizarin_red"])
    assert (h < 0.07 or h > 0.98) and s > 0.7  # red 0, orange 0.08
    pink = hue(picture_of({d: np.array([[a]]) for d, a in stain("he").parts["living"].items()})[0, 0])
    assert 0.85 < pink[0] < 1.0 and 0.15 < pink[1] < 0.6 and pink[2] > 0.75


def test_slips_are_sentences():
    picture = np.full((4, 4, 3), 200, np.uint8)
    with pytest.raises(ConfigError, match="Did you mean 'silver'"):
        unmixed(picture, ["sliver"])
    with pytest.raises(ConfigError, match="too alike"):
        unmixed(picture, ["eosin", dye_vector("eosin") + [0.001, 0, 0]])
    with pytest.raises(ConfigError, match="red, green and blue"):
        unmixed(picture[..., 0], ["silver"])
    with pytest.raises(ConfigError, match="white"):
        unmixed(picture, ["silver"], white=0)
    with pytest.raises(ConfigError, match="three optical densities"):
        unmixed(picture, [[0.0, 0.0, 0.0]])
    with pytest.raises(ConfigError, match="from 0 to 255"):
        optical_density(picture * 4.0)
    with pytest.raises(ConfigError, match="stain"):
        stain("von kosa")
    assert set(dyes()) >= {d for n in TITLES for d in stain(n).dyes}
