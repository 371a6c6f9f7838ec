"""Random fields against the theory of their spectrum: mean, variance, correlation, sameness."""

import numpy as np
import pytest

from sim.space import grid as grids
from sim.space.random_field import RandomField, _log_mean, gaussian

LENGTH = 1e-4
SEEDS = range(400)


@pytest.fixture(scope="module")
def draws():
    """Z on 40 cells of half a correlation length, 400 realisations: about 20 x 400 independent values."""
    line = grids.slab(20 * LENGTH, 40)
    return np.array([gaussian(line, "collagen", LENGTH, seed) for seed in SEEDS])


def test_mean_and_variance_are_0_and_1(draws):
    """Within four standard errors of some 8 independent values a realisation."""
    independent = len(SEEDS) * 8
    assert abs(draws.mean()) < 4 / np.sqrt(independent)
    assert draws.var() == pytest.approx(1.0, abs=4 * np.sqrt(2 / independent))
    assert np.abs((draws**4).mean() / 3 - 1) < 0.15  # kurtosis of a normal


@pytest.mark.parametrize("cells", [1, 2, 4, 8])
def test_correlation_falls_as_stated(draws, cells):
    """exp(-d^2/(2 length^2)) at d = cells x half a length."""
    found = (draws[:, :-cells] * draws[:, cells:]).mean()
    assert found == pytest.approx(np.exp(-0.5 * (0.5 * cells) ** 2), abs=4 / np.sqrt(len(SEEDS) * 8))


def test_correlation_is_the_same_along_every_axis():
    cube = grids.box((2 * LENGTH,) * 3, (4,) * 3)
    z = np.array([gaussian(cube, "x", LENGTH, s).reshape(4, 4, 4) for s in range(300)])
    for axis in (1, 2, 3):
        a, b = np.take(z, [0, 1], axis), np.take(z, [2, 3], axis)
        assert (a * b).mean() == pytest.approx(np.exp(-0.5), abs=4 / np.sqrt(300)), axis


def test_correlation_is_the_same_along_diagonals():
    """One step along two axes is sqrt(2) cells, up or down."""
    square = grids.rectangle((3 * LENGTH,) * 2, (6, 6))
    z = np.array([gaussian(square, "x", LENGTH, s).reshape(6, 6) for s in range(300)])
    for a, b in ((z[:, 1:, 1:], z[:, :-1, :-1]), (z[:, 1:, :-1], z[:, :-1, 1:])):
        assert (a * b).mean() == pytest.approx(np.exp(-0.25), abs=4 / np.sqrt(300))


def test_the_factor_has_mean_1_and_the_stated_spread():
    line = grids.slab(20 * LENGTH, 40)
    f = np.array([RandomField("collagen", 0.5, LENGTH, s).factor(line) for s in SEEDS])
    cv = np.sqrt(np.expm1(0.25))
    assert f.mean() == pytest.approx(1.0, abs=4 * cv / np.sqrt(len(SEEDS) * 8))
    assert np.log(f).std() == pytest.approx(0.5, abs=0.03)


def test_the_mean_is_that_of_finitely_many_modes():
    """E exp(a cos phi) = I0(a) by averaging over phi; many modes approach the lognormal sd^2/2."""
    phi = (np.arange(200) + 0.5) * 2 * np.pi / 200
    for sd, modes in ((0.5, 10), (2.0, 50)):
        one = np.exp(sd * np.sqrt(2 / modes) * np.cos(phi)).mean()
        assert _log_mean(sd, modes) == pytest.approx(modes * np.log(one), rel=1e-12)
    assert _log_mean(1.0, 10**6) == pytest.approx(0.5, rel=1e-6)


def test_a_finer_grid_shows_the_same_realisation():
    """Cells split in three keep their centres."""
    size, start = (6 * LENGTH, 4 * LENGTH), (-3 * LENGTH, -2 * LENGTH)
    coarse = gaussian(grids.rectangle(size, (12, 8), start), "collagen", LENGTH, 5)
    fine = gaussian(grids.rectangle(size, (36, 24), start), "collagen", LENGTH, 5).reshape(36, 24)
    assert fine[1::3, 1::3].ravel() == pytest.approx(coarse, abs=1e-12)


def test_a_slab_is_a_cut_through_the_box():
    box = gaussian(grids.box((1e-3, 3e-4, 3e-4), (10, 3, 3), (0, -1.5e-4, -1.5e-4)), "x", LENGTH, 2)
    line = gaussian(grids.slab(1e-3, 10), "x", LENGTH, 2)
    assert box.reshape(10, 3, 3)[:, 1, 1] == pytest.approx(line, abs=1e-12)


def test_seeds_and_fields_are_independent(draws):
    line = grids.slab(20 * LENGTH, 40)
    other = np.array([gaussian(line, "elastin", LENGTH, seed) for seed in SEEDS])
    assert abs((draws * other).mean()) < 4 / np.sqrt(len(SEEDS) * 8)
    assert abs((draws[1:] * draws[:-1]).mean()) < 4 / np.sqrt(len(SEEDS) * 8)
    assert np.array_equal(gaussian(line, "collagen", LENGTH, 7), draws[7])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seed": -1}, "seed = -1"),
        ({"seed": 1.5}, "seed = 1.5"),
        ({"log_sd": 9}, "outside 0-5"),
        ({"log_sd": [0.5, 1]}, r"log_sd = \[0.5, 1\] is a list; one number is needed"),
        ({"correlation_length": [1e-4]}, r"correlation_length = \[0.0001\] is a list; one number in m"),
        ({"correlation_length": 0}, "positive length"),
        ({"correlation_length": "1 um"}, "smaller cells"),
    ],
)
def test_slips_are_answered_with_a_sentence(values, words):
    given = {"field": "collagen", "log_sd": 0.5, "correlation_length": LENGTH, "seed": 1} | values
    with pytest.raises(ValueError, match=words):
        RandomField(**given).factor(grids.slab(1e-3, 20))


def test_a_stirred_cell_has_no_room_for_one():
    with pytest.raises(ValueError, match="stirred cell"):
        RandomField("collagen", 0.5, LENGTH, 1).factor(grids.well_mixed())
