"""Measured volumes as what a run starts with: mass is kept, scenarios stay data, noise is counted."""

import warnings

import numpy as np
import pytest
import xarray
from bodies import cylinder
from reference import square_infarct

import sim
from sim.chemistry.solids import solids
from sim.errors import ConfigError, FileFormatError, RegionWarning, ScenarioError
from sim.imaging import ct, ct_slope, mineral_map, sites_map, write_dicom, write_nifti, write_tiff
from sim.run.segments import Builder

TISSUE = 50.0  # HU
HAP = solids()["HAP"]


@pytest.fixture(scope="module")
def plane():
    return square_infarct()


def grid_of(scenario):
    return Builder(scenario).grid


def ideal(densities, sides):
    """CT numbers of densities (z, y, x) [mg/mL] by the slope of 120 kVp behind 20 cm, about the origin."""
    places = {
        a: (a, (np.arange(n) - 0.5 * (n - 1)) * s)
        for a, n, s in zip("zyx", densities.shape, sides, strict=True)
    }
    said = {"units": "HU", "kVp": 120.0, "body": 0.2, "spacing": sides[0], "pixel": sides[2]}
    numbers = TISSUE + ct_slope(HAP.formula, HAP.density) * np.asarray(densities)
    return xarray.DataArray(numbers, places, ("z", "y", "x"), "CT", said)


def start(scenario):
    """HAP at the start [mg/mL], over (y, x) or what the geometry has."""
    found = sim.simulate(scenario, times=2)
    return found, found["HAP"].isel(time=0) * HAP.molar_mass


def pattern(shape, seed=1):
    return np.random.default_rng(seed).uniform(0.0, 300.0, shape)


# --- the loop


@pytest.mark.parametrize("kind", ["dicom", "nifti", "tiff"])
def test_the_loop_keeps_mass(plane, tmp_path, kind):
    """simulate -> CT -> file -> read -> start of a run: exact but for what the file rounds."""
    pytest.importorskip("pydicom")
    pytest.importorskip("nibabel")
    own = plane.with_region("stone", sim.shapes.Disc("2 mm", ("1 mm", "-2 mm")), like="lesion")
    first = sim.simulate(own.changed({"stone.HAP": "600 mM", "border.HAP": "50 mM"}), times=2)
    side = float(np.diff(first["x_edges"].values)[0])
    how = {"noise": 0, "psf": 0, "pixel": side, "slice": "10 mm", "spacing": "10 mm"}
    # At the start, when all that is solid is HAP: CT takes other solids for the HAP of the same number.
    image = ct(first, 0, settings=how, tissues=dict.fromkeys(("lesion", "border", "stone"), TISSUE), slices=1)
    if kind == "dicom":
        write_dicom(image, tmp_path / "series")
        path, off = tmp_path / "series", 0.5 / image.attrs["slope_HAP"]
    elif kind == "nifti":
        path, off = write_nifti(image, tmp_path / "a.nii.gz", bits=64), 0.0
    else:
        path = write_tiff(image, tmp_path / "a.tif")  # single precision: 24 bits
        off = 2.0**-24 * float(image.max()) / image.attrs["slope_HAP"]
    made = mineral_map(path, tissue=TISSUE)
    second, held = start(plane.changed({"maps": [made]}))
    true = first["HAP"].isel(time=0) * HAP.molar_mass
    assert np.abs(held - true).max() <= off + 1e-9 * float(true.max())
    mass, before = (float((f * first["volume"]).sum()) for f in (held, true))
    assert mass == pytest.approx(before, rel=1e-9 if kind == "nifti" else off / float(true.mean()))
    assert second.scenario.maps[0].digest == made.digest


def test_noise_and_blur_keep_the_mass_within_what_is_lost(tmp_path):
    """A cylinder of 400 mg/mL: blur moves mass and keeps it, the bound of 3 sd of the noise takes some.

    Tolerance: rounding to HU and noise, 12 HU in 5000 voxels, against 400 mg/mL in 300.
    """
    pytest.importorskip("pydicom")
    body = cylinder(400, radius=2.5e-3, length=9e-3, room=2e-3)
    quiet = ct(body, instrument="calcium_ct", settings={"noise": 0}, tissues={"water": 0})
    loud = ct(body, instrument="calcium_ct", seed=3, tissues={"water": 0})
    write_dicom(quiet, tmp_path / "a")
    write_dicom(loud, tmp_path / "b")
    true = body.mass("HAP")
    assert mineral_map(tmp_path / "a", tissue=0).total == pytest.approx(true, rel=5e-3)
    with pytest.raises(ScenarioError, match=r"voxels lie below zero.*Or least"):
        mineral_map(tmp_path / "b", tissue=0)
    noisy = mineral_map(tmp_path / "b", tissue=0, least=30)
    assert noisy.cleared.voxels > 0
    assert noisy.total + noisy.cleared.sum == pytest.approx(
        float((loud.round().values / noisy.slope).sum()) * noisy.voxels.volume, rel=1e-9
    )
    assert noisy.total == pytest.approx(true, rel=0.1)


# --- geometry


def test_cells_that_do_not_match_take_exact_means(plane, tmp_path):
    """Sums of overlaps done slowly, voxel by voxel."""
    pytest.importorskip("nibabel")
    dense = pattern((2, 7, 9))
    path = write_nifti(ideal(dense, (1e-3, 1.1e-3, 1.1e-3)), tmp_path / "a.nii", bits=64)
    made = mineral_map(path, tissue=TISSUE, centre=("0.04 mm", "-0.9 mm", "0 mm"))
    grid = grid_of(plane)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # all of it lies in the domain
        laid = made.laid(grid)
    voxels = made.amounts.mean(axis=0)
    x0, y0 = made.centre[0] - 0.5 * voxels.shape[1] * 1.1e-3, made.centre[1] - 0.5 * voxels.shape[0] * 1.1e-3
    slow = np.zeros(grid.shape)
    ex, ey = grid.edges["x"], grid.edges["y"]
    for i in range(grid.shape[0]):
        for j in range(grid.shape[1]):
            for a in range(voxels.shape[1]):
                for b in range(voxels.shape[0]):
                    wide = min(ex[i + 1], x0 + (a + 1) * 1.1e-3) - max(ex[i], x0 + a * 1.1e-3)
                    high = min(ey[j + 1], y0 + (b + 1) * 1.1e-3) - max(ey[j], y0 + b * 1.1e-3)
                    slow[i, j] += voxels[b, a] * max(wide, 0) * max(high, 0)
    slow /= np.multiply.outer(np.diff(ex), np.diff(ey))
    assert laid.means == pytest.approx(slow.ravel(), rel=1e-9, abs=1e-9)
    assert laid.lost == pytest.approx(0, abs=1e-12)
    assert float(laid.means @ grid.volume) == pytest.approx(voxels.sum() * 1.1e-3**2, rel=1e-9)


def test_a_box_takes_all_and_a_plane_one_slice(plane, tmp_path):
    pytest.importorskip("nibabel")
    dense = pattern((4, 4, 4))
    path = write_nifti(ideal(dense, (2.5e-3,) * 3), tmp_path / "a.nii", bits=64)
    box = plane.with_geometry("box", {"lesion": 1, "border": 1})
    grid = grid_of(box)
    laid = mineral_map(path, tissue=TISSUE).laid(grid)
    assert laid.means.reshape(grid.shape) == pytest.approx(dense.T, rel=1e-9)
    one = mineral_map(path, tissue=TISSUE, plane="3 mm")
    x = np.searchsorted(np.linspace(-5e-3, 5e-3, 5), grid_of(plane).centres["x"]) - 1
    y = np.searchsorted(np.linspace(-5e-3, 5e-3, 5), grid_of(plane).centres["y"]) - 1
    assert one.laid(grid_of(plane)).means == pytest.approx(dense[3][y, x], rel=1e-9)
    with pytest.raises(ScenarioError, match="plane = 6 mm is outside"):
        mineral_map(path, tissue=TISSUE, plane="6 mm").laid(grid_of(plane))


def test_a_slab_takes_the_mean_of_both_halves(plane, tmp_path):
    pytest.importorskip("nibabel")
    dense = np.zeros((1, 2, 4))
    dense[0, :, 0], dense[0, :, 3] = 100.0, 40.0
    path = write_nifti(ideal(dense, (1e-3, 2.5e-3, 2.5e-3)), tmp_path / "a.nii", bits=64)
    slab = plane.with_geometry("slab", {"lesion": 4, "border": 1})
    laid = mineral_map(path, tissue=TISSUE).laid(grid_of(slab))
    grid = grid_of(slab)
    assert not laid.means[grid.edges["x"][1:] <= 2.5e-3].any()
    assert laid.means[grid.edges["x"][:-1] >= 2.5e-3] == pytest.approx(70.0, rel=1e-9)
    assert 2 * float(laid.means @ np.diff(grid.edges["x"])) == pytest.approx(140 * 2.5e-3, rel=1e-9)


def test_the_length_of_the_tissue_leaves_out_what_lies_around_it(plane, tmp_path):
    """A slab of 6 mm by 6 mm in a picture of 8 mm by 8 mm: the mean is that of the slab."""
    dense = np.zeros((4, 8, 8))
    dense[:, 1:7] = 70.0
    dense[0] = dense[3] = 35.0 * (dense[1] > 0)  # slices of 2 mm that the tissue fills by half
    path = write_tiff(ideal(dense, (2e-3, 1e-3, 1e-3)), tmp_path / "a.tif")
    slab = grid_of(plane.with_geometry("slab", {"lesion": 4, "border": 1}))
    whole, own = (mineral_map(path, tissue=TISSUE, length=a).laid(slab).means for a in (None, "6 mm"))
    inner = slab.edges["x"][1:] <= 4e-3
    assert whole[inner] == pytest.approx(70 * 6 / 8 * 6 / 8, rel=1e-6)
    assert own[inner] == pytest.approx(70 * (4 + 2 * 0.5) / 6, rel=1e-6)
    with pytest.raises(ScenarioError, match="must be a positive length"):
        mineral_map(path, tissue=TISSUE, length=0)


@pytest.mark.parametrize("shift", [0.0, 0.4e-3, 1.3e-3])
def test_a_tissue_that_ends_within_the_volume_keeps_its_mass(plane, tmp_path, shift):
    """9 mm long, in slices of 3 mm that do not match its ends: by `length` alone a sixth is lost."""
    pytest.importorskip("nibabel")
    long, thick, count = 9e-3, 3e-3, 5
    faces = (np.arange(count + 1) - 0.5 * count) * thick + shift
    share = np.clip(np.minimum(faces[1:], long / 2) - np.maximum(faces[:-1], -long / 2), 0, None) / thick
    image = ideal(200.0 * share[:, None, None] * np.ones((1, 10, 10)), (thick, 1e-3, 1e-3))
    image = image.assign_coords(z=image.z + shift)
    path = write_nifti(image, tmp_path / "a.nii", bits=64)
    cut, kept = (
        float(mineral_map(path, tissue=TISSUE, length="9 mm", whole=whole).laid(grid_of(plane)).means.max())
        for whole in (False, True)
    )
    assert kept == pytest.approx(200.0, rel=1e-6)
    assert cut < kept * (1 - 1e-3) or shift == 0.0
    made = plane.changed({"maps": [mineral_map(path, tissue=TISSUE, length="9 mm", whole=True)]})
    made.save(tmp_path / "s.toml")
    again = sim.scenario(tmp_path / "s.toml")
    assert again == made and again.maps[0].whole and again.maps[0].without_path() == made.maps[0]
    assert mineral_map(path, tissue=TISSUE, length="9 mm") != made.maps[0]
    with pytest.raises(ScenarioError, match="True needs length"):
        mineral_map(path, tissue=TISSUE, whole=True)


@pytest.mark.parametrize("geometry", ["cylinder", "sphere"])
def test_shells_of_a_constant_are_constant_and_mass_is_kept(plane, tmp_path, geometry):
    """A ball, or rod, of known mass: the ledger of the run has it; a constant stays one.

    Tolerance of the correction: parts that the edge of the outermost shell cuts voxels into."""
    pytest.importorskip("nibabel")
    round_ = plane.with_geometry(geometry, {"lesion": 8, "border": 4})
    grid = grid_of(round_)
    n, side = 24, 0.5e-3
    full = write_nifti(ideal(np.full((n,) * 3, 80.0), (side,) * 3), tmp_path / "full.nii", bits=64)
    with pytest.warns(RegionWarning, match="outside"):
        laid = mineral_map(full, tissue=TISSUE).laid(grid)
    assert laid.means == pytest.approx(np.full(grid.n_cells, 80.0), rel=1e-9)
    assert laid.correction == pytest.approx(1, abs=5e-3)
    c = (np.arange(n) - 0.5 * (n - 1)) * side
    z, y, x = np.meshgrid(c, c, c, indexing="ij")
    r = np.sqrt(x**2 + y**2 + (z**2 if geometry == "sphere" else 0))
    ball = np.where(r < 3e-3, 200.0, 0.0)
    made = mineral_map(write_nifti(ideal(ball, (side,) * 3), tmp_path / "b.nii", bits=64), tissue=TISSUE)
    result, held = start(round_.changed({"maps": [made]}))
    deep = n * side if geometry == "cylinder" else 1.0
    mass = float((held * result["volume"]).sum()) * deep
    assert mass == pytest.approx(200.0 * (r < 3e-3).sum() * side**3, rel=1e-9)
    inner = result["r"].values < 2.5e-3
    assert held.values[inner] == pytest.approx(np.full(inner.sum(), 200.0), rel=0.03)


def test_a_stirred_cell_takes_the_mean(plane, tmp_path):
    pytest.importorskip("nibabel")
    path = write_nifti(ideal(pattern((2, 3, 3)), (1e-3,) * 3), tmp_path / "a.nii", bits=64)
    made = mineral_map(path, tissue=TISSUE)
    stirred = plane.with_geometry("well_mixed").with_(outer="closed")
    assert made.laid(grid_of(stirred)).means == pytest.approx([made.amounts.mean()])


def test_what_lies_beyond_the_domain_is_told(plane, tmp_path):
    pytest.importorskip("nibabel")
    path = write_nifti(ideal(pattern((1, 4, 4)), (1e-3, 1e-3, 1e-3)), tmp_path / "a.nii", bits=64)
    made = mineral_map(path, tissue=TISSUE, centre=("5 mm", "0 mm", "0 mm"))
    right = made.amounts[0, :, made.amounts.shape[2] // 2 :].sum() / made.amounts.sum()
    with pytest.warns(RegionWarning, match=f"{100 * right:.3g} % of the HAP in a.nii lies outside"):
        laid = made.laid(grid_of(plane))
    assert laid.lost == pytest.approx(right, rel=1e-9)


def test_parts_of_a_cell_that_no_voxel_covers_keep_what_the_scenario_says(plane, tmp_path):
    path = write_tiff(ideal(np.full((1, 3, 3), 100.0), (1e-3, 2e-3, 2e-3)), tmp_path / "a.tif")
    made = mineral_map(path, tissue=TISSUE)
    base = plane.with_(initial={"HAP": "10 mM"})
    wide = base.changed({"domain": "40 mm in 40 cells, 40 mm in 40 cells", "maps": [made]})
    _, held = start(wide)
    _, plain = start(base.changed({"domain": "40 mm in 40 cells, 40 mm in 40 cells"}))
    assert held.sel(x=15e-3, y=0, method="nearest") == plain.sel(x=15e-3, y=0, method="nearest")
    assert float(held.sel(x=0, y=0, method="nearest")) == pytest.approx(100, rel=1e-6)


def test_a_map_acts_in_its_region_alone(plane, tmp_path):
    path = write_tiff(ideal(np.full((1, 5, 5), 100.0), (1e-3, 2e-3, 2e-3)), tmp_path / "a.tif")
    _, held = start(plane.changed({"maps": [mineral_map(path, tissue=TISSUE, region="lesion")]}))
    where = Builder(plane).places.within("lesion").reshape(grid_of(plane).shape)
    assert np.array_equal(held.transpose("x", "y").values > 1, where)


# --- sites and regions


def test_a_picture_is_a_factor_on_the_density_of_sites(plane, tmp_path):
    from PIL import Image

    grey = (np.arange(16).reshape(4, 4) * 10).astype(np.uint8)
    Image.fromarray(grey).save(tmp_path / "sites.png")
    made = sites_map(tmp_path / "sites.png", 100, spacing=("1 mm", "2.5 mm", "2.5 mm"))
    with pytest.raises(ScenarioError, match="how large a pixel is"):
        sites_map(tmp_path / "sites.png", 100)
    one, two = Builder(plane), Builder(plane.changed({"maps": [made]}))
    before, after = (b.fields(plane.parameters)["collagen"].reshape(b.grid.shape) for b in (one, two))
    factor = np.divide(after, before, out=np.zeros_like(after), where=before > 0)
    there = before > 0
    expected = np.repeat(np.repeat(grey[::-1] / 100, 3, 0), 3, 1).T  # rows run downwards in a picture
    assert there.any() and factor[there] == pytest.approx(expected[there], rel=1e-12)
    small = sites_map(tmp_path / "sites.png", 50, spacing=("1 mm", "0.5 mm", "0.5 mm"))  # 2 mm of 10
    after = Builder(plane.changed({"maps": [small]})).fields(plane.parameters)["collagen"].reshape(12, 12)
    far = there & (np.hypot(*(grid_of(plane).centres[a] for a in "xy")) > 2e-3).reshape(12, 12)
    assert np.array_equal(after[far], before[far]) and not np.allclose(after[there], before[there])


def test_a_volume_is_a_region(plane, tmp_path):
    pytest.importorskip("nibabel")
    dense = np.zeros((2, 4, 4))
    dense[:, 1, 2] = 200.0
    path = write_nifti(ideal(dense, (1e-3, 2.5e-3, 2.5e-3)), tmp_path / "ct.nii.gz")
    shape = sim.shapes.voxels(path, above=200, axes=2)
    made = plane.with_region("stone", shape, like="border")
    where = Builder(made).places.within("stone").reshape(grid_of(made).shape)
    x, y = (grid_of(made).centres[a].reshape(12, 12) for a in "xy")
    assert np.array_equal(where, (x > 0) & (x < 2.5e-3) & (y > -2.5e-3) & (y < 0))
    made.save(tmp_path / "s.toml")
    assert "ct.nii.gz" in (tmp_path / "s.toml").read_text() and sim.scenario(tmp_path / "s.toml") == made
    write_nifti(ideal(dense[:, ::-1], (1e-3, 2.5e-3, 2.5e-3)), path)
    with pytest.raises(ScenarioError, match=r"ct\.nii\.gz has changed"):
        sim.scenario(tmp_path / "s.toml")


# --- a scenario stays data


def test_a_file_keeps_the_path_and_refuses_a_changed_volume(plane, tmp_path, monkeypatch):
    pytest.importorskip("nibabel")
    monkeypatch.chdir(tmp_path)
    image = ideal(pattern((1, 4, 4)), (1e-3, 2e-3, 2e-3))
    path = write_nifti(image, "a.nii.gz")
    made = plane.changed({"maps": [mineral_map(path, tissue=TISSUE, least=1)]})
    made.save(tmp_path / "s.toml")
    text = (tmp_path / "s.toml").read_text()
    assert 'path = "a.nii.gz"' in text and "bits" not in text
    assert sim.scenario(tmp_path / "s.toml") == made
    write_nifti(image + 1e-3, path)
    with pytest.raises(ScenarioError, match=r"a\.nii\.gz has changed since"):
        sim.scenario(tmp_path / "s.toml")
    path.unlink()
    with pytest.raises(ScenarioError, match=r"map of HAP: there is no file or folder .*a\.nii\.gz"):
        sim.scenario(tmp_path / "s.toml")


def test_a_result_needs_no_file_and_tells_what_was_set_to_zero(plane, tmp_path):
    pytest.importorskip("nibabel")
    path = write_nifti(ideal(pattern((1, 4, 4)), (1e-3, 2e-3, 2e-3)), tmp_path / "a.nii.gz")
    made = plane.changed({"maps": [mineral_map(path, tissue=TISSUE, least=100)]})
    result = sim.simulate(made, times=2)
    path.unlink()
    result.save(tmp_path / "r.nc")
    found = sim.load(tmp_path / "r.nc")
    assert found.scenario == made
    (about,) = found.manifest["layout"]["maps"]
    below = made.maps[0].amounts == 0
    assert about["file"] == "a.nii.gz" and str(tmp_path) not in str(about)
    assert about["cleared"] == np.count_nonzero(below & (made.maps[0].voxels.values != TISSUE))
    assert "a.nii.gz" in repr(found) and "HAP from a.nii.gz" in made.diff(plane)
    made_again: dict = {}
    exec(compile(sim.script(found), "script", "exec"), made_again)  # noqa: S102  # what hapsim wrote itself
    again = sim.simulate(found.scenario, times=2)
    assert np.array_equal(again["HAP"].values, result["HAP"].values)


def test_crystals_of_measured_mineral_have_the_size_of_seeds(plane, tmp_path):
    """Mineral that is read in grows and shrinks on a surface: its moments are those of seeds."""
    path = write_tiff(ideal(np.full((1, 5, 5), 100.0), (1e-3, 2e-3, 2e-3)), tmp_path / "a.tif")
    result, held = start(plane.changed({"maps": [mineral_map(path, tissue=TISSUE)]}))
    crystals = result["hap_m0"].isel(time=0)
    assert (crystals.values[held.values > 1] > 0).all()


# --- refused in sentences


def test_units_and_numbers_that_do_not_fit_are_sentences(plane, tmp_path):
    nibabel = pytest.importorskip("nibabel")
    path = write_nifti(ideal(np.full((1, 3, 3), 100.0), (1e-3, 2e-3, 2e-3)), tmp_path / "ct.nii")
    foreign = tmp_path / "foreign.nii"
    nibabel.save(nibabel.Nifti1Image(np.full((3, 3, 2), 100.0), np.eye(4)), foreign)
    for given, words in (
        ({"path": path}, "ct.nii holds CT numbers"),
        ({"path": path, "tissue": 50, "units": "mg/mL"}, "in HU, and units says mg/mL"),
        ({"path": path, "tissue": 50, "kVp": 80}, "taken at 120 kVp"),
        ({"path": path, "tissue": "musle"}, "muscle"),
        ({"path": foreign, "tissue": 50}, "foreign.nii does not say what its numbers are"),
        ({"path": foreign, "tissue": 50, "units": "HU"}, "does not say the voltage"),
        ({"path": foreign, "units": "furlong"}, "foreign.nii: numbers in 'furlong'"),
        ({"path": foreign, "units": "mM"}, "foreign.nii: numbers in 'mM'"),
        ({"path": foreign, "units": "mg/mL", "tissue": 50}, "of CT numbers"),
        ({"path": path, "of": "HPA", "tissue": 50}, "HAP"),
        ({"path": path, "tissue": 50, "spacing": "1 mm"}, "ct.nii says that its voxels are"),
        ({"path": path, "tissue": 5000}, "voxels lie below zero"),
        ({"path": path, "tissue": 5000, "least": 1}, "no voxel holds anything"),
        ({"path": path, "tissue": 50, "centre": ("1 mm",)}, "three lengths"),
        ({"path": path, "tissue": 50, "least": -1}, "least = -1 is below 0"),
        ({"path": tmp_path / "none.nii", "tissue": 50}, "there is no file or folder .*none.nii"),
        ({"path": tmp_path, "tissue": 50}, "no DICOM file"),
    ):  # fmt: skip
        with pytest.raises((ConfigError, FileFormatError, ScenarioError), match=words):
            mineral_map(**given)
    dense = mineral_map(foreign, units="g/cm3")
    with pytest.raises(ScenarioError, match=r"1e\+05 mg/mL, and the solid itself 31"):
        plane.changed({"maps": [dense]})
    with pytest.raises(ScenarioError, match="no solid of the model"):
        plane.changed({"maps": [mineral_map(foreign, of="calcite", units="mg/mL")]})
    with pytest.raises(ScenarioError, match="two maps of HAP"):
        plane.changed({"maps": [mineral_map(foreign, units="mg/mL")] * 2})
    with pytest.raises(ScenarioError, match="no place 'lesoin'"):
        plane.changed({"maps": [mineral_map(foreign, units="mg/mL", region="lesoin")]})


def test_damaged_pictures_are_sentences_that_name_the_path(tmp_path):
    from PIL import Image

    path = write_tiff(ideal(np.full((1, 3, 3), 100.0), (1e-3, 2e-3, 2e-3)), tmp_path / "a.tif")
    whole = path.read_bytes()
    for content in (b"", b"II*\x00", whole[:100], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"a\.tif"):
            mineral_map(path, tissue=TISSUE)
    Image.new("RGB", (4, 4)).save(tmp_path / "c.png")
    with pytest.raises(FileFormatError, match=r"c\.png is a picture in colour"):
        mineral_map(tmp_path / "c.png", units="mg/mL", spacing="1 mm")
    (tmp_path / "a.raw").write_bytes(b"0")
    with pytest.raises(FileFormatError, match=r"a\.raw is no volume that is read"):
        mineral_map(tmp_path / "a.raw", units="mg/mL")


def test_the_slope_is_that_of_the_voltage_and_the_body(tmp_path):
    image = ideal(np.full((1, 3, 3), 100.0), (1e-3, 2e-3, 2e-3))
    path = write_tiff(image, tmp_path / "a.tif")
    assert mineral_map(path, tissue=TISSUE).slope == ct_slope(HAP.formula, HAP.density, 120, 0.2)
    other = write_tiff(image.assign_attrs(kVp=80.0, body=0.3), tmp_path / "b.tif")
    assert mineral_map(other, tissue=TISSUE).slope == ct_slope(HAP.formula, HAP.density, 80, 0.3)
    assert mineral_map(path, "OCP", tissue=TISSUE).slope < mineral_map(path, tissue=TISSUE).slope


def test_a_run_goes_on_from_one_that_began_with_a_map_and_sweeps_carry_it(plane, tmp_path):
    path = write_tiff(ideal(np.full((1, 5, 5), 100.0), (1e-3, 2e-3, 2e-3)), tmp_path / "a.tif")
    made = plane.changed({"maps": [mineral_map(path, tissue=TISSUE)]})
    whole = sim.simulate(made, times=["1 min", "2 min"], until="2 min")
    rest = sim.simulate(made, start=sim.simulate(made, times=["1 min"]), until="2 min")
    assert rest["HAP"].values[-1] == pytest.approx(whole["HAP"].values[-1], rel=1e-5)
    design = sim.sweeps.grid({"lesion.radius": ("4 mm", "4.1 mm")}, n=2)
    measures = {"mineral": sim.measures.mean("HAP")}
    table = sim.sweep(made, design, store=tmp_path / "s.db", measures=measures, workers=2)
    here = [
        sim.measures.mean("HAP")(sim.simulate(made.changed({"lesion.radius": r}))) for r in ("4 mm", "4.1 mm")
    ]
    assert table.to_dataframe()["mineral"].values == pytest.approx(here, rel=1e-9)
