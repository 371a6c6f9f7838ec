"""The volume in a file or folder, by what its name says it is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sim.errors import FileFormatError
from sim.voxels import dicom_series, nifti_volume, picture_stack
from sim.voxels.volume import Voxels, sides


def read_voxels(path: str | os.PathLike, spacing: float | str | Sequence[float | str] = ()) -> Voxels:
    """A folder as a DICOM series, .nii and .nii.gz as NIfTI, .tif, .tiff and .png as a stack of pictures.

    spacing: sides of voxels along z, y and x [m or text], of pictures, which do not say
    Raises FileFormatError, a sentence that names the path.
    """
    given, end = sides(spacing), Path(path)
    if not end.exists():
        raise FileFormatError(f"there is no file or folder {path}.")
    name = end.name.lower()
    if name.endswith(picture_stack.ENDINGS):
        found = picture_stack.read_stack(path, given)
    elif end.is_dir():
        found = dicom_series.read_series(path)
    elif name.endswith(nifti_volume.ENDINGS):
        found = nifti_volume.read_volume(path)
    else:
        kinds = ", ".join((*nifti_volume.ENDINGS, *picture_stack.ENDINGS))
        raise FileFormatError(f"{path} is no volume that is read: a folder of DICOM, or {kinds}.")
    if given and not np.allclose(given, found.sizes, rtol=1e-6, atol=0):
        told = " x ".join(f"{s * 1e3:.6g}" for s in found.sizes)
        raise FileFormatError(
            f"{path} says that its voxels are {told} mm along z, y and x, and spacing says "
            f"{' x '.join(f'{s * 1e3:.6g}' for s in given)} mm. Leave spacing out."
        )
    bad = int(np.count_nonzero(~np.isfinite(found.values)))
    if bad:
        raise FileFormatError(f"{path} holds {bad} voxels that are no numbers; fill them first.")
    return found
