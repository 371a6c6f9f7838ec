"""CT as a DICOM series: a file a slice, the same bytes for the same picture, marked as simulated."""

from __future__ import annotations

import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, FileFormatError, not_installed
from sim.files import write_bytes
from sim.imaging.files.provenance import LARGEST, MM, WARNING, as_text, need_volume
from sim.public import public
from sim.texts import size_text

if TYPE_CHECKING:
    import xarray

INTERCEPT = -8192  # of the stored numbers: 0 is this many HU
HIGHEST = 2**16 - 1
AXIAL = [1, 0, 0, 0, 1, 0]  # rows of the picture along x, columns along y
LINE = 64  # characters of a line of DICOM


@public
def write_dicom(image: xarray.DataArray, folder: str | os.PathLike) -> list[Path]:
    """Write a CT as a DICOM series, 0001.dcm, 0002.dcm, ... in a folder; returns the paths.

    image: of sim.imaging.ct, in HU; numbers are rounded to whole HU
    The files say DERIVED\\SECONDARY, that they are simulated, and how; identifiers follow from the picture,
    so the same picture gives the same bytes. Positions are those of its coordinates, z from foot to head.
    Raises ConfigError without pydicom (the extra `imaging`), for other pictures and for CT numbers outside
    -8192 to 57343 HU.
    """
    pydicom = _pydicom("DICOM files need")
    need_volume(image, "a DICOM series")
    if image.attrs.get("units") != "HU":
        raise ConfigError(
            f"a DICOM series of CT holds HU, and this picture is in {image.attrs.get('units')}."
        )
    stored = np.rint(image.values) - INTERCEPT
    if stored.min() < 0 or stored.max() > HIGHEST:
        raise ConfigError(
            f"CT numbers from {image.values.min():.0f} to {image.values.max():.0f} HU do not fit a DICOM "
            f"file, which holds {INTERCEPT} to {HIGHEST + INTERCEPT}."
        )
    said = as_text(image)
    print_of_all = f"{zlib.crc32(stored.astype('<u2').tobytes()):08x}"
    entropy = ["hapsim", said, print_of_all, repr([image[a].values.tolist() for a in image.dims])]
    paths = []
    for k in range(image.sizes["z"]):
        data = _slice(pydicom, image, stored[k].astype(np.uint16), k, said, entropy)
        paths.append(write_bytes(Path(folder) / f"{k + 1:04d}.dcm", _encoded(pydicom, data), True))
    return paths


@public
def read_dicom(folder: str | os.PathLike) -> xarray.DataArray:
    """A DICOM series of CT as a picture over (z, y, x) [HU], as `ct` gives it.

    folder: with the files of one series; other files in it are a sentence
    Raises FileFormatError for damaged and foreign files, slices that differ, and gaps between them.
    """
    pydicom = _pydicom("DICOM files need")
    import xarray as xr

    from sim.imaging.volumes.specimen import AXES
    from sim.imaging.volumes.volume import coordinates

    paths = sorted(p for p in Path(folder).iterdir() if p.is_file()) if Path(folder).is_dir() else []
    if not paths:
        raise FileFormatError(f"{folder} is no folder with DICOM files.")
    held = sum(p.stat().st_size for p in paths)
    if held > LARGEST:
        raise FileFormatError(
            f"{folder} holds {size_text(held)}; {size_text(LARGEST)} are the most that are read."
        )
    slices = [_read(pydicom, p) for p in paths]
    slices.sort(key=lambda s: s[0][2])
    first, spacing = slices[0], np.diff([s[0][2] for s in slices])
    for where, sizes, values in slices:
        if values.shape != first[2].shape or sizes != first[1] or where[:2] != first[0][:2]:
            raise FileFormatError(f"the slices in {folder} differ in size or place; is it one series?")
    if spacing.size and (spacing.min() <= 0 or np.ptp(spacing) > 1e-3 * spacing.mean()):
        raise FileFormatError(f"the slices in {folder} are not equally far apart; is one missing?")
    down, right, thick = first[1]
    step = float(spacing.mean()) if spacing.size else thick
    values = np.stack([s[2] for s in slices])
    z = [(first[0][2] + k * step) / MM for k in range(len(slices))]
    y = (first[0][1] + down * np.arange(values.shape[1])) / MM
    x = (first[0][0] + right * np.arange(values.shape[2])) / MM
    said = {
        "units": "HU",
        "pixel": right / MM,
        "slice": thick / MM,
        "spacing": step / MM,
        "file": str(folder),
    }
    return xr.DataArray(values, coordinates((np.array(z), y, x)), AXES, "CT", said)


def _pydicom(what: str) -> Any:
    try:
        import pydicom
    except ImportError:
        raise ConfigError(not_installed(what, "pydicom")) from None
    return pydicom


def _slice(
    pydicom: Any, image: xarray.DataArray, stored: np.ndarray, k: int, said: str, entropy: list[str]
) -> Any:
    """The data set of one slice."""
    uid = pydicom.uid.generate_uid
    a, data = image.attrs, pydicom.dataset.Dataset()
    data.SOPClassUID = pydicom.uid.CTImageStorage
    data.SOPInstanceUID = uid(entropy_srcs=[*entropy, f"slice {k}"])
    data.StudyInstanceUID, data.SeriesInstanceUID, data.FrameOfReferenceUID = (
        uid(entropy_srcs=[*entropy, of]) for of in ("study", "series", "frame")
    )
    data.PatientName, data.PatientID = "SIMULATED^HAPSIM", "SIMULATED"
    data.PatientBirthDate = data.PatientSex = data.StudyDate = data.StudyTime = data.AccessionNumber = ""
    data.ReferringPhysicianName = data.PositionReferenceIndicator = ""
    data.StudyID, data.SeriesNumber, data.InstanceNumber, data.AcquisitionNumber = "1", 1, k + 1, 1
    data.Modality, data.Manufacturer = "CT", "hapsim"
    data.ManufacturerModelName = str(a.get("instrument", ""))[:LINE]
    data.SoftwareVersions = str(a.get("version", ""))[:LINE]
    data.SeriesDescription = f"Simulated: {a.get('scenario', '')}"[:LINE]
    data.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    data.DerivationDescription = WARNING
    data.ImageComments = said
    data.PatientPosition = "HFS"
    data.KVP = f"{a['kVp']:g}" if "kVp" in a else ""
    data.SliceThickness = f"{a.get('slice', a['spacing']) * MM:.6g}"
    data.PixelSpacing = [f"{a['pixel'] * MM:.6g}"] * 2
    data.ImageOrientationPatient = AXIAL
    place = [float(image["x"][0]), float(image["y"][0]), float(image["z"][k])]
    data.ImagePositionPatient = [f"{v * MM:.6g}" for v in place]
    data.SliceLocation = f"{place[2] * MM:.6g}"
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = str(INTERCEPT), "1", "HU"
    data.BurnedInAnnotation = "NO"
    data.WindowCenter, data.WindowWidth = "130", "600"
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    data.set_pixel_data(stored, "MONOCHROME2", 16, generate_instance_uid=False)
    return data


def _encoded(pydicom: Any, data: Any) -> bytes:
    from io import BytesIO

    held = BytesIO()
    pydicom.dcmwrite(held, data, enforce_file_format=True)
    return held.getvalue()


Slice = tuple[tuple[float, float, float], tuple[float, float, float], np.ndarray]


def _read(pydicom: Any, path: Path) -> Slice:
    """(place of the first pixel along x, y, z; sizes down, right and of the slice [mm]; HU (y, x))."""
    try:
        data = pydicom.dcmread(path)
        if str(data.get("Modality", "")) != "CT":
            raise FileFormatError(f"{path} is DICOM of {data.get('Modality', 'no modality')}, not of CT.")
        if [round(float(v), 4) for v in data.ImageOrientationPatient] != AXIAL:
            raise FileFormatError(f"{path} is a tilted slice; axial ones are read.")
        x, y, z = (float(v) for v in data.ImagePositionPatient)
        down, right = (float(v) for v in data.PixelSpacing)
        values = pydicom.pixels.apply_modality_lut(data.pixel_array, data).astype(float)
        thick = float(data.get("SliceThickness") or 0.0)
    except FileFormatError:
        raise
    except Exception as problem:  # whatever pydicom meets in a damaged file
        raise FileFormatError(f"{path} is no DICOM file of CT, or damaged: {str(problem)[:200]}") from None
    return (x, y, z), (down, right, thick), values
