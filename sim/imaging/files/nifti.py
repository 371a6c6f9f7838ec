"""A picture as NIfTI: numbers, places in millimetres, and where they came from."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import ConfigError
from sim.files import write_whole
from sim.imaging.files.provenance import OTHER, SECTION, FilePicture, attributes_of, file_picture
from sim.imaging.volumes.specimen import AXES
from sim.imaging.volumes.volume import coordinates
from sim.public import public
from sim.voxels.nifti_volume import ENDINGS, SIMULATED, need_nibabel, read_volume
from sim.voxels.volume import MM

if TYPE_CHECKING:
    import xarray

PRECISIONS = {32: "<f4", 64: "<f8"}
RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
LONGEST = 79  # bytes of a description
BRIEFLY = {
    True: SIMULATED.decode(),
    False: "derived by hapsim from a scan that it did not simulate",
    None: "by hapsim, of unknown origin",
}


@public
def write_nifti(
    image: xarray.DataArray | xarray.Dataset, path: str | os.PathLike, variable: str = "", bits: int = 32
) -> Path:
    """Write a picture as NIfTI-1: .nii, or .nii.gz packed.

    image: over (z, y, x), of sim.imaging.ct, dual_energy, volume or mri; (echo, z, y, x), echoes along the
        fourth axis; a section (y, x) or in colour; or a data set, of which `variable` is written ("phase";
        magnitude or picture unless told)
    bits: of a number, 32 or 64; colours are RGB24
    Axes x and y of a volume run to the left and the back of a patient, as in DICOM; the affine says so [mm].
    Attributes go along as JSON in a header extension. The same picture gives the same bytes. It is written
    slice by slice, and takes no more memory than one.
    Raises ConfigError without nibabel (the extra `imaging`).
    """
    nibabel = need_nibabel()
    picture = file_picture(image, "a NIfTI file", variable)
    target = Path(path)
    if not target.name.endswith(ENDINGS):
        raise ConfigError(f"{target} does not end in .nii or .nii.gz.")
    if picture.kind == OTHER and picture.values.ndim < len(AXES):
        raise ConfigError("a NIfTI file holds a volume or a section; a radiograph is written as TIFF.")
    if bits not in PRECISIONS:
        raise ConfigError(f"bits = {bits} is not 32 or 64.")
    header = _header(nibabel, picture, PRECISIONS[bits])

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            if target.name.endswith(".gz"):
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                    _fill(packed, header, picture)
            else:
                _fill(file, header, picture)

    return write_whole(target, write, True)


def _fill(file: Any, header: Any, picture: FilePicture) -> None:
    header.write_to(file)
    file.write(bytes(header.get_data_offset() - file.tell()))
    for plane in _planes(picture, header.get_data_dtype()):
        file.write(plane)


def _planes(picture: FilePicture, number: np.dtype) -> Iterator[bytes]:
    """The numbers, x fastest, slice by slice."""
    if picture.colour:
        yield np.ascontiguousarray(picture.values, dtype=np.uint8).tobytes()
        return
    for plane in picture.values.reshape(-1, *picture.values.shape[-2:]):
        yield np.ascontiguousarray(plane, dtype=number).tobytes()


def _header(nibabel: Any, picture: FilePicture, number: str) -> Any:
    """The header of the whole file, with what is said of the picture."""
    first = {a: picture.places.get(a, (0.0, 0.0))[0] * MM for a in AXES}
    step = {a: picture.places.get(a, (0.0, 0.0))[1] * MM for a in AXES}
    if picture.kind == SECTION:
        step["z"] = float(picture.said.get("thickness", abs(picture.places["x"][1]))) * MM
    # Of a volume x and y run to the left and the back; a section has no patient, its x and y go as they are.
    turn = 1.0 if picture.kind == SECTION else -1.0
    affine = np.diag([turn * step["x"], turn * step["y"], step["z"], 1.0])
    affine[:3, 3] = [turn * first["x"], turn * first["y"], first["z"]]
    header = nibabel.Nifti1Header(endianness="<")
    dims = picture.values.shape[:2] if picture.colour else picture.values.shape
    shape = dims[::-1] if len(dims) > 2 else (*dims[::-1], 1)
    header.set_data_dtype(RGB if picture.colour else np.dtype(number))
    header.set_data_shape(shape)
    zooms = [abs(step[a]) for a in AXES[::-1]]
    header.set_zooms(zooms + [1.0] * (len(shape) - 3))
    header.set_sform(affine, code="aligned")
    header.set_qform(affine, code="aligned")
    header.set_xyzt_units("mm")
    words = f"{BRIEFLY[picture.simulated]}, {picture.name} {picture.units}"
    header["descrip"] = words.encode()[:LONGEST]
    header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", picture.text().encode()))
    header["magic"] = b"n+1"
    header.set_data_offset(_offset(header))
    return header


def _offset(header: Any) -> int:
    """Where numbers begin: behind the header and its extensions, which fill blocks of 16 bytes."""
    held = header.single_vox_offset + header.extensions.get_sizeondisk()
    return int(-(-held // 16) * 16)


@public
def read_nifti(path: str | os.PathLike) -> xarray.DataArray:
    """A NIfTI volume as a picture over (z, y, x), with its places [m]; HU where the file does not say else.

    Raises FileFormatError for damaged and foreign files, turned axes, and volumes too large for memory.
    """
    import xarray as xr

    found = read_volume(path)
    z, _, x = found.sizes
    said = {"units": "HU", **attributes_of(found), "pixel": x, "spacing": z, "file": str(path)}
    said.setdefault("slice", z)
    return xr.DataArray(found.values, coordinates(found.centres()), AXES, "CT", said)
