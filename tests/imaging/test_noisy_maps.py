"""Mineral in a noisy scan: connected mineral keeps its mass in the mean, and says how sure that is."""

import pickle

import numpy as np
import pytest
from bodies import cylinder, true_mass

import sim
from sim.errors import NoiseWarning, ScenarioError
from sim.imaging import ct, ct_slope, mineral_map, write_nifti
from sim.imaging.xray.ct import noise
from sim.imaging.xray.frames import Frame
from sim.imaging.xray.instruments import instrument
from sim.space.maps.measured_map import MeasuredMap
from sim.space.maps.packed import as_text
from sim.space.maps.support import RIM, SEED, deviation_of_sum, noise_below_zero, noise_of_pairs, support

SIZES = (3e-3, 0.43e-3, 0.43e-3)  # of calcium_ct [m]
REACH = 1.5e-3
SEEDS = 40
MG = 1e6


def quiet(density):
    """A cylinder of 5 mm by 9 mm that slices cut anyhow, without noise [mg/mL], with water around."""
    image = ct(cylinder(density), instrument="calcium_ct", settings={"noise": 0}, offset=("0.7 mm", 0, 0))
    return np.pad(image.values / image.attrs["slope_HAP"], ((2, 2), (16, 16), (16, 16)))


def noises(shape, deviation, kind):
    """Fields of noise [mg/mL], one a seed: of filtered back-projection, or without any correlation."""
    places = Frame(*(np.arange(n) * s for n, s in zip(shape, SIZES, strict=True)))
    scanner = instrument("calcium_ct", "ct").with_settings({"noise": deviation})
    for seed in range(SEEDS):
        white = np.random.default_rng(seed).normal(0.0, deviation, shape)
        yield (noise(places, scanner, seed) if kind == "scanner" else white) / 1.3648


@pytest.mark.parametrize("kind", ["scanner", "white"])
@pytest.mark.parametrize("density", [100, 400])
def test_the_mass_is_right_in_the_mean_and_as_sure_as_is_said(density, kind):
    """20 HU of noise: the mean error over seeds is within three times what seeds scatter it, and two standard
    deviations as told hold the truth in 19 of 20 scans or so. A threshold of three times the noise loses a
    tenth at 100 mg/mL."""
    dense, true = quiet(density), true_mass(density)
    voxel = float(np.prod(SIZES))
    off, said, cut = [], [], []
    for field in noises(dense.shape, 20.0, kind):
        values = dense + field
        found = noise_below_zero(values)
        counts = support(values, found, REACH, SIZES)
        off.append(counts.amounts(values).sum() * voxel - true)
        said.append(deviation_of_sum(values, counts, found, REACH, SIZES) * voxel)
        cut.append(values[values >= 3 * found].sum() * voxel - true)
    off, said = np.array(off), np.array(said)
    assert abs(off.mean()) < 3 * off.std() / np.sqrt(SEEDS) and abs(off.mean()) < 0.01 * true
    assert 0.85 < said.mean() / off.std() < 1.5
    assert np.mean(np.abs(off) < 2 * said) > 0.9
    assert np.mean(cut) < -1.8 / MG * 0.4  # [kg]: of 17.7 mg 2.2, of 70.7 mg 0.9


def test_what_counts_by_the_slow_obvious_way():
    """Voxel by voxel: groups that touch, with a seed, and an ellipsoid about each of their voxels."""
    chance = np.random.default_rng(3)
    values = chance.normal(0.0, 1.0, (4, 9, 8))
    values[1:3, 3:6, 3:5] += 4.0
    values[0, 0, 7] = SEED + 0.1
    sizes, reach = (2.0, 1.0, 1.0), 1.5
    found = support(values, 1.0, reach, sizes)
    high = {tuple(p) for p in np.argwhere(values > RIM)}
    core = {p for p in high if values[p] >= SEED}
    while True:
        more = {q for q in high - core if any(max(abs(a - b) for a, b in zip(p, q)) == 1 for p in core)}  # noqa: B905
        if not more:
            break
        core |= more
    wide = [max(reach, s) for s in sizes]
    slow = np.zeros(values.shape, bool)
    for at in np.ndindex(values.shape):
        slow[at] = any(
            sum(((a - b) * s / w) ** 2 for a, b, s, w in zip(at, p, sizes, wide, strict=True)) <= 1 + 1e-12
            for p in core
        )
    assert len(core) > 5 and np.array_equal(found.label > 0, slow)
    held = found.amounts(values)
    assert (held >= 0).all() and {tuple(p) for p in np.argwhere(held)} <= core
    for group in range(1, found.groups + 1):
        inside = found.label == group
        assert held[inside].sum() == pytest.approx(max(values[inside].sum(), 0.0), rel=1e-12)


def test_a_group_of_less_than_nothing_holds_nothing():
    values = np.full((1, 5, 5), -3.0)
    values[0, 2, 2] = 6.0
    found = support(values, 1.0, 1.0, (1.0, 1.0, 1.0))
    assert found.groups == 1 and found.voxels == 5 and not found.amounts(values).any()


def test_noise_is_told_by_what_lies_below_zero():
    values = np.random.default_rng(1).normal(0.0, 7.0, 40_000)
    values[:8000] += 100.0  # mineral
    values[8000:8400] -= 900.0  # air
    assert noise_below_zero(values) == pytest.approx(7.0, rel=0.05)
    assert noise_below_zero(np.array([0.0, 3.0])) == 0.0


@pytest.mark.parametrize("kind", ["scanner", "white"])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_fat_is_not_taken_for_noise(share, kind, recwarn):
    """Deposits of 300 and 120 mg/mL in water, with fat of -33 mg/mL beside them in a share of all voxels:
    the noise told is what was put in, both are found, and they hold their mass. A sentence tells of the fat.
    """
    water = np.concatenate([quiet(300), quiet(120)], axis=2)
    fat = np.full((*water.shape[:2], round(water.shape[2] * share / (1 - share))), -33.0)
    values = np.concatenate([water, fat], axis=2)
    field = next(noises(values.shape, 6.0, kind))
    made = scanned(values + field, reach=REACH)
    assert made.noise == pytest.approx(field.std(), rel=0.1)
    assert made.support.groups == 2 and made.total == pytest.approx(
        true_mass(300) + true_mass(120), abs=3 * made.error
    )
    said = [str(w.message) for w in recwarn if w.category is NoiseWarning]
    if share == 0.0:
        assert said == []
    else:
        assert noise_below_zero(values + field) > 1.5 * field.std()
        assert len(said) == 1 and "fat or air" in said[0] and "Give noise=" in said[0]
        recwarn.clear()
        again = scanned(values + field, reach=REACH, noise=float(field.std()))
        assert again.total == pytest.approx(made.total, rel=0.01) and not len(recwarn)


def test_tissue_that_is_brighter_than_zero_is_told_of():
    """Few voxels lie below zero then, and they tell less than there is."""
    values = np.random.default_rng(4).normal(20.0, 10.0, (2, 80, 80))
    with pytest.warns(NoiseWarning, match="tissue is brighter than `zero`"):
        scanned(values, reach=REACH)


def test_what_was_filled_in_about_a_scan_tells_nothing_of_its_noise(recwarn):
    values = np.random.default_rng(5).normal(0.0, 10.0, (2, 60, 60))
    values[0, 10:14, 10:14] += 300.0
    values = np.pad(values, ((0, 0), (40, 40), (40, 40)))
    assert scanned(values, reach=REACH).noise == pytest.approx(10.0, rel=0.05)
    smooth = np.pad(quiet(300), ((0, 0), (20, 20), (20, 20)))
    assert scanned(smooth - 1e-13, reach=REACH).noise < 1e-12  # no noise is told from edges
    assert noise_of_pairs(np.zeros((1, 5, 5)), REACH, SIZES) is None and not len(recwarn)


def scanned(values, **lying):
    sizes = tuple(f"{1e3 * s:g} mm" for s in SIZES)
    return MeasuredMap("HAP", cells=values.shape, bits=as_text(values), spacing=sizes, **lying)


def test_the_deviation_of_a_sum_is_that_of_sums_elsewhere():
    """Of noise with neighbours that go together: against sums over 2000 other fields."""
    shape, chance = (1, 60, 60), np.random.default_rng(5)

    def field():
        white = chance.normal(size=shape)
        return white + np.roll(white, 1, 2) + np.roll(white, 1, 1)

    values = field()
    values[0, 25:33, 25:33] += 50.0
    counts = support(values, 3**0.5, 2.0, (1.0, 1.0, 1.0))
    sums = [field()[counts.label > 0].sum() for _ in range(2000)]
    told = deviation_of_sum(values, counts, 3**0.5, 2.0, (1.0, 1.0, 1.0))
    assert told == pytest.approx(float(np.std(sums)), rel=0.2)
    assert told > 1.3 * 3**0.5 * counts.voxels**0.5  # what noise without correlation would give


def test_a_map_that_counts_connected_mineral_stays_data(tmp_path):
    pytest.importorskip("nibabel")
    scan = ct(cylinder(200, room=5e-3), instrument="calcium_ct", seed=2, tissues={"water": 0})
    path = write_nifti(scan, tmp_path / "a.nii", bits=64)
    made = mineral_map(path, tissue=0, reach="1.5 mm")
    slope = ct_slope("Ca5(PO4)3OH", 3160)
    assert made.noise == pytest.approx(20 / slope, rel=0.1)
    assert made.total == pytest.approx(true_mass(200), abs=3 * made.error)
    voxel = made.voxels.volume
    assert made.total + made.cleared.sum == pytest.approx(float((scan.values / made.slope).sum()) * voxel)
    assert made.cleared.voxels == np.count_nonzero(made.support.label == 0)
    far = np.hypot(scan.y, scan.x).values > 3.6e-3  # of a radius of 2.5 mm
    assert made.amounts[:, far].sum() < 0.02 * made.amounts.sum()
    assert "counted in 1 groups: above 2 and 5 times the noise of" in made.in_words()
    plane = (
        sim.scenario("infarct_myocardium")
        .with_geometry("rectangle", {"lesion": 4, "border": 2})
        .with_(duration="1 min", maps=(made,))
    )
    plane.save(tmp_path / "s.toml")
    again = sim.scenario(tmp_path / "s.toml")
    assert again == plane and again.maps[0].noise == made.noise
    assert "reach = 0.0015" in (tmp_path / "s.toml").read_text()
    assert made.about()["error"] == made.error
    assert mineral_map(path, tissue=0, reach="2 mm") != made
    sent = pickle.dumps(made)
    assert len(sent) < 1.2 * made.voxels.values.nbytes and pickle.loads(sent) == made  # noqa: S301


def test_what_does_not_fit_is_a_sentence():
    def made(values, **more):
        cells = {"cells": values.shape, "bits": as_text(values), "spacing": "1 mm"}
        return MeasuredMap("HAP", **cells, **more)

    faint = np.random.default_rng(1).normal(0, 10, (2, 9, 9))
    for more, words in (
        ({"reach": "1 mm", "least": 3}, "least and reach are two ways"),
        ({"noise": 3}, "noise is for reach"),
        ({"reach": "-1 mm"}, r"reach = '-1 mm' is below 0"),
        ({"reach": "1 mm"}, "stands out of the noise of .* by 5 times"),
        ({"raech": "1 mm"}, "Did you mean 'reach'"),
    ):
        with pytest.raises(ScenarioError, match=words):
            made(faint, **more)
    with pytest.raises(ScenarioError, match="Give reach, 1.5 times the point spread"):
        made(faint)
