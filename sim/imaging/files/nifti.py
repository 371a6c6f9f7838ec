"""A volume as NIfTI: numbers, places in millimetres, and where they came from."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError, FileFormatError, not_installed
from sim.files import write_bytes
from sim.imaging.files.provenance import LARGEST, MM, as_text, need_volume
from sim.imaging.volumes.specimen import AXES
from sim.imaging.volumes.volume import coordinates
from sim.public import public
from sim.texts import size_text

if TYPE_CHECKING:
    import xarray

ENDINGS = (".nii", ".nii.gz")
BYTES = 8  # of a number as it is read


@public
def write_nifti(image: xarray.DataArray, path: str | os.PathLike) -> Path:
    """Write a volume as NIfTI-1, single precision: .nii, or .nii.gz packed.

    image: over (z, y, x), of sim.imaging.ct or dual_energy
    Axes x and y of the picture run to the left and the back of a patient, as in DICOM; the affine says so, in
    mm. Attributes go along as JSON in a header extension. The same picture gives the same bytes.
    Raises ConfigError without nibabel (the extra `imaging`).
    """
    nibabel = _nibabel()
    need_volume(image, "a NIfTI file")
    target = Path(path)
    if not target.name.endswith(ENDINGS):
        raise ConfigError(f"{target} does not end in .nii or .nii.gz.")
    a = image.attrs
    affine = np.diag([-a["pixel"] * MM, -a["pixel"] * MM, a["spacing"] * MM, 1.0])
    affine[:3, 3] = [-float(image["x"][0]) * MM, -float(image["y"][0]) * MM, float(image["z"][0]) * MM]
    made = nibabel.Nifti1Image(image.values.transpose(2, 1, 0).astype(np.float32), affine)
    made.header.set_xyzt_units("mm")
    made.header["descrip"] = f"simulated by hapsim, {a.get('units', '')}".encode()[:79]
    made.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", as_text(image).encode()))
    content = made.to_bytes()
    if target.name.endswith(".gz"):
        import gzip

        content = gzip.compress(content, mtime=0)
    return write_bytes(target, content, True)


@public
def read_nifti(path: str | os.PathLike) -> xarray.DataArray:
    """A NIfTI volume as a picture over (z, y, x), with its places [m]; HU where the file does not say else.

    Raises FileFormatError for damaged and foreign files, turned axes, and volumes too large for memory.
    """
    nibabel = _nibabel()
    import xarray as xr

    try:
        found = nibabel.load(path)
        affine, shape = np.asarray(found.affine, dtype=float), tuple(found.shape)
    except Exception as problem:  # whatever nibabel meets in a damaged file
        raise FileFormatError(f"{path} is no NIfTI file, or damaged: {str(problem)[:200]}") from None
    if len(shape) != 3:
        raise FileFormatError(f"{path} has {len(shape)} axes; a volume of three is read.")
    size = float(np.prod(shape)) * BYTES
    if size > LARGEST:
        raise FileFormatError(
            f"{path} has {' x '.join(map(str, shape))} voxels, {size_text(size)} as they are read; "
            f"{size_text(LARGEST)} are the most. Cut out the part that is wanted."
        )
    steps = np.diag(affine)[:3]
    if np.abs(affine[:3, :3] - np.diag(steps)).max() > 1e-4 * np.abs(steps).max() or not steps.all():
        raise FileFormatError(f"{path} has axes that are turned; resample it to the patient's axes.")
    try:
        values = np.asarray(found.dataobj, dtype=float).transpose(2, 1, 0)
    except Exception as problem:
        raise FileFormatError(f"{path} is damaged: {str(problem)[:200]}") from None
    centres, turned = [], values
    for axis, sign, n in ((2, 1.0, 0), (1, -1.0, 1), (0, -1.0, 2)):  # to z up, y back, x left
        place = sign * (affine[axis, 3] + steps[axis] * np.arange(shape[axis])) / MM
        if place.size > 1 and place[1] < place[0]:
            place, turned = place[::-1], np.flip(turned, n)
        centres.append(place)
    said = {"units": "HU", **_said(found)}
    sizes = np.abs(steps) / MM
    said |= {"pixel": float(sizes[0]), "spacing": float(sizes[2]), "file": str(path)}
    said.setdefault("slice", float(sizes[2]))
    return xr.DataArray(np.ascontiguousarray(turned), coordinates(centres), AXES, "CT", said)


def _said(found: Any) -> dict[str, Any]:
    """What hapsim noted in a file of its own."""
    for extension in found.header.extensions:
        try:
            said = json.loads(bytes(extension.get_content()).rstrip(b"\x00").decode())
        except (ValueError, TypeError):
            continue
        if isinstance(said, dict) and said.pop("by", "") == "hapsim":
            return said
    return {}


def _nibabel() -> Any:
    try:
        import nibabel
    except ImportError:
        raise ConfigError(not_installed("NIfTI files need", "nibabel")) from None
    return nibabel
