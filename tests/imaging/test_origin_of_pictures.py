"""Every file says where its picture comes from: simulated, derived, or not known; and of whom, nothing."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import xarray
from bodies import cylinder

import sim
from sim.imaging import (
    ct,
    mineral_density,
    mineral_map,
    read_dicom,
    read_nifti,
    volume,
    write_dicom,
    write_nifti,
    write_tiff,
)
from sim.space.voxel_mask import voxels

pydicom = pytest.importorskip("pydicom")
nibabel = pytest.importorskip("nibabel")
PERSON = ("Muster", "MUSTER", "19700102", "HOSP-4711", "Dr.Arzt", "St.Elsewhere")


def foreign_series(folder, slices=3, **more):
    """A CT series as a hospital has it, with all that tells of a person."""
    folder.mkdir(parents=True)
    numbers = np.full((slices, 8, 8), 40.0)
    numbers[1, 3:5, 3:6] = 300.0
    for k in range(slices):
        data = pydicom.dataset.Dataset()
        data.file_meta = pydicom.dataset.FileMetaDataset()
        data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
        data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID = pydicom.uid.CTImageStorage
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{k + 1}"
        data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = "1.2.3", "1.2.3.4", "1.2.9"
        data.PatientName, data.PatientID, data.PatientBirthDate = "Muster^Max", "HOSP-4711", "19700102"
        data.PatientSex, data.ReferringPhysicianName, data.InstitutionName = "M", "Dr.Arzt", "St.Elsewhere"
        data.StudyDate, data.AccessionNumber = "20200102", "HOSP-4711"
        data.Modality, data.Manufacturer, data.KVP = "CT", "SCANNERS", "120"
        data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        data.ImageOrientationPatient, data.PixelSpacing = [1, 0, 0, 0, 1, 0], [0.5, 0.5]
        data.ImagePositionPatient, data.SliceThickness = [-60.0, 20.0, -400.0 + 3 * k], 3
        data.RescaleSlope, data.RescaleIntercept, data.RescaleType = 1, -1024, "HU"
        for name, value in more.items():
            setattr(data, name, value)
        data.set_pixel_data((numbers[k] + 1024).astype("<u2"), "MONOCHROME2", 12)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"1.2.3.4.{k + 1}"
        data.save_as(folder / f"{k}.dcm", enforce_file_format=True)
    return folder


def everything_in(path):
    """All bytes of a file, or of all files of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return b"".join(f.read_bytes() for f in files)


def test_a_series_that_is_read_and_written_says_what_it_is_of_and_whom_not(tmp_path):
    source = foreign_series(tmp_path / "Muster_Max")
    scan = read_dicom(source)
    assert scan.attrs["simulated"] is False and "voxels" in scan.attrs["history"]
    (first, *_) = (pydicom.dcmread(p) for p in write_dicom(scan, tmp_path / "out"))
    assert first.DerivationDescription.startswith(
        "Derived by hapsim from a scan that it did not simulate: read"
    )
    digest = mineral_map(source, tissue=40, least=1).digest
    assert f"voxels {digest}" in first.DerivationDescription
    assert list(first.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
    assert first.SeriesDescription == "Derived, not simulated: CT"
    assert str(first.PatientName) == "" and first.PatientID == "" and first.PatientIdentityRemoved == "YES"
    assert "BurnedInAnnotation" not in first and "LossyImageCompression" not in first
    assert json.loads(first.ImageComments)["simulated"] is False
    assert np.array_equal(read_dicom(tmp_path / "out").values, scan.values)
    write_nifti(scan, tmp_path / "out.nii")
    write_tiff(scan, tmp_path / "out.tif")
    for path in (tmp_path / "out", tmp_path / "out.nii", tmp_path / "out.tif"):
        held = everything_in(path)
        assert not any(word.encode() in held for word in (*PERSON, "1.2.3.4", "20200102", str(tmp_path)))
        assert b"Simulated" not in held and b'"simulated": false' in held


def test_the_history_goes_on_from_file_to_file(tmp_path):
    """Read, tissue taken off, written, read again, written as DICOM: each step is still told."""
    scan = read_dicom(foreign_series(tmp_path / "Muster_Max"))
    made = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 6, "border": 4})
    dense = mineral_density(scan, made, psf="1 mm")
    again = read_nifti(write_nifti(dense, tmp_path / "a.nii", bits=64))
    for picture in (dense, again):
        assert picture.attrs["simulated"] is False and picture.attrs["psf"] == 1e-3
        read, step = picture.attrs["history"].split("; ")
        assert (
            read == scan.attrs["history"]
            and "tissue of infarct_myocardium" in step
            and "HU per mg/mL" in step
        )
    held = everything_in(write_nifti(again, tmp_path / "b.nii"))
    assert step.encode() in held and not any(word.encode() in held for word in PERSON)
    again_ct = read_dicom(write_dicom(scan, tmp_path / "one")[0].parent)
    second = pydicom.dcmread(write_dicom(again_ct, tmp_path / "two")[0])
    assert second.DerivationDescription.endswith(scan.attrs["history"]) and "lies_in" in second.ImageComments


def test_what_is_simulated_stays_so(tmp_path):
    image = ct(cylinder(400, radius=1.5e-3, length=5e-3), instrument="calcium_ct")
    back = read_dicom(write_dicom(image, tmp_path / "a")[0].parent)
    once_more = pydicom.dcmread(write_dicom(back, tmp_path / "b")[0])
    for first in (pydicom.dcmread(tmp_path / "a" / "0001.dcm"), once_more):
        assert first.DerivationDescription == "Simulated by hapsim; not a patient"
        assert str(first.PatientName) == "SIMULATED^HAPSIM" and first.BurnedInAnnotation == "NO"
    path = write_nifti(image, tmp_path / "a.nii")
    plain = nibabel.load(path)
    plain.header.extensions.clear()  # as programs do that keep the header alone
    nibabel.save(plain, tmp_path / "plain.nii")
    assert read_nifti(tmp_path / "plain.nii").attrs["simulated"] is True
    result = sim.simulate(sim.scenario("infarct_myocardium").changed({"duration": "1 hour"}), times=2)
    dense = read_nifti(write_nifti(volume(result), tmp_path / "v.nii", "mineral"))
    assert dense.attrs["simulated"] is True


def test_an_array_made_by_hand_is_of_unknown_origin(tmp_path):
    image = ct(cylinder(400, radius=1.5e-3, length=5e-3), instrument="calcium_ct")
    known = ("units", "kVp", "pixel", "spacing", "slice")
    bare = xarray.DataArray(image.values, image.coords, image.dims, "CT", {k: image.attrs[k] for k in known})
    first = pydicom.dcmread(write_dicom(bare, tmp_path / "a")[0])
    assert "does not know" in first.DerivationDescription and str(first.PatientName) == ""
    assert first.SeriesDescription.startswith("Of unknown origin")
    assert "simulated" not in read_dicom(tmp_path / "a").attrs
    header = nibabel.load(write_nifti(bare, tmp_path / "a.nii")).header
    assert header["descrip"].item().startswith(b"by hapsim, of unknown origin")
    assert "simulated" not in read_nifti(tmp_path / "a.nii").attrs


def test_what_a_series_warns_of_is_handed_on(tmp_path):
    source = foreign_series(tmp_path / "a", BurnedInAnnotation="YES", LossyImageCompression="01")
    first = pydicom.dcmread(write_dicom(read_dicom(source), tmp_path / "b")[0])
    assert first.BurnedInAnnotation == "YES" and first.LossyImageCompression == "01"
    again = pydicom.dcmread(write_dicom(read_dicom(tmp_path / "b"), tmp_path / "c")[0])
    assert again.BurnedInAnnotation == "YES" and again.LossyImageCompression == "01"


def test_places_of_a_patient_are_no_places_of_a_tissue(tmp_path):
    """A scan 400 mm below a scanner's middle lies about the origin of a tissue, also when hapsim wrote it out
    again; a density that was made from it lies where it was put."""
    source = foreign_series(tmp_path / "a")
    scan = read_dicom(source)
    assert float(scan.z.mean()) == pytest.approx(-0.397)
    write_dicom(scan, tmp_path / "b")
    paths = (
        source,
        tmp_path / "b",
        write_nifti(scan, tmp_path / "c.nii"),
        write_tiff(scan, tmp_path / "d.tif"),
    )
    for path in paths:
        assert mineral_map(path, tissue=40).centre == (0.0, 0.0, 0.0)
        assert voxels(path, above=200).centre == (0.0, 0.0, 0.0)
    made = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 6, "border": 4})
    moved = mineral_density(scan, made, {"lesion": 40, "border": 40}, psf=0, centre=("1 mm", 0, 0))
    path = write_nifti(moved, tmp_path / "e.nii", bits=64)
    assert mineral_map(path).centre == pytest.approx((1e-3, 0.0, 0.0))


def test_a_run_that_began_with_a_measured_volume_says_so(tmp_path):
    made = mineral_map(foreign_series(tmp_path / "a"), tissue=40)
    plane = sim.scenario("infarct_myocardium").with_geometry("rectangle", {"lesion": 4, "border": 2})
    result = sim.simulate(plane.changed({"duration": "1 min", "maps": [made]}), times=2)
    image = ct(result, settings={"noise": 0})
    assert image.attrs["began_with"] == f"a map of HAP (voxels {made.digest})"
    assert "began_with" not in ct(sim.simulate(plane.changed({"duration": "1 min"}), times=2)).attrs


def test_derived_series_are_valid_dicom(tmp_path):
    if not shutil.which("dciodvfy"):
        pytest.skip("dciodvfy, of dicom3tools, is not installed: whether the files are valid is not checked")
    scan = read_dicom(foreign_series(tmp_path / "a", BurnedInAnnotation="YES"))
    bare = scan.copy()
    del bare.attrs["simulated"]
    for k, picture in enumerate((scan, bare)):
        path = write_dicom(picture, tmp_path / str(k))[-1]
        said = subprocess.run(["dciodvfy", path], capture_output=True, text=True).stderr  # noqa: S603, S607
        assert "Error" not in said, said
