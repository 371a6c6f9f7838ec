"""CT as a DICOM series, read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import ConfigError, FileFormatError, not_installed
from sim.voxels.volume import MM, PLACES, Voxels, check_memory, in_tissue

AXIAL = [1, 0, 0, 0, 1, 0]  # rows of the picture along x, columns along y
OWN = "hapsim"  # the manufacturer of what hapsim writes
HANDED_ON = {"burned_in": ("BurnedInAnnotation", "YES"), "lossy": ("LossyImageCompression", "01")}


class Slice(NamedTuple):
    """place of the first pixel along x, y, z; sizes down, right and of the slice [mm]; numbers (y, x)."""

    place: tuple[float, float, float]
    sizes: tuple[float, float, float]
    values: np.ndarray
    series: str
    units: str
    said: dict[str, Any]


def need_pydicom() -> Any:
    """pydicom, or a sentence."""
    try:
        import pydicom
    except ImportError:
        raise ConfigError(not_installed("DICOM files need", "pydicom")) from None
    return pydicom


def read_series(folder: str | os.PathLike) -> Voxels:
    """The volume of a DICOM series of axial CT; files of a folder are one series.

    Raises FileFormatError, which names the path, for damaged and foreign files, slices that differ, gaps
    between them, and volumes that memory will not hold.
    """
    pydicom = need_pydicom()
    paths = sorted(p for p in Path(folder).iterdir() if p.is_file()) if Path(folder).is_dir() else []
    if not paths:
        raise FileFormatError(f"{folder} is no folder with DICOM files.")
    first = _read(pydicom, paths[0])
    check_memory(folder, (len(paths), *first.values.shape))
    slices = sorted([first, *(_read(pydicom, p) for p in paths[1:])], key=lambda s: s.place[2])
    first, spacing = slices[0], np.diff([s.place[2] for s in slices])
    for s in slices:
        if s.values.shape != first.values.shape or s.sizes != first.sizes or s.place[:2] != first.place[:2]:
            raise FileFormatError(f"the slices in {folder} differ in size or place; is it one series?")
        if s.series != first.series or s.units != first.units:
            raise FileFormatError(f"the slices in {folder} are of several series; keep those of one there.")
    if spacing.size and (spacing.min() <= 0 or np.ptp(spacing) > 1e-3 * spacing.mean()):
        raise FileFormatError(f"the slices in {folder} are not equally far apart; is one missing?")
    down, right, thick = first.sizes
    step = float(spacing.mean()) if spacing.size else thick
    if not step > 0:
        raise FileFormatError(f"{folder} holds one slice, and does not say how thick it is.")
    values = np.stack([s.values for s in slices])
    x, y, z = first.place
    starts, sizes = (z / MM, y / MM, x / MM), (step / MM, down / MM, right / MM)
    a, b, c = (p + 0.5 * (n - 1) * s for p, n, s in zip(starts, values.shape, sizes, strict=True))
    said = {k: v for k, v in first.said.items() if k != PLACES} | {"slice": (thick or step) / MM}
    own = said.get("by") == OWN and in_tissue(said)
    return Voxels(values, (a, b, c), sizes, first.units, str(folder), said, own)


def _read(pydicom: Any, path: Path) -> Slice:
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
        said = _said(data)
        units = str(data.get("RescaleType", "") or "HU")
        series = str(data.get("SeriesInstanceUID", ""))
    except FileFormatError:
        raise
    except Exception as problem:  # whatever pydicom meets in a damaged file
        raise FileFormatError(f"{path} is no DICOM file of CT, or damaged: {_why(problem)}.") from None
    if values.ndim != 2 or not (down > 0 and right > 0):
        raise FileFormatError(f"{path} is no slice of pixels with sizes above 0.")
    return Slice((x, y, z), (down, right, thick), values, series, units, said)


def _why(problem: Exception) -> str:
    """What is wrong with a file, without the words of the program that met it."""
    from pydicom.errors import InvalidDicomError

    if isinstance(problem, InvalidDicomError):
        return "it does not begin as a DICOM file does"
    if isinstance(problem, AttributeError) and problem.name:
        return f"it says no {problem.name}"
    return str(problem)[:200].rstrip(".")


def _said(data: Any) -> dict[str, Any]:
    """The voltage of the tube, and what hapsim noted in a file of its own; nothing of the patient.

    Of others also what must be said of all that is made from them: that a name may be written into the
    picture, and that it was packed with loss.
    """
    said: dict[str, Any] = {
        key: True for key, (tag, yes) in HANDED_ON.items() if str(data.get(tag, "")) == yes
    }
    if data.get("Manufacturer") == OWN:
        try:
            said = dict(json.loads(str(data.get("ImageComments", "{}"))))
        except (ValueError, TypeError):
            said = {"by": OWN, "simulated": None}
    return said | ({"kVp": float(data.KVP)} if data.get("KVP") else {})
