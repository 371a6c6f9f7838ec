"""What a DICOM file says as a CT image, an MR image, or a secondary capture, and how it stores numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from sim.imaging.files.provenance import FilePicture
from sim.voxels.volume import MM

INTERCEPT = -8192  # of the stored numbers of CT: 0 is this many HU
DECIMAL = 16  # characters of a number written as text
MS = 1e3
PER_MHZ = 1e6
WHOLE = ("32768", "65536")  # middle and width of all stored numbers, for screens


class Stored(NamedTuple):
    """Stored numbers: a number is stored x slope + intercept; of colours they are what they are.

    units: of the numbers, UCUM's where they are mapped; mapped: said as a mapping of real-world values, which
        MR images have, in place of a rescaling, which they have not
    """

    photometric: str
    bits: int
    slope: float = 1.0
    intercept: float = 0.0
    units: str = ""
    mapped: bool = False

    def of(self, plane: np.ndarray) -> np.ndarray:
        """A slice as it is stored."""
        if self.photometric == "RGB":
            return np.ascontiguousarray(plane, dtype=np.uint8)
        most = 2**self.bits - 1
        return np.clip(np.rint((plane - self.intercept) / self.slope), 0, most).astype("<u2")

    def describe(self, data: Any) -> None:
        """Say so in a file."""
        if self.mapped:
            data.RealWorldValueMappingSequence = [self._mapping(type(data))]
        elif self.units:
            data.RescaleIntercept, data.RescaleSlope = _text(self.intercept), _text(self.slope)
            data.RescaleType = self.units

    def _mapping(self, dataset: Any) -> Any:
        """A mapping of real-world values."""
        item, unit = dataset(), dataset()
        unit.CodeValue, unit.CodingSchemeDesignator = self.units, "UCUM"
        unit.CodeMeaning = "no units" if self.units == "1" else self.units
        item.MeasurementUnitsCodeSequence = [unit]
        item.LUTExplanation = item.LUTLabel = "number"
        item.add_new("RealWorldValueFirstValueMapped", "US", 0)
        item.add_new("RealWorldValueLastValueMapped", "US", 2**self.bits - 1)
        item.RealWorldValueIntercept, item.RealWorldValueSlope = self.intercept, self.slope
        return item


def decimal(value: float) -> float:
    """The number that DICOM's text of 16 characters gives back."""
    return float(_text(value))


def _text(value: float) -> str:
    for digits in range(DECIMAL, 0, -1):
        text = f"{value:.{digits}g}"
        if len(text) <= DECIMAL:
            return text
    return f"{value:.0e}"


def of_ct(data: Any, picture: FilePicture, k: int) -> None:
    """A CT image."""
    a = picture.said
    data.SOPClassUID = _class("CTImageStorage")
    data.Modality = "CT"
    data.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    data.KVP = f"{a['kVp']:g}" if "kVp" in a else ""
    data.WindowCenter, data.WindowWidth = "130", "600"


def of_mr(data: Any, picture: FilePicture, k: int) -> None:
    """An MR image of a spoiled gradient echo."""
    a, slices = picture.said, picture.values.shape[-3]
    data.SOPClassUID = _class("MRImageStorage")
    data.Modality = "MR"
    data.ImageType = ["DERIVED", "SECONDARY", "OTHER"]
    data.ScanningSequence, data.SequenceVariant, data.ScanOptions = "GR", "SP", ""
    data.MRAcquisitionType = "3D"
    data.RepetitionTime, data.EchoTrainLength = "", 1
    data.EchoTime = ""
    if picture.echoes:
        echo = k // slices
        data.EchoTime, data.EchoNumbers = _text(picture.echoes[echo] * MS), echo + 1
    if "frequency" in a:
        data.ImagingFrequency = _text(a["frequency"] / PER_MHZ)
    data.WindowCenter, data.WindowWidth = WHOLE


def of_section(data: Any, picture: FilePicture, k: int) -> None:
    """A secondary capture."""
    data.SOPClassUID = _class("SecondaryCaptureImageStorage")
    data.Modality, data.ConversionType = "OT", "SYN"
    data.ImageType = ["DERIVED", "SECONDARY"]
    data.PatientOrientation = ""
    data.PixelSpacing = [_text(abs(picture.places[axis][1]) * MM) for axis in "yx"]
    if not picture.colour:
        low, high = float(picture.values.min()), float(picture.values.max())
        data.WindowCenter, data.WindowWidth = _text(0.5 * (low + high)), _text((high - low) or 1.0)
        data.VOILUTFunction = "LINEAR_EXACT"  # others need widths above 1


def _class(name: str) -> str:
    from pydicom import uid

    return str(getattr(uid, name))
