"""Pictures as DICOM: a file a slice, the same bytes for the same picture, marked as what it is.

What is simulated has the name of no patient, and says so. What is derived from a scan has none at all: names,
numbers, dates and identifiers of a patient are never read, and none is made up.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sim.errors import ConfigError, listing
from sim.files import write_bytes
from sim.imaging.files import dicom_kinds
from sim.imaging.files.dicom_kinds import INTERCEPT, Stored
from sim.imaging.files.provenance import CT, MR, OTHER, SECTION, FilePicture, attributes_of, file_picture
from sim.public import public
from sim.voxels.dicom_series import AXIAL, HANDED_ON, OWN, need_pydicom, read_series
from sim.voxels.volume import MM

if TYPE_CHECKING:
    import xarray

HIGHEST = 2**16 - 1
LINE, TEXT = 64, 1024  # characters of a line and of a short text of DICOM
SERIES = {True: "Simulated", False: "Derived, not simulated", None: "Of unknown origin"}
UNNAMED = "hapsim reads and writes voxels, and nothing of a patient"
FULL = {CT: dicom_kinds.of_ct, MR: dicom_kinds.of_mr, SECTION: dicom_kinds.of_section}


class Told(NamedTuple):
    """What all slices say: of the picture as text, and what identifiers follow from."""

    text: str
    entropy: list[str]


@public
def write_dicom(
    image: xarray.DataArray | xarray.Dataset, folder: str | os.PathLike, variable: str = ""
) -> list[Path]:
    """Write a picture as DICOM, 0001.dcm, 0002.dcm, ... in a folder; returns the paths.

    image: of sim.imaging.ct, in HU, rounded to whole HU, as CT images; of mri, echo by echo, as MR images; a
        section in colour, or the optical density of a dye, as a secondary capture; or a data set, of which
        `variable` is written ("phase"; magnitude or picture unless told)
    Numbers of MR and optical densities are spread over 65535 steps between the least and the greatest of all
    slices; a mapping of real-world values says how, of optical densities slope and intercept. The files say
    DERIVED\\SECONDARY, and that they are simulated, and how, or derived from a scan, and what was done to it.
    Of a patient they say nothing. Identifiers follow from the picture, so the same picture gives the same
    bytes. Positions are those of its coordinates, z from foot to head.
    Raises ConfigError without pydicom (the extra `imaging`), for other pictures and for CT numbers outside
    -8192 to 57343 HU.
    """
    pydicom = need_pydicom()
    picture = file_picture(image, "a DICOM series", variable)
    if picture.kind == OTHER:
        raise ConfigError(
            f"a DICOM series holds HU of CT, an MRI or a stained section, and this picture of "
            f"{listing(map(str, picture.places))} is in {picture.units or 'no unit'}; write_nifti takes it."
        )
    stored = _stored(picture)
    crc = 0
    for plane in _planes(picture):
        crc = zlib.crc32(stored.of(plane).tobytes(), crc)
    told = picture.text()
    entropy = [OWN, told, f"{crc:08x}", repr(picture.places)]
    paths = []
    for k, plane in enumerate(_planes(picture)):
        data = _slice(pydicom, picture, k, Told(told, entropy))
        stored.describe(data)
        data.set_pixel_data(stored.of(plane), stored.photometric, stored.bits, generate_instance_uid=False)
        paths.append(write_bytes(Path(folder) / f"{k + 1:04d}.dcm", _encoded(pydicom, data), True))
    return paths


@public
def read_dicom(folder: str | os.PathLike) -> xarray.DataArray:
    """A DICOM series of CT as a picture over (z, y, x) [HU], as `ct` gives it.

    folder: with the files of one series; other files in it are a sentence
    attrs: voxel sizes, kVp, and of hapsim's own series what `ct` said of it; `simulated`, False of a series
        of another program, with its digest in `history`. Nothing of the patient is read
    Raises FileFormatError for damaged and foreign files, slices that differ, and gaps between them.
    """
    import xarray as xr

    from sim.imaging.volumes.specimen import AXES
    from sim.imaging.volumes.volume import coordinates

    found = read_series(folder)
    z, _, x = found.sizes
    said = {**attributes_of(found), "units": found.units, "pixel": x, "spacing": z, "file": str(folder)}
    return xr.DataArray(found.values, coordinates(found.centres()), AXES, "CT", said)


def _planes(picture: FilePicture) -> Iterator[np.ndarray]:
    """Slices in the order of the files: of several echoes, those of the first come first."""
    if picture.kind == SECTION:
        yield picture.values
        return
    yield from picture.values.reshape(-1, *picture.values.shape[-2:])


def _stored(picture: FilePicture) -> Stored:
    """How the numbers of a picture are stored."""
    if picture.colour:
        return Stored("RGB", 8)
    low, high = float(picture.values.min()), float(picture.values.max())
    if picture.kind != CT:
        slope = (high - low) / HIGHEST or 1.0
        if picture.kind == MR:
            return Stored("MONOCHROME2", 16, slope, low, picture.units or "1", mapped=True)
        return Stored("MONOCHROME2", 16, dicom_kinds.decimal(slope), dicom_kinds.decimal(low), "US")
    if np.rint(low) < INTERCEPT or np.rint(high) > HIGHEST + INTERCEPT:
        raise ConfigError(
            f"CT numbers from {low:.0f} to {high:.0f} HU do not fit a DICOM file, which holds {INTERCEPT} to "
            f"{HIGHEST + INTERCEPT}."
        )
    return Stored("MONOCHROME2", 16, 1.0, float(INTERCEPT), "HU")


def _slice(pydicom: Any, picture: FilePicture, k: int, told: Told) -> Any:
    """The data set of one slice, but for its pixels."""
    uid = pydicom.uid.generate_uid
    a, data = picture.said, pydicom.dataset.Dataset()
    data.SOPInstanceUID = uid(entropy_srcs=[*told.entropy, f"slice {k}"])
    data.StudyInstanceUID, data.SeriesInstanceUID = (
        uid(entropy_srcs=[*told.entropy, of]) for of in ("study", "series")
    )
    _name_nobody(data, picture)
    data.PatientBirthDate = data.PatientSex = data.StudyDate = data.StudyTime = data.AccessionNumber = ""
    data.ReferringPhysicianName = data.Laterality = ""
    data.StudyID, data.SeriesNumber, data.InstanceNumber = "1", 1, k + 1
    data.Manufacturer = OWN
    data.ManufacturerModelName = str(a.get("instrument") or a.get("stain") or "")[:LINE]
    data.SoftwareVersions = str(a.get("version", ""))[:LINE]
    of = f"{SERIES[picture.simulated]}: {a.get('scenario', '')} {picture.name}"
    data.SeriesDescription = " ".join(of.split())[:LINE]
    data.DerivationDescription = picture.origin[:TEXT]
    data.ImageComments = told.text
    if picture.kind != SECTION:
        _place(data, picture, k, uid(entropy_srcs=[*told.entropy, "frame"]))
    FULL[picture.kind](data, picture, k)
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
    return data


def _name_nobody(data: Any, picture: FilePicture) -> None:
    """Whose picture it is: nobody's, or that of a person of whom nothing is known here."""
    if picture.simulated:
        data.PatientName, data.PatientID, data.BurnedInAnnotation = "SIMULATED^HAPSIM", "SIMULATED", "NO"
        return
    data.PatientName = data.PatientID = ""
    data.PatientIdentityRemoved, data.DeidentificationMethod = "YES", UNNAMED
    for key, (tag, yes) in HANDED_ON.items():
        if picture.said.get(key):
            setattr(data, tag, yes)


def _place(data: Any, picture: FilePicture, k: int, frame: str) -> None:
    """Where a slice lies, in the axes of a patient."""
    first = {axis: at for axis, (at, _) in picture.places.items()}
    step = {axis: by for axis, (_, by) in picture.places.items()}
    z = first["z"] + (k % picture.values.shape[-3]) * step["z"]
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = frame, ""
    data.PatientPosition = "HFS" if picture.simulated else ""  # how a patient lay is not known
    data.AcquisitionNumber = 1
    data.SliceThickness = f"{abs(picture.said.get('slice', step['z'])) * MM:.10g}"
    data.PixelSpacing = [f"{step[axis] * MM:.10g}" for axis in "yx"]
    data.ImageOrientationPatient = AXIAL
    data.ImagePositionPatient = [f"{v * MM:.10g}" for v in (first["x"], first["y"], z)]
    data.SliceLocation = f"{z * MM:.10g}"


def _encoded(pydicom: Any, data: Any) -> bytes:
    held = BytesIO()
    pydicom.dcmwrite(held, data, enforce_file_format=True)
    return held.getvalue()
