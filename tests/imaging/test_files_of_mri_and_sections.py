"""MRI and sections as files: other programs read the same numbers, DICOM says what it is, and is valid."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from bodies import cylinder

import sim
from sim.errors import ConfigError
from sim.imaging import ct, histology, mri, stain_density, write_dicom, write_nifti, write_tiff

CAPTURE, MR = "1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.4"


@pytest.fixture(scope="module")
def scan():
    return mri(cylinder(400, radius=1.5e-3, length=5e-3), seed=4)


@pytest.fixture(scope="module")
def section():
    infarct = sim.scenario("infarct_myocardium").with_resolution(0.2).with_(duration="1 day")
    return histology(sim.simulate(infarct, times=2), stain="von_kossa", seed=1)


@pytest.fixture(scope="module")
def density(section):
    return stain_density(section["picture"].values, section.attrs["pixel"])


def mapped(data):
    """Numbers of a DICOM file by its mapping of real-world values."""
    (item,) = data.RealWorldValueMappingSequence
    return data.pixel_array * item.RealWorldValueSlope + item.RealWorldValueIntercept


@pytest.mark.parametrize("name", ["magnitude", "phase", "field", "susceptibility"])
def test_mri_as_nifti_is_read_exactly(scan, tmp_path, name):
    nibabel = pytest.importorskip("nibabel")
    path = write_nifti(scan, tmp_path / "a.nii.gz", name)
    found = nibabel.load(path)
    values = np.asarray(found.dataobj)
    assert np.array_equal(values.T, scan[name].values.astype(np.float32))
    z, y, x = scan.attrs["spacing"]
    assert found.header.get_zooms()[:3] == pytest.approx((x * 1e3, y * 1e3, z * 1e3))
    assert nibabel.aff2axcodes(found.affine) == ("L", "P", "S")
    (said,) = [json.loads(e.get_content()) for e in found.header.extensions]
    assert said["variable"] == name and said["instrument"] == "gre_3T" and said["seed"] == 4
    assert said["echo_times"] == scan["echo"].values.tolist() if "echo" in scan[name].dims else True
    whole = write_nifti(scan, tmp_path / "b.nii", name, bits=64)
    assert np.array_equal(np.asarray(nibabel.load(whole).dataobj).T, scan[name].values)


@pytest.mark.parametrize("name", ["magnitude", "phase", "susceptibility"])
def test_mri_as_dicom_is_read_within_half_a_step(scan, tmp_path, name):
    pydicom = pytest.importorskip("pydicom")
    paths = write_dicom(scan, tmp_path / "a", name)
    files = [pydicom.dcmread(p) for p in paths]
    values = scan[name].values.reshape(-1, *scan[name].shape[-2:])
    step = np.ptp(values) / 65535
    assert np.abs(np.stack([mapped(f) for f in files]) - values).max() <= 0.5001 * step
    first = files[0]
    assert first.SOPClassUID == MR and first.Modality == "MR"
    assert (
        list(first.ImageType)[:2] == ["DERIVED", "SECONDARY"] and "Simulated" in first.DerivationDescription
    )
    assert {str(f.SeriesInstanceUID) for f in files} == {str(first.SeriesInstanceUID)}
    assert len({str(f.SOPInstanceUID) for f in files}) == len(files)
    if name != "susceptibility":
        n = scan.sizes["z"]
        assert [float(f.EchoTime) for f in files[::n]] == pytest.approx(scan["echo"].values * 1e3)
        assert files[0].ImagePositionPatient == files[n].ImagePositionPatient
    assert float(first.ImagePositionPatient[2]) == pytest.approx(float(scan["z"][0]) * 1e3)
    other = write_dicom(scan, tmp_path / "b", name)
    assert [p.read_bytes() for p in paths] == [p.read_bytes() for p in other]


def test_a_section_keeps_its_colours(section, tmp_path):
    from PIL import Image

    colours = section["picture"].values
    with Image.open(write_tiff(section, tmp_path / "a.tif")) as found:
        assert found.mode == "RGB" and np.array_equal(np.asarray(found), colours)
        said = json.loads(found.tag_v2[270])
        assert said["stain"] == "von_kossa" and said["simulated"]
        # pixels a centimetre, kept as a fraction of whole numbers
        assert float(found.tag_v2[282]) == pytest.approx(0.01 / section.attrs["pixel"], rel=1e-3)
    nibabel = pytest.importorskip("nibabel")
    found = nibabel.load(write_nifti(section, tmp_path / "a.nii"))
    read = np.asarray(found.dataobj)[:, :, 0]
    assert np.array_equal(np.stack([read[c] for c in "RGB"], -1).transpose(1, 0, 2), colours)
    pydicom = pytest.importorskip("pydicom")
    (path,) = write_dicom(section, tmp_path / "d")
    data = pydicom.dcmread(path)
    assert data.SOPClassUID == CAPTURE and data.PhotometricInterpretation == "RGB"
    assert list(data.ImageType) == ["DERIVED", "SECONDARY"] and np.array_equal(data.pixel_array, colours)
    assert float(data.PixelSpacing[0]) == pytest.approx(section.attrs["pixel"] * 1e3)
    assert write_dicom(section, tmp_path / "e")[0].read_bytes() == path.read_bytes()


def test_an_optical_density_keeps_its_numbers(density, tmp_path):
    from PIL import Image

    with Image.open(write_tiff(density, tmp_path / "a.tif")) as found:
        assert np.array_equal(np.asarray(found), density.values.astype(np.float32))
    nibabel = pytest.importorskip("nibabel")
    found = nibabel.load(write_nifti(density, tmp_path / "a.nii", bits=64))
    assert np.array_equal(np.asarray(found.dataobj)[:, :, 0].T, density.values)
    # The middle of the pixel of highest density, by the affine and by the picture's own places.
    j, i = np.unravel_index(np.argmax(density.values), density.shape)
    place = found.affine @ [i, j, 0, 1]
    assert place[:2] == pytest.approx([float(density["x"][i]) * 1e3, float(density["y"][j]) * 1e3], abs=1e-5)
    pydicom = pytest.importorskip("pydicom")
    (path,) = write_dicom(density, tmp_path / "d")
    data = pydicom.dcmread(path)
    read = pydicom.pixels.apply_modality_lut(data.pixel_array, data)
    assert np.abs(read - density.values).max() <= 0.5001 * np.ptp(density.values) / 65535


def test_files_of_all_kinds_are_valid_dicom(scan, section, density, tmp_path):
    pytest.importorskip("pydicom")
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy, of dicom3tools, is not installed: whether the files are valid is not checked")
    image = ct(cylinder(400, radius=1.5e-3, length=5e-3), instrument="calcium_ct")
    scans = [(scan, n) for n in ("magnitude", "phase", "susceptibility")]
    kinds = [(image, ""), *scans, (section, ""), (density, "")]
    for k, (picture, name) in enumerate(kinds):
        path = write_dicom(picture, tmp_path / str(k), name)[-1]
        said = subprocess.run(["dciodvfy", path], capture_output=True, text=True).stderr  # noqa: S603, S607
        assert "Error" not in said, said
        rest = [line for line in said.splitlines() if line.startswith("Warning")]
        # Nothing simulated has a date, nor a side of a body.
        assert all("DICOMDIR" in line or "Laterality" in line for line in rest), rest


def test_what_has_no_place_in_a_file_is_refused(scan, section, tmp_path):
    for wrong, name, words in (
        (scan, "phse", "Did you mean 'phase'"),
        (scan["phase"].isel(y=0), "", "over echo, z, x"),
        (scan["phase"].assign_attrs(scan.attrs).drop_vars("z"), "", "places along z"),
        (scan["susceptibility"].isel(z=[0, 1, 3]), "", "not equally far apart"),
        (scan["magnitude"], "phase", "is of a data set"),
        (section["tissue"].rename(y="v"), "", "over v, x"),
    ):
        with pytest.raises(ConfigError, match=words):
            write_tiff(wrong, tmp_path / "a.tif", name)


def test_a_large_volume_is_written_slab_by_slab(tmp_path):
    """Of a volume that is itself never whole in memory, no more is held than a few slices."""
    pytest.importorskip("nibabel")
    import tracemalloc

    import xarray

    n, side = 96, 1e-3
    one = np.zeros((1, n, n))
    values = np.broadcast_to(one, (n, n, n))  # 7 MB that take no memory
    places = {a: (a, (np.arange(n) - 0.5 * (n - 1)) * side) for a in "zyx"}
    said = {"units": "HU", "pixel": side, "spacing": side}
    image = xarray.DataArray(values, places, ("z", "y", "x"), "CT", said)
    write_nifti(image, tmp_path / "warm.nii.gz")
    tracemalloc.start()
    path = write_nifti(image, tmp_path / "a.nii")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 4 * n**3
    assert peak < 4 * n**3 / 2


def test_the_command_writes_numbers(tmp_path):
    nibabel, pydicom = pytest.importorskip("nibabel"), pytest.importorskip("pydicom")
    from click.testing import CliRunner

    from sim.cli import main

    infarct = sim.scenario("infarct_myocardium").with_resolution(0.2).with_(duration="1 day")
    result = tmp_path / "result.nc"
    sim.simulate(infarct, times=2).save(result)

    def run(*words):
        return CliRunner().invoke(main, ["image", str(result), *map(str, words)], catch_exceptions=False)

    done = run("--mri", "--variable", "phase", "--out", tmp_path / "p.nii.gz")
    assert done.exit_code == 0 and "p.nii.gz" in done.output
    expected = mri(sim.load(result))["phase"].values.astype(np.float32)
    assert np.array_equal(np.asarray(nibabel.load(tmp_path / "p.nii.gz").dataobj).T, expected)
    assert run("--histology", "--out", tmp_path / "h.tif").exit_code == 0
    assert run("--histology", "--out", tmp_path / "h").exit_code == 0
    assert pydicom.dcmread(tmp_path / "h" / "0001.dcm").SOPClassUID == CAPTURE
    assert run("--mri", "--out", tmp_path / "m").exit_code == 0
    refused = CliRunner().invoke(main, ["image", str(result), "--ct", "--variable", "phase"])
    assert refused.exit_code != 0 and "--variable is of --mri" in refused.output
