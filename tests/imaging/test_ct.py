"""CT: numbers of phantoms, both chains, noise, dual energy, blur and slices."""

import os
import subprocess
import sys
from contextlib import nullcontext

import numpy as np
import pytest
from bodies import cylinder, true_mass

import sim
from sim.errors import ConfigError, ParameterError
from sim.imaging import ct, dual_energy, instruments, phantom

QUIET = {"noise": 0}
ALIGNED = ("1.5 mm", 0, 0)  # 9 mm in three slices of 3 mm


def block(density, size=0.03):
    """A cube that fills the picture's middle, wider than the point spread."""
    return phantom({"HAP": np.full((1, 1, 1), float(density))}, (size,) * 3)


@pytest.mark.parametrize(
    ("kVp", "body", "per_density"),
    [(120, 0.2, 1.36), (120, 0.1, 1.53), (100, 0.2, 1.56), (70, 0.3, 2.04), (140, 0.2, 1.23)],
)
def test_the_number_of_a_wide_block(kVp, body, per_density):
    """HU per mg/mL as computed apart from the package."""
    image = ct(block(100), settings=QUIET | {"kVp": kVp, "body": body})
    assert float(image.sel(x=0, y=0, z=0, method="nearest")) == pytest.approx(100 * per_density, rel=6e-3)
    assert float(image[0, 0, 0]) == pytest.approx(0, abs=0.1)


def test_mineral_that_fills_the_volume_displaces_all_water():
    """At its own density nothing of water is left: mu of HAP over that of water, here for one energy."""
    from sim.imaging import mass_attenuation
    from sim.imaging.xray.attenuation import energies, slope_of

    at, density = 60.0, 3153.0
    w = (energies() == at).astype(float)
    ratio = density * mass_attenuation("Ca5(PO4)3OH", at) / (1000 * mass_attenuation("H2O", at))
    assert density * slope_of(w, "Ca5(PO4)3OH", density) == pytest.approx(1000 * (ratio - 1), rel=1e-9)


@pytest.mark.parametrize("density", [200, 400, 800])
def test_both_chains_agree_on_cylinders_of_5_mm(density):
    one, other = (ct(cylinder(density), instrument="calcium_ct", settings=QUIET, chain=c, offset=ALIGNED)
                  for c in ("table", "projections"))  # fmt: skip
    assert one.shape == other.shape
    top = float(one.max())
    assert float(other.max()) == pytest.approx(top, rel=0.15)
    assert float(np.abs(one - other).max()) < 0.1 * top
    sums = [float(i.sum()) for i in (one, other)]
    assert sums[1] == pytest.approx(sums[0], rel=0.05)


def test_projections_see_beam_hardening():
    """A wide dense insert is darker in its middle than at its rim; narrow ones of the table are flat."""
    wide = cylinder(600, radius=15e-3, fine=0.2e-3)
    image = ct(wide, settings=QUIET, chain="projections", slices=1)[0]
    middle = float(image.sel(x=0, y=0, method="nearest"))
    near = float(image.sel(x=11e-3, y=0, method="nearest"))
    assert middle < near - 5
    flat = ct(wide, settings=QUIET, slices=1)[0]
    assert float(flat.sel(x=11e-3, y=0, method="nearest")) == pytest.approx(
        float(flat.sel(x=0, y=0, method="nearest")), abs=0.5
    )


@pytest.mark.parametrize("offset", [(0, 0, 0), ("0.3 mm", "0.11 mm", "-0.29 mm"), ("1 mm", 0, "0.2 mm")])
def test_blur_and_slices_keep_all_mineral(offset):
    """The sum over the picture of HU over the slope is the mass, wherever it lies on the voxels."""
    image = ct(cylinder(300), instrument="calcium_ct", settings=QUIET, offset=offset)
    voxel = image.attrs["pixel"] ** 2 * image.attrs["slice"]
    mass = float(image.sum()) / image.attrs["slope_HAP"] * voxel
    assert mass == pytest.approx(cylinder(300).mass("HAP"), rel=2e-4)  # 4 standard deviations of room
    assert mass == pytest.approx(true_mass(300), rel=5e-3)  # of squares for a circle


def test_mineral_of_a_result_is_in_its_picture():
    result = sim.simulate(sim.scenario("tb_caseous"))
    image = ct(result, settings=QUIET, tissues={"lesion": 0, "capsule": 0})
    voxel = image.attrs["pixel"] ** 2 * image.attrs["slice"]
    held = sum(
        float(result.total(s)[-1]) * result[s].attrs["molar_mass"] * _slope(result, s) for s in result.solids
    )
    assert float(image.sum()) * voxel == pytest.approx(held, rel=1e-3)


def _slope(result, solid):
    facts = result[solid].attrs
    return sim.imaging.ct_slope(facts["formula"], facts["molar_mass"] / facts["molar_volume"])


def test_tissue_is_that_of_its_region():
    result = sim.simulate(sim.scenario("fat_necrosis_breast").changed({"duration": "1 hour"}), times=2)
    image = ct(result, settings=QUIET)
    assert float(image.sel(x=0, y=0, z=0, method="nearest")) == pytest.approx(-100, abs=2)  # oil
    other = ct(result, settings=QUIET, tissues={"oil": 15, "tissue": "muscle"})
    assert float(other.sel(x=0, y=0, z=0, method="nearest")) == pytest.approx(15, abs=2)
    assert float(other[0, 0, 0]) == pytest.approx(50, abs=1)
    for tissues, words in (({"oyl": 1}, "Did you mean 'oil'"), ({"oil": "musle"}, "Did you mean 'muscle'")):
        with pytest.raises(ConfigError, match=words):
            ct(result, tissues=tissues)


@pytest.mark.parametrize("chain", ["table", "projections"])
@pytest.mark.parametrize("width", [0.5, 1.0])
def test_the_point_spread_is_as_wide_as_told(chain, width):
    """A thin rod's picture has the full width at half maximum of the instrument, not the deviation: by its
    second moment, as of a Gaussian, of which a pixel of 0.1 mm takes a little."""
    rod = cylinder(1000, radius=0.05e-3, fine=0.01e-3, room=0.05e-3)
    how = QUIET | {"psf": f"{width} mm", "pixel": "0.1 mm", "noise": 0}
    image = ct(rod, settings=how, slices=1, chain=chain)[0]
    row = image.sel(y=0, method="nearest").values
    x, inner = image["x"].values, row > 0.05 * row.max()
    slope = np.polyfit(x[inner] ** 2, np.log(row[inner]), 1)[0]
    assert np.sqrt(-4 * np.log(2) / slope) == pytest.approx(np.hypot(width, 0.07) * 1e-3, rel=0.02)


def test_a_picture_without_blur_comes_of_both_chains():
    one, other = (
        ct(cylinder(300), settings=QUIET | {"psf": 0}, slices=1, chain=c) for c in ("table", "projections")
    )
    assert float(other.sum()) == pytest.approx(float(one.sum()), rel=0.06)


def test_noise_has_its_size_and_comes_from_the_seed():
    body = cylinder(0.0, radius=30e-3, fine=0.5e-3)
    image = [ct(body, seed=s, settings={"noise": 25}) for s in (7, 7, 8)]
    assert float(image[0].std()) == pytest.approx(25, rel=0.03)
    assert image[0].equals(image[1]) and not image[0].equals(image[2])
    # As of filtered back-projection: slow waves are missing.
    strength = np.abs(np.fft.fft2(image[0].values)).mean(0)
    assert strength[0, 1] < 0.3 * strength.max()
    photons = ct(cylinder(0.0, radius=20e-3, fine=0.5e-3), chain="projections", seed=1, slices=2)
    assert float(photons.std()) == pytest.approx(20, rel=0.15)


def test_noise_is_the_same_for_any_number_of_threads():
    code = (
        "import sys; sys.path.insert(0, 'tests/imaging')\n"
        "from bodies import cylinder; from sim.imaging import ct\n"
        "import hashlib; found = ct(cylinder(300), seed=5).values.round(9)\n"
        "print(hashlib.sha256(found.tobytes()).hexdigest())"
    )

    seen = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "OPENBLAS_NUM_THREADS": n, "OMP_NUM_THREADS": n, "NUMBA_NUM_THREADS": n},
        ).stdout
        for n in ("1", "2")
    }  # fmt: skip
    assert len(seen) == 1


def test_dual_energy_tells_mineral_from_tissue():
    """The density comes back whatever the tissue, which one voltage cannot tell."""
    inside = np.zeros((1, 3, 3))
    inside[0, 1, 1] = 60.0
    body = phantom({"HAP": inside}, (0.03, 0.02, 0.02))
    for tissue in (0, 55, -100):
        found = dual_energy(body, settings=QUIET, tissues={"water": tissue}, slices=1)
        middle = float(found.sel(x=0, y=0, z=0, method="nearest"))
        assert middle == pytest.approx(60, rel=1e-3)
    assert found.attrs["units"] == "kg m-3" and found.attrs["kVp"] == [80.0, 140.0]
    with pytest.raises(ConfigError, match="two different"):
        dual_energy(body, voltages=(80, 80))


def test_micro_ct_of_a_piece_and_what_is_too_much():
    result = sim.simulate(sim.scenario("elastin_implant_rat"), times=2)
    image = ct(result, instrument="micro_ct", length="0.4 mm", slices=2)
    assert image.sizes["z"] == 2 and image.attrs["pixel"] == pytest.approx(2e-5)
    with pytest.raises(ConfigError, match="fewer slices"):
        ct(result, instrument="micro_ct", length="60 mm")


@pytest.mark.parametrize("name", [n for n, i in instruments().items() if i.kind == "ct"])
def test_every_instrument_makes_a_picture(name):
    small = cylinder(500, radius=0.5e-3, length=0.2e-3, room=0)
    image = ct(small, instrument=name)
    assert np.isfinite(image.values).all() and image.attrs["units"] == "HU"
    assert image.attrs["title"] and image.attrs["scenario"] == "phantom"


def test_mistakes_are_sentences():
    body = cylinder(100, room=0)
    for wrong, error, words in (
        ({"instrument": "chest_tc"}, ConfigError, "Did you mean 'chest_ct'"),
        ({"instrument": "chest"}, ConfigError, "not an instrument for a CT"),
        ({"chain": "tabel"}, ConfigError, "table, projections"),
        ({"settings": {"kVp": 115}}, ConfigError, "110, 120"),
        ({"settings": {"pixle": 1}}, ParameterError, "Did you mean"),
        ({"settings": {"pixel": 0}}, ConfigError, "not above 0"),
        ({"seed": -1}, ConfigError, "below 0"),
        ({"offset": (0, 0)}, ConfigError, "three lengths"),
        ({"slices": 0}, ConfigError, "below 1"),
        ({"settings": {"body": "1 cm"}, "chain": "projections"}, ConfigError, "larger body"),
    ):
        with pytest.raises(error, match=words), pytest.warns() if "pixel" in str(wrong) else nullcontext():
            ct(body, **wrong)


def test_imaging_brings_no_library_of_files_and_sim_brings_no_imaging():
    code = (
        "import sys, sim; assert 'sim.imaging' not in sys.modules; sim.imaging.ct; sim.measures.first_seen\n"
        "print([m for m in ('skimage', 'pydicom', 'nibabel', 'matplotlib', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("offset", [("2.9 mm", 0, 0), (0, "7 mm", 0), ("-4 mm", "1 mm", "-9 mm")])
def test_a_body_that_is_moved_far_stays_in_the_picture(offset):
    """All of its mineral, wherever it lies."""
    image = ct(cylinder(400), instrument="calcium_ct", settings=QUIET, offset=offset)
    voxel = image.attrs["pixel"] ** 2 * image.attrs["spacing"]
    held = float(image.sum()) * voxel / image.attrs["slope_HAP"]
    assert held == pytest.approx(true_mass(400), rel=5e-3)  # of a circle of cells
