"""The tissue taken off a CT voxel by voxel: what is left is the mineral, whatever the tissues are."""

import numpy as np
import pytest

import sim
from sim.chemistry.solids import solids
from sim.errors import ConfigError
from sim.imaging import (
    ct,
    ct_slope,
    mineral_density,
    mineral_map,
    read_dicom,
    read_nifti,
    write_dicom,
    write_nifti,
)

HAP = solids()["HAP"]
TISSUES = {"lesion": 20, "border": "fibrous"}
HOW = {"noise": 0, "slice": "1 mm", "spacing": "1 mm"}


def scenario(geometry):
    return (
        sim.scenario("infarct_myocardium")
        .with_geometry(geometry, {"lesion": 6, "border": 4})
        .with_(duration="1 min", initial={"HAP": "150 mM"})
    )


@pytest.fixture(scope="module", params=["rectangle", "slab", "cylinder", "sphere"])
def run(request):
    made = scenario(request.param)
    return made, sim.simulate(made, times=2)


@pytest.mark.parametrize("offset", [(0, 0, 0), ("0.3 mm", "-0.1 mm", "0.2 mm")])
def test_tissues_of_two_numbers_leave_the_mineral_alone(run, offset):
    """As of a body whose tissue all has the number of water: blur and voxels act on both alike."""
    made, result = run
    how = {"instrument": "calcium_ct", "settings": HOW, "offset": offset}
    seen = mineral_density(ct(result, tissues=TISSUES, **how), made, TISSUES)
    alone = ct(result, tissues={"lesion": 0, "border": 0}, **how) / ct_slope(HAP.formula, HAP.density)
    assert float(alone.max()) > 50
    assert np.allclose(seen, alone, rtol=0, atol=1e-9 * float(alone.max()))
    assert seen.attrs["tissues"].count("HU") == 2 and "60 HU" in seen.attrs["tissues"]


def test_mass_is_that_of_the_ledger_and_noise_adds_none(run):
    """Of voxels that hold the whole body and its blur; noise of filtered back-projection has no mean."""
    made, result = run
    depth = {"rectangle": 10e-3, "cylinder": 10e-3, "slab": 2 * (10e-3) ** 2, "sphere": 1.0}
    held = (result["HAP"].isel(time=-1) * result["volume"]).sum() * HAP.molar_mass * depth[made.geometry]
    scan = ct(result, instrument="calcium_ct", settings=HOW | {"noise": 10}, tissues=TISSUES, seed=3)
    seen = mineral_density(scan, made, TISSUES)
    voxel = seen.attrs["pixel"] ** 2 * seen.attrs["spacing"]
    # 4 standard deviations of blur lie in the picture, and other solids of the run count as HAP.
    assert float(seen.sum()) * voxel == pytest.approx(float(held), rel=2e-3)


def test_a_file_is_read_like_the_picture_and_starts_a_run(tmp_path):
    pytest.importorskip("nibabel")
    made = scenario("rectangle")
    scan = ct(sim.simulate(made, times=2), settings=HOW, tissues=TISSUES, offset=("0.3 mm", 0, "0.2 mm"))
    seen = mineral_density(scan, made, TISSUES)
    path = write_nifti(scan, tmp_path / "a.nii", bits=64)
    assert np.allclose(mineral_density(path, made, TISSUES), seen, rtol=0, atol=1e-9)
    least = 1e-6
    start = mineral_map(write_nifti(seen, tmp_path / "b.nii", bits=64), least=least)
    voxel = seen.attrs["pixel"] ** 2 * seen.attrs["spacing"]
    assert start.total == pytest.approx(float(seen.sum()) * voxel, rel=1e-6)
    assert start.slope == 1 and start.zero == 0


def test_a_dicom_series_of_its_own_is_read_like_the_picture(tmp_path):
    pytest.importorskip("pydicom")
    made = scenario("rectangle")
    scan = ct(sim.simulate(made, times=2), settings=HOW, tissues=TISSUES)
    write_dicom(scan, tmp_path / "a")
    seen = mineral_density(scan, made, TISSUES)
    for given in (tmp_path / "a", read_dicom(tmp_path / "a")):
        assert np.abs(mineral_density(given, made, TISSUES) - seen).max() <= 0.5 / seen.attrs["slope"] + 1e-9


def test_a_foreign_scan_lies_at_its_centre_and_is_told_its_blur(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    made = scenario("rectangle")  # 10 mm square, the lesion within 6 mm about the middle
    numbers = np.full((20, 20, 1), 60.0)  # x, y, z
    affine = np.diag([-1.0, -1.0, 3.0, 1.0])
    affine[:3, 3] = 70.0, 30.0, -400.0
    nibabel.save(nibabel.Nifti1Image(numbers, affine), tmp_path / "a.nii")
    given = {"scan": read_nifti(tmp_path / "a.nii"), "scenario": made, "tissues": TISSUES}
    with pytest.raises(ConfigError, match="does not say the voltage"):
        mineral_density(**given)
    with pytest.raises(ConfigError, match="does not say its point spread; give psf"):
        mineral_density(**given, kVp=120)
    seen = mineral_density(**given, kVp=120, psf=0)
    high = abs(seen - 40 / ct_slope(HAP.formula, HAP.density)) < 1e-9  # 60 HU in tissue of 20 HU
    middle = float((seen.x * high).sum() / high.sum()), float((seen.y * high).sum() / high.sum())
    assert high.any() and middle == pytest.approx((0, 0), abs=1e-9)
    other = abs(seen.values) < 1e-9  # and none in that of 60 HU, but where a voxel holds some of both
    assert (
        other | high.values | ((seen > 0) & (seen < float(seen.max()))).values
    ).all() and other.sum() > 100
    path = write_nifti(seen, tmp_path / "b.nii")
    header = nibabel.load(path).header
    assert header["descrip"].item().startswith(b"derived by hapsim from a scan that it did not simulate")
    assert read_nifti(path).attrs["simulated"] is False
    with pytest.raises(ConfigError, match=r"a\.nii does not say what its numbers are"):
        mineral_density(tmp_path / "a.nii", made)
    moved = mineral_density(**given, kVp=120, psf=0, centre=("1 mm", 0, 0))
    assert np.allclose(moved.values[..., :-1], seen.values[..., 1:]) and float(moved.x[0]) == pytest.approx(
        float(seen.x[1])
    )


def test_what_does_not_fit_is_a_sentence():
    made = scenario("rectangle")
    scan = ct(sim.simulate(made, times=2), settings=HOW)
    for more, words in (
        ({"tissues": {"lesoin": 3}}, "Did you mean 'lesion'"),
        ({"of": "HPA"}, "'HPA'"),
        ({"psf": "-1 mm"}, "psf = '-1 mm' is below 0"),
        ({"centre": (0, 0)}, "must be three lengths"),
        ({"kVp": 80}, "was taken at 120 kVp"),
    ):
        with pytest.raises(ConfigError, match=words):
            mineral_density(scan, made, **more)
    with pytest.raises(ConfigError, match="not in CT numbers"):
        mineral_density(scan.assign_attrs(units="mg/mL"), made)
    with pytest.raises(ConfigError, match="over z, y and x; this one is over y, x"):
        mineral_density(scan.isel(z=0, drop=True), made)


def test_what_was_read_and_what_is_left_are_drawn(tmp_path):
    """Under their own names: a scan of another program is not called simulated."""
    nibabel = pytest.importorskip("nibabel")
    import matplotlib.pyplot as plt

    from sim import plotting as plot

    made = scenario("rectangle")
    scan = ct(sim.simulate(made, times=2), settings=HOW)
    nibabel.save(nibabel.Nifti1Image(np.zeros((3, 3, 2)), np.eye(4)), tmp_path / "theirs.nii")
    for picture, words in (
        (mineral_density(scan, made), "simulated HAP above the tissue"),
        (read_nifti(tmp_path / "theirs.nii"), "CT\nfrom theirs.nii"),
    ):
        assert plot.scan(picture).get_title("left").startswith(words)
    plt.close("all")
