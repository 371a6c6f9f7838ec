"""A NIfTI volume, read."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from sim.errors import ConfigError, FileFormatError, not_installed
from sim.voxels.volume import MM, Voxels, check_memory, exactly, in_tissue, rising

ENDINGS = (".nii", ".nii.gz")
SIMULATED = b"simulated by hapsim"  # how descriptions begin of what was
UNITS = {"mm": MM, "unknown": MM, "meter": 1.0, "micron": 1e6}  # in a metre; unknown is taken for mm


def need_nibabel() -> Any:
    """nibabel, or a sentence."""
    try:
        import nibabel
    except ImportError:
        raise ConfigError(not_installed("NIfTI files need", "nibabel")) from None
    return nibabel


def read_volume(path: str | os.PathLike) -> Voxels:
    """The volume of a NIfTI file, turned to the axes of a patient in DICOM.

    Raises FileFormatError, which names the path, for damaged and foreign files, turned axes, and volumes that
    memory will not hold.
    """
    nibabel = need_nibabel()
    try:
        found = nibabel.load(path)
        affine, shape = np.asarray(found.affine, dtype=float), tuple(found.shape)
        unit = found.header.get_xyzt_units()[0]
    except Exception as problem:  # whatever nibabel meets in a damaged file
        raise FileFormatError(f"{path} is no NIfTI file, or damaged: {str(problem)[:200]}") from None
    kept = shape[: max(3, *(k + 1 for k, n in enumerate(shape) if n > 1), 0)]  # further axes of one are none
    if len(kept) != 3:
        raise FileFormatError(
            f"{path} has {len(shape)} axes ({' x '.join(map(str, shape))}); a volume of three is read. Save "
            "the one of its volumes that is wanted, with nibabel image.slicer[..., 0] for the first."
            if len(shape) > 3
            else f"{path} has {len(shape)} axes; a volume of three is read."
        )
    shape = kept
    check_memory(path, shape)
    steps = np.diag(affine)[:3]
    if (
        not np.isfinite(affine).all()
        or np.abs(affine[:3, :3] - np.diag(steps)).max() > 1e-4 * np.abs(steps).max()
    ):
        raise FileFormatError(f"{path} has axes that are turned; resample it to the patient's axes.")
    if not steps.all():
        raise FileFormatError(f"{path} has voxels without a size along an axis.")
    try:
        values = np.asarray(found.dataobj, dtype=float).reshape(shape).transpose(2, 1, 0)
    except Exception as problem:
        raise FileFormatError(f"{path} is damaged: {str(problem)[:200]}") from None
    per, middle = UNITS.get(unit, MM), []
    for axis, sign, n in ((2, 1.0, 0), (1, -1.0, 1), (0, -1.0, 2)):  # to z up, y back, x left
        places = sign * (affine[axis, 3] + steps[axis] * np.arange(shape[axis])) / per
        place, values = rising(places, values, n)
        middle.append(place)
    said = own_words(found)
    own = bool(said) and in_tissue(said)
    if not said and bytes(found.header["descrip"].item()).startswith(SIMULATED):
        said = {"simulated": True}  # saved again by a program that drops extensions
    sizes = np.abs(steps) / per
    z, y, x = middle
    made = Voxels(
        np.ascontiguousarray(values), (z, y, x), (float(sizes[2]), float(sizes[1]), float(sizes[0])),
        str(said.get("units", "")), str(path), said, own,
    )  # fmt: skip
    return exactly(path, made)


def own_words(found: Any) -> dict[str, Any]:
    """What hapsim noted in a file of its own; {} in others."""
    for extension in found.header.extensions:
        try:
            said = json.loads(bytes(extension.get_content()).rstrip(b"\x00").decode())
        except (ValueError, TypeError):
            continue
        if isinstance(said, dict) and said.pop("by", "") == "hapsim":
            return said
    return {}
