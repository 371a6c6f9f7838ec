"""Pictures as files: read back exactly, the same bytes twice, damaged and foreign ones in sentences."""

import json

import numpy as np
import pytest
from bodies import cylinder

from sim.errors import ConfigError, FileFormatError
from sim.imaging import (
    calcium_score,
    ct,
    radiograph,
    read_dicom,
    read_nifti,
    write_dicom,
    write_nifti,
    write_tiff,
)


@pytest.fixture(scope="module")
def image():
    body = cylinder(400, radius=1.5e-3, length=5e-3)
    return ct(body, instrument="calcium_ct", seed=2, offset=("1 mm", "0.1 mm", "-0.2 mm"))


def test_dicom_is_read_back(image, tmp_path):
    pydicom = pytest.importorskip("pydicom")
    paths = write_dicom(image, tmp_path / "series")
    assert len(paths) == image.sizes["z"]
    found = read_dicom(tmp_path / "series")
    assert np.array_equal(found.values, np.rint(image.values))
    for axis in "zyx":
        assert found[axis].values == pytest.approx(image[axis].values, abs=1e-9)
    slices = [pydicom.dcmread(p) for p in paths]
    first = slices[0]
    assert list(first.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
    assert "Simulated" in first.DerivationDescription and str(first.PatientName) == "SIMULATED^HAPSIM"
    assert float(first.KVP) == 120 and float(first.SliceThickness) == 3
    assert len({s.SOPInstanceUID for s in slices}) == len(slices)
    assert len({s.SeriesInstanceUID for s in slices}) == 1
    assert json.loads(first.ImageComments)["seed"] == 2


def test_two_exports_are_the_same_bytes_and_another_picture_is_another(image, tmp_path):
    pydicom = pytest.importorskip("pydicom")
    pytest.importorskip("nibabel")
    one, two = (write_dicom(image, tmp_path / n) for n in "ab")
    assert [p.read_bytes() for p in one] == [p.read_bytes() for p in two]
    other = write_dicom(image.copy(data=image.values + 1), tmp_path / "c")
    uids = [pydicom.dcmread(p[0]).SeriesInstanceUID for p in (one, other)]
    assert uids[0] != uids[1]
    for ending in (".nii", ".nii.gz"):
        packed = [write_nifti(image, tmp_path / f"{n}{ending}").read_bytes() for n in "ab"]
        assert packed[0] == packed[1]


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
def test_nifti_is_read_back(image, tmp_path, ending):
    nibabel = pytest.importorskip("nibabel")
    path = write_nifti(image, tmp_path / f"a{ending}")
    theirs = nibabel.load(path)
    assert theirs.header.get_zooms() == pytest.approx((0.43, 0.43, 3))
    assert nibabel.aff2axcodes(theirs.affine) == ("L", "P", "S")
    # The voxel of highest number lies at the same place in the patient: x to the left, y to the back.
    at = np.unravel_index(np.argmax(theirs.get_fdata()), theirs.shape)
    place = theirs.affine @ [*at, 1]
    k, j, i = np.unravel_index(np.argmax(image.values), image.shape)
    mine = [-float(image["x"][i]) * 1e3, -float(image["y"][j]) * 1e3, float(image["z"][k]) * 1e3]
    assert place[:3] == pytest.approx(mine, abs=1e-4)
    found = read_nifti(path)
    assert np.array_equal(found.values, image.values.astype(np.float32))
    assert found["x"].values == pytest.approx(image["x"].values, abs=1e-8)
    assert found.attrs["scenario"] == "phantom"
    # to what single precision keeps
    assert calcium_score(found).agatston == pytest.approx(calcium_score(image).agatston, rel=1e-6)


def test_a_volume_of_others_in_ras_is_turned(tmp_path):
    nibabel = pytest.importorskip("nibabel")
    values = np.arange(24.0).reshape(2, 3, 4)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([1, 2, 3, 1.0])), tmp_path / "a.nii")
    found = read_nifti(tmp_path / "a.nii")
    assert found.shape == (4, 3, 2)
    assert found.values[0, 2, 1] == values[0, 0, 0]  # its lowest R and A are the highest L and P
    assert (np.diff(found["x"]) > 0).all() and (np.diff(found["y"]) > 0).all()


def test_damaged_and_foreign_files_are_sentences(image, tmp_path):
    pydicom = pytest.importorskip("pydicom")
    nibabel = pytest.importorskip("nibabel")
    paths = write_dicom(image, tmp_path / "s")
    whole = paths[0].read_bytes()
    for content in (b"", b"no", whole[:300], whole[: len(whole) // 2], whole[:-7]):
        paths[0].write_bytes(content)
        with pytest.raises(FileFormatError, match="damaged|no DICOM"):
            read_dicom(tmp_path / "s")
    other = pydicom.dcmread(paths[1])
    other.Modality = "MR"
    other.save_as(paths[0])
    with pytest.raises(FileFormatError, match="of MR"):
        read_dicom(tmp_path / "s")
    paths[0].unlink()
    if len(paths) > 3:
        paths[2].unlink()
        with pytest.raises(FileFormatError, match="missing"):
            read_dicom(tmp_path / "s")
    with pytest.raises(FileFormatError, match="no folder"):
        read_dicom(tmp_path / "nowhere")
    path = write_nifti(image, tmp_path / "a.nii")
    whole = path.read_bytes()
    for content in (b"", b"no", whole[:200], whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match="damaged"):
            read_nifti(path)
    turned = np.eye(4)
    turned[0, 1] = 0.5
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2)), turned), path)
    with pytest.raises(FileFormatError, match="turned"):
        read_nifti(path)
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2, 2)), np.eye(4)), path)
    with pytest.raises(FileFormatError, match=r"4 axes \(2 x 2 x 2 x 2\).*slicer"):
        read_nifti(path)
    numbers = np.arange(24.0).reshape(2, 3, 4)
    nibabel.save(nibabel.Nifti1Image(numbers[..., None, None], np.diag([-1.0, -1.0, 1.0, 1.0])), path)
    assert np.array_equal(read_nifti(path).values, numbers.T)  # further axes of one hold the same volume


def test_damage_is_told_in_words_of_the_file(image, tmp_path):
    """Not in those of the program that met it."""
    pytest.importorskip("pydicom")
    first = write_dicom(image, tmp_path / "s")[0]
    whole = first.read_bytes()
    for content, words in ((b"hello", "does not begin as a DICOM file"), (whole[:1100], "it says no [A-Z]")):
        first.write_bytes(content)
        with pytest.raises(FileFormatError, match=words) as found:
            read_dicom(tmp_path / "s")
        assert "force=True" not in str(found.value) and "object" not in str(found.value)


def test_a_huge_volume_is_refused_before_it_is_read(tmp_path, monkeypatch):
    """On a machine with little memory left, which is told and not tried."""
    nibabel = pytest.importorskip("nibabel")
    monkeypatch.setattr("sim.voxels.volume.free_memory", lambda: 2 * 10**9)
    header = nibabel.Nifti1Header()
    header.set_data_shape((512, 512, 512))
    header.set_data_dtype(np.int16)
    with (tmp_path / "big.nii").open("wb") as file:
        header["magic"], header["vox_offset"] = b"n+1", 352
        file.write(header.binaryblock + bytes(4))
        file.truncate(352 + 2 * 512**3)  # holes, not bytes
    with pytest.raises(FileFormatError, match=r"512 x 512 x 512 voxels, .* 2\.68 GB .* 2 GB are free"):
        read_nifti(tmp_path / "big.nii")


def test_tiff_holds_the_numbers(image, tmp_path):
    from PIL import Image

    path = write_tiff(image, tmp_path / "a.tif")
    with Image.open(path) as found:
        assert found.n_frames == image.sizes["z"]
        found.seek(1)
        assert np.array_equal(np.asarray(found), image.values[1].astype(np.float32))
        found.seek(0)
        assert json.loads(found.tag_v2[270])["instrument"] == "calcium_ct"
    film = radiograph(cylinder(400, radius=1e-3, length=2e-3))
    flat = film["signal"].assign_attrs(film.attrs)
    with Image.open(write_tiff(flat, tmp_path / "b.tif")) as found:
        assert np.array_equal(np.asarray(found), flat.values.astype(np.float32))


def test_what_a_file_cannot_hold_is_refused(image, tmp_path):
    pytest.importorskip("pydicom")
    pytest.importorskip("nibabel")
    for wrong, words in (
        (image[0], "write_nifti takes it"),
        (image.assign_attrs(units="kg m-3"), "HU of CT"),
        (image.copy(data=image.values * 1e6), "do not fit"),
        (image.where(image > 0), "no numbers"),
    ):
        with pytest.raises(ConfigError, match=words):
            write_dicom(wrong, tmp_path / "x")
    with pytest.raises(ConfigError, match="does not end"):
        write_nifti(image, tmp_path / "a.img")
    with pytest.raises(ConfigError, match="does not end"):
        write_tiff(image, tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["dicom", "nifti"])
def test_a_picture_that_was_read_back_has_the_score_of_the_first(tmp_path, kind):
    """Whole numbers of HU, so that the series rounds nothing."""
    pytest.importorskip("pydicom" if kind == "dicom" else "nibabel")
    scan = ct(
        cylinder(400), instrument="calcium_ct", settings={"noise": 0, "kVp": 100}, offset=(0, "1 mm", 0)
    )
    whole = scan.copy(data=np.rint(scan.values))
    if kind == "dicom":
        write_dicom(whole, tmp_path / "series")
        back = read_dicom(tmp_path / "series")
    else:
        back = read_nifti(write_nifti(whole, tmp_path / "a.nii.gz"))
    first, again = calcium_score(whole), calcium_score(back)
    assert first.agatston > 0 and again.threshold == first.threshold
    assert (again.agatston, again.mass) == pytest.approx((first.agatston, first.mass), rel=1e-9)
    assert {k: back.attrs[k] for k in ("kVp", "body", "scenario")} == {
        k: scan.attrs[k] for k in ("kVp", "body", "scenario")
    }
